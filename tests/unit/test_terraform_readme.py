"""terraform/README.md knows every variable, output and file there is, and no other."""

from __future__ import annotations

import re

from tests.terraform.hcl import FOLDER, local_values, parsed, unquoted

README = (FOLDER / "README.md").read_text()


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def listed(title: str) -> list[str]:
    """The names in the first column of a section's table."""
    rows = re.findall(r"^\|([^|]+)\|", section(title), re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def declared(file: str, kind: str) -> set[str]:
    return {unquoted(name) for block in parsed(file)[kind] for name in block}


def test_every_variable_is_in_the_table_and_no_other() -> None:
    assert sorted(listed("Variables")) == sorted(declared("variables.tf", "variable"))


def test_every_output_is_in_the_table_and_no_other() -> None:
    assert sorted(listed("Outputs")) == sorted(declared("outputs.tf", "output"))


def test_every_file_is_in_the_table() -> None:
    files = {file.name for file in FOLDER.glob("*.tf")}
    told_of = files - {"variables.tf", "outputs.tf", "locals.tf", "versions.tf", "backend.tf"}
    assert set(listed("Files")) - {"modules/function/"} == told_of


def test_alerts_and_charts_are_counted_right() -> None:
    alerts = len([name for name in local_values()["alerts"] if not name.startswith("__")])
    charts = len(local_values()["charts"])
    # One that is no query, beside the queries; the check from outside is off by default.
    assert f"{alerts + 1} alerts, a dashboard of {charts} charts" in README
