"""The browser's window, which fills the screen (xdg-shell)."""

import struct
from collections.abc import Mapping

from reelkit.page.screen.resource import Client, Handler, Passive, Resource
from reelkit.page.screen.wire import Arguments

_FULLSCREEN, _ACTIVATED = 2, 4
_STATES = struct.pack("=II", _FULLSCREEN, _ACTIVATED)
_SET_MAXIMIZED, _UNSET_MAXIMIZED, _SET_FULLSCREEN, _UNSET_FULLSCREEN = 9, 10, 11, 12


class Toplevel(Resource):
    """A window (xdg_toplevel): whatever it wants to be, it is as large as the screen."""

    def __init__(self, client: Client, object_id: int, surface: "ShellSurface", size_px: tuple[int, int]) -> None:
        super().__init__(client, object_id)
        self._surface = surface
        self._size_px = size_px
        self._configure()

    def requests(self) -> Mapping[int, Handler]:
        wishes = (_SET_MAXIMIZED, _UNSET_MAXIMIZED, _SET_FULLSCREEN, _UNSET_FULLSCREEN)
        return {0: self.destroy, **dict.fromkeys(wishes, self._configure)}

    def _configure(self, _: Arguments | None = None) -> None:
        self.send(0, *self._size_px, _STATES)
        self._surface.configured()


class ShellSurface(Resource):
    """A surface that is a window or a pop-up (xdg_surface). Pop-ups get no place and show nothing."""

    def __init__(self, client: Client, object_id: int, size_px: tuple[int, int]) -> None:
        super().__init__(client, object_id)
        self._size_px = size_px
        self._serial = 0

    def requests(self) -> Mapping[int, Handler]:
        return {0: self.destroy, 1: self._get_toplevel, 2: self._get_popup}

    def configured(self) -> None:
        """The client knows all about its new state."""
        self._serial += 1
        self.send(0, self._serial)

    def _get_toplevel(self, arguments: Arguments) -> None:
        Toplevel(self.client, arguments.unsigned(), self, self._size_px)

    def _get_popup(self, arguments: Arguments) -> None:
        Passive(self.client, arguments.unsigned())


class Shell(Resource):
    """What makes windows (xdg_wm_base)."""

    def __init__(self, client: Client, object_id: int, size_px: tuple[int, int]) -> None:
        super().__init__(client, object_id)
        self._size_px = size_px

    def requests(self) -> Mapping[int, Handler]:
        return {0: self.destroy, 1: self._create_positioner, 2: self._get_surface}

    def _create_positioner(self, arguments: Arguments) -> None:
        Passive(self.client, arguments.unsigned())

    def _get_surface(self, arguments: Arguments) -> None:
        ShellSurface(self.client, arguments.unsigned(), self._size_px)
