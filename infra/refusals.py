"""Tells operators, and nobody else, what a service refuses this deployment."""

from __future__ import annotations

import logging
import sys

from common.errors import MisconfiguredError
from infra.log_lines import FOR_OPERATORS

log = logging.getLogger(__name__)


def misconfigured(detail: str, *, code: str | None = None) -> MisconfiguredError:
    """Log what an operator has to mend, and return the error to raise.

    `detail` may name settings, roles and buckets. It does not get to the log of the job that is
    being worked on; the service's own error, where one is being handled, goes beside it.
    """
    error = MisconfiguredError(detail, code=code)
    log.error(
        "a service refuses this deployment",
        extra={"code": error.code, "detail": detail, FOR_OPERATORS: True},
        exc_info=sys.exception(),
    )
    return error
