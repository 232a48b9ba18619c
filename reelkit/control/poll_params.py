"""The body that makes a poll."""

from typing import Annotated

from pydantic import Field

from reelkit.control.validation import NOT_BLANK, Flag, Params, Text
from reelkit.rooms.polls import MAX_OPTION_CHARS, MAX_OPTIONS, MAX_QUESTION_CHARS, MIN_OPTIONS


class PollParams(Params):
    """A question and its options."""

    question: Annotated[Text, Field(min_length=1, max_length=MAX_QUESTION_CHARS), NOT_BLANK]
    options: Annotated[
        list[Annotated[Text, Field(min_length=1, max_length=MAX_OPTION_CHARS), NOT_BLANK]],
        Field(min_length=MIN_OPTIONS, max_length=MAX_OPTIONS),
    ]
    anonymous: Flag | None = None
    """Whether nobody learns who voted for what; false when left out."""
    hide_votes: Flag | None = None
    """Whether only those who have voted see the counts; false when left out."""
