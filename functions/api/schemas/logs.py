"""A job's own log lines, as they are answered."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from functions.api.schemas.base import Answer, Count, Moment, described

LINE: Final[dict[str, Any]] = {
    "id": 4711,
    "at": "2026-11-22T09:30:44.018332+00:00",
    "level": "WARNING",
    "message": "chunk is put back",
    "logger": "functions.pipeline.process_chunk",
    "chunk_index": 4,
    "attempt": 1,
    "fields": {
        "code": "OCR_TIMEOUT",
        "reason": "Document AI timeout",
        "counted": True,
        "wait_seconds": 1.7,
    },
}


class LogLine(Answer):
    """One line of a job's log."""

    model_config = described(LINE)

    id: Annotated[int, Field(ge=1, description="Grows; it has gaps.")]
    at: Annotated[Moment, Field(description="By the clock of the process that said it.")]
    level: Literal["INFO", "WARNING", "ERROR", "CRITICAL"]
    message: Annotated[str, Field(description="Always the same sentence for the same thing.")]
    logger: Annotated[str, Field(description="Which part of Quire said it.")]
    chunk_index: Annotated[Count | None, Field(description="The chunk that it is about.")]
    attempt: Annotated[
        Count | None, Field(description="Which attempt at the chunk, the split or the merge.")
    ]
    fields: Annotated[
        dict[str, Any],
        Field(description="What belongs to it; an error's `code`, and the `reason` in a sentence."),
    ]


class LogPage(Answer):
    """Lines in the order in which they were written."""

    model_config = described({"lines": [LINE], "next_after": None})

    lines: list[LogLine]
    next_after: Annotated[
        int | None, Field(description="`after` for what follows; null at the end, for now.")
    ]
