# A domain of one's own before the API: a load balancer with a certificate, and Cloud Armor, which turns
# floods away before they cost anything. Off unless `edge.domain` is given. The API then answers nobody
# who goes around it, and counts one proxy more (functions.tf, settings.tf).

locals {
  edge = var.edge.domain == null ? {} : { api = var.edge }
}

resource "google_compute_global_address" "edge" {
  for_each = local.edge

  name        = "${var.prefix}-edge"
  description = "Where the domain's A record points to."

  depends_on = [google_project_service.this]
}

resource "google_compute_region_network_endpoint_group" "edge" {
  for_each = local.edge

  name                  = "${var.prefix}-edge"
  region                = var.region
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = module.function["api"].name
  }
}

resource "google_compute_security_policy" "edge" {
  for_each = local.edge

  name        = "${var.prefix}-edge"
  description = "What is turned away before it reaches the API."

  rule {
    description = "Nobody's machine asks so often. The API has limits of its own, by caller."
    priority    = 1000
    action      = "throttle"

    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }

    rate_limit_options {
      enforce_on_key = "IP"
      conform_action = "allow"
      exceed_action  = "deny(429)"

      rate_limit_threshold {
        count        = each.value.requests_per_minute
        interval_sec = 60
      }
    }
  }

  rule {
    description = "Look-ups smuggled into logs (CVE-2021-44228). Nothing here is Java; it only makes noise."
    priority    = 900
    action      = "deny(403)"

    match {
      expr {
        expression = "evaluatePreconfiguredExpr('cve-canary')"
      }
    }
  }

  rule {
    description = "Everybody else."
    priority    = 2147483647
    action      = "allow"

    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }
}

resource "google_compute_backend_service" "edge" {
  for_each = local.edge

  name                  = "${var.prefix}-edge"
  description           = "The API, without a cache: answers are of one caller."
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = google_compute_security_policy.edge[each.key].id
  enable_cdn            = false

  backend {
    group = google_compute_region_network_endpoint_group.edge[each.key].id
  }

  log_config {
    enable      = true
    sample_rate = each.value.log_sample
  }
}

resource "google_compute_url_map" "edge" {
  for_each = local.edge

  name            = "${var.prefix}-edge"
  default_service = google_compute_backend_service.edge[each.key].id
}

# Named by the domain, since a certificate can't be changed and another must be there before it goes.
resource "google_compute_managed_ssl_certificate" "edge" {
  for_each = local.edge

  name = "${var.prefix}-edge-${substr(sha256(each.value.domain), 0, 8)}"

  managed {
    domains = [each.value.domain]
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [google_project_service.this]
}

resource "google_compute_ssl_policy" "edge" {
  for_each = local.edge

  name            = "${var.prefix}-edge"
  profile         = "RESTRICTED"
  min_tls_version = "TLS_1_2"

  depends_on = [google_project_service.this]
}

resource "google_compute_target_https_proxy" "edge" {
  for_each = local.edge

  name             = "${var.prefix}-edge"
  url_map          = google_compute_url_map.edge[each.key].id
  ssl_certificates = [google_compute_managed_ssl_certificate.edge[each.key].id]
  ssl_policy       = google_compute_ssl_policy.edge[each.key].id
}

resource "google_compute_global_forwarding_rule" "edge" {
  for_each = local.edge

  name                  = "${var.prefix}-edge"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.edge[each.key].id
  port_range            = "443"
  target                = google_compute_target_https_proxy.edge[each.key].id
}

# Plain HTTP gets one answer: come by HTTPS.
resource "google_compute_url_map" "to_https" {
  for_each = local.edge

  name = "${var.prefix}-edge-to-https"

  default_url_redirect {
    https_redirect         = true
    redirect_response_code = "PERMANENT_REDIRECT"
    strip_query            = false
  }
}

resource "google_compute_target_http_proxy" "to_https" {
  for_each = local.edge

  name    = "${var.prefix}-edge-to-https"
  url_map = google_compute_url_map.to_https[each.key].id
}

resource "google_compute_global_forwarding_rule" "to_https" {
  for_each = local.edge

  name                  = "${var.prefix}-edge-to-https"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.edge[each.key].id
  port_range            = "80"
  target                = google_compute_target_http_proxy.to_https[each.key].id
}
