"""What is kept of resources that many pages share."""

from __future__ import annotations

import zlib

import pytest
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from infra.pdf.resources import prune


@pytest.fixture
def pdf() -> Pdf:
    return Pdf.new()


def page(pdf: Pdf, content: bytes, **resources: Object) -> Object:
    named = Dictionary({f"/{category}": entries for category, entries in resources.items()})
    return Dictionary(Type=Name.Page, Contents=Stream(pdf, content), Resources=named)


def image(pdf: Pdf) -> Stream:
    return Stream(pdf, b"", Subtype=Name.Image)


def form(pdf: Pdf, content: bytes, **entries: Object) -> Stream:
    return Stream(pdf, content, Subtype=Name.Form, **entries)


def fonts(*names: str) -> Dictionary:
    named = Dictionary()
    for name in names:
        named[name] = Dictionary(Type=Name.Font)
    return named


def test_only_what_the_content_names_is_left(pdf: Pdf) -> None:
    xobjects = Dictionary(Im1=image(pdf), Im2=image(pdf))
    shown = page(pdf, b"/F1 9 Tf (x) Tj /Im2 Do", XObject=xobjects, Font=fonts("/F1", "/F2"))
    assert prune(shown)
    assert shown.Resources.XObject.keys() == {"/Im2"}
    assert shown.Resources.Font.keys() == {"/F1"}
    assert xobjects.keys() == {"/Im1", "/Im2"}, "other pages have the dictionary too"


def test_every_category_is_pruned_and_what_is_none_is_kept(pdf: Pdf) -> None:
    shown = page(
        pdf,
        b"/CS1 cs /P1 scn /S1 sh /G1 gs /OC /M1 BDC",
        ColorSpace=Dictionary(CS1=Name.DeviceRGB, CS2=Name.DeviceRGB),
        Pattern=Dictionary(P1=Dictionary(), P2=Dictionary()),
        Shading=Dictionary(S1=Dictionary(), S2=Dictionary()),
        ExtGState=Dictionary(G1=Dictionary(), G2=Dictionary()),
        Properties=Dictionary(M1=Dictionary(), M2=Dictionary()),
        ProcSet=Array([Name.PDF]),
    )
    assert prune(shown)
    for category in ("/ColorSpace", "/Pattern", "/Shading", "/ExtGState", "/Properties"):
        [name] = shown.Resources[category].keys()
        assert name.endswith("1")
    assert list(shown.Resources.ProcSet) == [Name.PDF]


@pytest.mark.parametrize(
    ("key", "spelling"),
    [("/A B", b"/A#20B"), ("/F1", b"/#461"), ("/caf\udce9", b"/caf\xe9"), ("/é", "/é".encode())],
)
def test_a_name_is_found_however_it_is_spelled(pdf: Pdf, key: str, spelling: bytes) -> None:
    shown = page(pdf, spelling + b" 9 Tf", Font=fonts(key, "/other"))
    assert prune(shown)
    assert shown.Resources.Font.keys() == {key}


def test_content_in_parts_is_read_whole(pdf: Pdf) -> None:
    shown = page(pdf, b"", Font=fonts("/F1", "/F2", "/F3"))
    shown.Contents = Array([Stream(pdf, b"/F1 9 Tf"), Stream(pdf, b"/F2 9 Tf")])
    assert prune(shown)
    assert shown.Resources.Font.keys() == {"/F1", "/F2"}


def test_a_form_without_resources_uses_its_pages(pdf: Pdf) -> None:
    inner = form(pdf, b"/F2 9 Tf")
    outer = form(pdf, b"/Inner Do")
    shown = page(
        pdf,
        b"/Outer Do",
        XObject=Dictionary(Outer=outer, Inner=inner, Other=image(pdf)),
        Font=fonts("/F1", "/F2"),
    )
    assert prune(shown)
    assert shown.Resources.XObject.keys() == {"/Outer", "/Inner"}
    assert shown.Resources.Font.keys() == {"/F2"}


