"""Sends one file to storage: its data while it grows, the rest when it is finished.

An upload is a loop around its saved state: whatever fails, the state says what the storage has, and the next try sends
what is missing. The storage may forget an upload, cut a connection, or make the object and lose its answer; the process
may end at any moment. The object is the finished file, or there is none.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from hashlib import sha256
from random import Random

import structlog

from reelkit.clock import Clock
from reelkit.publish.storage.base import Destination, Part
from reelkit.publish.storage.errors import DestinationError, StorageRefused, StorageUnavailable, UploadUnknown
from reelkit.publish.upload.digest import BLOCK_BYTES
from reelkit.publish.upload.errors import UploadError, UploadGaveUp
from reelkit.publish.upload.growth import GrowingFile
from reelkit.publish.upload.plan import Layout, Span
from reelkit.publish.upload.retry import Patience
from reelkit.publish.upload.source import FinishedFile, Piece, read_blocks, read_finished, read_growing
from reelkit.publish.upload.state import Before, SentPart, UploadState

log = structlog.get_logger(__name__)

START_BYTES = 32 << 20
"""Of data: a smaller file is sent at its end."""
_AT_ONCE = 2
"""Parts in memory and on their way."""

_DOUBT_FAILURES = 3
"""After so many in a row the storage is asked whether it still knows the upload."""

Save = Callable[[UploadState], Awaitable[None]]
_Read = Callable[[Span], Awaitable[Piece | None]]


class Upload:
    """Sends the file of ``state`` to ``destination``, or goes on with it.

    ``save`` keeps the state durably; it is called after each part, never twice at once. One object sends one file;
    its methods may be called at any time, also while another of its calls is at work.
    """

    def __init__(
        self,
        destination: Destination,
        state: UploadState,
        save: Save,
        *,
        clock: Clock,
        random: Random,
        patience: Patience | None = None,
        places: asyncio.Semaphore | None = None,
    ) -> None:
        """``places`` bounds how many parts are in memory at once; it may be shared by many uploads."""
        self.state = state
        self._destination = destination
        self._save_state = save
        self._clock = clock
        self._random = random
        self._patience = patience or Patience()
        self._places = places or asyncio.Semaphore(_AT_ONCE)
        self._busy = asyncio.Lock()
        self._saving = asyncio.Lock()
        self._finishing = False
        self._failures_in_a_row = 0
        self._not_before_s = 0.0

    async def advance(self, report: GrowingFile) -> None:
        """Sends what a growing file has of whole parts, once; what fails is left to a later call. Returns at once while
        an earlier call is at work, while the storage is given time to recover, and once the file is being finished.

        Raises StorageRefused, OSError.
        """
        if self._busy.locked() or self._finishing or self.state.done:
            return
        if self._clock.monotonic_s() < self._not_before_s:
            return
        async with self._busy:
            try:
                await self._advance(report)
            except StorageUnavailable as error:
                self._failed(error)
                await self._ask_again()
            except UploadUnknown as error:
                self._failed(error)
                self.state.forget_upload()
            except StorageRefused as error:
                self._failed(error)
                await self._save()
                raise
            else:
                return
            delay_s = self._patience.delay_s(max(self._failures_in_a_row, self.state.beginnings), self._random)
            self._not_before_s = self._clock.monotonic_s() + delay_s
            await self._save()

    async def finish(self, file: FinishedFile) -> None:
        """Sends what is missing of the finished file and makes the object of it: when this returns, it is there.

        Goes on for as long as its patience lasts. May be called again, also after a restart and after it failed; the
        file may lie elsewhere by then. Raises StorageRefused, UploadGaveUp, SourceLost, OSError.
        """
        self._finishing = True
        async with self._busy:
            if self.state.done:
                return
            await self._accept(file)
            while True:
                try:
                    await self._finish(file)
                except (StorageUnavailable, UploadUnknown) as error:
                    self._failed(error)
                    if isinstance(error, UploadUnknown):
                        self.state.forget_upload()
                    else:
                        await self._ask_again()
                    await self._save()
                    await self._clock.sleep(self._wait_s(error))
                except StorageRefused as error:
                    self._failed(error)
                    await self._save()
                    raise
                else:
                    return

    async def abort(self) -> None:
        """Gives the upload up and lets the storage throw away what it has, if it can be told.

        Cancel a call to :meth:`finish` before: it would be waited for.
        """
        self._finishing = True
        async with self._busy:
            await self._abort()
            await self._save()

    async def _advance(self, report: GrowingFile) -> None:
        state = self.state
        if report.data_bytes <= START_BYTES or report.data_bytes < max(
            (part.stop for part in state.parts.values()), default=0
        ):
            # The second: a worker that took over writes the file again.
            return
        state.total_bytes = report.head_bytes + report.data_bytes
        layout = Layout.growing(self._destination.rules, report.head_bytes)
        if state.upload_id is not None and state.layout is not None:
            if state.layout.head_bytes in {None, report.head_bytes}:
                layout = state.layout
            else:
                log.info("a file's head has grown, which moves what was sent", name=state.name, head=report.head_bytes)
                await self._abort()
        if layout is None:
            return
        if changed := state.forget_changed(report.blocks, complete=False):
            log.warning("a growing file has changed and is sent again", name=state.name, parts=sorted(changed))
        missing = [
            span for span in layout.data_spans(len(report.blocks) * BLOCK_BYTES) if span.number not in state.parts
        ]
        if not missing:
            return
        await self._begin(layout)
        await self._send(missing, lambda span: asyncio.to_thread(read_growing, report, span), report.head_bytes)

    async def _accept(self, file: FinishedFile) -> None:
        """Compares what was sent with what the finished file is."""
        state = self.state
        identity = sha256(repr((file.size_bytes, file.head_bytes, file.blocks)).encode()).hexdigest()
        if state.finished != identity:
            head_bytes = None if state.layout is None else state.layout.head_bytes
            if state.finished is None and head_bytes not in {None, file.head_bytes}:
                await self._abort()
            # Parts of a head are of the finished file that they were read of.
            state.parts = {number: part for number, part in state.parts.items() if part.blocks}
            if state.parts:
                blocks = file.blocks or await asyncio.to_thread(read_blocks, file)
                if changed := state.forget_changed(blocks, complete=True):
                    log.warning("parts of a finished file were sent otherwise", name=state.name, parts=sorted(changed))
                    if self._destination.rules.positional:
                        # What was written behind the end of the object would stay there.
                        await self._abort()
            state.finished = identity
        state.total_bytes = file.size_bytes
        if state.waiting_since_s is None:
            state.waiting_since_s = self._clock.time_s()
        await self._save()

    async def _finish(self, file: FinishedFile) -> None:
        state, rules = self.state, self._destination.rules
        if state.upload_id is None and file.size_bytes <= min(BLOCK_BYTES, rules.max_bytes):
            whole = Span(1, 0, file.size_bytes)
            async with self._places:
                piece = await asyncio.to_thread(read_finished, file, 0, whole)
                await self._destination.put(state.name, piece.data, state.content_type)
                del piece
            await self._done()
            return
        spans = self._fitting(file)
        if spans is None:
            await self._abort()
            layout = self._layout_of(file)
            await self._begin(layout)
            spans = self._fitting(file)
            if spans is None:
                raise UploadError("a file cannot be divided into parts", name=state.name, size_bytes=file.size_bytes)
        head_bytes = self._head_bytes(file)
        missing = [span for span in spans if span.number not in state.parts]
        await self._send(missing, lambda span: asyncio.to_thread(read_finished, file, head_bytes, span), head_bytes)
        await self._complete(spans, file.size_bytes)

    def _layout_of(self, file: FinishedFile) -> Layout:
        """For a file of which nothing was sent."""
        try:
            return Layout.finished(self._destination.rules, file.size_bytes)
        except ValueError as error:
            raise UploadError(str(error), name=self.state.name, size_bytes=file.size_bytes) from error

    def _head_bytes(self, file: FinishedFile) -> int:
        """Where the data of the layout begins in a finished file: one that was begun at its end is all data."""
        layout = self.state.layout
        return 0 if layout is not None and layout.head_bytes == 0 else file.head_bytes

    def _fitting(self, file: FinishedFile) -> list[Span] | None:
        """The parts of a finished file, if they go with what was sent; None if it has to begin anew."""
        state = self.state
        if state.upload_id is None or state.layout is None:
            return None
        head_bytes = self._head_bytes(file)
        spans = state.layout.all_spans(head_bytes, file.size_bytes - head_bytes)
        if spans is None:
            return None
        places = {span.number: (span.start, span.stop) for span in spans}
        outside = [number for number, part in state.parts.items() if places.get(number) != (part.start, part.stop)]
        if outside and self._destination.rules.positional:
            # What was written behind the end of the object would stay there.
            return None
        for number in outside:
            del state.parts[number]
        return spans

    async def _begin(self, layout: Layout) -> None:
        """Does nothing if there is an upload."""
        state = self.state
        if state.upload_id is not None:
            return
        before: Before | None
        try:
            found = await self._destination.stat(state.name)
            before = Before() if found is None else Before(size_bytes=found.size_bytes, etag=found.etag)
        except StorageRefused:
            # Credentials that may write only are good enough.
            before = None
        upload_id = await self._destination.begin(state.name, state.content_type)
        state.forget_upload()
        state.upload_id, state.layout, state.before = upload_id, layout, before
        state.beginnings += 1
        self._succeeded()
        await self._save()

    async def _send(self, spans: Iterable[Span], read: _Read, head_bytes: int) -> None:
        """Sends parts, two at a time, until all are sent or one fails; the other one is not cut off then."""
        queue = iter(spans)
        finishing = self._finishing
        ended = False

        async def send() -> None:
            nonlocal ended
            try:
                for span in queue:
                    if not await self._read_and_send(span, read, head_bytes):
                        break
                    if ended or self._finishing != finishing:
                        # A call to finish must not wait for more than what is on its way.
                        break
            finally:
                ended = True

        results = await asyncio.gather(*(send() for _ in range(_AT_ONCE)), return_exceptions=True)
        errors = [error for error in results if isinstance(error, BaseException)]
        for error in sorted(errors, key=_weight):
            raise error

    async def _read_and_send(self, span: Span, read: _Read, head_bytes: int) -> bool:
        async with self._places:
            piece = await read(span)
            return piece is not None and await self._send_part(span, piece, head_bytes)

    async def _send_part(self, span: Span, piece: Piece, head_bytes: int) -> bool:
        state, upload_id = self.state, self.state.upload_id
        if upload_id is None:
            return False
        part = Part(span.number, head_bytes + span.start, piece.data, piece.sha256)
        receipt = await self._destination.put_part(state.name, upload_id, part)
        state.parts[span.number] = SentPart(start=span.start, stop=span.stop, receipt=receipt, blocks=piece.blocks)
        self._succeeded()
        await self._save()
        return True

    async def _complete(self, spans: list[Span], size_bytes: int) -> None:
        state = self.state
        if state.upload_id is None:
            raise UploadUnknown("there is no upload to complete", name=state.name)
        receipts = [(span.number, state.parts[span.number].receipt) for span in spans]
        try:
            await self._destination.complete(state.name, state.upload_id, receipts, size_bytes)
        except UploadUnknown:
            if not await self._is_there(size_bytes):
                raise
            log.info("an object is there though the answer was lost", name=state.name)
        await self._done()

    async def _is_there(self, size_bytes: int) -> bool:
        """Whether the upload was completed, by an earlier call whose answer was lost."""
        if self.state.before is None:
            return False
        try:
            found = await self._destination.stat(self.state.name)
        except StorageRefused:
            return False
        return found is not None and found.size_bytes == size_bytes and self.state.before.differs(found)

    async def _done(self) -> None:
        state = self.state
        state.forget_upload()
        state.done, state.error = True, None
        self._succeeded()
        await self._save()
        log.info("an upload is finished", name=state.name, to=self._destination.label, bytes=state.total_bytes)

    async def _abort(self) -> None:
        upload_id = self.state.upload_id
        self.state.forget_upload()
        if upload_id is None:
            return
        try:
            await self._destination.abort(self.state.name, upload_id)
        except DestinationError as error:
            # Whoever owns the storage has rules for uploads that were left, or pays for them.
            log.warning("an upload could not be thrown away", name=self.state.name, reason=str(error))

    async def _ask_again(self) -> None:
        """Begins anew next time if the storage has forgotten the upload and could not say so.

        While a part is being sent its answer may be lost with the connection, every time.
        """
        state = self.state
        if self._failures_in_a_row < _DOUBT_FAILURES or state.upload_id is None:
            return
        try:
            known = await self._destination.knows(state.name, state.upload_id)
        except DestinationError as error:
            log.debug("a storage was asked for an upload in vain", name=state.name, reason=str(error))
            return
        if not known:
            log.warning("a storage has forgotten an upload", name=state.name, to=self._destination.label)
            state.forget_upload()

    def _wait_s(self, error: DestinationError) -> float:
        """How long before the next try. Raises UploadGaveUp."""
        state = self.state
        row = max(self._failures_in_a_row, state.beginnings if isinstance(error, UploadUnknown) else 0)
        delay_s = self._patience.delay_s(max(1, row), self._random)
        since_s = state.waiting_since_s if state.waiting_since_s is not None else self._clock.time_s()
        waited_s = self._clock.time_s() + delay_s - since_s
        if waited_s > self._patience.give_up_after_s:
            raise UploadGaveUp(f"the storage did not take the file in time: {error}", name=state.name) from error
        if state.beginnings >= self._patience.max_beginnings and isinstance(error, UploadUnknown):
            raise UploadGaveUp(f"the storage forgot the upload again and again: {error}", name=state.name) from error
        return delay_s

    def _failed(self, error: DestinationError) -> None:
        state = self.state
        self._failures_in_a_row += 1
        state.failures += 1
        state.error = str(error)
        log.warning("an upload met a fault", name=state.name, to=self._destination.label, reason=str(error))

    def _succeeded(self) -> None:
        self._failures_in_a_row = 0
        self.state.error = None
        if self.state.waiting_since_s is not None:
            self.state.waiting_since_s = self._clock.time_s()

    async def _save(self) -> None:
        async with self._saving:
            await self._save_state(self.state)


def _weight(error: BaseException) -> int:
    """Of several errors the first by this counts."""
    kinds = (StorageRefused, UploadUnknown, StorageUnavailable)
    return next((weight for weight, kind in enumerate(kinds, start=1) if isinstance(error, kind)), 0)
