"""What operators ask the broker and its workers: who reads what, and what waits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from celery import Celery
from kombu.transport.redis import Channel
from redis import Redis

from common.models import ChunkId, DocumentId, JobId, Priority
from infra.broker.celery_app import CHUNKS_QUEUE, PRIORITY_STEPS
from infra.broker.dispatch import BROKER_PRIORITIES
from infra.broker.outages import translated

#: Nobody knows how many workers there are, so the first question waits this long for answers.
_PATIENCE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class HeldTask:
    """A task that a worker has: a chunk, or small documents by their jobs' ids."""

    chunk_id: ChunkId | None
    document_id: DocumentId | None
    chunk_index: int | None
    #: When the worker began with it, by its own clock; None for one that waits there.
    since: datetime | None
    pid: int | None
    job_ids: tuple[JobId, ...] = ()


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker as it describes itself."""

    name: str
    pid: int
    concurrency: int
    #: Process ids of its children.
    processes: tuple[int, ...]
    uptime_seconds: int
    #: Tasks that it has taken since it began.
    processed: int
    #: The largest that its main process ever was.
    max_memory_bytes: int | None
    active: tuple[HeldTask, ...]
    #: Taken from the queue, and not begun.
    reserved: tuple[HeldTask, ...]
    #: Taken from the queue, and not due yet.
    scheduled: tuple[HeldTask, ...]


@dataclass(frozen=True, slots=True)
class QueueLengths:
    """Messages that no worker has taken, and those that one has and has not acknowledged."""

    waiting: Mapping[Priority, int]
    unacknowledged: int


class BrokerInspection:
    """Asks the workers over the broker, and counts its lists.

    Every method raises TransientError BROKER_UNAVAILABLE where the broker is away. They wait:
    call them from a thread of their own.
    """

    def __init__(self, app: Celery, redis: Redis) -> None:
        self._app = app
        self._redis = redis

    def ping(self) -> None:
        """Return if the broker answers."""
        with translated():
            self._redis.ping()

    def workers(self) -> list[Worker]:
        """Return the workers that answer within a second; those that do not are not there."""
        # With the broker away a broadcast would try again for a minute.
        self.ping()
        with translated():
            stats = self._ask("stats", limit=None)
            if not stats:
                return []
            names = sorted({name for name, _ in stats})
            # Now that it is known how many they are, nobody is waited for in vain.
            held = {
                what: _by_worker(self._ask(what, limit=len(stats), destination=names))
                for what in ("active", "reserved", "scheduled")
            }
        return sorted(
            (_worker(name, told, held) for name, told in stats),
            key=lambda worker: (worker.name, worker.pid),
        )

    def queues(self) -> QueueLengths:
        """Count the messages of each priority: Redis keeps one list for each of kombu's steps."""
        # Not over kombu's own connection, which waits without an end for a broker that hangs.
        steps = PRIORITY_STEPS
        with translated(), self._redis.pipeline(transaction=True) as pipe:
            for step in steps:
                pipe.llen(f"{CHUNKS_QUEUE}{Channel.sep}{step}" if step else CHUNKS_QUEUE)
            pipe.hlen(Channel.unacked_key)
            *lengths, unacknowledged = pipe.execute()
        length_of = dict(zip(steps, lengths, strict=True))
        waiting = {
            priority: sum(length_of[step] for step in sent)
            for priority, sent in BROKER_PRIORITIES.items()
        }
        return QueueLengths(waiting, unacknowledged)

    def _ask(
        self, what: str, *, limit: int | None, destination: list[str] | None = None
    ) -> list[tuple[str, Any]]:
        # `inspect()` would keep one of two workers of the same name, which containers may have.
        answers = self._app.control.broadcast(
            what,
            reply=True,
            timeout=_PATIENCE_SECONDS,
            limit=limit,
            destination=destination,
        )
        told = [pair for answer in answers or () for pair in answer.items()]
        return [(name, found) for name, found in told if "error" not in found]


def _by_worker(answers: list[tuple[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for name, tasks in answers:
        found[name].extend(tasks)
    return found


def _worker(
    name: str, told: Mapping[str, Any], held: Mapping[str, Mapping[str, list[dict[str, Any]]]]
) -> Worker:
    pool = told["pool"]
    processes = tuple(pool.get("processes") or ())
    usage = told.get("rusage")
    return Worker(
        name=name,
        pid=told["pid"],
        concurrency=pool["max-concurrency"],
        processes=processes,
        uptime_seconds=told["uptime"],
        processed=sum(told["total"].values()),
        # Kilobytes on Linux.
        max_memory_bytes=usage["maxrss"] * 1024 if isinstance(usage, dict) else None,
        # Of two workers of the same name each has the tasks that its own children run.
        active=tuple(_tasks(held["active"].get(name, ()), processes)),
        reserved=tuple(_tasks(held["reserved"].get(name, ()))),
        scheduled=tuple(_tasks([task["request"] for task in held["scheduled"].get(name, ())])),
    )


def _tasks(
    tasks: Sequence[Mapping[str, Any]], processes: tuple[int, ...] | None = None
) -> Iterator[HeldTask]:
    for task in tasks:
        pid = task.get("worker_pid")
        if processes is not None and pid is not None and pid not in processes:
            continue
        began = task.get("time_start")
        arguments = task.get("args")
        chunk_id, document_id, chunk_index = _arguments(arguments)
        yield HeldTask(
            chunk_id=chunk_id,
            document_id=document_id,
            chunk_index=chunk_index,
            since=datetime.fromtimestamp(began, UTC) if began else None,
            pid=pid,
            job_ids=_jobs(arguments),
        )


def _arguments(args: object) -> tuple[ChunkId | None, DocumentId | None, int | None]:
    """Read a task's arguments; the broker may hold what nobody here has sent."""
    match args:
        case [str(chunk_id), str(document_id), int(chunk_index)]:
            try:
                return ChunkId(UUID(chunk_id)), DocumentId(UUID(document_id)), chunk_index
            except ValueError:
                pass
    return None, None, None


def _jobs(args: object) -> tuple[JobId, ...]:
    match args:
        case [[*named]]:
            try:
                return tuple(JobId(UUID(job_id)) for job_id in named if isinstance(job_id, str))
            except ValueError:
                pass
    return ()
