"""What is done whatever went wrong before it, without hiding what that was."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from common.errors import QuireError

log = logging.getLogger(__name__)


@contextmanager
def in_any_case(then: Callable[[], None]) -> Iterator[None]:
    """Do something behind the block, however that ends.

    The first error goes on, a SystemExit too; one that comes behind it is logged.
    """
    try:
        yield
    except BaseException:
        try:
            then()
        except Exception as error:
            code = {"code": error.code} if isinstance(error, QuireError) else {}
            log.exception("an error came behind another", extra=code)
        raise
    then()
