"""
Our errors, by what the caller should do about them.

* QuireError
  x TransientError       try again later; counted as one of the chunk's tries
  x QuotaError           put back until there is quota again; not counted as a try
  x PermanentError       never try again: the page, chunk or job fails with this code
    - MisconfiguredError a service refuses us, not the page: an operator must act
  x LeaseLost            stop quietly: another attempt owns the work now
  x Conflict             the request does not fit what is there (HTTP 409)
  x NotFound             nothing by that name for this caller (HTTP 404)
  x InsufficientCredits  the owner has too few credits left (HTTP 402)
  x InvalidRequest       the caller must change the request (HTTP 400, 413, 415, 422)

A `code` is stable: it stands in the database, in answers, alerts and dashboards. The message is
a sentence for the user that says what to do; it never holds a library's raw exception text.
"""

from __future__ import annotations

from typing import ClassVar


class QuireError(Exception):
    """An error that Quire knows by name."""

    #: Used when the one who raises it has no finer code.
    default_code: ClassVar[str] = "PROCESSING_ERROR"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code


class TransientError(QuireError):
    """Something outside is briefly away: back off with jitter and try again."""

    default_code = "CHUNK_PROCESSING_ERROR"


class QuotaError(QuireError):
    """A service takes no more for now. The work goes back with a due time, uncounted.

    Each who is told to come back is told a time of their own.
    """

    default_code = "QUOTA_EXCEEDED"

    def __init__(
        self, message: str, *, code: str | None = None, retry_after_seconds: float = 10.0
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after_seconds = retry_after_seconds


class PermanentError(QuireError):
    """Trying again would give the same answer."""


class MisconfiguredError(PermanentError):
    """A service refuses this deployment: rights, names or keys are wrong.

    Its message is the same for all: whose document it hits can do nothing about it, and learns
    nothing of the deployment. `detail` says what is wrong, to operators alone.
    """

    default_code = "SERVICE_MISCONFIGURED"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(
            "A service refused Quire's own rights. The operator has been told; retry later.",
            code=code,
        )
        self.detail = detail


class LeaseLost(QuireError):
    """Another attempt has taken the work over."""

    default_code = "LEASE_LOST"


class Conflict(QuireError):
    """The request does not fit the state of what it is about."""

    default_code = "CONFLICT"


class NotFound(QuireError):
    """There is nothing by that name, or it is not this caller's."""

    default_code = "NOT_FOUND"


class InsufficientCredits(QuireError):
    """The owner's credits do not cover the pages."""

    default_code = "INSUFFICIENT_CREDITS"


class InvalidRequest(QuireError):
    """The request itself is wrong; `status` is the HTTP status that says how."""

    default_code = "INVALID_REQUEST"

    def __init__(self, message: str, *, code: str | None = None, status: int = 400) -> None:
        super().__init__(message, code=code)
        self.status = status
