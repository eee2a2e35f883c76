# Where traces and metrics go (docs/observability.md): nowhere, to Google's own, or to a collector.

locals {
  telemetry_endpoint = var.telemetry.google ? "https://telemetry.googleapis.com" : var.telemetry.endpoint

  # The SDK's own names, which it reads itself. A process without an endpoint does not even import it.
  telemetry_environment = {
    for process in local.all_processes : process => local.telemetry_endpoint == null ? {} : {
      OTEL_EXPORTER_OTLP_ENDPOINT = local.telemetry_endpoint
      OTEL_RESOURCE_ATTRIBUTES    = "cloud.provider=gcp,cloud.region=${var.region},gcp.project_id=${var.project}"
      OTEL_SERVICE_NAME           = "${var.prefix}-${process}"
      # By the job's id, so that all processes keep the same jobs.
      OTEL_TRACES_SAMPLER     = "parentbased_traceidratio"
      OTEL_TRACES_SAMPLER_ARG = tostring(var.telemetry.sample_ratio)
      TELEMETRY__GOOGLE_LOGIN = tostring(var.telemetry.google)
    }
  }

  telemetry_secrets = var.telemetry.headers ? {
    OTEL_EXPORTER_OTLP_HEADERS = {
      secret  = google_secret_manager_secret.this["otlp_headers"].secret_id
      version = local.secret_versions["otlp_headers"]
    }
  } : {}
}

resource "google_project_service" "telemetry" {
  for_each = toset(var.telemetry.google ? ["cloudtrace.googleapis.com", "telemetry.googleapis.com"] : [])

  service            = each.value
  disable_on_destroy = false
}

# There is nothing smaller than a project to give these on.
resource "google_project_iam_member" "telemetry_writer" {
  for_each = var.telemetry.google ? {
    for pair in setproduct(local.all_processes, ["metricsWriter", "tracesWriter"]) :
    join("-", pair) => { process = pair[0], role = "roles/telemetry.${pair[1]}" }
  } : {}

  project = var.project
  role    = each.value.role
  member  = local.members[each.value.process]
}
