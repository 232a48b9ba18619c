"""A caller's own storage in memory, behind credentials, that can be down."""

from reelkit.publish.storage.base import Destination
from reelkit.publish.storage.errors import StorageRefused, StorageUnavailable
from reelkit.publish.storage.host_keys import HostKeys
from reelkit.publish.storage.targets import S3Target, Target
from tests.publish.upload.memory_storage import S3, MemoryStorage

SECRET = "right-secret"
STORAGE_CONFIG = {
    "type": "aws",
    "access_key": "AKIA-the-key",
    "secret": SECRET,
    "bucket": "films",
    "region": "eu-1",
    "path": "2026",
}


def with_secret(secret: str) -> dict[str, str]:
    return {**STORAGE_CONFIG, "secret": secret}


class OwnStorage:
    """``secret`` opens it; ``objects`` is what it holds, by label and name."""

    def __init__(self) -> None:
        self.secret = SECRET
        self.down = False
        self.places: dict[str, MemoryStorage] = {}
        self.openings = 0

    def opened(self, target: Target, _: HostKeys) -> Destination:
        assert isinstance(target, S3Target)
        self.openings += 1
        place = self.places.setdefault(target.label, MemoryStorage(S3))
        return _Opened(self, place, target)

    def objects(self, label: str = "s3://films/2026") -> dict[str, bytes]:
        return self.places[label].objects if label in self.places else {}


class _Opened(MemoryStorage):
    def __init__(self, storage: OwnStorage, place: MemoryStorage, target: S3Target) -> None:
        super().__init__(place.rules)
        self.label = target.label
        self.objects, self.uploads, self.faults, self.calls = place.objects, place.uploads, place.faults, place.calls
        self._storage = storage
        self._secret = target.secret.get_secret_value()
        self._ids = 1_000 * storage.openings

    async def delete(self, name: str) -> bool:
        self._fault("delete")
        return await super().delete(name)

    def _fault(self, call: str, upload_id: str | None = None) -> str | None:
        if self._storage.down:
            raise StorageUnavailable("the storage does not answer")
        if self._secret != self._storage.secret:
            raise StorageRefused("the credentials are not right")
        return super()._fault(call, upload_id)
