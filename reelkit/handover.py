"""What a process is told that must leave no trace: neither in its arguments nor in its environment nor on the disk."""

import json
from typing import Self

from pydantic import BaseModel, ConfigDict, SecretStr


class Handover(BaseModel):
    """Goes to a worker by its standard input. ``url`` holds what is secret: it is shown nowhere and written nowhere
    else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretStr

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
            raise ValueError(f"the {cls.__name__} that was handed over cannot be read") from None
