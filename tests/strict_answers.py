"""What is wrong with an answer that the official clients would let pass: they build their models without validating."""

from datetime import datetime

from pydantic import BaseModel


def check(model: type[BaseModel], text: str | bytes, raw: object) -> None:
    """Asserts that an answer is what ``model`` says.

    No required field is missing, no type is wrong, nothing is null that is meant to be absent, and every time is in UTC
    with milliseconds.
    """
    model.model_validate_json(text, strict=True)
    assert nulls(raw) == []
    assert odd_times(raw) == []


_DOCUMENT = "integrity"
"""A file's integrity record is shown as it stands in its own file, where a figure that cannot be known is null."""


def nulls(value: object, path: str = "$") -> list[str]:
    """Where a null stands."""
    if value is None:
        return [path]
    if isinstance(value, dict):
        return [found for name, part in value.items() if name != _DOCUMENT for found in nulls(part, f"{path}.{name}")]
    if isinstance(value, list):
        return [found for index, part in enumerate(value) for found in nulls(part, f"{path}[{index}]")]
    return []


def odd_times(value: object, path: str = "$") -> list[str]:
    """Where a time is not ISO 8601 in UTC with milliseconds and Z."""
    if isinstance(value, list):
        return [found for part in value for found in odd_times(part, path)]
    if not isinstance(value, dict):
        return []
    odd = []
    for name, part in value.items():
        if isinstance(part, str) and name.endswith(("_at", "_time", "_expiry", "Expiry")) and not _canonical(part):
            odd.append(f"{path}.{name}={part}")
        odd += odd_times(part, f"{path}.{name}")
    return odd


def _canonical(text: str) -> bool:
    return datetime.fromisoformat(text).strftime("%Y-%m-%dT%H:%M:%S.") + text[20:23] + "Z" == text
