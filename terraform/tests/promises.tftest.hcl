# What holds for every environment. The random provider is not replaced: it needs no login.

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

run "no_bucket_can_be_made_public" {
  command = plan

  assert {
    condition = alltrue([
      for bucket in [google_storage_bucket.uploads, google_storage_bucket.chunks, google_storage_bucket.source] :
      bucket.public_access_prevention == "enforced" && bucket.uniform_bucket_level_access
    ])
    error_message = "Every bucket must have uniform access and enforced public access prevention."
  }
}

run "documents_and_chunks_go_after_their_time" {
  command = plan

  variables {
    storage = { uploads_keep_days = 60, chunks_keep_days = 40, soft_delete_days = 14 }
  }

  assert {
    condition = [
      for rule in google_storage_bucket.uploads.lifecycle_rule : one(rule.condition).age if one(rule.action).type == "Delete"
    ] == [60]
    error_message = "Uploads must be deleted after uploads_keep_days."
  }

  assert {
    condition = [
      for rule in google_storage_bucket.chunks.lifecycle_rule : one(rule.condition).age if one(rule.action).type == "Delete"
    ] == [40]
    error_message = "Chunks must be deleted after chunks_keep_days."
  }

  assert {
    condition     = google_storage_bucket.uploads.soft_delete_policy[0].retention_duration_seconds == 14 * 24 * 3600
    error_message = "A deleted document must be recoverable for soft_delete_days."
  }

  assert {
    condition     = google_storage_bucket.chunks.soft_delete_policy[0].retention_duration_seconds == 0
    error_message = "A chunk is cut again rather than brought back."
  }
}

run "browsers_upload_from_the_api_s_own_page_only" {
  command = plan

  assert {
    condition     = google_storage_bucket.uploads.cors[0].origin == tolist(["https://quire-api-123456789012.europe-west1.run.app"])
    error_message = "Only the API's own page may upload, unless other sites are named."
  }
}

run "redis_wants_a_password_speaks_tls_and_forgets_nothing" {
  command = plan

  assert {
    condition     = google_redis_instance.this.auth_enabled
    error_message = "Redis must want a password."
  }

  assert {
    condition     = google_redis_instance.this.transit_encryption_mode == "SERVER_AUTHENTICATION"
    error_message = "Redis must speak TLS."
  }

  assert {
    condition     = google_redis_instance.this.redis_configs["maxmemory-policy"] == "noeviction"
    error_message = "A full Redis must refuse messages, not forget them."
  }

  assert {
    condition     = startswith(local.redis_url, "rediss://") && strcontains(local.redis_url, "ssl_cert_reqs=required")
    error_message = "Its URL must ask for TLS, and for a certificate that is checked."
  }

  assert {
    condition     = google_redis_instance.this.connect_mode == "DIRECT_PEERING" && google_redis_instance.this.authorized_network == google_compute_network.this.id
    error_message = "Redis must be in our own network and in no other."
  }
}

run "the_network_has_no_way_in_or_out_but_to_redis" {
  command = plan

  assert {
    condition     = google_compute_network.this.delete_default_routes_on_create && !google_compute_network.this.auto_create_subnetworks
    error_message = "No route to the internet, and no subnets but ours."
  }

  assert {
    condition     = google_compute_firewall.to_redis.destination_ranges == toset([var.network.redis_range]) && one(google_compute_firewall.to_redis.allow).ports == tolist(["6378"])
    error_message = "Only Redis' port may be reached."
  }

  assert {
    condition     = one(google_compute_firewall.from_nothing.deny).protocol == "all" && one(google_compute_firewall.to_nothing_else.deny).protocol == "all"
    error_message = "Everything else is refused."
  }
}

run "every_entry_point_is_a_function" {
  command = plan

  assert {
    condition     = toset(keys(module.function)) == toset(["api", "ingest", "merge", "maintain", "webhook"])
    error_message = "functions/main.py has api, ingest, merge, maintain and webhook."
  }
}

run "only_the_api_is_public" {
  command = plan

  assert {
    condition     = [for name, function in module.function : name if function.public] == ["api"]
    error_message = "Nobody but named accounts may call ingest, merge, maintain and webhook."
  }

  assert {
    condition = alltrue([
      for name, function in local.functions : function.ingress == "ALLOW_INTERNAL_ONLY" if name != "api"
    ])
    error_message = "Internal functions must not be reached from outside at all."
  }
}

run "texts_stay_where_documents_are_read" {
  command = plan

  assert {
    condition     = alltrue([for process, told in local.environment : told.VERTEX__LOCATION == "eu"])
    error_message = "In a European region, models must be called in the EU unless another place is named."
  }
}

run "models_are_called_by_who_needs_them_and_nothing_else_is_allowed" {
  command = plan

  assert {
    condition     = google_project_iam_custom_role.model_caller.permissions == toset(["aiplatform.endpoints.predict"])
    error_message = "The role holds the call alone."
  }

  assert {
    condition     = toset(keys(google_project_iam_member.calls_models)) == toset(["api", "worker"])
    error_message = "The API embeds questions and the workers everything else; nobody else calls models."
  }
}

