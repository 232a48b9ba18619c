"""Writes the protobuf code beside the schemas in reelkit/rooms/proto.

Run it after changing a .proto file: ``.venv/bin/python scripts/generate_proto.py [OUTPUT_DIR]``. OUTPUT_DIR (the root
of the source tree when absent) lets a test compare the committed files with fresh ones.
"""

import sys
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "reelkit" / "rooms" / "proto"


def generate(output_dir: Path) -> None:
    """Compiles every schema; raises SystemExit with protoc's message on a fault in one."""
    schemas = sorted(str(path) for path in SCHEMAS.glob("*.proto"))
    status = protoc.main(["protoc", f"-I{ROOT}", f"--python_out={output_dir}", f"--pyi_out={output_dir}", *schemas])
    if status != 0:
        raise SystemExit(f"protoc failed with status {status}")


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
