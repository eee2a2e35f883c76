"""An environment's whole life in a throwaway copy: made, looked at again, and taken down."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Protocol

from tests.terraform.access import wrong_in
from tests.terraform.processes import wrong_with


class Failed(Exception):
    """What went wrong, with what Terraform said."""


class Runner(Protocol):
    """Terraform in one folder."""

    folder: Path

    def within(self, folder: Path) -> Runner: ...

    def __call__(self, *arguments: str, expected: int = 0) -> str: ...


#: What only the deployer knows.
_GIVEN = {
    "project": "quire-test",
    "region": "europe-west1",
    "supabase": '{url="https://abcdefgh.supabase.co"}',
    "worker_image": f"europe-west1-docker.pkg.dev/quire-test/quire-images/worker@sha256:{'0' * 64}",
}

#: Variables of each life; `everything` is production with all that is off by default.
ENVIRONMENTS: dict[str, dict[str, str]] = {
    "dev": {},
    "prod": {},
    "everything": {
        "prefix": "quire-all",
        "supabase": '{url="https://abcdefgh.supabase.co", shared_jwt_secret=true}',
        "edge": '{domain="quire.example.com"}',
        "budget": '{billing_account="012345-6789AB-CDEF01"}',
        "cicd": '{repository="owner/name", repository_id="1", state_bucket="state"}',
        "monitoring": '{emails=["ops@example.com"], uptime=true}',
        "kms_key": "projects/k/locations/europe-west1/keyRings/r/cryptoKeys/k",
        "signing_keys": '["1", "2"]',
        "settings": '{CREDITS__ENABLED="true", CHUNK_SIZE_PAGES="20"}',
    },
}

#: State is a local file, and whatever provider is run has no login.
_OVERRIDE = """
terraform {
  backend "local" {}
}
provider "google" {
  access_token = "nobody"
}
"""


def live_through(name: str, initialised: Runner) -> str:
    """Apply an environment and destroy it, and return how many resources it had."""
    folder = initialised.folder.parent / name / "terraform"
    shutil.copytree(initialised.folder, folder, symlinks=True)
    shutil.copytree(initialised.folder.parent / "build", folder.parent / "build")
    (folder / "throwaway_override.tf").write_text(_OVERRIDE)
    run = initialised.within(folder)
    values = _GIVEN | ENVIRONMENTS[name]
    file = "prod" if name == "everything" else name
    variables = [f"-var-file=environments/{file}.tfvars"]
    variables += [f"-var={each}={value}" for each, value in values.items()]

    run("init")
    run("plan", *variables, "-out=first.plan", "-detailed-exitcode", expected=2)
    said = run("apply", "first.plan")
    made = _number(r"(\d+) added, 0 changed, 0 destroyed", said)
    run("plan", *variables, "-detailed-exitcode")
    told = json.loads(run("output", "-json", "settings"))
    if wrong := [*wrong_with(told), *wrong_in(json.loads(run("show", "-json")))]:
        raise Failed("\n".join(wrong))
    said = run("destroy", *variables, "-var=deletion_protection=false", "-auto-approve")
    gone = _number(r"(\d+) destroyed", said)
    if left := run("state", "list").strip():
        raise Failed(f"destroy left\n{left}")
    if gone != made:
        raise Failed(f"{made} resources were made, and {gone} destroyed")
    return f"{made} resources made, second plan empty, all destroyed"


def _number(pattern: str, said: str) -> int:
    found = re.search(pattern, said)
    if found is None:
        raise Failed(f"no {pattern!r} in\n{said}")
    return int(found[1])
