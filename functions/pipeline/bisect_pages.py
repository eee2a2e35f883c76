"""Reads a chunk in one call; where that fails for good, halves it until the bad page is alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from common import telemetry
from common.errors import MisconfiguredError, PermanentError
from common.merging import join, mean_confidence, number_pages, shift_page
from common.models import ChunkWork
from common.pages import PageRange
from common.ports import OcrEngine, PdfCutter
from common.results import ChunkResult, PageError
from common.telemetry import Hop
from functions.scratch import scratch_folder

log = logging.getLogger(__name__)


def read_or_bisect(
    work: ChunkWork,
    pdf: bytes,
    *,
    engine: OcrEngine,
    cutter: Callable[[], PdfCutter],
    between: Callable[[], None],
    only: Sequence[PageRange] = (),
) -> ChunkResult:
    """Return what the chunk's pages say, with an error at each page that can't be read.

    Where `only` names some of its pages, ascending, nothing else is read; the result then holds
    those alone. Raises PermanentError where no page could be read, and TransientError or
    QuotaError as the engine does. `between` is called before every call and may raise.
    """
    with scratch_folder("chunk") as folder:
        whole = folder / "chunk.pdf"
        calls = 0

        def read(part: PageRange, content: bytes) -> ChunkResult:
            nonlocal calls
            between()
            calls += 1
            try:
                # A chunk put back between two calls would begin with the first one again, and at
                # a full quota never end.
                with telemetry.span(Hop.CHUNK_OCR, page_start=part.start, page_end=part.end):
                    pages = engine.read(
                        content, languages=work.options.languages, committed=calls > 1
                    )
                if len(pages) != len(part):
                    raise PermanentError(
                        f"{len(pages)} pages came back for {len(part)}.", code="PAGES_MISSING"
                    )
            except MisconfiguredError:
                raise  # would fail every page alike
            except PermanentError as error:
                if len(part) == 1:
                    log.warning(
                        "page can't be read",
                        extra=work.log_fields
                        | {"page": part.start, "code": error.code, "reason": error.message},
                    )
                    return _unreadable(work, part, error)
                if not whole.exists():
                    whole.write_bytes(pdf)
                return join([read_half(half) for half in part.halves()])
            number_pages(pages, part.start)
            # Offsets begin at the part's first page, whatever the engine began with.
            start = pages[0].start
            for page in pages:
                shift_page(page, -start)
            return ChunkResult(
                document_id=str(work.document_id),
                chunk_index=work.index,
                page_start=part.start,
                page_end=part.end,
                page_count=len(pages),
                overall_confidence=mean_confidence(pages),
                full_text="".join(page.text for page in pages),
                pages=pages,
            )

        def read_half(part: PageRange) -> ChunkResult:
            try:
                content = cut(part)
            except PermanentError as error:
                if len(part) == 1:
                    return _unreadable(work, part, error)
                return join([read_half(half) for half in part.halves()])
            return read(part, content)

        def cut(part: PageRange) -> bytes:
            first = work.pages.start - 1
            target = folder / f"{part}.pdf"
            with telemetry.span(Hop.CHUNK_CUT), cutter().open(whole, None) as source:
                source.cut(PageRange(part.start - first, part.end - first), target)
            content = target.read_bytes()
            target.unlink()
            return content

        if only:
            whole.write_bytes(pdf)
            result = join([read_half(part) for part in only])
        else:
            result = read(work.pages, pdf)
    if not result.pages:
        first = result.errors[0]
        raise PermanentError(first.message, code=first.code)
    return result


def _unreadable(work: ChunkWork, part: PageRange, error: PermanentError) -> ChunkResult:
    return ChunkResult(
        document_id=str(work.document_id),
        chunk_index=work.index,
        page_start=part.start,
        page_end=part.end,
        page_count=0,
        overall_confidence=0.0,
        full_text="",
        pages=[],
        errors=[PageError(part.start, error.code, error.message)],
    )
