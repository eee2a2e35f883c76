# Images: the workers', which is pushed here, and the functions', which the platform builds here.

resource "google_artifact_registry_repository" "images" {
  #checkov:skip=CKV_GCP_84:Images hold this code and public packages, nothing that is anybody's secret
  repository_id = "${var.prefix}-images"
  description   = "The workers' image."
  location      = var.region
  format        = "DOCKER"

  docker_config {
    immutable_tags = true
  }

  cleanup_policies {
    id     = "keep-the-newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 20
    }
  }

  cleanup_policies {
    id     = "delete-the-old"
    action = "DELETE"
    condition {
      older_than = "${90 * 24 * 3600}s"
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_artifact_registry_repository" "functions" {
  #checkov:skip=CKV_GCP_84:Images hold this code and public packages, nothing that is anybody's secret
  repository_id = "${var.prefix}-functions"
  description   = "The functions' images, as the platform builds them."
  location      = var.region
  format        = "DOCKER"

  cleanup_policies {
    id     = "keep-the-newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 10
    }
  }

  cleanup_policies {
    id     = "delete-the-old"
    action = "DELETE"
    condition {
      older_than = "${30 * 24 * 3600}s"
    }
  }

  depends_on = [google_project_service.this]
}
