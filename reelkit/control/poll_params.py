"""The body that makes a poll."""

from typing import Annotated

from pydantic import AfterValidator, Field

from reelkit.control.validation import Flag, Params, Text
from reelkit.rooms.polls import MAX_OPTION_CHARS, MAX_OPTIONS, MAX_QUESTION_CHARS, MIN_OPTIONS


def _worded(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


class PollParams(Params):
    """A question and its options."""

    question: Annotated[Text, Field(min_length=1, max_length=MAX_QUESTION_CHARS), AfterValidator(_worded)]
    options: Annotated[
        list[Annotated[Text, Field(min_length=1, max_length=MAX_OPTION_CHARS), AfterValidator(_worded)]],
        Field(min_length=MIN_OPTIONS, max_length=MAX_OPTIONS),
    ]
    anonymous: Flag | None = None
    """Whether nobody learns who voted for what; false when left out."""
    hide_votes: Flag | None = None
    """Whether only those who have voted see the counts; false when left out."""
