"""The bodies that add or change a participant."""

from typing import Annotated

from pydantic import Field

from reelkit.control.recording_params import WebUrl
from reelkit.control.validation import Params, Text

_MAX_LENGTH = 255

Name = Annotated[Text, Field(min_length=1, max_length=_MAX_LENGTH)]


class ParticipantParams(Params):
    """A new participant."""

    custom_participant_id: Name
    preset_name: Name
    name: Annotated[Text, Field(max_length=_MAX_LENGTH)] | None = None
    picture: WebUrl | None = None


class ParticipantChanges(Params):
    """What to change; fields that are not given stay as they are, and null clears ``name`` and ``picture``."""

    preset_name: Name | None = None
    name: Annotated[Text, Field(max_length=_MAX_LENGTH)] | None = None
    picture: WebUrl | None = None
