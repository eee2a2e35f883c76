# The state knows passwords (Redis' AUTH string), so it lies in a bucket of its own with access for
# deployers only. Which one is said when Terraform is set up:
#   terraform init -backend-config=bucket=PROJECT-quire-state -backend-config=prefix=prod
terraform {
  backend "gcs" {}
}
