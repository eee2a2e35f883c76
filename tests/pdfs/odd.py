"""Documents that are locked, damaged, lying, or loaded with what must not travel on."""

from __future__ import annotations

from pathlib import Path

import pikepdf

from tests.pdfs.documents import write_born_digital
from tests.pdfs.raw import RawPdf
from tests.pdfs.text import in_words, page_text


def write_encrypted(
    path: Path, *, pages: int = 3, user: str = "", owner: str = "own", strength: int = 6
) -> None:
    """Write an encrypted PDF: `strength` 3 is 128-bit RC4, 4 is 128-bit AES, 6 is 256-bit AES.

    With an empty `user` password it opens for everybody and is only locked against changes.
    """
    plain = path.with_name(path.name + ".plain")
    write_born_digital(plain, [page_text(number) for number in range(1, pages + 1)])
    with pikepdf.open(plain) as pdf:
        locked = pikepdf.Permissions(modify_assembly=False, extract=False, modify_other=False)
        modern = strength >= 4
        pdf.save(
            path,
            encryption=pikepdf.Encryption(
                user=user,
                owner=owner,
                R=strength,  # type: ignore[arg-type] # pikepdf spells the four numbers out
                allow=locked,
                aes=modern,
                metadata=modern,
            ),
        )
    plain.unlink()


def write_damaged(path: Path, *, pages: int = 20, keep: float = 0.8) -> None:
    """Write a PDF of which only the first part is there, as after a broken upload."""
    write_born_digital(path, [page_text(number) for number in range(1, pages + 1)])
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])


def write_lying_count(path: Path, *, pages: int = 3, count: int = 7) -> None:
    """Write a PDF whose page tree says it has `count` pages."""
    write_born_digital(path, [page_text(number) for number in range(1, pages + 1)])
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"/Count %d" % pages, b"/Count %d" % count, 1))


def write_loaded(path: Path, *, pages: int = 4) -> None:
    """Write pages that inherit box, crop, turn and fonts, with all that a chunk must not carry.

    That is outlines, scripts, actions, attached files, metadata, structure, beads, thumbnails
    and links. What must stay to be seen: a stamp and a field by their appearance streams, a
    highlight that viewers draw themselves, a link's red border, and a layer that is off.
    """
    with RawPdf(path) as pdf:
        tree = pdf.reserve()
        page = pdf.reserve(pages)
        font = pdf.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
        fonts = f"/Font << /F0 {font} 0 R >>"
        layer = pdf.add("<< /Type /OCG /Name (Off) >>")
        script = pdf.add("<< /S /JavaScript /JS (app.alert\\('boo'\\)) >>")
        file = pdf.stream("/Type /EmbeddedFile", b"attached secret")
        spec = pdf.add(f"<< /Type /Filespec /F (a.txt) /EF << /F {file} 0 R >> >>")
        bead, outline, entry, field, form = (pdf.reserve() for _ in range(5))
        metadata = pdf.stream("/Type /Metadata /Subtype /XML", b"<private/>")
        box = "/Type /XObject /Subtype /Form /BBox [0 0 100 40]"
        stamp = pdf.stream(f"{box} /Resources << {fonts} >>", b"0 0 1 rg 0 0 100 40 re f")
        value = pdf.stream(f"{box} /Resources << {fonts} >>", b"0 1 0 rg 0 0 100 40 re f")
        thumb = pdf.stream(
            "/Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8", b"\0"
        )
        for index in range(pages):
            number = page + index
            annotations = [
                f"/Subtype /Stamp /Rect [100 500 200 540] /AP << /N {stamp} 0 R >> /P {number} 0 R",
                f"/Subtype /Widget /FT /Tx /T (x{index}) /V (value) /Rect [300 500 400 540] /F 4 "
                f"/Parent {field} 0 R /AP << /N {value} 0 R >> /A {script} 0 R "
                f"/AA << /K {script} 0 R >>",
                "/Subtype /Highlight /Rect [100 400 200 420] /C [1 1 0] "
                "/QuadPoints [100 420 200 420 100 400 200 400]",
                f"/Subtype /Link /Rect [100 300 200 320] /C [1 0 0] /Dest [{page} 0 R /Fit]",
                "/Subtype /Link /Rect [100 250 200 270] /Border [0 0 0] "
                "/A << /S /URI /URI (https://example.org/secret) >>",
                f"/Subtype /Popup /Rect [300 600 400 700] /Parent {number} 0 R",
                f"/Subtype /FileAttachment /Rect [400 100 420 120] /FS {spec} 0 R",
            ]
            listed = " ".join(f"<< /Type /Annot {annotation} >>" for annotation in annotations)
            content = pdf.stream(
                "",
                f"BT /F0 18 Tf 120 700 Td (Loaded page {in_words(index + 1)}) Tj ET "
                "/OC /Layer BDC BT /F0 18 Tf 120 600 Td (HIDDEN) Tj ET EMC".encode(),
            )
            own = "/Rotate 0 /MediaBox [0 0 500 800]" if index % 2 else ""
            pdf.add(
                f"<< /Type /Page /Parent {tree} 0 R /Contents {content} 0 R {own} "
                f"/Annots [{listed}] /AA << /O {script} 0 R >> /B [{bead} 0 R] /StructParents 0 "
                f"/Metadata {metadata} 0 R /PieceInfo << /App << /Private {metadata} 0 R >> >> "
                f"/Thumb {thumb} 0 R /AF [{spec} 0 R] >>",
                number,
            )
        refs = " ".join(f"{page + index} 0 R" for index in range(pages))
        pdf.add(
            f"<< /Type /Pages /Count {pages} /Kids [{refs}] /MediaBox [0 0 595 842] "
            f"/CropBox [50 60 550 790] /Rotate 90 "
            f"/Resources << {fonts} /Properties << /Layer {layer} 0 R >> >> >>",
            tree,
        )
        pdf.add(f"<< /Type /Bead /P {page + pages - 1} 0 R /N {bead} 0 R /V {bead} 0 R >>", bead)
        pdf.add(f"<< /First {entry} 0 R /Last {entry} 0 R /Count 1 >>", outline)
        pdf.add(
            f"<< /Title (Secret chapter) /Parent {outline} 0 R /Dest [{page} 0 R /Fit] >>", entry
        )
        pdf.add(f"<< /T (tree) /Kids [] /AA << /K {script} 0 R >> >>", field)
        pdf.add(f"<< /Fields [{field} 0 R] >>", form)
        structure = pdf.add(f"<< /Type /StructTreeRoot /K << /S /P /Pg {page} 0 R >> >>")
        pdf.info = pdf.add("<< /Title (Secret title) >>")
        pdf.root = pdf.add(
            f"<< /Type /Catalog /Pages {tree} 0 R /Outlines {outline} 0 R /AcroForm {form} 0 R "
            f"/OpenAction {script} 0 R /AA << /WC {script} 0 R >> /Metadata {metadata} 0 R "
            f"/StructTreeRoot {structure} 0 R /MarkInfo << /Marked true >> "
            f"/Names << /JavaScript << /Names [(s) {script} 0 R] >> "
            f"/EmbeddedFiles << /Names [(a.txt) {spec} 0 R] >> >> /AF [{spec} 0 R] "
            f"/OCProperties << /OCGs [{layer} 0 R] "
            f"/D << /OFF [{layer} 0 R] /Order [{layer} 0 R] >> >> >>"
        )


