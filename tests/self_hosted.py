"""What is written for those who host Quire themselves: compose.yaml and the systemd units, read."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml  # type: ignore[import-untyped]
from pydantic import BaseModel

from infra.settings import Settings

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "docs" / "self-hosting"
DOORS: Final = ("ingest", "merge", "webhook")


def compose() -> dict[str, Any]:
    """Return compose.yaml with its anchors resolved."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return read


def our_services() -> dict[str, dict[str, Any]]:
    """Return the services that run the deployed image."""
    services: dict[str, dict[str, Any]] = compose()["services"]
    return {
        name: service for name, service in services.items() if "quire:latest" in service["image"]
    }


def unit(name: str, instance: str = "") -> dict[str, dict[str, list[str]]]:
    """Return a unit's sections; each name may stand several times."""
    sections: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    section = ""
    for line in (FOLDER / name).read_text().replace("%i", instance).splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            sections[section][key].append(value)
    return sections


def command_of(service: Mapping[str, list[str]]) -> list[str]:
    """Return a unit's command, its variables put in, as a checkout elsewhere would run it."""
    variables = variables_of(service)
    [line] = service["ExecStart"]
    words = [re.sub(r"\$\{(\w+)\}", lambda name: variables[name[1]], word) for word in line.split()]
    return [word.replace("/opt/quire", str(ROOT)) for word in words]


def variables_of(service: Mapping[str, list[str]]) -> dict[str, str]:
    """Return what a unit itself sets in the environment."""
    pairs = [pair for line in service["Environment"] for pair in line.split()]
    return dict(pair.split("=", 1) for pair in pairs)


def example() -> dict[str, str]:
    """Return what quire.env.example sets."""
    lines = (FOLDER / "quire.env.example").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def setting_names(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Walk the settings' names, as the environment has them."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from setting_names(kind, f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}"
