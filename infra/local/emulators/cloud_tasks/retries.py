"""When a failed task is tried again, and when no more."""

from __future__ import annotations

from datetime import datetime, timedelta

from google.cloud.tasks_v2 import types

UNLIMITED_ATTEMPTS = -1

#: A task this old is deleted whether or not it was ever dispatched.
RETENTION = timedelta(days=31)


def back_off(config: types.RetryConfig, failures: int) -> timedelta:
    """Return the pause after the `failures`-th failure in a row (from 1).

    It starts at min_backoff, doubles max_doublings times, then grows by that last step, and
    stays at max_backoff.
    """
    doublings = min(failures - 1, config.max_doublings)
    beyond = failures - 1 - doublings
    # In floats, where the thousandth doubling is large and not an error.
    seconds = config.min_backoff.total_seconds() * 2.0 ** min(doublings, 1000) * (1 + beyond)
    return timedelta(seconds=min(seconds, config.max_backoff.total_seconds()))


def next_attempt(
    config: types.RetryConfig, task: types.Task, *, failed_at: datetime, wait_at_least: timedelta
) -> datetime | None:
    """Return when to try `task` again, or None if it has failed for good.

    Both limits must be reached where both are set; a limit that is not set holds nothing back.
    """
    attempts_left = task.dispatch_count < config.max_attempts
    time_left = failed_at < task.first_attempt.dispatch_time + config.max_retry_duration
    limited_by_attempts = config.max_attempts != UNLIMITED_ATTEMPTS
    limited_by_time = config.max_retry_duration > timedelta(0)
    if (limited_by_attempts or limited_by_time) and not (
        (limited_by_attempts and attempts_left) or (limited_by_time and time_left)
    ):
        return None
    again = failed_at + max(back_off(config, task.dispatch_count), wait_at_least)
    return again if again < task.create_time + RETENTION else None
