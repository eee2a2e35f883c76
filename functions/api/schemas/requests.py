"""The bodies that routes read themselves, for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from functions.api.schemas.examples import SHA256

RETRY: Final[dict[str, Any]] = {
    "description": "May be left out.",
    "content": {
        "application/json": {
            "schema": {"$ref": "#/components/schemas/RetryOptions"},
            "example": {"password": "correct horse battery staple"},
        }
    },
}

STAGES: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "title": "Wanted stages",
                "required": ["stages"],
                "additionalProperties": False,
                "properties": {
                    "stages": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": 9,
                        "items": {
                            "enum": [
                                "ocr",
                                "all",
                                "text",
                                "sentences",
                                "passages",
                                "entities",
                                "embedding",
                                "tree",
                                "vectors",
                            ]
                        },
                    }
                },
            },
            "example": {"stages": ["vectors", "entities"]},
        }
    },
}

PRIORITY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "title": "Change",
                "required": ["priority"],
                "additionalProperties": False,
                "properties": {"priority": {"enum": ["high", "normal", "low"]}},
            },
            "example": {"priority": "high"},
        }
    },
}

NEW_DOCUMENT: Final[dict[str, Any]] = {
    "required": True,
    "description": "The PDF itself, or what it will be.",
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "additionalProperties": False,
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


def links_of_job(job_id: str, document_id: str) -> dict[str, Any]:
    """Return where an answer leads to; the ids are runtime expressions on it."""
    job = {
        name: {"operationId": operation, "parameters": {"job_id": job_id}}
        for name, operation in _OF_A_JOB.items()
    }
    return job | {
        "document": {"operationId": "get_document", "parameters": {"document_id": document_id}}
    }


def links_of_document(document_id: str) -> dict[str, Any]:
    """Return where a document's answer leads to."""
    return {
        "page": {
            "operationId": "get_page",
            "parameters": {"document_id": document_id, "number": 1},
        },
        "picture": {
            "operationId": "get_picture",
            "parameters": {"document_id": document_id, "number": 1},
        },
        "find": {
            "operationId": "find_in_document",
            "parameters": {"document_id": document_id, "q": "page"},
        },
        "search": {
            "operationId": "search_document",
            "parameters": {"document_id": document_id, "q": "page"},
        },
    }


_OF_A_JOB: Final = {
    "self": "get_job",
    "events": "get_events",
    "chunks": "list_chunks",
    "history": "get_history",
    "result": "get_result",
    "pause": "pause_job",
    "resume": "resume_job",
    "cancel": "cancel_job",
    "retry": "retry_job",
}
