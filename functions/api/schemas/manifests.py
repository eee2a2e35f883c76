"""Manifests as they are sent, in their three forms, and what is said of one that does not fit."""

from __future__ import annotations

from typing import Any, Final

from functions.api.schemas.examples import DOCUMENT_ID
from functions.api.schemas.problems import PROBLEM_REF, PROBLEM_TYPE

_JSON: Final[dict[str, Any]] = {
    "name": "Archive 2026",
    "priority": "normal",
    "options": {"languages": ["en", "de"]},
    "documents": [
        {"document_id": DOCUMENT_ID},
        {"document_id": DOCUMENT_ID, "options": {"pages": "1-20"}, "priority": "high"},
        {"uri": "gs://quire-uploads/batches/alice/2026/letter.pdf"},
        {"uri": "gs://quire-uploads/batches/alice/boxes/**/*.pdf"},
    ],
}
_LINES: Final = (
    f'{{"document_id": "{DOCUMENT_ID}"}}\n'
    '{"uri": "gs://quire-uploads/batches/alice/2026/letter.pdf", "options": {"pages": "1-3"}}\n'
    '{"uri": "gs://quire-uploads/batches/alice/boxes/**/*.pdf", "priority": "low"}\n'
)
_TABLE: Final = (
    "uri,pages,languages,chunk_pages,priority\n"
    "gs://quire-uploads/batches/alice/2026/letter.pdf,1-3,en de,,high\n"
    'gs://quire-uploads/batches/alice/2026/report.pdf,"1-20,25",,10,\n'
    "gs://quire-uploads/batches/alice/boxes/*.pdf,,,,\n"
)

NEW_BATCH: Final[dict[str, Any]] = {
    "required": True,
    "description": "The manifest, of up to 16 MB.",
    "content": {
        "application/json": {
            "schema": {"$ref": "#/components/schemas/NewBatch"},
            "example": _JSON,
        },
        "application/x-ndjson": {
            "schema": {
                "type": "string",
                "description": "One ManifestEntry a line. The batch's own fields are in the query.",
            },
            "example": _LINES,
        },
        "text/csv": {
            "schema": {
                "type": "string",
                "description": "A header with `uri` or `document_id` and, as wanted, `pages`, "
                "`languages`, `chunk_pages`, `priority`; then a document a line. The batch's own "
                "fields are in the query.",
            },
            "example": _TABLE,
        },
    },
}

INVALID_MANIFEST: Final[dict[str, Any]] = {
    "description": "A value does not fit, or lines of the manifest don't. Nothing was begun.",
    "content": {
        PROBLEM_TYPE: {
            "schema": {"$ref": PROBLEM_REF},
            "example": {
                "type": "urn:quire:problem:manifest-invalid",
                "title": "Unprocessable Content",
                "status": 422,
                "detail": "Line 3 of the manifest: There is no object "
                "`gs://quire-uploads/batches/alice/2026/letter.pdf`. Nothing was begun.",
                "code": "MANIFEST_INVALID",
                "errors": [
                    {
                        "line": 3,
                        "code": "OBJECT_NOT_FOUND",
                        "message": "There is no object "
                        "`gs://quire-uploads/batches/alice/2026/letter.pdf`.",
                    }
                ],
                "error_count": 1,
            },
        }
    },
}
