# Deployments by a repository's own workflow, without a key: GitHub signs who is running, Google checks
# it. Off unless a repository is named. A person makes the first deployment, since none of this is there
# before; and a person changes roles, since what runs in CI can't raise itself.

locals {
  cicd = var.cicd.repository == null ? {} : { github = var.cicd }

  # What applying this configuration takes. No role that changes roles, pools or keys.
  deployer_roles = toset([
    "roles/artifactregistry.admin",
    "roles/cloudfunctions.admin",
    "roles/cloudscheduler.admin",
    "roles/cloudtasks.admin",
    "roles/compute.loadBalancerAdmin",
    "roles/compute.networkAdmin",
    "roles/compute.securityAdmin",
    "roles/documentai.admin",
    "roles/eventarc.admin",
    "roles/iam.roleViewer",
    "roles/iam.securityReviewer", # to see that access is as it should be
    "roles/iam.serviceAccountViewer",
    "roles/iam.workloadIdentityPoolViewer",
    "roles/logging.configWriter",
    "roles/monitoring.editor",
    "roles/redis.admin",
    "roles/run.admin",
    "roles/secretmanager.admin",
    "roles/serviceusage.serviceUsageAdmin",
  ])

  # In whose name what it deploys runs.
  deployed_accounts = merge(
    { for name, function in module.function : name => function.service_account },
    {
      build     = google_service_account.build.name
      events    = google_service_account.events.name
      scheduler = google_service_account.scheduler.name
      worker    = google_service_account.worker.name
    },
  )
}

resource "google_project_service" "cicd" {
  for_each = toset(length(local.cicd) == 0 ? [] : ["iamcredentials.googleapis.com", "sts.googleapis.com"])

  service            = each.value
  disable_on_destroy = false
}

resource "google_iam_workload_identity_pool" "ci" {
  for_each = local.cicd

  workload_identity_pool_id = "${var.prefix}-ci"
  display_name              = "${var.prefix}-ci"
  description               = "Workflows that deploy."

  depends_on = [google_project_service.cicd]
}

resource "google_iam_workload_identity_pool_provider" "github" {
  #checkov:skip=CKV_GCP_125:Bound by repository, its number and ref, three claims that the check does not read instead of sub
  for_each = local.cicd

  workload_identity_pool_id          = google_iam_workload_identity_pool.ci[each.key].workload_identity_pool_id
  workload_identity_pool_provider_id = each.key
  display_name                       = "GitHub"
  description                        = "One repository, one ref."

  attribute_mapping = {
    "google.subject"          = "assertion.sub"
    "attribute.repository"    = "assertion.repository"
    "attribute.repository_id" = "assertion.repository_id"
    "attribute.ref"           = "assertion.ref"
  }
  attribute_condition = join(" && ", [
    "assertion.repository == '${each.value.repository}'",
    "assertion.repository_id == '${each.value.repository_id}'",
    "assertion.ref == '${each.value.ref}'",
  ])

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account" "deployer" {
  for_each = local.cicd

  account_id   = "${var.prefix}-deploy"
  display_name = "${var.prefix}: CI deploys in this name"
}

resource "google_service_account_iam_member" "ci_is_deployer" {
  for_each = local.cicd

  service_account_id = google_service_account.deployer[each.key].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.ci[each.key].name}/attribute.repository_id/${each.value.repository_id}"
}

# No predefined role has to do with buckets and not with what lies in them.
resource "google_project_iam_custom_role" "bucket_keeper" {
  for_each = local.cicd

  role_id     = "${local.role_prefix}_bucket_keeper"
  title       = "${var.prefix}: keeps buckets"
  description = "Buckets and who may use them; not the documents in them."
  permissions = [
    "storage.buckets.create", "storage.buckets.delete", "storage.buckets.get", "storage.buckets.getIamPolicy",
    "storage.buckets.list", "storage.buckets.setIamPolicy", "storage.buckets.update",
  ]
}

resource "google_project_iam_member" "deployer_keeps_buckets" {
  for_each = local.cicd

  project = var.project
  role    = google_project_iam_custom_role.bucket_keeper[each.key].name
  member  = google_service_account.deployer[each.key].member
}

# What it writes itself: Terraform's state, and the functions' source.
resource "google_storage_bucket_iam_member" "deployer_writes" {
  for_each = { for use, bucket in { state = var.cicd.state_bucket, source = local.buckets.source } : use => bucket if length(local.cicd) > 0 }

  bucket = each.value
  role   = "roles/storage.objectUser"
  member = google_service_account.deployer["github"].member

  depends_on = [google_storage_bucket.source]
}

resource "google_project_iam_member" "deployer" {
  for_each = length(local.cicd) == 0 ? toset([]) : local.deployer_roles

  project = var.project
  role    = each.value
  member  = google_service_account.deployer["github"].member
}

# Whoever has something run in another's name must be allowed to act as it: these accounts, and no other.
resource "google_service_account_iam_member" "deployer_acts_as" {
  for_each = length(local.cicd) == 0 ? {} : local.deployed_accounts

  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.deployer["github"].member
}
