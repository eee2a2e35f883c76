"""Read an upload's bookmarks, for a stage that comes long after it was cut."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from common.errors import NotFound
from common.models import ObjectRef
from common.ports import Uploads
from common.stages import OutlineEntry

log = logging.getLogger(__name__)


class OutlineReader(Protocol):
    """Reads PDFs' tables of contents."""

    def read(self, path: Path) -> Sequence[OutlineEntry]:
        """Return a file's bookmarks in their order; empty where none can be had."""


def read_outline(
    source: ObjectRef, folder: Path, *, uploads: Uploads, reader: OutlineReader, max_bytes: int
) -> Sequence[OutlineEntry]:
    """Return the upload's bookmarks; none where it is not kept any more.

    Raises TransientError where the storage is away: without them another tree would be made.
    """
    path = folder / "source.pdf"
    try:
        uploads.download(source, path, max_bytes=max_bytes)
        return reader.read(path)
    except NotFound:
        log.info("the upload is gone, and its bookmarks with it")
        return ()
    finally:
        path.unlink(missing_ok=True)
