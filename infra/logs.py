"""JSON logs as Cloud Logging reads them: a constant sentence, and values in fields beside it."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Final

from common import telemetry
from common.log_context import LogContext, current

#: What every LogRecord has; anything else on one came by `extra`.
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with the fields that Cloud Logging gives a meaning to.

    `project` is where the traces are that lines belong to.
    """

    def __init__(self, project: str = "") -> None:
        super().__init__()
        self._traces = f"projects/{project}/traces/" if project else ""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record with its `extra` fields; values that aren't JSON become text."""
        entry: dict[str, object] = {
            "severity": record.levelname,
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "message": record.getMessage(),
            "logger": record.name,
        }
        entry |= _about(current())
        if (ids := telemetry.ids()) is not None:
            entry["logging.googleapis.com/trace"] = self._traces + ids.trace_id
            entry["logging.googleapis.com/spanId"] = ids.span_id
            entry["logging.googleapis.com/trace_sampled"] = ids.is_sampled
        entry |= extra_fields(record)
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str, ensure_ascii=False)


def extra_fields(record: logging.LogRecord) -> dict[str, object]:
    """Return what was given to the record by `extra`."""
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _about(context: LogContext | None) -> dict[str, object]:
    """Return what the work at hand is about, for lines that do not say it themselves."""
    if context is None:
        return {}
    about = {"job_id": context.job_id, "chunk_index": context.chunk_index}
    about["attempt"] = context.attempt
    return {name: value for name, value in about.items() if value is not None}


def configure(level: str, *, project: str = "") -> None:
    """Send this process's logs to stderr as JSON."""
    stream = logging.StreamHandler()
    stream.setFormatter(JsonFormatter(project))
    logging.basicConfig(level=level, handlers=[stream], force=True)
    # One line for every request says nothing that our own lines don't.
    logging.getLogger("httpx").setLevel(logging.WARNING)
