# The OCR processor. Its version is named, both here and in what the workers call: a new one is tried
# before it is used.

resource "google_document_ai_processor" "ocr" {
  #checkov:skip=CKV2_GCP_22:It keeps no documents, since online calls are not stored; and a region's key does not fit its location (us, eu)
  display_name = "${var.prefix}-ocr"
  type         = "OCR_PROCESSOR"
  location     = local.document_ai_location

  depends_on = [google_project_service.this]
}

locals {
  document_ai_location = coalesce(var.document_ai.location, startswith(var.region, "europe-") ? "eu" : "us")
  document_ai_version  = "${google_document_ai_processor.ocr.id}/processorVersions/${var.document_ai.version}"
}

resource "google_document_ai_processor_default_version" "ocr" {
  processor = google_document_ai_processor.ocr.id
  version   = local.document_ai_version
}

# A processor has no access list of its own, so this one role is given on the project, with nothing in
# it but the call itself.
resource "google_project_iam_custom_role" "ocr_caller" {
  role_id     = "${local.role_prefix}_ocr_caller"
  title       = "${var.prefix}: has documents read"
  description = "Online calls to Document AI's processors; the predefined role also starts batches."
  permissions = ["documentai.processorVersions.processOnline", "documentai.processors.processOnline"]
}

resource "google_project_iam_member" "worker_calls_ocr" {
  project = var.project
  role    = google_project_iam_custom_role.ocr_caller.name
  member  = local.members.worker
}
