# What is off by default, and what it is like when it is on.

mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }

  mock_resource "google_compute_network" {
    defaults = { id = "projects/quire-test/global/networks/quire" }
  }

  mock_resource "google_compute_security_policy" {
    defaults = { id = "projects/quire-test/global/securityPolicies/quire-edge" }
  }

  mock_resource "google_document_ai_processor" {
    defaults = { id = "projects/quire-test/locations/eu/processors/1" }
  }

  mock_resource "google_iam_workload_identity_pool" {
    defaults = { name = "projects/123456789012/locations/global/workloadIdentityPools/quire-ci" }
  }

  mock_resource "google_project_iam_custom_role" {
    defaults = { name = "projects/quire-test/roles/custom" }
  }

  mock_resource "google_redis_instance" {
    defaults = {
      auth_string     = "secret"
      host            = "10.80.8.4"
      port            = 6378
      server_ca_certs = [{ cert = "certificate" }]
    }
  }

  mock_resource "google_service_account" {
    defaults = { email = "account@quire-test.iam.gserviceaccount.com" }
  }
}

variables {
  project      = "quire-test"
  region       = "europe-west1"
  supabase     = { url = "https://abcdefgh.supabase.co" }
  worker_image = "europe-west1-docker.pkg.dev/quire-test/quire-images/worker@sha256:0000000000000000000000000000000000000000000000000000000000000000"
}

run "nothing_optional_is_there_by_default" {
  command = plan

  assert {
    condition = (
      length(google_project_iam_member.telemetry_writer) == 0 && length(google_project_service.telemetry) == 0 &&
      !anytrue([
        for process in local.all_processes :
        contains(keys(merge(local.environment[process], local.secret_environment[process])), "OTEL_EXPORTER_OTLP_ENDPOINT")
      ])
    )
    error_message = "Nothing is sent anywhere unless it is asked for."
  }

  assert {
    condition = (
      length(google_compute_global_address.edge) == 0 && length(google_billing_budget.this) == 0 &&
      length(google_iam_workload_identity_pool.ci) == 0 && length(google_monitoring_uptime_check_config.api) == 0 &&
      length(google_monitoring_notification_channel.email) == 0 && length(google_kms_crypto_key_iam_member.storage) == 0
    )
    error_message = "A small deployment must be small."
  }

  assert {
    condition     = output.api_url == "https://quire-api-123456789012.europe-west1.run.app" && output.settings.environment.api.API__TRUSTED_PROXIES == "1"
    error_message = "The API is at its own address, behind Cloud Run alone."
  }
}

run "behind_a_domain_the_api_answers_nobody_who_goes_around_it" {
  command = plan

  variables {
    edge = { domain = "quire.example.com", requests_per_minute = 300 }
  }

  assert {
    condition     = local.functions.api.ingress == "ALLOW_INTERNAL_AND_GCLB"
    error_message = "The load balancer must be the only way in."
  }

  assert {
    condition     = output.settings.environment.api.API__TRUSTED_PROXIES == "2" && output.api_url == "https://quire.example.com"
    error_message = "The client's address stands before two proxies' then, and links name the domain."
  }

  assert {
    condition     = output.settings.environment.webhook.WEBHOOKS__LINK_BASE == "https://quire.example.com" && contains(google_storage_bucket.uploads.cors[0].origin, "https://quire.example.com")
    error_message = "Webhooks' links and the page's uploads must go by the domain."
  }

  assert {
    condition     = google_compute_backend_service.edge["api"].security_policy == google_compute_security_policy.edge["api"].id && !google_compute_backend_service.edge["api"].enable_cdn
    error_message = "Cloud Armor must stand before the API, and nothing be cached."
  }

  assert {
    condition = [
      for rule in google_compute_security_policy.edge["api"].rule : one(one(rule.rate_limit_options).rate_limit_threshold).count if rule.action == "throttle"
    ] == [300]
    error_message = "More requests than this from one address must be turned away."
  }

  assert {
    condition     = google_compute_ssl_policy.edge["api"].min_tls_version == "TLS_1_2" && google_compute_url_map.to_https["api"].default_url_redirect[0].https_redirect
    error_message = "Only TLS 1.2 and later, and plain HTTP is sent there."
  }
}

run "ci_deploys_without_a_key_from_one_repository_and_ref" {
  command = plan

  variables {
    cicd = { repository = "owner/name", repository_id = "4711", state_bucket = "state" }
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.github["github"].attribute_condition == "assertion.repository == 'owner/name' && assertion.repository_id == '4711' && assertion.ref == 'refs/heads/main'"
    error_message = "The provider must let in that repository and that ref only."
  }

  assert {
    condition     = endswith(google_service_account_iam_member.ci_is_deployer["github"].member, "/attribute.repository_id/4711")
    error_message = "And only it may become the deployer."
  }

  assert {
    condition = alltrue([
      for role in local.deployer_roles :
      !can(regex("^roles/(owner|editor|viewer)$|projectIamAdmin|serviceAccountKeyAdmin|serviceAccountTokenCreator|serviceAccountAdmin|roleAdmin|workloadIdentityPoolAdmin", role))
    ])
    error_message = "What runs in CI must not be able to raise itself."
  }
}

