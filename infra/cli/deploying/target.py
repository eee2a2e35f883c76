"""Where is deployed to, and what Terraform is told about it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[3]
#: How Google names projects (cloud.google.com/resource-manager/docs/creating-managing-projects).
PROJECT: Final = re.compile(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
REGION: Final = re.compile(r"[a-z]+-[a-z]+[0-9]+")

_NAME: Final = re.compile(r"^([a-z_]+)\s*=\s*(.*)$")
_VARIABLE: Final = re.compile(r'^variable "([a-z_]+)" \{$(.*?)^\}$', re.MULTILINE | re.DOTALL)
#: What `make deploy` says itself.
_SAID: Final = frozenset({"project", "region", "worker_image"})


@dataclass(frozen=True)
class Target:
    """One deployment: project, region, and one of terraform/environments."""

    project: str
    region: str
    environment: str = "prod"
    terraform: Path = ROOT / "terraform"
    #: Supabase's address where it stands in no file.
    supabase_url: str = ""
    variables: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    @property
    def tfvars(self) -> Path:
        """The environment's own values."""
        return self.terraform / "environments" / f"{self.environment}.tfvars"

    @property
    def state_bucket(self) -> str:
        """The bucket that keeps Terraform's state."""
        return f"{self.project.replace(':', '-').replace('.', '-')}-quire-state"

    @property
    def prefix(self) -> str:
        """What all resources' names begin with."""
        given = self._given("prefix").strip('"')
        declared = self._declared("variables.tf").get("prefix", "")
        default = re.search(r'default\s*=\s*"([^"]+)"', declared)
        return given or (default[1] if default else "quire")

    @property
    def buckets(self) -> dict[str, str]:
        """The buckets' names, as terraform/locals.tf makes them."""
        kinds = ("uploads", "chunks", "source")
        return {kind: f"{self.project}-{self.prefix}-{kind}" for kind in kinds}

    @property
    def address(self) -> str:
        """Supabase's address; empty where nobody has said it."""
        if self.supabase_url:
            return self.supabase_url
        found = re.search(r'"?\burl"?\s*[=:]\s*"([^"]*)"', self._given("supabase"))
        return found[1] if found else ""

    @cached_property
    def assigned(self) -> dict[str, str]:
        """What *.tfvars and TF_VAR_… say, by the variables' names, as it is written."""
        found: dict[str, str] = {}
        for path in (self.terraform / "terraform.tfvars", self.tfvars):
            if path.is_file():
                found |= assignments(path.read_text(encoding="utf-8"))
        for name, value in self.variables.items():
            if name.startswith("TF_VAR_") and value:
                found.setdefault(name.removeprefix("TF_VAR_"), value)
        return found

    @property
    def missing(self) -> list[str]:
        """The variables without a default that nobody has given a value."""
        wanted = {
            name
            for name, body in self._declared("variables.tf").items()
            if not re.search(r"^  default\s*=", body, re.MULTILINE)
        }
        given = set(self.assigned) | _SAID | ({"supabase"} if self.supabase_url else set())
        return sorted(wanted - given)

    @property
    def unknown(self) -> list[str]:
        """What the environment's file assigns and Terraform does not know."""
        if not self.tfvars.is_file():
            return []
        assigned = assignments(self.tfvars.read_text(encoding="utf-8"))
        return sorted(set(assigned) - set(self._declared("variables.tf")))

    @property
    def services(self) -> set[str]:
        """The APIs that Terraform turns on."""
        text = self._text("services.tf")
        return set(re.findall(r'"([a-z0-9]+\.googleapis\.com)"', text))

    @property
    def least_terraform(self) -> tuple[int, ...]:
        """The oldest Terraform that will do."""
        found = re.search(r'required_version\s*=\s*">=\s*([0-9.]+)', self._text("versions.tf"))
        return tuple(int(part) for part in found[1].split(".")) if found else (1, 11)

    @property
    def secret_values(self) -> dict[str, str]:
        """The secrets' values that are passed to Terraform, if any are."""
        written = self.variables.get("TF_VAR_secret_values", "")
        try:
            read: Any = json.loads(written or "{}")
        except ValueError:
            pairs = re.findall(r'"?(\w+)"?\s*=\s*"((?:[^"\\]|\\.)*)"', written)
            return dict(pairs)
        return {name: str(value) for name, value in read.items()} if isinstance(read, dict) else {}

    @property
    def given_secrets(self) -> list[str]:
        """The names of the secrets that only the owner of the Supabase project knows."""
        names = ["database_url", "supabase_service_key"]
        if re.search(r"shared_jwt_secret\"?\s*[=:]\s*true", self._given("supabase")):
            names.append("supabase_jwt_secret")
        return names

    def secret_id(self, name: str) -> str:
        """Return a secret's name in Secret Manager."""
        return f"{self.prefix}-{name.replace('_', '-')}"

    def _given(self, name: str) -> str:
        return self.assigned.get(name, "")

    def _declared(self, file: str) -> dict[str, str]:
        return dict(_VARIABLE.findall(self._text(file)))

    def _text(self, file: str) -> str:
        path = self.terraform / file
        return path.read_text(encoding="utf-8") if path.is_file() else ""


def assignments(text: str) -> dict[str, str]:
    """Return what a .tfvars file assigns at its outermost level, each value as it is written."""
    found: dict[str, str] = {}
    name, depth = "", 0
    for line in text.splitlines():
        bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)
        bare = re.split(r"#|//", bare)[0]
        begins = _NAME.match(line) if depth == 0 else None
        if begins:
            name = begins[1]
            found[name] = begins[2]
        elif depth:
            found[name] += f"\n{line}"
        depth += sum(bare.count(sign) for sign in "{[") - sum(bare.count(sign) for sign in "}]")
    return found
