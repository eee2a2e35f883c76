# What is watched: counts made from the processes' JSON logs, charts, alerts, and who is told. The
# sentences stand in the code word for word; a test compares them.

# ── what is counted ───────────────────────────────────────────────────────────────────────────────

locals {
  # Whose log lines: of a function, of all functions, or of the workers.
  log_sources = merge(
    {
      for name, function in module.function :
      name => "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${function.name}\""
    },
    {
      functions = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=(${join(" OR ", [for function in module.function : "\"${function.name}\""])})"
      worker    = "resource.type=\"cloud_run_worker_pool\" AND resource.labels.worker_pool_name=\"${google_cloud_run_v2_worker_pool.this.name}\""
    },
  )

  # Lines are counted; where `value` names a field, its values are kept instead (as a distribution).
  # `only` narrows a line down by its fields; `by` splits the count by a field.
  logged = {
    backlog_age = {
      from  = "maintain", message = "the backlog was looked at", value = "oldest_seconds", unit = "s"
      about = "How long the chunk that waits longest has waited."
    }
    backlog_pages = {
      from  = "maintain", message = "the backlog was looked at", value = "waiting_pages", unit = "1"
      about = "Pages that wait for a worker."
    }
    workers_wanted = {
      from  = "maintain", message = "the backlog was looked at", value = "workers_wanted", unit = "1"
      about = "Worker instances that were asked for."
    }
    resent = {
      from  = "maintain", message = "stopped work was sent again"
      about = "Runs of maintain that found something stopped."
    }
    stranded_jobs = {
      from  = "maintain", message = "stopped work was sent again"
      only  = "(jsonPayload.merges>0 OR jsonPayload.splits>0 OR jsonPayload.stages>0)"
      about = "Runs of maintain that found a job whose cutting, binding or later stage had stopped."
    }
    chunks_read = {
      from  = "worker", message = "chunk is read"
      about = "Chunks that were read."
    }
    chunks_failed = {
      from  = "worker", message = "chunk failed", by = "code"
      about = "Chunks that failed for good."
    }
    chunks_put_back = {
      from  = "worker", message = "chunk is put back", by = "code"
      about = "Chunks to be tried again; QUOTA_EXCEEDED is Document AI asking to come later, QUOTA_AWAITED Quire keeping to its quota."
    }
    pages_unreadable = {
      from  = "worker", message = "page can't be read", by = "code"
      about = "Pages that were delivered without text."
    }
    lost_workers = {
      from  = "worker", message = "a worker before fell silent over this chunk"
      about = "Chunks that were given out again after their worker fell silent."
    }
    documents_refused = {
      from  = "ingest", message = "document can't be split", by = "code"
      about = "Documents that could not be begun."
    }
    merges_failed = {
      from  = "merge", message = "merge failed", by = "code"
      about = "Jobs whose results could not be bound."
    }
    damaged_results = {
      from  = "merge", message = "stored chunk result is damaged, it is read again"
      about = "Stored results whose checksum was wrong."
    }
    webhooks_given_up = {
      from  = "webhook", message = "webhook is given up"
      about = "Receivers that were not reached within days."
    }
    credits_granted = {
      from  = "api", message = "credits were granted", value = "pages", unit = "1"
      about = "Pages that operators gave to owners."
    }
    credits_refused = {
      from  = "ingest", message = "document can't be split"
      only  = "jsonPayload.code=\"INSUFFICIENT_CREDITS\""
      about = "Documents that their owner's credits did not cover."
    }
    calls_refused = {
      from  = "functions", message = "a call was refused"
      about = "Calls of internal functions by somebody who may not."
    }
    unknown_errors = {
      from  = "functions", message = "the attempt ended in an error that nobody knows"
      about = "Work that ended in an error which the code does not know."
    }
    unknown_errors_of_workers = {
      from  = "worker", message = "the attempt ended in an error that nobody knows"
      about = "Work that ended in an error which the code does not know."
    }
    unknown_errors_of_requests = {
      from  = "api", message = "a request ended in an unknown error"
      about = "Requests that ended in an error which the code does not know."
    }
  }

  # As PromQL calls them.
  series = {
    for name, metric in google_logging_metric.this :
    name => "logging_googleapis_com:user_${metric.name}"
  }
}

