"""Found passages as they are answered."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from functions.api.schemas.base import Answer, Count, Id, PageNumber, described
from functions.api.schemas.examples import DOCUMENT_ID, JOB_ID

_TEXT: Final = "Notice is given in writing. It takes effect when the other party receives it."

_PASSAGE: Final[dict[str, Any]] = {
    "document_id": DOCUMENT_ID,
    "job_id": JOB_ID,
    "filename": "lease.pdf",
    "passage": 41,
    "page_start": 12,
    "page_end": 12,
    "language": "en",
    "text": _TEXT,
    "snippet": _TEXT,
    "marks": [[0, 6], [20, 27]],
    "boxes": [[12, 0.118, 0.402, 0.873, 0.418]],
    "highlights": [[12, 0.118, 0.402, 0.171, 0.418], [12, 0.302, 0.402, 0.365, 0.418]],
    "score": 0.992,
    "ranks": {"text": 1, "vectors": 2},
}

#: page, x0, y0, x1, y1.
_Box = Annotated[list[float], Field(min_length=5, max_length=5)]
_Mark = Annotated[list[Count], Field(min_length=2, max_length=2)]
_Rank = Annotated[int | None, Field(ge=1, description="From 1; null where it is not in it.")]


class PassageRanks(Answer):
    """Where it stands in each ranking."""

    text: _Rank
    vectors: _Rank


class FoundPassage(Answer):
    """A passage. Offsets are code points, which JavaScript's lengths are not."""

    document_id: Id
    job_id: Annotated[Id, Field(description="Whose result the document has now.")]
    filename: str
    passage: Annotated[Count, Field(description="Its position in the document, from 0.")]
    page_start: PageNumber
    page_end: PageNumber
    language: Annotated[str, Field(description="BCP-47; `und` where nobody knows.")]
    text: str
    snippet: Annotated[str, Field(description="The piece of it with most of the query's words.")]
    marks: Annotated[
        list[_Mark], Field(description="Where words of the query stand in the snippet.")
    ]
    boxes: Annotated[
        list[_Box],
        Field(
            description="Where it stands: page, x0, y0, x1, y1 for each line, in fractions of the "
            "page as it is looked at, from its upper left corner."
        ),
    ]
    highlights: Annotated[
        list[_Box],
        Field(description="Where words of the query stand on its pages, likewise; 100 at most."),
    ]
    score: Annotated[float, Field(ge=0, le=1, description="1 is the first place in every ranking.")]
    ranks: PassageRanks


class SearchNote(Answer):
    """Why it was not searched as it was asked for."""

    code: Literal["EMBEDDER_UNAVAILABLE", "NO_VECTORS", "SOME_WITHOUT_VECTORS"]
    detail: str


class SearchResults(Answer):
    """The best passages, the best first."""

    model_config = described(
        {
            "query": "when does a notice take effect",
            "mode_used": "hybrid",
            "searchable": True,
            "documents": 3,
            "results": [_PASSAGE],
            "notes": [],
        }
    )

    query: str
    mode_used: Literal["hybrid", "text", "vectors"]
    searchable: Annotated[
        bool,
        Field(
            description="Whether any document has passages. They are made by the stages after OCR, "
            "for which a job's `options.stages` asks."
        ),
    ]
    documents: Annotated[Count, Field(description="How many documents were searched.")]
    results: list[FoundPassage]
    notes: list[SearchNote]
