# One function: its service account, the secrets that it may read, and itself.

resource "google_service_account" "this" {
  account_id   = var.name
  display_name = "${var.name}: the function runs in this name"
}

resource "google_secret_manager_secret_iam_member" "reads" {
  for_each = toset(values(var.secret_environment)[*].secret) # one secret may be two settings

  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.this.member
}

resource "google_cloudfunctions2_function" "this" {
  name        = var.name
  description = var.description
  location    = var.region

  build_config {
    # 3.13 and later check certificates more strictly than those of private authorities may bear.
    runtime           = "python312"
    entry_point       = var.entry_point
    service_account   = var.build.service_account
    docker_repository = var.build.repository

    # Bytecode goes by the sources' hash then. By their time stamps, which the platform makes all
    # the same once it is compiled, it would be thrown away and every cold start compile anew.
    environment_variables = { SOURCE_DATE_EPOCH = "315532800" }

    source {
      storage_source {
        bucket = var.build.bucket
        object = var.build.object
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.this.email
    available_cpu                    = tostring(var.service.cpu)
    available_memory                 = "${var.service.memory_mb}Mi"
    max_instance_request_concurrency = var.service.concurrency
    min_instance_count               = var.service.min_instances
    max_instance_count               = var.service.max_instances
    timeout_seconds                  = var.service.timeout_seconds
    ingress_settings                 = var.service.ingress
    all_traffic_on_latest_revision   = true
    environment_variables            = var.environment
    direct_vpc_egress                = var.network == null ? null : "VPC_EGRESS_PRIVATE_RANGES_ONLY"

    dynamic "direct_vpc_network_interface" {
      for_each = var.network[*]
      content {
        network    = direct_vpc_network_interface.value.network
        subnetwork = direct_vpc_network_interface.value.subnetwork
      }
    }

    dynamic "secret_environment_variables" {
      for_each = var.secret_environment
      content {
        key        = secret_environment_variables.key
        project_id = var.project
        secret     = secret_environment_variables.value.secret
        version    = secret_environment_variables.value.version
      }
    }
  }

  dynamic "event_trigger" {
    for_each = var.event[*]
    content {
      event_type            = "google.cloud.storage.object.v1.finalized"
      trigger_region        = var.region
      retry_policy          = "RETRY_POLICY_RETRY"
      service_account_email = event_trigger.value.service_account

      event_filters {
        attribute = "bucket"
        value     = event_trigger.value.bucket
      }
    }
  }

  # A revision that can't read its secrets is refused.
  depends_on = [google_secret_manager_secret_iam_member.reads]
}

resource "google_cloud_run_v2_service_iam_member" "anybody_invokes" {
  count = var.public ? 1 : 0

  name     = google_cloudfunctions2_function.this.name
  location = var.region
  role     = "roles/run.invoker"
  member   = "allUsers"
}
