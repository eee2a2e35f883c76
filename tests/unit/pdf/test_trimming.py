"""What is kept of documents, pages and annotations."""

from __future__ import annotations

import pytest
from pikepdf import Array, Dictionary, Name, Object, Pdf, String

from infra.pdf.trim import trim_document, trim_page


def page_with(*annotations: Dictionary) -> Object:
    return Dictionary(Type=Name.Page, Annots=Array(annotations))


def link(**entries: object) -> Dictionary:
    made = Dictionary({f"/{key}": entry for key, entry in entries.items()})
    made.Subtype, made.A = Name.Link, Dictionary(S=Name.URI)
    return made


@pytest.mark.parametrize(
    "annotation",
    [
        link(Border=Array([0, 0, 0])),
        link(BS=Dictionary(W=0)),
        link(BS=Dictionary(W=0), Border=Array([0, 0, 1])),
        Dictionary(Subtype=Name.Popup),
    ],
)
def test_what_nobody_sees_is_dropped(annotation: Dictionary) -> None:
    page = page_with(annotation)
    trim_page(page, with_fields=False)
    assert Name.Annots not in page


@pytest.mark.parametrize(
    "annotation",
    [
        link(),
        link(Border=Array([0, 0, 2])),
        link(BS=Dictionary(S=Name.D)),
        link(Border=Array([0, 0, 0]), AP=Dictionary()),
        Dictionary(Subtype=Name.Stamp, A=Dictionary()),
    ],
)
def test_what_shows_is_kept_without_its_action(annotation: Dictionary) -> None:
    page = page_with(annotation)
    trim_page(page, with_fields=False)
    [kept] = page.Annots
    assert Name.A not in kept
    assert kept.Subtype == annotation.Subtype


def test_annotations_that_are_none_are_dropped() -> None:
    page = Dictionary(Annots=Array([String("?"), 7, Dictionary(Subtype=Name.Ink)]))
    trim_page(page, with_fields=False)
    assert len(page.Annots) == 1
    page = Dictionary(Annots=String("?"))
    trim_page(page, with_fields=False)
    assert Name.Annots not in page


def test_a_widget_takes_its_fields_value_along_only_if_a_viewer_draws_it() -> None:
    for with_fields in (True, False):
        top = Dictionary(FT=Name.Tx, DA=String("/F 9 Tf"))
        field = Dictionary(V=String("value"), T=String("group"), Parent=top)
        page = page_with(Dictionary(Subtype=Name.Widget, Parent=field, T=String("name")))
        trim_page(page, with_fields=with_fields)
        [widget] = page.Annots
        expected = {"/Subtype", "/FT", "/DA", "/V", "/T"} if with_fields else {"/Subtype"}
        assert widget.keys() == expected
        assert not with_fields or str(widget.T) == "group.name"


def test_a_field_that_is_its_own_parent_ends() -> None:
    pdf = Pdf.new()
    field = pdf.make_indirect(Dictionary(Subtype=Name.Widget, FT=Name.Tx))
    field.Parent = field
    page = Dictionary(Annots=Array([field]))
    trim_page(page, with_fields=True)
    assert page.Annots[0].keys() == {"/Subtype", "/FT", "/T"}


def test_a_form_stays_only_where_viewers_draw_its_values() -> None:
    for needed in (True, False):
        pdf = Pdf.new()
        pdf.Root.AcroForm = Dictionary(
            NeedAppearances=needed, DA=String("/F 9 Tf"), Fields=Array([Dictionary()])
        )
        trim_document(pdf)
        assert (Name.AcroForm in pdf.Root) == needed
        if needed:
            assert pdf.Root.AcroForm.keys() == {"/NeedAppearances", "/DA", "/Fields"}
            assert len(pdf.Root.AcroForm.Fields) == 0


def test_of_a_document_little_is_left() -> None:
    pdf = Pdf.new()
    pdf.docinfo.Title = String("title")
    pdf.Root.Outlines = Dictionary()
    pdf.Root.OpenAction = Dictionary()
    pdf.Root.OCProperties = Dictionary(
        OCGs=Array(), D=Dictionary(OFF=Array(), Order=Array()), Configs=Array()
    )
    trim_document(pdf)
    assert pdf.Root.keys() == {"/Type", "/Pages", "/OCProperties"}
    assert pdf.Root.OCProperties.keys() == {"/OCGs", "/D"}
    assert pdf.Root.OCProperties.D.keys() == {"/OFF"}
    assert Name.Info not in pdf.trailer
