"""What the service says when it does not do as asked: a gRPC status and its own sentence."""

from __future__ import annotations

import grpc

QUEUE_NOT_FOUND = (
    "Queue does not exist. If you just created the queue, wait at least a minute for the queue to "
    "initialize."
)
QUEUE_TOO_RECENT = (
    "The queue cannot be created because a queue with this name existed too recently."
)
NOT_FOUND = "Requested entity was not found."
TASK_GONE = (
    "The task no longer exists, though a task with this name existed recently. The task either "
    "successfully completed or was deleted."
)
TASK_TOO_RECENT = (
    "The task cannot be created because a task with this name existed too recently. For more "
    "information about task de-duplication see "
    "https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/create"
    "#body.request_body.FIELDS.task."
)


class Refused(Exception):
    """Ends a call with this status."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(message: str) -> Refused:
    """Return the refusal of a request that can't be right at any time."""
    return Refused(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(message: str) -> Refused:
    """Return the refusal for what is not there."""
    return Refused(grpc.StatusCode.NOT_FOUND, message)


def left_out(what: str) -> Refused:
    """Return the refusal for what the service can do and this emulator can't."""
    return Refused(grpc.StatusCode.UNIMPLEMENTED, f"The local emulator does not do {what}.")
