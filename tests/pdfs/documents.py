"""Ordinary documents: born-digital pages, scans of such pages, and both in one file."""

from __future__ import annotations

import io
import tempfile
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy
import pypdfium2
from PIL import Image, ImageFilter

from tests.pdfs.raw import RawPdf, escaped
from tests.pdfs.text import page_text

#: A4 in points, upright.
WIDTH, HEIGHT = 595, 842
_MARGIN = 64
_FONTS = {
    "serif": ("Times-Roman", 12.0, 88),
    "sans": ("Helvetica", 11.0, 82),
}


@dataclass(frozen=True)
class Leaf:
    """One page to be made. Text is in paragraphs divided by empty lines, the first a heading."""

    text: str
    #: True makes it an image of its text, as a scanner would.
    scanned: bool = False
    #: What /Rotate says: 0, 90, 180 or 270. The content is turned so that it displays upright.
    rotate: int = 0
    columns: int = 1
    font: str = "serif"
    dpi: int = 200
    #: Degrees that the paper lies askew, counter-clockwise.
    skew: float = 0.0
    #: Standard deviation of the grain, in grey levels.
    noise: float = 0.0
    #: Grey levels by which the paper darkens towards the inner margin.
    shade: int = 0
    quality: int = 60


def write_pages(path: Path, leaves: Iterable[Leaf], *, info: dict[str, str] | None = None) -> None:
    """Write a PDF of the leaves. `info` goes into its information dictionary."""
    with RawPdf(path) as pdf:
        tree = pdf.reserve()
        fonts = {
            name: pdf.add(
                f"<< /Type /Font /Subtype /Type1 /BaseFont /{base} /Encoding /WinAnsiEncoding >>"
            )
            for name, (base, _, _) in _FONTS.items()
        }
        named = " ".join(f"/{name} {number} 0 R" for name, number in fonts.items())
        kids = [
            _add_scan(pdf, tree, leaf, index)
            if leaf.scanned
            else _add_text(pdf, tree, leaf, f"<< /Font << {named} >> >>")
            for index, leaf in enumerate(leaves)
        ]
        _add_tree(pdf, tree, kids)
        pdf.root = pdf.add(f"<< /Type /Catalog /Pages {tree} 0 R >>")
        if info:
            entries = " ".join(f"/{key} ({escaped(value)})" for key, value in info.items())
            pdf.info = pdf.add(f"<< {entries} >>")


def write_born_digital(path: Path, pages: Sequence[str]) -> None:
    """Write one page of real text for each of the texts."""
    write_pages(path, [Leaf(text) for text in pages])


def write_scan(path: Path, pages: Sequence[str], *, leaf: Leaf | None = None) -> None:
    """Write one image-only page for each of the texts; `leaf` says how they look."""
    look = leaf or Leaf("")
    write_pages(path, [replace(look, text=text, scanned=True) for text in pages])


def write_mixed(path: Path, pages: int = 120, scanned_every: int = 12) -> list[str]:
    """Write born-digital pages of which every so many is a scan; return the pages' texts.

    The defaults make 120 pages with 10 scans; `write_mixed(path, 425, 200)` has 2.
    """
    texts = [page_text(number) for number in range(1, pages + 1)]
    write_pages(
        path,
        [
            Leaf(text, scanned=number % scanned_every == 0, noise=4.0, skew=0.4)
            for number, text in enumerate(texts, start=1)
        ],
    )
    return texts


def write_rotated(path: Path, text: str, *, scanned: bool = False) -> None:
    """Write four pages that all display upright and whose /Rotate is 0, 90, 180 and 270."""
    write_pages(path, [Leaf(text, rotate=turn, scanned=scanned) for turn in (0, 90, 180, 270)])


FRENCH = (
    "La page française\n\n"
    "Le relieur plie les feuilles, les réunit en cahiers, puis les coud ensemble. Chaque cahier "
    "est numéroté, afin qu'aucune page ne soit oubliée ni placée à l'envers. Où l'encre a pâli, "
    "le lecteur hésite; là où le papier a été déchiré, il s'arrête tout à fait.\n\n"
    "Après la couture vient la colle, et après la colle vient la patience. Un livre relié trop "
    "tôt garde ses plis; un livre bien séché dure des siècles."
)


def write_french(path: Path, *, scanned: bool = False) -> None:
    """Write one page in French."""
    write_pages(path, [Leaf(FRENCH, scanned=scanned)])


def _add_tree(pdf: RawPdf, tree: int, kids: Sequence[int]) -> None:
    refs = " ".join(f"{kid} 0 R" for kid in kids)
    pdf.add(f"<< /Type /Pages /Count {len(kids)} /Kids [{refs}] >>", tree)


def _add_text(pdf: RawPdf, tree: int, leaf: Leaf, resources: str) -> int:
    content = pdf.stream("", _typeset(leaf).encode("cp1252", "replace"), packed=True)
    width, height = (HEIGHT, WIDTH) if leaf.rotate % 180 else (WIDTH, HEIGHT)
    return pdf.add(
        f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 {width} {height}] "
        f"/Rotate {leaf.rotate} /Resources {resources} /Contents {content} 0 R >>"
    )


