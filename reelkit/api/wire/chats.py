"""What is sent about chats."""

from typing import Self

from pydantic import Field

from reelkit.api.envelope import Timestamp, WireModel
from reelkit.control.chat_links import ChatLink


class ChatWire(WireModel):
    """Where what was written in a session can be downloaded."""

    chat_download_url: str = Field(description="A CSV file, open to whoever has the link.")
    chat_download_url_expiry: Timestamp

    @classmethod
    def of(cls, link: ChatLink) -> Self:
        return cls(chat_download_url=link.url, chat_download_url_expiry=link.expires_at)


class ErasedChatWire(WireModel):
    """What was erased."""

    messages: int = Field(description="How many there were, private ones included.")
