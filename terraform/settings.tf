# What each process is told, by the names that infra/settings.py reads. That file is the truth: a test
# compares its names with these, both ways. Four groups make up all of them:
#
#   environment, secret_environment   set here, for each process (optional_secrets: where wanted)
#   optional_settings                 set for each process where a variable asks for them
#   tunable_settings                  left at their defaults, unless `var.settings` says otherwise
#   local_settings                    for a stack on one machine; never set in the cloud

locals {
  # A process does not start unless every setting without a default is there. Those that have no use for
  # a secret get this in its place, which opens nothing.
  no_secret = {
    REDIS_URL             = "redis://this-process-has-no-redis.invalid:6379/0"
    SUPABASE__SERVICE_KEY = "this-process-has-no-service-key"
    WEBHOOKS__SIGNING_KEY = "this-process-has-no-key-to-sign-webhooks-with"
  }

  # Settings that all have.
  shared_environment = {
    STORAGE__PROJECT        = var.project
    STORAGE__UPLOADS_BUCKET = google_storage_bucket.uploads.name
    STORAGE__CHUNKS_BUCKET  = google_storage_bucket.chunks.name
    SUPABASE__URL           = var.supabase.url
    DOCUMENT_AI__PROCESSOR  = local.document_ai_version
    TASKS__QUEUE            = google_cloud_tasks_queue.merges.id
    TASKS__WEBHOOK_QUEUE    = google_cloud_tasks_queue.webhooks.id
    TASKS__MERGE_URL        = local.urls.merge
    TASKS__INGEST_URL       = local.urls.ingest
    TASKS__WEBHOOK_URL      = local.urls.webhook
    TASKS__SERVICE_ACCOUNT  = google_service_account.tasks.email
    # Workers embed passages with it, the API questions; and engines' names are part of stages' versions,
    # which whoever plans a job's stages writes down. The other engine is packaged for one machine only.
    EMBEDDING__ENGINE     = "vertex"
    ENTITIES__ENGINE      = var.engines.entities
    NORMALIZATION__ENGINE = var.engines.normalization
    VERTEX__LOCATION      = local.vertex_location
  }

  # Connections to the database that one process may open; each of a worker's processes has its own.
  connections = { api = 6, ingest = 2, merge = 2, maintain = 2, webhook = 4, worker = 2 }

  most_connections = sum([
    local.connections.api * var.functions.api.max_instances,
    local.connections.ingest * var.functions.ingest.max_instances,
    local.connections.merge * var.functions.merge.max_instances,
    local.connections.maintain * local.maintain_instances,
    local.connections.webhook * var.functions.webhook.max_instances,
    local.connections.worker * var.worker.processes * var.worker.max_instances,
  ])

  # A function's disk is its memory: ingest needs 300 MB for itself and some chunks.
  max_document_bytes = tostring((var.functions.ingest.memory_mb - 300) * 1024 * 1024)

  # Settings of one process.
  own_environment = {
    api = {
      STORAGE__MAX_DOCUMENT_BYTES = local.max_document_bytes
      DATABASE__MAX_CONNECTIONS   = tostring(local.connections.api)
      # Whose objects batches may name, beside those of the uploads bucket.
      STORAGE__SOURCE_BUCKETS = jsonencode(var.storage.source_buckets)
      # Cloud Run itself, and the load balancer before it.
      API__TRUSTED_PROXIES = var.edge.domain == null ? "1" : "2"
    }
    ingest = {
      STORAGE__MAX_DOCUMENT_BYTES = local.max_document_bytes
      DATABASE__MAX_CONNECTIONS   = tostring(local.connections.ingest)
      SUPABASE__SERVICE_KEY       = local.no_secret.SUPABASE__SERVICE_KEY
      WEBHOOKS__SIGNING_KEY       = local.no_secret.WEBHOOKS__SIGNING_KEY
      INTERNAL__PLATFORM_CHECKS   = "true"
      INTERNAL__INGEST__AUDIENCE  = local.urls.ingest
      INTERNAL__INGEST__CALLERS   = jsonencode([google_service_account.events.email, google_service_account.tasks.email])
    }
    merge = {
      DATABASE__MAX_CONNECTIONS = tostring(local.connections.merge)
      WEBHOOKS__SIGNING_KEY     = local.no_secret.WEBHOOKS__SIGNING_KEY
      INTERNAL__PLATFORM_CHECKS = "true"
      INTERNAL__MERGE__AUDIENCE = local.urls.merge
      INTERNAL__MERGE__CALLERS  = jsonencode([google_service_account.tasks.email])
    }
    maintain = {
      DATABASE__MAX_CONNECTIONS    = tostring(local.connections.maintain)
      WEBHOOKS__SIGNING_KEY        = local.no_secret.WEBHOOKS__SIGNING_KEY
      INTERNAL__PLATFORM_CHECKS    = "true"
      INTERNAL__MAINTAIN__AUDIENCE = local.urls.maintain
      INTERNAL__MAINTAIN__CALLERS  = jsonencode([google_service_account.scheduler.email])
      # What it sets the number of workers by.
      WORKERS__POOL = "projects/${var.project}/locations/${var.region}/workerPools/${local.worker_pool}"
      WORKERS__MIN  = tostring(var.worker.min_instances)
      WORKERS__MAX  = tostring(var.worker.max_instances)
      MAX_WORKERS   = tostring(var.worker.processes)
    }
    webhook = {
      DATABASE__MAX_CONNECTIONS   = tostring(local.connections.webhook)
      REDIS_URL                   = local.no_secret.REDIS_URL
      SUPABASE__SERVICE_KEY       = local.no_secret.SUPABASE__SERVICE_KEY
      WEBHOOKS__LINK_BASE         = local.api_url
      INTERNAL__PLATFORM_CHECKS   = "true"
      INTERNAL__WEBHOOK__AUDIENCE = local.urls.webhook
      INTERNAL__WEBHOOK__CALLERS  = jsonencode([google_service_account.tasks.email])
    }
    worker = {
      DATABASE__MAX_CONNECTIONS = tostring(local.connections.worker)
      WEBHOOKS__SIGNING_KEY     = local.no_secret.WEBHOOKS__SIGNING_KEY
      MAX_WORKERS               = tostring(var.worker.processes)
      WORKER_MEMORY_LIMIT_MB    = tostring(var.worker.process_memory_mb)
    }
  }

  # Which secret each process reads as which setting.
  secret_names = {
    api = merge(
      {
        DATABASE__URL         = "database_url"
        REDIS_URL             = "redis_url"
        SUPABASE__SERVICE_KEY = "supabase_service_key"
        WEBHOOKS__SIGNING_KEY = "signing_key"
      },
      var.supabase.shared_jwt_secret ? { SUPABASE__JWT_SECRET = "supabase_jwt_secret" } : {},
    )
    ingest   = { DATABASE__URL = "database_url", REDIS_URL = "redis_url" }
    merge    = { DATABASE__URL = "database_url", REDIS_URL = "redis_url", SUPABASE__SERVICE_KEY = "supabase_service_key" }
    maintain = { DATABASE__URL = "database_url", REDIS_URL = "redis_url", SUPABASE__SERVICE_KEY = "supabase_service_key" }
    webhook  = { DATABASE__URL = "database_url", WEBHOOKS__SIGNING_KEY = "signing_key" }
    worker   = { DATABASE__URL = "database_url", REDIS_URL = "redis_url", SUPABASE__SERVICE_KEY = "supabase_service_key" }
  }

  # While the key is being changed, the one before it signs too.
  previous_signing_key = length(var.signing_keys) == 1 ? {} : {
    WEBHOOKS__PREVIOUS_SIGNING_KEY = {
      secret  = google_secret_manager_secret.this["signing_key"].secret_id
      version = google_secret_manager_secret_version.signing_key[var.signing_keys[0]].version
    }
  }

  environment = {
    for process, own in local.own_environment : process => merge(
      local.shared_environment,
      own,
      local.telemetry_environment[process],
      { for name, value in var.settings : name => value if contains(lookup(local.tunable_settings, name, []), process) },
    )
  }

  secret_environment = {
    for process, secrets in local.secret_names : process => merge(
      {
        for name, secret in secrets : name => {
          secret  = google_secret_manager_secret.this[secret].secret_id
          version = local.secret_versions[secret]
        }
      },
      contains(values(secrets), "signing_key") ? local.previous_signing_key : {},
      local.telemetry_secrets,
    )
  }

  all_processes    = keys(local.secret_names)
  broker_processes = [for process, secrets in local.secret_names : process if contains(keys(secrets), "REDIS_URL")]

  # Settings with defaults that suit most, and the processes that read each.
  tunable_settings = {
    STORAGE__DEFAULT_OWNER  = ["ingest"]
    SUPABASE__JWKS_URL      = ["api"]
    SUPABASE__ISSUER        = ["api"]
    SUPABASE__CHUNKS_BUCKET = ["maintain", "merge", "worker"]
    # Where results lie; the API reads them, and asks whether the bucket is there.
    SUPABASE__RESULTS_BUCKET = ["api", "maintain", "merge"]

    # Every process refuses chunks that no call could carry, so every process is told.
    DOCUMENT_AI__IMAGELESS          = local.all_processes
    DOCUMENT_AI__MAX_PAGES_PER_CALL = local.all_processes
    CHUNK_SIZE_PAGES                = local.all_processes
    DOCUMENT_AI__MAX_BYTES_PER_CALL = ["ingest", "worker"]
    DOCUMENT_AI__TIMEOUT_SECONDS    = ["worker"]
    # Also what names readings in the cache.
    DOCUMENT_AI__NATIVE_PDF_PARSING = ["ingest", "worker"]
    DOCUMENT_AI__CALLS_PER_MINUTE   = ["maintain", "worker"]
    CHUNKING_THRESHOLD_PAGES        = ["api"]
    ASYNC_PROCESSING_ENABLED        = ["api"]
    # Also how long the broker waits before it gives a message out again.
    TASK_TIMEOUT_SECONDS = local.broker_processes

    LEASES__CHUNK_SECONDS      = ["ingest", "maintain", "worker"]
    LEASES__SPLIT_SECONDS      = ["api", "ingest", "maintain"]
    LEASES__MERGE_SECONDS      = ["maintain", "merge"]
    RETRIES__MAX_TRIES         = ["worker"]
    RETRIES__MAX_LOST_LEASES   = ["worker"]
    RETRIES__BASE_SECONDS      = ["worker"]
    RETRIES__MAX_SECONDS       = ["worker"]
    CREDITS__ENABLED           = ["api", "ingest"]
    LOG_LEVEL                  = local.all_processes
    WEBHOOKS__ALLOW_HTTP       = ["api", "webhook"]
    WEBHOOKS__PORTS            = ["api", "webhook"]
    WEBHOOKS__TIMEOUT_SECONDS  = ["api", "ingest", "maintain", "merge", "webhook"]
    WEBHOOKS__RETRY_SECONDS    = ["webhook"]
    STREAMS__HEARTBEAT_SECONDS = ["api"]
    STREAMS__LONGEST_SECONDS   = ["api"]

    MAINTAIN__RESEND_AFTER_SECONDS     = ["api", "ingest", "maintain", "merge", "webhook"]
    MAINTAIN__UPLOAD_DEADLINE_SECONDS  = ["maintain"]
    MAINTAIN__KEEP_INTERMEDIATES_HOURS = ["maintain"]
    MAINTAIN__KEEP_FAILED_DAYS         = ["maintain"]
    MAINTAIN__KEEP_LOGS_DAYS           = ["maintain"]
    MAINTAIN__CLEAN_UP_SECONDS         = ["maintain"]

    WORKERS__TARGET_AGE_SECONDS = ["maintain"]
    WORKERS__START_SECONDS      = ["maintain"]
    WORKERS__COOL_DOWN_SECONDS  = ["maintain"]
    WORKERS__REREAD_SECONDS     = ["maintain"]

    API__WAIT_SECONDS             = ["api"]
    API__MAX_WAIT_SECONDS         = ["api"]
    API__MAX_PAGES                = ["api"]
    API__REQUESTS_PER_MINUTE      = ["api"]
    API__FAILED_LOGINS_PER_MINUTE = ["api"]
    API__IDEMPOTENCY_HOURS        = ["api", "maintain"]

    BATCHES__MAX_DOCUMENTS         = ["api"]
    BATCHES__SMALL_DOCUMENT_BYTES  = ["api", "ingest", "maintain", "worker"]
    BATCHES__DOCUMENTS_PER_MESSAGE = ["api", "ingest", "maintain", "worker"]
    BATCHES__WINDOW                = ["api", "ingest", "maintain", "worker"]
    CACHE__ENABLED                 = ["ingest", "worker"]
    CACHE__DAYS                    = ["ingest", "worker"]

    # What jobs go through that do not say: whoever plans it must know.
    STAGES__DEFAULT          = local.broker_processes
    STAGES__PASSAGE_TOKENS   = ["worker"]
    STAGES__OVERLAP_TOKENS   = ["worker"]
    STAGES__PAGES_AT_ONCE    = ["worker"]
    STAGES__PASSAGES_AT_ONCE = ["api", "worker"]
    STAGES__SLICE_SECONDS    = ["worker"]
    STAGES__LEASE_SECONDS    = ["worker"]

    # Models, by whose names the versions of stages differ.
    ENTITIES__MODELS            = local.broker_processes
    EMBEDDING__MODEL            = local.broker_processes
    NORMALIZATION__MODEL        = local.broker_processes
    VERTEX__MODEL               = local.broker_processes
    EMBEDDING__LOCATION         = ["api", "worker"]
    EMBEDDING__TEXTS_PER_CALL   = ["api", "worker"]
    EMBEDDING__CALLS_PER_MINUTE = ["api", "worker"]
    VERTEX__PROJECT             = ["api", "worker"]
    VERTEX__TIMEOUT_SECONDS     = ["api", "worker"]
    VERTEX__CALLS_AT_ONCE       = ["api", "worker"]
    VERTEX__CALLS_PER_MINUTE    = ["worker"]

    # Where traces or metrics go elsewhere than `var.telemetry` says, or one of them nowhere.
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT = local.all_processes
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT  = local.all_processes
    OTEL_SDK_DISABLED                   = local.all_processes
    TELEMETRY__FLUSH_SECONDS            = local.all_processes

    PICTURES__MAX_DOCUMENT_MB = ["api"]
    PICTURES__CACHE_MB        = ["api"]
    PICTURES__PROCESSES       = ["api"]
    PICTURES__WAITING         = ["api"]
    PICTURES__WAIT_SECONDS    = ["api"]
    PICTURES__MEMORY_MB       = ["api"]
    PICTURES__SECONDS         = ["api"]
    PICTURES__IDLE_SECONDS    = ["api"]
  }

  # Settings that not every deployment has, and the variable that brings each to every process.
  optional_settings = {
    OTEL_EXPORTER_OTLP_ENDPOINT = "telemetry.endpoint"
    OTEL_RESOURCE_ATTRIBUTES    = "telemetry.endpoint"
    OTEL_SERVICE_NAME           = "telemetry.endpoint"
    OTEL_TRACES_SAMPLER         = "telemetry.sample_ratio"
    OTEL_TRACES_SAMPLER_ARG     = "telemetry.sample_ratio"
    TELEMETRY__GOOGLE_LOGIN     = "telemetry.google"
  }

  # Secrets that not every deployment has, and the variable that brings each.
  optional_secrets = {
    OTEL_EXPORTER_OTLP_HEADERS     = "telemetry.headers"
    SUPABASE__JWT_SECRET           = "supabase.shared_jwt_secret"
    WEBHOOKS__PREVIOUS_SIGNING_KEY = "signing_keys"
  }

  # Addresses of emulators, and doors that are open on one machine only.
  local_settings = [
    "DOCUMENT_AI__ENDPOINT",
    "DOCUMENT_AI__INSECURE",
    "INTERNAL__ISSUER",
    "INTERNAL__JWKS_URL",
    "INTERNAL__REQUIRED",
    "STORAGE_EMULATOR_HOST",
    "TASKS__ENDPOINT",
    "TASKS__INSECURE",
    "VERTEX__ENDPOINT",
    "VERTEX__INSECURE",
    "WEBHOOKS__ALLOW_PRIVATE",
    "WORKERS__ENDPOINT",
    "WORKERS__INSECURE",
  ]
}
