"""Where everything of one stack is: ports, addresses, and the environment of its processes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit, urlunsplit

from infra.local.home import ROOT, Home, Secrets
from infra.local.ports import HOST

PORTS = (
    "postgres",
    "redis",
    "gcs",
    "supabase",
    "tasks",
    "document_ai",
    "vertex_ai",
    "control",
    "api",
)

PROJECT = "quire-local"
PROCESSOR = f"projects/{PROJECT}/locations/local/processors/ocr"
QUEUE = f"projects/{PROJECT}/locations/local/queues/merge"
#: In whose names Cloud Tasks, Eventarc and Cloud Scheduler call the functions.
TASKS_ACCOUNT = f"quire-tasks@{PROJECT}.iam.gserviceaccount.com"
EVENTS_ACCOUNT = f"quire-events@{PROJECT}.iam.gserviceaccount.com"
SCHEDULER_ACCOUNT = f"quire-scheduler@{PROJECT}.iam.gserviceaccount.com"
#: Who may call which function. Lost events come again by Cloud Tasks.
CALLERS = {
    "ingest": [EVENTS_ACCOUNT, TASKS_ACCOUNT],
    "merge": [TASKS_ACCOUNT],
    "webhook": [TASKS_ACCOUNT],
    "maintain": [SCHEDULER_ACCOUNT],
}

#: Of one caller in a minute: no test of anything else comes near it.
REQUESTS_PER_MINUTE = 1_000_000

#: All that a process takes over from the user's shell: enough to run, nothing that configures
#: Quire or a client library (a proxy, a Google project, another database).
_INHERITED = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "VIRTUAL_ENV",
    "LD_LIBRARY_PATH",
    "TESSDATA_PREFIX",
)


@dataclass(frozen=True, slots=True)
class StackOptions:
    """What may differ between local stacks."""

    #: Celery's prefork children.
    workers: int = field(default_factory=lambda: max(1, min(4, os.cpu_count() or 1)))
    #: Seconds between two runs of maintain.
    maintain_every: float = 60
    #: Pages that one OCR call may carry, where the service's limit is to be lifted.
    page_limit: int | None = None
    #: More environment for Quire's own processes, by the names in `infra.settings`.
    extra_env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """One stack's home with the ports, secrets and options that it runs with."""

    home: Home
    ports: Mapping[str, int]
    secrets: Secrets
    options: StackOptions

    def _http(self, name: str) -> str:
        return f"http://{HOST}:{self.ports[name]}"

    def _grpc(self, name: str) -> str:
        return f"{HOST}:{self.ports[name]}"

    @cached_property
    def endpoints(self) -> dict[str, str]:
        """Every part's address. Those of Postgres and Redis hold their passwords."""
        return {
            "api": self._http("api"),
            "gcs": self._http("gcs"),
            "tasks": self._grpc("tasks"),
            "document_ai": self._grpc("document_ai"),
            "vertex_ai": self._http("vertex_ai"),
            "supabase": self._http("supabase"),
            "postgres": f"postgresql://postgres:{self.secrets.postgres_password}"
            f"@{HOST}:{self.ports['postgres']}/postgres",
            "redis": f"redis://:{self.secrets.redis_password}@{HOST}:{self.ports['redis']}/0",
            "control": self._http("control"),
        }

    @cached_property
    def environment(self) -> dict[str, str]:
        """The settings of Quire's processes, by the names that `infra.settings` reads."""
        at = self.endpoints
        settings = {
            "DATABASE__URL": at["postgres"],
            "REDIS_URL": at["redis"],
            "STORAGE_EMULATOR_HOST": at["gcs"],
            "STORAGE__PROJECT": PROJECT,
            "SUPABASE__URL": at["supabase"],
            "SUPABASE__SERVICE_KEY": self.secrets.service_key,
            "SUPABASE__JWT_SECRET": self.secrets.jwt_secret,
            "DOCUMENT_AI__PROCESSOR": PROCESSOR,
            "DOCUMENT_AI__ENDPOINT": at["document_ai"],
            "DOCUMENT_AI__INSECURE": "true",
            # Called where an engine is `vertex` or `gemini`; by default none is.
            "VERTEX__ENDPOINT": at["vertex_ai"],
            "VERTEX__INSECURE": "true",
            "TASKS__QUEUE": QUEUE,
            "TASKS__ENDPOINT": at["tasks"],
            "TASKS__INSECURE": "true",
            "TASKS__MERGE_URL": f"{at['api']}/merge",
            "TASKS__INGEST_URL": f"{at['api']}/ingest",
            "TASKS__WEBHOOK_URL": f"{at['api']}/webhook",
            "TASKS__SERVICE_ACCOUNT": TASKS_ACCOUNT,
            # What listens for webhooks here listens on this machine.
            "WEBHOOKS__SIGNING_KEY": self.secrets.webhook_key,
            "WEBHOOKS__ALLOW_HTTP": "true",
            "WEBHOOKS__ALLOW_PRIVATE": "true",
            "WEBHOOKS__PORTS": "[]",
            "WEBHOOKS__LINK_BASE": at["api"],
            "SUPABASE__JWKS_URL": "",
            "INTERNAL__ISSUER": at["control"],
            "INTERNAL__JWKS_URL": f"{at['control']}/jwks",
            "API__REQUESTS_PER_MINUTE": str(REQUESTS_PER_MINUTE),
            "API__FAILED_LOGINS_PER_MINUTE": str(REQUESTS_PER_MINUTE),
            "API__TRUSTED_PROXIES": "0",
            "MAX_WORKERS": str(self.options.workers),
        }
        for door, callers in CALLERS.items():
            settings[f"INTERNAL__{door.upper()}__AUDIENCE"] = f"{at['api']}/{door}"
            settings[f"INTERNAL__{door.upper()}__CALLERS"] = json.dumps(callers)
        if self.options.page_limit is not None:
            settings["DOCUMENT_AI__MAX_PAGES_PER_CALL"] = str(self.options.page_limit)
        return {**settings, **self.options.extra_env}

    @cached_property
    def bare_environment(self) -> dict[str, str]:
        """What any process needs to run, and nothing else of the user's shell."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return {
            **inherited,
            # The functions' source is run by its path, so the packages must be found anyhow.
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
            "GRPC_VERBOSITY": "ERROR",  # Otherwise it remarks on every process that is started
        }

    @cached_property
    def full_environment(self) -> dict[str, str]:
        """The whole environment of a process of Quire's own."""
        return {**self.bare_environment, **self.environment}


def without_password(address: str) -> str:
    """Return an address as it may be shown: without the password in it."""
    parts = urlsplit(address)
    if not parts.password:
        return address
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}@{host}" if parts.username else host))
