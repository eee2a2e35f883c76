"""The real message types, loaded at first use: they take a quarter of a second and 30 MB."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple


class Types(NamedTuple):
    """Raw protobuf classes, which are some 30 times faster than the client's wrappers."""

    ProcessRequest: Any
    ProcessResponse: Any
    Document: Any
    Processor: Any
    ProcessorVersion: Any
    GetProcessorRequest: Any
    GetProcessorVersionRequest: Any
    ListProcessorsRequest: Any
    ListProcessorsResponse: Any


@cache
def types() -> Types:
    """Return the classes. Safe from several threads: the import itself happens once."""
    from google.cloud import documentai_v1

    return Types(*(getattr(documentai_v1, name).pb() for name in Types._fields))