run "no_sentence_goes_to_a_model_unless_somebody_asks_for_it" {
  command = plan

  assert {
    condition     = local.environment.worker.NORMALIZATION__ENGINE == "none"
    error_message = "Putting sentences right is off by default."
  }
}

run "engines_are_the_same_for_all_processes" {
  command = plan

  variables {
    engines  = { entities = "rules", normalization = "gemini", location = "global" }
    settings = { EMBEDDING__MODEL = "text-multilingual-embedding-002" }
  }

  assert {
    condition = alltrue([
      for process in local.broker_processes :
      local.environment[process].ENTITIES__ENGINE == "rules" && local.environment[process].NORMALIZATION__ENGINE == "gemini" && local.environment[process].EMBEDDING__MODEL == "text-multilingual-embedding-002"
    ])
    error_message = "Who plans a job's stages and who goes through them must call engines by the same names."
  }
}

run "what_calls_from_strangers_choose_has_no_way_to_redis" {
  command = plan

  assert {
    condition     = !local.functions.webhook.private_network && !contains(keys(local.secret_environment.webhook), "REDIS_URL")
    error_message = "webhook connects to addresses that owners give: it must not be in the network."
  }
}

run "every_process_runs_in_a_name_of_its_own" {
  command = plan

  assert {
    condition     = google_service_account.worker.account_id == "quire-worker"
    error_message = "The workers have their own account."
  }

  assert {
    condition     = google_cloud_run_v2_worker_pool.this.template[0].service_account == google_service_account.worker.email
    error_message = "And run in its name, not in the project's default one."
  }

  assert {
    condition     = toset(keys(local.members)) == toset(["api", "ingest", "merge", "maintain", "webhook", "worker"])
    error_message = "One account for each process."
  }
}

run "every_function_expects_tokens_made_for_its_own_address" {
  command = plan

  assert {
    condition = alltrue([
      for name in ["ingest", "merge", "maintain", "webhook"] :
      output.settings.environment[name]["INTERNAL__${upper(name)}__AUDIENCE"] == "https://quire-${name}-123456789012.europe-west1.run.app"
    ])
    error_message = "A function's audience must be its own address."
  }

  assert {
    condition = alltrue([
      for process, told in output.settings.environment :
      told.TASKS__MERGE_URL == local.urls.merge && told.TASKS__INGEST_URL == local.urls.ingest && told.TASKS__WEBHOOK_URL == local.urls.webhook
    ])
    error_message = "And that address is where the others call it."
  }

  assert {
    condition = (
      google_cloud_scheduler_job.maintain.http_target[0].uri == local.urls.maintain &&
      google_cloud_scheduler_job.maintain.http_target[0].oidc_token[0].audience == output.settings.environment.maintain.INTERNAL__MAINTAIN__AUDIENCE
    )
    error_message = "Cloud Scheduler must call maintain by the address that it expects."
  }
}

run "the_api_believes_no_token_that_the_platform_should_have_checked" {
  command = plan

  assert {
    condition     = !contains(keys(output.settings.environment.api), "INTERNAL__PLATFORM_CHECKS")
    error_message = "Nobody checks callers before the API."
  }

  assert {
    condition = alltrue([
      for name in ["ingest", "merge", "maintain", "webhook"] : output.settings.environment[name].INTERNAL__PLATFORM_CHECKS == "true"
    ])
    error_message = "Before the others Cloud Run does, and cuts the signature off."
  }
}

run "maintain_runs_every_minute_and_is_not_repeated" {
  command = plan

  assert {
    condition     = google_cloud_scheduler_job.maintain.schedule == "* * * * *" && google_cloud_scheduler_job.maintain.retry_config[0].retry_count == 0
    error_message = "The next minute is the next try."
  }
}

run "queues_try_again_and_wait_longer_each_time" {
  command = plan

  assert {
    condition = alltrue([
      for queue in [google_cloud_tasks_queue.merges, google_cloud_tasks_queue.webhooks] :
      queue.retry_config[0].max_attempts >= 5 && queue.retry_config[0].max_doublings >= 5
    ])
    error_message = "A call that failed must be repeated, with a growing wait."
  }

  assert {
    condition     = google_cloud_tasks_queue.merges.rate_limits[0].max_concurrent_dispatches == var.functions.merge.max_instances
    error_message = "No more calls at once than merge has instances."
  }
}

