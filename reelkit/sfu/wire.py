"""Messages of the Janus API as they come in (https://janus.conf.meetecho.com/docs/rest.html)."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

JsonObject = dict[str, object]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class WireError(_Wire):
    code: int
    reason: str


class CreatedId(_Wire):
    """What ``create`` and ``attach`` answer."""

    id: int


class PluginData(_Wire):
    data: JsonObject


class Jsep(_Wire):
    """A session description (RFC 8829) as Janus names its parts."""

    type: Literal["offer", "answer"]
    sdp: str


class Message(_Wire):
    """One incoming message; which fields are set depends on ``janus``."""

    janus: str
    transaction: str | None = None
    sender: int | None = None
    error: WireError | None = None
    data: CreatedId | None = None
    plugindata: PluginData | None = None
    jsep: Jsep | None = None
    reason: str | None = None
    mid: str | None = None
    kind: str | None = Field(None, alias="type")
    media: str | None = None
    receiving: bool = False
    uplink: bool = False
    lost: int = 0


class StreamSummary(_Wire):
    """One entry of ``streams`` in a subscriber's ``attached`` and ``updated`` events."""

    kind: Literal["audio", "video", "data"] = Field(alias="type")
    mid: str
    active: bool
    feed_id: str | None = None
    feed_mid: str | None = None
    codec: str | None = None


class SubscriberAnswer(_Wire):
    """The plugin's part of the answer to a subscriber's request."""

    videoroom: str
    streams: list[StreamSummary] = Field(default_factory=list)
