"""What clients are told of the one device that there is: a loudspeaker, and no microphone."""

from reelkit.page.pulse_protocol import NO_INDEX, VOLUME_NORMAL
from reelkit.page.sample_spec import SampleFormat, SampleSpec
from reelkit.page.sound_block import SAMPLE_RATE_HZ
from reelkit.page.tagged_values import TagWriter

SINK_INDEX = 0
SINK_NAME = "speaker"
SINK_NAMES = frozenset({SINK_NAME, "@DEFAULT_SINK@", None})
_MONITOR_NAME = "speaker.monitor"
"""Chromium cannot live without a name, but asks in vain for what it stands for."""
_SPEC = SampleSpec(SampleFormat.FLOAT32LE, 2, SAMPLE_RATE_HZ)
_STEREO = (1, 2)
"""Front left, front right."""


def put_server_info(reply: TagWriter) -> TagWriter:
    """Chromium opens its streams with this rate and as many channels."""
    reply.text("reelkit").text("1").text("").text("").sample_spec(_SPEC)
    return reply.text(SINK_NAME).text(_MONITOR_NAME).numbers(0)


def put_sink_info(reply: TagWriter) -> TagWriter:
    reply.numbers(SINK_INDEX).text(SINK_NAME).text("Speaker").sample_spec(_SPEC).positions(_STEREO)
    reply.numbers(NO_INDEX).volumes([VOLUME_NORMAL] * len(_STEREO)).flag(False)
    reply.numbers(NO_INDEX).text(_MONITOR_NAME).duration(0.0).text("reelkit").numbers(0)
    return reply.no_properties().duration(0.0)
