# The models behind the stages after OCR. They belong to Google, so there is nothing to make: only who may
# call them, and where. Embeddings of questions are the API's, everything else is the workers'.

locals {
  # Where the documents are read, their texts stay: other continents are never asked by themselves.
  vertex_location = coalesce(var.engines.location, startswith(var.region, "europe-") ? "eu" : "us")
}

# Google's models have no access list of their own, so this one role is given on the project, with nothing
# in it but the call itself.
resource "google_project_iam_custom_role" "model_caller" {
  role_id     = "${local.role_prefix}_model_caller"
  title       = "${var.prefix}: calls models"
  description = "Online calls to Vertex AI's models; the predefined role also makes, trains and deletes them."
  permissions = ["aiplatform.endpoints.predict"]
}

resource "google_project_iam_member" "calls_models" {
  for_each = toset(["api", "worker"])

  project = var.project
  role    = google_project_iam_custom_role.model_caller.name
  member  = local.members[each.value]
}
