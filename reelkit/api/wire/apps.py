"""Apps as the official clients read them."""

from pydantic import BaseModel, ConfigDict

from reelkit.api.envelope import Mirror, Timestamp, WireModel
from reelkit.control.validation import Text


class NewApp(BaseModel):
    """The body that makes an app."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: Text


class AppWire(Mirror):
    """An app: what owns meetings, presets and recordings."""

    id: str
    name: str
    created_at: Timestamp


class CreatedApp(WireModel):
    """The official client wants a new app one level deeper than a listed one."""

    app: AppWire
