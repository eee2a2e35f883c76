"""Credits, as they are answered."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from functions.api.schemas.base import Answer, Count, Id, Moment, described
from functions.api.schemas.examples import JOB_ID

_OWNER: Final = "0c8f1f7e-6f3f-4a0f-9f5e-0d5b0f3f6d11"
_ENTRY: Final[dict[str, Any]] = {
    "id": 8,
    "kind": "reserved",
    "available_change": -425,
    "reserved_change": 425,
    "job_id": JOB_ID,
    "note": None,
    "at": "2026-11-22T09:29:49.031000+00:00",
}
_CREDITS: Final[dict[str, Any]] = {
    "enabled": True,
    "available": 575,
    "reserved": 425,
    "entries": [_ENTRY],
    "next_cursor": "8",
}


class CreditEntry(Answer):
    """One line of the ledger, which is only ever added to."""

    model_config = described(_ENTRY)

    id: Annotated[int, Field(ge=1, description="A later line has a higher one.")]
    kind: Literal["granted", "reserved", "settled", "refunded"]
    available_change: Annotated[int, Field(description="Pages.")]
    reserved_change: Annotated[int, Field(description="Pages.")]
    job_id: Annotated[Id | None, Field(description="What for; null for a grant.")]
    note: Annotated[str | None, Field(description="Why it was granted.")]
    at: Moment


class Credits(Answer):
    """What an owner may still have read. A credit is one page."""

    model_config = described(_CREDITS)

    enabled: Annotated[bool, Field(description="Where false, everybody may read without limit.")]
    available: Annotated[
        Count | None,
        Field(description="Pages that a new job may have. Null for who is limited to matters."),
    ]
    reserved: Annotated[
        Count | None,
        Field(
            description="Pages set aside for jobs that have not ended. Null for who is limited "
            "to matters."
        ),
    ]
    entries: Annotated[list[CreditEntry], Field(description="The newest first.")]
    next_cursor: Annotated[
        str | None, Field(description="Send it as `cursor` for the next page; null on the last.")
    ]


class OwnersCredits(Credits):
    """What one owner has."""

    model_config = described({"owner": _OWNER, **_CREDITS})

    owner: str


class Granted(Answer):
    """An account after a grant."""

    model_config = described(
        {"owner": _OWNER, "pages": 1000, "available": 1575, "reserved": 425, "replayed": False}
    )

    owner: str
    pages: Annotated[int, Field(ge=1, description="What was granted.")]
    available: Annotated[Count, Field(description="Pages that a new job may have now.")]
    reserved: Count
    replayed: Annotated[
        bool, Field(description="True where the same grant was made before by this key.")
    ]


#: The body of a grant, which its route reads itself.
GRANT: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "title": "Grant",
                "type": "object",
                "required": ["owner", "pages"],
                "additionalProperties": False,
                "properties": {
                    "owner": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 255,
                        "pattern": r"^[^\x00-\x1f\x7f]*$",
                    },
                    "pages": {"type": "integer", "minimum": 1, "maximum": 1_000_000_000},
                    "note": {
                        "type": ["string", "null"],
                        "maxLength": 500,
                        "pattern": r"^[^\x00]*$",
                        "description": "Why; the owner can read it.",
                    },
                },
            },
            "example": {"owner": _OWNER, "pages": 1000, "note": "Invoice 2026-118"},
        }
    },
}
