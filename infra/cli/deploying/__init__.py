"""Deploys to Google Cloud by the tools that are installed: terraform, gcloud, docker."""
