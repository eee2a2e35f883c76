"""What the project in the cloud has: billing, APIs, buckets, quotas, secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from infra.cli.deploying.check import Check, State, looked
from infra.cli.deploying.programs import ProgramFailed, gcloud
from infra.cli.deploying.target import Target

#: Without these Terraform can't turn on the others, nor look at the project.
_FIRST: Final = ("cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com")
#: Bucket names (cloud.google.com/storage/docs/buckets#naming), those without dots.
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]")
#: What one worker or function takes of a region's quota is counted in thousandths.
_MILLI: Final = 1000


def check_project(target: Target) -> Iterator[Check]:
    """Look at the project, its billing and its APIs."""
    yield looked("project", partial(_project, target))
    yield looked("billing", partial(_billing, target))
    yield looked("APIs", partial(_services, target), "gcloud services list --enabled")


def check_quotas(target: Target) -> Iterator[Check]:
    """Look at what may run at once."""
    where = f"https://console.cloud.google.com/iam-admin/quotas?project={target.project}"
    yield looked("Document AI quota", partial(_document_ai, target, where), where)
    yield looked("Cloud Run quota", partial(_processors, target, where), where)


def check_buckets(target: Target) -> Iterator[Check]:
    """Look whether the buckets' names can be had, and at the one that keeps the state."""
    for kind, name in target.buckets.items():
        yield looked(f"bucket {kind}", partial(_bucket, name))
    yield looked("state bucket", partial(_state, target))


def check_secrets(target: Target) -> Iterator[Check]:
    """Look whether the secrets have values. The values themselves are not asked for."""
    for name in target.given_secrets:
        yield looked(f"secret {name}", partial(_secret, target, name))


def _project(target: Target) -> Check:
    try:
        found = gcloud("projects", "describe", target.project)
    except ProgramFailed as error:
        # Google does not tell those who may not look whether there is one.
        if error.kind not in {"NOT_FOUND", "REFUSED"}:
            raise
        return Check(
            "project",
            State.MISSING,
            f"There is no project {target.project}, or this account may not see it.",
            f"gcloud projects create {target.project}",
        )
    if found.get("lifecycleState") != "ACTIVE":
        return Check(
            "project", State.MISSING, f"{target.project} is being deleted.", "Take another one."
        )
    return Check("project", State.OK, f"{target.project} ({found.get('projectNumber')})")


def _billing(target: Target) -> Check:
    if gcloud("billing", "projects", "describe", target.project).get("billingEnabled"):
        return Check("billing", State.OK, "It is on.")
    return Check(
        "billing",
        State.MISSING,
        "No billing account pays for the project.",
        f"gcloud billing projects link {target.project} --billing-account=ACCOUNT",
    )


def _services(target: Target) -> Check:
    listed = gcloud("services", "list", "--enabled", f"--project={target.project}")
    enabled = {str(each.get("config", {}).get("name", "")) for each in listed or []}
    first = [name for name in _FIRST if name not in enabled]
    if first:
        return Check(
            "APIs",
            State.MISSING,
            f"Terraform needs {' and '.join(first)} to begin with.",
            f"gcloud services enable {' '.join(first)} --project={target.project}",
        )
    off = sorted(target.services - enabled)
    if off:
        return Check("APIs", State.LATER, f"Terraform turns on {len(off)}: {', '.join(off)}.")
    return Check("APIs", State.OK, f"All {len(target.services)} are on.")


def _quotas(target: Target, service: str) -> list[dict[str, Any]]:
    command = ("beta", "quotas", "info", "list", f"--service={service}")
    listed: list[dict[str, Any]] = gcloud(*command, f"--project={target.project}") or []
    return listed


def _value(quota: dict[str, Any], places: tuple[str, ...]) -> int | None:
    """Return a quota's value in the first of the places that it names; -1 is without a limit."""
    for dimensions in quota.get("dimensionsInfos", []):
        where = dimensions.get("applicableLocations") or ["global"]
        value = dimensions.get("details", {}).get("value")
        if value is not None and any(place in where for place in places):
            return int(value)
    return None