resource "google_logging_metric" "this" {
  for_each = local.logged

  name        = "${local.role_prefix}_${each.key}"
  description = each.value.about
  filter = join(" AND ", compact([
    local.log_sources[each.value.from],
    "jsonPayload.message=${jsonencode(each.value.message)}",
    try(each.value.only, null),
  ]))

  value_extractor = try("EXTRACT(jsonPayload.${each.value.value})", null)
  label_extractors = {
    for field in compact([try(each.value.by, null)]) : field => "EXTRACT(jsonPayload.${field})"
  }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = can(each.value.value) ? "DISTRIBUTION" : "INT64"
    unit        = try(each.value.unit, "1")

    dynamic "labels" {
      for_each = compact([try(each.value.by, null)])
      content {
        key         = labels.value
        value_type  = "STRING"
        description = "The error's code, as in the API's answers."
      }
    }
  }

  # 1, 2, 4 … 2^20: seconds of twelve days, or a million pages.
  dynamic "bucket_options" {
    for_each = can(each.value.value) ? ["doubling"] : []
    content {
      exponential_buckets {
        num_finite_buckets = 20
        growth_factor      = 2
        scale              = 1
      }
    }
  }

  depends_on = [google_project_service.this]
}

# ── who is told ───────────────────────────────────────────────────────────────────────────────────

resource "google_monitoring_notification_channel" "email" {
  for_each = var.monitoring.emails

  display_name = "${var.prefix}: ${each.value}"
  type         = "email"
  labels       = { email_address = each.value }

  depends_on = [google_project_service.this]
}

locals {
  channels = concat(
    [for channel in google_monitoring_notification_channel.email : channel.id],
    tolist(var.monitoring.channels),
  )
}

# ── alerts ────────────────────────────────────────────────────────────────────────────────────────

locals {
  alert = var.monitoring.alerts

  requests = "run_googleapis_com:request_count{monitored_resource=\"cloud_run_revision\",service_name=~\"${join("|", [for function in module.function : function.name])}\""
  failed   = "sum by (service_name) (increase(${local.requests},response_code_class=\"5xx\"}[10m]))"
  asked    = "sum by (service_name) (increase(${local.requests}}[10m]))"

  # `query` is true while there is something to tell; `after` is how long it must be.
  alerts = {
    backlog_is_old = {
      title    = "Chunks wait too long"
      query    = "histogram_quantile(1, sum by (le) (increase(${local.series.backlog_age}_bucket{monitored_resource=\"cloud_run_revision\"}[5m]))) > ${local.alert.oldest_chunk_minutes * 60}"
      after    = "300s"
      severity = "WARNING"
      advice   = "Are the workers at worker.max_instances? Is Document AI's quota used up, or the broker away? docs/scale.md says what bends first."
    }
    tasks_wait = {
      title    = "Tasks wait in a queue"
      query    = "histogram_quantile(0.95, sum by (le, queue_id) (increase(cloudtasks_googleapis_com:queue_task_attempt_delays_bucket{monitored_resource=\"cloud_tasks_queue\",queue_id=~\"${google_cloud_tasks_queue.merges.name}|${google_cloud_tasks_queue.webhooks.name}\"}[10m]))) > ${local.alert.oldest_task_minutes * 60 * 1000}"
      after    = "300s"
      severity = "WARNING"
      advice   = "merge or webhook answers too slowly or with errors, or functions.*.max_instances is too small."
    }
    jobs_are_stranded = {
      title    = "Jobs are stranded"
      query    = "sum(increase(${local.series.stranded_jobs}{monitored_resource=\"cloud_run_revision\"}[15m])) >= 10"
      after    = "0s"
      severity = "ERROR"
      advice   = "For a quarter of an hour maintain has sent jobs again and they do not move. Which ones: GET /v1/admin/jobs?stuck=600. Look at the logs of ingest and merge."
    }
    maintain_is_silent = {
      title    = "maintain does not run"
      query    = "absent_over_time(run_googleapis_com:request_count{monitored_resource=\"cloud_run_revision\",service_name=\"${module.function["maintain"].name}\",response_code_class=\"2xx\"}[10m])"
      after    = "0s"
      severity = "CRITICAL"
      advice   = "Nothing that was lost is sent again, and nothing scales the workers. Look at Cloud Scheduler's job and at the function's log."
    }
    functions_fail = {
      title    = "A function answers with errors"
      query    = "(${local.failed} / ${local.asked} > ${local.alert.error_ratio}) and (${local.failed} >= 5)"
      after    = "300s"
      severity = "ERROR"
      advice   = "The log of the function that is named says which; work that failed is delivered again."
    }
    workers_fall_silent = {
      title    = "Workers fall silent"
      query    = "sum(increase(${local.series.lost_workers}{monitored_resource=\"cloud_run_worker_pool\"}[1h])) >= ${local.alert.lost_workers_per_hour}"
      after    = "0s"
      severity = "WARNING"
      advice   = "Chunks are read and paid again. Are instances killed for their memory (worker.memory_mb), or is their number changed often?"
    }
    redis_is_full = {
      title    = "Redis' memory runs out"
      query    = "max by (instance_id) (redis_googleapis_com:stats_memory_usage_ratio{monitored_resource=\"redis_instance\",instance_id=~\".*/${google_redis_instance.this.name}\"}) > ${local.alert.redis_memory_ratio}"
      after    = "300s"
      severity = "ERROR"
      advice   = "Full, it refuses messages; maintain sends them later. Raise redis.memory_gb."
    }
    ocr_is_throttled = {
      title    = "Document AI asks to come later"
      query    = "sum(increase(${local.series.chunks_put_back}{monitored_resource=\"cloud_run_worker_pool\",code=\"QUOTA_EXCEEDED\"}[10m])) > sum(increase(${local.series.chunks_read}{monitored_resource=\"cloud_run_worker_pool\"}[10m]))"
      after    = "600s"
      severity = "WARNING"
      advice   = "More calls are refused than served. Is DOCUMENT_AI__CALLS_PER_MINUTE more than the quota, or who else uses it?"
    }
    results_are_damaged = {
      title    = "A stored result was damaged"
      query    = "sum(increase(${local.series.damaged_results}{monitored_resource=\"cloud_run_revision\"}[1h])) > 0"
      after    = "0s"
      severity = "ERROR"
      advice   = "It is read again. Who else writes into Supabase's buckets?"
    }
    errors_are_unknown = {
      title = "An error that the code does not know"
      query = join(" or ", [
        "sum(increase(${local.series.unknown_errors}{monitored_resource=\"cloud_run_revision\"}[10m])) > 0",
        "sum(increase(${local.series.unknown_errors_of_workers}{monitored_resource=\"cloud_run_worker_pool\"}[10m])) > 0",
        "sum(increase(${local.series.unknown_errors_of_requests}{monitored_resource=\"cloud_run_revision\"}[10m])) > 0",
      ])
      after    = "0s"
      severity = "WARNING"
      advice   = "Its traceback is in the log. It is a mistake in the code, or a service that answers as never before."
    }
    strangers_call = {
      title    = "Somebody calls an internal function"
      query    = "sum(increase(${local.series.calls_refused}{monitored_resource=\"cloud_run_revision\"}[10m])) >= 5"
      after    = "0s"
      severity = "WARNING"
      advice   = "The log says which account. After a deployment: do INTERNAL__*__CALLERS name the right accounts?"
    }
    credits_are_given_away = {
      title    = "Unusually many credits were granted"
      query    = "sum(increase(${local.series.credits_granted}_sum{monitored_resource=\"cloud_run_revision\"}[1h])) > ${local.alert.credits_granted_per_hour}"
      after    = "0s"
      severity = "WARNING"
      advice   = "The log says who gave them to whom (\"credits were granted\")."
    }
    credits_run_out = {
      title    = "Many documents are refused for want of credits"
      query    = "sum(increase(${local.series.credits_refused}{monitored_resource=\"cloud_run_revision\"}[1h])) >= ${local.alert.credits_refused_per_hour}"
      after    = "0s"
      severity = "WARNING"
      advice   = "An owner without credits keeps sending, or accounts are being drained."
    }
  }
}

