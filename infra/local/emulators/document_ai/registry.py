"""Answers what processors there are. Each is an enabled OCR processor with one version."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from infra.local.emulators.document_ai.resources import (
    DEFAULT_VERSION,
    ProcessorName,
    known,
    named_version,
)
from infra.local.emulators.document_ai.types import types

_ENABLED, _DEPLOYED = 1, 1  # Processor.State, ProcessorVersion.State


class Registry:
    """Takes serialized requests and returns serialized answers, or raises Refusal."""

    def __init__(self, processors: Collection[str]) -> None:
        self._processors = processors

    def processor(self, serialized: bytes) -> bytes:
        """GetProcessor."""
        request = types().GetProcessorRequest.FromString(serialized)
        return _serialized(_processor(known(request.name, self._processors)))

    def version(self, serialized: bytes) -> bytes:
        """GetProcessorVersion."""
        request = types().GetProcessorVersionRequest.FromString(serialized)
        found = known(request.name, self._processors)
        return _serialized(
            types().ProcessorVersion(
                name=named_version(found, DEFAULT_VERSION),
                display_name="Embedded OCR engine",
                state=_DEPLOYED,
            )
        )

    def listed(self, serialized: bytes) -> bytes:
        """ListProcessors, all on one page."""
        request = types().ListProcessorsRequest.FromString(serialized)
        found = [known(name, self._processors) for name in sorted(self._processors)]
        return _serialized(
            types().ListProcessorsResponse(
                processors=[_processor(one) for one in found if one.location == request.parent]
            )
        )


def _processor(name: ProcessorName) -> Any:
    return types().Processor(
        name=name.processor,
        type_="OCR_PROCESSOR",
        display_name="Embedded OCR engine",
        state=_ENABLED,
        default_processor_version=named_version(name, DEFAULT_VERSION),
    )


def _serialized(message: Any) -> bytes:
    serialized: bytes = message.SerializeToString()
    return serialized
