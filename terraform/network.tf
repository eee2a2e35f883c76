# A network for one thing: the way from the functions and workers to Redis. Everything else that they
# call (Google's APIs, Supabase, owners' servers) has a public address and is reached without it.
# Nothing in it has a public address, and it has no way out.

resource "google_compute_network" "this" {
  name                            = var.prefix
  description                     = "From Quire's functions and workers to its Redis."
  auto_create_subnetworks         = false
  delete_default_routes_on_create = true

  depends_on = [google_project_service.this]
}

resource "google_compute_subnetwork" "instances" {
  name                     = "${var.prefix}-instances"
  network                  = google_compute_network.this.id
  region                   = var.region
  ip_cidr_range            = var.network.instances_range
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_15_MIN"
    flow_sampling        = 0.1
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "to_redis" {
  name               = "${var.prefix}-to-redis"
  description        = "Instances may talk to Redis, over TLS."
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = [var.network.redis_range]

  allow {
    protocol = "tcp"
    ports    = [tostring(local.redis_port)]
  }
}

resource "google_compute_firewall" "to_nothing_else" {
  name               = "${var.prefix}-to-nothing-else"
  description        = "And to nothing else in here."
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = 65534
  destination_ranges = ["0.0.0.0/0"]

  deny {
    protocol = "all"
  }
}

resource "google_compute_firewall" "from_nothing" {
  name          = "${var.prefix}-from-nothing"
  description   = "Nobody may begin a connection to an instance."
  network       = google_compute_network.this.id
  direction     = "INGRESS"
  priority      = 65534
  source_ranges = ["0.0.0.0/0"]

  deny {
    protocol = "all"
  }
}