run "secrets_are_no_plain_settings" {
  command = plan

  variables {
    supabase     = { url = "https://abcdefgh.supabase.co", shared_jwt_secret = true }
    signing_keys = ["1", "2"]
  }

  assert {
    condition = alltrue(flatten([
      for process, told in output.settings.environment : [
        for name, value in told :
        !can(regex("^(DATABASE__URL|REDIS_URL|SUPABASE__SERVICE_KEY|SUPABASE__JWT_SECRET|WEBHOOKS__(PREVIOUS_)?SIGNING_KEY)$", name)) || value == lookup(local.no_secret, name, "")
      ]
    ]))
    error_message = "Secrets come from Secret Manager, or are the words that open nothing."
  }

  assert {
    condition     = alltrue([for process, secrets in output.settings.secret_environment : contains(keys(secrets), "DATABASE__URL")])
    error_message = "Every process reads the database's address from Secret Manager."
  }

  assert {
    condition     = alltrue([for secret in google_secret_manager_secret.this : secret.replication[0].user_managed[0].replicas[0].location == "europe-west1"])
    error_message = "Secrets stay in the region."
  }
}

run "results_can_be_written_by_those_who_write_them_only" {
  command = plan

  assert {
    condition = toset([
      for process, secrets in output.settings.secret_environment : process if contains(keys(secrets), "SUPABASE__SERVICE_KEY")
    ]) == toset(["api", "maintain", "merge", "worker"])
    error_message = "ingest and webhook have no use for the key of Supabase's storage."
  }

  assert {
    condition = toset([
      for process, secrets in output.settings.secret_environment : process if contains(keys(secrets), "WEBHOOKS__SIGNING_KEY")
    ]) == toset(["api", "webhook"])
    error_message = "Only who shows the signing secret and who signs may read the key."
  }
}

run "source_buckets_are_read_by_those_who_need_them_and_written_by_nobody" {
  command = plan

  variables {
    storage = { source_buckets = ["archive", "scans"] }
  }

  assert {
    condition = toset([
      for grant in google_storage_bucket_iam_member.batch_sources : "${grant.bucket} ${grant.role} ${grant.member}"
      ]) == toset([
      for pair in setproduct(["archive", "scans"], ["api", "ingest", "worker"]) :
      "${pair[0]} roles/storage.objectViewer ${local.members[pair[1]]}"
    ])
    error_message = "The API looks for objects, ingest and the workers read them, and nobody writes."
  }

  assert {
    condition     = output.settings.environment.api.STORAGE__SOURCE_BUCKETS == jsonencode(["archive", "scans"])
    error_message = "The API must know whose objects batches may name."
  }
}

run "nobody_overwrites_a_document" {
  command = plan

  assert {
    condition = alltrue([
      for grant in concat(values(local.object_roles.uploads), values(local.object_roles.chunks)) :
      !contains(["roles/storage.admin", "roles/storage.objectAdmin", "roles/storage.objectUser"], grant.role)
    ])
    error_message = "A role that creates and deletes can overwrite."
  }
}

run "the_ocr_version_changes_only_when_it_is_said" {
  command = plan

  assert {
    condition     = endswith(output.processor, "/processorVersions/pretrained-ocr-v2.1-2024-08-07") && output.settings.environment.worker.DOCUMENT_AI__PROCESSOR == output.processor
    error_message = "The workers must call one named version."
  }
}

run "a_setting_reaches_the_processes_that_read_it" {
  command = plan

  variables {
    settings = { RETRIES__MAX_TRIES = "5" }
  }

  assert {
    condition = [
      for process, told in output.settings.environment : process if lookup(told, "RETRIES__MAX_TRIES", "") == "5"
    ] == ["worker"]
    error_message = "RETRIES__MAX_TRIES is read by the workers and by nobody else."
  }
}

run "workers_give_their_chunks_back_when_they_are_stopped" {
  command = plan

  assert {
    condition = [
      for variable in google_cloud_run_v2_worker_pool.this.template[0].containers[0].env : variable.value if variable.name == "REMAP_SIGTERM"
    ] == ["SIGQUIT"]
    error_message = "The platform waits 10 s; a warm shutdown would wait for the chunk."
  }
}

run "alerts_look_at_what_is_counted" {
  command = plan

  assert {
    condition     = can(jsondecode(google_monitoring_dashboard.this.dashboard_json)) && length(jsondecode(google_monitoring_dashboard.this.dashboard_json).mosaicLayout.tiles) == length(local.charts)
    error_message = "The dashboard must be JSON with a tile for each chart."
  }

  assert {
    condition = alltrue([
      for name, metric in google_logging_metric.this :
      anytrue([for text in concat(values(local.alerts)[*].query, local.charts[*].query) : strcontains(text, "${local.series[name]}")])
    ])
    error_message = "What is counted must be charted or watched."
  }
}

run "deletion_is_refused_unless_it_is_wanted" {
  command = plan

  assert {
    condition = (
      google_redis_instance.this.deletion_protection && google_cloud_run_v2_worker_pool.this.deletion_protection &&
      !google_storage_bucket.uploads.force_destroy && !google_storage_bucket.chunks.force_destroy &&
      alltrue([for secret in google_secret_manager_secret.this : secret.deletion_protection])
    )
    error_message = "By default nothing that holds documents, messages or secrets can be deleted."
  }
}
