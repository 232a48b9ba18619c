"""Polls as the official clients read them."""

from typing import Self

from reelkit.api.envelope import WireModel
from reelkit.rooms.polls import Poll


class PollVoteWire(WireModel):
    id: str
    name: str


class PollOptionWire(WireModel):
    text: str
    count: int
    votes: list[PollVoteWire]


class PollWire(WireModel):
    """A poll; ``voted`` has the ids of participants who have voted."""

    id: str
    question: str
    options: list[PollOptionWire]
    anonymous: bool
    hide_votes: bool
    created_by: str
    voted: list[str]

    @classmethod
    def of(cls, poll: Poll) -> Self:
        """The poll as it was made: nobody has voted."""
        return cls(
            id=poll.id,
            question=poll.question,
            options=[PollOptionWire(text=option, count=0, votes=[]) for option in poll.options],
            anonymous=poll.anonymous,
            hide_votes=poll.hide_votes,
            created_by=poll.created_by,
            voted=[],
        )


class CreatedPoll(WireModel):
    poll: PollWire
