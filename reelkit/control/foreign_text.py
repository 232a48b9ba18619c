"""Text that somebody outside had a part in, as it is stored and shown."""

_MAX_LENGTH = 500


def sentence(text: str) -> str:
    """One line of what can be printed, of a bounded length."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return shown if len(shown) <= _MAX_LENGTH else f"{shown[:_MAX_LENGTH]}…"
