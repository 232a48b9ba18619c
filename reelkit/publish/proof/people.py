"""Who sent what: the counts of the capture by participant."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from reelkit.capture.catalog import packet_file
from reelkit.capture.events import Event, MediaKind, PeerJoined, PeerRenamed, ProducerOpened, Source
from reelkit.publish.proof.gaps import film_s
from reelkit.publish.proof.record import Freeze, Outage, Participant, Skew, SkewMethod, Track
from reelkit.render.report import TrackReport
from reelkit.render.stream_tally import StreamTally
from reelkit.render.timeline import Stretch
from reelkit.render.viewing import MAX_FREEZES, TrackViewing

MAX_OUTAGES = 500
"""In a record, of all participants together."""
_TOLD_SHARE = 0.5
"""A track whose sender told its capture times for less than this share of the seconds was placed by arrival. Senders
tell them always or never, but each stretch begins with some packets before the first is told."""


def participants(
    events: Sequence[Event],
    stretches: Sequence[Stretch],
    streams: Iterable[StreamTally],
    pictures: Iterable[TrackViewing],
    sounds: Iterable[TrackReport],
) -> list[Participant]:
    """Everyone who sent something, in the order of joining; at the end whatever belongs to nobody known."""
    people = _People(events)
    for stream in streams:
        if not (stream.packets or stream.lost or stream.malformed):
            continue  # what the file holds was sent while nothing was recorded
        people.find(stream.participant_id).tracks.append(_track(stream, stretches))
        people.streams.setdefault(stream.participant_id, []).append(stream)
    for viewing in pictures:
        track = people.track(viewing.feed, MediaKind.VIDEO, viewing.mindex, viewing.source)
        if track is not None:
            _add_viewing(track, viewing, stretches)
    for sound in sounds:
        file = packet_file(Path(sound.file))
        if file is None:
            continue
        track = people.track(file.key.feed, MediaKind.AUDIO, file.key.mindex, None)
        if track is not None:
            track.concealed = (track.concealed or 0) + sound.concealed
            track.decoder_errors += sound.decoder_errors
    found = [person for person in people.all if person.tracks]
    for person in found:
        person.av_skew = skew(people.streams.get(person.participant_id, []))
    _shorten([track for person in found for track in person.tracks])
    return found


def skew(streams: Iterable[StreamTally]) -> Skew | None:
    """How far a participant's sound and picture may lie apart; None without both."""
    by_source = {stream.source: stream for stream in streams}
    audio, video = by_source.get(Source.MICROPHONE.value), by_source.get(Source.CAMERA.value)
    if audio is None or video is None or not audio.clock.seconds or not video.clock.seconds:
        return None
    told = [stream.clock.told_seconds >= _TOLD_SHARE * stream.clock.seconds for stream in (audio, video)]
    wobble_ms = sum(stream.clock.wobble_p95_ms() or 0.0 for stream in (audio, video))
    method: SkewMethod = "arrival"
    estimate_ms = None
    if all(told):
        method = "abs_capture_time"
        corrections = [stream.clock.correction_sum_s / stream.clock.told_seconds for stream in (audio, video)]
        estimate_ms = round(1_000 * (corrections[0] - corrections[1]), 1) + 0.0
    elif any(told):
        # One is placed where it was captured, the other where it arrived: apart by what the network took.
        method = "mixed"
        clock = audio.clock if told[0] else video.clock
        wobble_ms += 1_000 * abs(clock.delay_sum_s / clock.told_seconds)
    return Skew(method=method, estimate_ms=estimate_ms, uncertainty_ms=round(wobble_ms, 1))


class _People:
    """The participants that a journal tells of."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._by_id: dict[str, Participant] = {}
        self._peers: dict[str, str] = {}
        self._producers: dict[tuple[str, MediaKind, int], list[ProducerOpened]] = {}
        self.streams: dict[str, list[StreamTally]] = {}
        for event in events:
            match event:
                case PeerJoined():
                    self._peers[event.peer_id] = event.participant_id
                    self.find(event.participant_id).name = event.name
                    self.find(event.participant_id).custom_participant_id = event.custom_participant_id
                case PeerRenamed():
                    self.find(self._peers.get(event.peer_id, "")).name = event.name
                case ProducerOpened():
                    self._producers.setdefault((event.feed, event.kind, event.mindex), []).append(event)
                case _:
                    pass

    @property
    def all(self) -> list[Participant]:
        """In the order of joining; who is not known comes last."""
        return sorted(self._by_id.values(), key=lambda person: not person.participant_id)

    def find(self, participant_id: str) -> Participant:
        """Someone, who is added if the journal does not tell of them."""
        return self._by_id.setdefault(participant_id, Participant(participant_id=participant_id, name=None))

    def track(self, feed: str, kind: MediaKind, mindex: int, source: Source | None) -> Track | None:
        """What a track of the SFU is counted under."""
        for event in self._producers.get((feed, kind, mindex), []):
            if source is None or event.source is source:
                person = self.find(self._peers.get(event.peer_id, ""))
                wanted = event.source.value
                return next((track for track in person.tracks if track.source == wanted), None)
        return None


def _shorten(tracks: Iterable[Track]) -> None:
    room = MAX_OUTAGES
    for track in tracks:
        track.outages_left_out += max(0, len(track.outages) - room)
        track.outages = track.outages[:room]
        room -= len(track.outages)


def _track(stream: StreamTally, stretches: Sequence[Stretch]) -> Track:
    sent = stream.packets + stream.lost
    return Track(
        source=stream.source,
        kind=stream.kind,
        codec=stream.codec,
        packets=stream.packets,
        payload_bytes=stream.payload_bytes,
        lost=stream.lost,
        lost_share=round(stream.lost / sent, 5) if sent else 0.0,
        late=stream.late,
        recovered=stream.recovered,
        duplicates=stream.duplicates,
        malformed=stream.malformed,
        clock_jumps=stream.clock.jumps,
        outages=[
            Outage(film_s=film_s(outage.wall_s, stretches), **outage.model_dump(exclude={"film_s"}))
            for outage in stream.outages
        ],
        outages_left_out=stream.outages_left_out,
    )


def _add_viewing(track: Track, viewing: TrackViewing, stretches: Sequence[Stretch]) -> None:
    track.decoded = (track.decoded or 0) + viewing.decoded
    track.undecodable = (track.undecodable or 0) + viewing.undecodable
    track.decoder_errors += viewing.decoder_errors
    track.frozen_s = round((track.frozen_s or 0.0) + viewing.frozen_s, 3)
    room = MAX_FREEZES - len(track.freezes)
    track.freezes += [
        Freeze(
            film_s=film_s(freeze.wall_s, stretches),
            wall_s=freeze.wall_s,
            length_s=freeze.length_s,
            reason=freeze.reason,
        )
        for freeze in viewing.freezes[:room]
    ]
    track.freezes_left_out += viewing.freezes_left_out + max(0, len(viewing.freezes) - room)
