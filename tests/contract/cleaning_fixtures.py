"""Jobs whose objects lie in the storage emulators, for the clean-up to find."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from google.cloud import storage
from storage3 import SyncStorageClient

from common.lifecycle import JobStatus
from common.models import ChunkId, DocumentId, JobId, MergedDocument, ObjectRef, PageRow, Words
from common.names import chunk_result, merged_result, merged_text, upload
from functions.pipeline.clean_up import CleanUpReport, clean_up
from infra.database.cleanup import PostgresCleanup
from infra.settings import StorageSettings, SupabaseSettings
from infra.storage.cloud_storage import CloudStorage
from infra.storage.supabase import SupabaseStorage
from tests.contract.storage_fixtures import (
    JWT_SECRET,
    SERVICE_KEY,
    google_client,
    supabase_client,
)
from tests.world import World

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BUCKETS = StorageSettings()


def cleanup_of(world: World) -> PostgresCleanup:
    """Return the clean-up of one test's jobs, with a day for what lies between."""
    return PostgresCleanup(
        world.pool,
        keep_intermediates=DAY,
        keep_failed=30 * DAY,
        keep_keys=DAY,
        keep_logs=30 * DAY,
        upload_deadline=7 * DAY,
        longest_lease=timedelta(minutes=1),
    )


@dataclass(frozen=True)
class Archive:
    """One test's jobs with all that they leave in the two storages."""

    world: World
    google: storage.Client
    supabase: SyncStorageClient
    uploads: CloudStorage
    results: SupabaseStorage

    @property
    def cleanup(self) -> PostgresCleanup:
        return cleanup_of(self.world)

    def clean(self, results: SupabaseStorage | None = None) -> CleanUpReport:
        """Run the clean-up, with another store of results where one is given."""
        return clean_up(
            cleanup=self.cleanup,
            uploads=lambda: self.uploads,
            results=lambda: results or self.results,
            budget=timedelta(minutes=1),
        )

    def add_job(self, chunks: int = 2, *, through_the_api: bool = True) -> JobId:
        """Make a job whose source and chunks lie in the buckets."""
        job_id, _ = self.world.add_job(chunks)
        for index in range(chunks):
            self.put(BUCKETS.chunks_bucket, f"{job_id}/{index}.pdf")
        name = f"inbox/alice/{job_id}.pdf"
        if through_the_api:
            name = upload(self.document_of(job_id))
        self.put(BUCKETS.uploads_bucket, name)
        self.world.one(
            "UPDATE documents SET bucket = %s, object = %s WHERE id = %s RETURNING id",
            BUCKETS.uploads_bucket,
            name,
            self.document_of(job_id),
        )
        return job_id

    def end_job(self, status: JobStatus = JobStatus.COMPLETED, chunks: int = 2) -> JobId:
        """Make a job that has been read and merged, by the second merge that was tried."""
        job_id = self.add_job(chunks)
        self.read(job_id)
        self.merge(job_id, finish=False)
        self.world.age("jobs", "lease_expires_at", HOUR, id=job_id)
        self.merge(job_id, status=status)
        return job_id

    def read(self, job_id: JobId) -> None:
        """Have every chunk read."""
        with self.world.pool.connection() as connection:
            rows = connection.execute("SELECT id FROM chunks WHERE job_id = %s", (job_id,))
            chunk_ids = [ChunkId(row["id"]) for row in rows]
        for chunk_id in chunk_ids:
            work = self.world.chunks.claim(chunk_id)
            assert work is not None
            path = chunk_result(work.document_id, work.index, work.run, work.attempt)
            self.results.write_chunk(path, b"{}")
            self.world.chunks.complete(work, path=path, checksum="c")

    def merge(
        self, job_id: JobId, *, status: JobStatus = JobStatus.COMPLETED, finish: bool = True
    ) -> None:
        """Merge a job as far as its result is stored, and to the end with `finish`."""
        work = self.world.merges.claim(job_id)
        assert work is not None
        result = merged_result(work.document_id, work.run, work.attempt)
        text = merged_text(work.document_id, work.run, work.attempt)
        for name, kind in ((result, "application/json"), (text, "text/plain")):
            self.results.write_result(name, io.BufferedReader(io.BytesIO(b"{}")), kind)
        words = Words(["word"], [0], [5], [0.1], [0.1], [0.2], [0.2], [0.9])
        page = PageRow(1, 612.0, 792.0, "pt", 0, 5, 0.9, ["en"], "word ", "word ", words)
        self.world.merges.write_pages(work, [page])
        if finish:
            self.world.merges.finish(
                work,
                MergedDocument(
                    status=status,
                    pages=4,
                    failed_pages=0,
                    result_path=result,
                    text_path=text,
                    checksum="c",
                ),
            )

    def cancel(self, job_id: JobId) -> None:
        self.world.one(
            "UPDATE jobs SET status = 'cancelled', finished_at = now(), lease_expires_at = NULL"
            " WHERE id = %s RETURNING id",
            job_id,
        )

    def document_of(self, job_id: JobId) -> DocumentId:
        row = self.world.one("SELECT document_id FROM jobs WHERE id = %s", job_id)
        assert isinstance(row["document_id"], UUID)
        return DocumentId(row["document_id"])

    def put(self, bucket: str, name: str) -> None:
        self.google.bucket(bucket).blob(name).upload_from_string(b"%PDF-")

    def count(self, table: str, job_id: JobId) -> int:
        row = self.world.one(f"SELECT count(*)::int AS n FROM {table} WHERE job_id = %s", job_id)
        assert isinstance(row["n"], int)
        return row["n"]

    def chunk_pdfs(self, job_id: JobId) -> int:
        return len(list(self.google.list_blobs(BUCKETS.chunks_bucket, prefix=f"{job_id}/")))

    def has_source(self, job_id: JobId) -> bool:
        row = self.world.one(
            "SELECT bucket, object FROM documents WHERE id = %s", self.document_of(job_id)
        )
        return self.uploads.find(ObjectRef(str(row["bucket"]), str(row["object"]))) is not None

    def chunk_results(self, job_id: JobId) -> int:
        return len(self.supabase.from_("ocr-chunks").list(str(self.document_of(job_id))))

    def merged(self, job_id: JobId) -> set[str]:
        """Names of the job's merged results, without their folder."""
        folder = str(self.document_of(job_id))
        return {row["name"] for row in self.supabase.from_("ocr-results").list(folder)}


@pytest.fixture
def archive(
    world: World, storage_pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Archive]:
    """Empty storages and an empty database."""
    google_url, supabase_url = storage_pair
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", google_url)
    with (
        closing(google_client(google_url)) as google,
        supabase_client(supabase_url, SERVICE_KEY) as supabase,
        closing(CloudStorage(BUCKETS, retry_seconds=0.2)) as uploads,
        closing(results_at(supabase_url)) as results,
    ):
        for name in (BUCKETS.uploads_bucket, BUCKETS.chunks_bucket):
            google.create_bucket(name)
        for name in ("ocr-chunks", "ocr-results"):
            supabase.create_bucket(name)
        yield Archive(world, google, supabase, uploads, results)


def results_at(url: str) -> SupabaseStorage:
    settings = SupabaseSettings(url=url, service_key=SERVICE_KEY, jwt_secret=JWT_SECRET)
    return SupabaseStorage(settings, retry_seconds=0.2)
