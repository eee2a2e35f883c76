"""Use cases at their ends: what gives up, what goes on, and what is sent again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Literal
from uuid import UUID, uuid4

import msgspec
import pytest

from common.access import Caller
from common.errors import MisconfiguredError, NotFound, PermanentError, TransientError
from common.merging import mean_confidence
from common.models import (
    ChunkRef,
    ChunkWork,
    DocumentId,
    DocumentsRef,
    JobId,
    JobOptions,
    ObjectRef,
)
from common.names import chunk_result
from common.pages import PageRange
from common.ports import OpenPdf, PdfOpener
from common.results import ChunkResult, Page
from common.stages import StageRef
from functions.pipeline.bisect_pages import read_or_bisect
from functions.pipeline.clean_up import CleanUpReport
from functions.pipeline.maintain import maintain
from functions.pipeline.merge_chunks import merge_chunks
from functions.pipeline.split_document import ChunkLimits, split_document
from tests.world import LEASE, World

LIMITS = ChunkLimits(pages=25, max_pages=30, max_bytes=38_000_000)


class Away:
    """A bucket and a PDF cutter for documents that can't be had."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def download(self, ref: ObjectRef, target: Path, *, max_bytes: int) -> int:
        raise self.error

    def put_chunk(self, name: str, path: Path) -> ObjectRef:
        raise self.error

    def read_chunk(self, ref: ObjectRef) -> bytes:
        raise self.error

    def find(self, ref: ObjectRef) -> ObjectRef | None:
        raise self.error

    def open(self, path: Path, password: str | None) -> AbstractContextManager[OpenPdf]:
        raise self.error

    def standby(self) -> AbstractContextManager[PdfOpener]:
        return nullcontext(self)


class Outbox:
    """Takes every message, and tells what it took."""

    def __init__(self) -> None:
        self.chunks: list[ChunkRef] = []
        self.merges: list[JobId] = []
        self.ingests: list[ObjectRef] = []
        self.documents: list[DocumentsRef] = []
        self.stages: list[StageRef] = []

    def send_chunks(self, chunks: Sequence[ChunkRef]) -> None:
        self.chunks.extend(chunks)

    def send_chunk_later(self, chunk: ChunkRef, delay: timedelta) -> None:
        self.chunks.append(chunk)

    def send_stage(self, stage: StageRef, delay: timedelta = timedelta()) -> None:
        self.stages.append(stage)

    def waiting(self) -> int:
        return 1

    def send_merge(self, job_id: JobId, dispatch: int) -> None:
        self.merges.append(job_id)

    def send_ingest(self, source: ObjectRef, dispatch: int, job_id: JobId) -> None:
        self.ingests.append(source)

    def send_documents(self, messages: Sequence[DocumentsRef]) -> None:
        self.documents.extend(messages)

    def give_turns(self, *, something_new: bool = False) -> None:
        pass

    def publish(self, changed: UUID) -> None:
        pass


