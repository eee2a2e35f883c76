"""The process that looks at small PDFs, one after the other: can each be read as it is?

Run as `python -m infra.pdf.whole MEMORY_BYTES FILE_BYTES`. It answers each line of JSON with one.
Its limits are those of `infra.pdf.process`; a document that breaks them ends it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from infra.pdf.engine import Refused
from infra.pdf.process import alarm, begin, limit


def main(memory_bytes: int, file_bytes: int) -> None:
    """Answer commands until the parent closes the pipe or goes."""
    replies = begin()
    from infra.pdf.in_place import prepare_qpdf

    prepare_qpdf()
    limit(memory_bytes, file_bytes)
    reply: dict[str, Any] = {"ready": True}
    while True:
        alarm(0)
        replies.write(json.dumps(reply) + "\n")
        replies.flush()
        line = sys.stdin.readline()
        if not line:
            return
        command = json.loads(line)
        alarm(command["seconds"])
        reply = {"pages": look(Path(command["path"]), command["most"])}


def look(path: Path, most: int) -> int | None:
    """Return the pages of a document that the cutter would cut without a word; else None.

    It is cut indeed, as some damage comes to light only then.
    """
    from infra.pdf.in_place import InPlace

    target = path.with_suffix(".cut")
    try:
        pdf = InPlace(path, None)
        if pdf.page_count > most or pdf.is_encrypted or pdf.warnings:
            return None
        pdf.cut(1, pdf.page_count, target)
    except (Refused, MemoryError, RecursionError, OSError):
        return None
    finally:
        target.unlink(missing_ok=True)
    return None if pdf.warnings else pdf.page_count


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
