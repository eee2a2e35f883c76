"""The bodies that routes read themselves, for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from functions.api.schemas.examples import SHA256

NEW_DOCUMENT: Final[dict[str, Any]] = {
    "required": True,
    "description": "The PDF itself, or what it will be.",
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "contentMediaType": "application/pdf",
                        "description": "A PDF; the whole form may have 32 MB.",
                    },
                    "options": {"$ref": "#/components/schemas/DocumentOptions"},
                },
            },
            "encoding": {
                "file": {"contentType": "application/pdf"},
                "options": {"contentType": "application/json"},
            },
        },
        "application/json": {
            "schema": {"$ref": "#/components/schemas/NewDocument"},
            "example": {
                "filename": "annual-report.pdf",
                "size": 1_834_221,
                "sha256": SHA256,
                "options": {"pages": "1-20,25", "priority": "high", "matter": "2026-118"},
            },
        },
    },
}
