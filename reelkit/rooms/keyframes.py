"""Senders are asked for keyframes: when a recording begins, until each has one in the capture, and whenever a loss
leaves a picture that cannot be decoded."""

import math
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import structlog

from reelkit.capture.catalog import Catalog, TrackKey
from reelkit.capture.depacketize import VIDEO_DEPACKETIZERS
from reelkit.capture.depacketize.base import Depacketizer
from reelkit.capture.errors import MalformedPacket, MalformedPayload
from reelkit.capture.events import MediaKind
from reelkit.capture.mjr import MjrReader, RawPacket
from reelkit.capture.packet import parse_rtp
from reelkit.clock import Clock
from reelkit.sfu import SfuError

log = structlog.get_logger(__name__)

# Janus asks once when it begins to record. Browsers drop a request that follows another closely, as it does when
# somebody has just subscribed, and the next comes with Janus' interval of many seconds: so each is asked again.
# The renderer shows a first picture up to 0.4 s before its time: what comes within that leaves no avatar in the film.
ASK_AFTER_S = (0.25, 0.3, 0.4, 0.5, 0.7, 1.0, 1.0)


# What came shortly before the first look; a camera sends 300 kB a second at most.
_TAIL_BYTES = 1 << 19
# A sender that keeps being asked is asked less and less: it may be one that never obeys.
PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 8.0
# Whoever is stuck says so at least once a second; after this it was something else.
FORGET_AFTER_S = 3.0


@dataclass(frozen=True, slots=True)
class VideoSender:
    """A video stream that is being captured; ``ask`` requests a keyframe of it."""

    feed: str
    mindex: int
    codec: str
    ask: Callable[[], Awaitable[None]]


@dataclass(slots=True)
class _Asked:
    """When a sender's keyframe was wanted last, when it was asked last, and how long it is left in peace from then."""

    wanted_s: float
    asked_s: float
    pause_s: float


class KeyframeRequests:
    """Asks single senders for a keyframe, however often that is wanted, at a rate that does not harm them."""

    def __init__(self, clock: Clock, senders: Callable[[], Collection[VideoSender]]) -> None:
        self._clock = clock
        self._senders = senders
        self._asked: dict[tuple[str, int], _Asked] = {}

    async def request(self, feed: str, mindex: int) -> None:
        """Asks the sender of a track, unless it was asked just now, or sends no video."""
        now_s = self._clock.monotonic_s()
        self._asked = {key: asked for key, asked in self._asked.items() if now_s - asked.wanted_s < FORGET_AFTER_S}
        asked = self._asked.setdefault((feed, mindex), _Asked(now_s, -math.inf, PAUSE_FIRST_S / 2))
        asked.wanted_s = now_s
        sender = next((each for each in self._senders() if (each.feed, each.mindex) == (feed, mindex)), None)
        if sender is None or now_s - asked.asked_s < asked.pause_s:
            return
        asked.asked_s, asked.pause_s = now_s, min(PAUSE_MAX_S, 2 * asked.pause_s)
        log.info("a keyframe is asked for because a picture is stuck", feed=feed, mindex=mindex)
        await _ask(sender)


async def ensure_keyframes(
    rtp_dir: Path, clock: Clock, senders: Callable[[], Collection[VideoSender]], since_s: float
) -> None:
    """Asks every sender whose packets since ``since_s`` (wall clock) hold no keyframe, a few times, then gives up."""
    seen = _SeenKeyframes(rtp_dir, since_s)
    for pause_s in ASK_AFTER_S:
        await clock.sleep(pause_s)
        waiting = [sender for sender in senders() if not seen.has(sender)]
        if not waiting:
            return
        for sender in waiting:
            await _ask(sender)
    log.warning("cameras sent no keyframe", feeds=[sender.feed for sender in waiting])


async def _ask(sender: VideoSender) -> None:
    try:
        await sender.ask()
    except SfuError as error:
        log.info("a keyframe could not be asked for", feed=sender.feed, error=str(error))


class _SeenKeyframes:
    """Looks for keyframes that arrived since ``since_s``, which is about now. Files of a long meeting are not read from
    their beginning, and none twice."""

    def __init__(self, rtp_dir: Path, since_s: float) -> None:
        self._catalog = Catalog(rtp_dir)
        self._since_s = since_s
        self._readers: dict[Path, MjrReader] = {}
        self._seen: set[TrackKey] = set()
        self._catalog.scan()
        for key in self._catalog.keys:
            for file in self._catalog.files(key):
                size = file.path.stat().st_size
                if size > _TAIL_BYTES:
                    self._readers[file.path] = MjrReader(file.path, size - _TAIL_BYTES, aligned=False)

    def has(self, sender: VideoSender) -> bool:
        """Also of a sender whose keyframes cannot be told."""
        key = TrackKey(sender.feed, MediaKind.VIDEO, sender.mindex)
        codec = VIDEO_DEPACKETIZERS.get(sender.codec)
        if codec is None or key in self._seen:
            return True
        depacketizer = codec()
        self._catalog.scan()
        for file in self._catalog.files(key):
            reader = self._readers.setdefault(file.path, MjrReader(file.path))
            if any(self._is_keyframe(packet, depacketizer) for packet in reader.poll()):
                self._seen.add(key)
                return True
        return False

    def _is_keyframe(self, packet: RawPacket, depacketizer: Depacketizer) -> bool:
        try:
            payload = parse_rtp(packet.data).payload
            return packet.arrival_s >= self._since_s and bool(payload) and depacketizer.fragment(payload).keyframe
        except (MalformedPacket, MalformedPayload):
            return False
