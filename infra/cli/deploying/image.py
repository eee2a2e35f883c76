"""The workers' image: named by what it is made of, so that the same content is built once."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from infra.cli.deploying.programs import ProgramFailed, gcloud, show
from infra.cli.deploying.tools import docker_runs

DOCKERFILE: Final = Path("infra/packaging/Dockerfile")
#: Folders that the image is made of, and what of them it is not.
_FOLDERS: Final = ("common", "functions", "infra")
_NOT: Final = ("infra/local", "infra/cli", "infra/packaging", "infra/requirements/dev.txt")


def image_content(root: Path) -> Iterator[Path]:
    """Yield the files that the image's build may take, sorted."""
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root).as_posix()
            left_out = any(name == each or name.startswith(f"{each}/") for each in _NOT)
            if path.is_file() and not left_out and "__pycache__" not in path.parts:
                yield path


def content_tag(root: Path) -> str:
    """Return a tag that changes with the image's content and with nothing else."""
    digest = hashlib.sha256()
    files = [root / DOCKERFILE, root / f"{DOCKERFILE}.dockerignore", *image_content(root)]
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
