"""Two real manuals, asked questions with known answers: fetched, read, and made searchable.

Debian's policy manual (English, 193 pages) and its developer's reference (French, 114 pages) are
free (GPL 2 or later), but not ours to carry along: their packages are fetched by apt when a
benchmark first needs them, and kept in `build/`.
"""

from __future__ import annotations

import gzip
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import msgspec
import pypdfium2

from common.lifecycle import Stage
from common.models import DocumentId, JobId, JobOptions, ObjectRef, Priority
from common.results import Page
from common.stages import Embedder, StageInputs, StageWork
from functions.pipeline.stages.listed import BY_NAME
from infra.database.pool import Pool
from infra.database.stage_rows import PostgresStageRows, write
from infra.language.segmenter import SentencexSegmenter
from infra.local.ocr_engine.engine import read_page

ROOT: Final = Path(__file__).resolve().parents[2]
KEPT: Final = ROOT / "build" / "debian"
QUESTIONS: Final = ROOT / "tests" / "resources" / "search" / "questions.json"
#: Those without which nothing is found.
STAGES: Final = (Stage.TEXT, Stage.SENTENCES, Stage.PASSAGES, Stage.EMBEDDING, Stage.VECTORS)


class Question(msgspec.Struct, frozen=True):
    """A question, and what a passage says that answers it: any of these pieces."""

    kind: str
    asked: str
    answers: list[str]


class Manual(msgspec.Struct, frozen=True):
    """A document, where it is to be had, and what it is asked."""

    name: str
    language: str
    package: str
    path: str
    questions: list[Question]


class NotToBeHad(Exception):
    """The manuals can't be fetched here."""


def manuals() -> list[Manual]:
    """Return the documents with their questions."""
    content = msgspec.json.decode(QUESTIONS.read_bytes(), type=dict[str, list[Manual]])
    return content["documents"]


def fetched(manual: Manual) -> bytes:
    """Return the manual's PDF. NotToBeHad where there is no apt, or nothing that it reaches."""
    KEPT.mkdir(parents=True, exist_ok=True)
    kept = KEPT / manual.name
    if not kept.exists():
        kept.write_bytes(_pdf(_package(manual.package), manual.path))
    return kept.read_bytes()


def _package(name: str) -> Path:
    try:
        if not (found := sorted(KEPT.glob(f"{name}_*.deb"))):
            subprocess.run(["apt-get", "download", name], cwd=KEPT, check=True, capture_output=True)
            found = sorted(KEPT.glob(f"{name}_*.deb"))
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotToBeHad(
            f"Debian's package {name} can't be fetched: that needs apt-get, package lists "
            "(apt-get update) and a network."
        ) from error
    return found[-1]


def _pdf(package: Path, path: str) -> bytes:
    unpacked = subprocess.run(
        ["dpkg-deb", "--fsys-tarfile", package], check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=BytesIO(unpacked)) as files:
        member = files.extractfile(path)
        assert member is not None, path
        content = member.read()
    return gzip.decompress(content) if path.endswith(".gz") else content


def read(pdf: bytes, language: str) -> list[Page]:
    """Read every page by its text layer."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [read_page(document, index, languages=[language]) for index in range(len(document))]
    finally:
        document.close()


@dataclass(frozen=True)
class Shelf:
    """Makes documents searchable by the stages themselves, without jobs and messages."""

    pool: Pool
    embedder: Embedder

    def add(self, name: str, pages: list[Page], owner: str) -> DocumentId:
        """Take a document through the stages; return its id."""
        document, job = DocumentId(uuid4()), JobId(uuid4())
        with self.pool.connection() as connection:
            connection.execute(_DOCUMENT, {"id": document, "job": job, "name": name, "who": owner})
        inputs = StageInputs(
            work=_work(job, document, name, len(pages)),
            rows=PostgresStageRows(self.pool, job),
            result_pages=_pages_above(pages),
            segmenter=SentencexSegmenter,
            entities=_nobody,
            embedder=lambda: self.embedder,
            normalizer=None,
            outline=tuple,
        )
        for place, stage in enumerate(STAGES):
            of = BY_NAME[stage]
            for step in of.function(inputs, None):
                with self.pool.connection() as connection:
                    write(connection, job, document, step.rows)
            name = f":{self.embedder.name}" if of.engine == "embedder" else ""
            with self.pool.connection() as connection:
                row = (job, stage.value, place, f"{of.version}{name}")
                connection.execute(_STAGE, row)
        return document


_DOCUMENT: Final = """
    WITH document AS (
        INSERT INTO documents (id, owner, filename, bucket, object, generation, search_job)
        VALUES (%(id)s, %(who)s, %(name)s, 'b', %(id)s, 1, %(job)s))
    INSERT INTO jobs (id, document_id, owner, last_event) VALUES (%(job)s, %(id)s, %(who)s, 0)
"""
_STAGE: Final = """
    INSERT INTO job_stages (job_id, stage, place, version, status, finished_at)
    VALUES (%s, %s, %s, %s, 'completed', now())
"""


def _work(job: JobId, document: DocumentId, name: str, pages: int) -> StageWork:
    return StageWork(
        job_id=job,
        document_id=document,
        stage=Stage.TEXT,
        attempt=1,
        stalls=1,
        cursor=None,
        options=JobOptions(),
        priority=Priority.NORMAL,
        source=ObjectRef("b", name, 1),
        filename=name,
        result_path="",
        result_checksum="",
        pages=pages,
    )


def _pages_above(pages: list[Page]) -> Callable[[int], Iterator[Page]]:
    return lambda after: (page for page in pages if page.number > after)


def _nobody() -> Any:
    raise AssertionError("no entities are looked for")
