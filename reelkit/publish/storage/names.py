"""Names of objects: what a caller gave as ``path``, and what is put below it."""

from collections.abc import Sequence

# S3's limit, in UTF-8; the others' are not smaller.
MAX_KEY_BYTES = 1_024


def path_parts(path: str) -> list[str]:
    """The directories of ``path``, in which slashes at the ends and double ones do not count.

    Raises ValueError for names that would leave it or that no storage takes.
    """
    parts = [part for part in path.split("/") if part]
    _require_names(parts)
    return parts


def object_key(path: str, name: str) -> str:
    """``name`` below ``path``. Raises ValueError for names that would leave it or that no storage takes."""
    parts = [*path_parts(path), *name.split("/")]
    _require_names(parts)
    key = ("/" if path.startswith("/") else "") + "/".join(parts)
    if len(key.encode()) > MAX_KEY_BYTES:
        raise ValueError(f"must not be longer than {MAX_KEY_BYTES} bytes with its path")
    return key


def _require_names(parts: Sequence[str]) -> None:
    for part in parts:
        if part in {"", ".", ".."}:
            raise ValueError("must not lead out of its place: no name may be empty or consist of dots only")
        if any(character < " " or character == "\x7f" for character in part):
            raise ValueError("must not contain control characters")
