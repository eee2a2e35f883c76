"""How a document is cut: by pages, and by the bytes that one OCR call may carry."""

from __future__ import annotations

from collections.abc import Sequence

from common.pages import PageRange


def plan_chunks(
    selection: Sequence[PageRange], *, size: int, average_page_bytes: float, max_bytes: int
) -> list[PageRange]:
    """Cut each selected range into chunks of at most `size` pages, in ascending order.

    Where `size` pages of average weight would come near `max_bytes`, chunks have fewer pages.
    An average hides heavy pages: a chunk that is cut and still too large is halved then.
    """
    fitting = int(0.9 * max_bytes / max(average_page_bytes, 1.0))
    pages = max(1, min(size, fitting))
    return [chunk for pages_asked in selection for chunk in pages_asked.cut(pages)]
