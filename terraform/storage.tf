# Documents and the chunks cut from them. Objects are created once and never overwritten, so versions
# would only keep what was deleted; soft delete does that for as long as is wanted, and no longer.

resource "google_storage_bucket" "uploads" {
  #checkov:skip=CKV_GCP_62:Usage logs need a bucket that Google's group may write to; Data Access audit logs say who read what
  #checkov:skip=CKV_GCP_78:Objects are created once and never overwritten; soft delete keeps what was deleted, for as long as is wanted
  name                        = local.buckets.uploads
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  soft_delete_policy {
    retention_duration_seconds = var.storage.soft_delete_days * 24 * 3600
  }

  lifecycle_rule {
    condition {
      age = var.storage.uploads_keep_days
    }
    action {
      type = "Delete"
    }
  }

  lifecycle_rule {
    condition {
      age = 7
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  # The page sends documents straight here, to the address of a session that the API has opened.
  cors {
    origin          = concat([local.api_url], var.storage.cors_origins)
    method          = ["PUT"]
    response_header = ["Content-Type", "Content-Range", "Range", "X-GUploader-UploadID"]
    max_age_seconds = 3600
  }

  dynamic "encryption" {
    for_each = var.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.storage, google_project_service.this]
}

# A chunk can be cut again from its document, so it is deleted for good. `maintain` does it a day after
# the job; this catches what it never heard of.
resource "google_storage_bucket" "chunks" {
  #checkov:skip=CKV_GCP_62:Usage logs need a bucket that Google's group may write to; Data Access audit logs say who read what
  #checkov:skip=CKV_GCP_78:Chunks are created once, and cut again from the document where one is missing
  name                        = local.buckets.chunks
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    condition {
      age = var.storage.chunks_keep_days
    }
    action {
      type = "Delete"
    }
  }

  lifecycle_rule {
    condition {
      age = 1
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.storage, google_project_service.this]
}

locals {
  # Who may do what with objects. A creator can't overwrite, since that takes the right to delete.
  object_roles = {
    uploads = {
      "api creates"  = { process = "api", role = "roles/storage.objectCreator" }
      "api reads"    = { process = "api", role = "roles/storage.objectViewer" }
      "ingest reads" = { process = "ingest", role = "roles/storage.objectViewer" }
      # Small documents of batches, which nobody cuts.
      "worker reads"     = { process = "worker", role = "roles/storage.objectViewer" }
      "maintain removes" = { process = "maintain", role = google_project_iam_custom_role.object_remover.name }
    }
    chunks = {
      "ingest creates"   = { process = "ingest", role = "roles/storage.objectCreator" }
      "ingest reads"     = { process = "ingest", role = "roles/storage.objectViewer" }
      "worker reads"     = { process = "worker", role = "roles/storage.objectViewer" }
      "maintain removes" = { process = "maintain", role = google_project_iam_custom_role.object_remover.name }
    }
  }
}

resource "google_project_iam_custom_role" "object_remover" {
  role_id     = "${local.role_prefix}_object_remover"
  title       = "${var.prefix}: finds and deletes objects"
  description = "No predefined role deletes without creating."
  permissions = ["storage.objects.delete", "storage.objects.get", "storage.objects.list"]
}

resource "google_storage_bucket_iam_member" "uploads" {
  for_each = local.object_roles.uploads

  bucket = google_storage_bucket.uploads.name
  role   = each.value.role
  member = local.members[each.value.process]
}

resource "google_storage_bucket_iam_member" "chunks" {
  for_each = local.object_roles.chunks

  bucket = google_storage_bucket.chunks.name
  role   = each.value.role
  member = local.members[each.value.process]
}

# Buckets of the operator's own, whose objects batches may name: the API looks for them and draws their
# pages, the others read them.
resource "google_storage_bucket_iam_member" "batch_sources" {
  for_each = {
    for pair in setproduct(var.storage.source_buckets, ["api", "ingest", "worker"]) :
    "${pair[0]} ${pair[1]}" => { bucket = pair[0], process = pair[1] }
  }

  bucket = each.value.bucket
  role   = "roles/storage.objectViewer"
  member = local.members[each.value.process]
}

data "google_storage_project_service_account" "this" {
  project = var.project

  depends_on = [google_project_service.this]
}

resource "google_kms_crypto_key_iam_member" "storage" {
  count = var.kms_key == null ? 0 : 1

  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = data.google_storage_project_service_account.this.member
}
