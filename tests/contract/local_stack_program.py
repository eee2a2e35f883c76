"""Runs a stack until a signal, as `quire up` does. Arguments: FOLDER, and words seen below."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from infra.local.home import Home
from infra.local.layout import Layout
from infra.local.postgres import postgres
from infra.local.processes import Service
from infra.local.services import local_services
from infra.local.stack import Stack
from infra.local.valkey import valkey
from tests.contract.local_stack_fixtures import fake_services


def servers(layout: Layout) -> Sequence[Service]:
    """Postgres and Valkey beside the small ones."""
    return [postgres(layout), valkey(layout), *fake_services(layout)]


if __name__ == "__main__":
    choices = {"servers": servers, "whole": local_services}
    services = choices.get(sys.argv[-1], fake_services)
    with Stack(Home(Path(sys.argv[1])), services=services) as stack:
        print(*stack.processes.values(), flush=True)
        if "raise" in sys.argv[2:]:
            raise RuntimeError("the command using the stack has a bug")
        if "work" in sys.argv[2:]:
            threading.Event().wait()
        stack.wait()
        print("ending", flush=True)
