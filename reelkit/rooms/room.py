"""One live session of a meeting: its peers, its journal, its room in the SFU, its recordings."""

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal

import structlog
from google.protobuf.message import Message

from reelkit.capture.events import Event, MediaKind, RecordingMarked
from reelkit.capture.journal import JournalWriter
from reelkit.capture.layout import RTP_DIR
from reelkit.clock import Clock
from reelkit.rooms import chat_notices, livestream_notices, membership, poll_notices, recording_notices
from reelkit.rooms.changed_permissions import ChangedPermissions
from reelkit.rooms.chat import Chat
from reelkit.rooms.chat_allowance import ChatAllowance
from reelkit.rooms.envelope import encode
from reelkit.rooms.errors import JournalUnavailable, MediaUnavailable, NotFound
from reelkit.rooms.events import PollEvent
from reelkit.rooms.keyframes import KeyframeRequests, VideoSender, ensure_keyframes
from reelkit.rooms.observer import RoomObserver
from reelkit.rooms.peer import Peer, PeerInfo
from reelkit.rooms.polls import Poll, Polls
from reelkit.rooms.recording import CaptureSwitch, Stream
from reelkit.rooms.session import SessionLife
from reelkit.rooms.speaker_watch import SpeakerWatch
from reelkit.rooms.stores import Stores
from reelkit.rooms.tasks import TaskOwner
from reelkit.rooms.waiting_room import WaitingRoom
from reelkit.settings import RoomSettings
from reelkit.sfu import SfuRoom

log = structlog.get_logger(__name__)


