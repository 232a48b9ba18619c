"""A part of a long film as a film of its own, so that looking at it does not take decoding all of it."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av


def excerpt(film: Path, start_s: float, length_s: float, target: Path) -> float:
    """Copies what lies from the last keyframe at or before ``start_s`` on, ``length_s`` long, into ``target``.

    Nothing is encoded anew. Returns the film time with which the excerpt begins.
    """
    with av.open(str(film)) as source, av.open(str(target), "w", format="mp4") as copy:
        video = source.streams.video[0]
        assert video.time_base is not None
        source.seek(int(start_s / video.time_base), stream=video, backward=True)
        streams = {stream.index: copy.add_stream_from_template(stream) for stream in source.streams}
        begin_s: Fraction | None = None
        waiting: list[av.Packet[Any]] = []
        for packet in source.demux():
            if packet.pts is None or packet.dts is None:
                continue
            time_s = packet.pts * packet.time_base
            if begin_s is None:
                if packet.stream.index != video.index:
                    waiting.append(packet)
                    continue
                begin_s = time_s
                due = [*(held for held in waiting if (held.pts or 0) * held.time_base >= begin_s), packet]
            else:
                due = [packet] if time_s >= begin_s else []
            if time_s >= begin_s + Fraction(length_s):
                if packet.stream.index == video.index:
                    break
                continue
            for each in due:
                shift = int(begin_s / each.time_base)
                each.pts, each.dts = (each.pts or 0) - shift, (each.dts or 0) - shift
                each.stream = streams[each.stream.index]
                copy.mux(each)
    return float(begin_s or 0)
