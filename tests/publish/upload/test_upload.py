"""Whatever happens on the way, the object is the finished file."""

import asyncio
import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelkit.publish.storage.base import Part, PartRules
from reelkit.publish.storage.errors import StorageRefused, StorageUnavailable
from reelkit.publish.upload.errors import SourceLost, UploadGaveUp
from reelkit.publish.upload.growth import GrowingFile
from reelkit.publish.upload.retry import Patience
from reelkit.publish.upload.source import FinishedFile
from reelkit.publish.upload.state import UploadState
from reelkit.publish.upload.upload import Upload
from tests.clocks import JumpingClock
from tests.publish.upload.growing import BLOCK, START, GrowingFilm, content, small_blocks
from tests.publish.upload.memory_storage import DOWN, FORGOTTEN, LOST_ANSWER, R2, REFUSED, S3, SFTP, MemoryStorage

NAME = "2026/film.mp4"
RULES = st.sampled_from(
    [
        S3,
        R2,
        SFTP,
        PartRules(min_bytes=BLOCK + 1, max_bytes=8 * BLOCK, max_parts=10_000, uniform=False, positional=False),
        PartRules(min_bytes=1, max_bytes=64 * BLOCK, max_parts=10, uniform=False, positional=False),
    ]
)
FAULTS = st.lists(st.sampled_from([None, None, None, DOWN, LOST_ANSWER, FORGOTTEN]), max_size=12)


class Uploader:
    """An upload whose process can die: what is not saved is lost then."""

    def __init__(self, storage: MemoryStorage, patience: Patience | None = None) -> None:
        self.storage = storage
        self.clock = JumpingClock()
        self.patience = patience or Patience()
        self.saved = UploadState(name=NAME, content_type="video/mp4").model_dump_json()
        self.restart()

    def restart(self) -> None:
        state = UploadState.model_validate_json(self.saved)
        self.upload = Upload(
            self.storage, state, self._save, clock=self.clock, random=Random(1), patience=self.patience
        )

    async def _save(self, state: UploadState) -> None:
        self.saved = state.model_dump_json()

    async def advance(self, report: GrowingFile | None) -> None:
        """Calls until nothing is left to do with this report."""
        for _ in range(50):
            if report is None:
                return
            failures = self.upload.state.failures
            await self.upload.advance(report)
            self.clock.now_s += 100
            if self.upload.state.failures == failures:
                return


Steps = list[tuple[str, int]]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("grow"), st.integers(1, 3 * BLOCK)),
        st.tuples(st.just("advance"), st.just(0)),
        st.tuples(st.just("advance with what was told before"), st.just(0)),
        st.tuples(st.just("another writer"), st.integers(0, 40 * BLOCK)),
        st.tuples(st.just("another uploader"), st.just(0)),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=60)
@given(
    rules=RULES,
    steps=STEPS,
    faults=FAULTS,
    late_faults=FAULTS,
    room=st.sampled_from([0, 7, BLOCK, 2 * BLOCK]),
    compact=st.sampled_from([0, START]),
    size=st.integers(1, 40 * BLOCK),
    known=st.booleans(),
    readable=st.booleans(),
    earlier=st.sampled_from([None, b"another film"]),
)
def test_the_object_is_the_finished_file(
    rules: PartRules,
    steps: Steps,
    faults: list[str | None],
    late_faults: list[str | None],
    room: int,
    compact: int,
    size: int,
    known: bool,
    readable: bool,
    earlier: bytes | None,
) -> None:
    """Any growth, with writers and uploaders that are replaced, a head that grows, and faults in any call."""

    async def run(directory: Path) -> None:
        storage = MemoryStorage(rules)
        storage.readable = readable
        if earlier is not None:
            storage.objects[NAME] = earlier
        film = GrowingFilm(directory / "film.mp4", content(size), room, compact)
        uploader = Uploader(storage)
        storage.faults = list(faults)
        old: GrowingFile | None = None
        for what, number in steps:
            match what:
                case "grow":
                    film.grow(number)
                case "another writer":
                    film.restart(min(film.written, number))
                case "another uploader":
                    uploader.restart()
                case "advance":
                    old = film.report()
                    await uploader.advance(old)
                case _:
                    await uploader.advance(old)
            assert storage.objects.get(NAME) == earlier
        film.restart(size)
        finished = film.finish(known=known)
        storage.faults = list(late_faults)
        await uploader.upload.finish(finished)
        assert storage.objects[NAME] == finished.path.read_bytes()
        state = UploadState.model_validate_json(uploader.saved)
        assert state.done
        assert state.sent_bytes == state.total_bytes == finished.size_bytes
        uploader.restart()
        calls = storage.calls.total()
        await uploader.upload.finish(finished)
        assert storage.calls.total() == calls

    with small_blocks(), tempfile.TemporaryDirectory() as directory:
        asyncio.run(run(Path(directory)))


