"""What may follow OCR, in this order. A stage is one function, one line here, and its test.

Each is a task of its own (`functions.pipeline.run_stage`), goes from checkpoint to checkpoint, and
is made again, with all that builds on it, where its version or its engine's name is another.
"""

from __future__ import annotations

from typing import Final

from common.lifecycle import Stage
from common.stages import StageOf
from functions.pipeline.stages.embedding import embedding
from functions.pipeline.stages.entities import entities
from functions.pipeline.stages.passages import passages
from functions.pipeline.stages.sentences import sentences
from functions.pipeline.stages.text import text
from functions.pipeline.stages.tree import tree
from functions.pipeline.stages.vectors import vectors

STAGES: Final = (
    StageOf(Stage.TEXT, text, 1),
    StageOf(Stage.SENTENCES, sentences, 1, (Stage.TEXT,), "segmenter"),
    StageOf(Stage.PASSAGES, passages, 1, (Stage.SENTENCES,)),
    StageOf(Stage.ENTITIES, entities, 1, (Stage.PASSAGES,), "entities"),
    StageOf(Stage.EMBEDDING, embedding, 1, (Stage.PASSAGES,), "embedder"),
    StageOf(Stage.TREE, tree, 1, (Stage.PASSAGES, Stage.EMBEDDING)),
    StageOf(Stage.VECTORS, vectors, 1, (Stage.EMBEDDING,)),
)
BY_NAME: Final = {of.stage: of for of in STAGES}


def needs(stage: Stage) -> tuple[Stage, ...]:
    """Return what a stage builds on, directly."""
    return BY_NAME[stage].needs


def dependents(stage: Stage) -> tuple[Stage, ...]:
    """Return what builds on a stage, directly or not, in order."""
    found = {stage}
    for of in STAGES:
        if found.intersection(of.needs):
            found.add(of.stage)
    return tuple(of.stage for of in STAGES if of.stage in found and of.stage is not stage)
