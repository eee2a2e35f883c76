"""What operators are answered."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from common.models import Priority
from functions.api.schemas.base import Answer, Count, Id, Moment, PageNumber, described
from functions.api.schemas.examples import DOCUMENT_ID, JOB, JOB_ID
from functions.api.schemas.jobs import Job

_OWNED_JOB: Final = {"owner": "0c8f1f7e-6f3f-4a0f-9f5e-0d5b0f3f6d11", **JOB}
_TASK: Final[dict[str, Any]] = {
    "chunk_id": "7d2a9a52-3f0c-4a7a-8a53-6f2a6f3b9e10",
    "document_id": DOCUMENT_ID,
    "job_id": JOB_ID,
    "job_ids": [],
    "chunk_index": 4,
    "page_start": 101,
    "page_end": 125,
    "since": "2026-11-22T09:30:41.100000+00:00",
    "pid": 4242,
}
_WORKER: Final[dict[str, Any]] = {
    "name": "celery@worker-1",
    "pid": 4200,
    "concurrency": 2,
    "processes": [4242, 4243],
    "uptime_seconds": 86_400,
    "processed": 1712,
    "max_memory_bytes": 104_857_600,
    "active": [_TASK],
    "reserved": [],
    "scheduled": [],
}
_QUEUE: Final[dict[str, Any]] = {
    "priority": "normal",
    "messages": 12,
    "pending": 12,
    "due_later": 1,
    "processing": 2,
    "expired_leases": 0,
    "oldest_seconds": 3.2,
    "documents": 940,
}


class OwnedJob(Job):
    """A job, and whose it is."""

    model_config = described(_OWNED_JOB)

    owner: str


class OwnedJobPage(Answer):
    """One page of a list of every tenant's jobs."""

    model_config = described({"jobs": [_OWNED_JOB], "next_cursor": None})

    jobs: list[OwnedJob]
    next_cursor: Annotated[
        str | None, Field(description="Send it as `cursor` for the next page; null on the last.")
    ]


class WorkerTask(Answer):
    """A chunk that a worker has, or several small documents."""

    model_config = described(_TASK)

    chunk_id: Annotated[Id | None, Field(description="Null for a task that is no chunk.")]
    document_id: Id | None
    job_id: Annotated[Id | None, Field(description="Null where the chunk is gone.")]
    job_ids: Annotated[list[Id], Field(description="Small documents that are read together.")]
    chunk_index: Annotated[Count | None, Field(description="From 0.")]
    page_start: PageNumber | None
    page_end: PageNumber | None
    since: Annotated[
        Moment | None, Field(description="By the worker's clock; null where it has not begun.")
    ]
    pid: Annotated[int | None, Field(description="The process that reads it.")]


class Worker(Answer):
    """One worker, as it describes itself."""

    model_config = described(_WORKER)

    name: str
    pid: int
    concurrency: Annotated[Count, Field(description="Chunks that it reads at once.")]
    processes: Annotated[list[int], Field(description="Process ids of its children.")]
    uptime_seconds: Count
    processed: Annotated[Count, Field(description="Tasks that it has taken since it began.")]
    max_memory_bytes: Annotated[
        int | None, Field(description="The largest that its main process ever was.")
    ]
    active: Annotated[list[WorkerTask], Field(description="Being read.")]
    reserved: Annotated[list[WorkerTask], Field(description="Taken and not begun.")]
    scheduled: Annotated[list[WorkerTask], Field(description="Taken and not due yet.")]


class Workers(Answer):
    """The workers that answer."""

    model_config = described({"workers": [_WORKER], "message": "1 worker answers."})

    workers: list[Worker]
    message: Annotated[str, Field(description="For people.")]


class PriorityQueue(Answer):
    """What waits with one priority."""

    model_config = described(_QUEUE)

    priority: Priority
    messages: Annotated[
        Count | None,
        Field(description="In the broker and not taken; null where the broker is away."),
    ]
    pending: Annotated[Count, Field(description="Chunks that could be read now.")]
    due_later: Annotated[Count, Field(description="Chunks that were put back for a while.")]
    processing: Annotated[Count, Field(description="Chunks that a worker has.")]
    expired_leases: Annotated[Count, Field(description="Of those: whose worker has fallen silent.")]
    oldest_seconds: Annotated[
        float | None,
        Field(description="Since the longest pending chunk could have been read."),
    ]
    documents: Annotated[Count, Field(description="Of batches, that have not begun.")]


class Queues(Answer):
    """What waits for workers: in the broker, and by the database, which is the truth."""

    model_config = described(
        {
            "queues": [{**_QUEUE, "priority": "high", "messages": 0, "pending": 0}, _QUEUE],
            "messages": 12,
            "unacknowledged": 3,
            "message": "The broker answers.",
        }
    )

    queues: Annotated[list[PriorityQueue], Field(description="The first is read first.")]
    messages: Annotated[Count | None, Field(description="In the broker and not taken.")]
    unacknowledged: Annotated[
        Count | None, Field(description="Taken by a worker, which has not finished them.")
    ]
    message: Annotated[str, Field(description="For people.")]
