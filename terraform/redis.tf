# The broker, locks and live updates. Redis and not Memorystore for Valkey: that one logs in by IAM
# tokens that end after an hour, which a broker's URL can't carry. Nothing in it is the truth, so it is
# not kept on disk; full, it refuses writes (and `maintain` sends again) rather than forget a message.

resource "google_redis_instance" "this" {
  name         = "${var.prefix}-broker"
  display_name = "${var.prefix}: broker, locks and live updates"
  region       = var.region

  tier           = var.redis.high_availability ? "STANDARD_HA" : "BASIC"
  memory_size_gb = var.redis.memory_gb
  redis_version  = "REDIS_7_2"
  redis_configs  = { "maxmemory-policy" = "noeviction" }

  auth_enabled            = true
  transit_encryption_mode = "SERVER_AUTHENTICATION"
  customer_managed_key    = var.kms_key

  connect_mode       = "DIRECT_PEERING"
  authorized_network = google_compute_network.this.id
  reserved_ip_range  = var.network.redis_range

  persistence_config {
    persistence_mode = "DISABLED"
  }

  maintenance_policy {
    weekly_maintenance_window {
      day = var.redis.maintenance_day
      start_time {
        hours   = var.redis.maintenance_hour
        minutes = 0
        seconds = 0
        nanos   = 0
      }
    }
  }

  deletion_protection = var.deletion_protection

  depends_on = [google_kms_crypto_key_iam_member.redis, google_project_service.this]
}

resource "google_kms_crypto_key_iam_member" "redis" {
  count = var.kms_key == null ? 0 : 1

  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${data.google_project.this.number}@cloud-redis.iam.gserviceaccount.com"
}

locals {
  redis_port = 6378 # with TLS

  # The instance has a certificate authority of its own, which no system knows. redis-py and kombu take
  # it from the URL, so that no process needs a file. All of its authorities are given: a new one is
  # published five years before the old one ends.
  # The certificate carries the instance's address only as its common name, which Python does not look
  # at, so the host is not compared (check_host) unless that has changed.
  redis_url = join("", [
    "rediss://:", urlencode(google_redis_instance.this.auth_string),
    "@", google_redis_instance.this.host, ":", google_redis_instance.this.port, "/0",
    "?ssl_cert_reqs=required",
    "&ssl_check_hostname=", var.redis.check_host ? "true" : "false",
    "&ssl_ca_data=", urlencode(join("\n", google_redis_instance.this.server_ca_certs[*].cert)),
  ])
}