@settings(deadline=None, max_examples=60)
@given(rules=RULES, died=st.integers(0, 30), faults=FAULTS, size=st.integers(START, 30 * BLOCK))
def test_an_uploader_may_die_in_any_call(rules: PartRules, died: int, faults: list[str | None], size: int) -> None:
    """With the process goes what was not saved, and what the storage answered."""

    class Death(BaseException):
        pass

    class DyingStorage(MemoryStorage):
        left = died

        def _fault(self, call: str, upload_id: str | None = None) -> str | None:
            self.left -= 1
            if self.left == 0:
                raise Death
            return super()._fault(call, upload_id)

    async def run(directory: Path) -> None:
        storage = DyingStorage(rules)
        storage.faults = list(faults)
        film = GrowingFilm(directory / "film.mp4", content(size), BLOCK)
        uploader = Uploader(storage)
        try:
            while film.written < size:
                film.grow(BLOCK * 3)
                await uploader.advance(film.report())
        except Death:
            uploader.restart()
        film.restart(size)
        finished = film.finish()
        try:
            await uploader.upload.finish(finished)
        except Death:
            uploader.restart()
            await uploader.upload.finish(finished)
        assert storage.objects[NAME] == finished.path.read_bytes()

    with small_blocks(), tempfile.TemporaryDirectory() as directory:
        asyncio.run(run(Path(directory)))


@settings(deadline=None, max_examples=60)
@given(rules=RULES, changed=st.integers(0, 20 * BLOCK), size=st.integers(8 * BLOCK, 20 * BLOCK))
def test_data_that_turns_out_otherwise_is_sent_again(rules: PartRules, changed: int, size: int) -> None:
    """A film that ends earlier because segments were found damaged, or that another renderer made otherwise."""

    async def run(directory: Path) -> None:
        storage = MemoryStorage(rules)
        film = GrowingFilm(directory / "film.mp4", content(20 * BLOCK), BLOCK)
        uploader = Uploader(storage)
        film.grow(20 * BLOCK)
        await uploader.advance(film.report())
        film.data = film.data[:changed] + content(20 * BLOCK, 5)[changed:]
        film.restart(size)
        finished = film.finish()
        await uploader.upload.finish(finished)
        assert storage.objects[NAME] == finished.path.read_bytes()

    with small_blocks(), tempfile.TemporaryDirectory() as directory:
        asyncio.run(run(Path(directory)))


@pytest.fixture(autouse=True)
def _small_blocks() -> object:
    with small_blocks():
        yield


def grown(directory: Path, size: int, room: int = BLOCK) -> GrowingFilm:
    film = GrowingFilm(directory / "film.mp4", content(size), room)
    film.grow(size)
    return film


