"""Writes synthetic captures, at once or as they grow."""

import heapq
from collections.abc import Callable, Iterator
from functools import partial
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Self

from reelkit.capture.events import EVENT
from testbed.capture.mjr_file import MAGIC, file_name
from testbed.capture.recorder import Recorder
from testbed.capture.script import SWITCH_TAIL_S, journal, peer_id_of, switched
from testbed.capture.spec import CaptureSpec
from testbed.capture.track import DUMMY_MINDEXES, Track, tracks_of

_Action = tuple[float, int, Callable[[], object]]
"""An instant on the timeline's clock, the rank among those of one instant, what to do."""
_OPEN, _EVENT, _PACKET, _CLOSE = range(4)


class CaptureWriter:
    """Writes the capture of ``spec`` into ``directory`` up to a wall-clock instant at a time.

    With ``flush`` all that has arrived can be read, as with the flush library; without it packet files end at whole
    blocks of stdio. What is written in the end does not depend on the steps.
    """

    def __init__(self, spec: CaptureSpec, directory: Path, *, flush: bool = True) -> None:
        self.spec = spec
        self.directory = directory
        self._flush = flush
        self._rtp = directory / "rtp"
        self._rtp.mkdir(parents=True, exist_ok=True)
        self._journal = (directory / "journal.jsonl").open("wb", buffering=0)
        self._recorders: list[Recorder] = []
        tracks: list[Track] = []
        for index, participant in enumerate(spec.timeline.participants):
            tracks += tracks_of(spec, participant, _feed(index), peer_id_of(participant))
        sources = [self._events(tracks), self._dummies(), *(self._track(track) for track in tracks)]
        self._actions = heapq.merge(*sources, key=itemgetter(0, 1))
        self._next: _Action | None = next(self._actions, None)

    def write_until(self, wall_s: float) -> None:
        """Writes everything that happened up to and including ``wall_s``."""
        while self._next is not None and self.spec.wall_s(self._next[0]) <= wall_s:
            self._next[2]()
            self._next = next(self._actions, None)
        if self._flush:
            for recorder in self._recorders:
                recorder.flush()

    def finish(self) -> None:
        """Writes the rest and closes all files."""
        self.write_until(float("inf"))
        self.close()

    def close(self) -> None:
        """Closes all files as they are."""
        for recorder in self._recorders:
            recorder.close()
        self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _events(self, tracks: list[Track]) -> Iterator[_Action]:
        for event in journal(self.spec, tracks):
            line = EVENT.dump_json(event) + b"\n"
            yield event.time_s - self.spec.zero_s, _EVENT, partial(self._journal.write, line)

    def _track(self, track: Track) -> Iterator[_Action]:
        """Opens the track's files, records its packets into the one that is open, closes them."""
        recorder = Recorder(self.spec, track, self._rtp, ssrc=0x5EED0000 + len(self._recorders))
        self._recorders.append(recorder)
        edges: list[_Action] = []
        for stretch in self.spec.stretches():
            on_s, off_s = switched(stretch)
            begin_s, end_s = max(on_s, track.opened.start_s), min(off_s, track.opened.stop_s + SWITCH_TAIL_S)
            if begin_s < end_s:
                edges.append((begin_s, _OPEN, partial(recorder.open, begin_s)))
                edges.append((end_s, _CLOSE, recorder.close))
        packets = ((packet.arrival_s, _PACKET, partial(recorder.write, packet)) for packet in track.arrivals())
        return heapq.merge(edges, packets, key=itemgetter(0, 1))

    def _dummies(self) -> Iterator[_Action]:
        """The files of m-lines that never send."""
        actions: list[_Action] = []
        for index, participant in enumerate(self.spec.timeline.participants):
            presence = self.spec.timeline.presence(participant)
            for stretch in self.spec.stretches():
                begin_s = max(switched(stretch)[0], presence.start_s)
                if begin_s < min(presence.stop_s, stretch.stop_s):
                    for mindex, kind in DUMMY_MINDEXES.items():
                        created_s = self.spec.wall_s(begin_s)
                        path = self._rtp / file_name(self.spec.session_id, _feed(index), created_s, kind, mindex)
                        actions.append((begin_s, _OPEN, partial(path.write_bytes, MAGIC)))
        return iter(sorted(actions, key=itemgetter(0, 1)))


def write_capture(spec: CaptureSpec, directory: Path) -> Path:
    """Writes the whole capture of ``spec`` into ``directory``, which is returned."""
    with CaptureWriter(spec, directory) as writer:
        writer.finish()
    return directory


def _feed(index: int) -> str:
    return f"feed-{index + 1}"
