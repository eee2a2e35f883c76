"""Which files are deployed to the functions, and under which names."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PACKAGES: Final = ("common", "functions", "infra")

#: What is never deployed.
NEVER_DEPLOYED: Final = ("infra/local", "infra/cli", "infra/packaging")

#: What only the image holds: the doors of processes that are no functions of the platform, and
#: OCR, whose library is not among the functions' requirements.
ONLY_IN_THE_IMAGE: Final = ("functions/worker.py", "functions/clock.py", "infra/ocr")

#: What the platform looks for at the root, and where it is here.
AT_THE_ROOT: Final = {
    "main.py": "functions/main.py",
    "requirements.txt": "infra/requirements/functions.txt",
}


def functions_content(root: Path) -> dict[str, Path]:
    """Return the functions' files: the name in the archive, and where the file is.

    Python modules, and beside them what pyproject.toml names as the packages' data. Raises
    FileNotFoundError where a file is missing without which no function starts.
    """
    content = {name: root / source for name, source in AT_THE_ROOT.items()}
    for path in (*_modules(root), *_package_data(root)):
        name = path.relative_to(root).as_posix()
        if not _within(name, (*NEVER_DEPLOYED, *ONLY_IN_THE_IMAGE)):
            content[name] = path
    for path in content.values():
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing.")
    return content


def _modules(root: Path) -> Iterator[Path]:
    for package in PACKAGES:
        yield from (root / package).rglob("*.py")


def _package_data(root: Path) -> Iterator[Path]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    patterns: dict[str, list[str]] = project["tool"]["setuptools"]["package-data"]
    for package, wanted in patterns.items():
        folder = root.joinpath(*package.split("."))
        for pattern in wanted:
            found = list(folder.glob(pattern))
            if not found:
                raise FileNotFoundError(f"Nothing in {folder} is named {pattern}.")
            yield from found


def _within(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place or name.startswith(f"{place}/") for place in places)
