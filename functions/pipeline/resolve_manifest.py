"""Find out what a manifest's lines name: all of it, before anything is begun."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from common.access import Caller
from common.batch_creation import (
    BatchDocuments,
    BucketObjects,
    Entry,
    FoundObject,
    KnownDocument,
    Standing,
    Wanted,
)
from common.errors import InvalidRequest
from common.locations import Location, Territory
from common.manifests import LineError
from common.models import DocumentId, ObjectRef


@dataclass(frozen=True, slots=True)
class ManifestLimits:
    """What one manifest may ask for."""

    #: Documents, once wildcards are resolved.
    documents: int
    #: Of one document, in bytes.
    document_bytes: int
    #: Lines with wildcards: each is a listing.
    patterns: int = 100


@dataclass(slots=True)
class ManifestResolver:
    """One manifest's lines, on their way to what will be read.

    `resolved` gives what is to be read, in the manifest's order; `errors` then has every line
    that can't be.
    """

    caller: Caller
    matter: str | None
    territory: Territory
    limits: ManifestLimits
    documents: BatchDocuments
    objects: BucketObjects
    errors: list[LineError] = field(default_factory=list)

    def resolved(self, entries: Sequence[Entry]) -> list[Wanted]:
        """Look everything up, in few requests however many lines there are."""
        allowed = [entry for entry in entries if self._is_allowed(entry)]
        known = self._known(allowed)
        found = self._found(allowed, known)
        wanted: list[Wanted] = []
        patterns = 0
        for entry in allowed:
            match entry.source:
                case Location() as location if location.is_pattern:
                    patterns += 1
                    wanted += self._matching(entry, location, patterns, len(wanted))
                case Location(bucket, name):
                    wanted += self._object(entry, found.get((bucket, name)))
                case document_id:
                    wanted += self._document(entry, known.get(document_id), found)
            if len(wanted) > self.limits.documents:
                self._refuse(
                    entry.line,
                    "TOO_MANY_DOCUMENTS",
                    f"A batch may have {self.limits.documents:,} documents. Split the manifest.",
                )
                break
        return self._without_twins(self._own(wanted))

    def _is_allowed(self, entry: Entry) -> bool:
        if isinstance(entry.source, Location):
            try:
                self.territory.check(entry.source)
            except InvalidRequest as error:
                self._refuse(entry.line, error.code, error.message)
                return False
        return True

    def _known(self, entries: Iterable[Entry]) -> Mapping[UUID, KnownDocument]:
        ids = {entry.source for entry in entries if isinstance(entry.source, UUID)}
        return self.documents.documents(sorted(ids), self.caller)

    def _found(
        self, entries: Iterable[Entry], known: Mapping[UUID, KnownDocument]
    ) -> dict[tuple[str, str], FoundObject]:
        """Look for objects that are named, and uploads of which nobody has told yet."""
        names: dict[str, set[str]] = defaultdict(set)
        for entry in entries:
            if isinstance(entry.source, Location) and not entry.source.is_pattern:
                names[entry.source.bucket].add(entry.source.name)
        for document in known.values():
            if document.source.generation is None or document.size is None:
                names[document.source.bucket].add(document.source.name)
        return {
            (bucket, name): found
            for bucket, wanted in names.items()
            for name, found in self.objects.find_all(bucket, wanted).items()
        }

    def _matching(
        self, entry: Entry, location: Location, patterns: int, so_far: int
    ) -> list[Wanted]:
        if patterns > self.limits.patterns:
            self._refuse(
                entry.line,
                "TOO_MANY_PATTERNS",
                f"A manifest may have {self.limits.patterns} lines with wildcards.",
            )
            return []
        found = self.objects.matching(
            location,
            most=self.limits.documents - so_far + 1,
            left_out=self.territory.left_out(location),
        )
        if not found:
            self._refuse(entry.line, "NOTHING_MATCHES", f"No PDF matches `{location}`.")
        return [each for one in found for each in self._object(entry, one)]

    def _object(self, entry: Entry, found: FoundObject | None) -> list[Wanted]:
        if found is None:
            self._refuse(entry.line, "OBJECT_NOT_FOUND", f"There is no object `{entry.source}`.")
        elif not found.is_pdf:
            self._refuse(
                entry.line,
                "NOT_A_PDF",
                f"`{entry.source}` is no PDF by its content type, nor by its name.",
            )
        elif self._fits(entry, found.size):
            return [Wanted(entry.line, found.ref, found.size, entry.options, entry.priority)]
        return []

    def _document(
        self,
        entry: Entry,
        document: KnownDocument | None,
        found: Mapping[tuple[str, str], FoundObject],
    ) -> list[Wanted]:
        if document is None:
            self._refuse(
                entry.line, "DOCUMENT_NOT_FOUND", f"There is no document `{entry.source}`."
            )
            return []
        if not document.is_of(self.matter):
            self._refuse_matter(entry.line)
            return []
        source, size = document.source, document.size
        if source.generation is None or size is None:
            landed = found.get((source.bucket, source.name))
            if landed is None or source.generation not in {None, landed.ref.generation}:
                self._refuse(
                    entry.line,
                    "UPLOAD_MISSING",
                    f"The document `{entry.source}` has not been uploaded.",
                )
                return []
            source, size = landed.ref, landed.size
        if not self._fits(entry, size):
            return []
        return [
            Wanted(entry.line, source, size, entry.options, entry.priority, DocumentId(document.id))
        ]

    def _fits(self, entry: Entry, size: int) -> bool:
        limit = self.limits.document_bytes
        if size > limit:
            self._refuse(
                entry.line,
                "DOCUMENT_TOO_LARGE",
                f"A document may have {limit:,} bytes, and this has {size:,}. Split it.",
            )
        return size <= limit

    def _own(self, wanted: Sequence[Wanted]) -> list[Wanted]:
        """Leave out objects that are documents of somebody else, or of another matter."""
        refs = {each.source for each in wanted if each.document_id is None}
        standings = self.documents.at(list(refs), self.caller)
        return [each for each in wanted if self._is_own(each, standings.get(each.source))]

    def _is_own(self, wanted: Wanted, standing: Standing | None) -> bool:
        if standing is None:
            return True
        name = f"gs://{wanted.source.bucket}/{wanted.source.name}"
        if not standing.is_own:
            self._refuse(wanted.line, "OBJECT_NOT_FOUND", f"There is no object `{name}`.")
        elif self.matter is not None and standing.matter != self.matter:
            self._refuse_matter(wanted.line)
        else:
            return True
        return False

    def _without_twins(self, wanted: Sequence[Wanted]) -> list[Wanted]:
        """Name the lines that ask for the same once more."""
        first: dict[tuple[ObjectRef, object], int] = {}
        named: set[tuple[int, int]] = set()
        kept: list[Wanted] = []
        for each in wanted:
            key = (each.source, each.options)
            before = first.setdefault(key, each.line)
            if before == each.line:
                kept.append(each)
            elif (before, each.line) not in named:
                named.add((before, each.line))
                self._refuse(
                    each.line,
                    "DUPLICATE",
                    f"`{each.source.name}` is named with the same options by line {before}, too.",
                )
        return kept

    def _refuse_matter(self, line: int) -> None:
        self._refuse(
            line,
            "OTHER_MATTER",
            f"The document is not of the batch's matter `{self.matter}`.",
        )

    def _refuse(self, line: int, code: str, message: str) -> None:
        self.errors.append(LineError(line, code, message))
