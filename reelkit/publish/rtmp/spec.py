"""What the process of a recording has to know to stream, and how it is told without leaving a trace."""

import json
from typing import Self

from pydantic import BaseModel, ConfigDict, SecretStr

from reelkit.settings import EgressSettings, RtmpSettings


class StreamSpec(BaseModel):
    """One stream. Its URL holds the stream key: it is shown nowhere and written nowhere but to the worker's input."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretStr
    egress: EgressSettings
    """Where the operator lets callers have connections made to."""
    rtmp: RtmpSettings

    def handover(self) -> bytes:
        """One line for the standard input of the worker."""
        fields = {**self.model_dump(mode="json", exclude={"url"}), "url": self.url.get_secret_value()}
        return json.dumps(fields).encode() + b"\n"

    @classmethod
    def received(cls, line: bytes) -> Self | None:
        """What :meth:`handover` gave; None for an empty line. Raises ValueError, which does not repeat it."""
        if not line.strip():
            return None
        try:
            return cls.model_validate_json(line)
        except ValueError:
            raise ValueError("the stream that was handed over cannot be read") from None
