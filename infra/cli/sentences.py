"""What an event of a job means, in one sentence for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Final

import msgspec

from infra.cli.jobs import pages_text


class _Details(msgspec.Struct, frozen=True):
    """What the kinds of events tell beside their kind."""

    chunk_index: int | None = None
    page_start: int | None = None
    page_end: int | None = None
    attempt: int = 1
    failures: int = 0
    failed_pages: int = 0
    indexes: tuple[int, ...] = ()
    chunks: int = 0
    pages: int = 0
    completed_chunks: int = 0
    total_chunks: int = 0
    stage: str = ""
    stages: tuple[str, ...] = ()
    seconds: float | None = None
    code: str = ""
    message: str = ""


def event_sentence(kind: str, details: Mapping[str, object]) -> str:
    """Tell an event; one of a kind that a later API adds, by its kind and details."""
    write = _SENTENCES.get(kind)
    try:
        told = msgspec.convert(details, _Details)
    except msgspec.ValidationError:
        write = None
    if write is not None:
        return write(told)
    said = [f"{name}={value}" for name, value in details.items()]
    return "  ".join([kind.replace("_", " ").capitalize(), *said])


def _chunk(told: _Details) -> str:
    """Name a chunk as people count them, from 1."""
    number = "?" if told.chunk_index is None else str(told.chunk_index + 1)
    if told.page_start is None or told.page_end is None:
        return f"Chunk {number}"
    return f"Chunk {number} ({pages_text(told.page_start, told.page_end)})"


def _why(told: _Details) -> str:
    code = f"[{told.code}]" if told.code else ""
    return " ".join(part for part in (told.message, code) if part) or "no reason is given"


def _tried(told: _Details) -> str:
    return f", attempt {told.attempt}" if told.attempt > 1 else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _dispatched(told: _Details) -> str:
    numbers = sorted(index + 1 for index in told.indexes)
    # Neighbours differ from their place in the row by the same number.
    runs = [
        [number for _, number in run]
        for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
    ]
    named = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    if not named:
        return "Chunks are handed to the workers"
    return f"Chunk{'s' if len(numbers) > 1 else ''} {named} handed to the workers"


def _read(told: _Details) -> str:
    missing = f", but {_count(told.failed_pages, 'page')} of it could not be"
    return f"{_chunk(told)} is read{missing if told.failed_pages else ''}"


def _cancelled(told: _Details) -> str:
    if not told.total_chunks:
        return "Cancelled"
    return f"Cancelled after {told.completed_chunks} of {_count(told.total_chunks, 'chunk')}"


def _retried(told: _Details) -> str:
    if not told.failed_pages:
        return "Retried: what failed is read again"
    return f"Retried: {_count(told.failed_pages, 'page')} will be read again"


def _took(told: _Details) -> str:
    return "" if told.seconds is None else f" in {told.seconds:.1f} s"


_SENTENCES: Final[Mapping[str, Callable[[_Details], str]]] = {
    "job_created": lambda _: "The job was made",
    # A job's attempts count its merges too: only the first is told by its number.
    "splitting": lambda told: f"Splitting the document{'' if told.attempt == 1 else ' again'}",
    "planned": lambda told: f"{_count(told.pages, 'page')} in {_count(told.chunks, 'chunk')}",
    "chunks_dispatched": _dispatched,
    "split": lambda _: "Every chunk is cut",
    "chunk_started": lambda told: f"{_chunk(told)} is being read{_tried(told)}",
    "chunk_put_back": lambda told: f"{_chunk(told)} is tried again: {_why(told)}",
    "chunk_completed": _read,
    "chunk_failed": lambda told: f"{_chunk(told)} failed: {_why(told)}",
    "chunk_reopened": lambda told: f"{_chunk(told)}: its stored result is damaged, read again",
    "merging": lambda _: "Every chunk is done",
    "merge_started": lambda _: "Merging OCR results",
    "merged": lambda told: f"The result is there: {_count(told.pages, 'page')}",
    "stage_started": lambda told: f"Stage {told.stage} has begun",
    "stage_completed": lambda told: f"Stage {told.stage} is done{_took(told)}",
    "stage_failed": lambda told: f"Stage {told.stage} failed: {_why(told)}",
    "job_extended": lambda told: f"Goes on with {', '.join(told.stages)}",
    "job_completed": lambda _: "Completed",
    "job_completed_with_errors": lambda _: "Completed with errors",
    "job_failed": lambda told: f"Failed: {_why(told)}",
    "job_paused": lambda _: "Paused: no more chunks are started",
    "job_resumed": lambda _: "Resumed",
    "job_cancelled": _cancelled,
    "job_retried": _retried,
}
