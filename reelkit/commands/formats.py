"""What the API sends, in the form in which people read it. Nothing here raises for a value that is not as expected."""

from datetime import UTC, datetime

_UNITS = ("kB", "MB", "GB", "TB")


def text(value: object) -> str:
    """Any value in a table; of what others wrote only what can be printed, so that no name steers the terminal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "".join(each if each.isprintable() else " " if each.isspace() else "�" for each in str(value))


def lines(value: object) -> str:
    """A list, one value below the other."""
    return "\n".join(map(text, value)) if isinstance(value, list) else text(value)


def local_time(value: object, now: datetime | None = None) -> str:
    """An ISO 8601 time in the local zone as ``ls`` shows it: ``Nov 29 16:46``, of other years ``Nov 29  2025``."""
    moment = parsed(value)
    if moment is None:
        return text(value)
    local = moment.astimezone()
    this_year = (now or datetime.now(UTC)).astimezone().year
    return (
        f"{local:%b} {local.day:2d} {local:%H:%M}"
        if local.year == this_year
        else f"{local:%b} {local.day:2d}  {local:%Y}"
    )


def whole_time(value: object) -> str:
    """An ISO 8601 time in the local zone with date, seconds and zone."""
    moment = parsed(value)
    return text(value) if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S %Z}"


def parsed(value: object) -> datetime | None:
    """The aware time of an ISO 8601 text; one without a zone is local time."""
    try:
        return datetime.fromisoformat(value).astimezone() if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def duration(value: object) -> str:
    """Seconds as ``m:ss`` or ``h:mm:ss``."""
    if not isinstance(value, int | float):
        return text(value)
    minutes, seconds = divmod(max(int(value), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def minutes(value: object) -> str:
    """Minutes as :func:`duration` shows seconds."""
    return duration(value * 60) if isinstance(value, int | float) else text(value)


def size(value: object) -> str:
    """Bytes in decimal units, as disks and storages count."""
    if not isinstance(value, int | float):
        return text(value)
    amount, unit = float(value), "B"
    for larger in _UNITS:
        # From here on three digits would be rounded to the next unit.
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 99.95 else f"{amount:.1f} {unit}"
