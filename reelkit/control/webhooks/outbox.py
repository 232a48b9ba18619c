"""The outbox: an event is queued for its webhooks in the transaction of the change that it tells of.

So there is no event without its change and no change without its event, at whatever moment the process dies. What is
sent is what was true in that transaction. A webhook that is made later gets nothing from before, and one that is
disabled gets nothing at all.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import event as sql_event
from sqlalchemy.ext.asyncio import AsyncSession

from reelkit.clock import Clock, utc
from reelkit.control.chat_links import ChatLinks
from reelkit.control.errors import NotFound
from reelkit.control.recording import Recording
from reelkit.control.webhooks.events import (
    EndReason,
    EventName,
    WebhookEvent,
    livestream_subject,
    recording_subject,
    session_subject,
)
from reelkit.control.webhooks.metrics import WebhookMetrics
from reelkit.control.webhooks.payloads import (
    ShownFiles,
    chat_payload,
    meeting_payload,
    participant_payload,
    recording_payload,
)
from reelkit.db.apps import AppRepository
from reelkit.db.chats import ChatRepository
from reelkit.db.livestreams import LivestreamRow
from reelkit.db.meetings import MeetingRepository
from reelkit.db.participants import ParticipantRow
from reelkit.db.recordings import RecordingRow
from reelkit.db.sessions import SessionPeerRow, SessionRepository, SessionRow
from reelkit.db.webhooks import PENDING, WebhookDeliveryRow, WebhookQueueRepository, WebhookRepository, WebhookRow

FilesOf = Callable[[Recording], ShownFiles]
"""Signs the links that an event shows."""


class Outbox:
    """Give every method the session of the transaction that makes the change. ``wake`` is called after its commit."""

    def __init__(
        self,
        clock: Clock,
        give_up_after_s: float,
        files_of: FilesOf,
        chat_links: ChatLinks,
        metrics: WebhookMetrics,
        wake: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._give_up_after = timedelta(seconds=give_up_after_s)
        self._files_of = files_of
        self._chat_links = chat_links
        self._metrics = metrics
        self._wake = wake

    async def add(self, session: AsyncSession, event: WebhookEvent) -> None:
        """Queues ``event`` for every webhook that wants it."""
        await self._queue(session, event, await self._wanting(session, event.app_id, event.name))

    async def recording_changed(self, session: AsyncSession, row: RecordingRow) -> None:
        """A recording is new, or has another status."""
        webhooks = await self._wanting(session, row.app_id, EventName.RECORDING_STATUS)
        if not webhooks:
            return
        live = await _session_of(session, row)
        recording = Recording.of(row)
        payload = {
            "recording": recording_payload(recording, live.id if live else None, self._files_of(recording)),
            "meeting": await self._meeting(session, row.app_id, row.meeting_id, live),
        }
        event = WebhookEvent(row.app_id, EventName.RECORDING_STATUS, recording_subject(row.id), payload)
        await self._queue(session, event, webhooks)

    async def livestream_changed(self, session: AsyncSession, row: LivestreamRow, payload: dict[str, Any]) -> None:
        """A livestream has gone live, or is over; ``payload`` is what is told of it beside its meeting."""
        webhooks = await self._wanting(session, row.app_id, EventName.LIVESTREAMING_STATUS)
        if not webhooks:
            return
        live = await SessionRepository(session).live_of(row.meeting_id)
        told = {**payload, "meeting": await self._meeting(session, row.app_id, row.meeting_id, live)}
        event = WebhookEvent(row.app_id, EventName.LIVESTREAMING_STATUS, livestream_subject(row.id), told)
        await self._queue(session, event, webhooks)

    async def session_started(self, session: AsyncSession, row: SessionRow) -> None:
        """A meeting is live."""
        await self._tell_of_session(session, row, EventName.MEETING_STARTED)

    async def session_ended(self, session: AsyncSession, row: SessionRow, reason: EndReason) -> None:
        """A meeting is not live any more."""
        await self._tell_of_session(session, row, EventName.MEETING_ENDED, reason=reason)

    async def chat_kept(self, session: AsyncSession, row: SessionRow) -> None:
        """A session is over. What was written in it for everybody can be downloaded; if nothing was nobody hears."""
        webhooks = await self._wanting(session, row.app_id, EventName.CHAT_SYNCED)
        if not webhooks or not await ChatRepository(session).has_public(row.id):
            return
        meeting = await self._meeting(session, row.app_id, row.meeting_id, row)
        payload = chat_payload(meeting, self._chat_links.to(row.app_id, row.id, row.ended_at))
        event = WebhookEvent(row.app_id, EventName.CHAT_SYNCED, session_subject(row.id), payload)
        await self._queue(session, event, webhooks)

    async def peer_joined(self, session: AsyncSession, row: SessionRow, peer: SessionPeerRow) -> None:
        """Somebody came in. Nobody is told of hidden peers."""
        await self._tell_of_session(session, row, EventName.PARTICIPANT_JOINED, peer=peer)

    async def peer_left(self, session: AsyncSession, row: SessionRow, peer: SessionPeerRow) -> None:
        """Somebody went away. Nobody is told of hidden peers."""
        await self._tell_of_session(session, row, EventName.PARTICIPANT_LEFT, peer=peer)

    async def _tell_of_session(
        self,
        session: AsyncSession,
        row: SessionRow,
        name: EventName,
        *,
        peer: SessionPeerRow | None = None,
        reason: EndReason | None = None,
    ) -> None:
        if peer is not None and peer.hidden:
            return
        webhooks = await self._wanting(session, row.app_id, name)
        if not webhooks:
            return
        payload: dict[str, object] = {"meeting": await self._meeting(session, row.app_id, row.meeting_id, row)}
        if peer is not None:
            participant = await session.get(ParticipantRow, peer.participant_id)
            custom_id = participant.custom_participant_id if participant else peer.custom_participant_id
            payload["participant"] = participant_payload(peer, custom_id)
        if reason is not None:
            payload["reason"] = reason.value
        await self._queue(session, WebhookEvent(row.app_id, name, session_subject(row.id), payload), webhooks)

    async def _wanting(self, session: AsyncSession, app_id: str, name: EventName) -> tuple[WebhookRow, ...]:
        enabled = await WebhookRepository(session).enabled_of_app(app_id)
        return tuple(webhook for webhook in enabled if name.value in webhook.events)

    async def _meeting(
        self, session: AsyncSession, app_id: str, meeting_id: str, live: SessionRow | None
    ) -> dict[str, object]:
        app = await AppRepository(session).by_id(app_id)
        meeting = await MeetingRepository(session).by_id(meeting_id)
        if app is None or meeting is None:
            # Foreign keys hold both while there is something to tell of.
            raise NotFound("there is no such meeting", meeting_id=meeting_id)
        return meeting_payload(app, meeting, live)

    async def _queue(self, session: AsyncSession, event: WebhookEvent, webhooks: tuple[WebhookRow, ...]) -> None:
        if not webhooks:
            return
        now = utc(self._clock.time_s())
        body = event.body()
        queue = WebhookQueueRepository(session)
        for webhook in webhooks:
            await queue.add(
                WebhookDeliveryRow(
                    id=str(uuid4()),
                    webhook_id=webhook.id,
                    event=event.name.value,
                    subject=event.subject,
                    body=body,
                    state=PENDING,
                    created_at=now,
                    give_up_at=now + self._give_up_after,
                    attempts=0,
                    tries=0,
                ),
                now,
            )

        def committed(_: object) -> None:
            self._metrics.queued.labels(event.name.value).inc(len(webhooks))
            self._wake()

        sql_event.listen(session.sync_session, "after_commit", committed, once=True)


async def _session_of(session: AsyncSession, recording: RecordingRow) -> SessionRow | None:
    sessions = SessionRepository(session)
    if recording.session_id is not None:
        return await sessions.get(recording.session_id)
    # A recording that is INVOKED does not know its session yet.
    return await sessions.live_of(recording.meeting_id)
