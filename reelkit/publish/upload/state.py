"""What is kept of an upload, so that it can go on after a restart."""

from pydantic import BaseModel, ConfigDict, Field

from reelkit.publish.storage.base import ObjectStat
from reelkit.publish.upload.digest import BLOCK_BYTES
from reelkit.publish.upload.plan import Layout


class SentPart(BaseModel):
    """A part that the storage has."""

    model_config = ConfigDict(frozen=True)

    start: int
    """As in :class:`reelkit.publish.upload.plan.Span`."""
    stop: int
    receipt: str
    blocks: tuple[str, ...]
    """Digests of the blocks of data in it; empty for a part of anything else, which is only sent of finished files."""


class Before(BaseModel):
    """What the storage had under the object's name when the upload began."""

    model_config = ConfigDict(frozen=True)

    size_bytes: int | None = None
    """None if there was no object."""
    etag: str | None = None

    def differs(self, now: ObjectStat) -> bool:
        """Whether another object is there for certain."""
        if self.size_bytes is None or self.size_bytes != now.size_bytes:
            return True
        return None not in {self.etag, now.etag} and self.etag != now.etag


class UploadState(BaseModel):
    """One upload of one file. JSON-able; the engine changes it and has it saved after each step."""

    name: str
    """Of the object."""
    content_type: str
    upload_id: str | None = None
    layout: Layout | None = None
    parts: dict[int, SentPart] = Field(default_factory=dict)
    """By number."""
    before: Before | None = None
    """None if the storage does not let us look."""
    done: bool = False
    total_bytes: int = 0
    """Of the file, as far as it is known."""
    finished: str | None = None
    """Which finished file is being sent."""
    waiting_since_s: float | None = None
    """Wall clock of the file's end or the latest success behind it: patience is counted from here."""
    beginnings: int = 0
    failures: int = 0
    """Tries that failed, in all."""
    error: str | None = None
    """Of the last try, if it failed."""

    @property
    def sent_bytes(self) -> int:
        """What the storage has of the file."""
        return self.total_bytes if self.done else sum(part.stop - part.start for part in self.parts.values())

    def forget_upload(self) -> None:
        """From here on the storage has nothing."""
        self.upload_id = self.layout = self.before = None
        self.parts = {}

    def forget_changed(self, blocks: tuple[str, ...], *, complete: bool) -> list[int]:
        """Drops parts of data that is not what ``blocks`` say: all of a finished file's (``complete``), or the first
        ones. Returns their numbers."""
        changed = [number for number, part in self.parts.items() if _differs(part, blocks, complete=complete)]
        for number in changed:
            del self.parts[number]
        return changed

    def be_patient_again(self) -> None:
        """Somebody wants another try: the time that the storage was given begins again."""
        self.waiting_since_s = self.error = None
        self.beginnings = 0


def _differs(part: SentPart, blocks: tuple[str, ...], *, complete: bool) -> bool:
    if not part.blocks:
        return False
    first = part.start // BLOCK_BYTES
    said = blocks[first : first + len(part.blocks)]
    return said != part.blocks[: None if complete else len(said)]