def _typeset(leaf: Leaf) -> str:
    """Return the content stream of the leaf's text."""
    _, size, per_line = _FONTS[leaf.font]
    gap = 24
    width = (WIDTH - 2 * _MARGIN - gap * (leaf.columns - 1)) / leaf.columns
    leading = size * 1.35
    heading, _, body = leaf.text.partition("\n\n")
    lines: list[str] = []
    for paragraph in body.split("\n\n"):
        wrapped = [
            line
            for part in paragraph.split("\n")
            for line in textwrap.wrap(part, int(per_line / leaf.columns)) or [""]
        ]
        lines += [*wrapped, ""]
    per_column = int((HEIGHT - 2 * _MARGIN - 40) / leading)
    if leaf.columns > 1:
        # Columns of about the same length, as a printer would set them.
        per_column = min(per_column, -(-len(lines) // leaf.columns))
    parts = [_TURNS[leaf.rotate], f"BT /{leaf.font} {size * 1.5} Tf"]
    parts.append(f"{_MARGIN} {HEIGHT - _MARGIN - size} Td ({escaped(heading)}) Tj ET")
    for column in range(leaf.columns):
        x = _MARGIN + column * (width + gap)
        parts.append(f"BT /{leaf.font} {size} Tf {leading:.2f} TL")
        parts.append(f"{x:.2f} {HEIGHT - _MARGIN - 40} Td")
        set_here = lines[column * per_column : (column + 1) * per_column]
        # No column begins with the space between two paragraphs.
        while set_here and not set_here[0]:
            del set_here[0]
        parts += [f"({escaped(line)}) Tj T*" for line in set_here]
        parts.append("ET")
    return "\n".join(parts)


#: From upright coordinates to those of a page that a viewer then turns clockwise.
_TURNS = {
    0: "1 0 0 1 0 0 cm",
    90: f"0 1 -1 0 {HEIGHT} 0 cm",
    180: f"-1 0 0 -1 {WIDTH} {HEIGHT} cm",
    270: f"0 -1 1 0 0 {WIDTH} cm",
}
#: How the paper lay in the scanner, so that the viewer's turn puts it right.
_TRANSPOSED = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


def _add_scan(pdf: RawPdf, tree: int, leaf: Leaf, seed: int) -> int:
    jpeg, width, height = _scan(leaf, seed)
    image = pdf.stream(
        f"/Type /XObject /Subtype /Image /Width {width} /Height {height} "
        "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode",
        jpeg,
    )
    across, up = width * 72 / leaf.dpi, height * 72 / leaf.dpi
    content = pdf.stream("", f"q {across:.2f} 0 0 {up:.2f} 0 0 cm /Im0 Do Q".encode())
    return pdf.add(
        f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 {across:.2f} {up:.2f}] "
        f"/Rotate {leaf.rotate} /Resources << /XObject << /Im0 {image} 0 R >> >> "
        f"/Contents {content} 0 R >>"
    )


@cache
def _scan(leaf: Leaf, seed: int) -> tuple[bytes, int, int]:
    """Return a JPEG of the leaf as scanned, and its width and height in pixels."""
    buffer = io.BytesIO()
    image = _degraded(_printed(leaf), leaf, seed)
    if leaf.rotate:
        image = image.transpose(_TRANSPOSED[leaf.rotate])
    image.save(buffer, "JPEG", quality=leaf.quality)
    return buffer.getvalue(), image.width, image.height


def _printed(leaf: Leaf) -> Image.Image:
    """Draw the leaf's text with pdfium's own fonts, so that it looks alike on every machine."""
    with pypdfium2.PdfDocument(_single(replace(leaf, rotate=0, scanned=False))) as pdf:
        bitmap = pdf[0].render(scale=leaf.dpi / 72, grayscale=True)
        image: Image.Image = bitmap.to_pil().convert("L")
    return image


def _single(leaf: Leaf) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leaf.pdf"
        write_pages(path, [leaf])
        return path.read_bytes()


def _degraded(image: Image.Image, leaf: Leaf, seed: int) -> Image.Image:
    if leaf.skew:
        image = image.rotate(leaf.skew, Image.Resampling.BICUBIC, fillcolor=255)
    if not (leaf.noise or leaf.shade):
        return image
    if leaf.noise:
        image = image.filter(ImageFilter.GaussianBlur(0.6))
    pixels = numpy.asarray(image, dtype=numpy.float32)
    if leaf.shade:
        across = numpy.linspace(0.0, 1.0, image.width, dtype=numpy.float32)
        pixels = pixels - leaf.shade * (0.35 + 0.65 * (1.0 - across) ** 4)
    if leaf.noise:
        grain = numpy.random.default_rng(seed).standard_normal(pixels.shape, dtype=numpy.float32)
        pixels = pixels + leaf.noise * grain
    return Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8))