run "a_budget_tells_before_the_money_is_gone" {
  command = plan

  variables {
    budget     = { billing_account = "012345-6789AB-CDEF01", monthly = 200 }
    monitoring = { emails = ["ops@example.com"] }
  }

  assert {
    condition     = google_billing_budget.this[0].amount[0].specified_amount[0].units == "200" && google_billing_budget.this[0].budget_filter[0].projects == toset(["projects/123456789012"])
    error_message = "The budget is of this project alone."
  }

  assert {
    condition     = contains([for rule in google_billing_budget.this[0].threshold_rules : rule.spend_basis], "FORECASTED_SPEND") && length(google_billing_budget.this[0].all_updates_rule[0].monitoring_notification_channels) == 1
    error_message = "A forecast must be told as well, to who is told of alerts."
  }
}

run "every_alert_reaches_whoever_is_to_be_told" {
  command = plan

  variables {
    monitoring = { emails = ["ops@example.com"], channels = ["projects/quire-test/notificationChannels/7"], uptime = true }
  }

  assert {
    condition = alltrue([
      for alert in concat(values(google_monitoring_alert_policy.this), google_monitoring_alert_policy.api_is_away, [google_monitoring_alert_policy.ocr_quota]) :
      length(alert.notification_channels) == 2
    ])
    error_message = "Every alert must go to the address and to the channel."
  }

  assert {
    condition     = google_monitoring_uptime_check_config.api[0].http_check[0].path == "/readyz" && google_monitoring_uptime_check_config.api[0].monitored_resource[0].labels.host == "quire-api-123456789012.europe-west1.run.app"
    error_message = "The check must ask the API, by a path that Google's front end passes on."
  }
}

run "a_key_of_one_s_own_encrypts_what_is_kept" {
  command = plan

  variables {
    kms_key = "projects/k/locations/europe-west1/keyRings/r/cryptoKeys/k"
  }

  assert {
    condition = alltrue([
      for bucket in [google_storage_bucket.uploads, google_storage_bucket.chunks] : bucket.encryption[0].default_kms_key_name == var.kms_key
    ]) && google_redis_instance.this.customer_managed_key == var.kms_key
    error_message = "Documents, chunks and Redis must be encrypted with it."
  }
}

run "google_takes_every_process_s_traces_and_metrics_in_that_process_s_own_name" {
  command = plan

  variables {
    telemetry = { google = true, sample_ratio = 0.25 }
  }

  assert {
    condition = alltrue([
      for process in local.all_processes : (
        local.environment[process].OTEL_EXPORTER_OTLP_ENDPOINT == "https://telemetry.googleapis.com" &&
        local.environment[process].TELEMETRY__GOOGLE_LOGIN == "true" &&
        local.environment[process].OTEL_TRACES_SAMPLER == "parentbased_traceidratio" &&
        local.environment[process].OTEL_TRACES_SAMPLER_ARG == "0.25" &&
        local.environment[process].OTEL_SERVICE_NAME == "quire-${process}" &&
        strcontains(local.environment[process].OTEL_RESOURCE_ATTRIBUTES, "gcp.project_id=quire-test")
      )
    ])
    error_message = "Every process must know where to send what, and whose it is."
  }

  assert {
    condition = (
      length(google_project_iam_member.telemetry_writer) == 2 * length(local.all_processes) &&
      toset(values(google_project_iam_member.telemetry_writer)[*].role) ==
      toset(["roles/telemetry.metricsWriter", "roles/telemetry.tracesWriter"])
    )
    error_message = "Each process may write telemetry, and nothing else comes with that."
  }

  assert {
    condition     = keys(google_project_service.telemetry) == ["cloudtrace.googleapis.com", "telemetry.googleapis.com"]
    error_message = "Google drops traces that arrive while the Cloud Trace API is off."
  }
}

run "a_collector_of_one_s_own_may_ask_for_a_key_that_is_a_secret" {
  command = plan

  variables {
    telemetry = { endpoint = "https://collector.example.com", headers = true }
  }

  assert {
    condition = alltrue([
      for process in local.all_processes : (
        local.environment[process].OTEL_EXPORTER_OTLP_ENDPOINT == "https://collector.example.com" &&
        local.environment[process].TELEMETRY__GOOGLE_LOGIN == "false" &&
        local.secret_environment[process].OTEL_EXPORTER_OTLP_HEADERS.version == "latest"
      )
    ])
    error_message = "The address is a setting, the key a secret."
  }

  assert {
    condition     = length(google_project_iam_member.telemetry_writer) == 0
    error_message = "Who sends nothing to Google needs no right for it."
  }
}
