# Cloud Tasks calls merge, webhook, and ingest where an event was lost. A queue's name can't be used again
# for days after the queue was deleted; whoever takes Quire down and up again changes `prefix`.

resource "google_cloud_tasks_queue" "merges" {
  name     = "${var.prefix}-merges"
  location = var.region

  rate_limits {
    max_dispatches_per_second = 50
    max_concurrent_dispatches = var.functions.merge.max_instances
  }

  # Then `maintain` sees the job without progress, and sends it under a new name.
  retry_config {
    max_attempts  = 10
    min_backoff   = "5s"
    max_backoff   = "300s"
    max_doublings = 6
  }

  stackdriver_logging_config {
    sampling_ratio = 1
  }

  depends_on = [google_project_service.this]
}

# Of their own, so that slow receivers hold no merge up. When a receiver is tried again is said by the
# delivery's row; the queue tries again only what our own function did not answer.
resource "google_cloud_tasks_queue" "webhooks" {
  name     = "${var.prefix}-webhooks"
  location = var.region

  rate_limits {
    max_dispatches_per_second = 50
    max_concurrent_dispatches = var.functions.webhook.max_instances * var.functions.webhook.concurrency
  }

  retry_config {
    max_attempts  = 5
    min_backoff   = "10s"
    max_backoff   = "300s"
    max_doublings = 5
  }

  stackdriver_logging_config {
    sampling_ratio = 1
  }

  depends_on = [google_project_service.this]
}

locals {
  queues = {
    merges   = google_cloud_tasks_queue.merges
    webhooks = google_cloud_tasks_queue.webhooks
  }

  # Who puts tasks into which queue.
  enqueuers = {
    merges   = ["api", "ingest", "maintain", "worker"]
    webhooks = ["api", "ingest", "maintain", "merge", "webhook", "worker"]
  }

  # "merges api" => {queue = "merges", process = "api"}
  enqueuer_pairs = merge([
    for queue, processes in local.enqueuers : {
      for process in processes : "${queue} ${process}" => { queue = queue, process = process }
    }
  ]...)
}

resource "google_cloud_tasks_queue_iam_member" "enqueuers" {
  for_each = local.enqueuer_pairs

  name     = local.queues[each.value.queue].name
  location = var.region
  role     = "roles/cloudtasks.enqueuer"
  member   = local.members[each.value.process]
}

# The API's readiness asks whether the queue is there.
resource "google_project_iam_custom_role" "queue_reader" {
  role_id     = "${local.role_prefix}_queue_reader"
  title       = "${var.prefix}: sees whether a queue is there"
  description = "The predefined viewer also sees what the tasks hold."
  permissions = ["cloudtasks.queues.get"]
}

resource "google_cloud_tasks_queue_iam_member" "api_sees_merges" {
  name     = google_cloud_tasks_queue.merges.name
  location = var.region
  role     = google_project_iam_custom_role.queue_reader.name
  member   = local.members.api
}

# In whose name Cloud Tasks calls. Whoever makes a task that carries its token must be allowed to act as
# it, and nobody else is; the token itself is made by Cloud Tasks' own agent.
resource "google_service_account" "tasks" {
  account_id   = "${var.prefix}-tasks"
  display_name = "${var.prefix}: Cloud Tasks calls in this name"
}

resource "google_service_account_iam_member" "acts_as_tasks" {
  for_each = toset(flatten(values(local.enqueuers)))

  service_account_id = google_service_account.tasks.name
  role               = "roles/iam.serviceAccountUser"
  member             = local.members[each.value]
}

resource "google_cloud_run_v2_service_iam_member" "tasks_invokes" {
  for_each = toset(["ingest", "merge", "webhook"])

  name     = module.function[each.value].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.tasks.member
}
