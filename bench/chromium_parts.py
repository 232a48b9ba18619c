"""The processes of a browser, by what they do."""

import contextlib

import psutil

_TYPE, _SUBTYPE = "--type=", "--utility-sub-type="
_NAMES = {"renderer": "page", "gpu-process": "compositing", "zygote": "zygotes"}
"""What Chromium calls a renderer would be taken for what makes the film."""
_SERVICES = {"audio.mojom.AudioService": "sound", "network.mojom.NetworkService": "network"}


def chromium_parts(pid: int) -> dict[str, int]:
    """Process ids by name, of the browser with process id ``pid`` and of what it has started so far."""
    found = {"chromium": pid}
    for process in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            name = _name(process.cmdline())
            number = sum(part_of(each) == name for each in found)
            found[f"{name} #{number + 1}" if number else name] = process.pid
    return found


def part_of(name: str) -> str:
    """What the processes of one kind have in common."""
    return name.partition(" #")[0]


def _name(argv: list[str]) -> str:
    # One that was forked and does not call itself anything yet counts as its parent's kind.
    words = " ".join(argv).split()
    kind = next((word.removeprefix(_TYPE) for word in words if word.startswith(_TYPE)), "other")
    service = next((word.removeprefix(_SUBTYPE) for word in words if word.startswith(_SUBTYPE)), "")
    return f"chromium: {_SERVICES.get(service, service) or _NAMES.get(kind, kind)}"
