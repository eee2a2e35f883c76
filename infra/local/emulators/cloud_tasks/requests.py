"""What a task may ask for, and the form in which it is kept."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import httpx
from google.cloud.tasks_v2 import types

from infra.local.emulators.cloud_tasks.refusals import invalid, left_out

USER_AGENT = "Google-Cloud-Tasks"
DEFAULT_DEADLINE = timedelta(minutes=10)
SHORTEST_DEADLINE = timedelta(seconds=15)
LONGEST_DEADLINE = timedelta(minutes=30)
LONGEST_DELAY = timedelta(days=30)
MOST_URL_CHARACTERS = 2083
MOST_HEADER_BYTES = 80 * 1024
#: The service measures the serialized task as it is kept; this size was seen to be taken and one
#: more byte refused. The documents say 1 MB.
MOST_TASK_BYTES = (1 << 20) - 7

_METHODS_WITH_BODY = {types.HttpMethod.POST, types.HttpMethod.PUT, types.HttpMethod.PATCH}
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
#: Headers that the service computes itself, so that what a task brings is dropped.
_OWN_HEADERS = re.compile(r"(?i)host|content-length|user-agent|x-(google|appengine|cloudtasks)-.*")


def stored_form(asked: types.Task, name: str, now: datetime) -> types.Task:
    """Return the task as the service keeps it, or refuse it."""
    if "app_engine_http_request" in asked:
        raise left_out("App Engine targets")
    if "http_request" not in asked:
        raise invalid("Task.http_request is required.")
    task = types.Task(
        name=name,
        create_time=now.replace(microsecond=0),
        schedule_time=_schedule(asked, now),
        dispatch_deadline=_deadline(asked),
        http_request=_request(asked.http_request),
    )
    if "retry_config" in asked:
        task.retry_config = asked.retry_config
    if len(types.Task.serialize(task)) > MOST_TASK_BYTES:
        raise invalid(f"Task size too large: a task has at most {MOST_TASK_BYTES} bytes.")
    return task


def _schedule(asked: types.Task, now: datetime) -> datetime:
    if "schedule_time" not in asked:
        return now
    at: datetime = asked.schedule_time
    if at > now + LONGEST_DELAY:
        raise invalid("Task.scheduleTime must be at most 30 days in the future.")
    return max(at, now)


def _deadline(asked: types.Task) -> timedelta:
    if "dispatch_deadline" not in asked:
        return DEFAULT_DEADLINE
    deadline: timedelta = asked.dispatch_deadline
    if not SHORTEST_DEADLINE <= deadline <= LONGEST_DEADLINE:
        raise invalid("Task.dispatchDeadline must be between [15s, 1800s].")
    return deadline


def _request(asked: types.HttpRequest) -> types.HttpRequest:
    if "oauth_token" in asked:
        raise left_out("OAuth access tokens")
    if "oidc_token" in asked and not asked.oidc_token.service_account_email:
        raise invalid("HttpRequest.oidcToken.serviceAccountEmail is required.")
    _check_url(asked.url)
    request = types.HttpRequest(asked)
    request.http_method = types.HttpMethod(asked.http_method or types.HttpMethod.POST)
    if request.body and request.http_method not in _METHODS_WITH_BODY:
        raise invalid("HTTP Body is only allowed when HTTP method is POST, PUT, or PATCH.")
    for name, value in asked.headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise invalid(f"HttpRequest.headers: {name!r} is not a valid HTTP header.")
        if _OWN_HEADERS.fullmatch(name):
            del request.headers[name]
    request.headers["User-Agent"] = USER_AGENT
    if sum(len(name) + len(value) for name, value in request.headers.items()) > MOST_HEADER_BYTES:
        raise invalid("HttpRequest.headers must be less than 80KB.")
    return request


def _check_url(url: str) -> None:
    if not url:
        raise invalid("HttpRequest.url is required.")
    if not url.startswith(("http://", "https://")):
        raise invalid("HttpTarget.url must start with 'http://' or 'https://'.")
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise invalid(f"HttpTarget.url is not a URL: {error}.") from error
    if not parsed.host:
        raise invalid("HttpTarget.url has no host.")
    if len(str(parsed)) > MOST_URL_CHARACTERS:
        raise invalid(f"HttpTarget.url must be at most {MOST_URL_CHARACTERS} characters.")
