"""The screen as the browser sees it: its size, its rate, and when something was seen on it."""

from collections.abc import Mapping

from reelkit.page.screen.resource import Client, Handler, Resource
from reelkit.page.screen.surface import Feedback, Surface
from reelkit.page.screen.wire import Arguments

_CURRENT_PREFERRED = 3
"""Of a mode: it is in use, and the screen's own."""
_PX_PER_MM = 4
"""About 100 dots an inch, for which a scale of 1 is right."""
_SINCE_SCALE, _SINCE_NAME = 2, 4
"""Versions of wl_output in which events were added."""
_CLOCK_MONOTONIC = 1


class Output(Resource):
    """The screen (wl_output)."""

    def __init__(self, client: Client, object_id: int, version: int, size_px: tuple[int, int], fps: int) -> None:
        super().__init__(client, object_id)
        width, height = size_px
        self.send(0, 0, 0, width // _PX_PER_MM, height // _PX_PER_MM, 0, "Reelkit", "screen", 0)
        self.send(1, _CURRENT_PREFERRED, width, height, fps * 1_000)
        if version >= _SINCE_SCALE:
            self.send(3, 1)
        if version >= _SINCE_NAME:
            self.send(4, "screen-1")
            self.send(5, "Reelkit's screen")
        if version >= _SINCE_SCALE:
            self.send(2)

    def requests(self) -> Mapping[int, Handler]:
        return {0: self.destroy}


class Presentation(Resource):
    """Tells when pictures were seen (wp_presentation): Chromium takes the screen's rate from there."""

    def __init__(self, client: Client, object_id: int) -> None:
        super().__init__(client, object_id)
        self.send(0, _CLOCK_MONOTONIC)

    def requests(self) -> Mapping[int, Handler]:
        return {0: self.destroy, 1: self._feedback}

    def _feedback(self, arguments: Arguments) -> None:
        surface = self.client.find(arguments.unsigned())
        feedback = Feedback(self.client, arguments.unsigned())
        if isinstance(surface, Surface):
            surface.feedbacks.append(feedback)
