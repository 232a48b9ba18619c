"""Titles that can be searched for."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column, validates


class Titled:
    """A row with a title."""

    title: Mapped[str | None] = mapped_column(String(1_000))
    folded_title: Mapped[str | None] = mapped_column(Text)
    """The title as it is searched: without case, the same in every database."""

    @validates("title")
    def _fold(self, _: str, title: str | None) -> str | None:
        self.folded_title = folded(title) if title is not None else None
        return title


def folded(text: str) -> str:
    """A text whose case does not matter any more."""
    return text.casefold()