def write_viewer_drawn_form(path: Path, *, pages: int = 3) -> None:
    """Write pages with fields that have values but no appearance: the viewer has to draw them.

    Kind, value and font size stand in the fields; the widgets inherit them.
    """
    with RawPdf(path) as pdf:
        tree, field = pdf.reserve(), pdf.reserve(pages)
        font = pdf.add(
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
        )
        kids = []
        for index in range(pages):
            page, widget = pdf.reserve(), pdf.reserve()
            pdf.add(
                f"<< /Type /Annot /Subtype /Widget /Parent {field + index} 0 R /P {page} 0 R "
                f"/Rect [100 500 400 540] /F 4 >>",
                widget,
            )
            pdf.add(
                f"<< /FT /Tx /T (f{index}) /V (VALUE {index}) /DA (/Helv 20 Tf 0 g) "
                f"/Kids [{widget} 0 R] >>",
                field + index,
            )
            pdf.add(
                f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 595 842] /Resources << >> "
                f"/Annots [{widget} 0 R] >>",
                page,
            )
            kids.append(f"{page} 0 R")
        pdf.add(f"<< /Type /Pages /Count {pages} /Kids [{' '.join(kids)}] >>", tree)
        fields = " ".join(f"{field + index} 0 R" for index in range(pages))
        pdf.root = pdf.add(
            f"<< /Type /Catalog /Pages {tree} 0 R /AcroForm << /NeedAppearances true "
            f"/DA (/Helv 0 Tf 0 g) /DR << /Font << /Helv {font} 0 R >> >> "
            f"/Fields [{fields}] >> >>"
        )


def write_doubled_page(path: Path) -> None:
    """Write a page tree that lists its first page again as its third."""
    write_born_digital(path, [page_text(1), page_text(2)])
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pages = pdf.Root.Pages
        pages.Kids.append(pages.Kids[0])
        pages.Count = 3
        pdf.save(path, static_id=True)
