"""Who asked for something."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class CallerKind(StrEnum):
    ORGANIZATION = "ORGANIZATION"
    """The app itself, by the operator's token."""
    USER = "USER"
    """A participant, by their own token."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who started or stopped a recording."""

    kind: CallerKind
    name: str
    user_id: str | None = None
    """The participant's id; None for an organisation."""

    @classmethod
    def organization(cls, app_name: str) -> Self:
        return cls(CallerKind.ORGANIZATION, app_name)

    @classmethod
    def user(cls, name: str, participant_id: str) -> Self:
        return cls(CallerKind.USER, name, participant_id)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Reads what :meth:`as_json` wrote."""
        return cls(CallerKind(value["kind"]), value["name"], value["user_id"])

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind.value, "name": self.name, "user_id": self.user_id}
