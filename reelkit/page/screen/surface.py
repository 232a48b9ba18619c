"""What the browser draws on (wl_surface)."""

import time
from collections.abc import Callable, Mapping

from reelkit.page.screen.memory import Buffer
from reelkit.page.screen.resource import Callback, Client, Handler, Passive, Resource
from reelkit.page.screen.wire import Arguments

_MS_PER_S = 1_000

OnPicture = Callable[["Surface", Buffer], None]
"""Gets each buffer when its picture is complete, and must not use it after it returns."""


class Feedback(Resource):
    """Tells once when a picture was seen (wp_presentation_feedback)."""

    def presented(self, time_s: float, refresh_s: float, number: int) -> None:
        """It was seen at ``time_s`` of the monotonic clock; the screen shows one each ``refresh_s``."""
        seconds = int(time_s)
        nanoseconds = int((time_s - seconds) * 1e9)
        # Shown at the screen's own pace (vsync).
        self.send(1, seconds >> 32, seconds & 0xFFFF_FFFF, nanoseconds, int(refresh_s * 1e9), 0, number, 1)
        self.destroy()


class Seen:
    """Who is to be told at the screen's next tick that a picture was seen."""

    def __init__(self) -> None:
        self._feedbacks: list[Feedback] = []

    def add(self, feedbacks: list[Feedback]) -> None:
        self._feedbacks += feedbacks

    def tick(self, time_s: float, refresh_s: float, number: int) -> None:
        """The screen shows what it has."""
        feedbacks, self._feedbacks = self._feedbacks, []
        for feedback in feedbacks:
            feedback.presented(time_s, refresh_s, number)


class Surface(Resource):
    """A surface. What a client changes counts from its commit on.

    That the next picture may be drawn is said at once (wl_surface.frame): were it said at the ticks alone, a browser
    that was late once would keep a picture waiting for ever after, and be late with all that follow.
    """

    def __init__(self, client: Client, object_id: int, seen: Seen, on_picture: OnPicture) -> None:
        super().__init__(client, object_id)
        self._seen = seen
        self._on_picture = on_picture
        self._attached = 0
        self._frames: list[Callback] = []
        self.feedbacks: list[Feedback] = []
        self.gone = False

    def destroy(self, _: Arguments | None = None) -> None:
        self.gone = True
        super().destroy()

    def requests(self) -> Mapping[int, Handler]:
        return {0: self.destroy, 1: self._attach, 3: self._frame, 6: self._commit}

    def _attach(self, arguments: Arguments) -> None:
        self._attached = arguments.unsigned()

    def _frame(self, arguments: Arguments) -> None:
        self._frames.append(Callback(self.client, arguments.unsigned()))

    def _commit(self, _: Arguments) -> None:
        frames, self._frames = self._frames, []
        feedbacks, self.feedbacks = self.feedbacks, []
        buffer = self.client.find(self._attached)
        self._attached = 0
        if isinstance(buffer, Buffer):
            self._on_picture(self, buffer)
            buffer.release()
        self._seen.add(feedbacks)
        for frame in frames:
            frame.done(int(time.monotonic() * _MS_PER_S) & 0xFFFF_FFFF)


class Compositor(Resource):
    """What makes surfaces (wl_compositor)."""

    def __init__(self, client: Client, object_id: int, seen: Seen, on_picture: OnPicture) -> None:
        super().__init__(client, object_id)
        self._seen = seen
        self._on_picture = on_picture

    def requests(self) -> Mapping[int, Handler]:
        return {0: self._create_surface, 1: lambda arguments: _passive(self.client, arguments)}

    def _create_surface(self, arguments: Arguments) -> None:
        Surface(self.client, arguments.unsigned(), self._seen, self._on_picture)


class Subcompositor(Resource):
    """Makes surfaces parts of others (wl_subcompositor): they are drawn whether they are or not."""

    def requests(self) -> Mapping[int, Handler]:
        return {0: self.destroy, 1: lambda arguments: _passive(self.client, arguments)}


class Viewporter(Resource):
    """Makes viewports (wp_viewporter), which Chromium wants and does not need at a scale of 1."""

    def requests(self) -> Mapping[int, Handler]:
        return {0: self.destroy, 1: lambda arguments: _passive(self.client, arguments)}


def _passive(client: Client, arguments: Arguments) -> None:
    Passive(client, arguments.unsigned())
