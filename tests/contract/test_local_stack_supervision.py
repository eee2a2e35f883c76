"""A stack keeps its services running, and says in one line when it can't."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from infra.local.failures import StackFailed
from infra.local.home import Home
from infra.local.layout import Layout
from infra.local.ports import HOST
from infra.local.processes import Answers, Service, python
from infra.local.stack import Stack, attach
from infra.local.supervisor import RestartPolicy
from tests.contract.local_stack_fixtures import (
    SERVER,
    fake_services,
    family,
    lives,
    service,
    until,
)

SIMPLE = "import signal; print('serving'); signal.pause()"
API = """
import http.server, sys
class Door(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Door).serve_forever()
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def stack_of(home: Home, *services: Service, **options: object) -> Stack:
    return Stack(home, services=lambda _: services, **options)  # type: ignore[arg-type]


def api(layout: Layout) -> Service:
    port = layout.ports["api"]
    return Service(
        name="functions",
        command=python("-c", API, str(port)),
        environment={},
        ready=Answers(port),
        folder=Path("/"),
    )


def test_a_stack_is_ready_when_all_its_services_are(home: Home) -> None:
    slow = "import time; time.sleep(0.3); " + SIMPLE
    told: list[str] = []
    with stack_of(home, service("quick", SIMPLE), service("slow", slow), on_event=told.append):
        assert told == ["quick is ready", "slow is ready"]


def test_a_killed_service_comes_back_and_what_it_had_started_is_gone(home: Home) -> None:
    told: list[str] = []
    with Stack(home, services=fake_services, on_event=told.append) as stack:
        before = family([stack.processes["first"]])
        other = stack.processes["second"]
        assert len(before) == 2
        before[0].kill()
        until(lambda: "first is back" in told)
        assert not any(map(lives, before))
        assert stack.processes["second"] == other
        record = home.record()
        assert record is not None
        assert record.processes["first"].pid == stack.processes["first"]


def test_a_service_that_dies_over_and_over_ends_the_stack_with_its_last_complaint(
    home: Home, tmp_path: Path
) -> None:
    # Well at first, so that the stack is up; each start after that ends in an error.
    mark = tmp_path / "mark"
    dying = f"""
import os, signal, sys
if os.path.exists({str(mark)!r}):
    sys.exit('RuntimeError: the flux has no capacitor')
open({str(mark)!r}, 'w').close()
print('serving')
signal.pause()
"""
    policy = RestartPolicy(deaths=3, first_wait_seconds=0.01)
    steady = service("steady", SIMPLE)
    with stack_of(home, steady, service("frail", dying), restarts=policy) as stack:
        psutil.Process(stack.processes["frail"]).kill()
        with pytest.raises(StackFailed) as raised:
            stack.wait()
        assert "frail died 4 times" in raised.value.message
        assert raised.value.message.endswith("RuntimeError: the flux has no capacitor")
        assert "\n" not in raised.value.message


def test_a_service_that_does_not_come_up_fails_the_start_with_its_complaint(home: Home) -> None:
    broken = service("broken", "raise ValueError('no such luck')")
    stack = stack_of(home, service("fine", SERVER), broken)
    with pytest.raises(StackFailed, match=r"^broken stopped .*: ValueError: no such luck$"):
        stack.start()
    assert stack.processes == {}
    assert home.record() is None


def test_a_service_that_is_never_ready_fails_the_start(home: Home) -> None:
    mute = replace(service("mute", "import signal; signal.pause()"), ready_within=0.3)
    with pytest.raises(StackFailed, match="mute is not ready after 0 s: it printed nothing"):
        stack_of(home, mute).start()


def test_a_port_taken_meanwhile_is_named_as_the_reason(home: Home) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        program = f"import socket; socket.create_server(('{HOST}', {port}))"
        with pytest.raises(StackFailed, match="another program has taken its port"):
            stack_of(home, service("late", program)).start()


