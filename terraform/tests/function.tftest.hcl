# A function by itself.

mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }

  mock_resource "google_service_account" {
    defaults = { email = "account@quire-test.iam.gserviceaccount.com" }
  }
}

variables {
  project     = "quire-test"
  region      = "europe-west1"
  name        = "quire-ingest"
  description = "Cuts."
  entry_point = "ingest"
  build       = { bucket = "b", object = "o", repository = "r", service_account = "builder" }
  environment = { LOG_LEVEL = "INFO" }

  secret_environment = { DATABASE__URL = { secret = "quire-database-url", version = "3" } }

  service = {
    cpu             = 1
    memory_mb       = 2048
    concurrency     = 1
    min_instances   = 0
    max_instances   = 3
    timeout_seconds = 540
    ingress         = "ALLOW_INTERNAL_ONLY"
  }
}

run "an_event_that_failed_is_delivered_again" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    event = { bucket = "quire-test-quire-uploads", service_account = "events@example" }
  }

  assert {
    condition = (
      google_cloudfunctions2_function.this.event_trigger[0].retry_policy == "RETRY_POLICY_RETRY" &&
      google_cloudfunctions2_function.this.event_trigger[0].event_type == "google.cloud.storage.object.v1.finalized" &&
      google_cloudfunctions2_function.this.event_trigger[0].service_account_email == "events@example"
    )
    error_message = "ingest must be called again for an upload whose first call failed, in the events' account's name."
  }
}

run "a_function_runs_in_its_own_name_and_is_built_in_another" {
  command = plan

  module {
    source = "./modules/function"
  }

  assert {
    condition = (
      google_service_account.this.account_id == "quire-ingest" &&
      google_cloudfunctions2_function.this.service_config[0].service_account_email == google_service_account.this.email &&
      google_cloudfunctions2_function.this.build_config[0].service_account == "builder"
    )
    error_message = "Neither may be the project's default account."
  }
}

run "nobody_may_call_a_function_unless_it_is_said" {
  command = plan

  module {
    source = "./modules/function"
  }

  assert {
    condition     = !output.public && length(google_cloud_run_v2_service_iam_member.anybody_invokes) == 0
    error_message = "A function is private by default."
  }
}

run "a_secret_is_read_from_its_version_by_who_needs_it" {
  command = plan

  module {
    source = "./modules/function"
  }

  assert {
    condition = (
      keys(google_secret_manager_secret_iam_member.reads) == ["quire-database-url"] &&
      google_cloudfunctions2_function.this.service_config[0].secret_environment_variables[0].version == "3"
    )
    error_message = "One grant for each secret, and the version that was said."
  }
}

run "a_function_that_is_off_the_network_stays_off" {
  command = plan

  module {
    source = "./modules/function"
  }

  assert {
    condition     = length(google_cloudfunctions2_function.this.service_config[0].direct_vpc_network_interface) == 0
    error_message = "Without a network there is no way into one."
  }
}
