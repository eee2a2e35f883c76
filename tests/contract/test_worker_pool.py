"""The number of workers at Cloud Run: what is asked, and what its refusals become."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from common.errors import MisconfiguredError, PermanentError, QuireError, TransientError
from infra.run.worker_pool import CloudRunWorkerPool
from infra.settings import WorkersSettings
from tests.contract.worker_pool_fixtures import POOL, TOKEN, CloudRun, cloud_run

__all__ = ["cloud_run"]


def settings(cloud_run: CloudRun, *, insecure: bool = True, pool: str = POOL) -> WorkersSettings:
    return WorkersSettings(pool=pool, endpoint=cloud_run.address, insecure=insecure)


@pytest.fixture
def pool(cloud_run: CloudRun) -> Iterator[CloudRunWorkerPool]:
    pool = CloudRunWorkerPool(settings(cloud_run))
    yield pool
    pool.close()


# ── the number ───────────────────────────────────────────────────────────────────────────────


def test_the_number_that_was_asked_for_is_the_pools(
    cloud_run: CloudRun, pool: CloudRunWorkerPool
) -> None:
    assert pool.instances() == 1
    pool.ask_for(7)
    assert cloud_run.scaling == {"manualInstanceCount": 7}
    assert pool.instances() == 7


def test_none_at_all_is_a_number_too(cloud_run: CloudRun, pool: CloudRunWorkerPool) -> None:
    pool.ask_for(0)
    assert cloud_run.changes == [0]
    assert pool.instances() == 0


def test_nothing_but_the_number_is_written(cloud_run: CloudRun, pool: CloudRunWorkerPool) -> None:
    pool.ask_for(3)
    [(method, target, token, body)] = cloud_run.asked
    assert (method, token) == ("PATCH", None)
    assert target == f"/v2/{POOL}?updateMask=scaling.manualInstanceCount"
    assert body == {"scaling": {"manualInstanceCount": 3}}


def test_a_pool_that_was_never_given_a_number_has_none(
    cloud_run: CloudRun, pool: CloudRunWorkerPool
) -> None:
    cloud_run.scaling = {"scalingMode": "MANUAL"}
    assert pool.instances() is None


def test_a_pool_that_scales_itself_is_an_operators_mistake(
    cloud_run: CloudRun, pool: CloudRunWorkerPool
) -> None:
    cloud_run.scaling = {"scalingMode": "AUTOMATIC", "minInstanceCount": 1}
    with pytest.raises(MisconfiguredError) as caught:
        pool.instances()
    assert caught.value.code == "WORKER_POOL_REFUSED"


# ── refusals ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, PermanentError, "WORKER_POOL_REFUSED"),
        (403, MisconfiguredError, "WORKER_POOL_REFUSED"),
        (404, MisconfiguredError, "WORKER_POOL_MISSING"),
        (409, TransientError, "WORKER_POOL_AWAY"),
        (429, TransientError, "WORKER_POOL_AWAY"),
        (500, TransientError, "WORKER_POOL_AWAY"),
        (503, TransientError, "WORKER_POOL_AWAY"),
    ],
)
def test_a_refusal_says_whether_trying_again_helps(
    cloud_run: CloudRun, pool: CloudRunWorkerPool, status: int, kind: type[QuireError], code: str
) -> None:
    for attempt in (pool.instances, lambda: pool.ask_for(5)):
        cloud_run.refusals = [status]
        with pytest.raises(kind) as caught:
            attempt()
        assert caught.value.code == code
        assert "secret detail" not in caught.value.message
    assert cloud_run.scaling == {"manualInstanceCount": 1}
    # And the next run's is taken.
    pool.ask_for(5)
    assert cloud_run.scaling == {"manualInstanceCount": 5}


def test_a_name_of_no_pool_is_an_operators_mistake(cloud_run: CloudRun) -> None:
    pool = CloudRunWorkerPool(settings(cloud_run, pool=f"{POOL}-2"))
    with pytest.raises(MisconfiguredError) as caught:
        pool.instances()
    assert caught.value.code == "WORKER_POOL_MISSING"
    pool.close()


def test_a_server_that_is_not_there_is_away(unused_port: int) -> None:
    where = WorkersSettings(pool=POOL, endpoint=f"http://127.0.0.1:{unused_port}", insecure=True)
    pool = CloudRunWorkerPool(where)
    with pytest.raises(TransientError) as caught:
        pool.ask_for(2)
    assert caught.value.code == "WORKER_POOL_AWAY"
    pool.close()


def test_an_answer_that_is_no_json_is_as_good_as_none(
    cloud_run: CloudRun, pool: CloudRunWorkerPool
) -> None:
    cloud_run.raw = b"<html>a proxy's page</html>"
    with pytest.raises(TransientError):
        pool.instances()


# ── who asks ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def login(cloud_run: CloudRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = cloud_run.credentials(tmp_path)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    cloud_run.needs_token = True


@pytest.mark.usefixtures("login")
def test_the_processs_own_account_asks(cloud_run: CloudRun) -> None:
    pool = CloudRunWorkerPool(settings(cloud_run, insecure=False))
    pool.ask_for(4)
    assert pool.instances() == 4
    assert {token for _, _, token, _ in cloud_run.asked} == {f"Bearer {TOKEN}"}
    pool.close()


@pytest.mark.usefixtures("login")
def test_an_account_that_is_given_no_token_is_an_operators_matter(cloud_run: CloudRun) -> None:
    cloud_run.issues_tokens = False
    pool = CloudRunWorkerPool(settings(cloud_run, insecure=False))
    with pytest.raises(MisconfiguredError) as caught:
        pool.instances()
    assert caught.value.code == "WORKER_POOL_REFUSED"
    assert cloud_run.asked == []
    pool.close()


def test_who_has_no_account_is_refused_like_that(cloud_run: CloudRun) -> None:
    cloud_run.needs_token = True
    pool = CloudRunWorkerPool(settings(cloud_run))
    with pytest.raises(MisconfiguredError) as caught:
        pool.instances()
    assert caught.value.code == "WORKER_POOL_REFUSED"
    pool.close()


# ── settings ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "wrong",
    [
        {"pool": "quire-workers"},
        {"pool": "projects/p/locations/l/services/s"},
        {"min": 5, "max": 4},
        {"max": 0},
        {"min": -1},
        {"target_age_seconds": 10},
    ],
)
def test_settings_that_can_not_work_are_refused_at_the_start(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"pool|WORKERS__MIN|max|min|target"):
        WorkersSettings.model_validate(wrong)
