"""What is made of documents after they have been read, and in what portions."""

from __future__ import annotations

from pydantic import BaseModel, Field, field_validator

from common.lifecycle import AFTER_OCR, Stage


class StagesSettings(BaseModel):
    """Stages after OCR: which by default, and how they go."""

    default: tuple[str, ...] = Field(
        default=("ocr",),
        description="What jobs go through that do not say: ocr alone, names of stages, or all.",
    )
    passage_tokens: int = Field(default=256, ge=32, le=2048, description="Of a passage, at most.")
    overlap_tokens: int = Field(
        default=48, ge=0, le=1024, description="Of a passage that the next one begins with."
    )
    pages_at_once: int = Field(default=50, ge=1, le=1000, description="Between two checkpoints.")
    passages_at_once: int = Field(
        default=100, ge=1, le=1000, description="Between two checkpoints."
    )
    slice_seconds: float = Field(
        default=60, gt=0, le=300, description="After so long a stage lets other work go ahead."
    )
    lease_seconds: float = Field(
        default=60, gt=0, description="How long a worker may be silent over a stage."
    )

    @field_validator("default")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        known = {"ocr", "all", *(stage.value for stage in AFTER_OCR)}
        if unknown := sorted(set(names) - known):
            raise ValueError(
                f"no stages: {', '.join(unknown)}; known are {', '.join(sorted(known))}"
            )
        return names

    @property
    def by_default(self) -> tuple[Stage, ...]:
        """The stages of jobs that do not say."""
        if "all" in self.default:
            return AFTER_OCR
        return tuple(stage for stage in AFTER_OCR if stage.value in self.default)
