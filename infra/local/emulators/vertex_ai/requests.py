"""The bodies that the client sends, as far as the emulator reads them."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from infra.local.emulators.vertex_ai.refusals import invalid

Body = TypeVar("Body")


class Part(msgspec.Struct, frozen=True):
    """A piece of a content."""

    text: str = ""


class Content(msgspec.Struct, frozen=True):
    """What somebody said: a text in pieces."""

    parts: list[Part] = []
    role: str = ""

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(part.text for part in self.parts)


class Instance(msgspec.Struct, frozen=True):
    """A text to be embedded."""

    content: str
    task_type: str = ""
    title: str = ""


class PredictParameters(msgspec.Struct, frozen=True, rename="camel"):
    """How texts are embedded."""

    output_dimensionality: int | None = None
    auto_truncate: bool = True


class Predict(msgspec.Struct, frozen=True):
    """Texts for text-embedding-…"""

    instances: list[Instance]
    parameters: PredictParameters = PredictParameters()


class EmbedConfig(msgspec.Struct, frozen=True, rename="camel"):
    """How a content is embedded."""

    task_type: str = ""
    output_dimensionality: int | None = None
    auto_truncate: bool = True


class Embed(msgspec.Struct, frozen=True, rename="camel"):
    """A content for gemini-embedding-…"""

    content: Content
    embed_content_config: EmbedConfig = EmbedConfig()


class BatchEmbed(msgspec.Struct, frozen=True):
    """Several of them."""

    requests: list[Embed]


class GenerationConfig(msgspec.Struct, frozen=True, rename="camel"):
    """How Gemini is to answer."""

    response_mime_type: str = "text/plain"
    response_schema: dict[str, Any] | None = None
    temperature: float | None = None
    max_output_tokens: int | None = None


class Generate(msgspec.Struct, frozen=True, rename="camel"):
    """What Gemini is asked."""

    contents: list[Content]
    system_instruction: Content | None = None
    generation_config: GenerationConfig = GenerationConfig()


def read(body: bytes, kind: type[Body]) -> Body:
    """Return a body as it is known, or refuse it."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid(f"Invalid JSON payload received. {error}") from error