resource "google_monitoring_alert_policy" "this" {
  for_each = local.alerts

  display_name          = "${var.prefix}: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.channels

  conditions {
    display_name = each.value.title
    condition_prometheus_query_language {
      query               = each.value.query
      duration            = each.value.after
      evaluation_interval = "60s"
      # A count has no series before its first line was logged.
      disable_metric_validation = true
    }
  }

  documentation {
    mime_type = "text/markdown"
    subject   = "${var.prefix}: ${each.value.title}"
    content   = each.value.advice
  }

  alert_strategy {
    auto_close = "3600s"
  }
}

# Not a number, so not PromQL: whether a limit was run into.
resource "google_monitoring_alert_policy" "ocr_quota" {
  display_name          = "${var.prefix}: Document AI's quota is used up"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels

  conditions {
    display_name = "A limit was run into"
    condition_threshold {
      filter          = "metric.type=\"serviceruntime.googleapis.com/quota/exceeded\" AND resource.type=\"consumer_quota\" AND resource.labels.service=\"documentai.googleapis.com\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "300s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_COUNT_TRUE"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["metric.labels.limit_name"]
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    subject   = "${var.prefix}: Document AI's quota is used up"
    content   = "Chunks are put back and read later, so nothing is lost but time. Ask for more quota, and raise DOCUMENT_AI__CALLS_PER_MINUTE with it."
  }

  alert_strategy {
    auto_close = "3600s"
  }
}

# ── seen from outside ─────────────────────────────────────────────────────────────────────────────

# Not /healthz: Google's own front end answers that path itself, with 404.
resource "google_monitoring_uptime_check_config" "api" {
  count = var.monitoring.uptime ? 1 : 0

  display_name     = "${var.prefix}: the API is ready"
  period           = "300s"
  timeout          = "15s"
  selected_regions = ["EUROPE", "USA", "ASIA_PACIFIC"]

  http_check {
    path         = "/readyz"
    port         = 443
    use_ssl      = true
    validate_ssl = true

    accepted_response_status_codes {
      status_value = 200
    }
  }

  content_matchers {
    content = "ready"
    matcher = "MATCHES_JSON_PATH"
    json_path_matcher {
      json_path    = "$.status"
      json_matcher = "EXACT_MATCH"
    }
  }

  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = var.project
      host       = trimprefix(local.api_url, "https://")
    }
  }
}

