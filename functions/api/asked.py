"""What a caller may ask for with a document: the shape of the options, and what makes sense."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from common.access import Caller
from common.errors import InvalidRequest
from common.lifecycle import AFTER_OCR, Stage
from common.models import JobOptions
from common.pages import parse_page_selection
from common.webhook_urls import MAX_URL_LENGTH, check_url
from infra.settings import Settings

#: Cloud Storage's own limit for one object.
MAX_UPLOAD_BYTES: Final = 5 * 1024**4
#: Documents that one request announces. Each costs the storage a request.
MAX_UPLOADS: Final = 1000

#: A BCP-47 code: en, fr-CA, zh-Hant.
Language = Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", max_length=35)]

Sha256 = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-fA-F]{64}\Z",
        description="Of the content, in hexadecimal. A file that arrives otherwise is refused.",
    ),
]
Matter = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=r"^[^\x00-\x1f\x7f]*\Z",
        description="The matter that it belongs to. A caller who is limited to matters names one "
        "of theirs; where there is but one, it is that one.",
        examples=["2026-118"],
    ),
]


StageName = Literal[
    "ocr",
    "all",
    "text",
    "sentences",
    "passages",
    "entities",
    "embedding",
    "tree",
    "vectors",
]


def stages_named(names: Sequence[StageName]) -> tuple[Stage, ...]:
    """Return the stages after OCR that are asked for by these names, in order."""
    if "all" in names:
        return AFTER_OCR
    return tuple(stage for stage in AFTER_OCR if stage.value in names)


class ReadingOptions(msgspec.Struct, forbid_unknown_fields=True):
    """What to read of a document, and how. Everything may be left out."""

    pages: Annotated[
        str,
        Meta(
            max_length=2000,
            description="Which pages to read, like `1-20,25,40-`; all of them where empty.",
            examples=["1-"],
            extra_json_schema={"format": "page-ranges"},
        ),
    ] = ""
    chunk_pages: Annotated[
        int | None,
        Meta(description="Pages that are read in one go; at most what one OCR call takes."),
    ] = None
    languages: Annotated[
        tuple[Language, ...],
        Meta(max_length=10, description="Hints, the most likely first.", examples=[["en", "de"]]),
    ] = ()
    outputs: Annotated[
        tuple[Literal["json", "text", "boxes"], ...],
        Meta(
            max_length=3,
            description="What is made: the `text` as one file, `boxes` for looking at pages and "
            "searching in them. The JSON result is always made.",
        ),
    ] = ("text", "boxes")
    stages: (
        Annotated[
            tuple[StageName, ...],
            Meta(
                max_length=9,
                description="What is made of it after it has been read, with all that this needs: "
                "`ocr` alone, names of stages, or `all`. The deployment's default where left out.",
                examples=[["ocr"], ["all"], ["sentences", "vectors"]],
            ),
        ]
        | None
    ) = None
    cache: Annotated[
        bool,
        Meta(
            description="Whether what was read of the same pages before may be used, and what is "
            "read be kept for that."
        ),
    ] = True


class DocumentOptions(ReadingOptions, forbid_unknown_fields=True):
    """What to read, how, and whom to tell. Everything may be left out."""

    #: Postgres has no text with NUL in it.
    password: (
        Annotated[
            str,
            Meta(
                pattern=r"^[^\x00]*\Z",
                max_length=1000,
                description="Opens the PDF. Kept until it is open, and no longer.",
            ),
        ]
        | None
    ) = None
    priority: Annotated[
        Literal["high", "normal", "low"], Meta(description="Whose chunks are read first.")
    ] = "normal"
    matter: Matter | None = None
    webhook_url: (
        Annotated[
            str,
            Meta(
                max_length=MAX_URL_LENGTH,
                description="An https address that is told when the job ends.",
                examples=["https://example.com/hooks/quire"],
                extra_json_schema={"format": "uri"},
            ),
        ]
        | None
    ) = None


class NewDocument(msgspec.Struct, forbid_unknown_fields=True):
    """A document that will be uploaded straight to the bucket."""

    filename: Annotated[str, Meta(min_length=1, max_length=1000, examples=["annual-report.pdf"])]
    size: Annotated[
        int, Meta(ge=1, le=MAX_UPLOAD_BYTES, description="In bytes.", examples=[1834221])
    ]
    sha256: Sha256 | None = None
    options: DocumentOptions = msgspec.field(default_factory=DocumentOptions)
    process: Annotated[
        bool,
        Meta(
            description="False where it is only to be stored, for a batch that will name its id. "
            "`options` may then have a `matter` and nothing else."
        ),
    ] = True


class NewUpload(msgspec.Struct, forbid_unknown_fields=True):
    """One of many documents that will be uploaded straight to the bucket."""

    filename: Annotated[str, Meta(min_length=1, max_length=1000, examples=["annual-report.pdf"])]
    size: Annotated[
        int, Meta(ge=1, le=MAX_UPLOAD_BYTES, description="In bytes.", examples=[1834221])
    ]
    sha256: Sha256 | None = None


class NewUploads(msgspec.Struct, forbid_unknown_fields=True):
    """Documents that will be uploaded, for a batch that will name their ids."""

    documents: Annotated[tuple[NewUpload, ...], Meta(min_length=1, max_length=MAX_UPLOADS)]
    matter: Matter | None = None


#: What each field must be, in the caller's words.
FIELDS: Final[Mapping[str, str]] = {
    "filename": "the file's name, a text of 1 to 1,000 characters",
    "size": "the file's size in bytes, a whole number from 1",
    "sha256": "the SHA-256 of the file's content, 64 hexadecimal digits",
    "options": "a JSON object with the fields "
    + ", ".join(f"`{name}`" for name in DocumentOptions.__struct_fields__)
    + " and no others",
    "pages": "a text like 1-20,25 of up to 2,000 characters",
    "chunk_pages": "a whole number of pages",
    "languages": "a list of up to 10 language codes like en or fr-CA",
    "password": "a text of up to 1,000 characters without NUL",
    "priority": "`high`, `normal` or `low`",
    "matter": "a text of 1 to 255 characters, without control characters",
    "webhook_url": f"an address of up to {MAX_URL_LENGTH:,} characters",
    "outputs": "a list of `json`, `text` and `boxes`",
    "stages": "a list of `ocr`, `all` and names of stages",
    "cache": "true or false",
    "process": "true or false",
    "documents": f"a list of 1 to {MAX_UPLOADS:,} JSON objects with `filename` and `size`",
}


def checked_options(options: DocumentOptions, settings: Settings) -> JobOptions:
    """Return what is stored with the job. InvalidRequest (422) for what makes no sense here.

    Which pages the document has is not known yet.
    """
    checked = checked_reading(options, settings)
    check_webhook(options.webhook_url, settings)
    return checked


def checked_reading(options: ReadingOptions, settings: Settings) -> JobOptions:
    """Return what is stored with the job of what is to be read. InvalidRequest (422)."""
    if options.pages:
        parse_page_selection(options.pages)
    limit = settings.document_ai.page_limit
    if options.chunk_pages is not None and not 1 <= options.chunk_pages <= limit:
        raise InvalidRequest(
            f"`chunk_pages` is 1 to {limit}: one call can't read more.",
            code="CHUNK_TOO_LARGE",
            status=422,
        )
    return JobOptions(
        pages=options.pages,
        chunk_pages=options.chunk_pages,
        languages=options.languages,
        outputs=tuple(output for output in ("text", "boxes") if output in options.outputs),
        cache=options.cache,
        stages=None if options.stages is None else stages_named(options.stages),
    )


def check_webhook(url: str | None, settings: Settings) -> None:
    """InvalidRequest (422) for an address that nobody will be told at."""
    if url is not None:
        check_url(url, settings.webhooks.policy)


def matter_for(caller: Caller, matter: str | None, *, field: str = "options.matter") -> str | None:
    """Return what is made for a caller who asks for `matter` in `field`.

    InvalidRequest (403 or 422) where the caller may not have it. A caller who is limited to
    exactly one matter need not name it.
    """
    if caller.matters is None or matter in caller.matters:
        return matter
    if matter is not None:
        raise InvalidRequest(
            "This token or key is not good for that `matter`.", code="FORBIDDEN", status=403
        )
    if len(caller.matters) == 1:
        return caller.matters[0]
    raise InvalidRequest(
        f"Say in `{field}` which of your matters this belongs to.",
        code="MATTER_REQUIRED",
        status=422,
    )
