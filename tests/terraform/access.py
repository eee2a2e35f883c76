"""Who may do what once it is applied: no basic roles, no keys, and nobody unnamed but one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_BASIC = {"roles/owner", "roles/editor", "roles/viewer"}
_ANYBODY = {"allUsers", "allAuthenticatedUsers"}
_RUNS = {
    "google_cloudfunctions2_function": lambda made: made["service_config"][0][
        "service_account_email"
    ],
    "google_cloud_run_v2_worker_pool": lambda made: made["template"][0]["service_account"],
}


def wrong_in(shown: Mapping[str, Any]) -> Iterator[str]:
    """Say what is wrong in what `terraform show -json` tells."""
    made = list(_resources(shown["values"]["root_module"]))
    names: dict[str, str] = {}
    for kind, address, values in made:
        if kind == "google_service_account_key":
            yield f"{address} is a key."
        if values.get("role") in _BASIC:
            yield f"{address} gives the basic role {values['role']}."
        if kind in _RUNS:
            name = _RUNS[kind](values)
            if not name or "compute@developer" in name:
                yield f"{address} runs in the project's default name."
            if name in names:
                yield f"{address} runs in the same name as {names[name]}."
            names[name] = address
    public = [address for _, address, values in made if values.get("member") in _ANYBODY]
    expected = 'module.function["api"].google_cloud_run_v2_service_iam_member.anybody_invokes[0]'
    if public != [expected]:
        yield f"Anybody may: {public}."


def _resources(module: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for each in module.get("resources", ()):
        if each["mode"] == "managed":
            yield each["type"], each["address"], each["values"]
    for child in module.get("child_modules", ()):
        yield from _resources(child)
