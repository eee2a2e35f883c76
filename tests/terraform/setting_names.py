"""The names that infra/settings.py reads, by walking its models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from infra.settings import Settings


def setting_names() -> Mapping[str, object]:
    """Return every name that the environment may have (`API__MAX_PAGES`), and its annotation."""
    return dict(_names(Settings, ""))


def secret_names() -> set[str]:
    """Return the names whose values are never to be seen."""
    return {name for name, annotation in setting_names().items() if _has(annotation, SecretStr)}


def required_names() -> set[str]:
    """Return the names without which no process starts."""
    return set(_required(Settings, ""))


def _names(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, object]]:
    for name, field in model.model_fields.items():
        section = _section(field.annotation)
        if section is not None:
            yield from _names(section, f"{prefix}{name.upper()}__")
        else:
            yield prefix + name.upper(), field.annotation


def _required(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        section = _section(field.annotation)
        if not field.is_required():
            continue
        if section is not None:
            yield from _required(section, f"{prefix}{name.upper()}__")
        else:
            yield prefix + name.upper()


def _section(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None


def _has(annotation: object, wanted: type) -> bool:
    if get_origin(annotation) in {Union, UnionType}:
        return any(_has(each, wanted) for each in get_args(annotation))
    return annotation is wanted
