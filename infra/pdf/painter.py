"""The process that draws a client's PDF: limited in memory and time, for one document.

Run as `python -m infra.pdf.painter MEMORY_BYTES IDLE_SECONDS`. It answers each line of JSON with
one: the first names the file, the others the page to draw, whose picture follows its answer. A
command that takes too long ends the process, and so does a long silence.
"""

from __future__ import annotations

import ctypes
import io
import json
import math
import os
import sys
from pathlib import Path
from typing import Any

import pypdfium2.raw as pdfium
from PIL import Image, WebPImagePlugin

from infra.pdf.engine import Reason, Refused
from infra.pdf.process import alarm, begin, limit

#: Of a picture, however long the page is: 48 MB in the process.
_MOST_PIXELS = 12_000_000
#: WebP itself ends at 16,383.
_LONGEST_SIDE = 8_000
#: Half of JPEG's bytes for pages of text, in a twentieth of a second; more effort saves little.
_WEBP = {"quality": 80, "method": 2}


class Painter:
    """A PDF opened for drawing. Pages are counted from 0 here, as pdfium does."""

    def __init__(self, path: Path) -> None:
        pdfium.FPDF_InitLibrary()
        self._document = pdfium.FPDF_LoadDocument(os.fsencode(path) + b"\0", None)
        if not self._document:
            if pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD:
                raise Refused(Reason.PASSWORD_REQUIRED)
            raise Refused(Reason.UNREADABLE_PDF)
        self.page_count = pdfium.FPDF_GetPageCount(self._document)

    def draw(self, index: int, width: int) -> bytes:
        """Return the page as it is looked at, its rotation applied, as a WebP of this width.

        It is narrower where it would become too high.
        """
        page = pdfium.FPDF_LoadPage(self._document, index)
        if not page:
            raise Refused(Reason.UNREADABLE_PDF)
        try:
            points = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
            columns, rows = size_in_pixels(*points, width)
            pixels = _drawn(page, columns, rows)
        finally:
            pdfium.FPDF_ClosePage(page)
        picture = Image.frombuffer("RGB", (columns, rows), pixels, "raw", "RGBX", 0, 1)
        content = io.BytesIO()
        picture.save(content, "WEBP", **_WEBP)
        return content.getvalue()


def size_in_pixels(width_points: float, height_points: float, width: int) -> tuple[int, int]:
    """Return columns and rows of a picture that should be `width` wide, each at least 1."""
    across, down = max(width_points, 0.01), max(height_points, 0.01)
    scale = min(
        width / across, math.sqrt(_MOST_PIXELS / across / down), _LONGEST_SIDE / max(across, down)
    )
    return max(1, round(across * scale)), max(1, round(down * scale))


def _drawn(page: Any, columns: int, rows: int) -> bytearray:
    pixels = bytearray(columns * rows * 4)
    memory = (ctypes.c_char * len(pixels)).from_buffer(pixels)
    bitmap = pdfium.FPDFBitmap_CreateEx(columns, rows, pdfium.FPDFBitmap_BGRx, memory, columns * 4)
    if not bitmap:
        raise MemoryError
    try:
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, columns, rows, 0xFFFFFFFF)
        flags = pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER
        flags |= pdfium.FPDF_RENDER_LIMITEDIMAGECACHE
        pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, columns, rows, 0, flags)
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)
    return pixels


def main(memory_bytes: int, idle_seconds: float) -> None:
    """Answer commands until the parent closes the pipe or goes, or is silent for long."""
    replies = begin()
    # What saving would load at last, when there may be no memory for it.
    Image.preinit()
    assert WebPImagePlugin.SUPPORTED
    painter: Painter | None = None
    reply: dict[str, Any] = {"ready": True}
    content = b""
    while True:
        alarm(idle_seconds)
        replies.write(json.dumps(reply) + "\n")
        replies.flush()
        replies.buffer.write(content)
        replies.buffer.flush()
        line = sys.stdin.readline()
        if not line:
            return
        command = json.loads(line)
        alarm(command["seconds"])
        content = b""
        try:
            if painter is None:
                path = Path(command["path"])
                limit(memory_bytes, path.stat().st_size)
                painter = Painter(path)
                reply = {"page_count": painter.page_count}
            else:
                content = painter.draw(command["index"], command["width"])
                reply = {"size": len(content)}
        except Refused as refused:
            reply = {"refused": refused.reason}
        except MemoryError:
            reply = {"refused": Reason.UNREADABLE_PDF}


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
