"""A time limit on several statements together, on real Postgres."""

from __future__ import annotations

from itertools import count

import pytest

from common.errors import TransientError
from infra.database.pool import Pool
from infra.database.time_limits import Row, limited


def test_each_statement_has_what_those_before_it_have_left(pool: Pool) -> None:
    twos = map(float, count(0, 2))
    left: list[Row] = []

    def ask() -> None:
        with limited(pool, 5, "Ask for less.", code="SLOW", clock=lambda: next(twos)) as statements:
            while True:
                left.extend(statements.rows("SHOW statement_timeout"))

    with pytest.raises(TransientError, match="Ask for less") as raised:
        ask()
    assert left == [{"statement_timeout": "3s"}, {"statement_timeout": "1s"}]
    assert raised.value.code == "SLOW"


def test_a_statement_that_takes_longer_is_ended_and_the_connection_is_as_it_was(
    pool: Pool,
) -> None:
    with (
        pytest.raises(TransientError) as raised,
        limited(pool, 0.05, "Ask for less.", code="SLOW") as statements,
    ):
        statements.rows("SELECT pg_sleep(60)")
    assert raised.value.code == "SLOW"
    with pool.connection() as connection:
        row = connection.execute("SHOW statement_timeout").fetchone()
        assert row == {"statement_timeout": "0"}
