"""Programs on PATH that answer as gcloud, terraform and docker do, from a list of answers."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = """#!{python}
import json, pathlib, sys
folder = pathlib.Path({folder!r})
name = pathlib.Path(sys.argv[0]).name
words = " ".join(sys.argv[1:])
with (folder / "calls").open("a") as calls:
    calls.write(name + " " + words + "\\n")
for start, code, out, err in json.loads((folder / "answers.json").read_text()):
    if (name + " " + words).startswith(start):
        sys.stdout.write(out)
        sys.stderr.write(err)
        sys.exit(code)
sys.stderr.write("ERROR: nothing is known of: " + name + " " + words + "\\n")
sys.exit(1)
"""

#: What gcloud 528 says where nobody is logged in.
NO_LOGIN = (
    "ERROR: (gcloud.projects.describe) You do not currently have an active account selected.\n"
    "Please run:\n\n  $ gcloud auth login\n\nto obtain new credentials.\n"
)


@dataclass
class Programs:
    """A folder on PATH, and what its programs answer: the last answer that is told counts."""

    folder: Path

    def __post_init__(self) -> None:
        self._answers: list[tuple[str, int, str, str]] = []

    def install(self, *names: str) -> None:
        """Put programs there."""
        for name in names:
            path = self.folder / name
            path.write_text(PROGRAM.format(python=sys.executable, folder=str(self.folder)))
            path.chmod(0o755)
        self._write()

    def answer(self, start: str, out: Any = "", *, code: int = 0, err: str = "") -> None:
        """Tell what is answered to a command that begins so; what is not text is JSON."""
        written = out if isinstance(out, str) else json.dumps(out)
        self._answers.insert(0, (start, code, written, err))
        self._write()

    @property
    def calls(self) -> list[str]:
        """The commands that were run."""
        log = self.folder / "calls"
        return log.read_text().splitlines() if log.exists() else []

    @property
    def path(self) -> str:
        """A PATH on which there is nothing else of theirs."""
        return os.pathsep.join([str(self.folder), "/usr/bin-without-tools"])

    def _write(self) -> None:
        (self.folder / "answers.json").write_text(json.dumps(self._answers))


def _quota(service: str, name: str, value: str, place: str, interval: str = "") -> dict[str, Any]:
    return {
        "containerType": "PROJECT",
        "dimensions": ["region"],
        "dimensionsInfos": [
            {"applicableLocations": [place], "details": {"value": value}, "dimensions": {}}
        ],
        "metric": f"{service}/{name.lower()}",
        "quotaId": name,
        "refreshInterval": interval,
        "service": service,
    }


def a_ready_project(programs: Programs, project: str = "my-project") -> None:
    """Answer as where all is well, and nothing has been deployed."""
    programs.install("gcloud", "terraform")
    tell = programs.answer
    tell("terraform version", {"terraform_version": "1.11.4", "provider_selections": {}})
    tell("gcloud version", {"Google Cloud SDK": "528.0.0", "core": "2025.06.20"})
    tell("gcloud auth list", [{"account": "anna@example.org", "status": "ACTIVE"}])
    tell("gcloud auth application-default print-access-token", {"token": "ya29.hushhush"})
    tell(
        "gcloud projects describe",
        {"projectId": project, "projectNumber": "123456789012", "lifecycleState": "ACTIVE"},
    )
    tell(
        "gcloud billing projects describe",
        {"billingAccountName": "billingAccounts/0", "billingEnabled": True},
    )
    tell(
        "gcloud services list",
        [
            {"config": {"name": f"{name}.googleapis.com"}, "state": "ENABLED"}
            for name in ("serviceusage", "cloudresourcemanager", "storage")
        ],
    )
    tell(
        "gcloud beta quotas info list --service=documentai.googleapis.com",
        [
            _quota("documentai.googleapis.com", "OnlineProcessRequestsPerMinutePerProjectEU",
                   "600", "eu", "minute"),
            _quota("documentai.googleapis.com", "BatchProcessDocumentsConcurrent", "5", "global"),
        ],
    )  # fmt: skip
    tell(
        "gcloud beta quotas info list --service=run.googleapis.com",
        [_quota("run.googleapis.com", "CpuAllocPerProjectRegion", "200000", "europe-west1")],
    )
    tell(
        "gcloud storage buckets describe",
        code=1,
        err="ERROR: (gcloud.storage.buckets.describe) gs://x not found: 404.\n",
    )
    tell(
        "gcloud secrets versions list",
        code=1,
        err="ERROR: (gcloud.secrets.versions.list) NOT_FOUND: Secret [x] not found.\n",
    )
