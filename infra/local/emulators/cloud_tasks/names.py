"""Resource names: projects/P/locations/L/queues/Q/tasks/T, with the service's own alphabets."""

from __future__ import annotations

import re
import secrets

from infra.local.emulators.cloud_tasks.refusals import invalid

_LOCATION = r"projects/[A-Za-z0-9:.\-]+/locations/[A-Za-z0-9\-]+"
_LOCATION_NAME = re.compile(_LOCATION)
_QUEUE_NAME = re.compile(rf"{_LOCATION}/queues/[A-Za-z0-9\-]{{1,100}}")
_TASK_ID = re.compile(r"[A-Za-z0-9_\-]{1,500}")


def check_location(name: str) -> None:
    """Refuse what is not `projects/P/locations/L`."""
    if not _LOCATION_NAME.fullmatch(name):
        raise invalid("Invalid resource field value in the request.")


def check_queue(name: str) -> None:
    """Refuse what is not `projects/P/locations/L/queues/Q`."""
    if not _QUEUE_NAME.fullmatch(name):
        raise invalid(
            "Queue name must be formatted: "
            '"projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>".'
        )


def location_of(queue: str) -> str:
    """Return the location a valid queue name lies in."""
    return queue.partition("/queues/")[0]


def short(name: str) -> str:
    """Return a resource name's last part, as the dispatch headers carry it."""
    return name.rpartition("/")[2]


def split_task(name: str) -> tuple[str, str]:
    """Split a task's name into its queue's name and its id; refuse a malformed one."""
    queue, found, task_id = name.partition("/tasks/")
    if not found or not _QUEUE_NAME.fullmatch(queue):
        raise invalid(
            "Task name must be formatted: "
            '"projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>/tasks/<TASK_ID>"'
        )
    if not _TASK_ID.fullmatch(task_id):
        raise invalid(
            f'Task ID "{task_id}" can contain only letters ([A-Za-z]), numbers ([0-9]), hyphens '
            "(-), or underscores (_). Task ID must between 1 and 500 characters."
        )
    return queue, task_id


def fresh_task_id() -> str:
    """Return a random id of digits, like those the service gives to unnamed tasks."""
    return str(secrets.randbelow(9 * 10**19) + 10**19)
