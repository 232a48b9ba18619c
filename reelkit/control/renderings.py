"""How far the films are that are being made."""

from collections.abc import Mapping
from dataclasses import replace

from reelkit.control.delivery import Delivery
from reelkit.control.livestreamer import Livestreamer
from reelkit.control.recorder import Recorder
from reelkit.control.rendering import Rendering, RenderingState
from reelkit.control.rerender import Rerender
from reelkit.fleet.base import Fleet, JobStatus

_MS_PER_S = 1_000
# A renderer that keeps up commits a segment of 3.2 s as soon as its last frame can be known: more means catching up.
_KEEPS_UP_S = 10.0


class Renderings:
    """The films of recordings that run or are being delivered, of livestreams, and those that are made again."""

    def __init__(self, fleet: Fleet, recorder: Recorder, delivery: Delivery, livestreams: Livestreamer) -> None:
        self._fleet = fleet
        self._recorder = recorder
        self._delivery = delivery
        self._livestreams = livestreams

    def all(self) -> Mapping[str, Rendering]:
        """Those of recordings and of livestreams that run, by their ids."""
        jobs = self._fleet.statuses()
        found = {
            job_id: self._of_recording(job_id, job) or self._of_stream(job_id, job) for job_id, job in jobs.items()
        }
        return {recording_id: rendering for recording_id, rendering in found.items() if rendering is not None}

    def of(self, recording_id: str) -> Rendering | None:
        """None when there is nothing to render."""
        job = self._fleet.statuses().get(recording_id)
        return self._of_recording(recording_id, job) if job is not None else None

    def of_rerender(self, rerender: Rerender) -> Rendering | None:
        """None when there is nothing to render."""
        job = self._fleet.statuses().get(rerender.id)
        if job is None:
            return None
        return _rendering(job, RenderingState.CATCHING_UP, (rerender.duration_ms or 0) / _MS_PER_S)

    def _of_recording(self, recording_id: str, job: JobStatus) -> Rendering | None:
        live = self._recorder.find(recording_id)
        if live is None:
            stopped = self._delivery.delivering(recording_id)
            if stopped is None:
                return None
            return _rendering(job, RenderingState.CATCHING_UP, (stopped.duration_ms or 0) / _MS_PER_S)
        return _following(job, live.recorded_s)

    def _of_stream(self, livestream_id: str, job: JobStatus) -> Rendering | None:
        live = self._livestreams.find(livestream_id)
        # While it waits it falls behind with the meeting, but does not want to catch up.
        return _following(job, 0.0) if live is not None else None


def _following(job: JobStatus, recorded_s: float) -> Rendering:
    """Of a film whose meeting goes on."""
    told_s = job.progress.lag_s if job.progress else 0.0
    keeps_up = told_s <= _KEEPS_UP_S
    rendering = _rendering(job, RenderingState.LIVE if keeps_up else RenderingState.CATCHING_UP, recorded_s)
    return rendering if job.waiting or job.progress is None else replace(rendering, lag_s=told_s)


def _rendering(job: JobStatus, running: RenderingState, recorded_s: float) -> Rendering:
    """``running`` is its state unless it waits; ``recorded_s`` is how long the film will be, as far as is known."""
    done_s = job.progress.film_s if job.progress else 0.0
    return Rendering(
        state=RenderingState.WAITING if job.waiting else running,
        lag_s=max(0.0, recorded_s - done_s),
        done_s=done_s,
        rss_bytes=job.progress.rss_bytes if job.progress else None,
    )
