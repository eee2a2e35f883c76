"""Keeps of a document, page or annotation only what shows, so that a chunk can't drag in more.

Everything else may lead to the whole document (outlines, article beads, form fields, structure)
or should not travel (scripts, actions, attached files), so the lists say what stays.
Key names: ISO 32000-1, tables 28 (catalog), 30 (page), 164-187 (annotations).
"""

from __future__ import annotations

from collections.abc import Iterator

from pikepdf import Array, Dictionary, Name, Object, Pdf, String

_CATALOG = frozenset({"/Type", "/Pages", "/OCProperties", "/Version", "/Extensions"})

# The rest of the optional-content settings is for a viewer's menus.
_LAYERS = frozenset({"/OCGs", "/D"})
_LAYER_CONFIG = frozenset({"/BaseState", "/ON", "/OFF", "/AS", "/Intent"})

_PAGE = frozenset(
    {
        "/Type",
        "/Parent",
        "/Resources",
        "/MediaBox",
        "/CropBox",
        "/BleedBox",
        "/TrimBox",
        "/ArtBox",
        "/Rotate",
        "/UserUnit",
        "/Contents",
        "/Group",
        "/Annots",
    }
)

# What an annotation looks like: its appearance streams, or what a viewer draws without them.
_ANNOTATION = frozenset(
    {
        "/Type",
        "/Subtype",
        "/Rect",
        "/F",
        "/AP",
        "/AS",
        "/OC",
        "/Border",
        "/BS",
        "/BE",
        "/C",
        "/IC",
        "/CA",
        "/ca",
        "/BM",
        "/QuadPoints",
        "/InkList",
        "/L",
        "/LE",
        "/LL",
        "/LLE",
        "/LLO",
        "/Vertices",
        "/CL",
        "/RD",
        "/Q",
        "/DA",
        "/DS",
        "/RC",
        "/Contents",
        "/Name",
        "/Rotate",
    }
)

# Form fields hand these down to their widgets, and a viewer may draw a value from them.
_FIELD = ("/FT", "/Ff", "/V", "/DA", "/Q", "/MaxLen", "/Opt")
_FIELD_DEPTH = 32

# Made once, for there may be a hundred links on a page.
_LINK, _POPUP, _WIDGET = Name.Link, Name.Popup, Name.Widget


def trim_document(pdf: Pdf) -> None:
    """Drop outlines, scripts, attachments, structure, metadata and the form's field tree."""
    drawn_by_viewer = _form_without_fields(pdf)
    _keep(pdf.Root, _CATALOG)
    if drawn_by_viewer is not None:
        pdf.Root.AcroForm = drawn_by_viewer
    layers = pdf.Root.get(Name.OCProperties)
    if isinstance(layers, Dictionary):
        _keep(layers, _LAYERS)
        config = layers.get(Name.D)
        if isinstance(config, Dictionary):
            _keep(config, _LAYER_CONFIG)
    if Name.Info in pdf.trailer:
        del pdf.trailer[Name.Info]


def trim_page(page: Object, *, with_fields: bool) -> None:
    """Drop what does not show on the page and in its annotations, and links nobody sees.

    `with_fields` keeps the values of form fields, for forms that viewers draw by themselves.
    """
    _keep(page, _PAGE)
    if Name.Annots not in page:
        return
    kept = Array()
    for annotation in _annotations(page):
        if _shows(annotation):
            fields = _inherited_field(annotation) if with_fields else {}
            _keep(annotation, _ANNOTATION)
            for key, value in fields.items():
                annotation[key] = value
            kept.append(annotation)
    if len(kept):
        page.Annots = kept
    else:
        del page.Annots


def _form_without_fields(pdf: Pdf) -> Object | None:
    """Return what a viewer needs to draw the form's values itself, if the form asks for that."""
    form = pdf.Root.get(Name.AcroForm)
    if not isinstance(form, Dictionary) or not form.get(Name.NeedAppearances, False):
        return None
    kept = Dictionary(NeedAppearances=True, Fields=Array())
    for key in ("/DA", "/DR", "/Q"):
        if key in form:
            kept[key] = form[key]
    return kept


def _annotations(page: Object) -> Iterator[Object]:
    annotations = page.Annots
    if isinstance(annotations, Array):
        for annotation in annotations:
            if isinstance(annotation, Dictionary):
                yield annotation


def _shows(annotation: Object) -> bool:
    subtype = annotation.get("/Subtype")
    if subtype == _POPUP:
        return False
    if subtype != _LINK or "/AP" in annotation:
        return True
    # A link's border is one point wide unless something says otherwise.
    style = annotation.get("/BS")
    if isinstance(style, Dictionary):
        return bool(style.get("/W", 1) != 0)
    border = annotation.get("/Border")
    if isinstance(border, Array) and len(border) >= 3:
        return bool(border[2] != 0)
    return True


def _inherited_field(widget: Object) -> dict[str, Object]:
    found: dict[str, Object] = {}
    names: list[str] = []
    if widget.get("/Subtype") != _WIDGET:
        return found
    field: Object | None = widget
    for _ in range(_FIELD_DEPTH):
        if not isinstance(field, Dictionary):
            break
        for key in _FIELD:
            if key in field and key not in found:
                found[key] = field[key]
        name = field.get("/T")
        if isinstance(name, String):
            names.append(str(name))
        field = field.get("/Parent")
    # Its full name, without which viewers take it for no field and draw nothing.
    found["/T"] = String(".".join(reversed(names)))
    return found


def _keep(dictionary: Object, keys: frozenset[str]) -> None:
    for key in set(dictionary.keys()) - keys:
        del dictionary[key]
