"""Cloud Tasks on one machine: google.cloud.tasks.v2 over gRPC, durable in SQLite.

What it answers is what the service answers, by its API's own descriptions and by errors and
dispatch headers recorded from it. Left out, and refused with UNIMPLEMENTED: App Engine targets,
OAuth access tokens, queue-level HTTP targets, batches, IAM and encryption keys.
"""

from infra.local.emulators.cloud_tasks.server import CloudTasksServer, serve

__all__ = ["CloudTasksServer", "serve"]
