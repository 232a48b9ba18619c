"""Where somebody stands in a meeting that has a stage."""

from enum import Enum

from reelkit.rooms.proto.room_pb2 import (
    STAGE_TYPE_APPROVED_STAGE,
    STAGE_TYPE_OFF_STAGE,
    STAGE_TYPE_ON_STAGE,
    STAGE_TYPE_REQUESTED_STAGE,
    StageType,
)


class Stage(Enum):
    """A peer's place. In a meeting without a stage everybody is on it."""

    ON = "on"
    APPROVED = "approved"
    """Called, but not there yet: the client goes when its user wants."""
    REQUESTED = "requested"
    OFF = "off"

    @property
    def wire(self) -> StageType:
        return _WIRE[self]


_WIRE: dict[Stage, StageType] = {
    Stage.ON: STAGE_TYPE_ON_STAGE,
    Stage.APPROVED: STAGE_TYPE_APPROVED_STAGE,
    Stage.REQUESTED: STAGE_TYPE_REQUESTED_STAGE,
    Stage.OFF: STAGE_TYPE_OFF_STAGE,
}
