"""Read an upload's bookmarks, for a stage that comes long after it was cut."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from common.errors import NotFound, PermanentError
from common.models import ObjectRef
from common.ports import Uploads
from common.stages import OutlineEntry

log = logging.getLogger(__name__)

#: A worker's disk is its memory, and a larger upload is a scan, whose headings are as good.
MOST_BYTES: Final = 200 << 20


class OutlineReader(Protocol):
    """Reads PDFs' tables of contents."""

    def read(self, path: Path) -> Sequence[OutlineEntry]:
        """Return a file's bookmarks in their order; empty where none can be had."""


def read_outline(
    source: ObjectRef,
    folder: Path,
    *,
    uploads: Uploads,
    reader: OutlineReader,
    max_bytes: int = MOST_BYTES,
) -> Sequence[OutlineEntry]:
    """Return the upload's bookmarks; none where it is too large, or not kept any more.

    Raises TransientError where the storage is away: without them another tree would be made.
    """
    path = folder / "source.pdf"
    try:
        uploads.download(source, path, max_bytes=max_bytes)
        return reader.read(path)
    except NotFound:
        log.info("the upload is gone, and its bookmarks with it")
        return ()
    except PermanentError as error:
        if error.code != "DOCUMENT_TOO_LARGE":
            raise
        log.info("the upload is too large to look for its bookmarks")
        return ()
    finally:
        path.unlink(missing_ok=True)
