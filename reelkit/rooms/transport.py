"""The two PeerConnections of a peer, as the gateway sees them."""

import asyncio
from dataclasses import dataclass, field

from reelkit.rooms import negotiation
from reelkit.rooms.sdp import Description, TransportParameters
from reelkit.sfu import Offer, Publisher, Subscriber


@dataclass(slots=True, kw_only=True)
class SendTransport:
    """What a peer sends with."""

    transport_id: str
    publisher: Publisher
    dummies: dict[str, str]
    """Mid -> kind of the m-lines of the first offer, which never carry media."""
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the PeerConnection is up or has been given up."""


@dataclass(slots=True, kw_only=True)
class ReceiveTransport:
    """What a peer receives with, and the translation between it and Janus' subscriber."""

    transport_id: str
    subscriber: Subscriber
    client: TransportParameters
    extension_ids: negotiation.ExtensionIds
    dummies: frozenset[str]
    offer: Description
    """Janus' newest offer."""
    tcp: bool
    """Whether the client is to know where Janus takes TCP."""
    answered: bool = False
    """Whether Janus has the answer to it."""
    closed: set[str] = field(default_factory=set)
    """Mids whose m-lines the client gave up and Janus has not used again."""
    consumers: dict[str, str] = field(default_factory=dict)
    """Mid -> producer id."""
    version: int = 1

    def take(self, offer: Offer) -> None:
        """Remembers a new offer of Janus. Raises BadDescription."""
        self.offer = Description.parse(offer.sdp)
        self.answered = False
        # Janus uses inactive m-lines again, and then the client gets them back.
        self.closed.difference_update(stream.mid for stream in offer.streams if stream.active)

    async def answer_janus(self) -> None:
        """Answers Janus on the client's behalf, if an answer is due. Media of new m-lines flows from then on."""
        if self.answered:
            return
        self.version += 1
        answer = negotiation.answer_for_janus(self.offer, self.client, self.extension_ids, self.closed, self.version)
        await self.subscriber.start(answer.text())
        self.answered = True

    def offer_for_client(self) -> str:
        """Janus' newest offer in the client's terms."""
        return negotiation.offer_for_client(self._told(), self.extension_ids, self.dummies, self.closed).text()

    def answer_for_client(self, client_offer: Description) -> str:
        """The answer to an offer of the client, in keeping with Janus' newest offer."""
        self.version += 1
        return negotiation.answer_for_client(client_offer, self._told(), self.dummies, self.closed, self.version).text()

    def _told(self) -> Description:
        return negotiation.candidates_told(self.offer, tcp=self.tcp)
