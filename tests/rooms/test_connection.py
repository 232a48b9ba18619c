"""One websocket's queue, heartbeat and end."""

import asyncio

import pytest

from reelkit.rooms import connection as connection_module
from reelkit.rooms.connection import CloseCode, Connection
from reelkit.settings import RoomSettings
from tests.rooms.manual_clock import ManualClock, settle
from tests.rooms.meeting import FakeSocket


class Served:
    """A connection that runs."""

    def __init__(self, settings: RoomSettings) -> None:
        self.clock = ManualClock()
        self.socket = FakeSocket()
        self.received: list[bytes] = []
        self.connection = Connection(self.socket, settings, self.clock)
        self.task = asyncio.create_task(self.connection.run(self.received.append))


@pytest.fixture
async def served() -> Served:
    return Served(RoomSettings())


async def test_frames_in_and_out(served: Served) -> None:
    served.connection.send(b"one")
    served.connection.send("two")
    served.socket.arrive(b"three")
    await settle()
    assert served.socket.sent == [b"one", "two"]
    assert served.received == [b"three"]
    served.socket.drop(1000)
    assert await served.task == 1000


async def test_clients_may_ping_as_well(served: Served) -> None:
    served.socket.arrive("2")
    served.socket.arrive("something else")
    await settle()
    assert served.socket.sent == ["3"]
    served.socket.drop(1001)
    assert await served.task == 1001


async def test_what_is_queued_goes_out_before_the_end(served: Served) -> None:
    served.connection.send(b"last words")
    served.connection.close(CloseCode.NORMAL)
    served.connection.close(CloseCode.SILENT)
    served.connection.send(b"too late")
    assert await served.task == 1000
    assert served.socket.sent == [b"last words"]
    assert served.socket.closed_with == 1000


async def test_the_heartbeat(served: Served) -> None:
    for _ in range(6):
        await served.clock.advance(8)
        served.socket.arrive("3")
    assert served.socket.sent == ["2"] * 6
    await served.clock.advance(40)
    assert await served.task == CloseCode.SILENT
    assert served.socket.closed_with == CloseCode.SILENT


async def test_a_client_that_does_not_read_is_cut_off(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "MAX_QUEUED_BYTES", 100)
    await settle()
    served.connection.send(b"x" * 60)
    served.connection.send(b"x" * 60)
    assert await served.task == CloseCode.TOO_SLOW
    assert served.socket.sent == []


async def test_a_socket_that_is_gone_ends_the_writer(served: Served) -> None:
    await settle()
    served.socket.closed_with = 1006
    served.connection.send(b"x")
    assert await served.task == 1006


async def test_a_closing_handshake_that_hangs(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_: int) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(connection_module, "CLOSE_TIMEOUT_S", 0.01)
    monkeypatch.setattr(served.socket, "close", hang)
    served.connection.close(CloseCode.NORMAL)
    assert await served.task == 1000


async def test_a_client_that_does_not_read_cannot_hold_its_connection(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never_taken(_: bytes) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(served.socket, "send_bytes", never_taken)
    served.connection.send(b"first")
    await settle()
    served.connection.close(CloseCode.REPLACED)
    await served.clock.advance(connection_module.CLOSE_TIMEOUT_S)
    assert served.task.done()
    assert served.task.result() == CloseCode.REPLACED
    assert served.socket.closed_with == CloseCode.REPLACED
