"""One process of a job, as its supervisor hears it."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from pydantic import ValidationError

from reelkit.fleet.base import JobOutcome, JobProgress, JobSpec
from reelkit.fleet.messages import MESSAGE, Done, Failed, Progress
from reelkit.publish.delivered import DeliveredKind
from reelkit.publish.upload.growth import GrowingFile

log = structlog.get_logger(__name__)


class WorkerRun:
    """What one process of a job said, from its start to its end."""

    def __init__(self, spec: JobSpec, on_progress: Callable[[JobProgress], None]) -> None:
        self._spec = spec
        self._on_progress = on_progress
        self._first_segments: int | None = None
        self._last_segments = 0
        self._growing: dict[DeliveredKind, GrowingFile] = {}
        self.outcome: JobOutcome | None = None

    @property
    def made_progress(self) -> bool:
        """Whether segments were added since the process started."""
        return self._first_segments is not None and self._last_segments > self._first_segments

    def on_message(self, line: str) -> None:
        try:
            message = MESSAGE.validate_json(line)
        except ValidationError:
            log.warning(
                "a renderer printed something unexpected", recording_id=self._spec.recording_id, line=line[:200]
            )
            return
        match message:
            case Progress():
                if self._first_segments is None:
                    self._first_segments = message.segments
                self._last_segments = message.segments
                self._on_progress(
                    JobProgress(
                        film_s=message.film_s,
                        lag_s=message.lag_s,
                        segments=message.segments,
                        rss_bytes=message.rss_bytes,
                        wants_keyframes=message.wants_keyframes,
                        needed_from=message.needed_from,
                        stream=message.stream,
                        page=message.page,
                        growing=self._grown(message.growing),
                    )
                )
            case Done() | Failed():
                self.outcome = JobOutcome(
                    files=message.files,
                    duration_s=message.duration_s,
                    frames=message.frames,
                    report=message.report,
                    integrity=message.integrity,
                    error=message.message if isinstance(message, Failed) else None,
                )

    def _grown(self, news: Sequence[GrowingFile]) -> tuple[GrowingFile, ...]:
        """All that this process told of its growing files."""
        for each in news:
            self._growing[each.kind] = each.following(self._growing.get(each.kind))
        return tuple(self._growing.values())

    def on_log(self, line: str) -> None:
        try:
            event: dict[str, Any] = json.loads(line)
        except ValueError:
            event = {"event": line, "level": "warning"}
        level = str(event.pop("level", "info"))
        text = str(event.pop("event", ""))
        for name in ("timestamp", "logger", "recording_id"):
            event.pop(name, None)
        getattr(log, level if level in {"debug", "info", "warning", "error"} else "info")(
            text, recording_id=self._spec.recording_id, **event
        )
