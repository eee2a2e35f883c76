"""The process that reads a PDF's bookmarks, limited as the one that cuts it.

Run as `python -m infra.pdf.bookmarks MEMORY_BYTES`. It reads one line of JSON with the file's path,
and answers with one, which says how many bytes of JSON follow: a list of title, level, page, and
how far down the page it points. What is no bookmark as ISO 32000-1, 12.3 has it is passed over.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, NameTree, Object, Pdf, String

from infra.pdf.engine import MAX_PAGES, Reason, Refused
from infra.pdf.in_place import prepare_qpdf
from infra.pdf.process import alarm, begin, limit

MOST_BOOKMARKS: Final = 5_000
DEEPEST: Final = 32
TITLE_LETTERS: Final = 200
#: Bookmarks that are looked at, those included that lead nowhere.
_MOST_LOOKS: Final = 4 * MOST_BOOKMARKS
#: How far up a page's attributes are looked for.
_MOST_PARENTS: Final = 50
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
#: Where, in a destination, the height stands that it shows uppermost.
_HEIGHT_AT: Final[Mapping[str, int]] = {"/XYZ": 3, "/FitH": 2, "/FitBH": 2, "/FitR": 5}

#: Title, level, page from 1, share of the page above it.
Bookmark = tuple[str, int, int, float | None]


def bookmarks_of(path: Path) -> list[Bookmark]:
    """Return a file's bookmarks in their order. Raises Refused for what can't be opened."""
    try:
        with pikepdf.open(path, access_mode=pikepdf.AccessMode.mmap_only) as pdf:
            return _Reading(pdf).bookmarks()
    except pikepdf.PasswordError as error:
        raise Refused(Reason.PASSWORD_REQUIRED) from error
    # The last are how pikepdf says that an object is not what it was taken for.
    except (pikepdf.PdfError, ValueError, TypeError) as error:
        raise Refused(Reason.UNREADABLE_PDF) from error


class _Reading:
    """An opened document. The table of contents may be anything, a ring among other things."""

    def __init__(self, pdf: Pdf) -> None:
        self._root = pdf.Root
        self._pages: dict[tuple[int, int], int] = {}
        self._sheets: list[Object] = []
        self._named: NameTree | None = None
        if not isinstance(_entry(pdf.Root, "/Outlines"), Dictionary):
            return
        for number, page in enumerate(pdf.pages, 1):
            if number > MAX_PAGES:
                raise Refused(Reason.TOO_MANY_PAGES)
            self._pages[page.obj.objgen] = number
            self._sheets.append(page.obj)
        names = _entry(_entry(pdf.Root, "/Names"), "/Dests")
        if isinstance(names, Dictionary):
            self._named = NameTree(names)

    def bookmarks(self) -> list[Bookmark]:
        """Return them; one that leads nowhere is where the first below it is."""
        found: list[Bookmark] = []
        below: tuple[int, int] | None = None
        for level, title, place in reversed(list(self._looked_at())):
            if place is not None:
                page, top = place
            elif below is not None and below[0] > level:
                page, top = below[1], None
            else:
                continue
            below = level, page
            if title:
                found.append((title, level, page, top))
        return found[::-1][:MOST_BOOKMARKS]

    def _looked_at(self) -> Iterator[tuple[int, str, tuple[int, float | None] | None]]:
        seen: set[tuple[int, int]] = set()
        waiting = [(_entry(_entry(self._root, "/Outlines"), "/First"), 1)]
        looks = 0
        while waiting and looks < _MOST_LOOKS:
            item, level = waiting.pop()
            if not isinstance(item, Dictionary) or item.objgen in seen:
                continue
            looks += 1
            if item.is_indirect:
                seen.add(item.objgen)
            yield level, _title(_entry(item, "/Title")), self._place(item)
            waiting.append((_entry(item, "/Next"), level))
            if level < DEEPEST:
                waiting.append((_entry(item, "/First"), level + 1))

    def _place(self, item: Object) -> tuple[int, float | None] | None:
        target = _entry(item, "/Dest")
        if target is None:
            action = _entry(item, "/A")
            if _entry(action, "/S") != Name.GoTo:
                return None
            target = _entry(action, "/D")
        return self._destination(self._looked_up(target))

    def _looked_up(self, target: Any) -> Any:
        """Return what a name stands for; anything else as it is."""
        if isinstance(target, Name):
            target = _entry(_entry(self._root, "/Dests"), str(target))
        elif isinstance(target, String):
            target = self._named.get(str(target)) if self._named is not None else None
        return _entry(target, "/D") if isinstance(target, Dictionary) else target

    def _destination(self, target: Any) -> tuple[int, float | None] | None:
        if not isinstance(target, Array) or not len(target):
            return None
        page: Any = target[0]
        # By its number is how others' pages are named; some programs name their own so.
        if isinstance(page, int) and 0 <= page < len(self._sheets):
            number = page + 1
        elif isinstance(page, Dictionary) and page.objgen in self._pages:
            number = self._pages[page.objgen]
        else:
            return None
        at = _HEIGHT_AT.get(str(target[1])) if len(target) > 1 else None
        height: Any = target[at] if at is not None and at < len(target) else None
        return number, _share_above(self._sheets[number - 1], height)


def _share_above(page: Object, height: Any) -> float | None:
    """Return how much of the page is above this height; None where it is turned, or odd."""
    if not isinstance(height, int | Decimal) or _inherited(page, "/Rotate") not in {None, 0}:
        return None
    box = _inherited(page, "/CropBox")
    if not isinstance(box, Array):
        box = _inherited(page, "/MediaBox")
    if not isinstance(box, Array) or len(box) != 4:
        return None
    edges: tuple[Any, Any] = box[1], box[3]
    if not all(isinstance(edge, int | Decimal) for edge in edges) or edges[0] == edges[1]:
        return None
    share = (max(edges) - height) / abs(edges[1] - edges[0])
    return round(min(1.0, max(0.0, float(share))), 4)


def _inherited(page: Object, key: str) -> Any:
    node: Any = page
    for _ in range(_MOST_PARENTS):
        value = _entry(node, key)
        if value is not None or node is None:
            return value
        node = _entry(node, "/Parent")
    return None


def _entry(item: Any, key: str) -> Any:
    return item.get(key) if isinstance(item, Dictionary) else None


def _title(value: Any) -> str:
    """Return a title without line breaks, and without what could steer or hide something."""
    if not isinstance(value, String):
        return ""
    # Of an endless one no more is looked at than may be shown.
    spaced = " ".join(str(value)[: 4 * TITLE_LETTERS].split())
    shown = "".join(c for c in spaced if unicodedata.category(c) not in _UNSEEN)
    return " ".join(shown.split())[:TITLE_LETTERS].rstrip()


def main(memory_bytes: int) -> None:
    """Answer one command."""
    replies = begin()
    prepare_qpdf()
    alarm(0)
    replies.write(json.dumps({"ready": True}) + "\n")
    replies.flush()
    line = sys.stdin.readline()
    if not line:
        return
    command = json.loads(line)
    alarm(command["seconds"])
    content = b""
    try:
        path = Path(command["path"])
        limit(memory_bytes, path.stat().st_size)
        content = json.dumps(bookmarks_of(path)).encode()
        reply: dict[str, Any] = {"size": len(content)}
    except Refused as refused:
        reply = {"refused": refused.reason}
    except (MemoryError, RecursionError):
        reply = {"refused": Reason.UNREADABLE_PDF}
    replies.write(json.dumps(reply) + "\n")
    replies.flush()
    replies.buffer.write(content)
    replies.buffer.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
