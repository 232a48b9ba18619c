"""What Chromium is started with, and why."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reelkit.page.netns import LOOPBACK_HOST

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - it is only measured
_MIN_SHARED_MEMORY_BYTES = 1 << 30
"""Containers have 64 MiB there unless somebody asked for more, and pages die for want of it."""

_ON_WAYLAND = "--ozone-platform=wayland"
_HEADLESS = "--headless=new"
"""A whole browser without a screen, as opposed to the separate shell of old."""
FLAGS = (
    # Commands come through a pipe: a port could be reached by a page.
    "--remote-debugging-pipe",
    # Pages are told honestly that nobody is there (navigator.webdriver), but by no bar that takes room from them.
    "--enable-blink-features=AutomationControlled",
    # The page has the whole window; bars would change its size, also in the middle of a recording.
    "--kiosk",
    "--disable-infobars",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    # Nobody is there to click.
    "--autoplay-policy=no-user-gesture-required",
    "--no-first-run",
    "--no-default-browser-check",
    "--deny-permission-prompts",
    "--noerrdialogs",
    # A machine without a graphics card is the rule, and drivers of one would be a way out of the jail.
    "--disable-gpu",
    # Now and then, and for as long as a page is shown, pictures would come one tick later than needed: the compositor
    # works on two at once, or on an animation of its own.
    "--disable-main-frame-before-activation",
    "--disable-threaded-animation",
    # The page is always to be seen, whatever Chromium believes of its window.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    # Nothing that Chromium does by itself may reach out.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-search-engine-choice-screen",
    "--metrics-recording-only",
    "--no-pings",
    # Trials would be downloaded, and make one recording differ from the next.
    "--disable-field-trial-config",
    # It is UDP and would go past the proxy.
    "--disable-quic",
    # WebRTC may use the proxy or nothing.
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    # Passwords and keys are kept nowhere.
    "--password-store=basic",
)
"""For every page."""

DISABLED_FEATURES = (
    # They ask services of Chromium's makers.
    "AutofillServerCommunication",
    "CertificateTransparencyComponentUpdater",
    "DialMediaRouteProvider",
    "InterestFeedContentSuggestions",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationGuideManifestBroker",
    "OptimizationGuideModelDownloading",
    "OptimizationHints",
    "OptimizationHintsFetching",
    "Translate",
    # The caller's address is opened as it is: http stays http.
    "HttpsUpgrades",
    # Two pages of the address bar, which nobody sees and which take 150 MB.
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
    # A process in reserve for the next page; there is one page.
    "SpareRendererForSitePerProcess",
)
"""All in one flag, since only the last of several counts."""

_NOWHERE = "nowhere.invalid"
"""A host without an address (RFC 6761), which the proxy is not bothered with."""


@dataclass(frozen=True, slots=True)
class Desktop:
    """What a browser that is not headless finds: the sockets of a Wayland server and of a PulseAudio server."""

    screen: Path
    loudspeaker: Path


def flags(
    *,
    user_data: Path,
    width_px: int,
    height_px: int,
    proxy_port: int,
    key_pins: Sequence[str] = (),
    desktop: Desktop | None = None,
    sandboxed: bool = True,
    more: Sequence[str] = (),
) -> list[str]:
    """The whole list for one start. ``key_pins`` are the hashes of public keys that are trusted in any certificate.
    Without a ``desktop`` nothing is seen or heard."""
    given = [
        *FLAGS,
        f"--user-data-dir={user_data}",
        # The screen, the window and, for want of anything else in it, the page.
        f"--screen-info={{{width_px}x{height_px}}}",
        f"--window-size={width_px},{height_px}",
        f"--disable-features={','.join(DISABLED_FEATURES)}",
        # Loopback too: otherwise it would be asked directly.
        f"--proxy-server=http://{LOOPBACK_HOST}:{proxy_port}",
        f"--proxy-bypass-list=<-loopback>;{_NOWHERE}",
        # One updater, and the question who is logged in, cannot be switched off, only led astray.
        f"--component-updater=url-source=http://{_NOWHERE}/",
        f"--gaia-url=http://{_NOWHERE}/",
        # The proxy resolves names; whatever asks past it finds none.
        f"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {LOOPBACK_HOST}",
    ]
    if key_pins:
        given.append(f"--ignore-certificate-errors-spki-list={','.join(key_pins)}")
    given.append(_HEADLESS if desktop is None else _ON_WAYLAND)
    if shared_memory_is_small():
        given.append("--disable-dev-shm-usage")
    if not sandboxed:
        given.append("--no-sandbox")
    return [*given, *more]


def shared_memory_is_small() -> bool:
    """Whether pages' shared memory has to be in files of the profile instead."""
    try:
        free = os.statvfs(_SHARED_MEMORY)
    except OSError:
        return True
    return free.f_bavail * free.f_frsize < _MIN_SHARED_MEMORY_BYTES


def environment(home: Path, temporary: Path, desktop: Desktop | None = None) -> dict[str, str]:
    """All that the browser finds in its environment; nothing of the worker's."""
    found = {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        # It would look for the machine's own services there.
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/dev/null",
        "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/dev/null",
    }
    if desktop is not None:
        found["WAYLAND_DISPLAY"] = str(desktop.screen)
        found["PULSE_SERVER"] = f"unix:{desktop.loudspeaker}"
        # Clients of both want a directory of their own, whatever they need it for.
        found["XDG_RUNTIME_DIR"] = str(home)
    return found