class _Slow(MemoryStorage):
    """Counts what is on its way at once, of all files."""

    def __init__(self) -> None:
        super().__init__(S3)
        self.on_its_way = self.most_on_its_way = 0

    async def put_part(self, name: str, upload_id: str, part: Part) -> str:
        self.on_its_way += 1
        self.most_on_its_way = max(self.most_on_its_way, self.on_its_way)
        await asyncio.sleep(0.01)
        self.on_its_way -= 1
        return await super().put_part(name, upload_id, part)


async def test_many_uploads_share_the_places_of_parts(tmp_path: Path) -> None:
    storage, places = _Slow(), asyncio.Semaphore(3)
    path = tmp_path / "film.mp4"
    path.write_bytes(content(10 * BLOCK))

    async def saved(_: UploadState) -> None:
        pass

    uploads = [
        Upload(
            storage,
            UploadState(name=f"{number}.mp4", content_type="video/mp4"),
            saved,
            clock=JumpingClock(),
            random=Random(1),
            places=places,
        )
        for number in range(5)
    ]
    await asyncio.gather(*(each.finish(FinishedFile(path=path, size_bytes=10 * BLOCK)) for each in uploads))
    assert set(storage.objects.values()) == {path.read_bytes()}
    assert len(storage.objects) == len(uploads)
    assert storage.most_on_its_way == 3


