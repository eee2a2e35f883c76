"""compose.yaml, the systemd units and the example environment keep what they promise."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from functions import main as entry_points
from infra.settings import Settings
from tests.image import in_context
from tests.self_hosted import (
    DOORS,
    FOLDER,
    ROOT,
    compose,
    example,
    our_services,
    setting_names,
    unit,
)

UNITS = sorted(path.name for path in FOLDER.glob("*.service"))


def test_compose_runs_every_function_the_worker_and_what_they_need() -> None:
    services = compose()["services"]
    assert set(dir(entry_points)) <= set(services)
    assert {"worker", "migrate", "valkey", "postgres"} <= set(services)
    for name in ("api", *DOORS):
        assert services[name]["command"][:2] == ["functions-framework", f"--target={name}"]
    # The image's own command is Celery's.
    assert "command" not in services["worker"]


def test_only_the_api_has_a_port_and_only_on_this_machine() -> None:
    published = {
        name: service["ports"]
        for name, service in compose()["services"].items()
        if "ports" in service and "front" not in service.get("profiles", [])
    }
    assert list(published) == ["api"]
    assert all(port.startswith("127.0.0.1:") for port in published["api"])


def test_the_databases_have_no_way_out() -> None:
    networks = compose()["networks"]
    assert networks["inside"]["internal"] is True
    for name in ("valkey", "postgres"):
        assert compose()["services"][name]["networks"] == ["inside"]


@pytest.mark.parametrize("name", compose()["services"])
def test_a_container_may_write_nothing_but_its_volumes_and_gains_nothing(name: str) -> None:
    service = compose()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "mem_limit" in service
    assert "privileged" not in service
    if "profiles" not in service:
        assert service["restart"] in {"unless-stopped", "on-failure:5"}


def test_whatever_serves_is_looked_after() -> None:
    services = compose()["services"]
    for name in ("valkey", "postgres", "api", *DOORS, "worker"):
        assert "test" in services[name]["healthcheck"], name
    for name in ("api", *DOORS, "worker", "maintain"):
        after = services[name]["depends_on"]
        assert after["migrate"]["condition"] == "service_completed_successfully"


def test_no_secret_stands_in_compose_and_every_one_comes_from_a_file() -> None:
    assert not re.search(r"(?i)(password|secret|key)\w*[:=]\s*['\"]?[a-z0-9]{8,}", _compose_text())
    for service in our_services().values():
        assert service["env_file"] == ["${QUIRE_ENV_FILE:-quire.env}"]
        assert set(service["environment"]) == {"GOOGLE_APPLICATION_CREDENTIALS"}
    assert all("file" in secret for secret in compose()["secrets"].values())


def test_other_peoples_images_are_named_with_a_version() -> None:
    for name, service in compose()["services"].items():
        if "build" not in service:
            assert re.search(r":[a-z]*\d", service["image"]), name


def test_files_with_secrets_reach_neither_git_nor_an_image() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/quire.env", "/secrets/"} <= set(ignored)
    for name in ("quire.env", "secrets/redis_password", "docs/self-hosting/quire.env"):
        assert not in_context(name)


def test_the_example_names_only_settings_and_a_process_starts_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = example()
    assert set(values) <= set(setting_names())
    for name in setting_names():
        monkeypatch.delenv(name, raising=False)
    for name, value in values.items():
        # KEY stands for something longer.
        monkeypatch.setenv(name, value if value != "KEY" else "k" * 48)
    settings = Settings()
    for door in DOORS:
        there = getattr(settings.internal, door)
        assert there.audience == getattr(settings.tasks, f"{door}_url")
        assert there.callers == {settings.tasks.service_account}
    assert settings.internal.required


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_confined(name: str) -> None:
    service = unit(name)["Service"]
    for option in ("NoNewPrivileges", "DynamicUser", "PrivateTmp", "ProtectHome", "PrivateDevices"):
        assert service[option] == ["yes"], option
    assert service["ProtectSystem"] == ["strict"]
    assert service["CapabilityBoundingSet"] == [""]
    assert service["EnvironmentFile"] == ["/etc/quire/quire.env"]
    assert re.fullmatch(r"\d+[MG]", service["MemoryMax"][0])


def test_the_units_run_what_compose_runs() -> None:
    services = compose()["services"]
    assert unit("quire-api.service")["Service"]["ExecStart"][0].split()[1] == "--target=api"
    assert unit("quire-maintain.timer")["Timer"]["OnCalendar"] == ["minutely"]
    assert services["maintain"]["command"][:3] == ["python", "-m", "functions.clock"]
    door = unit("quire-door@.service", "merge")["Service"]
    assert {f"PORT_{name}" for name in DOORS} <= {
        pair.split("=")[0] for line in door["Environment"] for pair in line.split()
    }


def test_systemd_takes_the_units_and_finds_them_well_confined(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    units = []
    for path in (*FOLDER.glob("*.service"), *FOLDER.glob("*.timer")):
        copy = tmp_path / path.name.replace("@.", "@merge.")
        # It looks whether the programs are there.
        copy.write_text(path.read_text().replace("/opt/quire", str(ROOT)))
        units.append(copy)
    done = subprocess.run(
        [program, "verify", *units], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    said = [line for line in done.stderr.splitlines() if "quire" in line]
    assert (done.returncode, said) == (0, [])
    for path in units:
        if path.suffix == ".service":
            looked = subprocess.run(
                [program, "security", "--offline=true", "--threshold=25", path],
                capture_output=True,
                text=True,
                check=False,
            )
            assert looked.returncode == 0, looked.stdout.splitlines()[-1:]


def test_compose_itself_takes_the_file(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    asked = docker and subprocess.run(
        [docker, "compose", "version"], capture_output=True, check=False
    )
    if not asked or asked.returncode:
        pytest.skip("docker compose is not installed")
    (tmp_path / "quire.env").write_text("LOG_LEVEL=INFO\n")
    done = subprocess.run(
        [str(docker), "compose", "--profile", "*", "config", "--quiet"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "QUIRE_ENV_FILE": str(tmp_path / "quire.env")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _compose_text() -> str:
    return (ROOT / "compose.yaml").read_text()
