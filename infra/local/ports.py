"""TCP ports on 127.0.0.1: those remembered from the last start where free, else new ones."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Mapping

from infra.local.failures import StackFailed

HOST = "127.0.0.1"

#: Below the range from which Linux (32768) and macOS (49152) take ports for outgoing
#: connections, so that one of those does not sit on a remembered port at the next start.
RANGE = range(20_000, 32_000)

_TRIES = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Servers set it too: connections of an earlier start that linger in TIME_WAIT don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose_ports(names: Iterable[str], remembered: Mapping[str, int]) -> dict[str, int]:
    """Return one free port for each name, the remembered one where it is still free.

    Raises StackFailed where the machine gives no free port.
    """
    chosen: dict[str, int] = {}
    for name in names:
        port = remembered.get(name)
        if port is None or port in chosen.values() or not is_free(port):
            # Kept out too: another name's remembered port, which may come later in the row.
            port = _new_port(taken={*chosen.values(), *remembered.values()})
        chosen[name] = port
    return chosen


def _new_port(taken: set[int]) -> int:
    for _ in range(_TRIES):
        port = random.choice(RANGE)  # noqa: S311 - spreads stacks over the range, guards nothing
        if port not in taken and is_free(port):
            return port
    raise StackFailed(
        f"No free TCP port was found on {HOST} in {_TRIES} tries between {RANGE.start} and "
        f"{RANGE.stop}: close some programs, or allow this one to listen there."
    )
