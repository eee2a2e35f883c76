"""Small documents read in this process: the database is real, what lies around it is by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from common.errors import NotFound, TransientError
from common.models import ChunkRef, DocumentsRef, JobId, ObjectRef
from common.results import Block, Line, Page, Paragraph, Word
from common.stages import StageRef
from functions.pipeline.process_chunk import RetryPolicy
from functions.pipeline.read_documents import read_documents
from functions.pipeline.whole_documents import Pace, WholeLimits
from infra.database.small_documents import PostgresSmallDocuments
from tests.world import LEASE, World

RETRIES = RetryPolicy(
    max_tries=3, max_lost_leases=5, base=timedelta(seconds=2), longest=timedelta(seconds=60)
)

LIMITS = WholeLimits(pages=25, max_pages=30, max_bytes=1000, engine="engine 1")


@dataclass
class Desk:
    """One worker's ports. A document's content is its object's name, unless told otherwise."""

    world: World
    contents: dict[str, bytes | Exception] = field(default_factory=dict)
    #: Pages by content; None for what is not sound.
    pages: dict[bytes, int | None] = field(default_factory=dict)
    #: What happens while a content is read.
    while_reading: dict[bytes, Callable[[], object]] = field(default_factory=dict)
    #: Contents whose results can't be stored.
    unstorable: set[bytes] = field(default_factory=set)
    #: What happens while a content's result is stored.
    while_storing: dict[bytes, Callable[[], object]] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    #: Everything that was sent to OCR, in order.
    read: list[bytes] = field(default_factory=list)
    chunks_sent: list[tuple[ChunkRef, timedelta]] = field(default_factory=list)
    ingests: list[tuple[ObjectRef, int, JobId]] = field(default_factory=list)
    merges: list[JobId] = field(default_factory=list)
    announced: list[JobId] = field(default_factory=list)
    published: list[UUID] = field(default_factory=list)
    #: So slow that each is begun by itself.
    pace: Pace = field(default_factory=lambda: Pace(1000.0))
    limits: WholeLimits = LIMITS
    credits: bool = False

    @property
    def small(self) -> PostgresSmallDocuments:
        return PostgresSmallDocuments(self.world.pool, lease=LEASE, credits_enabled=self.credits)

    def run(self, job_ids: Sequence[JobId]) -> None:
        """Take one message."""
        read_documents(
            job_ids,
            small=self.small,
            uploads=_Uploads(self),
            pdfs=lambda: _Pdfs(self),
            engine=lambda: _Engine(self),
            results=_Results(self),
            chunks=self.world.chunks,
            dispatch=_Outbox(self),
            tasks=lambda: _Outbox(self),
            live=_Outbox(self),
            announce=self.announced.append,
            give_turns=lambda: None,
            retries=RETRIES,
            limits=self.limits,
            lease=LEASE,
            pace=self.pace,
        )

    def content_of(self, job_id: JobId) -> bytes:
        """Return what this job's document is."""
        found = self.contents.get(name := self.world.source_of(job_id).name, name.encode())
        assert isinstance(found, bytes)
        return found

    def set_content(self, job_id: JobId, content: bytes | Exception) -> None:
        """Have this job's document be something else, or not to be had."""
        self.contents[self.world.source_of(job_id).name] = content

    def job(self, job_id: JobId) -> dict[str, Any]:
        """Return the job's row."""
        return self.world.one("SELECT * FROM jobs WHERE id = %s", job_id)

    def kinds(self, job_id: JobId) -> list[str]:
        """Return the job's events, whose numbers have no gap."""
        rows = self.rows("SELECT id, kind FROM job_events WHERE job_id = %s ORDER BY id", job_id)
        assert [row["id"] for row in rows] == list(range(1, len(rows) + 1))
        assert self.job(job_id)["last_event"] == len(rows)
        return [row["kind"] for row in rows]

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Return what a query finds."""
        with self.world.pool.connection() as connection:
            return connection.execute(query, values).fetchall()

    def statuses(self, job_ids: Sequence[JobId]) -> list[str]:
        """Return each job's status."""
        return [str(self.job(job_id)["status"]) for job_id in job_ids]


class _Uploads:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def read_chunk(self, ref: ObjectRef) -> bytes:
        found = self._desk.contents.get(ref.name, ref.name.encode())
        if isinstance(found, Exception):
            raise found
        return found

    def download(self, ref: ObjectRef, target: Path, *, max_bytes: int) -> int:
        raise NotImplementedError

    def put_chunk(self, name: str, path: Path) -> ObjectRef:
        raise NotImplementedError

    def find(self, ref: ObjectRef) -> ObjectRef | None:
        raise NotImplementedError


class _Pdfs:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def count_pages(self, content: bytes, *, most: int) -> int | None:
        pages = self._desk.pages.get(content, 1)
        return pages if pages is not None and pages <= most else None


class _Engine:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def read(self, pdf: bytes, *, languages: Sequence[str], committed: bool = False) -> list[Page]:
        # A copy: what was read is let go.
        self._desk.read.append(bytes(pdf))
        self._desk.while_reading.get(pdf, lambda: None)()
        return [page(pdf.decode()) for _ in range(self._desk.pages.get(pdf, 1) or 1)]


class _Results:
    def __init__(self, desk: Desk) -> None:
        self._stored = desk.stored
        self._unstorable = desk.unstorable
        self._while_storing = desk.while_storing

    def write_chunk(self, name: str, content: bytes) -> None:
        for each, happens in self._while_storing.items():
            if each in content:
                happens()
        if any(each in content for each in self._unstorable):
            raise TransientError("The store is away.")
        self._stored.setdefault(f"ocr-chunks/{name}", content)

    def read_chunk(self, name: str) -> bytes:
        if f"ocr-chunks/{name}" not in self._stored:
            raise NotFound(name)
        return self._stored[f"ocr-chunks/{name}"]

    def write_result(self, name: str, content: BinaryIO, content_type: str) -> None:
        self._stored.setdefault(f"results/{name}", content.read())

    def write_small(self, name: str, content: bytes, content_type: str) -> None:
        self._stored.setdefault(f"results/{name}", content)


class _Outbox:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def send_chunks(self, chunks: Sequence[ChunkRef]) -> None:
        raise NotImplementedError

    def send_documents(self, messages: Sequence[DocumentsRef]) -> None:
        raise NotImplementedError

    def waiting(self) -> int:
        raise NotImplementedError

    def send_stage(self, stage: StageRef, delay: timedelta = timedelta()) -> None:
        raise NotImplementedError

    def send_chunk_later(self, chunk: ChunkRef, delay: timedelta) -> None:
        self._desk.chunks_sent.append((chunk, delay))

    def send_merge(self, job_id: JobId, dispatch: int) -> None:
        self._desk.merges.append(job_id)

    def send_ingest(self, source: ObjectRef, dispatch: int, job_id: JobId) -> None:
        self._desk.ingests.append((source, dispatch, job_id))

    def publish(self, changed: UUID) -> None:
        self._desk.published.append(changed)

    def publish_all(self, changed: Iterable[UUID]) -> None:
        self._desk.published.extend(changed)


def page(text: str) -> Page:
    """Return a page with one word."""
    box = (0.1, 0.1, 0.9, 0.2)
    word = Word(text, 0, len(text), box, 0.9)
    line = Line(0, len(text), box, 0.9, [word])
    block = Block(0, len(text), box, 0.9, [Paragraph(0, len(text), box, 0.9, [line])])
    return Page(1, 100.0, 200.0, "pixels", 0, len(text), text, 0.9, ["en"], [block])
