"""What a job's owner may read of a log record: no stack, no secret, nothing without bounds."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from common.errors import QuireError
from common.log_context import LogContext, current
from infra.logs import extra_fields

#: Whose lines are meant for people; others' only from a warning on.
_OURS: Final = ("functions.", "infra.", "common.")

#: A record with this field is no job's, whatever is being worked on.
FOR_OPERATORS: Final = "for_operators"

_MAX_TEXT: Final = 1000
_MAX_FIELDS: Final = 20
_MAX_ITEMS: Final = 50
#: Columns of their own, and what says no more than the job itself.
_NAMED: Final = frozenset({"job_id", "chunk_index", "attempt", "document_id"})

#: A field by such a name is nobody's business, whatever stands in it.
_SECRET_NAME: Final = re.compile(
    r"passw|secret|token|authorization|credential|cookie|signature|(^|[_-])key($|[_-])", re.I
)
#: What looks like a secret within a text, and what is left of it.
_SECRETS: Final = (
    (re.compile(r"(://)[^/@\s]*@"), r"\1***@"),
    (re.compile(r"(https?://[^\s?#]*)[?#]\S*"), r"\1?***"),
    (re.compile(r"\b(bearer|basic)\s+\S+", re.I), r"\1 ***"),
    (re.compile(r"\b(?:eyJ[\w-]+\.[\w.-]+|(?:whsec|qk)_[\w+/=-]+)"), "***"),
    (
        re.compile(
            r"(\b\w*(?:password|secret|token|signature|api[_-]?key)['\"]?\s*[=:]\s*)\S+", re.I
        ),
        r"\1***",
    ),
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a job's log."""

    job_id: UUID
    at: datetime
    level: str
    logger: str
    message: str
    chunk_index: int | None
    attempt: int | None
    fields: dict[str, Any]


def line_of(record: logging.LogRecord) -> LogLine | None:
    """Return what the record says to its job's owner; None where it is not for them.

    An error's stack is for operators. The owner gets its type, and for one of our own its code
    and sentence, which were written for them.
    """
    if record.levelno < logging.INFO or getattr(record, FOR_OPERATORS, False):
        return None
    if record.levelno < logging.WARNING and not record.name.startswith(_OURS):
        return None
    context = current()
    extra = extra_fields(record)
    job_id = _job_id(extra, context)
    if job_id is None:
        return None
    index = attempt = None
    if context is not None and context.job_id == job_id:
        index, attempt = context.chunk_index, context.attempt
    fields = {
        name: _plain(value) for name, value in list(extra.items())[:_MAX_FIELDS] if _shown(name)
    }
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        fields["error_type"] = type(error).__name__
        if isinstance(error, QuireError):
            fields.setdefault("code", error.code)
            fields.setdefault("reason", scrubbed(error.message))
        elif record.levelno >= logging.ERROR:
            fields.setdefault("code", QuireError.default_code)
    return LogLine(
        job_id=job_id,
        at=datetime.fromtimestamp(record.created, UTC),
        level=_level(record.levelno),
        logger=scrubbed(record.name),
        message=scrubbed(record.getMessage()),
        chunk_index=_number(extra, "chunk_index", index),
        attempt=_number(extra, "attempt", attempt),
        fields=fields,
    )


def scrubbed(text: str) -> str:
    """Return the text without what looks like a secret, in bounds, and as Postgres takes it."""
    for secret, rest in _SECRETS:
        text = secret.sub(rest, text)
    if len(text) > _MAX_TEXT:
        text = text[: _MAX_TEXT - 1] + "…"
    return text.replace("\0", "").encode(errors="replace").decode()


def _job_id(extra: Mapping[str, object], context: LogContext | None) -> UUID | None:
    given = extra.get("job_id")
    if given is None:
        return context.job_id if context else None
    try:
        return given if isinstance(given, UUID) else UUID(str(given))
    except ValueError:
        return None


def _shown(name: str) -> bool:
    return name not in _NAMED and not _SECRET_NAME.search(name)


def _plain(value: object) -> Any:
    match value:
        case None | bool() | int() | float():
            # Beyond these JSON has no numbers that every reader reads.
            return value if value is None or abs(value) < 2**53 else str(value)
        case list() | tuple() | set() | frozenset():
            return [_plain(each) for each in list(value)[:_MAX_ITEMS]]
        case dict():
            items = list(value.items())[:_MAX_ITEMS]
            return {scrubbed(str(name)): _plain(each) for name, each in items if _shown(str(name))}
        case _:
            return scrubbed(str(value))


def _number(extra: Mapping[str, object], name: str, otherwise: int | None) -> int | None:
    given = extra.get(name, otherwise)
    return given if isinstance(given, int) and abs(given) < 2**31 else None


def _level(number: int) -> str:
    for level in (logging.CRITICAL, logging.ERROR, logging.WARNING):
        if number >= level:
            return logging.getLevelName(level)
    return "INFO"
