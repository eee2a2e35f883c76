# What is refused before anything is made, with a sentence that says what to do.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project      = "quire-test"
  region       = "europe-west1"
  supabase     = { url = "https://abcdefgh.supabase.co" }
  worker_image = "europe-west1-docker.pkg.dev/quire-test/quire-images/worker@sha256:0000000000000000000000000000000000000000000000000000000000000000"
}

run "a_project_number_is_no_project_id" {
  command = plan

  variables {
    project = "123456789012"
  }

  expect_failures = [var.project]
}

run "a_zone_is_no_region" {
  command = plan

  variables {
    region = "europe-west1-b"
  }

  expect_failures = [var.region]
}

run "a_long_prefix_leaves_no_room_for_names" {
  command = plan

  variables {
    prefix = "a-very-long-prefix"
  }

  expect_failures = [var.prefix]
}

run "an_image_s_tag_may_point_elsewhere_tomorrow" {
  command = plan

  variables {
    worker_image = "europe-west1-docker.pkg.dev/quire-test/quire-images/worker:latest"
  }

  expect_failures = [var.worker_image]
}

run "supabase_s_address_has_no_path" {
  command = plan

  variables {
    supabase = { url = "https://abcdefgh.supabase.co/rest" }
  }

  expect_failures = [var.supabase]
}

run "an_alias_of_the_ocr_version_changes_by_itself" {
  command = plan

  variables {
    document_ai = { version = "stable" }
  }

  expect_failures = [var.document_ai]
}

run "an_engine_that_there_is_not" {
  command = plan

  variables {
    engines = { entities = "oracle" }
  }

  expect_failures = [var.engines]
}

run "models_are_at_a_location_and_in_no_zone" {
  command = plan

  variables {
    engines = { location = "europe-west1-b" }
  }

  expect_failures = [var.engines]
}

run "files_must_outlive_the_time_for_retries" {
  command = plan

  variables {
    storage = { chunks_keep_days = 10 }
  }

  expect_failures = [var.storage]
}

run "soft_delete_has_a_least_time" {
  command = plan

  variables {
    storage = { soft_delete_days = 3 }
  }

  expect_failures = [var.storage]
}

run "a_star_is_no_origin" {
  command = plan

  variables {
    storage = { cors_origins = ["*"] }
  }

  expect_failures = [var.storage]
}

run "a_source_bucket_is_a_name" {
  command = plan

  variables {
    storage = { source_buckets = ["gs://archive/scans"] }
  }

  expect_failures = [var.storage]
}

run "an_unknown_setting_is_refused" {
  command = plan

  variables {
    settings = { CHUNK_SIZE_PAGE = "20" }
  }

  expect_failures = [var.settings]
}

run "a_setting_of_terraform_s_own_is_refused" {
  command = plan

  variables {
    settings = { REDIS_URL = "redis://elsewhere" }
  }

  expect_failures = [var.settings]
}

run "a_setting_of_the_local_stack_is_refused" {
  command = plan

  variables {
    settings = { INTERNAL__REQUIRED = "false" }
  }

  expect_failures = [var.settings]
}

run "processes_must_fit_into_their_instance" {
  command = plan

  variables {
    worker = { processes = 8, memory_mb = 2048 }
  }

  expect_failures = [var.worker]
}

run "fewest_workers_are_not_above_most" {
  command = plan

  variables {
    worker = { min_instances = 5, max_instances = 2 }
  }

  expect_failures = [var.worker]
}

run "the_api_needs_room_to_draw_pages" {
  command = plan

  variables {
    functions = { api = { memory_mb = 512 } }
  }

  expect_failures = [var.functions]
}

run "more_instances_than_the_database_takes_are_refused" {
  command = plan

  variables {
    worker = { max_instances = 100 }
  }

  expect_failures = [var.database]
}

run "three_signing_keys_are_too_many" {
  command = plan

  variables {
    signing_keys = ["1", "2", "3"]
  }

  expect_failures = [var.signing_keys]
}

run "a_secret_that_is_to_be_written_needs_its_value" {
  command = plan

  variables {
    secret_generations = { database_url = "1" }
  }

  expect_failures = [var.secret_values]
}

run "a_secret_that_nobody_reads_is_refused" {
  command = plan

  variables {
    secret_generations = { password = "1" }
  }

  expect_failures = [var.secret_generations]
}

run "a_key_of_another_region_is_refused" {
  command = plan

  variables {
    kms_key = "projects/k/locations/us-east1/keyRings/r/cryptoKeys/k"
  }

  expect_failures = [var.kms_key]
}

run "redis_has_a_least_size" {
  command = plan

  variables {
    redis = { memory_gb = 0 }
  }

  expect_failures = [var.redis]
}

run "a_subnet_below_26_is_too_small_for_cloud_run" {
  command = plan

  variables {
    network = { instances_range = "10.80.0.0/27" }
  }

  expect_failures = [var.network]
}

run "a_domain_is_a_host_name" {
  command = plan

  variables {
    edge = { domain = "https://quire.example.com" }
  }

  expect_failures = [var.edge]
}

run "a_limit_that_stops_the_page_is_refused" {
  command = plan

  variables {
    edge = { domain = "quire.example.com", requests_per_minute = 10 }
  }

  expect_failures = [var.edge]
}

run "a_repository_needs_its_number" {
  command = plan

  variables {
    cicd = { repository = "owner/name", state_bucket = "state" }
  }

  expect_failures = [var.cicd]
}

run "every_ref_is_no_ref" {
  command = plan

  variables {
    cicd = { repository = "owner/name", repository_id = "1", state_bucket = "state", ref = "refs/heads/*" }
  }

  expect_failures = [var.cicd]
}

run "a_budget_needs_a_billing_account_s_id" {
  command = plan

  variables {
    budget = { billing_account = "mine" }
  }

  expect_failures = [var.budget]
}

run "a_ratio_is_below_one" {
  command = plan

  variables {
    monitoring = { alerts = { error_ratio = 5 } }
  }

  expect_failures = [var.monitoring]
}

run "an_address_that_is_none_is_refused" {
  command = plan

  variables {
    monitoring = { emails = ["nobody"] }
  }

  expect_failures = [var.monitoring]
}

run "telemetry_goes_to_one_place" {
  command = plan

  variables {
    telemetry = { google = true, endpoint = "https://collector.example.com" }
  }

  expect_failures = [var.telemetry]
}

run "a_key_in_the_telemetry_s_address_is_refused" {
  command = plan

  variables {
    telemetry = { endpoint = "https://user:key@collector.example.com" }
  }

  expect_failures = [var.telemetry]
}

run "more_than_all_jobs_can_t_be_traced" {
  command = plan

  variables {
    telemetry = { sample_ratio = 1.5 }
  }

  expect_failures = [var.telemetry]
}
