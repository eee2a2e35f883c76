"""The steps of a deployment, each of which may be run again."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from infra.cli.deploying.cloud import check_secrets
from infra.cli.deploying.image import build_and_push, content_tag, pushed_digest
from infra.cli.deploying.programs import ProgramFailed, ask, failure, gcloud, show
from infra.cli.deploying.target import ROOT, Target
from infra.cli.exits import CommandError, Exit

#: What everything else needs: APIs, a place for the image, secrets that take a value.
FIRST: Final = (
    "google_project_service.this",
    "google_artifact_registry_repository.images",
    "google_secret_manager_secret.this",
)
#: An image that is not there, for runs of Terraform that make nothing of it.
_NO_IMAGE: Final = "sha256:" + "0" * 64
#: Exit codes of `terraform plan -detailed-exitcode`.
_NO_CHANGES, _CHANGES = 0, 2
#: Seconds that a new revision may take until it is ready.
_READY_SECONDS: Final = 180


class Stopped(CommandError):
    """A step could not be done; those before it stay done."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message, Exit.FAILED, code="DEPLOY_STOPPED", advice=advice)


@dataclass
class Deployment:
    """One run against one target."""

    target: Target
    tell: Callable[[str], None]
    root: Path = ROOT
    variables: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    image: str = ""

    @property
    def repository(self) -> str:
        """Where the image goes; the same as terraform/registry.tf makes."""
        target = self.target
        project = target.project.replace(":", "/")
        return f"{target.region}-docker.pkg.dev/{project}/{target.prefix}-images/worker"

    def package(self) -> None:
        """Pack the functions."""
        if show([sys.executable, "-m", "infra.packaging"], folder=self.root):
            raise Stopped("The functions could not be packed.")

    def prepare_state(self) -> None:
        """Make the bucket of the state where there is none, and have Terraform use it."""
        bucket = self.target.state_bucket
        try:
            gcloud("storage", "buckets", "describe", f"gs://{bucket}")
        except ProgramFailed as error:
            if error.kind != "NOT_FOUND":
                raise
            self.tell(f"Making {bucket}")
            make = ["gcloud", "storage", "buckets", "create", f"gs://{bucket}"]
            make += [f"--project={self.target.project}", f"--location={self.target.region}"]
            keep = ["gcloud", "storage", "buckets", "update", f"gs://{bucket}", "--versioning"]
            closed = ["--uniform-bucket-level-access", "--public-access-prevention"]
            if show([*make, *closed]) or show(keep):
                raise Stopped(f"The bucket {bucket} could not be made.") from None
        place = [f"-backend-config=bucket={bucket}"]
        place.append(f"-backend-config=prefix={self.target.environment}")
        if self.terraform("init", "-reconfigure", *place):
            raise Stopped("Terraform could not be set up.", "What it needs is told above.")

    def lay_foundations(self) -> None:
        """Where nothing is there yet, make what the image and the secrets' values go into."""
        known = self.ask_terraform("state", "list")
        resources = {line.split("[")[0] for line in known.out.splitlines()}
        if known.code == 0 and set(FIRST) <= resources:
            return
        targets = [f"-target={name}" for name in FIRST]
        if self.terraform("apply", "-auto-approve", *targets, *self.values(_NO_IMAGE)):
            raise Stopped(
                "The registry and the secrets could not be made.",
                "An API that was just turned on needs a minute: run it again.",
            )

    def push_image(self) -> None:
        """Build and push the image, unless this very content is there."""
        target = self.target
        tagged = f"{self.repository}:{content_tag(self.root)}"
        digest = pushed_digest(tagged)
        if digest is None:
            built = build_and_push(self.root, tagged, target.project, target.region, tell=self.tell)
            digest = None if built else pushed_digest(tagged)
        if digest is None:
            raise Stopped(f"{tagged} could not be built and pushed.")
        self.tell(f"{tagged} is {digest}")
        self.image = digest

    def ask_for_secrets(self) -> None:
        """Stop where a secret has no value: a revision that can't read one does not start."""
        target = self.target
        found = zip(target.given_secrets, check_secrets(target), strict=True)
        lacking = [target.secret_id(name) for name, check in found if check.state != "ok"]
        if lacking:
            give = "gcloud secrets versions add {} --data-file=- --project={}"
            raise Stopped(
                f"Without a value yet: {', '.join(lacking)}.",
                "Give them, without a line's end (printf %s VALUE | …), and run it again:\n"
                + "\n".join(f"  {give.format(name, target.project)}" for name in lacking),
            )

    def migrate(self) -> None:
        """Bring the database up to date, before any code that needs it is there."""
        code = show([sys.executable, "-m", "infra.cli", "migrate"], folder=self.root)
        if code:
            raise Stopped("The database was not brought up to date.", "Nothing was rolled out.")

    def apply(self, confirm: Callable[[], bool]) -> None:
        """Plan, ask, and apply that very plan."""
        # A plan knows what the state knows.
        folder = Path(tempfile.mkdtemp(prefix="quire-deploy-"))
        plan = folder / "plan"
        try:
            code = self.terraform(
                "plan", "-detailed-exitcode", f"-out={plan}", *self.values(self.image)
            )
            if code == _NO_CHANGES:
                self.tell("Nothing has changed.")
                return
            if code != _CHANGES:
                raise Stopped("Terraform could not plan it.", "Why is told above.")
            if not confirm():
                raise Stopped("Not applied, as was said.")
            if self.terraform("apply", str(plan)):
                raise Stopped("Terraform stopped half-way.", "Run it again: it goes on from there.")
        finally:
            shutil.rmtree(folder)

    def smoke(self) -> str:
        """Ask the new API whether all that it needs is there; return its address."""
        import httpx

        address = str(self.outputs()["api_url"])
        until = time.monotonic() + _READY_SECONDS
        said = ""
        while True:
            try:
                answer = httpx.get(f"{address}/readyz", timeout=20)
                if answer.is_success:
                    return address
                said = _unready(answer)
            except httpx.HTTPError as error:
                said = type(error).__name__
            if time.monotonic() > until:
                raise Stopped(
                    f"{address}/readyz is not ready: {said}",
                    f"quire --url {address} doctor asks again; the function's log says more.",
                )
            time.sleep(3)

    def outputs(self) -> dict[str, Any]:
        """Return Terraform's outputs."""
        ended = self.ask_terraform("output", "-json")
        if ended.code:
            raise failure(ended)
        return {name: each["value"] for name, each in json.loads(ended.out).items()}

    def running_image(self) -> str:
        """Return the digest of the image that the workers have; one of nothing where none is."""
        shown = self.ask_terraform("show", "-json")
        marked = shown.out.partition("/worker@")[2][: len(_NO_IMAGE)]
        return marked if marked.startswith("sha256:") else _NO_IMAGE

    def values(self, digest: str) -> list[str]:
        """Return what Terraform is told on its command line: nothing that is secret."""
        target = self.target
        told = [f"-var-file={target.tfvars}", f"-var=project={target.project}"]
        told += [f"-var=region={target.region}", f"-var=worker_image={self.repository}@{digest}"]
        if target.supabase_url:
            told.append(f"-var=supabase={{url={json.dumps(target.supabase_url)}}}")
        return told

    def terraform(self, command: str, *arguments: str) -> int:
        """Run Terraform before the user's eyes."""
        where = f"-chdir={self.target.terraform}"
        return show(["terraform", where, command, "-input=false", *arguments])

    def ask_terraform(self, *arguments: str) -> Any:
        """Run Terraform and return how it ended."""
        return ask("terraform", f"-chdir={self.target.terraform}", *arguments)


def _unready(answer: Any) -> str:
    try:
        parts = answer.json()["parts"]
        said = [f"{name}: {part['detail']}" for name, part in parts.items() if not part["ready"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"HTTP {answer.status_code}"
    return " ".join(said) or f"HTTP {answer.status_code}"
