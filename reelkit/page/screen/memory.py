"""Memory that the browser shares with the screen (wl_shm)."""

import mmap
import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelkit.page.errors import ScreenFailed
from reelkit.page.screen.resource import Client, Handler, Resource
from reelkit.page.screen.wire import Arguments

_ARGB8888, _XRGB8888 = 0, 1
"""Formats that every server has to know; in memory: blue, green, red, alpha or nothing."""
_MAX_POOL_BYTES = 256 << 20
"""Chromium has a pool for each buffer: 14 MiB at 1920x1920."""

Pixels = NDArray[np.uint8]


class _Mapping:
    """A pool's memory, which lives as long as the pool or one of its buffers."""

    def __init__(self, descriptor: int, size: int) -> None:
        try:
            # A file that is shorter than it was said to be would kill us when it is read.
            if not 0 < size <= _MAX_POOL_BYTES or os.fstat(descriptor).st_size < size:
                raise ScreenFailed("the browser shares memory of an impossible size")
            self.memory = mmap.mmap(descriptor, size, prot=mmap.PROT_READ)
        except (OSError, ValueError) as error:
            raise ScreenFailed(f"the browser's memory cannot be shared: {error}") from error
        finally:
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class _Place:
    offset: int
    width_px: int
    height_px: int
    stride: int


class Buffer(Resource):
    """A picture in shared memory (wl_buffer)."""

    def __init__(self, client: Client, object_id: int, mapping: _Mapping, place: _Place) -> None:
        super().__init__(client, object_id)
        self._mapping = mapping
        self._place = place

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        return self._place.width_px, self._place.height_px

    def pixels(self) -> Pixels:
        """The picture, shape (height, width, 4): blue, green, red, and a byte without meaning. Valid until
        :meth:`release`."""
        place = self._place
        rows = np.frombuffer(self._mapping.memory, np.uint8, place.stride * place.height_px, place.offset)
        return rows.reshape(place.height_px, place.stride // 4, 4)[:, : place.width_px]

    def release(self) -> None:
        """The client may draw into it again."""
        self.send(0)

    def requests(self) -> Mapping[int, Handler]:
        return {0: self.destroy}


class Pool(Resource):
    """A piece of shared memory that buffers are cut from (wl_shm_pool)."""

    def __init__(self, client: Client, object_id: int, descriptor: int, size: int) -> None:
        # Kept for a later resize, which comes without one.
        self._descriptor = os.dup(descriptor)
        self._size = size
        self._mapping = _Mapping(descriptor, size)
        super().__init__(client, object_id)

    def requests(self) -> Mapping[int, Handler]:
        return {0: self._create_buffer, 1: self.destroy, 2: self._resize}

    def destroy(self, _: Arguments | None = None) -> None:
        os.close(self._descriptor)
        super().destroy()

    def _create_buffer(self, arguments: Arguments) -> None:
        object_id = arguments.unsigned()
        place = _Place(arguments.signed(), arguments.signed(), arguments.signed(), arguments.signed())
        if arguments.unsigned() not in {_ARGB8888, _XRGB8888}:
            raise ScreenFailed("the browser draws in an unknown format")
        end = place.offset + place.stride * place.height_px
        fits = place.offset >= 0 and place.height_px > 0 and 0 < place.width_px * 4 <= place.stride
        if not fits or place.stride % 4 or end > self._size:
            raise ScreenFailed("the browser draws outside its memory")
        Buffer(self.client, object_id, self._mapping, place)

    def _resize(self, arguments: Arguments) -> None:
        self._size = arguments.signed()
        self._mapping = _Mapping(os.dup(self._descriptor), self._size)


class SharedMemory(Resource):
    """What makes pools (wl_shm)."""

    def __init__(self, client: Client, object_id: int) -> None:
        super().__init__(client, object_id)
        for form in (_ARGB8888, _XRGB8888):
            self.send(0, form)

    def requests(self) -> Mapping[int, Handler]:
        return {0: self._create_pool}

    def _create_pool(self, arguments: Arguments) -> None:
        Pool(self.client, arguments.unsigned(), arguments.descriptor(), arguments.signed())
