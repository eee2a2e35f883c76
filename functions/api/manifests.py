"""Reads a manifest in any of its three forms into the batch and the lines that make sense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from common.batch_creation import Entry
from common.errors import InvalidRequest
from common.locations import Location, parse_location
from common.manifests import (
    LineError,
    Row,
    Rows,
    json_lines,
    listed_rows,
    table_rows,
)
from common.models import JobOptions, Priority
from common.webhook_urls import MAX_URL_LENGTH
from functions.api.asked import (
    FIELDS,
    Matter,
    ReadingOptions,
    check_webhook,
    checked_reading,
)
from functions.api.bodies import fitted
from infra.settings import Settings

PriorityName = Literal["high", "normal", "low"]


class ManifestEntry(msgspec.Struct, forbid_unknown_fields=True):
    """One document of a batch, or all that a `uri` with wildcards means."""

    document_id: Annotated[
        UUID | None, Meta(description="A document that was uploaded before.")
    ] = None
    uri: Annotated[
        Annotated[str, Meta(min_length=1, max_length=2000)] | None,
        Meta(
            description="An object, `gs://bucket/path/file.pdf`; or many by `*` and `?` within a "
            "folder, `**` across them, and a `/` at the end for all below.",
            examples=["gs://quire-uploads/batches/alice/2026/**/*.pdf"],
        ),
    ] = None
    options: Annotated[
        ReadingOptions | None,
        Meta(description="In place of the batch's, each by itself."),
    ] = None
    priority: Annotated[PriorityName | None, Meta(description="In place of the batch's.")] = None


class NewBatch(msgspec.Struct, forbid_unknown_fields=True):
    """A batch, as JSON."""

    documents: Annotated[
        tuple[ManifestEntry, ...],
        Meta(description="What is to be read, in this order.", extra_json_schema={"minItems": 1}),
    ]
    name: Annotated[
        str,
        Meta(
            max_length=255,
            pattern=r"^[^\x00-\x1f\x7f]*\Z",
            description="For people.",
            examples=["Archive 2026, boxes 1-40"],
        ),
    ] = ""
    matter: Matter | None = None
    priority: Annotated[
        PriorityName | None,
        Meta(description="Whose chunks are read first: `normal`, or for a warm batch `low`."),
    ] = None
    options: Annotated[
        ReadingOptions | None, Meta(description="For all documents that don't say otherwise.")
    ] = None
    webhook_url: (
        Annotated[
            str,
            Meta(
                max_length=MAX_URL_LENGTH,
                description="An https address that is told when the batch ends.",
                examples=["https://example.com/hooks/quire"],
                extra_json_schema={"format": "uri"},
            ),
        ]
        | None
    ) = None
    paused: Annotated[bool, Meta(description="Begin nothing until it is resumed.")] = False
    purpose: Annotated[
        Literal["ocr", "warm"],
        Meta(description="`warm` reads into the cache alone, and delivers nothing."),
    ] = "ocr"


#: What each field must be, in the caller's words.
_FIELDS: Final[Mapping[str, str]] = {
    **FIELDS,
    "document_id": "the id of a document, a UUID",
    "uri": "an address like gs://bucket/path/file.pdf",
    "documents": "a list of JSON objects, each with a `uri` or a `document_id`",
    "name": "a text of up to 255 characters, without control characters",
    "options": "a JSON object with the fields "
    + ", ".join(f"`{name}`" for name in ReadingOptions.__struct_fields__)
    + " and no others",
    "paused": "true or false",
    "purpose": "`ocr` or `warm`",
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What came in: the batch, and its lines."""

    batch: NewBatch
    #: The batch's own, or what its purpose makes of none.
    priority: Priority
    options: JobOptions
    entries: list[Entry]
    errors: list[LineError] = field(default_factory=list)


def read_manifest(
    kind: str, content: bytes, stated: Mapping[str, Any], settings: Settings
) -> Manifest:
    """Read a manifest that came as `kind`, its content type.

    `stated` are the fields of the batch that the query has; a JSON body's own go before them.
    Raises InvalidRequest for what is wrong with the batch as a whole: 400, 415 or 422.
    """
    rows, fields = _taken_apart(kind, content, most=settings.batches.max_documents)
    batch = fitted({**stated, **fields, "documents": []}, NewBatch, _FIELDS)
    check_webhook(batch.webhook_url, settings)
    default = Priority.LOW if batch.purpose == "warm" else Priority.NORMAL
    priority = Priority(batch.priority) if batch.priority else default
    reading = _Reading(fields.get("options") or {}, batch.purpose == "warm", priority, settings)
    manifest = Manifest(batch, priority, reading.common, [])
    for row in rows.rows:
        try:
            manifest.entries.append(reading.entry(row))
        except InvalidRequest as error:
            manifest.errors.append(LineError(row.line, error.code, error.message))
    manifest.errors.extend(rows.errors)
    return manifest


def _taken_apart(kind: str, content: bytes, *, most: int) -> tuple[Rows, dict[str, Any]]:
    match kind:
        case "application/json":
            return _from_json(content, most=most)
        case "application/x-ndjson" | "application/jsonl" | "application/x-jsonlines":
            return json_lines(content, most=most), {}
        case "text/csv":
            return table_rows(content, most=most), {}
        case _:
            raise InvalidRequest(
                "Send the manifest as application/json, application/x-ndjson or text/csv.",
                code="UNSUPPORTED_MEDIA_TYPE",
                status=415,
            )


def _from_json(content: bytes, *, most: int) -> tuple[Rows, dict[str, Any]]:
    try:
        fields = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidRequest("The body is not JSON in UTF-8.") from error
    if not isinstance(fields, dict) or "documents" not in fields:
        # Says which fields there are.
        fitted(fields, NewBatch, _FIELDS)
    documents = fields.pop("documents")
    if not isinstance(documents, list):
        raise InvalidRequest(f"`documents` must be {_FIELDS['documents']}.", status=422)
    return listed_rows(documents, most=most), fields


@dataclass(frozen=True)
class _Reading:
    """How the lines of one manifest are read."""

    #: As the batch's JSON has them.
    defaults: Mapping[str, Any]
    is_warm: bool
    priority: Priority
    settings: Settings

    @cached_property
    def common(self) -> JobOptions:
        """What is stored with the jobs of lines that have no options of their own."""
        return self.options({})

    def entry(self, row: Row) -> Entry:
        """Return what the line says. InvalidRequest where that makes no sense."""
        fields = dict(row.fields)
        given = fields.pop("options", None)
        if given is not None and not isinstance(given, dict):
            raise InvalidRequest(f"`options` must be {_FIELDS['options']}.", status=422)
        asked = fitted(fields, ManifestEntry, _FIELDS, subject="A document")
        if (asked.uri is None) == (asked.document_id is None):
            raise InvalidRequest(
                "A document has either a `uri` or a `document_id`.",
                code="NO_SOURCE" if asked.uri is None else "TWO_SOURCES",
                status=422,
            )
        source: UUID | Location | None = asked.document_id
        if asked.uri is not None:
            source = parse_location(asked.uri)
        assert source is not None
        return Entry(
            row.line,
            source,
            self.common if given is None else self.options(given),
            Priority(asked.priority) if asked.priority else self.priority,
        )

    def options(self, given: Mapping[str, Any]) -> JobOptions:
        """Return what is stored with a job: what was given, and the batch's for the rest."""
        asked = fitted({**self.defaults, **given}, ReadingOptions, _FIELDS, part="options")
        checked = checked_reading(asked, self.settings)
        return msgspec.structs.replace(checked, warm=True) if self.is_warm else checked