@pytest.mark.parametrize(("rules", "room"), [(S3, 7), (S3, 0), (R2, BLOCK), (R2, 0), (SFTP, 7)])
async def test_what_grew_is_sent_once_and_little_is_left(tmp_path: Path, rules: PartRules, room: int) -> None:
    storage = MemoryStorage(rules)
    uploader = Uploader(storage)
    film = GrowingFilm(tmp_path / "film.mp4", content(20 * BLOCK + 5), room)
    for _ in range(21):
        film.grow(BLOCK)
        await uploader.advance(film.report())
    sent = storage.calls["put_part"]
    state = uploader.upload.state
    assert (state.sent_bytes, state.total_bytes) == (
        (20 if state.layout and not state.layout.front_bytes else 19) * BLOCK,
        film.growth.head_bytes + film.written,
    )
    await uploader.upload.finish(film.finish())
    assert storage.objects[NAME] == film.path.read_bytes()
    assert storage.calls["put_part"] - sent <= 1 + -(-film.growth.head_bytes // BLOCK)
    assert storage.calls["begin"] == (1 if rules is S3 or not room else 3)
    assert storage.most_held_bytes <= 2 * BLOCK + film.growth.head_bytes
    assert storage.uploads == {}


@pytest.mark.parametrize("size", [1, BLOCK - 1, BLOCK])
async def test_a_small_file_is_one_call(tmp_path: Path, size: int) -> None:
    storage = MemoryStorage(S3)
    uploader = Uploader(storage)
    film = GrowingFilm(tmp_path / "film.mp4", content(size), 0)
    film.grow(size)
    await uploader.advance(film.report())
    await uploader.upload.finish(film.finish())
    assert storage.calls == {"put": 1}
    assert storage.objects[NAME] == film.path.read_bytes()


async def test_films_below_the_threshold_wait_for_their_end(tmp_path: Path) -> None:
    storage = MemoryStorage(S3)
    uploader = Uploader(storage)
    film = grown(tmp_path, START)
    await uploader.advance(film.report())
    assert storage.calls == {}


async def test_uniform_parts_wait_for_a_head_of_whole_parts(tmp_path: Path) -> None:
    storage = MemoryStorage(R2)
    uploader = Uploader(storage)
    film = GrowingFilm(tmp_path / "film.mp4", content(20 * BLOCK), BLOCK // 2)
    film.grow(4 * BLOCK - 2)
    await uploader.advance(film.report())
    assert storage.calls == {}
    film.grow(8 * BLOCK)
    assert film.growth.head_bytes == 2 * BLOCK
    await uploader.advance(film.report())
    assert storage.calls["put_part"] == 11


async def test_a_storage_that_is_down_is_given_time(tmp_path: Path) -> None:
    """One try for each wait, not one for each report; the end of the film is a reason to try at once."""
    storage = MemoryStorage(S3)
    uploader = Uploader(storage, Patience(first_s=1_000, most_s=1_000))
    film = grown(tmp_path, 10 * BLOCK)
    storage.faults = [DOWN] * 3
    report = film.report()
    assert report is not None
    for _ in range(10):
        await uploader.upload.advance(report)
    assert storage.calls.total() == 1
    assert uploader.upload.state.error == "503 SlowDown"
    await uploader.upload.finish(film.finish())
    assert storage.objects[NAME] == film.path.read_bytes()
    assert uploader.upload.state.failures == 3
    assert uploader.upload.state.error is None


async def test_patience_ends_and_may_begin_again(tmp_path: Path) -> None:
    storage = MemoryStorage(S3)
    uploader = Uploader(storage, Patience(give_up_after_s=3_600))
    film = grown(tmp_path, 10 * BLOCK)
    await uploader.advance(film.report())
    finished = film.finish()
    storage.faults = [DOWN] * 10_000
    with pytest.raises(UploadGaveUp, match="SlowDown"):
        await uploader.upload.finish(finished)
    assert 1_000 < 3_600 - uploader.clock.now_s + 10_000 < 10_000
    uploader.restart()
    with pytest.raises(UploadGaveUp):
        await uploader.upload.finish(finished)
    storage.faults = [DOWN] * 20
    uploader.upload.state.be_patient_again()
    sent = storage.calls["put_part"]
    await uploader.upload.finish(finished)
    assert storage.objects[NAME] == film.path.read_bytes()
    assert storage.calls["begin"] == 1
    assert sent >= 9


async def test_success_on_the_way_earns_patience(tmp_path: Path) -> None:
    """A storage so bad that everything together takes longer than one should wait for it."""
    storage = MemoryStorage(S3)
    uploader = Uploader(storage, Patience(give_up_after_s=600))
    film = grown(tmp_path, 40 * BLOCK)
    chance = Random(2)
    storage.faults = [DOWN if chance.random() < 0.85 else None for _ in range(1_000)]
    await uploader.upload.finish(film.finish())
    assert storage.objects[NAME] == film.path.read_bytes()
    assert uploader.clock.now_s > 1_600


async def test_a_storage_that_forgets_every_upload_is_given_up(tmp_path: Path) -> None:
    class Forgetful(MemoryStorage):
        def _fault(self, call: str, upload_id: str | None = None) -> str | None:
            if call == "complete":
                self.faults.insert(0, FORGOTTEN)
            return super()._fault(call, upload_id)

    uploader = Uploader(Forgetful(S3))
    with pytest.raises(UploadGaveUp, match="again and again"):
        await uploader.upload.finish(grown(tmp_path, 3 * BLOCK).finish())
    assert uploader.upload.state.beginnings == 20


@pytest.mark.parametrize("when", [0, 1, 2, 5])
async def test_refusal_ends_it_at_once_and_keeps_what_was_sent(tmp_path: Path, when: int) -> None:
    storage = MemoryStorage(S3)
    uploader = Uploader(storage)
    film = grown(tmp_path, 10 * BLOCK)
    report = film.report()
    assert report is not None
    # The first call of an upload looks whether there is an object already, and may not be allowed to.
    storage.faults = [None, *([None] * when), REFUSED]
    with pytest.raises(StorageRefused):
        await uploader.upload.advance(report)
    finished = film.finish()
    storage.faults = [REFUSED, REFUSED]
    with pytest.raises(StorageRefused):
        await uploader.upload.finish(finished)
    assert NAME not in storage.objects
    uploader.restart()
    await uploader.upload.finish(finished)
    assert storage.objects[NAME] == film.path.read_bytes()


async def test_finish_waits_only_for_what_is_on_its_way(tmp_path: Path) -> None:
    """The parts that an earlier call would still send are sent by finish itself."""

    class Slow(MemoryStorage):
        async def put_part(self, *arguments: object) -> str:
            on_its_way.set()
            await go_on.wait()
            return await super().put_part(*arguments)  # type: ignore[arg-type]

    on_its_way, go_on = asyncio.Event(), asyncio.Event()
    storage = Slow(S3)
    uploader = Uploader(storage)
    film = grown(tmp_path, 20 * BLOCK)
    report = film.report()
    assert report is not None
    advancing = asyncio.create_task(uploader.upload.advance(report))
    await on_its_way.wait()
    await uploader.upload.advance(report)
    finishing = asyncio.create_task(uploader.upload.finish(film.finish()))
    await asyncio.sleep(0)
    go_on.set()
    await advancing
    assert storage.calls["put_part"] <= 2
    await finishing
    assert storage.objects[NAME] == film.path.read_bytes()
    assert storage.calls["put_part"] == 20


async def test_an_object_whose_making_went_unanswered_is_recognised(tmp_path: Path) -> None:
    storage = MemoryStorage(S3)
    film = grown(tmp_path, 2 * BLOCK)
    uploader = Uploader(storage)
    storage.faults = [None, None, None, None, None, LOST_ANSWER]
    await uploader.upload.finish(film.finish())
    assert storage.calls["begin"] == 1
    assert storage.calls["complete"] == 2
    assert storage.objects[NAME] == film.path.read_bytes()


@pytest.mark.parametrize("growing", [True, False])
async def test_a_storage_that_forgets_but_never_gets_to_say_so_is_asked(tmp_path: Path, growing: bool) -> None:
    """Its answer is lost with the connection, which it closes while a part is being sent."""

    class Hasty(MemoryStorage):
        async def put_part(self, name: str, upload_id: str, part: Part) -> str:
            if upload_id not in self.uploads:
                self.calls["put_part"] += 1
                raise StorageUnavailable("the connection was closed")
            return await super().put_part(name, upload_id, part)

    storage = Hasty(S3)
    uploader = Uploader(storage)
    film = grown(tmp_path, 10 * BLOCK)
    await uploader.advance(film.report())
    storage.uploads.clear()
    if growing:
        film.data += content(10 * BLOCK, 8)
        film.grow(10 * BLOCK)
        await uploader.advance(film.report())
        assert len(storage.uploads) == 1
    await uploader.upload.finish(film.finish())
    assert storage.objects[NAME] == film.path.read_bytes()
    assert storage.calls["begin"] == 2


async def test_an_older_object_of_the_same_size_is_not_taken_for_it(tmp_path: Path) -> None:
    storage = MemoryStorage(S3)
    film = grown(tmp_path, 2 * BLOCK)
    finished = film.finish()
    storage.objects[NAME] = bytes(finished.size_bytes)
    uploader = Uploader(storage)
    storage.faults = [None, None, None, None, None, FORGOTTEN]
    await uploader.upload.finish(finished)
    assert storage.calls["begin"] == 2
    assert storage.objects[NAME] == film.path.read_bytes()


async def test_a_file_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    film = grown(tmp_path, 2 * BLOCK)
    finished = film.finish()
    short = FinishedFile(path=tmp_path / "short", size_bytes=finished.size_bytes)
    short.path.write_bytes(b"short")
    film.path.unlink()
    for file in (finished, short):
        with pytest.raises(SourceLost):
            await Uploader(MemoryStorage(S3)).upload.finish(file)


async def test_an_aborted_upload_leaves_nothing(tmp_path: Path) -> None:
    storage = MemoryStorage(S3)
    uploader = Uploader(storage)
    film = grown(tmp_path, 10 * BLOCK)
    await uploader.advance(film.report())
    assert len(storage.uploads) == 1
    await uploader.upload.abort()
    assert storage.uploads == {}
    assert UploadState.model_validate_json(uploader.saved).sent_bytes == 0
