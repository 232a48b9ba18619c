"""The generated code is the one of the schemas."""

import importlib.util
from pathlib import Path

from google.protobuf.message import Message

from reelkit.rooms.proto import media_edge_pb2, media_pb2, room_pb2

ROOT = Path(__file__).parent.parent.parent
PROTO = Path("reelkit/rooms/proto")


def test_generated_code_is_up_to_date(tmp_path: Path) -> None:
    path = ROOT / "scripts" / "generate_proto.py"
    spec = importlib.util.spec_from_file_location("generate_proto", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.generate(tmp_path)
    fresh = {file.name: file.read_text() for file in (tmp_path / PROTO).iterdir()}
    kept = {file.name: file.read_text() for file in (ROOT / PROTO).iterdir() if "_pb2.py" in file.name}
    assert fresh == kept


def test_field_numbers_of_the_sdk() -> None:
    """A few that would be easy to get wrong; they are the SDK's, not ours."""
    numbers: dict[tuple[type[Message], str], int] = {
        (media_pb2.ConsumerState, "producer_track"): 3,
        (media_edge_pb2.ConsumePeerRequest, "producing_transport_id"): 5,
        (media_edge_pb2.ProducerCreateResponse, "description"): 4,
        (media_edge_pb2.GetRoomStateResponse, "pinned_peer_ids"): 8,
        (room_pb2.Room, "created_at"): 4,
        (room_pb2.Peer, "flags"): 9,
    }
    assert {key: key[0].DESCRIPTOR.fields_by_name[key[1]].number for key in numbers} == numbers
