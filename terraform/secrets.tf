# Secrets, each readable by the processes that use it and by nobody else (their access stands with them:
# modules/function, worker.tf). A process's revision is bound to a version wherever Terraform wrote it, so
# a new value rolls out with the apply that wrote it, and the old version goes when nobody reads it. Values that somebody else writes are read when an
# instance starts.

locals {
  # What nobody but the owner of the Supabase project knows.
  given_secrets = merge(
    {
      database_url         = "DATABASE__URL: postgresql://… of Supabase's transaction pooler (port 6543)"
      supabase_service_key = "SUPABASE__SERVICE_KEY: the project's secret key, for its storage"
    },
    var.supabase.shared_jwt_secret ? {
      supabase_jwt_secret = "SUPABASE__JWT_SECRET: the shared secret that users' tokens are signed with"
    } : {},
    var.telemetry.headers ? {
      otlp_headers = "OTEL_EXPORTER_OTLP_HEADERS: name=value,… that whoever takes the telemetry asks for"
    } : {},
  )

  made_secrets = {
    redis_url   = "REDIS_URL: address, password and certificate authority of the broker"
    signing_key = "WEBHOOKS__SIGNING_KEY: from it every owner's signing secret is made"
  }

  newest_signing_key = var.signing_keys[length(var.signing_keys) - 1]

  # Which version a process reads: the one that Terraform wrote, or the newest.
  secret_versions = merge(
    { for name in keys(local.given_secrets) : name => "latest" },
    { for name, version in google_secret_manager_secret_version.given : name => version.version },
    {
      redis_url   = google_secret_manager_secret_version.redis_url.version
      signing_key = google_secret_manager_secret_version.signing_key[local.newest_signing_key].version
    },
  )
}

resource "google_secret_manager_secret" "this" {
  for_each = merge(local.given_secrets, local.made_secrets)

  secret_id           = "${var.prefix}-${replace(each.key, "_", "-")}"
  annotations         = { setting = each.value }
  deletion_protection = var.deletion_protection

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_secret_manager_secret_version" "given" {
  for_each = var.secret_generations

  secret                 = google_secret_manager_secret.this[each.key].id
  secret_data_wo         = var.secret_values[each.key]
  secret_data_wo_version = each.value

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_secret_manager_secret_version" "redis_url" {
  secret         = google_secret_manager_secret.this["redis_url"].id
  secret_data_wo = local.redis_url
  # Written anew when it changed. A part of the hash says that much about 128 random bits and no more.
  secret_data_wo_version = substr(nonsensitive(sha256(local.redis_url)), 0, 16)

  lifecycle {
    create_before_destroy = true
  }
}

# Made anew at every run, and kept by nobody but the version that is being written.
ephemeral "random_password" "signing_key" {
  length  = 64
  special = false
}

resource "google_secret_manager_secret_version" "signing_key" {
  for_each = toset(var.signing_keys)

  secret                 = google_secret_manager_secret.this["signing_key"].id
  secret_data_wo         = ephemeral.random_password.signing_key.result
  secret_data_wo_version = each.value

  lifecycle {
    create_before_destroy = true
  }
}
