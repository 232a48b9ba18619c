"""The capture of a meeting in which any number of people send what real cameras and microphones would."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import textured, voices, webcams
from reelkit.capture.events import (
    CaptureSwitched,
    Event,
    MediaKind,
    PeerJoined,
    ProducerOpened,
    RecordingMarked,
    SessionEnded,
    SessionStarted,
    Source,
    SpeakerChanged,
)
from reelkit.capture.journal import JournalWriter
from reelkit.clock import SystemClock
from testbed.capture.mjr_file import MjrFile, file_name
from testbed.capture.packetizer import PAYLOAD_TYPES, rtp_packet

START_S = 1_760_000_000.0
RECORDING_ID = "recording-1"
FPS = 30
WEBCAMS, TEXTURED = "webcams", "textured"
CONTENTS = (WEBCAMS, TEXTURED)
"""Pictures with the spectrum of natural ones, which films of meetings mostly are, and those hardest to encode."""
DISTINCT = 9
"""So many cameras and voices differ; more people share them."""
_MICROPHONE, _CAMERA = 0, 1
_LEAD_S = 0.5
"""Packets come so long before the recording begins."""
_ON_THE_WAY_S = 0.012
_TURN_S = 6.0
"""Another one is the active speaker so often."""


@dataclass(frozen=True)
class MeetingCapture:
    """``people`` who are there, and send, from beginning to end."""

    directory: Path
    people: int
    seconds: float
    content: str

    @property
    def names(self) -> list[str]:
        return [name_of(index) for index in range(self.people)]

    def clip(self, index: int) -> list[bytes]:
        """What the camera of a person sends, over and over."""
        seed = index % DISTINCT
        return webcams.webcam_clip(seed) if self.content == WEBCAMS else textured.camera_clip(seed)


def name_of(index: int) -> str:
    return f"Person {index + 1}"


def write_meeting(directory: Path, people: int, seconds: float, content: str = WEBCAMS) -> MeetingCapture:
    """Writes the capture into ``directory``: ``seconds`` are recorded."""
    meeting = MeetingCapture(directory, people, seconds, content)
    (directory / "rtp").mkdir(parents=True)
    journal = JournalWriter(directory / "journal.jsonl", SystemClock(), 10.0)
    for event in sorted(_events(meeting), key=lambda event: event.time_s):
        journal.append(event)
    journal.close()
    for index in range(people):
        _write_camera(meeting, index)
        _write_microphone(meeting, index)
    return meeting


def _events(meeting: MeetingCapture) -> Iterator[Event]:
    before_s, end_s = START_S - _LEAD_S, START_S + meeting.seconds
    yield SessionStarted(time_s=before_s - 1, session_id="s", meeting_id="m", title="Bench")
    for index, name in enumerate(meeting.names):
        peer = _peer(index)
        yield PeerJoined(time_s=before_s - 0.5, peer_id=peer, participant_id=f"participant-{index}", name=name)
        for kind, source, codec, mindex in (
            (MediaKind.AUDIO, Source.MICROPHONE, "opus", _MICROPHONE),
            (MediaKind.VIDEO, Source.CAMERA, "vp8", _CAMERA),
        ):
            yield ProducerOpened(
                time_s=before_s - 0.5,
                producer_id=f"{peer}-{source}",
                peer_id=peer,
                feed=_feed(index),
                mid=str(mindex),
                mindex=mindex,
                kind=kind,
                source=source,
                codec=codec,
            )
    yield CaptureSwitched(time_s=before_s, on=True)
    yield RecordingMarked(time_s=START_S, recording_id=RECORDING_ID, mark="started")
    for turn in range(int(meeting.seconds / _TURN_S)):
        yield SpeakerChanged(time_s=START_S + turn * _TURN_S, peer_id=_peer(turn % meeting.people))
    yield RecordingMarked(time_s=end_s, recording_id=RECORDING_ID, mark="stopped")
    yield CaptureSwitched(time_s=end_s + 0.05, on=False)
    yield SessionEnded(time_s=end_s + 1)


def _write_camera(meeting: MeetingCapture, index: int) -> None:
    created_s = START_S - _LEAD_S
    path = meeting.directory / "rtp" / file_name("s", _feed(index), created_s, MediaKind.VIDEO, _CAMERA)
    frames = round((meeting.seconds + 2 * _LEAD_S) * FPS)
    textured.write_camera(
        path, created_s, created_s + _phase_s(index) + _ON_THE_WAY_S, frames, index, meeting.clip(index)
    )


def _write_microphone(meeting: MeetingCapture, index: int) -> None:
    created_s = START_S - _LEAD_S
    path = meeting.directory / "rtp" / file_name("s", _feed(index), created_s, MediaKind.AUDIO, _MICROPHONE)
    clip = voices.voice_clip(index % DISTINCT)
    first_s = created_s + _phase_s(index) + voices.PACKET_S + _ON_THE_WAY_S
    samples = round(voices.PACKET_S * voices.SAMPLE_RATE_HZ)
    with MjrFile(path, MediaKind.AUDIO, "opus", created_s) as file:
        for number in range(round((meeting.seconds + 2 * _LEAD_S) / voices.PACKET_S)):
            data = rtp_packet(
                payload_type=PAYLOAD_TYPES["opus"],
                marker=False,
                sequence=number,
                timestamp=number * samples,
                ssrc=0xA000 + index,
                payload=clip[number % len(clip)],
            )
            file.write(first_s + number * voices.PACKET_S, data)


def _phase_s(index: int) -> float:
    """Cameras and microphones of different people do not tick together."""
    return index * 0.0047 % (1 / FPS)


def _feed(index: int) -> str:
    return f"feed-{index + 1}"


def _peer(index: int) -> str:
    return f"peer-{index + 1}"
