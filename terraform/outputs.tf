output "api_url" {
  description = "Where the API and the web page are."
  value       = local.api_url
}

output "buckets" {
  description = "The buckets: documents that are put into `uploads` are read."
  value       = local.buckets
}

output "cicd" {
  description = "For the workflow's login (google-github-actions/auth): the provider, and the service account."
  value = {
    for name in keys(local.cicd) : name => {
      workload_identity_provider = google_iam_workload_identity_pool_provider.github[name].name
      service_account            = google_service_account.deployer[name].email
    }
  }
}

output "edge_address" {
  description = "What the domain's A record must say, by the domain. Empty without one."
  value       = { for name, address in google_compute_global_address.edge : local.edge[name].domain => address.address }
}

output "functions" {
  description = "The functions' names, and the addresses that they call each other by."
  value = {
    for name, function in module.function : name => {
      name = function.name
      url  = local.urls[name]
    }
  }
}

output "image_repository" {
  description = "Where the workers' image is pushed to."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}"
}

output "processor" {
  description = "The OCR processor's version that is called."
  value       = local.document_ai_version
}

output "secrets" {
  description = "Secrets whose values are given, and not made by Terraform: name in Secret Manager, and what belongs there."
  value = {
    for name, meaning in local.given_secrets : google_secret_manager_secret.this[name].secret_id => meaning
  }
}

output "service_accounts" {
  description = "In whose name each process runs."
  value       = { for process, member in local.members : process => trimprefix(member, "serviceAccount:") }
}

output "settings" {
  description = "What each process is told: plain settings, settings that are secrets, secrets that not every deployment has, those left at their defaults, and those for one machine only."
  value = {
    environment        = local.environment
    secret_environment = local.secret_environment
    optional_secrets   = local.optional_secrets
    tunable            = local.tunable_settings
    local              = local.local_settings
  }
}

output "worker_pool" {
  description = "The workers' pool."
  value       = google_cloud_run_v2_worker_pool.this.name
}