class Room:
    """Made by the gateway. What is public here is for the layers above; the handlers use the rest as well."""

    def __init__(
        self,
        *,
        session_id: str,
        meeting_id: str,
        title: str,
        organization_id: str,
        capture_dir: Path,
        journal: JournalWriter,
        sfu: SfuRoom,
        settings: RoomSettings,
        clock: Clock,
        observer: RoomObserver,
        keep_alive_s: float,
        forget: Callable[["Room"], None],
    ) -> None:
        self.session_id = session_id
        self.meeting_id = meeting_id
        self.title = title
        self.organization_id = organization_id
        self.capture_dir = capture_dir
        self.journal = journal
        self.settings = settings
        self.clock = clock
        self.observer = observer
        self.log = log.bind(session_id=session_id, meeting_id=meeting_id)
        self.tasks = TaskOwner(f"room-{session_id}")
        self.members: dict[str, Peer] = {}
        self.feeds_used: dict[str, int] = {}
        self.owners: dict[str, str] = {}
        """Which participant each peer id belongs to that has joined, also after it left."""
        self.pinned: str | None = None
        self.ended_by_host = False
        """Whether everybody was sent away at once, and nobody has come since."""
        self.recordings: dict[str, recording_notices.RecordingState] = {}
        self.chat = Chat(partial(observer.chat_changed, self))
        self.chat_allowance = ChatAllowance(clock)
        self.polls = Polls()
        self.waiting_room = WaitingRoom(self)
        self.changed_permissions = ChangedPermissions()
        self.stores = Stores()
        self.speakers = SpeakerWatch(self)
        self.life = SessionLife(self, keep_alive_s, forget)
        self._sfu: SfuRoom | None = sfu
        self._keyframes = KeyframeRequests(clock, self._video_senders)
        self._capture = CaptureSwitch(
            capture_dir / RTP_DIR,
            clock,
            sfu=self.require_sfu,
            sending=self._sending,
            record=self.record,
            mark=self._mark,
        )

    # What the layers above use.

    @property
    def started_at_s(self) -> float:
        """When the session began, or the room was made if nobody has joined yet."""
        return self.life.started_at_s

    @property
    def visible_peer_count(self) -> int:
        """How many joined peers others can see; one whose socket dropped counts while its return is awaited."""
        return sum(not peer.hidden for peer in self.joined_peers())

    def peers(self) -> list[PeerInfo]:
        """Everybody who has joined, hidden peers included."""
        return [peer.info for peer in self.joined_peers()]

    def hold(self, recording_id: str) -> None:
        """A recording will begin here once it can: the session does not end before :meth:`release`, whoever leaves."""
        self.life.hold(recording_id)

    def release(self, recording_id: str) -> None:
        """The recording has begun, or will not. Does nothing for one that holds nothing."""
        self.life.release(recording_id)

    async def start_capture(self, recording_id: str, *, packets: bool = True) -> float:
        """Begins or resumes a recording; returns the wall-clock time of its mark in the journal.

        When it returns Janus is recording and, if somebody sends, the first packets are on disk; without ``packets``
        there is only the mark. A caller who is cancelled must call ``stop_capture``: the switch goes on. Raises
        MediaUnavailable and JournalUnavailable (both may pass), SfuError and RoomClosed.
        """
        self.life.require_open()
        try:
            mark_s = await self.tasks.shielded(self._capture.start(recording_id, packets=packets), "capture")
        finally:
            self.life.reconsider()
        if packets:
            self.tasks.spawn(
                ensure_keyframes(self.capture_dir / RTP_DIR, self.clock, self._video_senders, mark_s), "keyframes"
            )
        return mark_s

    async def stop_capture(self, recording_id: str, mark: Literal["paused", "stopped"]) -> float:
        """Pauses or stops a recording; returns the time of its mark.

        With the last running recording that wants packets Janus is switched off and its files are closed. Raises
        NotFound if there is no such recording, and JournalUnavailable, after which the recording goes on as before.
        """
        mark_s = await self.tasks.shielded(self._capture.stop(recording_id, mark), "capture")
        self.life.reconsider()
        return mark_s

    async def announce_recording(self, recording_id: str, state: recording_notices.RecordingState) -> None:
        """Tells every client, and those who join later, what a recording does."""
        recording_notices.announce(self, recording_id, state)

    def announce_livestream(self, notice: livestream_notices.LivestreamNotice) -> None:
        """Tells every client what a livestream does."""
        livestream_notices.announce(self, notice)

    async def request_keyframe(self, feed: str, mindex: int) -> None:
        """Asks the sender of a video track for a keyframe, because what was captured of it cannot be decoded.

        May be called as often as somebody is stuck: the sender is left in peace for a while after each request. Does
        nothing while no recording runs or if the track is gone; that Janus is gone is no error.
        """
        await self._keyframes.request(feed, mindex)

    def create_poll(self, poll: Poll) -> None:
        """Puts a question to everybody. Raises MalformedMessage for a poll that is none, and LimitExceeded."""
        self.polls.add(poll)
        poll_notices.announce(self, PollEvent.CREATE_POLL, poll)

    def withdraw_chat(self, chat_ids: Collection[str]) -> None:
        """Takes those of these chat messages away that are there, from the clients, too."""
        chat_notices.withdraw(self, chat_ids)

    async def kick(self, peer_id: str) -> None:
        """Removes a peer. Raises NotFound."""
        await membership.kick(self, self.member(peer_id))

    async def kick_peers(self, peer_ids: Collection[str]) -> None:
        """Removes those of these peers who have joined. If nobody whom others can see is left, the meeting counts as
        ended by its host."""
        await membership.kick_some(self, [peer for peer in self.joined_peers() if peer.id in peer_ids])

    async def kick_all(self) -> None:
        """Removes every peer."""
        await membership.kick_all(self)

    # What the handlers use.

    def member(self, peer_id: str) -> Peer:
        """A peer who has joined. Raises NotFound."""
        peer = self.members.get(peer_id)
        if peer is None or not peer.joined:
            raise NotFound("no such peer")
        return peer

    def joined_peers(self, *, but: Peer | None = None) -> Iterator[Peer]:
        """Who is in the socket's room."""
        return (peer for peer in self.members.values() if peer.joined and peer is not but)

    def media_peers(self, *, but: Peer | None = None) -> Iterator[Peer]:
        """Who is in the media room."""
        return (peer for peer in self.members.values() if peer.media_joined and peer is not but)

    def push(self, event: int, message: Message, audience: Iterable[Peer]) -> None:
        """Sends one event to many."""
        frame = encode(event, message)
        for peer in audience:
            if peer.connection is not None:
                peer.connection.send(frame)

    def record(self, event: Event, *, durable: bool = False) -> None:
        """Appends to the journal. A full disk costs the event, not the meeting."""
        try:
            self.journal.append(event, durable=durable)
        except OSError as error:
            self.log.error("the journal cannot be written", event_type=event.type, error=str(error))  # noqa: TRY400

    def _mark(self, event: RecordingMarked) -> None:
        try:
            self.journal.append(event, durable=True)
        except OSError as error:
            raise JournalUnavailable(
                f"the recording cannot be marked {event.mark}: {error.strerror}", recording_id=event.recording_id
            ) from error

    def require_sfu(self) -> SfuRoom:
        """The room in the SFU. Raises MediaUnavailable while Janus is restarting."""
        if self._sfu is None:
            raise MediaUnavailable("media is unavailable for a moment", session_id=self.session_id)
        return self._sfu

    @property
    def sfu(self) -> SfuRoom | None:
        """The room in the SFU; None while Janus is restarting."""
        return self._sfu

    def set_sfu(self, sfu: SfuRoom | None) -> None:
        self._sfu = sfu

    @property
    def capture(self) -> CaptureSwitch:
        return self._capture

    def next_feed(self, peer: Peer) -> str:
        """A feed id that this session has not used: packet files are named after it."""
        number = self.feeds_used.get(peer.id, 0) + 1
        self.feeds_used[peer.id] = number
        return peer.id if number == 1 else f"{peer.id}_{number}"

    def _video_senders(self) -> list[VideoSender]:
        if not self._capture.captures:
            return []
        return [
            VideoSender(
                feed=producer.feed,
                mindex=producer.mindex,
                codec=producer.mime_type.lower().removeprefix("video/"),
                ask=partial(peer.send.publisher.request_keyframe, producer.mid),
            )
            for peer in self.members.values()
            if peer.send is not None
            for producer in peer.producers.values()
            if producer.kind is MediaKind.VIDEO and producer.receiving and not producer.paused
            if producer.transport_id == peer.send.transport_id
        ]

    def _sending(self) -> set[Stream]:
        return {
            (producer.feed, producer.mindex)
            for peer in self.members.values()
            for producer in peer.producers.values()
            if producer.receiving and not producer.paused
        }
