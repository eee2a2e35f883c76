# The functions, what they are built from, and what calls ingest.

locals {
  # Called by Google's own services alone; those of this project count as internal.
  internal = "ALLOW_INTERNAL_ONLY"

  maintain_instances = 2 # a long run does not hold up the next

  functions = {
    api = {
      description     = "The HTTPS door: documents in, status, events and results out, and the web page."
      cpu             = var.functions.api.cpu
      memory_mb       = var.functions.api.memory_mb
      concurrency     = var.functions.api.concurrency
      min_instances   = var.functions.api.min_instances
      max_instances   = var.functions.api.max_instances
      timeout_seconds = 3600 # streams of events
      ingress         = var.edge.domain == null ? "ALLOW_ALL" : "ALLOW_INTERNAL_AND_GCLB"
      private_network = true
    }
    ingest = {
      description     = "Cuts what landed in the uploads bucket into chunks."
      cpu             = var.functions.ingest.cpu
      memory_mb       = var.functions.ingest.memory_mb
      concurrency     = 1 # a document lies in memory
      min_instances   = 0
      max_instances   = var.functions.ingest.max_instances
      timeout_seconds = 540 # the longest that a function with a trigger may take
      ingress         = local.internal
      private_network = true
    }
    merge = {
      description     = "Binds the chunks' results."
      cpu             = var.functions.merge.cpu
      memory_mb       = var.functions.merge.memory_mb
      concurrency     = 1
      min_instances   = 0
      max_instances   = var.functions.merge.max_instances
      timeout_seconds = 1800 # as long as Cloud Tasks waits for it
      ingress         = local.internal
      private_network = true
    }
    maintain = {
      description     = "Every minute: sends again what stopped, and cleans up."
      cpu             = var.functions.maintain.cpu
      memory_mb       = var.functions.maintain.memory_mb
      concurrency     = 1
      min_instances   = 0
      max_instances   = local.maintain_instances
      timeout_seconds = 180
      ingress         = local.internal
      private_network = true
    }
    webhook = {
      description     = "Tells an owner's server that a job has ended."
      cpu             = var.functions.webhook.cpu
      memory_mb       = var.functions.webhook.memory_mb
      concurrency     = var.functions.webhook.concurrency
      min_instances   = 0
      max_instances   = var.functions.webhook.max_instances
      timeout_seconds = 360 # as long as Cloud Tasks waits for it
      ingress         = local.internal
      # What connects to addresses that strangers choose has no way to Redis.
      private_network = false
    }
  }
}

module "function" {
  source   = "./modules/function"
  for_each = local.functions

  project     = var.project
  region      = var.region
  name        = "${var.prefix}-${each.key}"
  description = each.value.description
  entry_point = each.key
  public      = each.key == "api" # it knows its callers itself

  service = each.value

  build = {
    bucket          = google_storage_bucket_object.functions.bucket
    object          = google_storage_bucket_object.functions.name
    repository      = google_artifact_registry_repository.functions.id
    service_account = google_service_account.build.id
  }

  environment        = local.environment[each.key]
  secret_environment = local.secret_environment[each.key]

  network = each.value.private_network ? {
    network    = google_compute_network.this.id
    subnetwork = google_compute_subnetwork.instances.id
  } : null

  event = each.key == "ingest" ? {
    bucket          = google_storage_bucket.uploads.name
    service_account = google_service_account.events.email
  } : null

  depends_on = [
    google_artifact_registry_repository_iam_member.build_writes_images,
    google_project_iam_member.build_reads_sources,
    google_project_iam_member.build_writes_logs,
    google_project_iam_member.events_receives,
    google_project_iam_member.storage_publishes_events,
    google_project_service.this,
    google_storage_bucket_iam_member.build_reads_source,
  ]
}

# ── the source ────────────────────────────────────────────────────────────────────────────────────

resource "google_storage_bucket" "source" {
  #checkov:skip=CKV_GCP_62:Usage logs need a bucket that Google's group may write to; Data Access audit logs say who read what
  name                        = local.buckets.source
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  versioning {
    enabled = true # what ran last week can be looked at
  }

  lifecycle_rule {
    condition {
      days_since_noncurrent_time = 90
    }
    action {
      type = "Delete"
    }
  }

  depends_on = [google_project_service.this]
}

# Named by its content: the same source is the same object, and another is deployed.
resource "google_storage_bucket_object" "functions" {
  name         = "functions-${fileexists(var.functions_zip) ? filesha256(var.functions_zip) : "missing"}.zip"
  bucket       = google_storage_bucket.source.name
  source       = var.functions_zip
  content_type = "application/zip"

  lifecycle {
    precondition {
      condition     = fileexists(var.functions_zip)
      error_message = "There is no ${var.functions_zip}. Write it with `make package`."
    }
  }
}

# ── who builds them ───────────────────────────────────────────────────────────────────────────────

resource "google_service_account" "build" {
  account_id   = "${var.prefix}-build"
  display_name = "${var.prefix}: Cloud Build builds the functions' images in this name"
}

resource "google_storage_bucket_iam_member" "build_reads_source" {
  bucket = google_storage_bucket.source.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.build.member
}

resource "google_artifact_registry_repository_iam_member" "build_writes_images" {
  repository = google_artifact_registry_repository.functions.name
  location   = var.region
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

resource "google_project_iam_member" "build_writes_logs" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}

# The platform copies the source into a bucket of its own, which it makes with the first function.
resource "google_project_iam_member" "build_reads_sources" {
  project = var.project
  role    = "roles/storage.objectViewer"
  member  = google_service_account.build.member

  condition {
    title       = "The platform's copies of sources"
    description = "Nothing else of this project's storage."
    expression  = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${data.google_project.this.number}-${var.region}\")"
  }
}

# ── what calls ingest ─────────────────────────────────────────────────────────────────────────────

# In whose name Eventarc calls.
resource "google_service_account" "events" {
  account_id   = "${var.prefix}-events"
  display_name = "${var.prefix}: Eventarc calls in this name"
}

resource "google_cloud_run_v2_service_iam_member" "events_invokes" {
  name     = module.function["ingest"].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.events.member
}

# Both can be given on the project only: the topic in between is made by Eventarc, with a name of its own.
resource "google_project_iam_member" "events_receives" {
  project = var.project
  role    = "roles/eventarc.eventReceiver"
  member  = google_service_account.events.member
}

resource "google_project_iam_member" "storage_publishes_events" {
  project = var.project
  role    = "roles/pubsub.publisher"
  member  = data.google_storage_project_service_account.this.member
}
