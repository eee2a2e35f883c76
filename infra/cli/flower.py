"""`quire flower`: Celery's own monitor, on the stack that runs on this machine."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from infra.cli.connection import find_stack, home_at, living_record, no_stack
from infra.cli.exits import STOPS, Exit, Unreachable, UnusableInput, exit_codes
from infra.cli.target import Wanted, remote_of
from infra.local.home import ROOT, Home
from infra.local.ports import HOST, choose_ports, is_free

_LOOK_EVERY_SECONDS: Final = 0.2
#: How long Flower may take to tell the workers that nobody listens any more.
_GRACE_SECONDS: Final = 3
#: The exit code with which the server says that the port can't be had.
PORT_TAKEN: Final = 75


@click.command(
    epilog=exit_codes(
        {
            Exit.DONE: "ended by Ctrl-C, or with the stack",
            Exit.USAGE: "wrong options, or it is a deployed Quire that is meant",
            Exit.UNREACHABLE: "no stack runs, or Flower could not be started",
        }
    )
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="N",
    help="Where to listen on 127.0.0.1; a free port where left out.",
)
@click.pass_context
def flower(context: click.Context, *, port: int | None) -> None:
    """Open Flower, Celery's monitor, on the stack that runs on this machine.

    It shows the workers, what they read, and the queues. It only shows: nothing can be stopped or
    sent from there. It listens on 127.0.0.1, without a login, until Ctrl-C or the stack's end.
    While it runs, the workers tell it about every task.

    \b
    Examples:
      quire flower
      quire flower --port 5555
    """
    wanted: Wanted = context.obj
    remote = remote_of(wanted)
    if remote is not None and remote.is_typed:
        raise UnusableInput(
            f"`quire flower` looks at the stack of this machine; {remote.address} runs elsewhere.",
            code="LOCAL_ONLY",
            advice="Its workers and queues are at /v1/admin/workers and /v1/admin/queues.",
        )
    home = home_at(wanted.home)
    stack = find_stack(home)
    if stack is None:
        raise no_stack(home)
    if port is not None and not is_free(port):
        raise _taken(port)
    try:
        _serve(home, stack.endpoints["redis"], port or choose_ports(["flower"], {})["flower"])
    except STOPS:
        click.echo("Stopped.")


def _serve(home: Home, broker: str, port: int) -> None:
    with _started(broker, port) as server:
        while not _answers(port):
            if server.poll() is not None:
                raise _failed(server.returncode, port)
            time.sleep(_LOOK_EVERY_SECONDS)
        click.echo(f"Flower is at http://{HOST}:{port} (Ctrl-C ends it)")
        sys.stdout.flush()
        while server.poll() is None:
            if living_record(home) is None:
                click.echo("The stack has ended.")
                return
            time.sleep(_LOOK_EVERY_SECONDS)
        raise _failed(server.returncode, port)


@contextmanager
def _started(broker: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run Flower for a while; in a session of its own, so that Ctrl-C comes to this process."""
    server = subprocess.Popen(  # noqa: S603 - this program's own module and a number
        [sys.executable, "-m", "infra.cli.flower_server", str(port)],
        env={**os.environ, "CELERY_BROKER_URL": broker, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield server
    finally:
        server.terminate()
        try:
            server.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/healthcheck")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _failed(code: int, port: int) -> Unreachable:
    if code == PORT_TAKEN:
        return _taken(port)
    return Unreachable(f"Flower has ended (exit code {code}).", code="FLOWER_FAILED")


def _taken(port: int) -> Unreachable:
    return Unreachable(
        f"Nothing can listen on port {port} of {HOST}: it is taken, or not allowed.",
        code="PORT_TAKEN",
        advice="Leave out --port for a free one.",
    )
