"""People, organisations and places by spaCy's models; dates, amounts and the rest by the rules.

spaCy's models know no values, and the French and German ones neither dates nor amounts: these are
the rules' in every language. A language without a model is read by the rules alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from common.entity_amounts import amounts
from common.entity_dates import dates
from common.entity_rules import find_mentions, together
from common.errors import MisconfiguredError
from common.stage_rows import EntityKind
from common.stages import Mention
from infra.entities.rules import NAME as RULES

#: The labels of OntoNotes (English), and of WikiNER (the other languages).
_KINDS: Final = {
    "PERSON": EntityKind.PERSON,
    "PER": EntityKind.PERSON,
    "ORG": EntityKind.ORGANISATION,
    "GPE": EntityKind.PLACE,
    "LOC": EntityKind.PLACE,
    "FAC": EntityKind.PLACE,
}
#: What finds no names, and costs most of the time. The embedding layer `tok2vec` must stay.
_UNUSED: Final = ("tagger", "morphologizer", "parser", "senter", "attribute_ruler", "lemmatizer")
#: The models say no probabilities.
_CONFIDENCE: Final = 0.8
_ARTICLE: Final = re.compile(r"(?:[Tt]he |[Ll](?:e |a |es |['’]))")


class SpacyEntityFinder:
    """An EntityFinder. Models are loaded when their language is first met, and kept."""

    def __init__(self, models: Mapping[str, str]) -> None:
        self.name = name_of(models)
        self._models = dict(models)
        self._loaded: dict[str, Any] = {}

    def find(self, texts: Sequence[str], language: str) -> list[list[Mention]]:
        """Return each text's mentions, in order, none within another.

        Raises MisconfiguredError, which tells operators what to install, where spaCy or the
        language's model is missing.
        """
        model = self._models.get(language.split("-", maxsplit=1)[0].lower())
        if model is None:
            return [find_mentions(text, language) for text in texts]
        if model not in self._loaded:
            self._loaded[model] = _load(model)
        return [
            _with_values(text, language, document)
            for text, document in zip(texts, self._loaded[model].pipe(texts), strict=True)
        ]


def name_of(models: Mapping[str, str]) -> str:
    """Return the engine's name with its models, without looking for them.

    Whoever plans a job's stages writes it down, and need not have what the workers have: so the
    models' installed versions are no part of it.
    """
    named = ",".join(f"{language}={model}" for language, model in sorted(models.items()))
    return f"spacy-1({named})+{RULES}"


def _load(model: str) -> Any:
    try:
        import spacy
    except ImportError as error:
        raise MisconfiguredError(
            "ENTITIES__ENGINE=spacy needs spaCy, which is not installed: install quire[entities], "
            "or set ENTITIES__ENGINE=rules."
        ) from error
    try:
        return spacy.load(model, exclude=_UNUSED)
    except OSError as error:
        raise MisconfiguredError(
            f"The spaCy model {model} is not installed: install it beside spaCy, take it out of "
            "ENTITIES__MODELS, or set ENTITIES__ENGINE=rules."
        ) from error


def _with_values(text: str, language: str, document: Any) -> list[Mention]:
    found = dates(text, language)
    found = together(found, amounts(text, language))
    return together(found, _names(text, document))


def _names(text: str, document: Any) -> list[Mention]:
    named: list[Mention] = []
    for entity in document.ents:
        kind = _KINDS.get(entity.label_)
        if kind is None:
            continue
        start, end = entity.start_char, entity.end_char
        if (article := _ARTICLE.match(text, start)) is not None:
            start = article.end()
        while start < end and not text[end - 1].isalnum() and text[end - 1] not in ".)":
            end -= 1
        if start < end:
            named.append(Mention(kind, start, end, None, _CONFIDENCE))
    return named
