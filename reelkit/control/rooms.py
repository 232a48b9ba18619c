"""The live rooms of meetings."""

from reelkit.control.meetings import Meeting
from reelkit.control.ports import Gateway, Room


async def open_room_of(gateway: Gateway, meeting: Meeting) -> Room:
    """The meeting's live room, as its row says it shall be. Raises ReelkitError, OSError."""
    return await gateway.open_room(
        meeting.id,
        meeting.title or "",
        organization_id=meeting.app_id,
        session_keep_alive_s=meeting.session_keep_alive_s,
    )
