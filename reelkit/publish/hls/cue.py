"""A message of a meeting as timed metadata of its film."""

import json
from dataclasses import dataclass

MESSAGE_TYPE = "ID3Data"
"""``broadcastMessage("ID3Data", payload)`` of the SDK."""
CLOSING = "CLOSE_TRANSPORT"
"""The payload that ends the metadata: what is sent afterwards is not taken."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a message, as far as the journal tells."""

    peer_id: str
    participant_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Cue:
    """One message and its instant in the film."""

    film_s: float
    wall_s: float
    """When the server received it."""
    text: str
    """The payload: JSON in one line."""
    sender: Sender
    in_stream: bool = True
    """Whether it is short enough for the film; otherwise it is in the files beside it alone."""


def one_line(payload: str) -> str:
    """JSON text without line breaks, which in JSON are never part of a value."""
    return payload.replace("\r", " ").replace("\n", " ")


def closes(payload: str) -> bool:
    """Whether a payload ends the metadata."""
    try:
        return len(payload) < 2 * len(CLOSING) and bool(json.loads(payload) == CLOSING)
    except ValueError:
        return False


def is_strict_json(text: str) -> bool:
    """Whether JSON text is JSON for everybody, also as a part of a larger document. The gateway lets NaN and Infinity
    through, and any depth."""
    try:
        json.loads(f"[[[[{text}]]]]", parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
