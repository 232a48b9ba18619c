"""Where livestreams go, and where they are watched: what the operator has set."""

from pydantic import SecretStr

from reelkit.control.errors import Unavailable, Unsupported
from reelkit.control.livestream import Livestream
from reelkit.publish.rtmp.spec import StreamSpec
from reelkit.settings import LivestreamSettings, Settings

SETTING = "livestream.ingest_server"


class LivestreamUrls:
    """The URLs of livestreams."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def available(self) -> bool:
        """Whether there is a server to stream to."""
        return self._own.ingest_server is not None

    @property
    def ingest_server(self) -> str:
        """Server and application. Raises Unsupported naming the setting that is missing."""
        server = self._own.ingest_server
        if server is None:
            raise Unsupported(
                f"livestreams are not available: the operator has not set {SETTING}. A recording with rtmp_out_config "
                "streams a meeting to a server of yours",
                field=SETTING,
            )
        return server

    def playback_url(self, livestream: Livestream) -> str | None:
        """Where it is watched; None where the operator has not said."""
        template = self._own.playback_url
        if template is None or livestream.stream_key is None:
            return None
        values = {"stream_key": livestream.stream_key, "id": livestream.id, "meeting_id": livestream.meeting_id}
        for name, value in values.items():
            template = template.replace(f"{{{name}}}", value)
        return template

    def require(self) -> None:
        """Raises Unsupported naming the setting that is missing."""
        _ = self.ingest_server

    def stream(self, livestream: Livestream) -> StreamSpec:
        """What a renderer is told. The server is the operator's, so that no rule about what callers name holds for it.
        Raises Unsupported, Unavailable."""
        if livestream.stream_key is None:
            raise Unavailable("the livestream's key cannot be read")
        return StreamSpec(
            url=SecretStr(f"{self.ingest_server}/{livestream.stream_key}"),
            egress=self._settings.egress.model_copy(update={"allow_private": True}),
            rtmp=self._settings.rtmp,
        )

    @property
    def _own(self) -> LivestreamSettings:
        return self._settings.livestream
