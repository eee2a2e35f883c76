# maintain sets the number of workers; an apply leaves it alone.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project       = "quire-test"
  region        = "europe-west1"
  secret_values = {}
  supabase      = { url = "https://abcdefgh.supabase.co" }
  worker_image  = "europe-west1-docker.pkg.dev/quire-test/quire-images/worker@sha256:0000000000000000000000000000000000000000000000000000000000000000"
}

run "the_first_apply_starts_the_workers" {
  command = apply

  assert {
    condition     = google_cloud_run_v2_worker_pool.this.scaling[0].manual_instance_count == 1
    error_message = "At least one worker, until maintain knows better."
  }
}

run "a_later_apply_leaves_their_number_alone" {
  command = apply

  variables {
    worker = { min_instances = 4 }
  }

  assert {
    condition     = google_cloud_run_v2_worker_pool.this.scaling[0].manual_instance_count == 1
    error_message = "Terraform must not undo what maintain has set."
  }

  assert {
    condition     = output.settings.environment.maintain.WORKERS__MIN == "4"
    error_message = "maintain is told the new limit instead."
  }
}
