"""The words of PulseAudio's native protocol that a speaker needs (src/pulsecore/native-common.h, src/pulse/def.h)."""

from enum import IntEnum

VERSION = 13
"""What is announced, and so the form of all messages. libpulse takes servers from version 8 on; 13 is the first that
tells clients when a stream starts, which their clock needs, and later ones add nothing that is of use here."""
VERSION_MASK = 0xFFFF
"""What is above it in the client's version are offers to share memory, to which nobody answers."""
NO_INDEX = 0xFFFF_FFFF
"""Stands for no device, no length that matters, and for what is not the answer to a request."""
VOLUME_NORMAL = 0x10000
MOST_CHANNELS = 32
LEAST_RATE_HZ, MOST_RATE_HZ = 3_000, 768_000
"""Those of Web Audio; PulseAudio has the same limit above."""


class Command(IntEnum):
    """The first value of a packet."""

    ERROR = 0
    REPLY = 2
    CREATE_PLAYBACK_STREAM = 3
    DELETE_PLAYBACK_STREAM = 4
    AUTH = 8
    SET_CLIENT_NAME = 9
    DRAIN_PLAYBACK_STREAM = 12
    GET_PLAYBACK_LATENCY = 14
    GET_SERVER_INFO = 20
    GET_SINK_INFO = 21
    GET_SINK_INFO_LIST = 22
    GET_SOURCE_INFO = 23
    GET_SOURCE_INFO_LIST = 24
    SUBSCRIBE = 35
    SET_SINK_INPUT_VOLUME = 37
    CORK_PLAYBACK_STREAM = 41
    FLUSH_PLAYBACK_STREAM = 42
    TRIGGER_PLAYBACK_STREAM = 43
    PREBUF_PLAYBACK_STREAM = 60
    REQUEST = 61
    OVERFLOW = 62
    UNDERFLOW = 63
    SET_SINK_INPUT_MUTE = 69
    SET_PLAYBACK_STREAM_BUFFER_ATTR = 72
    UPDATE_PLAYBACK_STREAM_PROPLIST = 81
    UPDATE_CLIENT_PROPLIST = 82
    REMOVE_PLAYBACK_STREAM_PROPLIST = 84
    REMOVE_CLIENT_PROPLIST = 85
    STARTED = 86


class Refusal(IntEnum):
    """Why a command is not carried out."""

    ACCESS = 1
    INVALID = 3
    NO_ENTITY = 5
    VERSION = 17
    TOO_LARGE = 18
    NOT_SUPPORTED = 19
