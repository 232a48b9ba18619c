"""A storage in memory that keeps its rules, and fails as it is told."""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from reelkit.publish.storage.base import ObjectStat, Part, PartRules
from reelkit.publish.storage.errors import StorageRefused, StorageUnavailable, UploadUnknown

S3 = PartRules(min_bytes=1, max_bytes=1 << 30, max_parts=10_000, uniform=False, positional=False)
R2 = PartRules(min_bytes=1, max_bytes=1 << 30, max_parts=10_000, uniform=True, positional=False)
SFTP = PartRules(min_bytes=1, max_bytes=1 << 30, max_parts=10_000, uniform=False, positional=True)

DOWN, LOST_ANSWER, FORGOTTEN, REFUSED = "down", "lost answer", "forgotten", "refused"
"""Faults: nothing is done; it is done, but nobody hears of it; the upload is gone; never again."""


@dataclass
class _Unfinished:
    name: str
    parts: dict[int, Part] = field(default_factory=dict)


class MemoryStorage:
    """Implements :class:`reelkit.publish.storage.base.Destination`."""

    label = "memory://"

    def __init__(self, rules: PartRules) -> None:
        self.rules = rules
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, _Unfinished] = {}
        self.faults: list[str | None] = []
        """Of the next calls, one each."""
        self.readable = True
        """Whether the credentials are good for more than writing."""
        self.calls: Counter[str] = Counter()
        self.held_bytes = 0
        self.most_held_bytes = 0
        """Of parts that were on their way at once."""
        self._ids = 0

    async def check(self) -> None:
        self._fault("check")

    async def put(self, name: str, data: bytes, content_type: str) -> None:
        assert content_type
        fault = self._fault("put")
        self.objects[name] = data
        _lose(fault)

    async def begin(self, name: str, content_type: str) -> str:
        assert content_type
        fault = self._fault("begin")
        self._ids += 1
        self.uploads[str(self._ids)] = _Unfinished(name)
        _lose(fault)
        return str(self._ids)

    async def put_part(self, name: str, upload_id: str, part: Part) -> str:
        self.held_bytes += len(part.data)
        self.most_held_bytes = max(self.most_held_bytes, self.held_bytes)
        try:
            fault = self._fault("put_part", upload_id)
            assert hashlib.sha256(part.data).hexdigest() == part.sha256
            assert 1 <= part.number <= self.rules.max_parts
            assert 0 < len(part.data) <= self.rules.max_bytes
            self._upload(name, upload_id).parts[part.number] = part
            _lose(fault)
        finally:
            self.held_bytes -= len(part.data)
        return f"etag of {part.sha256}"

    async def knows(self, name: str, upload_id: str) -> bool:
        self._fault("knows")
        return self.uploads.get(upload_id, _Unfinished("")).name == name

    async def complete(self, name: str, upload_id: str, receipts: Sequence[tuple[int, str]], size_bytes: int) -> None:
        fault = self._fault("complete", upload_id)
        upload = self._upload(name, upload_id)
        numbers = [number for number, _ in receipts]
        assert numbers == sorted(set(numbers))
        assert numbers
        parts = [upload.parts[number] for number in numbers]
        assert [receipt for _, receipt in receipts] == [f"etag of {part.sha256}" for part in parts]
        self._check_sizes([len(part.data) for part in parts])
        self.objects[name] = self._joined(upload, parts)
        assert len(self.objects[name]) == size_bytes
        del self.uploads[upload_id]
        _lose(fault)

    async def abort(self, name: str, upload_id: str) -> None:
        fault = self._fault("abort")
        assert self.uploads.get(upload_id, _Unfinished(name)).name == name
        self.uploads.pop(upload_id, None)
        _lose(fault)

    async def stat(self, name: str) -> ObjectStat | None:
        self._fault("stat")
        if not self.readable:
            raise StorageRefused("these credentials may write only")
        if name not in self.objects:
            return None
        return ObjectStat(len(self.objects[name]), hashlib.md5(self.objects[name]).hexdigest(), None)  # noqa: S324

    async def read(self, name: str) -> AsyncIterator[bytes]:
        yield self.objects[name]

    async def delete(self, name: str) -> bool:
        return self.objects.pop(name, None) is not None

    async def close(self) -> None:
        pass

    def _upload(self, name: str, upload_id: str) -> _Unfinished:
        upload = self.uploads.get(upload_id)
        if upload is None:
            raise UploadUnknown("NoSuchUpload")
        assert upload.name == name
        return upload

    def _check_sizes(self, sizes: list[int]) -> None:
        assert all(size >= self.rules.min_bytes for size in sizes[:-1])
        if self.rules.uniform:
            assert len(set(sizes[:-1])) <= 1
            assert sizes[-1] <= sizes[0]

    def _joined(self, upload: _Unfinished, parts: list[Part]) -> bytes:
        if not self.rules.positional:
            return b"".join(part.data for part in parts)
        # What was written stays in the file, whether or not it is named at the end.
        written = bytearray()
        for part in upload.parts.values():
            assert part.offset is not None
            written.extend(bytes(max(0, part.offset + len(part.data) - len(written))))
            written[part.offset : part.offset + len(part.data)] = part.data
        return bytes(written)

    def _fault(self, call: str, upload_id: str | None = None) -> str | None:
        self.calls[call] += 1
        fault = self.faults.pop(0) if self.faults else None
        if fault == DOWN:
            raise StorageUnavailable("503 SlowDown")
        if fault == REFUSED:
            raise StorageRefused("403 InvalidAccessKeyId")
        if fault == FORGOTTEN and upload_id is not None:
            self.uploads.pop(upload_id, None)
        return fault


def _lose(fault: str | None) -> None:
    if fault == LOST_ANSWER:
        raise StorageUnavailable("the connection was closed before the answer")
