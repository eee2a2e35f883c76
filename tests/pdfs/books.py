"""Born-digital books: chapters and sections, running headers, page numbers, divided words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, cycle
from pathlib import Path
from typing import Final, NamedTuple

from tests.pdfs.documents import HEIGHT, WIDTH
from tests.pdfs.prose import Section, chapter
from tests.pdfs.raw import RawPdf, escaped

TITLE: Final = "Annals of Land and Water"
_LEFT: Final = 64
_TOP: Final = 84
_FOOT: Final = 80
_LEADING: Final = 14.5
#: Characters of 11 point Times that fit one line of text.
_PER_LINE: Final = 92
_SIZES: Final = {0: 11.0, 1: 19.0, 2: 13.5}
_VOWELS: Final = "aeiouyéèêàâîôû"


class _Line(NamedTuple):
    """A line as it is set: of a heading where it has a level."""

    text: str
    level: int
    x: float
    y: float


class _Leaf(NamedTuple):
    lines: list[_Line]
    chapter: str
    #: A chapter's first page has no header, and a bookmark.
    begins: bool


def write_book(
    path: Path, pages: int, *, languages: Sequence[str] = ("en", "fr"), seed: int = 0
) -> None:
    """Write a book of so many pages, its chapters in these languages by turns.

    Some 550 words a page. Equal arguments make equal bytes; another seed makes another text.
    """
    with RawPdf(path) as pdf:
        tree = pdf.reserve()
        fonts = " ".join(
            f"/{name} "
            + str(
                pdf.add(
                    f"<< /Type /Font /Subtype /Type1 /BaseFont /{base} "
                    "/Encoding /WinAnsiEncoding >>"
                )
            )
            + " 0 R"
            for name, base in (("text", "Times-Roman"), ("bold", "Times-Bold"))
        )
        kids, marks = [], []
        leaves = _leaves(languages, seed)
        for number, leaf in zip(range(1, pages + 1), leaves, strict=False):
            content = pdf.stream("", _typeset(leaf, number).encode("cp1252"), packed=True)
            kids.append(
                pdf.add(
                    f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] "
                    f"/Resources << /Font << {fonts} >> >> /Contents {content} 0 R >>"
                )
            )
            if leaf.begins:
                marks.append((leaf.chapter, kids[-1]))
        refs = " ".join(f"{kid} 0 R" for kid in kids)
        pdf.add(f"<< /Type /Pages /Count {len(kids)} /Kids [{refs}] >>", tree)
        outline = _bookmarks(pdf, marks)
        pdf.root = pdf.add(f"<< /Type /Catalog /Pages {tree} 0 R /Outlines {outline} 0 R >>")


def _bookmarks(pdf: RawPdf, marks: Sequence[tuple[str, int]]) -> int:
    root, first = pdf.reserve(), pdf.reserve(len(marks))
    last = first + len(marks) - 1
    for number, (title, page) in enumerate(marks, first):
        beside = (f"/Prev {number - 1} 0 R " if number > first else "") + (
            f"/Next {number + 1} 0 R " if number < last else ""
        )
        pdf.add(
            f"<< /Title ({escaped(title)}) /Parent {root} 0 R {beside}/Dest [{page} 0 R /Fit] >>",
            number,
        )
    return pdf.add(
        f"<< /Type /Outlines /First {first} 0 R /Last {last} 0 R /Count {len(marks)} >>", root
    )


def _typeset(leaf: _Leaf, number: int) -> str:
    parts = []
    if not leaf.begins:
        header = leaf.chapter if number % 2 else TITLE
        parts.append(f"BT /text 9 Tf {_LEFT} {HEIGHT - 48} Td ({escaped(header)}) Tj ET")
    parts.append(f"BT /text 9 Tf {WIDTH / 2 - 6} 44 Td ({number}) Tj ET")
    parts += [
        f"BT /{'bold' if line.level else 'text'} {_SIZES[line.level]} Tf "
        f"{line.x:.1f} {line.y:.1f} Td ({escaped(line.text)}) Tj ET"
        for line in leaf.lines
    ]
    return "\n".join(parts)


def _leaves(languages: Sequence[str], seed: int) -> Iterator[_Leaf]:
    """Yield pages without end. A chapter begins a page, which has no header."""
    for number, language in zip(count(1), cycle(languages), strict=False):
        sections = chapter(number, language=language, seed=seed)
        name, lines, y = sections[0].title, list[_Line](), 0.0
        is_first = True
        for text, level, indent, above, together in _set(sections):
            y += above if lines else 0
            leading = _LEADING if level == 0 else _SIZES[level] * 1.4
            if lines and y + together + leading > HEIGHT - _TOP - _FOOT:
                yield _Leaf(lines, name, is_first)
                lines, y, is_first = [], 0.0, False
            y += leading
            lines.append(_Line(text, level, _LEFT + indent, HEIGHT - _TOP - y))
        yield _Leaf(lines, name, is_first)


def _set(sections: Sequence[Section]) -> Iterator[tuple[str, int, float, float, float]]:
    """Yield lines: text, level, indent, space above, and what must fit below on the same page."""
    for section in sections:
        title = _wrapped(section.title, 54 if section.level == 1 else 70, divide=False)
        for place, line in enumerate(title):
            above = (18.0 if section.level == 2 else 0.0) if place == 0 else 0.0
            yield line, section.level, 0.0, above, 3 * _LEADING
        for begin, paragraph in enumerate(section.paragraphs):
            for place, line in enumerate(_wrapped(paragraph, _PER_LINE, first=_PER_LINE - 4)):
                above = 6.0 if begin == 0 and place == 0 else 0.0
                yield line, 0, 16.0 if place == 0 else 0.0, above, 0.0


def _wrapped(text: str, width: int, *, first: int | None = None, divide: bool = True) -> list[str]:
    """Break text into lines; a long word at a line's end is divided, as printers do."""
    lines: list[str] = []
    line, room = "", first or width
    for each in text.split(" "):
        word = each
        gap = 1 if line else 0
        if len(line) + gap + len(word) > room:
            cut = _division(word, room - len(line) - gap - 1) if divide else 0
            if cut:
                line = f"{line} {word[:cut]}-".lstrip()
                word = word[cut:]
            lines.append(line)
            line, room = word, width
        else:
            line = f"{line} {word}".lstrip()
    return [*lines, line]


def _division(word: str, most: int) -> int:
    """Return how many letters stay on the line; 0 where the word is not to be divided."""
    if len(word) < 8 or not word.isalpha():
        return 0
    for cut in range(min(most, len(word) - 3), 2, -1):
        if word[cut - 1] in _VOWELS and word[cut] not in _VOWELS:
            return cut
    return 0
