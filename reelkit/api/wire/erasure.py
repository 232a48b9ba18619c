"""What is sent about recordings that were erased."""

from typing import Self

from pydantic import Field

from reelkit.api.envelope import Absent, Timestamp, WireModel
from reelkit.api.wire.recordings import CallerWire
from reelkit.control.erasure import ErasureState, Removal, Thing, Tombstone


class RemovedWire(WireModel):
    """Something that was removed."""

    what: Thing
    where: Absent[str] = Field(None, description="The caller's own storage, in a word.")
    id: Absent[str] = Field(None, description="Of a film that was made again.")


class LeftWire(RemovedWire):
    """Something that could not be removed, or not yet."""

    reason: Absent[str] = Field(None, description="Why it is still there, once it has been tried.")
    tried_again: bool = Field(description="Whether it is tried again by itself; otherwise erase the recording again.")

    @classmethod
    def of(cls, removal: Removal) -> Self:
        return cls(**removal.told(), reason=removal.reason, tried_again=removal.again)


class ErasureWire(WireModel):
    """The tombstone of a recording: whose it was is forgotten, that it was is not."""

    recording_id: str
    meeting_id: str
    session_id: Absent[str] = None
    state: ErasureState
    invoked_time: Timestamp
    started_time: Absent[Timestamp] = None
    stopped_time: Absent[Timestamp] = None
    erased_by: CallerWire
    requested_time: Timestamp
    completed_time: Absent[Timestamp] = Field(None, description="When nothing was left that is tried again.")
    removed: list[RemovedWire]
    left: list[LeftWire]

    @classmethod
    def of(cls, tombstone: Tombstone) -> Self:
        return cls(
            recording_id=tombstone.recording_id,
            meeting_id=tombstone.meeting_id,
            session_id=tombstone.session_id,
            state=tombstone.state,
            invoked_time=tombstone.invoked_at,
            started_time=tombstone.started_at,
            stopped_time=tombstone.stopped_at,
            erased_by=CallerWire.of(tombstone.erased_by),
            requested_time=tombstone.requested_at,
            completed_time=tombstone.completed_at,
            removed=[RemovedWire(**each) for each in tombstone.removed],
            left=[LeftWire.of(each) for each in tombstone.left],
        )