def test_a_forms_own_resources_are_pruned_by_its_own_content(pdf: Pdf) -> None:
    own = form(
        pdf, b"/Im1 Do", Resources=Dictionary(XObject=Dictionary(Im1=image(pdf), Im2=image(pdf)))
    )
    shown = page(pdf, b"/Fm Do /Im2 Do", XObject=Dictionary(Fm=own, Im1=image(pdf), Im2=image(pdf)))
    assert prune(shown)
    assert own.Resources.XObject.keys() == {"/Im1"}
    assert shown.Resources.XObject.keys() == {"/Fm", "/Im2"}


def test_a_page_stays_as_it_is_where_readers_differ_on_whose_resources_are_meant(pdf: Pdf) -> None:
    bare = form(pdf, b"/F1 9 Tf")
    own = form(pdf, b"/Bare Do", Resources=Dictionary(XObject=Dictionary(Bare=bare)))
    shown = page(pdf, b"/Fm Do", XObject=Dictionary(Fm=own), Font=fonts("/F1", "/F2"))
    assert not prune(shown)
    assert shown.Resources.Font.keys() == {"/F1", "/F2"}


def test_glyphs_patterns_and_masks_use_resources_too(pdf: Pdf) -> None:
    glyphs = Dictionary(Subtype=Name.Type3, CharProcs=Dictionary(a=Stream(pdf, b"/Im1 Do")))
    mask = Dictionary(SMask=Dictionary(S=Name.Luminosity, G=form(pdf, b"/Im2 Do")))
    shown = page(
        pdf,
        b"/T3 9 Tf /Tile scn /Mask gs",
        Font=Dictionary(T3=glyphs),
        Pattern=Dictionary(Tile=Stream(pdf, b"/Im3 Do")),
        ExtGState=Dictionary(Mask=mask),
        XObject=Dictionary({f"/Im{number}": image(pdf) for number in range(1, 5)}),
    )
    assert prune(shown)
    assert shown.Resources.XObject.keys() == {"/Im1", "/Im2", "/Im3"}


def test_an_appearance_without_resources_keeps_what_it_names(pdf: Pdf) -> None:
    shown = page(pdf, b"", Font=fonts("/F1", "/F2"))
    shown.Annots = Array(
        [Dictionary(Subtype=Name.Widget, AP=Dictionary(N=Dictionary(On=form(pdf, b"/F1 9 Tf"))))]
    )
    assert prune(shown)
    assert shown.Resources.Font.keys() == {"/F1"}


def test_forms_that_draw_each_other_end(pdf: Pdf) -> None:
    one = form(pdf, b"/Two Do", Resources=Dictionary(XObject=Dictionary()))
    two = form(pdf, b"/One Do", Resources=Dictionary(XObject=Dictionary(One=one)))
    one.Resources.XObject.Two = two
    shown = page(pdf, b"/One Do", XObject=Dictionary(One=one, Two=two))
    assert prune(shown)
    assert shown.Resources.XObject.keys() == {"/One"}


def test_content_that_cannot_be_decoded_keeps_everything(pdf: Pdf) -> None:
    shown = page(pdf, b"", Font=fonts("/F1", "/F2"))
    shown.Contents = Stream(pdf, b"no such filter", Filter=Name.NoSuchDecode)
    assert not prune(shown)
    assert shown.Resources.Font.keys() == {"/F1", "/F2"}


def test_content_that_unfolds_beyond_measure_keeps_everything(pdf: Pdf) -> None:
    shown = page(pdf, b"", Font=fonts("/F1"))
    shown.Contents = Stream(pdf, zlib.compress(b" " * (17 << 20)), Filter=Name.FlateDecode)
    assert not prune(shown)
    assert shown.Resources.Font.keys() == {"/F1"}


def test_a_page_without_resources_is_fine(pdf: Pdf) -> None:
    assert prune(Dictionary(Type=Name.Page))
