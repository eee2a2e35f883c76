"""What this process has of engines for the stages after OCR, and for search.

Each is named without being made: its name is part of the versions of what it makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.lazily import built_once
from functions.wiring.services import Services

if TYPE_CHECKING:
    from common.stages import Embedder, EntityFinder, Normalizer, Segmenter


class Engines(Services):
    """One process's engines."""

    def engine_name(self, engine: str) -> str:
        """Return what the engine of this kind is called: an attribute of StageInputs."""
        if engine == "embedder":
            from infra.embedding.engines import name_of

            return name_of(self.settings.embedding)
        if engine == "segmenter":
            from infra.language import segmenter

            return segmenter.name_of()
        from infra.entities import name_of as finder

        return finder(self.settings.entities)

    @built_once
    def segmenter(self) -> Segmenter:
        """Cuts sentences."""
        from infra.language.segmenter import SentencexSegmenter

        return SentencexSegmenter()

    @built_once
    def entity_finder(self) -> EntityFinder:
        """Finds names, dates and amounts."""
        from infra.entities import finder_of

        return finder_of(self.settings.entities)

    @built_once
    def embedder(self) -> Embedder:
        """Says what texts are about."""
        from infra.embedding.wordllama import WordLlamaEmbedder

        return WordLlamaEmbedder()

    @property
    def normalizes(self) -> bool:
        """Whether a model puts sentences right."""
        return False

    @built_once
    def normalizer(self) -> Normalizer:
        """Puts sentences right."""
        raise NotImplementedError
