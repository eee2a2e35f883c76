"""What checkov finds. What fails needs its reason beside the resource: #checkov:skip=ID:why."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests.terraform.environments import Failed

#: `make terraform-test` puts it there.
PROGRAM = Path(__file__).parents[2] / "build" / "terraform-tools" / "bin" / "checkov"


def check(folder: Path) -> str:
    """Return how many checks passed. Raises Failed where one failed or is skipped without why."""
    done = subprocess.run(
        [
            PROGRAM,
            f"--directory={folder}",
            "--framework=terraform",
            "--skip-path=environments",
            "--output=json",
            "--skip-download",
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        # Nobody is asked, and nothing is sent.
        env=os.environ | {"BC_SKIP_MAPPING": "TRUE", "LOG_LEVEL": "ERROR"},
    )
    try:
        found = json.loads(done.stdout)
        results = found["results"]
    except (ValueError, KeyError, TypeError):
        raise Failed(f"checkov said nothing useful:\n{done.stdout}\n{done.stderr}") from None
    wrong = [
        f"{each['check_id']} {each['check_name']}\n    {each['resource']} "
        f"({each['file_path']}:{each['file_line_range'][0]})"
        for each in results["failed_checks"]
    ]
    wrong += [
        f"{each['check_id']} is skipped without a reason: {each['resource']}"
        for each in results["skipped_checks"]
        if len(each["check_result"].get("suppress_comment", "").split()) < 3
    ]
    wrong += [f"not understood: {file}" for file in results.get("parsing_errors", ())]
    if wrong:
        raise Failed("\n".join(wrong))
    passed, skipped = len(results["passed_checks"]), len(results["skipped_checks"])
    return f"{passed} checks passed, {skipped} skipped with a reason"
