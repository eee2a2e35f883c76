"""The FastAPI app: routes by noun, one answer for every error."""

from __future__ import annotations

from fastapi import FastAPI

from functions.api import (
    admin,
    batch_controls,
    batch_recovery,
    batch_submissions,
    batch_throughput,
    batches,
    controls,
    credits,  # noqa: A004 - the site module has one too, for the interpreter
    documents,
    entities,
    events,
    health,
    jobs,
    keys,
    lists,
    logs,
    metrics,
    outline,
    pages,
    prepared,
    reference,
    search,
    site,
    stages,
    uploads,
    webhooks,
)
from functions.api.content_kinds import ToldKinds
from functions.api.description import describe_api
from functions.api.limits import counting, install_rate_limits
from functions.api.problems import install_problems
from functions.api.tracing import Traced
from functions.bootstrap import Application


def create_app(application: Application) -> FastAPI:
    """Build the API over one process's adapters."""
    app = FastAPI(
        title="Quire",
        version="0.1.0",
        description="Reads large PDFs in parallel and says at every moment where they are.",
        docs_url=None,
        redoc_url=None,
        # What generated clients call their methods.
        generate_unique_id_function=lambda route: route.name,
        lifespan=counting,
    )
    app.state.application = application
    install_rate_limits(app)
    install_problems(app)
    app.add_middleware(Traced, application=application)
    # The last that is added is around all others.
    app.add_middleware(ToldKinds)
    describe_api(app)
    app.include_router(documents.router)
    app.include_router(uploads.router)
    app.include_router(pages.router)
    app.include_router(prepared.router)
    app.include_router(outline.router)
    app.include_router(entities.router)
    app.include_router(search.router)
    app.include_router(jobs.router)
    app.include_router(lists.router)
    app.include_router(controls.router)
    app.include_router(stages.router)
    app.include_router(events.router)
    app.include_router(batch_submissions.router)
    app.include_router(batches.router)
    app.include_router(batch_controls.router)
    app.include_router(batch_recovery.router)
    app.include_router(batch_throughput.router)
    app.include_router(keys.router)
    app.include_router(health.router)
    app.include_router(logs.router)
    app.include_router(metrics.router)
    app.include_router(webhooks.router)
    app.include_router(credits.router)
    app.include_router(admin.router)
    app.include_router(reference.router)
    app.include_router(site.router)
    return app
