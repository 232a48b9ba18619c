"""Pictures of participants: fetched for films while a meeting is recorded, and noted in the journal."""

import asyncio
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from PIL import Image, ImageOps

from reelkit.capture.events import PeerPictureStored
from reelkit.capture.layout import PICTURES_DIR
from reelkit.clock import Clock
from reelkit.control.images import UnusableImage, decoded, png
from reelkit.control.ports import Room
from reelkit.control.tasks import NamedLocks, uninterrupted
from reelkit.durable import sync_directory, write_durably
from reelkit.egress.errors import EgressError
from reelkit.egress.fetch import Fetcher
from reelkit.rooms.peer import PeerInfo
from reelkit.rooms.tasks import TaskOwner
from reelkit.settings import RecordingSettings

log = structlog.get_logger(__name__)

SIDE_PX = 512
"""Stored pictures are square and no larger: the circle of one person on a 1080p film has 475 pixels."""
_AT_ONCE = 4
"""Pictures that are fetched at a time, of all meetings."""
_DECODED_AT_ONCE = 1
"""Decoding takes memory and a processor, which the meetings need."""
_MAX_PER_SESSION = 1_000
"""Pictures of one session; whoever comes later has initials."""


@dataclass
class _Session:
    """What is known of one session's pictures."""

    tasks: TaskOwner
    asked: set[str] = field(default_factory=set)
    """Peers whose picture is noted for their present visit, or being fetched."""
    files: dict[str, str] = field(default_factory=dict)
    """URL -> the stored file, as a path in the capture."""


class Portraits:
    """Gets the pictures of those who are in a recorded meeting, in the background: no join and no recording waits for
    them. A picture that cannot be had is logged, and the film shows initials."""

    def __init__(self, fetcher: Fetcher, settings: RecordingSettings, clock: Clock) -> None:
        self._fetcher = fetcher
        self._settings = settings
        self._clock = clock
        self._sessions: dict[str, _Session] = {}
        self._urls = NamedLocks()
        self._fetching = asyncio.Semaphore(_AT_ONCE)
        self._decoding = asyncio.Semaphore(_DECODED_AT_ONCE)

    def collect(self, room: Room) -> None:
        """A recording began: everybody's picture is wanted."""
        for peer in room.peers():
            self.fetch(room, peer)

    def fetch(self, room: Room, peer: PeerInfo) -> None:
        """Gets the picture of somebody in a recorded room, unless that was done before in this visit of theirs."""
        if peer.hidden or not peer.picture:
            return
        session = self._sessions.get(room.session_id)
        if session is None:
            session = self._sessions[room.session_id] = _Session(TaskOwner(f"portraits-{room.session_id}"))
        if peer.peer_id in session.asked:
            return
        session.asked.add(peer.peer_id)
        session.tasks.spawn(self._store(room, session, peer.peer_id, peer.picture), peer.peer_id)

    def left(self, room: Room, peer: PeerInfo) -> None:
        """Somebody went. The journal forgets their picture with them, and the same peer may come back."""
        session = self._sessions.get(room.session_id)
        if session is not None:
            session.asked.discard(peer.peer_id)

    async def session_ended(self, session_id: str) -> None:
        """Gives up what is still being fetched: the journal is closed."""
        session = self._sessions.pop(session_id, None)
        if session is not None:
            await session.tasks.close()

    async def close(self) -> None:
        """Gives up everything."""
        for session_id in list(self._sessions):
            await self.session_ended(session_id)

    async def _store(self, room: Room, session: _Session, peer_id: str, url: str) -> None:
        try:
            # Many may have the same picture: it is fetched once.
            async with self._urls.held(f"{room.session_id} {url}"):
                if url not in session.files and len(session.files) < _MAX_PER_SESSION:
                    session.files[url] = await self._fetched(url, room.capture_dir)
        except (EgressError, UnusableImage, OSError) as error:
            # The next recording of this session tries again.
            session.asked.discard(peer_id)
            log.info("a participant's picture cannot be shown", session_id=room.session_id, reason=str(error))
            return
        if url in session.files:
            room.record(PeerPictureStored(time_s=self._clock.time_s(), peer_id=peer_id, file=session.files[url]))

    async def _fetched(self, url: str, capture_dir: Path) -> str:
        """The stored file. Raises EgressError, UnusableImage, OSError."""
        async with self._fetching:
            content = await self._fetcher.fetch(
                url, max_bytes=self._settings.portrait_max_bytes, timeout_s=self._settings.portrait_timeout_s
            )
        async with self._decoding:
            # Threads cannot be given up: whoever ends the session waits, and deletes no directory that is written to.
            return await uninterrupted(asyncio.to_thread(_stored, content, capture_dir), "store-portrait")


def portrait_png(content: bytes) -> bytes:
    """The middle of an image file as a square PNG. Blocks. Raises UnusableImage."""
    image = decoded(content)
    side = min(SIDE_PX, *image.size)
    return png(ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS))


def _stored(content: bytes, capture_dir: Path) -> str:
    stored = portrait_png(content)
    directory = capture_dir / PICTURES_DIR
    if not directory.exists():
        directory.mkdir()
        sync_directory(capture_dir)
    path = directory / f"{hashlib.sha256(stored).hexdigest()}.png"
    write_durably(path, stored)
    return str(path.relative_to(capture_dir))
