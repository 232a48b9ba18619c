"""Errors of recording a web page.

PageError
├── BrowserError            the browser that shows the page
│   ├── JailFailed          what the browser is to be locked into could not be made
│   │   └── NoSlot          as many browsers run on this machine as there may be
│   ├── NoSandbox           the kernel forbids Chromium's sandbox, and the operator does not allow going without
│   ├── BrowserNotStarted   it ended or did nothing before its first page was there
│   ├── BrowserGone         it ended, whatever ended it
│   ├── ScreenFailed        it broke the protocol of its screen
│   ├── MalformedMessage    it broke the protocol of its loudspeaker
│   └── CdpError            it refused a command
│       └── CdpTimeout      it did not answer one in time
└── PageFailed              the page itself, whose author is to blame
    ├── PageUnreachable     it could not be loaded: its host, its name, its certificate, our egress guard
    ├── PageRefused         its host answered with an HTTP error
    ├── PageTooSlow         it did not load in time
    ├── PageSilent          it has the recording SDK and never said that it is to be recorded
    ├── PageCrashed         its process ended
    └── PageTooLarge        it took more memory, disk or processes than a page may
"""

from reelkit.errors import Fault, ReelkitError


class PageError(ReelkitError):
    """Base of this package's errors."""


class BrowserError(PageError):
    """The browser failed; the machine or the operator's settings are to blame unless a subclass says otherwise."""


class JailFailed(BrowserError):
    """The directory, the account or the helper process that a browser needs cannot be had."""


class NoSlot(JailFailed):
    """All users that browsers may run as are taken; one is free again when a recording ends."""

    retry = True


class NoSandbox(BrowserError):
    """Chromium cannot lock its pages in on this machine, and nobody allowed it to run without."""


class BrowserNotStarted(BrowserError):
    """Another start may succeed: a busy machine is the most frequent reason."""

    retry = True


class BrowserGone(BrowserError):
    """Nothing more can be asked of this browser; another one can be started."""

    retry = True


class CdpError(BrowserError):
    """A command failed; ``context`` names its ``method``."""


class CdpTimeout(CdpError):
    """The browser or the page was too busy to answer, perhaps for ever."""

    retry = True


class ScreenFailed(BrowserError):
    """What the browser says to its screen makes no sense; another start may succeed."""

    retry = True


class MalformedMessage(BrowserError):
    """What a client of the loudspeaker sent makes no sense; nothing it sends after that can be understood."""


class PageFailed(PageError):
    """The page cannot be recorded, or not any longer. ``message`` is written for the caller."""

    fault = Fault.DESTINATION


class PageUnreachable(PageFailed):
    """Nothing came that could be shown."""


class PageRefused(PageFailed):
    """Its host answered, but not with the page."""


class PageTooSlow(PageFailed):
    """It was still loading when its time was over."""


class PageSilent(PageFailed):
    """It connected to its recorder and never sent StartRecording."""


class PageCrashed(PageFailed):
    """It may live again when it is loaded anew."""

    retry = True


class PageTooLarge(PageFailed):
    """It would take as much again."""
