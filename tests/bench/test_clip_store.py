from pathlib import Path

from bench.clip_store import stored


def test_a_clip_is_made_once(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> list[bytes]:
        made.append(1)
        return [b"one", b"", b"three"]

    assert stored("clip", make, tmp_path) == [b"one", b"", b"three"]
    assert stored("clip", make, tmp_path) == [b"one", b"", b"three"]
    assert len(made) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bench-clip.npz"]
