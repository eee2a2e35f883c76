"""Which pages of a PDF a call asks for, and whether one call may have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra.local.emulators.document_ai import refusals
from infra.local.emulators.document_ai.controls import Switches


def selected_pages(options: Any, page_count: int) -> list[int]:
    """Return the indexes, from 0 and ascending, that a raw `ProcessOptions` asks for."""
    kind = options.WhichOneof("page_range")
    if kind == "from_start":
        return list(range(min(_positive(kind, options.from_start), page_count)))
    if kind == "from_end":
        return list(range(max(page_count - _positive(kind, options.from_end), 0), page_count))
    if kind == "individual_page_selector" and options.individual_page_selector.pages:
        numbers = sorted(set(options.individual_page_selector.pages))
        if numbers[0] < 1 or numbers[-1] > page_count:
            raise refusals.bad_field(
                "process_options.individual_page_selector.pages",
                f"Page numbers must be from 1 to {page_count}.",
            )
        return [number - 1 for number in numbers]
    return list(range(page_count))


def check_limits(
    selected: Sequence[int], page_count: int, *, imageless: bool, limits: Switches
) -> None:
    """Refuse what one call may not have.

    The limits are on the pages asked for, but two things tie them to the PDF: nothing after the
    first 30 pages of a longer one can be asked for, and more than 15 only as pages 1 to n.
    """
    reach = max(limits.max_pages, limits.max_pages_imageless)
    if selected[-1] >= reach:
        raise refusals.page_limit(reach, page_count)
    if len(selected) <= limits.max_pages:
        return
    if not imageless:
        raise refusals.page_limit_with_images(
            limits.max_pages, len(selected), limits.max_pages_imageless
        )
    if selected[-1] >= len(selected):
        raise refusals.page_limit(limits.max_pages, len(selected))


def _positive(field: str, number: int) -> int:
    if number < 1:
        raise refusals.bad_field(f"process_options.{field}", "Must be 1 or more.")
    return number