resource "google_monitoring_alert_policy" "api_is_away" {
  count = var.monitoring.uptime ? 1 : 0

  display_name          = "${var.prefix}: The API is not ready"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels

  conditions {
    display_name = "At least two places see it so"
    condition_threshold {
      filter          = "metric.type=\"monitoring.googleapis.com/uptime_check/check_passed\" AND resource.type=\"uptime_url\" AND metric.labels.check_id=\"${google_monitoring_uptime_check_config.api[0].uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "300s"

      aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.labels.host"]
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    subject   = "${var.prefix}: The API is not ready"
    content   = "GET ${local.api_url}/readyz says which part is away."
  }

  alert_strategy {
    auto_close = "3600s"
  }
}

# ── charts ────────────────────────────────────────────────────────────────────────────────────────

locals {
  workers_resource   = "monitored_resource=\"cloud_run_worker_pool\""
  functions_resource = "monitored_resource=\"cloud_run_revision\""

  charts = [
    { title = "The chunk that waits longest (s)", query = "histogram_quantile(1, sum by (le) (increase(${local.series.backlog_age}_bucket{${local.functions_resource}}[5m])))" },
    { title = "Pages that wait", query = "histogram_quantile(1, sum by (le) (increase(${local.series.backlog_pages}_bucket{${local.functions_resource}}[5m])))" },
    { title = "Worker instances asked for", query = "histogram_quantile(1, sum by (le) (increase(${local.series.workers_wanted}_bucket{${local.functions_resource}}[5m])))" },
    { title = "Chunks read a minute", query = "sum(rate(${local.series.chunks_read}{${local.workers_resource}}[5m])) * 60" },
    { title = "Chunks put back, by code", query = "sum by (code) (increase(${local.series.chunks_put_back}{${local.workers_resource}}[5m]))" },
    { title = "Chunks failed, by code", query = "sum by (code) (increase(${local.series.chunks_failed}{${local.workers_resource}}[5m]))" },
    { title = "Pages without text, by code", query = "sum by (code) (increase(${local.series.pages_unreadable}{${local.workers_resource}}[5m]))" },
    { title = "Workers that fell silent", query = "sum(increase(${local.series.lost_workers}{${local.workers_resource}}[5m]))" },
    { title = "Runs of maintain that found something stopped", query = "sum(increase(${local.series.resent}{${local.functions_resource}}[5m]))" },
    { title = "Documents refused, by code", query = "sum by (code) (increase(${local.series.documents_refused}{${local.functions_resource}}[5m]))" },
    { title = "Jobs that could not be bound, by code", query = "sum by (code) (increase(${local.series.merges_failed}{${local.functions_resource}}[5m]))" },
    { title = "Tasks in the queues", query = "max by (queue_id) (cloudtasks_googleapis_com:queue_depth{monitored_resource=\"cloud_tasks_queue\",queue_id=~\"${google_cloud_tasks_queue.merges.name}|${google_cloud_tasks_queue.webhooks.name}\"})" },
    { title = "Requests a second", query = "sum by (service_name) (rate(${local.requests}}[5m]))" },
    { title = "Answers with errors, by function", query = "sum by (service_name, response_code_class) (increase(${local.requests},response_code_class!=\"2xx\"}[5m]))" },
    { title = "Slowest of twenty answers (ms)", query = "histogram_quantile(0.95, sum by (le, service_name) (rate(run_googleapis_com:request_latencies_bucket{${local.functions_resource},service_name=~\"${join("|", [for function in module.function : function.name])}\"}[5m])))" },
    { title = "Redis' memory in use", query = "max(redis_googleapis_com:stats_memory_usage_ratio{monitored_resource=\"redis_instance\",instance_id=~\".*/${google_redis_instance.this.name}\"})" },
    { title = "Webhooks given up", query = "sum(increase(${local.series.webhooks_given_up}{${local.functions_resource}}[1h]))" },
    { title = "Pages granted an hour", query = "sum(increase(${local.series.credits_granted}_sum{${local.functions_resource}}[1h]))" },
  ]
}

resource "google_monitoring_dashboard" "this" {
  dashboard_json = templatefile("${path.module}/dashboard.json.tftpl", {
    title  = var.prefix
    charts = local.charts
  })
}
