"""The workers' image: named by what it is made of, so that the same content is built once."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

from infra.cli.deploying.programs import ProgramFailed, gcloud, show
from infra.cli.deploying.tools import docker_runs

DOCKERFILE: Final = Path("infra/packaging/Dockerfile")
IGNORED: Final = Path(f"{DOCKERFILE}.dockerignore")


def image_content(root: Path) -> Iterator[Path]:
    """Yield the files that the image's build may take, sorted."""
    rules = (root / IGNORED).read_text(encoding="utf-8").split("\n")
    rules = [rule for rule in rules if rule and not rule.startswith("#")]
    for folder in (rule[1:] for rule in rules if rule.startswith("!") and "/" not in rule):
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and _is_kept(path.relative_to(root), rules):
                yield path


def _is_kept(path: Path, rules: list[str]) -> bool:
    """Whether Docker would take a file: of the rules, the last that fits it or a folder of it."""
    places = [path.as_posix(), *(parent.as_posix() for parent in path.parents)]
    kept = True
    for rule in rules:
        pattern = rule.removeprefix("!")
        anywhere = pattern.removeprefix("**/")
        fits = any(fnmatch(place, pattern) for place in places)
        if fits or (anywhere != pattern and any(fnmatch(part, anywhere) for part in path.parts)):
            kept = rule.startswith("!")
    return kept


def content_tag(root: Path) -> str:
    """Return a tag that changes with the image's content and with nothing else."""
    digest = hashlib.sha256()
    files = [root / DOCKERFILE, root / IGNORED, *image_content(root)]
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:20]


def pushed_digest(image: str) -> str | None:
    """Return an image's digest in the registry; None where it is not there."""
    try:
        found: Any = gcloud("artifacts", "docker", "images", "describe", image)
    except ProgramFailed as error:
        if error.kind == "NOT_FOUND":
            return None
        raise
    return str(found["image_summary"]["digest"])


def build_and_push(
    root: Path, image: str, project: str, region: str, *, tell: Callable[[str], None]
) -> int:
    """Build the image and push it: here where Docker runs, else in Cloud Build. Its exit code."""
    registry = image.split("/", maxsplit=1)[0]
    if docker_runs():
        tell(f"Docker builds {image}")
        # The platform's machines are amd64, whatever this one is.
        build = [
            "docker",
            "build",
            "--platform=linux/amd64",
            f"--file={DOCKERFILE}",
            f"--tag={image}",
        ]
        steps = [
            ["gcloud", "auth", "configure-docker", registry, "--quiet"],
            [*build, "."],
            ["docker", "push", image],
        ]
        return next((code for step in steps if (code := show(step, folder=root))), 0)
    tell(f"Cloud Build builds {image}")
    with tempfile.TemporaryDirectory() as folder:
        recipe = Path(folder) / "cloudbuild.json"
        recipe.write_text(json.dumps(_recipe(image)), encoding="utf-8")
        submit = ["gcloud", "builds", "submit", f"--project={project}", f"--region={region}"]
        return show([*submit, f"--config={recipe}", "."], folder=root)


def _recipe(image: str) -> dict[str, object]:
    return {
        "steps": [
            {
                "name": "gcr.io/cloud-builders/docker",
                # Only BuildKit reads the .dockerignore beside the Dockerfile.
                "env": ["DOCKER_BUILDKIT=1"],
                "args": ["build", f"--file={DOCKERFILE}", f"--tag={image}", "."],
            }
        ],
        "images": [image],
        "timeout": "1200s",
        "options": {"logging": "CLOUD_LOGGING_ONLY"},
    }
