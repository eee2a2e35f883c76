"""Remove documents that were stored for a batch which never came."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from common.held_documents import AbandonedDocuments
from common.ports import RemovableUploads

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RemovedDocuments:
    """What one run removed."""

    objects: int = 0
    rows: int = 0


def remove_unused(
    *,
    documents: AbandonedDocuments,
    uploads: Callable[[], RemovableUploads],
    budget: timedelta,
) -> RemovedDocuments:
    """Remove them, objects first, until `budget` is spent. Safe to run at any time, also twice.

    A run that breaks off leaves rows that a later one takes up again.
    """
    end = time.monotonic() + budget.total_seconds()
    objects = rows = 0
    while time.monotonic() < end and (abandoned := documents.claim()):
        for _, source in abandoned:
            objects += uploads().remove_upload(source)
        rows += documents.forget([document_id for document_id, _ in abandoned])
    if rows:
        log.info("documents that no batch has used were removed", extra={"documents": rows})
    return RemovedDocuments(objects, rows)
