output "email" {
  description = "The service account's address."
  value       = google_service_account.this.email
}

output "member" {
  description = "The service account, as access lists name it."
  value       = google_service_account.this.member
}

output "name" {
  description = "The name of the function, and of the Cloud Run service beneath it."
  value       = google_cloudfunctions2_function.this.name
}

output "public" {
  description = "Whether anybody may call it."
  value       = length(google_cloud_run_v2_service_iam_member.anybody_invokes) > 0
}

output "service_account" {
  description = "The service account's resource name."
  value       = google_service_account.this.name
}

output "uri" {
  description = "The address that the platform has made up."
  value       = google_cloudfunctions2_function.this.service_config[0].uri
}
