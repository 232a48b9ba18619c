"""A recording as people read it: how it stands, what was delivered, what is known of its soundness."""

from collections.abc import Iterator, Mapping
from typing import Any

from reelkit.commands.formats import duration, size, text, whole_time
from reelkit.commands.output import at
from reelkit.commands.recording_downloads import files_of

_SHOWN_PROBLEMS = 5


def recorded_s(recording: Mapping[str, Any]) -> float | None:
    """How much is recorded, without pauses; None if that is not known yet."""
    length_ms = at(recording, "reelkit.duration_ms")
    if isinstance(length_ms, int | float):
        return length_ms / 1000
    done_s, lag_s = at(recording, "reelkit.rendering.done_s"), at(recording, "reelkit.rendering.lag_s")
    if isinstance(done_s, int | float) and isinstance(lag_s, int | float):
        return done_s + lag_s
    return None


def progress(recording: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What goes on while it runs and until it is delivered: film, stream, page, storage."""
    rendering = at(recording, "reelkit.rendering")
    if isinstance(rendering, Mapping):
        yield "film", _rendering(rendering)
    page = at(recording, "reelkit.page")
    if isinstance(page, Mapping):
        reloads = f", opened anew {page['reloads']} times" if page.get("reloads") else ""
        yield "page", f"{text(page.get('state'))}{reloads}{_because(page.get('reason'))}"
    stream = at(recording, "reelkit.streaming")
    if isinstance(stream, Mapping):
        trouble = [
            f"{stream[name]} {what}"
            for name, what in (("reconnects", "new connections"), ("dropped_gops", "groups of pictures dropped"))
            if stream.get(name)
        ]
        told = ", ".join([f"{text(stream.get('state'))} to {text(stream.get('target'))}", *trouble])
        yield "stream", f"{told}{_because(stream.get('error'))}"
    destination = at(recording, "reelkit.destination")
    if isinstance(destination, Mapping):
        yield "storage", _destination(destination)


def facts(recording: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Everything worth knowing but the links."""
    yield "id", text(recording.get("id"))
    yield "status", text(recording.get("status"))
    yield "type", text(recording.get("type"))
    yield "meeting", text(at(recording, "reelkit.meeting_id"))
    yield "session", text(recording.get("session_id"))
    yield "file", text(recording.get("output_file_name"))
    yield "started", f"{whole_time(recording.get('started_time'))}{_by(recording.get('start_reason'))}"
    if recording.get("stopped_time"):
        yield "stopped", f"{whole_time(recording.get('stopped_time'))}{_by(recording.get('stop_reason'))}"
    length_s = recorded_s(recording)
    yield "length", "" if length_s is None else duration(length_s)
    yield "size", size(recording.get("file_size"))
    yield from progress(recording)
    bucket = at(recording, "reelkit.bucket.state")
    until = whole_time(recording.get("download_url_expiry"))
    yield "hosted bucket", f"{text(bucket)} until {until}" if bucket == "STORED" and until else text(bucket)
    yield "sha256", text(at(recording, "reelkit.sha256"))
    yield "integrity", integrity(at(recording, "reelkit.integrity"))
    for note in at(recording, "reelkit.notes") or []:
        yield "note", text(note)
    yield "error", text(at(recording, "reelkit.error"))


def links(recording: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and signed link of each file."""
    return ((text(file.name), file.url) for file in files_of(recording))


def integrity(record: Any) -> str:  # noqa: ANN401 - what JSON can hold
    """The record of integrity in a few lines; empty without one."""
    if not isinstance(record, Mapping):
        return ""
    said = ["whole" if record.get("whole") else f"not whole{_because(record.get('error'))}"]
    decoded = at(record, "decoded") or {}
    if decoded.get("frames"):
        level = f" ({text(decoded['level'])})" if decoded.get("level") else ""
        said.append(f"{decoded['frames']} pictures decoded{level}, {decoded.get('frame_errors', 0)} with errors")
    gaps = at(record, "gaps.entries") or []
    if gaps:
        paused_s, lost_s = at(record, "gaps.paused_s") or 0, at(record, "gaps.without_media_s") or 0
        said.append(f"paused for {duration(paused_s)}, without media for {duration(lost_s)}")
    lost = sum(
        track.get("lost", 0) for person in record.get("participants") or [] for track in person.get("tracks") or []
    )
    if lost:
        said.append(f"{lost} packets never came")
    problems = [text(problem) for problem in (decoded.get("problems") or [])[:_SHOWN_PROBLEMS]]
    return "\n".join([", ".join(said), *problems])


def _rendering(rendering: Mapping[str, Any]) -> str:
    state, lag_s = rendering.get("state"), rendering.get("lag_s")
    lag = f"{lag_s:.1f} s" if isinstance(lag_s, int | float) else "some time"
    if state == "waiting":
        return "waits for a renderer; the capture goes on"
    if state == "catching_up":
        return f"catches up, {lag} left"
    return f"{text(state)}, {lag} behind the meeting"


def _destination(destination: Mapping[str, Any]) -> str:
    sent, total = destination.get("sent_bytes"), destination.get("total_bytes")
    amount = "" if sent is None else f", {size(sent)}" if total is None else f", {size(sent)} of {size(total)}"
    attempts = destination.get("attempts")
    tries = f", attempt {attempts}" if isinstance(attempts, int) and attempts > 1 else ""
    told = f"{text(destination.get('state'))} to {text(destination.get('label'))}{amount}{tries}"
    return f"{told}{_because(destination.get('error'))}"


def _by(reason: Any) -> str:  # noqa: ANN401
    if not isinstance(reason, Mapping):
        return ""
    caller = text(at(reason, "caller.name"))
    return f" ({text(reason.get('reason'))}{f' by {caller}' if caller else ''})"


def _because(reason: object) -> str:
    return f": {text(reason)}" if reason else ""
