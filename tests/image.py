"""The image's Dockerfile, read and carried out as far as a machine without containers can."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path
from typing import Final

from tests.deployed import ROOT

DOCKERFILE: Final = ROOT / "infra" / "packaging" / "Dockerfile"
IGNORED: Final = DOCKERFILE.with_name("Dockerfile.dockerignore")


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile, its lines joined."""

    word: str
    rest: str


def instructions() -> list[Instruction]:
    """Return the Dockerfile's instructions in their order."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    parted = [line.partition(" ") for line in joined.splitlines() if line.strip()]
    return [Instruction(word, rest.strip()) for word, _, rest in parted]


def all_of(word: str) -> list[str]:
    """Return what stands behind each instruction of a kind."""
    return [each.rest for each in instructions() if each.word == word]


def command() -> list[str]:
    """Return the image's command, which is written as a list."""
    [written] = all_of("CMD")
    parts: list[str] = json.loads(written)
    return parts


def variables() -> dict[str, str]:
    """Return what the image sets in its environment."""
    return dict(pair.split("=", 1) for rest in all_of("ENV") for pair in rest.split())


def in_context(name: str) -> bool:
    """Whether a file of the project is there for COPY: of the patterns, the last match decides."""
    wanted = True
    for line in IGNORED.read_text().splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        keep = pattern.startswith("!")
        # `**/` is any number of folders, none included; a folder's pattern is for all below it.
        regex = translate(pattern.removeprefix("!")).replace(".*.*/", "(?:.*/)?")
        below = regex.removesuffix(r")\Z").removesuffix(r")\z") + r")(?:/.*)?\Z"
        if re.match(below, name, re.DOTALL):
            wanted = keep
    return wanted


def lay_out(target: Path) -> None:
    """Carry out the COPY instructions into what will be the image's working folder."""
    for rest in all_of("COPY"):
        *sources, place = rest.split()
        for source in sources:
            _copy(source, target / place, into_folder=place.endswith("/"))


def _copy(source: str, place: Path, *, into_folder: bool) -> None:
    found = ROOT / source
    if found.is_file():
        assert in_context(source), f"{source} is kept out of the build"
        goal = place / found.name if into_folder else place
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(found, goal)
        return
    files = [path for path in found.rglob("*") if path.is_file()]
    for path in files:
        if in_context(path.relative_to(ROOT).as_posix()):
            goal = place / path.relative_to(found)
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, goal)
