"""What a local stack runs: one Service for each part."""

from __future__ import annotations

import signal
from dataclasses import replace
from functools import partial

from infra.local.failures import StackFailed
from infra.local.home import ROOT
from infra.local.layout import EVENTS_ACCOUNT, SCHEDULER_ACCOUNT, Layout
from infra.local.postgres import postgres
from infra.local.processes import Answers, Says, Service, python
from infra.local.valkey import valkey

#: Within it the worker's running tasks may end by themselves when the stack stops; what does not
#: goes back to the broker.
_WORKER_FINISH_SECONDS = 1


def local_services(layout: Layout) -> list[Service]:
    """Return every part of the whole stack."""
    return [database(layout), valkey(layout), emulators(layout), functions(layout), worker(layout)]


def database(layout: Layout) -> Service:
    """Postgres, migrated before anyone is told that it is ready."""
    migrated = partial(_migrate, layout.endpoints["postgres"])
    return replace(postgres(layout), once_ready=migrated)


def _migrate(url: str) -> None:
    # Imported here, in a thread, while the other parts start.
    import psycopg

    from infra.database.migrate import migrate

    try:
        migrate(url)
    except psycopg.Error as error:
        raise StackFailed(
            f"The database's tables could not be brought up to date: {str(error).splitlines()[0]}"
        ) from error


def emulators(layout: Layout) -> Service:
    """Cloud Storage, Supabase Storage, Cloud Tasks, Document AI and Vertex AI, in one process."""
    ports, api = layout.ports, layout.endpoints["api"]
    arguments: dict[str, object] = {
        "folder": layout.home.emulators,
        "cloud-storage-port": ports["gcs"],
        "supabase-port": ports["supabase"],
        "tasks-port": ports["tasks"],
        "document-ai-port": ports["document_ai"],
        "vertex-ai-port": ports["vertex_ai"],
        "control-port": ports["control"],
        "ingest-url": f"{api}/ingest",
        "maintain-url": f"{api}/maintain",
        "maintain-every": layout.options.maintain_every,
        "service-account": SCHEDULER_ACCOUNT,
        "events-account": EVENTS_ACCOUNT,
    }
    if layout.options.page_limit is not None:
        arguments["page-limit"] = layout.options.page_limit
    options = [part for name, value in arguments.items() for part in (f"--{name}", str(value))]
    return Service(
        name="emulators",
        command=python("-m", "infra.local.emulators", *options),
        environment=layout.full_environment,
        ready=Answers(ports["control"]),
        folder=ROOT,
        stop_turn=1,
    )


def functions(layout: Layout) -> Service:
    """Every deployable function, on functions-framework."""
    port = layout.ports["api"]
    return Service(
        name="functions",
        command=python("-m", "infra.local.functions_host", "--port", str(port)),
        environment=layout.full_environment,
        ready=Answers(port),
        folder=ROOT,
    )


def worker(layout: Layout) -> Service:
    """Celery, with its children."""
    return Service(
        name="worker",
        command=python(
            *("-m", "celery", "-A", "functions.worker", "worker", "--pool=prefork"),
            f"--concurrency={layout.options.workers}",
            *("--loglevel=INFO", "--without-gossip", "--without-mingle"),
            *("--", f"worker_soft_shutdown_timeout={_WORKER_FINISH_SECONDS}"),
        ),
        environment={**layout.full_environment, "REMAP_SIGTERM": "SIGQUIT"},
        ready=Says(r"celery@\S+ ready"),
        folder=ROOT,
        # Celery's cold shutdown: unfinished messages go back to the broker.
        stop_signal=signal.SIGQUIT,
    )
