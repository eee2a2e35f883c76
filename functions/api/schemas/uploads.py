"""Documents that are announced for batches: what is sent, and what is answered."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from functions.api.schemas.base import Answer, Id, Link, described
from functions.api.schemas.documents import UploadTarget
from functions.api.schemas.examples import DOCUMENT_ID, SHA256

_SESSION: Final = (
    "https://storage.googleapis.com/upload/storage/v1/b/quire-uploads/o?upload_id=ABg5"
)

NEW_UPLOADS: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"$ref": "#/components/schemas/NewUploads"},
            "example": {
                "documents": [
                    {"filename": "annual-report.pdf", "size": 1_834_221, "sha256": SHA256},
                    {"filename": "letter.pdf", "size": 48_112},
                ],
                "matter": "2026-118",
            },
        }
    },
}


class AnnouncedUpload(Answer):
    """A document, and where its file is to be sent: a resumable session, good for a week."""

    document_id: Id
    upload_url: Annotated[str, Field(json_schema_extra={"format": "uri"})]


class AnnouncedUploads(Answer):
    """Documents that wait for their uploads, and for a batch."""

    model_config = described(
        {"uploads": [{"document_id": DOCUMENT_ID, "upload_url": _SESSION}]},
    )

    uploads: Annotated[
        list[AnnouncedUpload], Field(description="In the order in which they were announced.")
    ]


class HeldDocumentLinks(Answer):
    """Where a document is that has no job."""

    self_: Annotated[Link, Field(alias="self", description="The document.")]


class HeldDocument(Answer):
    """A document that is stored for a batch, and has no job."""

    model_config = described(
        {
            "document_id": DOCUMENT_ID,
            "status": "pending",
            "upload": {"url": _SESSION, "method": "PUT"},
            "links": {"self": f"/v1/documents/{DOCUMENT_ID}"},
        }
    )

    document_id: Id
    status: Literal["pending"]
    links: HeldDocumentLinks
    upload: Annotated[
        UploadTarget | None, Field(description="Only where it has not been uploaded yet.")
    ] = None
