# maintain, every minute: the one cure for whatever was lost.

resource "google_service_account" "scheduler" {
  account_id   = "${var.prefix}-scheduler"
  display_name = "${var.prefix}: Cloud Scheduler calls in this name"
}

resource "google_cloud_run_v2_service_iam_member" "scheduler_invokes" {
  name     = module.function["maintain"].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler.member
}

resource "google_cloud_scheduler_job" "maintain" {
  name             = "${var.prefix}-maintain"
  description      = "Sends again what stopped, and cleans up."
  region           = var.region
  schedule         = "* * * * *"
  time_zone        = "Etc/UTC"
  attempt_deadline = "${local.functions.maintain.timeout_seconds}s"

  # The next minute is the next try.
  retry_config {
    retry_count = 0
  }

  http_target {
    http_method = "POST"
    uri         = local.urls.maintain

    oidc_token {
      service_account_email = google_service_account.scheduler.email
      audience              = local.urls.maintain
    }
  }

  depends_on = [google_cloud_run_v2_service_iam_member.scheduler_invokes]
}
