"""Figures of an app by day, as the official clients read them."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field

from reelkit.api.envelope import WireModel
from reelkit.api.wire.minutes import minutes, whole_minutes
from reelkit.control.analytics import DayFigures


class SessionDay(WireModel):
    day: str = Field(description="A UTC day.", examples=["2026-01-31"])
    total_sessions: int = Field(description="Sessions that began on it.")
    total_session_minutes: float = Field(description="Participant minutes on it; a visit over midnight is split.")


class SessionStats(WireModel):
    sessions_count: int
    sessions_minutes_consumed: float = Field(description="Participant minutes, as of minutes_consumed of sessions.")
    day_stats: list[SessionDay]


class RecordingDay(WireModel):
    day: str = Field(description="A UTC day.", examples=["2026-01-31"])
    total_recordings: int = Field(description="Recordings that were invoked on it.")
    total_recording_minutes: int = Field(description="Their length without pauses, rounded.")


class RecordingStats(WireModel):
    recording_count: int
    recording_minutes_consumed: float
    day_stats: list[RecordingDay]


class AnalyticsWire(WireModel):
    """Each day of a range, and the sums over it."""

    session_stats: SessionStats
    recording_stats: RecordingStats

    @classmethod
    def of(cls, days: Sequence[DayFigures]) -> Self:
        return cls(
            session_stats=SessionStats(
                sessions_count=sum(each.sessions.count for each in days),
                sessions_minutes_consumed=minutes(sum(each.sessions.duration_ms for each in days)),
                day_stats=[
                    SessionDay(
                        day=each.day.isoformat(),
                        total_sessions=each.sessions.count,
                        total_session_minutes=minutes(each.sessions.duration_ms),
                    )
                    for each in days
                ],
            ),
            recording_stats=RecordingStats(
                recording_count=sum(each.recordings.count for each in days),
                recording_minutes_consumed=minutes(sum(each.recordings.duration_ms for each in days)),
                day_stats=[
                    RecordingDay(
                        day=each.day.isoformat(),
                        total_recordings=each.recordings.count,
                        total_recording_minutes=whole_minutes(each.recordings.duration_ms),
                    )
                    for each in days
                ],
            ),
        )
