"""Leaves in a page's resources only what its content names, where pages share one dictionary.

A name is taken as used wherever its spelling occurs in the content, even inside a string: that
needs no parser, is fast and bounded, and errs only on the side of keeping.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pikepdf import Array, Dictionary, Name, Object, PdfError, Stream

_NAME = re.compile(rb"/([^\x00\t\n\f\r ()<>\[\]{}/%]*)")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")

#: Decoded content of one page that is looked through; more leaves its resources as they are.
_MAX_CONTENT_BYTES = 16 << 20
_MAX_STREAMS = 5_000


class _Unprunable(Exception):
    """What the page uses can't be told, or not at a fair price."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """Content streams and the object whose resources their names mean."""

    owner: Object
    streams: list[Object]


def prune(page: Object) -> bool:
    """Cut the page's resources down, and those of the forms it draws; return whether it could.

    Safe to repeat. A page whose content can't be decoded or is too long keeps everything.
    """
    try:
        _Pruning(page).run()
    except (_Unprunable, PdfError):
        return False
    return True


class _Pruning:
    """One page's pruning, with its bounds. Nothing changes until all of it is known."""

    def __init__(self, page: Object) -> None:
        self._page = page
        self._bytes_left = _MAX_CONTENT_BYTES
        self._streams_left = _MAX_STREAMS
        self._waiting = [_Scope(page, list(_contents(page)))]
        self._met: set[tuple[int, int]] = set()
        #: Names used by what has no resources of its own inside a form. Where such a form gets
        #: them from is read differently: the form around it, or the page.
        self._unclear: set[str] = set()

    def run(self) -> None:
        changes: list[tuple[Object, Dictionary]] = []
        while self._waiting:
            scope = self._waiting.pop()
            resources = scope.owner.get(Name.Resources)
            if isinstance(resources, Dictionary):
                changes.append((scope.owner, _only(resources, self._used(resources, scope))))
        for owner, kept in changes:
            if owner is self._page and _loses(owner.Resources, kept, self._unclear):
                raise _Unprunable
        for owner, kept in changes:
            owner.Resources = kept

    def _used(self, resources: Object, scope: _Scope) -> set[str]:
        """Return every name that may be used; forms with other resources wait for their turn."""
        used: set[str] = set()
        looked_at: set[str] = set()
        streams = scope.streams
        drawn = list(_appearances(scope.owner))
        while streams or drawn:
            for stream in streams:
                used |= self._names(stream)
            drawn += _drawn(resources, used, looked_at)
            streams = []
            for inner in drawn:
                if Name.Resources not in inner:
                    streams += _programs(inner)
                elif inner.objgen == (0, 0) or inner.objgen not in self._met:
                    self._met.add(inner.objgen)
                    self._waiting.append(_Scope(inner, list(_programs(inner))))
            if scope.owner is not self._page:
                for stream in streams:
                    self._unclear |= self._names(stream)
            drawn = []
        return used

    def _names(self, stream: Object) -> set[str]:
        self._streams_left -= 1
        content = stream.read_bytes()
        self._bytes_left -= len(content)
        if self._streams_left < 0 or self._bytes_left < 0:
            raise _Unprunable
        return {_spelled(match[1]) for match in _NAME.finditer(content)}


def _only(resources: Object, used: set[str]) -> Dictionary:
    kept = Dictionary()
    for category, entries in resources.items():
        kept[category] = entries
        if isinstance(entries, Dictionary):
            few = Dictionary()
            for name in used:
                # Not by a dict comprehension: Dictionary takes only names in UTF-8 from it.
                if name in entries:
                    few[name] = entries[name]
            kept[category] = few
    return kept


def _loses(before: Object, after: Dictionary, names: set[str]) -> bool:
    return any(
        name in entries and name not in after[category]
        for category, entries in before.items()
        if isinstance(entries, Dictionary)
        for name in names
    )


def _spelled(raw: bytes) -> str:
    """Return the name as the dictionary's keys spell it."""
    plain = _ESCAPED.sub(lambda match: bytes.fromhex(match[1].decode()), raw)
    return "/" + plain.decode("utf-8", "surrogateescape")


def _contents(page: Object) -> Iterator[Object]:
    contents = page.get(Name.Contents)
    if isinstance(contents, Stream):
        yield contents
    elif isinstance(contents, Array):
        for part in contents:
            if isinstance(part, Stream):
                yield part


def _appearances(page: Object) -> Iterator[Object]:
    annotations = page.get(Name.Annots)
    if not isinstance(annotations, Array):
        return
    for annotation in annotations:
        looks = annotation.get(Name.AP) if isinstance(annotation, Dictionary) else None
        if not isinstance(looks, Dictionary):
            continue
        for look in looks.as_dict().values():
            if isinstance(look, Stream):
                yield look
            elif isinstance(look, Dictionary):
                yield from (state for state in look.as_dict().values() if isinstance(state, Stream))


def _drawn(resources: Object, used: set[str], looked_at: set[str]) -> Iterator[Object]:
    """Yield used forms, patterns, Type 3 fonts and soft masks that were not looked at yet."""
    for category in ("/XObject", "/Pattern", "/Font", "/ExtGState"):
        entries = resources.get(category)
        if not isinstance(entries, Dictionary):
            continue
        for name in used:
            if category + name in looked_at or name not in entries:
                continue
            looked_at.add(category + name)
            content = _content_of(entries[name], category)
            if content is not None:
                yield content


def _content_of(entry: Object, category: str) -> Object | None:
    """Return what in the resource has content streams, if anything."""
    if category == "/ExtGState":
        mask = entry.get(Name.SMask) if isinstance(entry, Dictionary) else None
        group = mask.get(Name.G) if isinstance(mask, Dictionary) else None
        return group if isinstance(group, Stream) else None
    if category == "/Font":
        is_type3 = isinstance(entry, Dictionary) and entry.get(Name.Subtype) == Name.Type3
        return entry if is_type3 else None
    if not isinstance(entry, Stream):
        return None
    is_image = category == "/XObject" and entry.get(Name.Subtype) != Name.Form
    return None if is_image else entry


def _programs(drawn: Object) -> Iterator[Object]:
    """Yield the content streams that draw it."""
    if isinstance(drawn, Stream):
        yield drawn
        return
    glyphs = drawn.get(Name.CharProcs)
    if isinstance(glyphs, Dictionary):
        yield from (glyph for glyph in glyphs.as_dict().values() if isinstance(glyph, Stream))
