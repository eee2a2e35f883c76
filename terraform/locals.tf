# Names and addresses that several files need.

locals {
  role_prefix = replace(var.prefix, "-", "_")

  worker_pool = "${var.prefix}-worker"

  buckets = {
    uploads = "${var.project}-${var.prefix}-uploads"
    chunks  = "${var.project}-${var.prefix}-chunks"
    source  = "${var.project}-${var.prefix}-source"
  }

  # A function's address can be told before there is the function (cloud.google.com/run/docs/triggering/
  # https-request), so that each may know its own and the others'. Cloud Run also takes it as a token's
  # audience.
  urls = {
    for name in ["api", "ingest", "merge", "maintain", "webhook"] :
    name => "https://${var.prefix}-${name}-${data.google_project.this.number}.${var.region}.run.app"
  }

  # Where people and machines find the API.
  api_url = var.edge.domain == null ? local.urls.api : "https://${var.edge.domain}"

  # In whose name each process runs, as access lists want it.
  members = merge(
    { for name, function in module.function : name => function.member },
    { worker = google_service_account.worker.member },
  )
}
