"""Times as people read them: in their own zone, or how long ago."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_STEPS: Final = ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h"))
_DAYS_AT_MOST: Final = 14


def moment(text: str | None) -> datetime | None:
    """Return the time that the API wrote; None for none, or for what is no time."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def local_text(text: str | None) -> str:
    """Write a time in this machine's zone, to the second: `2026-11-22 10:00:02`."""
    at = moment(text)
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}" if at else text or "-"


def ago_text(text: str | None, now: datetime | None = None) -> str:
    """Write how long ago a time was: `12 s ago`, `3 h ago`; after two weeks its day."""
    at = moment(text)
    if at is None:
        return text or "-"
    seconds = max(0, int(((now or datetime.now(UTC)) - at).total_seconds()))
    for below, unit, name in _STEPS:
        if seconds < below:
            return f"{seconds // unit} {name} ago"
    days = seconds // 86_400
    if days > _DAYS_AT_MOST:
        return f"{at.astimezone():%Y-%m-%d}"
    return "1 day ago" if days == 1 else f"{days} days ago"
