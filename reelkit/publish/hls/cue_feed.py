"""Which messages of a meeting belong to a film, and when: a function of the journal and the film's timeline.

A message's instant is that at which the server received it, in film time. Film time stands still while a recording is
paused and before it begins, so that what was sent then comes where the film goes on or begins, and is not lost; what
was sent in a pause that the recording's end ended comes with the film's last picture.
"""

import json
import math
from collections import deque
from pathlib import Path

import structlog

from reelkit.capture.events import BroadcastSent, Event, PeerJoined, PeerRenamed, RecordingMarked
from reelkit.capture.journal import JournalReader
from reelkit.capture.layout import JOURNAL_FILE
from reelkit.page.job_files import MESSAGES_FILE
from reelkit.publish.hls.cue import MESSAGE_TYPE, Cue, Sender, closes, one_line
from reelkit.publish.hls.id3 import MAX_TEXT_BYTES
from reelkit.render.config import RenderConfig
from reelkit.render.timeline import Stretch, Timeline

log = structlog.get_logger(__name__)

_HANDED_ON_S = 15.0
"""A page that was busy hands a message on later than the room wrote it down, but not by more."""
_REMEMBERED = 1_000

_EPSILON_S = 1e-5
"""Wall times are floats with a resolution of 0.24 µs in our century; a tick of a transport stream is 11 µs."""


class CueFeed:
    """Follows the journal of the capture in ``capture_dir`` for the film that ``config`` asks for.

    RealtimeKit has no permission for broadcasts: whoever is in the meeting may send them, and the gateway writes into
    the journal those that went to everybody.
    """

    def __init__(self, capture_dir: Path, config: RenderConfig, job_dir: Path | None = None) -> None:
        """``job_dir`` is where a recorded page's own messages are, if the film shows one."""
        self._journal = JournalReader(capture_dir / JOURNAL_FILE)
        of_page = config.source == "page" and job_dir is not None
        self._page = JournalReader(job_dir / MESSAGES_FILE) if of_page and job_dir is not None else None
        self._heard: deque[tuple[float, str]] = deque(maxlen=_REMEMBERED)
        """The last messages of the meeting, which a page hands on too."""
        self._timeline = Timeline.of(config)
        self._recording_id = config.recording_id
        self._fps = config.video.fps
        since = (config.metadata.since_s, config.start_s)
        self._since_s = max((each for each in since if each is not None), default=-math.inf)
        self._until_s = math.inf if config.stop_s is None else config.stop_s
        self._senders: dict[str, Sender] = {}
        self._pending: deque[Cue] = deque()
        """In the journal's order; their film time is not known yet."""
        self._closed_at: Cue | None = None
        self._taken_s = 0.0
        """Up to where cues were given away."""

    @property
    def closed_s(self) -> float | None:
        """When in the film the metadata was ended by a message; None if it was not, as far as is known."""
        return None if self._closed_at is None else self._film_s(self._closed_at.wall_s)

    def until(self, film_s: float) -> list[Cue]:
        """The next cues, in order, up to but not including that instant of the film, which must be committed: nothing
        can be sent any more that belongs before it. Raises OSError."""
        self._poll()
        return self._take(film_s)

    def rest(self, duration_s: float) -> list[Cue]:
        """All further cues of a film of that length. None lies behind its last picture. Raises OSError."""
        self._poll()
        last_s = max(0.0, duration_s - 1 / self._fps)
        self._pending = deque(cue for cue in self._pending if cue.wall_s <= self._until_s)
        return [_at(cue, min(cue.film_s, last_s)) for cue in self._take(math.inf)]

    def _take(self, film_s: float) -> list[Cue]:
        taken, kept = [], deque[Cue]()
        for cue in self._pending:
            at_s = self._film_s(cue.wall_s)
            if at_s < film_s - _EPSILON_S and cue.wall_s <= self._until_s:
                # Only where the wall clock was set back is this later than it ought to be.
                taken.append(_at(cue, max(at_s, self._taken_s)))
            else:
                kept.append(cue)
        self._pending = kept
        if film_s < math.inf:
            self._taken_s = film_s
        taken.sort(key=lambda cue: cue.film_s)
        return taken

    def _poll(self) -> None:
        events = self._journal.poll()
        self._timeline.extend(events)
        for event in events:
            self._see(event)
        for said in self._page.poll() if self._page is not None else ():
            if isinstance(said, BroadcastSent) and not self._is_handed_on(said):
                self._receive(said)

    def _is_handed_on(self, said: BroadcastSent) -> bool:
        """Whether a page says what somebody in the meeting has said. Spelling aside, it is the same JSON."""
        text = _canonical(said.payload)
        return any(text == heard and abs(said.time_s - time_s) < _HANDED_ON_S for time_s, heard in self._heard)

    def _see(self, event: Event) -> None:
        match event:
            case PeerJoined():
                self._senders[event.peer_id] = Sender(event.peer_id, event.participant_id, event.name)
            case PeerRenamed() if event.peer_id in self._senders:
                known = self._senders[event.peer_id]
                self._senders[event.peer_id] = Sender(event.peer_id, known.participant_id, event.name)
            case RecordingMarked(mark="stopped") if event.recording_id == self._recording_id:
                self._until_s = min(self._until_s, event.time_s)
            case BroadcastSent() if event.message_type == MESSAGE_TYPE:
                self._receive(event)
                if self._page is not None:
                    self._heard.append((event.time_s, _canonical(event.payload)))
            case _:
                pass

    def _receive(self, event: BroadcastSent) -> None:
        if self._closed_at is not None or event.time_s < self._since_s:
            return
        text = one_line(event.payload)
        sender = self._senders.get(event.peer_id, Sender(event.peer_id))
        fits = len(text.encode()) <= MAX_TEXT_BYTES and "\0" not in text
        cue = Cue(0.0, event.time_s, text, sender, fits)
        if closes(text):
            self._closed_at = cue
            return
        if not fits:
            log.warning("a message is too long for an ID3 tag", bytes=len(text.encode()), peer_id=event.peer_id)
        self._pending.append(cue)

    def _film_s(self, wall_s: float) -> float:
        """Film time at an instant; while nothing was recorded it stood still."""
        film_s = 0.0
        for stretch in self._timeline.stretches:
            if wall_s < stretch.start_s:
                break
            film_s += _within(stretch, wall_s)
        return film_s


def _canonical(payload: str) -> str:
    try:
        return json.dumps(json.loads(payload), sort_keys=True)
    except (ValueError, RecursionError):
        return payload


def _within(stretch: Stretch, wall_s: float) -> float:
    end_s = wall_s if stretch.end_s is None else min(wall_s, stretch.end_s)
    return end_s - stretch.start_s


def _at(cue: Cue, film_s: float) -> Cue:
    return Cue(film_s, cue.wall_s, cue.text, cue.sender, cue.in_stream)
