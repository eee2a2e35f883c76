# The workers: Celery's processes, which have the chunks read.

resource "google_service_account" "worker" {
  account_id   = "${var.prefix}-worker"
  display_name = "${var.prefix}-worker: the workers run in this name"
}

resource "google_secret_manager_secret_iam_member" "worker_reads" {
  for_each = toset(values(local.secret_environment.worker)[*].secret)

  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.worker.member
}

resource "google_cloud_run_v2_worker_pool" "this" {
  name                = local.worker_pool
  description         = "Has chunks read, one in each process."
  location            = var.region
  deletion_protection = var.deletion_protection

  scaling {
    scaling_mode          = "MANUAL"
    manual_instance_count = max(1, var.worker.min_instances)
  }

  template {
    service_account = google_service_account.worker.email

    containers {
      image = var.worker_image
      # Without gossip and mingle: workers have nothing to say to each other.
      command = ["celery"]
      args = [
        "--app=functions.worker", "worker", "--pool=prefork", "--loglevel=INFO",
        "--without-gossip", "--without-mingle",
      ]

      resources {
        limits = {
          cpu    = tostring(var.worker.cpu)
          memory = "${var.worker.memory_mb}Mi"
        }
      }

      # Celery's own. The platform kills what has not ended 10 s after its SIGTERM, so Celery takes it
      # for the signal after which it waits 7 s and gives the rest back to the broker.
      env {
        name  = "REMAP_SIGTERM"
        value = "SIGQUIT"
      }

      dynamic "env" {
        for_each = local.environment.worker
        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = local.secret_environment.worker
        content {
          name = env.key
          value_source {
            secret_key_ref {
              secret  = env.value.secret
              version = env.value.version
            }
          }
        }
      }
    }

    vpc_access {
      egress = "PRIVATE_RANGES_ONLY"
      network_interfaces {
        network    = google_compute_network.this.id
        subnetwork = google_compute_subnetwork.instances.id
      }
    }
  }

  lifecycle {
    # `maintain` sets it by what waits; which tool deployed last is noise.
    ignore_changes = [scaling[0].manual_instance_count, client, client_version]
  }

  depends_on = [
    google_project_service.this,
    google_secret_manager_secret_iam_member.worker_reads,
  ]
}

# ── who sets their number ─────────────────────────────────────────────────────────────────────────

resource "google_project_iam_custom_role" "worker_scaler" {
  role_id     = "${local.role_prefix}_worker_scaler"
  title       = "${var.prefix}: sets the number of workers"
  description = "No role sets the number alone; this one can't make, delete or share a pool."
  permissions = ["run.workerpools.get", "run.workerpools.update"]
}

resource "google_cloud_run_v2_worker_pool_iam_member" "maintain_scales" {
  name     = google_cloud_run_v2_worker_pool.this.name
  location = var.region
  role     = google_project_iam_custom_role.worker_scaler.name
  member   = local.members.maintain
}

# Whoever changes a pool must be allowed to act as what runs in it, and to read its image.
resource "google_service_account_iam_member" "maintain_acts_as_worker" {
  service_account_id = google_service_account.worker.name
  role               = "roles/iam.serviceAccountUser"
  member             = local.members.maintain
}

resource "google_artifact_registry_repository_iam_member" "maintain_reads_images" {
  repository = google_artifact_registry_repository.images.name
  location   = var.region
  role       = "roles/artifactregistry.reader"
  member     = local.members.maintain
}