class Shelf:
    """Results in memory."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}

    def write_chunk(self, name: str, content: bytes) -> None:
        self.stored.setdefault(name, content)

    def read_chunk(self, name: str) -> bytes:
        if name not in self.stored:
            raise NotFound(name)
        return self.stored[name]

    def write_result(self, name: str, content: BinaryIO, content_type: str) -> None:
        self.stored[name] = content.read()


def split(world: World, source: ObjectRef, error: Exception) -> None:
    outbox = Outbox()
    split_document(
        source,
        owner="alice",
        filename="book.pdf",
        arrivals=world.arrivals,
        splits=world.splits,
        uploads=Away(error),
        cutter=Away(error),
        chunks=world.chunks,
        give_turns=outbox.give_turns,
        tasks=outbox,
        live=outbox,
        limits=LIMITS,
        lease=LEASE,
    )


def merge(world: World, job_id: JobId, shelf: Shelf) -> Outbox:
    outbox = Outbox()
    merge_chunks(
        job_id,
        merges=world.merges,
        results=shelf,
        dispatch=outbox,
        tasks=outbox,
        live=outbox,
        lease=LEASE,
    )
    return outbox


def test_an_outage_gives_the_split_back_at_once_and_never_gives_the_document_up(
    world: World,
) -> None:
    source = ObjectRef("uploads", "a.pdf", 1)
    for _ in range(12):
        with pytest.raises(TransientError):
            split(world, source, TransientError("away"))
    assert world.one("SELECT status, attempt FROM jobs") == {"status": "processing", "attempt": 12}


def test_a_document_that_ends_its_splitter_again_and_again_is_given_up_with_a_code(
    world: World,
) -> None:
    source = ObjectRef("uploads", "a.pdf", 1)
    for _ in range(8):
        with pytest.raises(ZeroDivisionError):
            split(world, source, ZeroDivisionError())
    split(world, source, ZeroDivisionError())
    job = world.one("SELECT status, error_code FROM jobs")
    assert job == {"status": "failed", "error_code": "PROCESSING_ERROR"}


def test_a_source_that_is_gone_ends_the_job(world: World) -> None:
    source = ObjectRef("uploads", "a.pdf", 1)
    split(world, source, NotFound("gone", code="OBJECT_NOT_FOUND"))
    job = world.one("SELECT status, error_code FROM jobs")
    assert job == {"status": "failed", "error_code": "OBJECT_NOT_FOUND"}


def test_what_an_operator_must_mend_is_not_told_to_the_jobs_owner(world: World) -> None:
    source = ObjectRef("uploads", "a.pdf", 1)
    split(world, source, MisconfiguredError("bucket uploads: check the roles of the account"))
    job = world.one("SELECT status, error_code, error_message FROM jobs")
    assert job == {
        "status": "failed",
        "error_code": "SERVICE_MISCONFIGURED",
        "error_message": "A service refused Quire's own rights. The operator has been told; "
        "retry later.",
    }


def test_a_split_with_nothing_left_to_cut_ends_without_its_source(world: World) -> None:
    job_id, _ = world.add_job(2)
    row = world.one(
        "UPDATE jobs SET stage = 'splitting', lease_expires_at = now() - interval '1s'"
        " FROM documents WHERE documents.id = document_id AND jobs.id = %s"
        " RETURNING bucket, object, generation",
        job_id,
    )
    source = ObjectRef(str(row["bucket"]), str(row["object"]), 1)
    split(world, source, PermanentError("damaged", code="UNREADABLE_PDF"))
    assert world.one("SELECT status, stage FROM jobs") == {"status": "processing", "stage": "ocr"}


def test_a_result_that_stays_damaged_is_paid_for_twice_more_and_then_fails_alone(
    world: World,
) -> None:
    job_id, chunk_ids = world.add_job(2)
    shelf = Shelf()
    for chunk_id in chunk_ids:
        _read(world, chunk_id, shelf, damaged=chunk_id == chunk_ids[0])
    for _ in range(2):
        outbox = merge(world, job_id, shelf)
        assert [chunk.id for chunk in outbox.chunks] == [chunk_ids[0]]
        _read(world, chunk_ids[0], shelf, damaged=True)
    assert merge(world, job_id, shelf).chunks == []
    job = world.jobs.find(job_id, Caller("alice"))
    assert job is not None
    assert (job.status, job.completed_pages, job.failed_pages) == ("completed_with_errors", 2, 2)
    assert [error.code for error in job.chunk_errors] == ["RESULT_DAMAGED"]
    merged = next(content for name, content in shelf.stored.items() if "/result" in name)
    assert [page["number"] for page in msgspec.json.decode(merged)["pages"]] == [3, 4]


def test_a_result_that_does_not_fit_its_chunk_ends_the_job_with_a_code(world: World) -> None:
    job_id, [chunk_id] = world.add_job(1)
    shelf = Shelf()
    _read(world, chunk_id, shelf, pages=PageRange(7, 8))
    merge(world, job_id, shelf)
    job = world.one("SELECT status, error_code FROM jobs")
    assert job == {"status": "failed", "error_code": "RESULT_INCONSISTENT"}


def test_maintain_sends_chunks_although_the_task_queue_is_away(world: World) -> None:
    job_id, chunk_ids = world.add_job(2)
    stopped = world.land()
    world.age("chunks", "dispatched_at", timedelta(hours=1), job_id=job_id)
    world.age("jobs", "heartbeat_at", timedelta(hours=1), id=job_id)
    world.age("jobs", "lease_expires_at", LEASE * 2, id=stopped.job_id)
    outbox = Outbox()

    class NoTasks(Outbox):
        def send_ingest(self, source: ObjectRef, dispatch: int, job_id: JobId) -> None:
            raise TransientError("away")

    with pytest.raises(ExceptionGroup):
        maintain(
            upkeep=world.upkeep,
            uploads=Away(TransientError("away")),
            dispatch=outbox,
            tasks=NoTasks(),
            give_turns=outbox.give_turns,
            scale_workers=lambda: None,
            resend_webhooks=lambda: 0,
            clean_up=CleanUpReport,
        )
    assert {chunk.id for chunk in outbox.chunks} == set(chunk_ids)


def promise(world: World, sent_by: Literal["form", "announced"]) -> JobId:
    job_id, document_id = JobId(uuid4()), DocumentId(uuid4())
    world.jobs.create(
        job_id=job_id,
        document_id=document_id,
        owner="alice",
        filename="book.pdf",
        source=ObjectRef("uploads", f"documents/{document_id}/source.pdf"),
        size=10,
        options=JobOptions(),
        password=None,
        sent_by=sent_by,
    )
    return job_id


class Bucket(Away):
    """Finds the uploads that are in it."""

    def __init__(self, *there: str) -> None:
        super().__init__(NotFound("gone"))
        self.there = there

    def find(self, ref: ObjectRef) -> ObjectRef | None:
        return ObjectRef(ref.bucket, ref.name, 5) if ref.name in self.there else None


def look_after(world: World, uploads: Bucket) -> tuple[int, list[ObjectRef]]:
    """Return how many uploads were given up, and for which ingest was called."""
    outbox = Outbox()
    report = maintain(
        upkeep=world.upkeep,
        uploads=uploads,
        dispatch=outbox,
        tasks=outbox,
        give_turns=outbox.give_turns,
        scale_workers=lambda: None,
        resend_webhooks=lambda: 0,
        clean_up=CleanUpReport,
    )
    return report.uploads_expired, outbox.ingests


def test_a_form_that_could_not_be_stored_is_waited_for_an_hour_and_a_promise_for_days(
    world: World,
) -> None:
    jobs = {sent_by: promise(world, sent_by) for sent_by in ("form", "announced")}
    for job_id in jobs.values():
        world.age("jobs", "created_at", timedelta(minutes=50), id=job_id)
    assert look_after(world, Bucket()) == (0, [])
    for job_id in jobs.values():
        world.age("jobs", "created_at", timedelta(minutes=11), id=job_id)
        world.age("jobs", "dispatched_at", timedelta(minutes=11), id=job_id)
    assert look_after(world, Bucket()) == (1, [])
    job = world.one("SELECT status, error_code FROM jobs WHERE id = %s", jobs["form"])
    assert job == {"status": "failed", "error_code": "UPLOAD_MISSING"}
    assert world.one("SELECT status FROM jobs WHERE id = %s", jobs["announced"]) == {
        "status": "pending"
    }


def test_a_form_that_is_stored_is_not_given_up_however_long_its_event_is_lost(
    world: World,
) -> None:
    job_id = promise(world, "form")
    world.age("jobs", "created_at", timedelta(days=1), id=job_id)
    [name] = world.one(
        "SELECT object FROM documents JOIN jobs ON document_id = documents.id WHERE jobs.id = %s",
        job_id,
    ).values()
    expired, ingested = look_after(world, Bucket(str(name)))
    assert (expired, [source.name for source in ingested]) == (0, [name])
    assert world.one("SELECT status FROM jobs WHERE id = %s", job_id) == {"status": "pending"}


def test_a_half_that_cannot_be_cut_costs_only_its_own_pages(world: World) -> None:
    _, [chunk_id] = world.add_job(1, pages=4)
    work = world.chunks.claim(chunk_id)
    assert work is not None

    class Engine:
        def __init__(self) -> None:
            self.committed: list[bool] = []

        def read(
            self, pdf: bytes, *, languages: Sequence[str], committed: bool = False
        ) -> list[Page]:
            self.committed.append(committed)
            if pdf == b"whole":
                raise PermanentError("poisoned", code="POISONED")
            return [_page(number) for number in range(1, int(pdf) + 1)]

    class Cutter(Away):
        page_count = 4
        warnings = ()

        def open(self, path: Path, password: str | None) -> AbstractContextManager[OpenPdf]:
            return nullcontext(self)

        def cut(self, pages: PageRange, target: Path) -> int:
            if 2 in pages:
                raise PermanentError("damaged", code="UNREADABLE_PDF")
            return target.write_bytes(str(len(pages)).encode())

    engine = Engine()
    result = read_or_bisect(
        work,
        b"whole",
        engine=engine,
        cutter=lambda: Cutter(RuntimeError()),
        between=lambda: None,
    )
    assert [page.number for page in result.pages] == [1, 3, 4]
    assert [(error.number, error.code) for error in result.errors] == [(2, "UNREADABLE_PDF")]
    # Put back for the quota after its first call, the chunk would begin again with that one.
    assert engine.committed == [False, True, True]


def _page(number: int) -> Page:
    text = f"page {number}\n"
    return Page(number, 10, 10, "pixels", 0, len(text), text, 0.9, ["en"], [])


def _read(
    world: World,
    chunk_id: object,
    shelf: Shelf,
    *,
    damaged: bool = False,
    pages: PageRange | None = None,
) -> None:
    """Read a chunk as a worker does, and store what a damaged store gives back."""
    work = world.chunks.claim(chunk_id)  # type: ignore[arg-type]
    assert work is not None
    content = msgspec.json.encode(_result(work, pages or work.pages))
    path = chunk_result(work.document_id, work.index, work.run, work.attempt)
    shelf.write_chunk(path, b"bit rot" if damaged else content)
    checksum = hashlib.sha256(content).hexdigest()
    world.chunks.complete(work, path=path, checksum=checksum)


def _result(work: ChunkWork, pages: PageRange) -> ChunkResult:
    read = [_page(number) for number in pages]
    return ChunkResult(
        document_id=str(work.document_id),
        chunk_index=work.index,
        page_start=pages.start,
        page_end=pages.end,
        page_count=len(read),
        overall_confidence=mean_confidence(read),
        full_text="".join(page.text for page in read),
        pages=read,
    )
