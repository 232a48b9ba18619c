"""JSON that options name."""

import json
import sys
from typing import Any

from reelkit.commands.errors import WrongUsage

STDIN = "-"


def read_json(option: str, path: str) -> Any:  # noqa: ANN401 - the server judges it
    """What the file at ``path`` holds, or standard input for ``-``. Raises WrongUsage naming ``option``."""
    try:
        if path == STDIN:
            return json.load(sys.stdin)
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - also /dev/stdin and what shells substitute
            return json.load(file)
    except OSError as error:
        raise WrongUsage(f"{option}: {path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        # What a decoding error says is a place, and nothing of what stands there; others may quote it.
        place = f": {error}" if isinstance(error, json.JSONDecodeError) else ""
        raise WrongUsage(f"{option}: this is not JSON{place}") from error


def read_object(option: str, path: str) -> dict[str, Any]:
    """The same, of a JSON object. Raises WrongUsage."""
    found = read_json(option, path)
    if not isinstance(found, dict):
        raise WrongUsage(f"{option}: this is no JSON object")
    return found
