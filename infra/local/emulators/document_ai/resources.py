"""The processors that the emulator knows, and their names."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from infra.local.emulators.document_ai import refusals

#: The processor that is there without being asked for.
PROCESSOR = "projects/quire-local/locations/local/processors/ocr"

#: The stable version of Google's Enterprise Document OCR, under its name there.
DEFAULT_VERSION = "pretrained-ocr-v2.0-2023-06-02"

_NAME = re.compile(
    r"(?P<processor>(?P<location>projects/[^/]+/locations/[^/]+)/processors/(?P<id>[^/]+))"
    r"(?:/processorVersions/(?P<version>[^/]+))?"
)


class ProcessorName(NamedTuple):
    """A resource name in its parts; `version` is empty for the processor itself."""

    processor: str
    location: str
    id: str
    version: str


def known(name: str, processors: Collection[str]) -> ProcessorName:
    """Return the parts of a processor's or version's name. Refuses what is not among `processors`.

    The known versions are the default one and the channels `stable` and `rc`.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise refusals.bad_field("name", f"Invalid resource name: '{name}'.")
    found = ProcessorName(
        match["processor"], match["location"], match["id"], match["version"] or ""
    )
    if found.processor not in processors:
        raise refusals.processor_not_found(found.id)
    if found.version not in {"", "stable", "rc", DEFAULT_VERSION}:
        raise refusals.version_not_found(found.id, found.version)
    return found


def named_version(name: ProcessorName, version: str) -> str:
    """Return the resource name of one of the processor's versions."""
    return f"{name.processor}/processorVersions/{version}"
