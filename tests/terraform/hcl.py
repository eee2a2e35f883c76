"""Reads terraform/*.tf as Terraform does, without Terraform: names, keys and lists, no values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import hcl2

FOLDER = Path(__file__).parents[2] / "terraform"


@cache
def parsed(file: str) -> Mapping[str, Any]:
    """Return one file's blocks. Expressions stay text, as do the quotes of strings."""
    return hcl2.loads((FOLDER / file).read_text())


@cache
def local_values() -> Mapping[str, Any]:
    """Return the root's locals."""
    return {
        name: value
        for file in sorted(FOLDER.glob("*.tf"))
        for block in parsed(file.name).get("locals", ())
        for name, value in block.items()
        if not name.startswith("__")
    }


@cache
def resources() -> Mapping[str, set[str]]:
    """Return the root's resources: the names by the type."""
    found: dict[str, set[str]] = {}
    for file in sorted(FOLDER.glob("*.tf")):
        for block in parsed(file.name).get("resource", ()):
            for kind, named in block.items():
                found.setdefault(unquoted(kind), set()).update(unquoted(name) for name in named)
    return found


def unquoted(text: str) -> str:
    """Return a string without its quotes."""
    return text.strip('"')


def keys_of(value: object) -> set[str]:
    """Return the keys of an object, or of the objects in an expression like `merge({…}, {…})`."""
    if isinstance(value, Mapping):
        return {unquoted(key) for key in value if not key.startswith("__")}
    assert isinstance(value, str), value
    return set(re.findall(r"([A-Z][A-Z0-9_]+) = ", value))
