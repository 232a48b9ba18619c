"""Pictures from the start: senders are asked for keyframes until each has one in the capture."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import structlog

from reelkit.capture.catalog import Catalog, TrackKey
from reelkit.capture.depacketize import VIDEO_DEPACKETIZERS
from reelkit.capture.errors import MalformedPacket, MalformedPayload
from reelkit.capture.events import MediaKind
from reelkit.capture.mjr import MjrReader
from reelkit.capture.packet import parse_rtp
from reelkit.clock import Clock
from reelkit.sfu import SfuError

log = structlog.get_logger(__name__)

# Janus asks once when it begins to record. Browsers drop a request that follows another closely, as it does when
# somebody has just subscribed, and the next comes with Janus' interval of many seconds: so each is asked again.
ASK_AFTER_S = (0.4, 0.4, 0.5, 0.7, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class VideoSender:
    """A video stream that is being captured; ``ask`` requests a keyframe of it."""

    feed: str
    mindex: int
    codec: str
    ask: Callable[[], Awaitable[None]]


async def ensure_keyframes(
    rtp_dir: Path, clock: Clock, senders: Callable[[], Collection[VideoSender]], since_s: float
) -> None:
    """Asks every sender whose packets since ``since_s`` (wall clock) hold no keyframe, a few times, then gives up."""
    for pause_s in ASK_AFTER_S:
        await clock.sleep(pause_s)
        catalog = Catalog(rtp_dir)
        catalog.scan()
        waiting = [sender for sender in senders() if not _has_keyframe(catalog, sender, since_s)]
        if not waiting:
            return
        for sender in waiting:
            try:
                await sender.ask()
            except SfuError as error:
                log.info("a keyframe could not be asked for", feed=sender.feed, error=str(error))
    log.warning("cameras sent no keyframe", feeds=[sender.feed for sender in waiting])


def _has_keyframe(catalog: Catalog, sender: VideoSender, since_s: float) -> bool:
    codec = VIDEO_DEPACKETIZERS.get(sender.codec)
    if codec is None:
        return True
    depacketizer = codec()
    for file in catalog.files(TrackKey(sender.feed, MediaKind.VIDEO, sender.mindex)):
        for packet in MjrReader(file.path).poll():
            try:
                payload = parse_rtp(packet.data).payload
                if packet.arrival_s >= since_s and payload and depacketizer.fragment(payload).keyframe:
                    return True
            except (MalformedPacket, MalformedPayload):
                continue
    return False
