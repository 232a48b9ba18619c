"""What the gateway needs of a websocket; the server's framework provides it."""

from typing import Protocol


class SocketClosed(Exception):
    """The websocket is closed. ``code`` is the close code (RFC 6455, section 7.4); 1006 without a close frame."""

    def __init__(self, code: int) -> None:
        super().__init__(f"websocket closed with code {code}")
        self.code = code


class Socket(Protocol):
    """One open websocket. Every method raises SocketClosed once it is closed."""

    async def send_bytes(self, data: bytes) -> None:
        """Sends a binary frame."""

    async def send_text(self, data: str) -> None:
        """Sends a text frame."""

    async def receive(self) -> bytes | str:
        """Waits for the next frame."""

    async def close(self, code: int) -> None:
        """Closes the websocket; does nothing if it is closed."""
