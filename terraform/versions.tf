# The provider's version stands here exactly: what is written below was checked against its schema.
# `terraform init` writes .terraform.lock.hcl with the checksums; commit that file.
terraform {
  required_version = ">= 1.11" # write-only arguments

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "8.7.0"
    }
    random = {
      source  = "hashicorp/random"
      version = "3.9.1"
    }
  }
}

provider "google" {
  project        = var.project
  region         = var.region
  default_labels = merge({ app = var.prefix }, var.labels)
}

data "google_project" "this" {
  project_id = var.project
}
