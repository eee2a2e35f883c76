"""Are the tools there, and is somebody logged in?"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from infra.cli.deploying.check import Check, State, looked
from infra.cli.deploying.programs import ProgramFailed, ask, failure, gcloud, is_there
from infra.cli.deploying.target import Target


def check_tools(target: Target) -> Iterator[Check]:
    """Look at what is installed; nothing here needs a network."""
    yield looked("terraform", lambda: _terraform(target))
    yield looked("gcloud", _gcloud)
    yield _image_builder()


def check_logins(target: Target) -> Iterator[Check]:
    """Look at who is logged in: gcloud's own login, and the one that Terraform takes."""
    yield looked("login", _login)
    yield looked("terraform login", _default_login)


def _terraform(target: Target) -> Check:
    name = "terraform"
    wanted = ".".join(map(str, target.least_terraform))
    get = f"Install {wanted} or later: https://developer.hashicorp.com/terraform/install"
    if not is_there("terraform"):
        return Check(name, State.MISSING, "It is not installed.", get)
    ended = ask("terraform", "version", "-json")
    try:
        version = str(json.loads(ended.out)["terraform_version"])
        parts = tuple(int(part) for part in version.split("-", maxsplit=1)[0].split("."))
    except (ValueError, KeyError, TypeError):
        return Check(name, State.UNKNOWN, "It does not say which version it is.", get)
    if parts < target.least_terraform:
        return Check(name, State.MISSING, f"{version} is too old.", get)
    return Check(name, State.OK, version)


def _gcloud() -> Check:
    if not is_there("gcloud"):
        return Check(
            "gcloud",
            State.MISSING,
            "It is not installed.",
            "https://cloud.google.com/sdk/docs/install",
        )
    versions = gcloud("version")
    return Check("gcloud", State.OK, str(versions.get("Google Cloud SDK", "installed")))


def _image_builder() -> Check:
    """The workers' image is built here where Docker runs, else by Cloud Build."""
    if docker_runs():
        return Check("image", State.OK, "Docker builds it here.")
    return Check("image", State.OK, "Cloud Build builds it, as Docker does not run here.")


def docker_runs() -> bool:
    """Whether there is a Docker that builds and pushes."""
    if not is_there("docker"):
        return False
    try:
        return ask("docker", "info", "--format", "{{.ServerVersion}}").code == 0
    except ProgramFailed:
        return False


def _login() -> Check:
    accounts = gcloud("auth", "list", "--filter=status:ACTIVE")
    if not accounts:
        return Check("login", State.MISSING, "Nobody is logged in.", "gcloud auth login")
    return Check("login", State.OK, str(accounts[0].get("account", "somebody")))


def _default_login() -> Check:
    name, get = "terraform login", "gcloud auth application-default login"
    named = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if named and not Path(named).is_file():
        return Check(name, State.MISSING, f"GOOGLE_APPLICATION_CREDENTIALS: no {named}.", get)
    # It prints a token, which is looked at no further.
    ended = ask("gcloud", "auth", "application-default", "print-access-token")
    if ended.code == 0:
        return Check(name, State.OK, named or "the default credentials")
    error = failure(ended)
    if error.kind in {"NO_LOGIN", "OTHER"}:
        return Check(name, State.MISSING, "Terraform has no credentials, or they ended.", get)
    raise error
