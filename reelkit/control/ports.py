"""What control needs of the parts below it, so that its rules are tested without Janus, rooms and renderers."""

from pathlib import Path
from typing import Literal, Protocol

from reelkit.capture.events import Event
from reelkit.publish.bucket import StoredFile
from reelkit.rooms.peer import PeerInfo

Mark = Literal["paused", "stopped"]
Notice = Literal["RECORDING", "PAUSED", "STOPPED"]


class Sfu(Protocol):
    """The health of :class:`reelkit.sfu.Sfu`."""

    @property
    def healthy(self) -> bool: ...

    @property
    def reason(self) -> str:
        """Why it is not healthy; empty when it is."""

    @property
    def flushes(self) -> bool:
        """Whether captured packets become readable at once, which allows the renderer the shorter lag."""


class Room(Protocol):
    """One live session of a meeting: :class:`reelkit.rooms.room.Room`."""

    @property
    def session_id(self) -> str: ...

    @property
    def meeting_id(self) -> str: ...

    @property
    def started_at_s(self) -> float: ...

    @property
    def capture_dir(self) -> Path: ...

    @property
    def visible_peer_count(self) -> int:
        """Peers that have joined and are not hidden."""

    def peers(self) -> list[PeerInfo]:
        """Everybody who has joined, hidden peers included."""

    def record(self, event: Event) -> None:
        """Appends to the journal if it can."""

    async def start_capture(self, recording_id: str) -> float:
        """Begins or resumes a recording; returns the wall time of its mark. Raises ReelkitError; nothing is on then."""

    async def stop_capture(self, recording_id: str, mark: Mark) -> float:
        """Pauses or stops a recording; returns the wall time of its mark. Its files are complete then."""

    async def announce_recording(self, recording_id: str, state: Notice) -> None:
        """Tells everybody in the room, and whoever comes later."""

    async def request_keyframe(self, feed: str, mindex: int) -> None:
        """Asks the sender of a video track, named as its packet files are, for a keyframe. Raises ReelkitError."""


class Gateway(Protocol):
    """The live rooms: :class:`reelkit.rooms.gateway.Gateway`."""

    async def open_room(
        self, meeting_id: str, title: str, *, organization_id: str, session_keep_alive_s: float
    ) -> Room:
        """The meeting's live room; a session without anybody begins if there is none. Raises ReelkitError, OSError."""

    async def remove_participant(self, meeting_id: str, participant_id: str) -> None:
        """Removes the participant's peers, if there are any."""


class Bucket(Protocol):
    """The hosted bucket: :class:`reelkit.publish.bucket.HostedBucket`. Its methods block."""

    def put(self, app_id: str, recording_id: str, source: Path, name: str) -> StoredFile: ...

    def delete(self, app_id: str, recording_id: str) -> bool: ...

    def sign(self, app_id: str, recording_id: str, name: str, expires_s: float) -> str: ...
