"""The live stream of a job's film."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from reelkit.clock import Clock
from reelkit.publish.rtmp.errors import RtmpError
from reelkit.publish.rtmp.sender import StreamSender
from reelkit.publish.rtmp.spec import StreamSpec
from reelkit.render.config import RenderConfig

log = structlog.get_logger(__name__)


@contextmanager
def streaming(spec: StreamSpec | None, config: RenderConfig, clock: Clock) -> Iterator[StreamSender | None]:
    """The sender for as long as the block runs; None if there is to be no stream. Nothing that goes wrong with it
    reaches the block."""
    sender = None
    if spec is not None:
        try:
            sender = StreamSender(spec, config, clock)
        except RtmpError as error:
            log.error("a film is not streamed", reason=str(error))  # noqa: TRY400
    if sender is None:
        yield None
        return
    sender.start()
    try:
        yield sender
    finally:
        sender.close()
