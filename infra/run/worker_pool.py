"""The number of a worker pool's instances, by the Cloud Run Admin API (v2, REST).

By REST because it is one number, in two calls: Google's login is loaded for Cloud Storage anyway,
where the API's own client would add 5.6 MB and 0.2-0.3 s of import.
"""

from __future__ import annotations

from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from common.errors import MisconfiguredError, PermanentError, QuireError, TransientError
from infra.refusals import misconfigured
from infra.settings import WorkersSettings

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
#: Of one call. What fails is tried again by the next maintain.
TIMEOUT_SECONDS: Final = 10.0

#: A conflict (ABORTED) is another change under way: a deployment.
_PASSING: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS}
)


class CloudRunWorkerPool:
    """Fits `common.ports.WorkerPool`. Needs `run.workerpools.get` and `.update` on the pool.

    Every method raises TransientError WORKER_POOL_AWAY where the next run may succeed, and
    MisconfiguredError WORKER_POOL_REFUSED or WORKER_POOL_MISSING where an operator must act.
    """

    def __init__(self, settings: WorkersSettings) -> None:
        self._settings = settings
        self._url = f"{settings.endpoint.rstrip('/')}/v2/{settings.pool}"

    def instances(self) -> int | None:
        """Return the number of instances that was asked for last; None where none ever was."""
        scaling: dict[str, Any] = self._call("GET").get("scaling", {})
        if scaling.get("scalingMode") == "AUTOMATIC":
            raise misconfigured(
                "The worker pool scales itself: set its scaling mode to manual.",
                code="WORKER_POOL_REFUSED",
            )
        count: int | None = scaling.get("manualInstanceCount")
        return count

    def ask_for(self, instances: int) -> None:
        """Ask for so many instances. They start and end after this has returned."""
        self._call(
            "PATCH",
            # Nothing else of the pool is touched, so no revision is made.
            params={"updateMask": "scaling.manualInstanceCount"},
            json={"scaling": {"manualInstanceCount": instances}},
        )

    def close(self) -> None:
        """Close the connections that are kept open for the next call."""
        if "_session" in vars(self):
            self._session.close()  # type: ignore[no-untyped-call]

    @cached_property
    def _session(self) -> AuthorizedSession:
        import google.auth
        from google.auth.credentials import AnonymousCredentials
        from google.auth.transport.requests import AuthorizedSession

        if self._settings.insecure:
            return AuthorizedSession(AnonymousCredentials())  # type: ignore[no-untyped-call]
        credentials, _ = google.auth.default(scopes=[SCOPE])
        return AuthorizedSession(credentials)  # type: ignore[no-untyped-call]

    def _call(self, method: str, **request: Any) -> dict[str, Any]:
        from google.auth.exceptions import GoogleAuthError
        from requests import RequestException

        try:
            answer = self._session.request(  # type: ignore[no-untyped-call]
                method, self._url, timeout=TIMEOUT_SECONDS, **request
            )
            if not answer.ok:
                raise _refusal(answer.status_code)
            found: dict[str, Any] = answer.json()
        except GoogleAuthError as error:
            if error.retryable:
                raise _away() from error
            raise _refused() from error
        except RequestException as error:
            raise _away() from error
        return found


def _refusal(status: int) -> QuireError:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING:
        return _away()
    if status == HTTPStatus.NOT_FOUND:
        return misconfigured(
            "There is no worker pool by the name in WORKERS__POOL.", code="WORKER_POOL_MISSING"
        )
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return _refused()
    return PermanentError("Cloud Run refused the number of workers.", code="WORKER_POOL_REFUSED")


def _away() -> TransientError:
    return TransientError("Cloud Run is away for now.", code="WORKER_POOL_AWAY")


def _refused() -> MisconfiguredError:
    return misconfigured(
        "This process may not set the number of workers: it needs run.workerpools.get and "
        "run.workerpools.update on the pool, and to act as the workers' service account.",
        code="WORKER_POOL_REFUSED",
    )
