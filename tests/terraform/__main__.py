"""Everything that can be told of terraform/ without a cloud: `make terraform-test`.

Form, validity, the promises in terraform/tests, and checkov. With the offline runner that TERRAFORM
names (a command line) also whole lives of both environments: plan, apply, a second plan that is
empty, every process's settings read as that process would, destroy. Nothing is written but to a
throwaway copy, and the copy has no login: even with real providers nothing could be made.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.terraform import checkov
from tests.terraform.environments import ENVIRONMENTS, Failed, live_through

ROOT = Path(__file__).parents[2]
_REGISTRY = "https://registry.terraform.io/.well-known/terraform.json"


def main() -> int:
    """Run every step, say what each found, and return how many failed."""
    began = time.monotonic()
    failed = _run()
    print(f"{time.monotonic() - began:.0f} s in all")
    return failed


def _run() -> int:
    failed = 0

    def step(name: str, work: Callable[[], str]) -> None:
        nonlocal failed
        try:
            said = work()
        except Failed as error:
            failed += 1
            print(f"FAILED  {name}\n{error}", flush=True)
        else:
            print(f"ok      {name}: {said}", flush=True)

    environments = ENVIRONMENTS if "TERRAFORM" in os.environ else {}
    command, why_not = _runner()
    if command is None:
        step("checkov", lambda: checkov.check(ROOT / "terraform"))
        print(f"SKIPPED terraform: {why_not}", flush=True)
        return failed
    with tempfile.TemporaryDirectory(prefix="quire-terraform-") as folder:
        copy = Path(folder) / "terraform"
        shutil.copytree(
            ROOT / "terraform", copy, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*")
        )
        # What is deployed is packed elsewhere; its content says nothing here.
        (Path(folder) / "build").mkdir()
        (Path(folder) / "build" / "functions.zip").write_bytes(b"PK\5\6" + bytes(18))
        run = Terraform(command, copy)
        step("form", lambda: run("fmt", "-check", "-recursive", "-diff") or "as Terraform has it")
        step("init", lambda: run("init", "-backend=false") and "providers are there")
        step("validate", lambda: run("validate").strip().splitlines()[-1])
        # Two at once: each is mostly Terraform reading the provider's schema.
        with ThreadPoolExecutor(2) as threads:
            promises = threads.submit(lambda: run("test").strip().splitlines()[-1])
            lives = {name: threads.submit(live_through, name, run) for name in environments}
            found = threads.submit(checkov.check, ROOT / "terraform")
            step("promises", promises.result)
            for name, life in lives.items():
                step(f"environment {name}", life.result)
            step("checkov", found.result)
        if not environments:
            print("SKIPPED plan and apply: TERRAFORM names no offline runner", flush=True)
    return failed


class Terraform:
    """Runs Terraform's commands in one folder."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._command = command
        self.folder = folder

    def within(self, folder: Path) -> Terraform:
        """Return the same for another folder."""
        return Terraform(self._command, folder)

    def __call__(self, *arguments: str, expected: int = 0) -> str:
        """Return what the command wrote. Raises Failed unless it exits as expected."""
        action, *options = arguments
        plain = [] if action in {"fmt", "state"} else ["-no-color"]
        done = subprocess.run(
            [*self._command, f"-chdir={self.folder}", action, *options, *plain],
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
            env=os.environ | {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"},
        )
        if done.returncode != expected:
            raise Failed(f"terraform {action}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout


def _runner() -> tuple[list[str] | None, str]:
    """Return the command line of Terraform, or None and why there is none."""
    if "TERRAFORM" in os.environ:
        return shlex.split(os.environ["TERRAFORM"]), ""
    plain = shutil.which("terraform")
    if plain is None:
        return None, "it is not installed, and TERRAFORM names no runner"
    try:
        urllib.request.urlopen(_REGISTRY, timeout=10).close()
    except OSError as error:
        return None, f"its registry can't be reached ({error}), and TERRAFORM names no runner"
    return [plain], ""


if __name__ == "__main__":
    sys.exit(main() > 0)
