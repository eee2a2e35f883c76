"""Pictures of pages for answers that carry them, drawn in a child process of their own.

Quire asks for imageless answers, so this is rarely used: a process per call is simple, and a PDF
that stalls or crashes the renderer takes nothing else with it. Run as a module, it is that child:
it reads page indexes and the PDF from its input and writes PNG files to its output.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
from collections.abc import Sequence
from io import BytesIO

from infra.local.emulators.document_ai.response import Picture
from infra.local.ocr_engine.errors import BROKEN, TIMED_OUT, PageUnreadable

#: Of one call: to start, and for each page. Large scans take about a second a page.
START_SECONDS, PAGE_SECONDS = 20.0, 5.0

#: Address space of the child: a page of 25 megapixels and a PDF of 40 MB need a tenth of it.
MEMORY_BYTES = 2 << 30

_HEADER = struct.Struct("!I")
_FRAME = struct.Struct("!III")


class Drawer:
    """Draws pages as the engine sees them, in grey, 200 dots per inch."""

    async def draw(self, pdf: bytes, indexes: Sequence[int]) -> list[Picture]:
        """Return the pages' pictures. PageUnreadable, naming the first, if the child fails."""
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "infra.local.emulators.document_ai.pictures",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        asked = json.dumps(list(indexes)).encode()
        try:
            async with asyncio.timeout(START_SECONDS + PAGE_SECONDS * len(indexes)):
                output, _ = await child.communicate(_HEADER.pack(len(asked)) + asked + pdf)
        except TimeoutError as error:
            raise PageUnreadable(indexes[0], TIMED_OUT) from error
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if child.returncode != 0:
            raise PageUnreadable(indexes[0], BROKEN)
        return list(_unpacked(output))


def _unpacked(output: bytes) -> list[Picture]:
    pictures: list[Picture] = []
    at = 0
    while at < len(output):
        width, height, length = _FRAME.unpack_from(output, at)
        at += _FRAME.size
        pictures.append(Picture(output[at : at + length], width, height))
        at += length
    return pictures


def _child() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))

    import pypdfium2
    from PIL import Image

    from infra.local.ocr_engine.picture import draw, size_in_pixels

    (length,) = _HEADER.unpack(sys.stdin.buffer.read(_HEADER.size))
    indexes = json.loads(sys.stdin.buffer.read(length))
    document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
    for index in indexes:
        page = document[index]
        width, height = size_in_pixels(*page.get_size())
        png = BytesIO()
        # Speed before size: the picture goes no further than this machine.
        Image.fromarray(draw(page, width, height)).save(png, "PNG", compress_level=1)
        page.close()
        sys.stdout.buffer.write(_FRAME.pack(width, height, png.tell()) + png.getvalue())


if __name__ == "__main__":
    _child()
