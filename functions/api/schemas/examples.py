"""Examples for the document: one document on its way, as every answer would show it."""

from __future__ import annotations

from typing import Any, Final

JOB_ID: Final = "4b1f6a0e-6c1c-4a43-9a3e-0f6a3d0f5c11"
DOCUMENT_ID: Final = "9d2c7f55-1b07-4f5e-8f63-52d1f0f3c0aa"
SHA256: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

LINKS: Final[dict[str, str | None]] = {
    "self": f"/v1/jobs/{JOB_ID}",
    "events": f"/v1/jobs/{JOB_ID}/events",
    "chunks": f"/v1/jobs/{JOB_ID}/chunks",
    "history": f"/v1/jobs/{JOB_ID}/history",
    "logs": f"/v1/jobs/{JOB_ID}/logs",
    "webhooks": f"/v1/jobs/{JOB_ID}/webhooks",
    "result": None,
    "document": f"/v1/documents/{DOCUMENT_ID}",
}

PAGE_ERROR: Final[dict[str, Any]] = {
    "number": 212,
    "code": "PAGE_UNREADABLE",
    "message": "Document AI can't read this page.",
}

CHUNK_ERROR: Final[dict[str, Any]] = {
    "chunk_index": 4,
    "page_start": 101,
    "page_end": 125,
    "code": "TASK_TIMEOUT",
    "message": "Document AI timeout",
    "final": True,
    "text": "Chunk 5 (pages 101-125) failed: Document AI timeout",
}

#: A job at its fifth of seventeen chunks.
JOB: Final[dict[str, Any]] = {
    "job_id": JOB_ID,
    "document_id": DOCUMENT_ID,
    "batch_id": None,
    "filename": "annual-report.pdf",
    "status": "processing",
    "stage": "ocr",
    "message": "Processing chunk 5/17",
    "progress_percent": 23,
    "page_count": 425,
    "total_chunks": 17,
    "processing_chunks": 4,
    "completed_chunks": 4,
    "failed_chunks": 0,
    "total_pages": 425,
    "completed_pages": 100,
    "failed_pages": 0,
    "cached_chunks": 0,
    "cached_pages": 0,
    "error": None,
    "chunk_errors": [],
    "page_errors": [],
    "warnings": [],
    "priority": "normal",
    "matter": "2026-118",
    "retries": 0,
    "can_pause": True,
    "can_resume": False,
    "can_cancel": True,
    "can_retry": False,
    "stages": [],
    "stage_percent": None,
    "current": {"chunk_index": 4, "page_start": 101, "page_end": 125},
    "eta": {
        "seconds": 159,
        "finish_at": "2026-11-22T09:33:22.512000+00:00",
        "basis": "4 of 17 chunks in 49 s",
    },
    "webhook_url": "https://example.com/hooks/quire",
    "has_result": False,
    "created_at": "2026-11-22T09:29:49.031000+00:00",
    "started_at": "2026-11-22T09:29:50.870000+00:00",
    "finished_at": None,
    "heartbeat_at": "2026-11-22T09:30:43.198000+00:00",
    "links": LINKS,
}

#: The same job at its end.
FINISHED_JOB: Final[dict[str, Any]] = {
    **JOB,
    "filename": "letter.pdf",
    "status": "completed",
    "stage": "merging",
    "message": "Completed: 2 pages",
    "progress_percent": 100,
    "page_count": 2,
    "total_chunks": 1,
    "processing_chunks": 0,
    "completed_chunks": 1,
    "total_pages": 2,
    "completed_pages": 2,
    "can_pause": False,
    "can_cancel": False,
    "current": None,
    "eta": None,
    "has_result": True,
    "links": {**LINKS, "result": f"/v1/jobs/{JOB_ID}/result"},
    "finished_at": "2026-11-22T09:29:53.402000+00:00",
    "heartbeat_at": "2026-11-22T09:29:53.402000+00:00",
}
