"""Links to hosted files."""

from reelkit.api.state import AppState
from reelkit.control.hosted import Hosted
from reelkit.control.links import Links

__all__ = ["Links", "links_to"]


def links_to(state: AppState, item: Hosted) -> Links:
    """Links to what of ``item`` is hosted; all end when the files are deleted."""
    return state.control.links.to(item)
