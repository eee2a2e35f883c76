"""Documents as they are answered: taken, waited for, and looked at."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from common.lifecycle import JobStatus
from functions.api.schemas.base import Answer, Count, Id, Link, Moment, described
from functions.api.schemas.examples import DOCUMENT_ID, FINISHED_JOB, JOB_ID, LINKS, SHA256
from functions.api.schemas.jobs import Job, Links


class UploadTarget(Answer):
    """Where an announced document is to be sent: a resumable session, good for a week."""

    url: Annotated[str, Field(json_schema_extra={"format": "uri"})]
    method: Literal["PUT"]


class AcceptedDocument(Answer):
    """A document that is being processed, or waits for its upload."""

    model_config = described(
        {
            "document_id": DOCUMENT_ID,
            "job_id": JOB_ID,
            "status": "pending",
            "links": LINKS,
        }
    )

    document_id: Id
    job_id: Id
    status: JobStatus
    links: Links
    upload: Annotated[
        UploadTarget | None,
        Field(description="Only where the document was announced and has not been uploaded yet."),
    ] = None


class ProcessedDocument(Answer):
    """A document whose job ended while its sender waited."""

    model_config = described(
        {
            "job": FINISHED_JOB,
            "result": {
                "document_id": DOCUMENT_ID,
                "page_count": 2,
                "text_length": 1873,
                "pages": ["..."],
                "errors": [],
            },
        }
    )

    job: Job
    result: Annotated[
        dict[str, Any] | None,
        Field(
            description="The merged result as `/result` has it. Null where the job has none "
            "(look at its `status` and `error`), or one above 20 MB (follow `links.result`)."
        ),
    ]


class DocumentJob(Answer):
    """One processing of the document."""

    job_id: Id
    status: JobStatus
    created_at: Moment


class DocumentLinks(Answer):
    """Where everything about a document is."""

    self_: Annotated[Link, Field(alias="self", description="The document.")]
    job: Annotated[Link | None, Field(description="Its newest job.")]
    pages: Annotated[Link, Field(description="Its pages: add `/1` for the first.")]
    find: Annotated[Link, Field(description="A text on its pages, literally: add `?q=`.")]
    search: Annotated[Link, Field(description="Its passages about something: add `?q=`.")]


class Document(Answer):
    """What was sent, and what has become of it."""

    model_config = described(
        {
            "document_id": DOCUMENT_ID,
            "filename": "annual-report.pdf",
            "matter": "2026-118",
            "size": 1_834_221,
            "sha256": SHA256,
            "page_count": 425,
            "status": "ocr_complete",
            "warnings": [],
            "created_at": "2026-11-22T09:29:49.031000+00:00",
            "jobs": [
                {
                    "job_id": JOB_ID,
                    "status": "completed",
                    "created_at": "2026-11-22T09:29:49.031000+00:00",
                }
            ],
            "links": {
                "self": f"/v1/documents/{DOCUMENT_ID}",
                "job": f"/v1/jobs/{JOB_ID}",
                "pages": f"/v1/documents/{DOCUMENT_ID}/pages",
                "find": f"/v1/documents/{DOCUMENT_ID}/find",
                "search": f"/v1/documents/{DOCUMENT_ID}/search",
            },
        }
    )

    document_id: Id
    filename: str
    matter: str | None
    size: Annotated[Count | None, Field(description="In bytes.")]
    sha256: Annotated[str | None, Field(description="Of the content, in hexadecimal.")]
    page_count: int | None
    status: Literal["pending", "processing", "ocr_complete", "failed", "cancelled"]
    warnings: list[str]
    created_at: Moment
    jobs: Annotated[list[DocumentJob], Field(description="The newest 100, newest first.")]
    links: DocumentLinks
