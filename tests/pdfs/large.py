"""Documents of a thousand pages and more, written in seconds: a scan, a manual, two traps."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy
from PIL import Image, ImageFont

from tests.pdfs.raw import RawPdf, escaped
from tests.pdfs.text import in_words, page_text

_BOX = "/MediaBox [0 0 595 842]"


def write_big_scan(path: Path, pages: int = 1000, *, page_bytes: int = 400_000) -> None:
    """Write image-only pages of about so many bytes each, no two images the same.

    The images are grain, which no compression shrinks; they differ in a JPEG comment.
    """
    jpeg, width, height = _grain(page_bytes)
    with RawPdf(path) as pdf:
        tree = pdf.reserve()
        kids = []
        for number in range(1, pages + 1):
            # A comment segment: marker FFFE, and the length of what follows it.
            comment = f"page {number:012d}".encode()
            mark = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
            image = pdf.stream(
                f"/Type /XObject /Subtype /Image /Width {width} /Height {height} "
                "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode",
                jpeg[:2] + mark + jpeg[2:],
            )
            content = pdf.stream("", b"q 595 0 0 842 0 0 cm /Im0 Do Q")
            kids.append(
                pdf.add(
                    f"<< /Type /Page /Parent {tree} 0 R {_BOX} /Contents {content} 0 R "
                    f"/Resources << /XObject << /Im0 {image} 0 R >> >> >>"
                )
            )
        _finish(pdf, tree, kids)


def _grain(size: int) -> tuple[bytes, int, int]:
    """Return a grey JPEG of random grain of about `size` bytes, its width and height."""
    # At quality 60 such grain takes about 0.344 bytes a pixel.
    width = int((size / 0.344 / 1.414) ** 0.5)
    height = int(width * 1.414)
    grain = numpy.random.default_rng(1).normal(200, 40, (height, width)).clip(0, 255)
    buffer = io.BytesIO()
    Image.fromarray(grain.astype(numpy.uint8)).save(buffer, "JPEG", quality=60)
    return buffer.getvalue(), width, height


def write_manual(path: Path, pages: int = 2000) -> None:
    """Write a manual: embedded fonts, an outline, and links to named destinations, as TeX does."""
    with RawPdf(path) as pdf:
        tree, first = pdf.reserve(), pdf.reserve(pages)
        fonts = [_embedded_font(pdf, f"QUIRE{letter}+Aileron") for letter in "ABCDEF"]
        draw, starts = random.Random(7), range(0, pages, 5)
        for index in range(pages):
            used = sorted({0, 1, index % len(fonts)})
            named = " ".join(f"/F{font} {fonts[font]} 0 R" for font in used)
            content = pdf.stream("", _manual_page(index + 1, used[-1]), packed=True)
            links = " ".join(
                f"<< /Type /Annot /Subtype /Link /Rect [64 {700 - 20 * row} 300 {714 - 20 * row}] "
                f"/Border [0 0 0] /A << /S /GoTo /D (section.{draw.choice(starts):05d}) >> >>"
                for row in range(6)
            )
            pdf.add(
                f"<< /Type /Page /Parent {tree} 0 R {_BOX} /Contents {content} 0 R "
                f"/Resources << /Font << {named} >> >> /Annots [{links}] >>",
                first + index,
            )
        outline = _outline(pdf, first, pages)
        names = " ".join(
            f"(section.{index:05d}) [{first + index} 0 R /Fit]" for index in range(0, pages, 5)
        )
        _finish(
            pdf,
            tree,
            list(range(first, first + pages)),
            catalog=f"/Outlines {outline} 0 R /Names << /Dests << /Names [{names}] >> >>",
        )


def _manual_page(number: int, font: int) -> bytes:
    words = page_text(number, sentences=30).replace("\n\n", ". ").split(". ")
    lines = [f"BT /F1 16 Tf 64 770 Td ({escaped(words[0])}) Tj ET"]
    lines.append(f"BT /F{font} 10 Tf 14 TL 64 740 Td")
    lines += [f"({escaped(sentence)}) Tj T*" for sentence in words[1:]]
    lines.append(f"/F0 8 Tf ({number}) Tj ET")
    return "\n".join(lines).encode()


def _embedded_font(pdf: RawPdf, name: str) -> int:
    """Embed the font that comes with Pillow, whose authors reserve no rights."""
    face = ImageFont.load_default(1000)
    assert isinstance(face, ImageFont.FreeTypeFont)
    assert isinstance(face.path, io.BytesIO)
    program = face.path.getvalue()
    file = pdf.stream(f"/Length1 {len(program)}", program, packed=True)
    descriptor = pdf.add(
        f"<< /Type /FontDescriptor /FontName /{name} /Flags 32 /FontBBox [-200 -250 1200 950] "
        f"/ItalicAngle 0 /Ascent 950 /Descent -250 /CapHeight 700 /StemV 80 "
        f"/FontFile2 {file} 0 R >>"
    )
    widths = " ".join(str(round(face.getlength(chr(code)))) for code in range(32, 127))
    return pdf.add(
        f"<< /Type /Font /Subtype /TrueType /BaseFont /{name} /Encoding /WinAnsiEncoding "
        f"/FirstChar 32 /LastChar 126 /Widths [{widths}] /FontDescriptor {descriptor} 0 R >>"
    )


def _outline(pdf: RawPdf, first: int, pages: int) -> int:
    root = pdf.reserve()
    starts = list(range(0, pages, 10))
    entry = pdf.reserve(len(starts))
    for position, start in enumerate(starts):
        before = f"/Prev {entry + position - 1} 0 R" if position else ""
        after = f"/Next {entry + position + 1} 0 R" if position + 1 < len(starts) else ""
        pdf.add(
            f"<< /Title (Chapter {in_words(position + 1)}) /Parent {root} 0 R "
            f"/Dest [{first + start} 0 R /Fit] {before} {after} >>",
            entry + position,
        )
    pdf.add(
        f"<< /Type /Outlines /Count {len(starts)} /First {entry} 0 R "
        f"/Last {entry + len(starts) - 1} 0 R >>",
        root,
    )
    return root


def write_shared_form(path: Path, pages: int = 1000, *, fields: int = 10) -> None:
    """Write pages with fields that all hang on one AcroForm, so that each leads to every other."""
    with RawPdf(path) as pdf:
        tree, form, root_field = pdf.reserve(), pdf.reserve(), pdf.reserve()
        font = pdf.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
        resources = f"<< /Font << /F0 {font} 0 R >> >>"
        every: list[int] = []
        kids: list[int] = []
        for number in range(1, pages + 1):
            page, widget = pdf.reserve(), pdf.reserve(fields)
            for row in range(fields):
                value = f"Field {row} of page {number}"
                look = pdf.stream(
                    f"/Type /XObject /Subtype /Form /BBox [0 0 300 20] /Resources {resources}",
                    f"/Tx BMC BT /F0 10 Tf 2 5 Td ({value}) Tj ET EMC".encode(),
                )
                y = 700 - 40 * row
                pdf.add(
                    f"<< /Type /Annot /Subtype /Widget /FT /Tx /T (p{number}r{row}) /V ({value}) "
                    f"/Parent {root_field} 0 R /P {page} 0 R /Rect [64 {y} 364 {y + 20}] /F 4 "
                    f"/DA (/F0 10 Tf) /AP << /N {look} 0 R >> >>",
                    widget + row,
                )
            every += range(widget, widget + fields)
            content = pdf.stream("", _form_page(number), packed=True)
            annotations = " ".join(f"{widget + row} 0 R" for row in range(fields))
            pdf.add(
                f"<< /Type /Page /Parent {tree} 0 R {_BOX} /Resources {resources} "
                f"/Contents {content} 0 R /Annots [{annotations}] >>",
                page,
            )
            kids.append(page)
        listed = " ".join(f"{number} 0 R" for number in every)
        pdf.add(f"<< /T (form) /Kids [{listed}] >>", root_field)
        pdf.add(f"<< /Fields [{root_field} 0 R] /DR {resources} >>", form)
        _finish(pdf, tree, kids, catalog=f"/AcroForm {form} 0 R")


def _form_page(number: int) -> bytes:
    return f"BT /F0 16 Tf 64 770 Td (Form page {in_words(number)}) Tj ET".encode()


def write_shared_resources(
    path: Path, pages: int = 1000, *, image_bytes: int = 20_000, wrapped: bool = False
) -> None:
    """Write pages that inherit one resource dictionary, in which every page's image is listed.

    `wrapped` puts each page's content into a form that has that dictionary, as imposing does.
    """
    jpeg, width, height = _grain(image_bytes)
    with RawPdf(path) as pdf:
        tree, resources = pdf.reserve(), pdf.reserve()
        fonts = [_embedded_font(pdf, f"QUIRE{letter}+Aileron") for letter in "AB"]
        images, kids = [], []
        for number in range(1, pages + 1):
            comment = f"page {number:012d}".encode()
            mark = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
            images.append(
                pdf.stream(
                    f"/Type /XObject /Subtype /Image /Width {width} /Height {height} "
                    "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode",
                    jpeg[:2] + mark + jpeg[2:],
                )
            )
            content = (
                f"BT /F{number % 2} 16 Tf 64 770 Td (Page {in_words(number)}) Tj ET "
                f"q 300 0 0 424 100 200 cm /Im{number} Do Q"
            ).encode()
            own = ""
            if wrapped:
                form = pdf.stream(
                    f"/Subtype /Form /BBox [0 0 595 842] /Resources {resources} 0 R", content
                )
                own, content = f"/Resources << /XObject << /Fm0 {form} 0 R >> >>", b"/Fm0 Do"
            stream = pdf.stream("", content, packed=True)
            kids.append(
                pdf.add(f"<< /Type /Page /Parent {tree} 0 R /Contents {stream} 0 R {own} >>")
            )
        listed = " ".join(f"/Im{number} {image} 0 R" for number, image in enumerate(images, 1))
        named = " ".join(f"/F{index} {font} 0 R" for index, font in enumerate(fonts))
        pdf.add(f"<< /XObject << {listed} >> /Font << {named} >> >>", resources)
        _finish(pdf, tree, kids, inherited=f"{_BOX} /Resources {resources} 0 R")


def _finish(
    pdf: RawPdf, tree: int, kids: list[int], *, catalog: str = "", inherited: str = ""
) -> None:
    refs = " ".join(f"{kid} 0 R" for kid in kids)
    pdf.add(f"<< /Type /Pages /Count {len(kids)} /Kids [{refs}] {inherited} >>", tree)
    pdf.root = pdf.add(f"<< /Type /Catalog /Pages {tree} 0 R {catalog} >>")
