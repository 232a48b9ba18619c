"""The polls of one session, kept in memory."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from reelkit.rooms.errors import LimitExceeded, MalformedMessage, NotFound, WrongState
from reelkit.rooms.proto import polls_pb2

MIN_OPTIONS = 2
MAX_OPTIONS = 20
MAX_QUESTION_CHARS = 1_000
MAX_OPTION_CHARS = 500
# Every client asks for all of them when it joins, so together they must fit into one message, well below what a
# connection queues before it cuts its client off.
MAX_POLLS = 200
MAX_TOTAL_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Vote:
    """What somebody chose; ``option`` counts from 0."""

    name: str
    option: int


@dataclass(frozen=True, slots=True)
class PollView:
    """What some users may see of a poll."""

    counts: bool = True
    own_id: str | None = None
    """Without names: the id of the user who has voted and may know that, or empty; None with names."""

    @property
    def names(self) -> bool:
        """Whether it shows who voted for what."""
        return self.own_id is None


@dataclass(slots=True)
class Poll:
    """One question."""

    question: str
    options: tuple[str, ...]
    created_by: str
    """The name that is shown."""
    created_by_user_id: str = ""
    """Of a participant; empty if the poll was made over the API."""
    anonymous: bool = False
    hide_votes: bool = False
    """Whether only those who have voted, and the poll's author, see the counts."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    votes: dict[str, Vote] = field(default_factory=dict)
    """By user id."""

    @property
    def size_bytes(self) -> int:
        """What it takes, roughly."""
        texts = sum(len(text.encode()) for text in (self.question, self.created_by, *self.options))
        return texts + sum(_vote_bytes(user_id, vote.name) for user_id, vote in self.votes.items())

    def view_of(self, user_id: str) -> PollView:
        """What one user may see: nobody's choice in an anonymous poll, and no counts too early."""
        voted = user_id in self.votes
        hidden = self.hide_votes and not voted and user_id != self.created_by_user_id
        if self.anonymous or hidden:
            return PollView(counts=not hidden, own_id=user_id if voted else "")
        return PollView()

    def shown(self, view: PollView) -> polls_pb2.Poll:
        """The poll as those see it who have this view of it."""
        options = [polls_pb2.PollOption(text=text, count=0) for text in self.options]
        for user_id, vote in self.votes.items() if view.counts else ():
            options[vote.option].count += 1
            if view.names:
                options[vote.option].votes.add(user_id=user_id, name=vote.name)
        own = [view.own_id] if view.own_id else []
        return polls_pb2.Poll(
            poll_id=self.id,
            created_by=self.created_by,
            created_by_user_id=self.created_by_user_id,
            question=self.question,
            options=options,
            hide_votes=self.hide_votes,
            anonymous=self.anonymous,
            votes=list(self.votes) if view.names else own,
        )


def _vote_bytes(user_id: str, name: str) -> int:
    """What a vote takes, roughly: the id goes out twice."""
    return 2 * len(user_id) + len(name.encode())


class Polls:
    """Polls in the order in which they were made."""

    def __init__(self) -> None:
        self._polls: dict[str, Poll] = {}
        self._total_bytes = 0

    @property
    def total_bytes(self) -> int:
        """What all of them take, roughly."""
        return self._total_bytes

    def shown_to(self, user_id: str) -> list[polls_pb2.Poll]:
        """All polls as one user may see them."""
        return [poll.shown(poll.view_of(user_id)) for poll in self._polls.values()]

    def add(self, poll: Poll) -> None:
        """Raises MalformedMessage for a poll that is none, and LimitExceeded."""
        _require_sound(poll.question, poll.options)
        if len(self._polls) >= MAX_POLLS or self._total_bytes + poll.size_bytes > MAX_TOTAL_BYTES:
            raise LimitExceeded("the session has too many polls")
        self._polls[poll.id] = poll
        self._total_bytes += poll.size_bytes

    def vote(self, poll_id: str, user_id: str, name: str, option: int) -> Poll:
        """Counts the one vote of a user. Raises NotFound, MalformedMessage, WrongState and LimitExceeded."""
        poll = self._polls.get(poll_id)
        if poll is None:
            raise NotFound("no such poll")
        if not 0 <= option < len(poll.options):
            raise MalformedMessage("the poll has no such option")
        if user_id in poll.votes:
            raise WrongState("the participant has voted already")
        growth = _vote_bytes(user_id, name)
        if self._total_bytes + growth > MAX_TOTAL_BYTES:
            raise LimitExceeded("the session has too many votes")
        poll.votes[user_id] = Vote(name, option)
        self._total_bytes += growth
        return poll


def _require_sound(question: str, options: Sequence[str]) -> None:
    if not question.strip() or len(question) > MAX_QUESTION_CHARS:
        raise MalformedMessage(f"a poll's question has 1 to {MAX_QUESTION_CHARS} characters")
    if not MIN_OPTIONS <= len(options) <= MAX_OPTIONS:
        raise MalformedMessage(f"a poll has {MIN_OPTIONS} to {MAX_OPTIONS} options")
    if any(not option.strip() or len(option) > MAX_OPTION_CHARS for option in options):
        raise MalformedMessage(f"an option of a poll has 1 to {MAX_OPTION_CHARS} characters")