def test_a_service_that_does_not_stop_when_asked_is_killed(home: Home) -> None:
    deaf = "import signal; signal.signal(15, signal.SIG_IGN); print('serving'); signal.pause()"
    told: list[str] = []
    stack = stack_of(home, service("deaf", deaf, patience=0.2), on_event=told.append)
    with stack:
        process = psutil.Process(stack.processes["deaf"])
    assert not lives(process)
    assert "deaf did not stop in time and is killed" in told


def test_services_stop_in_their_turns(home: Home) -> None:
    program = """
import signal, sys
signal.signal(15, lambda *_: sys.exit(print('bye')))
print('serving')
signal.pause()
"""
    with stack_of(home, *(service(name, program, stop_turn=n) for n, name in enumerate("cab"))):
        pass
    lines = home.log.read_text().splitlines()
    assert [line.split()[1].rstrip("|") for line in lines if line.endswith("bye")] == list("cab")


def test_ctrl_c_again_while_it_stops_kills_at_once(home: Home) -> None:
    deaf = "import signal; signal.signal(15, signal.SIG_IGN); print('serving'); signal.pause()"
    stack = stack_of(home, service("deaf", deaf, patience=60))
    stack.start()
    process = psutil.Process(stack.processes["deaf"])
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        stack.stop()
    assert time.monotonic() - began < 30
    assert not lives(process)


def test_a_signal_ends_the_wait(home: Home) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stack_of(home, service("one", SIMPLE)) as stack:
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        stack.wait()
    assert signal.getsignal(signal.SIGTERM) is before


def test_nothing_of_the_users_shell_reaches_a_process(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "CHUNK_SIZE_PAGES", "GOOGLE_CLOUD_PROJECT", "DATABASE__URL"):
        monkeypatch.setenv(name, "from-the-shell")
    program = "import os; print(dict(os.environ)); " + SIMPLE

    def services(layout: Layout) -> list[Service]:
        return [replace(service("nosy", program), environment=layout.full_environment)]

    with Stack(home, services=services) as stack:
        log = home.log.read_text()
        assert "from-the-shell" not in log
        assert stack.environment["DATABASE__URL"] in log


def test_a_restart_has_the_same_ports_and_secrets_unless_a_port_is_taken(home: Home) -> None:
    with Stack(home, services=fake_services) as stack:
        first = stack.layout
    with socket.create_server((HOST, first.ports["gcs"])), Stack(home, services=fake_services) as s:
        second = s.layout
    assert second.secrets == first.secrets
    changed = {name for name in first.ports if first.ports[name] != second.ports[name]}
    assert changed == {"gcs"}


def test_another_process_finds_a_running_stack_only_while_it_runs(home: Home) -> None:
    assert attach(home) is None
    with Stack(home, services=lambda layout: [api(layout)]) as stack:
        found = attach(home)
        assert found is not None
        assert found.pid == os.getpid()
        assert found.endpoints == stack.endpoints
        assert found.environment == stack.environment
        assert found.processes == stack.processes
        record = home.folder / "stack.json"
        assert record.stat().st_mode & 0o777 == 0o600
        kept = record.read_bytes()
    assert attach(home) is None
    # What a supervisor that was killed would have left behind.
    record.write_bytes(kept)
    assert attach(home) is None


def test_a_stack_whose_api_does_not_answer_is_not_attached_to(home: Home) -> None:
    with Stack(home, services=fake_services):
        assert attach(home) is None


def test_the_log_has_every_line_after_its_process_and_is_bounded(home: Home) -> None:
    flood = "print('x' * 1_000_000, flush=True)\nfor _ in range(60): print('y' * 1_000_000)\n"
    with stack_of(home, service("loud", flood + SIMPLE)):
        pass
    sizes = [path.stat().st_size for path in home.log.parent.iterdir()]
    assert max(sizes) < 11_000_000
    assert len(sizes) == 2
    assert all(" loud " in line[:40] for line in home.log.read_text().splitlines())


def test_the_api_endpoint_is_where_the_functions_answer(home: Home) -> None:
    with Stack(home, services=lambda layout: [api(layout)]) as stack:
        connection = http.client.HTTPConnection(stack.endpoints["api"].removeprefix("http://"))
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
