"""Our loggers, heard by a handler for a while."""

from __future__ import annotations

import logging
from typing import Final
from uuid import UUID

from infra.job_log import JobLogHandler

LOGGER: Final = "functions.pipeline.testing"


class attached:  # noqa: N801 - used like a function
    """Has a handler hear our loggers for a while."""

    def __init__(self, handler: JobLogHandler) -> None:
        self.handler = handler

    def __enter__(self) -> JobLogHandler:
        logger = logging.getLogger("functions")
        logger.addHandler(self.handler)
        logger.setLevel(logging.INFO)
        return self.handler

    def __exit__(self, *_: object) -> None:
        logger = logging.getLogger("functions")
        logger.removeHandler(self.handler)
        logger.setLevel(logging.NOTSET)


def say(message: str, job_id: UUID, level: int = logging.INFO) -> None:
    logging.getLogger(LOGGER).log(level, message, extra={"job_id": str(job_id)})
