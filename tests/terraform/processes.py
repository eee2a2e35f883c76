"""Whether each process would start with what Terraform tells it, and be called as it expects."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from infra.settings import Settings
from tests.terraform.setting_names import secret_names, setting_names

#: Read by Celery and Google's libraries themselves.
NOT_OURS = {"REMAP_SIGTERM"}
#: Where a process has no use for a secret that Settings asks for, Terraform says so in its place.
NO_SECRET = "this-process-has-no"
_SECRETS = {
    "DATABASE__URL": "postgresql://quire:secret@pooler.example:6543/postgres",
    "REDIS_URL": "rediss://:secret@10.80.8.4:6378/0",
}


def wrong_with(told: Mapping[str, Any]) -> Iterator[str]:
    """Say what is wrong with the output `settings` of an applied configuration."""
    settings: dict[str, Settings] = {}
    for process, plain in told["environment"].items():
        secrets = told["secret_environment"][process]
        for name in sorted(plain.keys() | secrets.keys()):
            if name not in setting_names() and name not in NOT_OURS:
                yield f"{process} is told {name}, which no setting is called."
        for name in sorted(plain.keys() & secrets.keys()):
            yield f"{process} is told {name} twice, plainly and as a secret."
        for name in sorted(plain.keys() & secret_names()):
            if NO_SECRET not in plain[name]:
                yield f"{process} is told the secret {name} plainly."
        environment = plain | {name: _SECRETS.get(name, "s" * 64) for name in secrets}
        try:
            settings[process] = _settings(environment)
        except ValidationError as error:
            yield f"{process} would not start: {error}"
    yield from _disagreements(settings)


def _settings(environment: Mapping[str, str]) -> Settings:
    """Return what a process reads whose whole environment this is."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        return Settings()
    finally:
        os.environ.clear()
        os.environ.update(before)


def _disagreements(settings: Mapping[str, Settings]) -> Iterator[str]:
    """Say which function would not be called by the address and account that it expects."""
    doors = {name: getattr(each.internal, name, None) for name, each in settings.items()}
    for name, door in doors.items():
        if door is None:
            continue
        if not door.audience or not door.callers:
            yield f"{name} would answer nobody."
        if not settings[name].internal.platform_checks:
            yield f"{name} would refuse the tokens whose signature Cloud Run has cut off."
        for caller, each in settings.items():
            called = getattr(each.tasks, f"{name}_url", door.audience)
            if called != door.audience:
                yield f"{caller} calls {name} at {called}, which expects {door.audience}."
            if name != "maintain" and each.tasks.service_account not in door.callers:
                yield f"{name} would refuse the account in whose name {caller} has it called."
    audiences = [door.audience for door in doors.values() if door is not None]
    if len(set(audiences)) != len(audiences):
        yield f"Functions share an address: {json.dumps(sorted(audiences))}."
    if settings and settings["api"].internal.platform_checks:
        yield "api would believe unsigned tokens, though anybody may call it."
