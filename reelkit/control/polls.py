"""Polls that callers put into live meetings."""

from reelkit.control.apps import App
from reelkit.control.errors import Conflict, NotFound
from reelkit.control.meetings import MeetingService
from reelkit.control.poll_params import PollParams
from reelkit.control.ports import Gateway
from reelkit.rooms.errors import LimitExceeded
from reelkit.rooms.polls import Poll


class PollService:
    """Makes polls; voting is for participants alone."""

    def __init__(self, meetings: MeetingService) -> None:
        self._meetings = meetings
        self._gateway: Gateway | None = None

    def bind(self, gateway: Gateway) -> None:
        """From now on polls can be made."""
        self._gateway = gateway

    async def create(self, app: App, meeting_id: str, params: PollParams) -> Poll:
        """A new poll in the meeting's live session, by the name of the app. Raises NotFound without a live session, and
        Conflict if the session has as many polls as it can hold."""
        meeting = await self._meetings.get(app.id, meeting_id)
        room = self._gateway.room_of(meeting.id) if self._gateway is not None else None
        if room is None:
            raise NotFound("the meeting has no live session")
        poll = Poll(
            question=params.question,
            options=tuple(params.options),
            created_by=app.name,
            anonymous=params.anonymous or False,
            hide_votes=params.hide_votes or False,
        )
        try:
            room.create_poll(poll)
        except LimitExceeded as error:
            raise Conflict(error.message) from error
        return poll
