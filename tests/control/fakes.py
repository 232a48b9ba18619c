"""Stand-ins for what control stands on: the SFU, rooms, the fleet."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from reelkit.capture.events import Event, RecordingMarked, SessionStarted
from reelkit.capture.journal import JournalWriter
from reelkit.capture.layout import JOURNAL_FILE, RTP_DIR
from reelkit.clock import Clock
from reelkit.control.observer import MeetingObserver
from reelkit.control.ports import Mark, Notice
from reelkit.fleet.base import JobOutcome, JobProgress, JobSpec, JobStatus, ProgressListener
from reelkit.fleet.errors import JobUnknown
from reelkit.publish.delivered import DeliveredFile
from reelkit.render.config import FileKind, RenderConfig
from reelkit.render.formats import container, content_type, file_name
from reelkit.rooms.chat import Chat
from reelkit.rooms.errors import MediaUnavailable, NotFound, RoomClosed
from reelkit.rooms.livestream_notices import LivestreamNotice
from reelkit.rooms.peer import PeerInfo
from reelkit.rooms.polls import Poll

CONTENT: dict[FileKind, bytes] = {"video": b"film", "audio": b"sound"}


@dataclass
class FakeSfu:
    reason: str = ""
    flushes: bool = True

    @property
    def healthy(self) -> bool:
        return not self.reason


class FakeRoom:
    """A room without clients, with a real journal. ``fail_start`` and ``fail_stop`` make it refuse."""

    def __init__(
        self, meeting_id: str, title: str, captures_dir: Path, clock: Clock, observer: MeetingObserver
    ) -> None:
        self.session_id = str(uuid4())
        self.meeting_id = meeting_id
        self.started_at_s = clock.time_s()
        self.capture_dir = captures_dir / self.session_id
        (self.capture_dir / RTP_DIR).mkdir(parents=True)
        self.journal = JournalWriter(self.capture_dir / JOURNAL_FILE, clock, 1.0)
        self.journal.append(
            SessionStarted(time_s=self.started_at_s, session_id=self.session_id, meeting_id=meeting_id, title=title)
        )
        self.chat = Chat(partial(observer.chat_changed, self))
        self.present: list[PeerInfo] = []
        self.running: set[str] = set()
        self.captured: set[str] = set()
        """Those of the running ones that want packets."""
        self.holders: set[str] = set()
        self.polls: list[Poll] = []
        self.paused: set[str] = set()
        self.notices: list[tuple[str, Notice]] = []
        self.livestream_notices: list[LivestreamNotice] = []
        self.keyframes: list[tuple[str, int]] = []
        self.fail_keyframe: Exception | None = None
        self.closed = False
        self.ended_by_host = False
        self.fail_start: Exception | None = None
        self.fail_stop: Exception | None = None
        self.hold_start: asyncio.Event | None = None
        self._observer = observer
        self._clock = clock

    @property
    def visible_peer_count(self) -> int:
        return sum(not peer.hidden for peer in self.present)

    def peers(self) -> list[PeerInfo]:
        return list(self.present)

    def record(self, event: Event) -> None:
        self.journal.append(event)

    def hold(self, recording_id: str) -> None:
        self.holders.add(recording_id)

    def release(self, recording_id: str) -> None:
        self.holders.discard(recording_id)

    async def start_capture(self, recording_id: str, *, packets: bool = True) -> float:
        if self.hold_start is not None:
            await self.hold_start.wait()
        if self.fail_start is not None:
            raise self.fail_start
        mark = "resumed" if recording_id in self.paused else "started"
        self.paused.discard(recording_id)
        self.running.add(recording_id)
        if packets:
            self.captured.add(recording_id)
        return self._mark(recording_id, mark)

    async def stop_capture(self, recording_id: str, mark: Mark) -> float:
        if self.closed:
            raise RoomClosed("the session has ended")
        if self.fail_stop is not None:
            raise self.fail_stop
        if recording_id not in self.running | self.paused:
            raise NotFound("the session has no such recording")
        self.running.discard(recording_id)
        self.captured.discard(recording_id)
        self.paused.discard(recording_id)
        if mark == "paused":
            self.paused.add(recording_id)
        return self._mark(recording_id, mark)

    def withdraw_chat(self, chat_ids: Collection[str]) -> None:
        self.chat.withdraw(chat_ids)

    def create_poll(self, poll: Poll) -> None:
        self.polls.append(poll)

    async def kick_peers(self, peer_ids: Collection[str]) -> None:
        kicked = [peer for peer in self.present if peer.peer_id in peer_ids]
        if any(not peer.hidden for peer in kicked) and all(peer.hidden or peer in kicked for peer in self.present):
            self.ended_by_host = True
        for peer in kicked:
            await self._leave(peer)

    async def kick_all(self) -> None:
        self.ended_by_host = True
        for peer in self.peers():
            await self._leave(peer)

    async def _leave(self, peer: PeerInfo) -> None:
        self.present.remove(peer)
        await self._observer.peer_left(self, peer)

    async def announce_recording(self, recording_id: str, state: Notice) -> None:
        self.notices.append((recording_id, state))

    def announce_livestream(self, notice: LivestreamNotice) -> None:
        self.livestream_notices.append(notice)

    async def request_keyframe(self, feed: str, mindex: int) -> None:
        self.keyframes.append((feed, mindex))
        if self.fail_keyframe is not None:
            raise self.fail_keyframe

    def _mark(self, recording_id: str, mark: str) -> float:
        event = RecordingMarked.model_validate(
            {"time_s": self._clock.time_s(), "recording_id": recording_id, "mark": mark}
        )
        self.journal.append(event)
        return event.time_s


class FakeGateway:
    """Opens fake rooms, and plays the people in them."""

    def __init__(self, captures_dir: Path, clock: Clock, observer: MeetingObserver) -> None:
        self.rooms: dict[str, FakeRoom] = {}
        self.unavailable: str | None = None
        self.removed: list[tuple[str, str]] = []
        self._captures_dir = captures_dir
        self._clock = clock
        self._observer = observer

    async def open_room(
        self, meeting_id: str, title: str, *, organization_id: str, session_keep_alive_s: float
    ) -> FakeRoom:
        assert organization_id
        assert session_keep_alive_s >= 0
        if self.unavailable is not None:
            raise MediaUnavailable(self.unavailable)
        if meeting_id not in self.rooms:
            room = self.rooms[meeting_id] = FakeRoom(meeting_id, title, self._captures_dir, self._clock, self._observer)
            await self._observer.session_started(room)
        return self.rooms[meeting_id]

    def room_of(self, meeting_id: str) -> FakeRoom | None:
        return self.rooms.get(meeting_id)

    async def remove_participant(self, meeting_id: str, participant_id: str) -> None:
        self.removed.append((meeting_id, participant_id))

    async def join(
        self, meeting_id: str, name: str = "Ada", *, hidden: bool = False, picture: str | None = None, **fields: Any
    ) -> PeerInfo:
        """``fields`` are further ones of the peer; one who was there before comes back by its ``peer_id``."""
        room = await self.open_room(meeting_id, "", organization_id="app", session_keep_alive_s=60.0)
        known: dict[str, Any] = {
            "peer_id": str(uuid4()),
            "participant_id": str(uuid4()),
            "custom_participant_id": None,
            "preset_name": "group_call_host",
            "joined_at_s": self._clock.time_s(),
            "created_at_s": self._clock.time_s(),
            "view_type": "GROUP_CALL",
        }
        peer = PeerInfo(**known | fields, name=name, picture=picture, hidden=hidden)
        room.present.append(peer)
        await self._observer.peer_joined(room, peer)
        return peer

    async def leave(self, meeting_id: str, peer: PeerInfo) -> None:
        room = self.rooms[meeting_id]
        room.present.remove(peer)
        await self._observer.peer_left(room, peer)

    async def end(self, meeting_id: str) -> None:
        room = self.rooms.pop(meeting_id)
        room.closed = True
        room.journal.close()
        await self._observer.session_ended(room)

    def close(self) -> None:
        """As when the process dies: files are closed, nobody is told."""
        for room in self.rooms.values():
            room.journal.close()
        self.rooms.clear()


@dataclass
class FakeFleet:
    """Renders nothing: each job's film is a small file. ``outcomes`` says otherwise; ``held`` jobs do not end."""

    specs: dict[str, JobSpec] = field(default_factory=dict)
    outcomes: dict[str, JobOutcome] = field(default_factory=dict)
    held: bool = False
    fail_start: Exception | None = None
    duration_s: float = 10.0
    lag_s: float = 1.7
    integrity: dict[str, Any] | None = field(default_factory=lambda: {"files": [], "gaps": []})
    started: list[JobSpec] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    waiting: set[str] = field(default_factory=set)
    listeners: list[ProgressListener] = field(default_factory=list)
    _released: asyncio.Event = field(default_factory=asyncio.Event)
    _ends: dict[str, asyncio.Event] = field(default_factory=dict)

    async def start(self, spec: JobSpec) -> None:
        if self.fail_start is not None:
            raise self.fail_start
        self.specs[spec.recording_id] = spec
        self.started.append(spec)

    async def ended(self, recording_id: str) -> None:
        if recording_id in self.specs:
            await self._ends.setdefault(recording_id, asyncio.Event()).wait()

    def end(self, recording_id: str, outcome: JobOutcome | None = None) -> None:
        """As if a worker had ended by itself."""
        if outcome is not None:
            self.outcomes[recording_id] = outcome
        self._ends.setdefault(recording_id, asyncio.Event()).set()

    async def cancel(self, recording_id: str) -> None:
        if self.specs.pop(recording_id, None) is not None:
            self.cancelled.append(recording_id)
            self.end(recording_id)

    async def wait(self, recording_id: str) -> JobOutcome:
        if recording_id not in self.specs:
            raise JobUnknown("no such job is running", recording_id=recording_id)
        if self.held:
            await self._released.wait()
        spec = self.specs.pop(recording_id)
        self.end(recording_id)
        if recording_id in self.outcomes:
            return self.outcomes[recording_id]
        return JobOutcome(
            files=delivered(spec.job_dir, spec.render),
            duration_s=self.duration_s,
            frames=300,
            integrity=self.integrity,
        )

    def progress(self, recording_id: str) -> JobProgress | None:
        if recording_id not in self.specs or recording_id in self.waiting:
            return None
        return JobProgress(film_s=3.2, lag_s=self.lag_s, segments=1, rss_bytes=100_000_000)

    def recording_stopped(self, recording_id: str) -> None:
        self.stopped.append(recording_id)

    def statuses(self) -> Mapping[str, JobStatus]:
        return {each: JobStatus(each in self.waiting, self.progress(each)) for each in self.specs}

    def on_progress(self, listener: ProgressListener) -> None:
        self.listeners.append(listener)

    def report(self, recording_id: str, progress: JobProgress) -> None:
        """As if a renderer had told it."""
        for listener in self.listeners:
            listener(recording_id, progress)

    def release(self) -> None:
        self._released.set()

    async def close(self) -> None:
        self.specs.clear()


def delivered(job_dir: Path, render: RenderConfig | None = None) -> tuple[DeliveredFile, ...]:
    """Files in place of those that a renderer makes; their content is their kind."""
    wanted = render or RenderConfig()
    job_dir.mkdir(parents=True, exist_ok=True)
    files = []
    for kind in wanted.files:
        path = job_dir / file_name(wanted, kind)
        path.write_bytes(CONTENT[kind])
        form = container(wanted, kind)
        files.append(
            DeliveredFile(
                kind=kind,
                path=path,
                size_bytes=len(CONTENT[kind]),
                duration_s=10.0,
                container=form,
                content_type=content_type(form),
            )
        )
    return tuple(files)
