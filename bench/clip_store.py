"""Encoded clips that take long to make, kept on disk."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

STORE = Path(__file__).resolve().parent.parent / "build" / "clips"


def stored(name: str, make: Callable[[], list[bytes]], store: Path = STORE) -> list[bytes]:
    """The packets of the clip ``name``, made by ``make`` unless an earlier call did. The name must tell everything that
    the clip depends on."""
    path = store / f"bench-{name}.npz"
    if not path.exists():
        packets = make()
        store.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        np.savez(
            buffer, sizes=np.array([len(packet) for packet in packets]), data=np.frombuffer(b"".join(packets), np.uint8)
        )
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(buffer.getvalue())
        part.rename(path)
    with np.load(path) as kept:
        data, ends = kept["data"].tobytes(), np.cumsum(kept["sizes"])
        return [data[int(end - size) : int(end)] for size, end in zip(kept["sizes"], ends, strict=True)]
