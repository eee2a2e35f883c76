"""What a queue may ask for, and what the service fills in where it asks for nothing."""

from __future__ import annotations

from datetime import timedelta

from google.cloud.tasks_v2 import types

from infra.local.emulators.cloud_tasks.rates import burst_of
from infra.local.emulators.cloud_tasks.refusals import invalid, left_out

MOST_DISPATCHES_PER_SECOND = 500.0
DEFAULT_CONCURRENT_DISPATCHES = 1000
MOST_CONCURRENT_DISPATCHES = 5000

DEFAULT_RETRIES = types.RetryConfig(
    max_attempts=100,
    min_backoff=timedelta(milliseconds=100),
    max_backoff=timedelta(hours=1),
    max_doublings=16,
)


def complete_queue(queue: types.Queue) -> None:
    """Fill in what `queue` leaves open; refuse what the service refuses."""
    if "http_target" in queue:
        raise left_out("queue-level HTTP targets")
    if "app_engine_routing_override" in queue:
        raise left_out("App Engine routing")
    limits = queue.rate_limits
    _check_range("RateLimits.maxDispatchesPerSecond", limits.max_dispatches_per_second, 500)
    _check_range("RateLimits.maxConcurrentDispatches", limits.max_concurrent_dispatches, 5000)
    queue.rate_limits = types.RateLimits(
        max_dispatches_per_second=limits.max_dispatches_per_second or MOST_DISPATCHES_PER_SECOND,
        max_concurrent_dispatches=limits.max_concurrent_dispatches or DEFAULT_CONCURRENT_DISPATCHES,
    )
    queue.rate_limits.max_burst_size = burst_of(queue.rate_limits.max_dispatches_per_second)
    queue.retry_config = complete_retries(queue.retry_config, DEFAULT_RETRIES)


def complete_retries(config: types.RetryConfig, defaults: types.RetryConfig) -> types.RetryConfig:
    """Return `config` with `defaults` where it says nothing; refuse what can't be."""
    if config.max_attempts < -1:
        raise invalid("RetryConfig.maxAttempts must be greater or equal to -1.")
    if config.max_doublings < 0:
        raise invalid("RetryConfig.maxDoublings cannot be negative.")
    for field, label in (
        ("min_backoff", "minBackoff"),
        ("max_backoff", "maxBackoff"),
        ("max_retry_duration", "maxRetryDuration"),
    ):
        if field in config and getattr(config, field) < timedelta(0):
            raise invalid(f"RetryConfig.{label} cannot be negative.")
    complete = types.RetryConfig(defaults)
    for field in types.RetryConfig.pb(config).ListFields():
        setattr(complete, field[0].name, getattr(config, field[0].name))
    if complete.min_backoff > complete.max_backoff:
        raise invalid(
            "RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff."
        )
    return complete


def _check_range(label: str, value: float, most: int) -> None:
    if value < 0:
        raise invalid(f"{label} cannot be negative.")
    if value > most:
        raise invalid(f"{label} must be less than or equal to {most}.")
