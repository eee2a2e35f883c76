"""Names of stored objects, all made from ids and numbers and never reused.

A first run's first attempt has the plain name; later ones carry their numbers, so an attempt
that was given up and writes late can't touch what counts.
"""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

#: The attribute by which a CloudEvent that Quire itself sends says which job it is about.
JOB_OF_EVENT: Final = "quirejob"
#: What the API gives its names to lies below this folder of the uploads bucket.
UPLOADS_FOLDER: Final = "documents/"

_NUMBERS: Final = re.compile(r"\.r([0-9]+)\.a[0-9]+\.[a-z]+$")


def _suffix(run: int, attempt: int) -> str:
    return "" if (run, attempt) == (1, 1) else f".r{run}.a{attempt}"


def upload(document_id: UUID) -> str:
    """Name, in the uploads bucket, of a document that came through the API."""
    return f"{UPLOADS_FOLDER}{document_id}/source.pdf"


def is_promised(name: str) -> bool:
    """Whether an object in the uploads bucket is one that the API gave its name to."""
    return name.startswith(UPLOADS_FOLDER)


def chunk_pdf(job_id: UUID, chunk_index: int, attempt: int) -> str:
    """Name, in the chunks bucket, of a chunk's pages as cut by the split's attempt."""
    return f"{job_id}/{chunk_index:05d}{_suffix(1, attempt)}.pdf"


def chunk_result(document_id: UUID, chunk_index: int, run: int, attempt: int) -> str:
    """Name, in the `ocr-chunks` bucket, of what a chunk's attempt read."""
    return f"{document_id}/{chunk_index}{_suffix(run, attempt)}.json"


def merged_result(document_id: UUID, run: int, attempt: int) -> str:
    """Name, in the results bucket, of the whole document's result."""
    return f"{document_id}/result{_suffix(run, attempt)}.json"


def merged_text(document_id: UUID, run: int, attempt: int) -> str:
    """Name, in the results bucket, of the whole document's text."""
    return f"{document_id}/text{_suffix(run, attempt)}.txt"


def run_of(name: str) -> int:
    """Return which run of its document wrote a result that has this name."""
    numbers = _NUMBERS.search(name)
    return int(numbers[1]) if numbers else 1


def chunk_pdfs(job_id: UUID) -> str:
    """What the names of all of a job's chunk PDFs begin with."""
    return f"{job_id}/"


def results(document_id: UUID) -> str:
    """Folder, in both buckets of results, of all that was read of a document."""
    return str(document_id)


def chunk_lock(document_id: UUID, chunk_index: int) -> str:
    """Redis key of the lease that keeps a doubled message cheap."""
    return f"chunk_lock:{document_id}:{chunk_index}"


def owner_of_upload(name: str, *, default: str) -> str:
    """Return whose document an object is that was put into the bucket directly.

    `inbox/{owner}/report.pdf` belongs to that owner; anything else to the default.
    """
    parts = name.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "inbox" and parts[1] else default
