"""Journals of interactive recordings for tests of their files."""

import json
from collections.abc import Iterable
from pathlib import Path

from reelkit.capture.events import BroadcastSent, Event, PeerJoined, RecordingMarked, SessionStarted
from reelkit.capture.journal import JournalWriter
from reelkit.capture.layout import JOURNAL_FILE
from reelkit.clock import SystemClock
from reelkit.render.config import AudioCodec, AudioSpec, MetadataSpec, RenderConfig
from tests.publish.segments import CONFIG

START_S = 1_760_000_000.0
RECORDING_ID = "recording-1"


def config_of(audio: AudioCodec = "AAC", *, since_s: float | None = None, name: str = "talk") -> RenderConfig:
    """An interactive recording of the pictures of tests.publish.segments."""
    return CONFIG.model_copy(
        update={
            "recording_id": RECORDING_ID,
            "files": ("hls",),
            "audio": AudioSpec(codec=audio),
            "metadata": MetadataSpec(since_s=None if since_s is None else START_S + since_s, name=name),
        }
    )


def opening() -> list[Event]:
    """A session with somebody in it."""
    return [
        SessionStarted(time_s=START_S - 60, session_id="s", meeting_id="m", title="t"),
        PeerJoined(time_s=START_S - 50, peer_id="peer-1", participant_id="participant-1", name="Åsa"),
    ]


def mark(at_s: float, what: str) -> RecordingMarked:
    """A mark, ``at_s`` after the recording's start."""
    return RecordingMarked.model_validate({"time_s": START_S + at_s, "recording_id": RECORDING_ID, "mark": what})


def sent(at_s: float, payload: object, message_type: str = "ID3Data") -> BroadcastSent:
    """A message; ``payload`` is made JSON unless it is text."""
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return BroadcastSent(time_s=START_S + at_s, peer_id="peer-1", message_type=message_type, payload=text)


def write_journal(capture: Path, events: Iterable[Event]) -> Path:
    """Appends to the journal of the capture in that directory."""
    writer = JournalWriter(capture / JOURNAL_FILE, SystemClock(), 1.0)
    for event in events:
        writer.append(event)
    writer.close()
    return capture
