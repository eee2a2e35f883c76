"""Fixtures of the command's tests; each test module imports those it needs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.cli.api import Api
from infra.cli.patience import Patience
from tests.unit.cli.little_api import SECRET, LittleApi, LittleServer, little_server


@pytest.fixture(scope="module")
def listening() -> Iterator[LittleServer]:
    """Give a running server without an API."""
    with little_server() as running:
        yield running


@pytest.fixture
def server(listening: LittleServer) -> LittleApi:
    """Give a running little API."""
    return listening.fresh()


@pytest.fixture
def api(server: LittleApi) -> Iterator[Api]:
    """Give the command's view of it."""
    with Api(server.address, SECRET) as connected:
        yield connected


def brief() -> Patience:
    """Return a patience of a few tries that sleeps not at all."""
    clock = iter(range(1000))
    return Patience(6, sleep=lambda _: None, clock=lambda: next(clock))
