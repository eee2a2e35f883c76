"""What infra/settings.py reads is what terraform/ sets, both ways; what the code needs is there.

Read from terraform/*.tf themselves, so that it runs everywhere. What each process is told in the
end is tried by `make terraform-test`, which starts Settings with it.
"""

from __future__ import annotations

import re
from pathlib import Path

import functions.main
from tests.terraform.hcl import (
    FOLDER,
    keys_of,
    local_values,
    parsed,
    resources,
    unquoted,
)
from tests.terraform.setting_names import required_names, secret_names, setting_names

PROCESSES = {"api", "ingest", "merge", "maintain", "webhook", "worker"}

#: Why a setting is not for the cloud. Each must stand in Terraform's own list as well.
FOR_ONE_MACHINE = {
    "STORAGE_EMULATOR_HOST": "the emulator's address",
    "DOCUMENT_AI__ENDPOINT": "the emulator's address; the location's own where empty",
    "DOCUMENT_AI__INSECURE": "plain gRPC to the emulator",
    "TASKS__ENDPOINT": "the emulator's address",
    "TASKS__INSECURE": "plain gRPC to the emulator",
    "VERTEX__ENDPOINT": "the emulator's address; the location's own where empty",
    "VERTEX__INSECURE": "without login to it",
    "WORKERS__ENDPOINT": "an emulator's address in tests",
    "WORKERS__INSECURE": "without login to it",
    "INTERNAL__REQUIRED": "off, anybody could call",
    "INTERNAL__ISSUER": "Google signs the tokens of its own services",
    "INTERNAL__JWKS_URL": "Google's keys",
    "WEBHOOKS__ALLOW_PRIVATE": "private addresses, for one machine only",
}


def shared() -> set[str]:
    return keys_of(local_values()["shared_environment"])


def own(process: str) -> set[str]:
    return keys_of(local_values()["own_environment"][process])


def secrets(process: str) -> set[str]:
    return keys_of(local_values()["secret_names"][process])


def optional_secrets() -> set[str]:
    return keys_of(local_values()["optional_secrets"])


def set_for(process: str) -> set[str]:
    """Everything that Terraform always tells a process."""
    return shared() | own(process) | secrets(process)


def optional_settings() -> set[str]:
    return keys_of(local_values()["optional_settings"])


def tunable() -> set[str]:
    return keys_of(local_values()["tunable_settings"])


def for_one_machine() -> set[str]:
    return {unquoted(name) for name in local_values()["local_settings"]}


def known_to_terraform() -> set[str]:
    always = set().union(*(set_for(process) for process in PROCESSES))
    return always | optional_secrets() | optional_settings() | tunable() | for_one_machine()


def test_every_setting_that_the_code_reads_is_known_to_terraform() -> None:
    assert setting_names().keys() - known_to_terraform() == set()


def test_every_setting_that_terraform_knows_is_read_by_the_code() -> None:
    assert known_to_terraform() - setting_names().keys() == set()


def test_a_setting_is_set_or_tunable_or_for_one_machine_and_never_two_of_them() -> None:
    always = set().union(*(set_for(process) for process in PROCESSES)) | optional_secrets()
    assert always & optional_settings() == set()
    always |= optional_settings()
    assert always & tunable() == set()
    assert always & for_one_machine() == set()
    assert tunable() & for_one_machine() == set()


def test_what_is_left_to_one_machine_has_a_reason() -> None:
    assert for_one_machine() == FOR_ONE_MACHINE.keys()


def test_every_process_is_told_what_it_does_not_start_without() -> None:
    lacking = {process: required_names() - set_for(process) for process in PROCESSES}
    assert not any(lacking.values()), lacking


def test_terraform_s_processes_are_the_functions_and_the_workers() -> None:
    doors = set(dir(functions.main))
    assert keys_of(local_values()["own_environment"]) == PROCESSES == doors | {"worker"}
    assert keys_of(local_values()["functions"]) == doors


def test_what_is_told_of_telemetry_is_what_is_listed_and_comes_with_an_address_alone() -> None:
    text = (FOLDER / "telemetry.tf").read_text()
    [block] = re.findall(r"telemetry_endpoint == null \? \{\} : \{\n(.*?)\n    \}", text, re.DOTALL)
    told = set(re.findall(r"^\s+([A-Z][A-Z_]+) +=", block, re.MULTILINE))
    assert told == optional_settings()


def test_what_may_be_tuned_says_for_whom() -> None:
    for name, who in local_values()["tunable_settings"].items():
        if isinstance(who, str):
            assert who in {"${local.all_processes}", "${local.broker_processes}"}, name
        else:
            assert {unquoted(each) for each in who} <= PROCESSES, name


def test_no_secret_is_a_plain_setting() -> None:
    harmless = keys_of(local_values()["no_secret"])
    for process in PROCESSES:
        told = local_values()["own_environment"][process]
        plain = {name for name in shared() | own(process) if name in secret_names()}
        assert plain <= harmless, process
        for name in plain:
            assert told[name] == f"${{local.no_secret.{name}}}", f"{process}: {name}"
    assert tunable() & secret_names() == set()
    kept = set().union(*(secrets(process) for process in PROCESSES)) | optional_secrets()
    assert kept == secret_names()


def test_every_internal_function_is_told_its_own_address_and_callers() -> None:
    for name in ("ingest", "merge", "maintain", "webhook"):
        told = local_values()["own_environment"][name]
        assert told[f"INTERNAL__{name.upper()}__AUDIENCE"] == f"${{local.urls.{name}}}"
        assert "service_account" in told[f"INTERNAL__{name.upper()}__CALLERS"]
        assert unquoted(told["INTERNAL__PLATFORM_CHECKS"]) == "true"
    told = local_values()["own_environment"]["api"]
    assert not any(name.startswith("INTERNAL__") for name in told)


def test_what_the_code_needs_at_run_time_is_made() -> None:
    made = resources()
    assert {"uploads", "chunks"} <= made["google_storage_bucket"]
    assert {"merges", "webhooks"} <= made["google_cloud_tasks_queue"]
    assert "this" in made["google_redis_instance"]
    assert "ocr" in made["google_document_ai_processor"]
    assert "this" in made["google_cloud_run_v2_worker_pool"]
    assert "maintain" in made["google_cloud_scheduler_job"]
    module = parsed("modules/function/main.tf")["resource"]
    assert any('"google_cloudfunctions2_function"' in block for block in module)


def test_every_secret_that_a_process_reads_is_made() -> None:
    text = "".join(file.read_text() for file in sorted(FOLDER.glob("*.tf")))
    made = keys_of_lower(local_values()["made_secrets"]) | set(
        re.findall(r"^\s+(\w+) += \"[A-Z][A-Z_]+: ", text, re.MULTILINE)
    )
    wanted = set()
    for process in PROCESSES:
        value = local_values()["secret_names"][process]
        words = value.values() if not isinstance(value, str) else re.findall(r'"(\w+)"', value)
        wanted |= {unquoted(word) for word in words}
    assert wanted <= made


def keys_of_lower(value: object) -> set[str]:
    assert isinstance(value, dict)
    return {unquoted(key) for key in value if not key.startswith("__")}


def test_every_environment_has_its_file() -> None:
    assert {file.stem for file in Path(FOLDER / "environments").glob("*.tfvars")} == {"dev", "prod"}
