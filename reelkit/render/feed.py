"""How far a capture reaches: its journal, the film's timeline, and what can be taken for final."""

import math
from pathlib import Path

import structlog

from reelkit.capture.errors import PacketFileError
from reelkit.capture.events import CaptureSwitched, Event, SessionEnded
from reelkit.capture.journal import JournalReader
from reelkit.capture.layout import JOURNAL_FILE, RTP_DIR
from reelkit.capture.mjr import MjrReader
from reelkit.clock import Clock
from reelkit.render.config import RenderConfig
from reelkit.render.timeline import Timeline

log = structlog.get_logger(__name__)

_SETTLING_S = 1.2
"""Of the lag, this much is for packets that come late and for capture times, which take a second to become final; the
rest is for the delay with which packets can be read."""
_MIN_DELAY_S = 0.1
_PAGE_LAG_S = 0.3
"""Pictures and sound of a page are there at once. So much is for the journal's marks, which are looked for ten times a
second."""


class Feed:
    """Follows the journal of the capture in ``capture_dir`` for the film that ``config`` asks for."""

    def __init__(self, capture_dir: Path, config: RenderConfig, clock: Clock) -> None:
        self.timeline = Timeline.of(config)
        self.horizon_s = -math.inf
        """Everything that arrived before this wall-clock instant can be read; infinity for a complete capture."""
        self.ready_s = -math.inf
        """Up to this wall-clock instant a film may be made, if nothing has to be waited for."""
        self._rtp_dir = capture_dir / RTP_DIR
        self._journal = JournalReader(capture_dir / JOURNAL_FILE)
        self._config = config
        self._clock = clock
        self._capturing = True
        self._last_event_s = -math.inf

    @property
    def is_recording(self) -> bool:
        """Whether the recording had begun and was neither paused nor stopped."""
        stretches = self.timeline.stretches
        return bool(stretches) and stretches[-1].end_s is None

    def poll(self) -> list[Event]:
        """The new events of the journal, which the timeline has taken. Raises OSError."""
        now_s = self._clock.time_s()
        events = self._journal.poll()
        self.timeline.extend(events)
        for event in events:
            self._last_event_s = event.time_s
            match event:
                case CaptureSwitched():
                    self._capturing = event.on
                case SessionEnded():
                    self._capturing = False
                case _:
                    pass
        if not self._config.live:
            if not self.timeline.ended:
                self.timeline.finish(self._last_s())
            self.horizon_s = self.ready_s = math.inf
        elif self._config.source == "page":
            # Whatever becomes of the session, the page's last moments are still to come.
            self.horizon_s = self.ready_s = now_s - _PAGE_LAG_S
        elif self.timeline.ended and not self._capturing:
            # The SFU closed its files: nothing comes any more.
            self.horizon_s = self.ready_s = math.inf
        else:
            self.horizon_s = now_s - max(_MIN_DELAY_S, self._config.lag_s - _SETTLING_S)
            self.ready_s = now_s - self._config.lag_s
        return events

    def _last_s(self) -> float:
        """The last instant of which a complete capture tells anything."""
        if not self.is_recording and self._config.recording_id is not None:
            return self._last_event_s
        arrivals = (_last_arrival_s(path) for path in sorted(self._rtp_dir.glob("*.mjr")))
        return max(self._last_event_s, *arrivals, -math.inf)


def _last_arrival_s(path: Path) -> float:
    """When the last packet of a file arrived."""
    reader = MjrReader(path)
    last_s = -math.inf
    try:
        while packets := reader.poll():
            last_s = packets[-1].arrival_s
    except PacketFileError as error:
        log.warning("left out a packet file that cannot be read", path=str(path), reason=str(error))
    return last_s
