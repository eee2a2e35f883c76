"""Which engine the settings name: its name for stage versions, and itself for those who embed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.embedding import wordllama

if TYPE_CHECKING:
    from common.stages import Embedder
    from infra.sections.embedding import EmbeddingSettings


def name_of(settings: EmbeddingSettings) -> str:
    """Return the engine's name with its version or model, without loading it."""
    if settings.engine == "wordllama":
        return wordllama.name()
    raise NotImplementedError(settings.engine)


def embedder(settings: EmbeddingSettings) -> Embedder:
    """Load the engine: a second at most, and up to 50 MB."""
    if settings.engine == "wordllama":
        return wordllama.WordLlamaEmbedder()
    raise NotImplementedError(settings.engine)
