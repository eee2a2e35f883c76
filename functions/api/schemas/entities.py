"""What documents name, as it is answered."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from common.named import PAGES_LISTED
from common.stage_rows import EntityKind
from functions.api.schemas.base import Answer, Count, PageNumber, described


class NamedEntity(Answer):
    """Something that is named, with all its mentions."""

    kind: EntityKind
    text: Annotated[str, Field(description="As it is written most often.")]
    value: Annotated[
        str | None,
        Field(
            description="A date in ISO 8601 as far as it says (`2024`, `2024-03`, `--03-05` without"
            " a year, `197X` for a decade, `2021/2027` for a range); an amount as number and unit,"
            " `1234.50 EUR`; null of names."
        ),
    ]
    count: Annotated[Count, Field(description="Mentions.")]
    pages: Annotated[
        list[PageNumber],
        Field(description=f"Where it is named: the first {PAGES_LISTED} pages, in order."),
    ]
    page_count: Annotated[Count, Field(description="Pages on which it is named.")]
    confidence: Annotated[float, Field(description="From 0 to 1, of the most sure mention.")]


class EntityPage(Answer):
    """One page of what a document names."""

    model_config = described(
        {
            "entities": [
                {
                    "kind": "organisation",
                    "text": "Northgate Bank plc",
                    "value": None,
                    "count": 14,
                    "pages": [1, 2, 9],
                    "page_count": 3,
                    "confidence": 0.95,
                },
                {
                    "kind": "amount",
                    "text": "£1,250,000",
                    "value": "1250000 GBP",
                    "count": 2,
                    "pages": [2],
                    "page_count": 1,
                    "confidence": 0.95,
                },
            ],
            "total": 58,
            "next_cursor": "1",
        }
    )

    entities: Annotated[list[NamedEntity], Field(description="The most frequent first.")]
    total: Annotated[Count, Field(description="How many there are, on all pages of the list.")]
    next_cursor: Annotated[
        str | None, Field(description="Send it as `cursor` for the next page; null on the last.")
    ]
