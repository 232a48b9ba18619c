"""Livestreams as the official clients read them.

How long viewers watched is known to the operator's server alone: ``viewer_seconds`` is never there.
"""

from datetime import datetime
from typing import Self

from pydantic import Field

from reelkit.api.envelope import Absent, Paging, Timestamp, WireModel
from reelkit.control.livestream import Livestream, LivestreamStatus
from reelkit.control.livestream_urls import LivestreamUrls
from reelkit.control.livestreams import LivestreamTotals
from reelkit.control.paging import Page


class StartedLivestream(WireModel):
    """The answer to a start."""

    id: str
    status: LivestreamStatus
    ingest_server: Absent[str] = Field(None, description="The operator's server, which Reelkit streams to.")
    stream_key: Absent[str] = Field(None, description="The stream's name there. Only API tokens are shown it.")
    playback_url: Absent[str] = Field(None, description="Where it is watched, if the operator has said.")

    @classmethod
    def of(cls, livestream: Livestream, urls: LivestreamUrls) -> Self:
        return cls(
            id=livestream.id,
            status=livestream.status,
            ingest_server=urls.ingest_server if urls.available else None,
            stream_key=livestream.stream_key,
            playback_url=urls.playback_url(livestream),
        )


class LivestreamWire(StartedLivestream):
    """A livestream."""

    name: Absent[str] = None
    meeting_id: str
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, livestream: Livestream, urls: LivestreamUrls) -> Self:
        return cls(
            **StartedLivestream.of(livestream, urls).model_dump(),
            name=livestream.name,
            meeting_id=livestream.meeting_id,
            created_at=livestream.invoked_at,
            updated_at=livestream.updated_at,
        )


class SdkLivestream(WireModel):
    """What participants are shown; none of them gets the stream key."""

    status: LivestreamStatus
    manual_ingest: bool = False
    playback_url: Absent[str] = None

    @classmethod
    def of(cls, livestream: Livestream, urls: LivestreamUrls) -> Self:
        return cls(status=livestream.status, playback_url=urls.playback_url(livestream))


class _Session(WireModel):
    id: str
    livestream_id: str
    created_at: Timestamp
    invoked_time: Timestamp
    started_time: Absent[Timestamp] = Field(None, description="When the ingest server took the first of it.")
    stopped_time: Absent[Timestamp] = None
    updated_at: Timestamp
    err_message: Absent[str] = Field(None, description="What went wrong last.")

    @classmethod
    def _fields(cls, livestream: Livestream, error: str | None) -> dict[str, object]:
        return {
            "id": livestream.run_id,
            "livestream_id": livestream.id,
            "created_at": livestream.invoked_at,
            "invoked_time": livestream.invoked_at,
            "started_time": livestream.started_at,
            "stopped_time": livestream.stopped_at,
            "updated_at": livestream.updated_at,
            "err_message": error,
        }


class LivestreamSession(_Session):
    """The one run of a livestream."""

    ingest_seconds: int = Field(description="For how long it has been streamed.")

    @classmethod
    def of(cls, livestream: Livestream, error: str | None, now: datetime) -> Self:
        return cls.model_validate({**cls._fields(livestream, error), "ingest_seconds": livestream.ingest_s(now)})


class ActiveLivestreamSession(_Session):
    """The same where the official client wants the seconds as text."""

    ingest_seconds: str

    @classmethod
    def of(cls, livestream: Livestream, error: str | None, now: datetime) -> Self:
        return cls.model_validate({**cls._fields(livestream, error), "ingest_seconds": str(livestream.ingest_s(now))})


class LivestreamDetails(WireModel):
    """A livestream with its session; the page is of sessions, of which each has one."""

    livestream: LivestreamWire
    session: Absent[LivestreamSession] = None
    paging: Paging


class ActiveLivestream(WireModel):
    """A livestream that runs, with its session."""

    livestream: LivestreamWire
    session: ActiveLivestreamSession


class ListedLivestreams(WireModel):
    """The official client reads one livestream and the page in one object, which is the first of the page here.

    ``livestreams`` is an extension of Reelkit: all of the page.
    """

    id: Absent[str] = None
    name: Absent[str] = None
    meeting_id: Absent[str] = None
    status: Absent[LivestreamStatus] = None
    ingest_server: Absent[str] = None
    stream_key: Absent[str] = None
    playback_url: Absent[str] = None
    created_at: Absent[Timestamp] = None
    updated_at: Absent[Timestamp] = None
    paging: Paging
    livestreams: list[LivestreamWire]

    @classmethod
    def of(cls, page: Page[Livestream], urls: LivestreamUrls) -> Self:
        shown = [LivestreamWire.of(livestream, urls) for livestream in page.items]
        first = {name: getattr(shown[0], name) for name in LivestreamWire.model_fields} if shown else {}
        return cls(
            **first,
            paging=Paging.of(page),
            livestreams=shown,
        )


class LivestreamMessage(WireModel):
    """The answer to a stop."""

    message: str


class LivestreamTotalsWire(WireModel):
    """Of all livestreams in the time that was asked for."""

    count: int
    total_ingest_seconds: int

    @classmethod
    def of(cls, totals: LivestreamTotals) -> Self:
        return cls(count=totals.count, total_ingest_seconds=totals.ingest_s)


class LivestreamDay(LivestreamTotalsWire):
    """Of all livestreams that began on one day."""

    date: str = Field(description="UTC.", examples=["2026-01-31"])
