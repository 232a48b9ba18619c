"""Minutes, in which RealtimeKit counts."""

_MS_PER_MINUTE = 60_000
# 60 ms.
_DECIMALS = 3


def minutes(duration_ms: int) -> float:
    """Minutes with three decimals."""
    return round(duration_ms / _MS_PER_MINUTE, _DECIMALS)


def whole_minutes(duration_ms: int) -> int:
    """Where RealtimeKit has no fractions; the nearest."""
    return (duration_ms + _MS_PER_MINUTE // 2) // _MS_PER_MINUTE
