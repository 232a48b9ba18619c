"""What control needs of the parts below it, so that its rules are tested without Janus, rooms and renderers."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Literal, Protocol

from reelkit.capture.events import Event
from reelkit.publish.bucket import FileAddress, StoredFile
from reelkit.rooms.chat import Chat
from reelkit.rooms.livestream_notices import LivestreamNotice
from reelkit.rooms.peer import PeerInfo
from reelkit.rooms.polls import Poll

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
    def ended_by_host(self) -> bool:
        """Whether the last who were in it were all sent away at once."""

    @property
    def chat(self) -> Chat:
        """What was written in it."""

    @property
    def visible_peer_count(self) -> int:
        """Peers that have joined and are not hidden."""

    def peers(self) -> list[PeerInfo]:
        """Everybody who has joined, hidden peers included."""

    def record(self, event: Event) -> None:
        """Appends to the journal if it can."""

    def hold(self, recording_id: str) -> None:
        """A recording will begin once it can: the session does not end before :meth:`release`."""

    def release(self, recording_id: str) -> None:
        """The recording has begun, or will not. Does nothing for one that holds nothing."""

    async def start_capture(self, recording_id: str, *, packets: bool = True) -> float:
        """Begins or resumes a recording, of the meeting's ``packets`` or of something else that is only marked; returns
        the wall time of its mark. Raises ReelkitError; nothing is on then."""

    async def stop_capture(self, recording_id: str, mark: Mark) -> float:
        """Pauses or stops a recording; returns the wall time of its mark. Its files are complete then."""

    def withdraw_chat(self, chat_ids: Collection[str]) -> None:
        """Takes those of these chat messages away that are there, from the clients, too."""

    def create_poll(self, poll: Poll) -> None:
        """Puts a question to everybody who may see it. Raises ReelkitError."""

    async def announce_recording(self, recording_id: str, state: Notice) -> None:
        """Tells everybody in the room, and whoever comes later."""

    async def kick_peers(self, peer_ids: Collection[str]) -> None:
        """Removes those of these peers who are there. If nobody is left whom others can see, the meeting counts as
        ended by its host."""

    async def kick_all(self) -> None:
        """Removes everybody, hidden peers included: the host ends the meeting."""

    def announce_livestream(self, notice: LivestreamNotice) -> None:
        """Tells everybody in the room."""

    async def request_keyframe(self, feed: str, mindex: int) -> None:
        """Asks the sender of a video track, named as its packet files are, for a keyframe. Raises ReelkitError."""


class Gateway(Protocol):
    """The live rooms: :class:`reelkit.rooms.gateway.Gateway`."""

    async def open_room(
        self, meeting_id: str, title: str, *, organization_id: str, session_keep_alive_s: float
    ) -> Room:
        """The meeting's live room; a session without anybody begins if there is none. Raises ReelkitError, OSError."""

    def room_of(self, meeting_id: str) -> Room | None:
        """The meeting's live room, if it has one."""

    async def remove_participant(self, meeting_id: str, participant_id: str) -> None:
        """Removes the participant's peers, if there are any."""


class Bucket(Protocol):
    """The hosted bucket: :mod:`reelkit.publish.bucket_directory` or :mod:`reelkit.publish.bucket_s3`."""

    async def check(self) -> None:
        """Whether it can be written to. Raises PublishError."""

    async def put(self, app_id: str, recording_id: str, source: Path, name: str, content_type: str) -> StoredFile:
        """Takes ``source`` over and stores it under ``name``, in one step. Raises PublishError; it stays then."""

    async def delete(self, app_id: str, recording_id: str, names: Iterable[str]) -> bool:
        """Removes a recording's files, ``names`` and what else lies there; whether there were any, as far as the bucket
        says. Raises PublishError."""

    async def local(self, app_id: str, recording_id: str, name: str) -> Path:
        """Where a file can be read on this machine; a bucket elsewhere fetches it if it is not at hand. Raises
        FileNotFoundError, PublishError, OSError."""

    async def release(self, app_id: str, recording_id: str) -> None:
        """What :meth:`put` and :meth:`local` hold of a recording on this machine beside the bucket is not needed any
        more. Never fails."""

    def presigned(self, address: FileAddress, lifetime_s: float) -> str | None:
        """A URL of the bucket itself that reads one file for so long; None where there is none."""

    async def close(self) -> None:
        """Ends its connections."""
