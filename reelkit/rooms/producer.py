"""A track that a peer sends."""

from dataclasses import dataclass

from reelkit.capture.events import MediaKind, Source
from reelkit.rooms.proto import media_pb2
from reelkit.sfu import StreamRef


def source_of(kind: MediaKind, *, screen_share: bool) -> Source:
    """What a track shows or plays."""
    if kind is MediaKind.AUDIO:
        return Source.SCREEN_AUDIO if screen_share else Source.MICROPHONE
    return Source.SCREEN if screen_share else Source.CAMERA


@dataclass(slots=True, kw_only=True)
class Producer:
    """One m-line of a sending PeerConnection that carries a track."""

    producer_id: str
    peer_id: str
    transport_id: str
    feed: str
    mid: str
    mindex: int
    kind: MediaKind
    source: Source
    mime_type: str
    app_data: str
    layers: int
    """Simulcast layers that are sent; 1 without simulcast."""
    paused: bool
    receiving: bool = True
    """False once the SFU noticed that no packets come in."""

    @property
    def stream(self) -> StreamRef:
        return StreamRef(self.feed, self.mid)

    @property
    def screen_share(self) -> bool:
        return self.source in (Source.SCREEN, Source.SCREEN_AUDIO)

    def state(self) -> media_pb2.ProducerState:
        """What other clients are told."""
        return media_pb2.ProducerState(
            producer_id=self.producer_id,
            kind=media_pb2.AUDIO if self.kind is MediaKind.AUDIO else media_pb2.VIDEO,
            pause=self.paused,
            screen_share=self.screen_share,
            app_data=self.app_data,
            producing_transport_id=self.transport_id,
            mime_type=self.mime_type,
        )
