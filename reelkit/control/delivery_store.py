"""Where the uploads of a recording's files stand, kept so that a restart goes on where it was."""

from collections.abc import Iterable

from reelkit.clock import Clock, utc
from reelkit.control.delivery_files import FileToSend
from reelkit.control.errors import NotFound
from reelkit.control.storage_delivery import DeliveryState, delivery_purpose, opened_target, sealed_target
from reelkit.control.vault import Sealed, Vault
from reelkit.db import Database
from reelkit.db.deliveries import DeliveryFileRow, DeliveryRepository, DeliveryRow
from reelkit.publish.storage.targets import Target
from reelkit.publish.upload.state import UploadState


class DeliveryStore:
    """Deliveries to callers' own storage. Methods raise DatabaseError."""

    def __init__(self, database: Database, clock: Clock, vault: Vault) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault

    async def target(self, recording_id: str) -> Target:
        """Where a recording is delivered to, with what opens it. Raises NotFound, Sealed."""
        async with self._database.session() as session:
            row = await DeliveryRepository(session).get(recording_id)
        if row is None:
            raise NotFound("the recording has no storage of its own", recording_id=recording_id)
        return opened_target(row.target, self._vault, recording_id)

    async def reseal(self) -> None:
        """Encrypts with the vault's first key what is encrypted with another."""
        async with self._database.transaction() as session:
            for row in await DeliveryRepository(session).all():
                row.target = self._vault.resealed(row.target, delivery_purpose(row.recording_id))

    async def expect(self, recording_id: str, files: Iterable[FileToSend]) -> None:
        """Notes finished files that are to be sent, behind those that are known."""
        async with self._database.transaction() as session:
            repository = DeliveryRepository(session)
            for position, file in enumerate(files, start=len(await repository.finished(recording_id))):
                row = await _file(repository, recording_id, file.name, file.content_type)
                row.position = position
                row.size_bytes, row.sha256 = file.size_bytes, file.sha256
                row.head_bytes, row.blocks = file.head_bytes, list(file.blocks) or None
            await session.flush()
            finished = await repository.finished(recording_id)
            (await _delivery(repository, recording_id)).total_bytes = sum(row.size_bytes or 0 for row in finished)

    async def files(self, recording_id: str) -> tuple[FileToSend, ...]:
        """The finished files, in the order in which they are sent."""
        async with self._database.session() as session:
            rows = await DeliveryRepository(session).finished(recording_id)
        return tuple(FileToSend.of(row) for row in rows)

    async def upload(self, recording_id: str, name: str, content_type: str) -> UploadState:
        """Where the upload of a file stands."""
        async with self._database.session() as session:
            row = await DeliveryRepository(session).file(recording_id, name)
        if row is None or row.upload is None:
            return UploadState(name=name, content_type=content_type)
        return UploadState.model_validate(row.upload)

    async def save(self, recording_id: str, state: UploadState) -> None:
        """Keeps where the upload of a file stands, whether it grows or is finished."""
        async with self._database.transaction() as session:
            repository = DeliveryRepository(session)
            row = await _file(repository, recording_id, state.name, state.content_type)
            delivery = await _delivery(repository, recording_id)
            failures = row.upload["failures"] if row.upload is not None else 0
            delivery.attempts = max(1, delivery.attempts) + state.failures - failures
            delivery.sent_bytes += state.sent_bytes - row.sent_bytes
            delivery.error, delivery.next_try_at = state.error, None
            if delivery.state == DeliveryState.WAITING.value and state.sent_bytes:
                delivery.state = DeliveryState.UPLOADING.value
            row.upload, row.sent_bytes = state.model_dump(mode="json"), state.sent_bytes
            if state.done and row.sent_at is None:
                row.sent_at = utc(self._clock.time_s())

    async def waiting(self, recording_id: str, wait_s: float) -> None:
        """The storage is given time until the next try."""
        async with self._database.transaction() as session:
            delivery = await _delivery(DeliveryRepository(session), recording_id)
            delivery.next_try_at = utc(self._clock.time_s() + wait_s)

    async def retry(self, recording_id: str, target: Target | None) -> None:
        """Makes ready for another delivery. A new ``target`` in the same place only has other credentials."""
        async with self._database.transaction() as session:
            repository = DeliveryRepository(session)
            delivery = await _delivery(repository, recording_id)
            same_place = target is None or self._is_same_place(target, delivery)
            if target is not None:
                delivery.target = sealed_target(target, self._vault, recording_id)
                delivery.label = target.label
            for row in await repository.files(recording_id):
                if row.upload is None:
                    continue
                if same_place:
                    state = UploadState.model_validate(row.upload)
                    state.be_patient_again()
                    row.upload = state.model_dump(mode="json")
                else:
                    delivery.sent_bytes -= row.sent_bytes
                    row.upload, row.sent_bytes, row.sent_at = None, 0, None

    def _is_same_place(self, target: Target, delivery: DeliveryRow) -> bool:
        """Whether what was sent so far is also at ``target``. If that cannot be told, everything is sent again."""
        try:
            earlier = opened_target(delivery.target, self._vault, delivery.recording_id)
        except Sealed:
            return False
        return target.place == earlier.place


async def _delivery(repository: DeliveryRepository, recording_id: str) -> DeliveryRow:
    row = await repository.get(recording_id)
    if row is None:
        raise NotFound("the recording has no storage of its own", recording_id=recording_id)
    return row


async def _file(repository: DeliveryRepository, recording_id: str, name: str, content_type: str) -> DeliveryFileRow:
    row = await repository.file(recording_id, name)
    if row is None:
        row = DeliveryFileRow(
            recording_id=recording_id, name=name, position=0, content_type=content_type, head_bytes=0, sent_bytes=0
        )
        repository.add_file(row)
    return row