def _document_ai(target: Target, where: str) -> Check:
    name = "Document AI quota"
    multi = "eu" if target.region.startswith("europe-") else "us"
    found = []
    for quota in _quotas(target, "documentai.googleapis.com"):
        words = f"{quota.get('quotaId', '')} {quota.get('metric', '')}".lower()
        is_rate = quota.get("refreshInterval") == "minute" and "page" not in words
        if is_rate and re.search(r"online_?process", words) and "best" not in words:
            found.append(_value(quota, (multi, target.region, "global")))
    calls = [value for value in found if value is not None and value >= 0]
    if not calls:
        return Check(name, State.UNKNOWN, "Not looked at: Google lists no such quota.", where)
    least = min(calls)
    pages = least * 25 / 60
    said = f"{least} calls a minute: {pages:,.0f} pages a second at 25 a call."
    if least < 600:
        return Check(name, State.NOTE, f"{said} Usual are 600.", where)
    return Check(name, State.OK, said)


def _processors(target: Target, where: str) -> Check:
    name = "Cloud Run quota"
    worker = target.assigned.get("worker", "")
    most = _number(worker, "max_instances", 10) * _number(worker, "cpu", 2)
    for quota in _quotas(target, "run.googleapis.com"):
        if quota.get("quotaId") == "CpuAllocPerProjectRegion":
            value = _value(quota, (target.region, "global"))
            if value is None:
                break
            if 0 <= value < most * _MILLI:
                return Check(
                    name,
                    State.NOTE,
                    f"{value / _MILLI:g} CPUs in {target.region}; all workers would take {most:g}.",
                    f"Lower worker.max_instances, or ask for more: {where}",
                )
            return Check(name, State.OK, f"{value / _MILLI:g} CPUs; all workers take {most:g}.")
    return Check(name, State.UNKNOWN, "Not looked at: Google lists no such quota.", where)


def _number(written: str, name: str, default: float) -> float:
    found = re.search(rf"\b{name}\s*=\s*([0-9.]+)", written)
    return float(found[1]) if found else default


def _bucket(name: str) -> Check:
    kind = f"bucket {name.rsplit('-', 1)[-1]}"
    if not _BUCKET.fullmatch(name):
        return Check(
            kind, State.MISSING, f"{name} can't be a bucket's name.", "Take a shorter prefix."
        )
    try:
        gcloud("storage", "buckets", "describe", f"gs://{name}")
    except ProgramFailed as error:
        if error.kind == "NOT_FOUND":
            return Check(kind, State.LATER, f"{name} is free.")
        if error.kind == "REFUSED":
            return Check(
                kind,
                State.MISSING,
                f"{name} is somebody else's, or this account may not see it.",
                "Take another prefix.",
            )
        raise
    return Check(kind, State.OK, f"{name} is there.")


def _state(target: Target) -> Check:
    name, bucket = "state bucket", target.state_bucket
    try:
        found = gcloud("storage", "buckets", "describe", f"gs://{bucket}")
    except ProgramFailed as error:
        if error.kind == "NOT_FOUND":
            return Check(name, State.LATER, f"`make deploy` makes {bucket}.")
        raise
    if not found.get("versioning_enabled"):
        return Check(
            name,
            State.NOTE,
            f"{bucket} keeps no earlier versions: a damaged state would be lost.",
            f"gcloud storage buckets update gs://{bucket} --versioning",
        )
    if found.get("public_access_prevention") != "enforced":
        return Check(
            name,
            State.NOTE,
            f"{bucket} could be made public, and the state knows a password.",
            f"gcloud storage buckets update gs://{bucket} --public-access-prevention",
        )
    return Check(name, State.OK, bucket)


def _secret(target: Target, name: str) -> Check:
    kind, secret = f"secret {name}", target.secret_id(name)
    # Terraform writes only what `secret_generations` names.
    if target.secret_values.get(name) and name in target.assigned.get("secret_generations", ""):
        return Check(kind, State.OK, "Terraform writes it, from TF_VAR_secret_values.")
    try:
        command = ("secrets", "versions", "list", secret, "--filter=state=ENABLED", "--limit=1")
        versions = gcloud(*command, f"--project={target.project}")
    except ProgramFailed as error:
        if error.kind not in {"NOT_FOUND", "API_OFF"}:
            raise
        return Check(kind, State.LATER, f"`make deploy` makes {secret}, then asks for its value.")
    if versions:
        return Check(kind, State.OK, f"{secret} has a value.")
    return Check(
        kind,
        State.MISSING,
        f"{secret} has no value yet.",
        f"gcloud secrets versions add {secret} --data-file=- --project={target.project}",
    )
