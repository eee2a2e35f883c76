# Sorted by name. What differs between environments stands in environments/*.tfvars; what only the
# deployer knows (project, region, supabase, worker_image) comes from outside.

variable "budget" {
  description = "What a month of this project may cost, in whole units of the billing account's currency, and on which billing account. Off where null. Told at half of it, at all of it, and when all of it is forecast."
  type = object({
    billing_account = optional(string)
    monthly         = optional(number, 500)
    currency        = optional(string, "USD")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.budget.billing_account == null || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account))
    error_message = "budget.billing_account must look like 012345-6789AB-CDEF01."
  }

  validation {
    condition     = var.budget.monthly >= 1 && floor(var.budget.monthly) == var.budget.monthly
    error_message = "budget.monthly must be a whole number, at least 1."
  }

  validation {
    condition     = can(regex("^[A-Z]{3}$", var.budget.currency))
    error_message = "budget.currency must be three letters such as USD or EUR: the billing account's own."
  }
}

variable "cicd" {
  description = "The GitHub repository whose workflows may deploy, by its name and its number (names can be taken over), from which ref, and the bucket with Terraform's state. Off where null."
  type = object({
    repository    = optional(string)
    repository_id = optional(string)
    ref           = optional(string, "refs/heads/main")
    state_bucket  = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.cicd.repository == null || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.cicd.repository))
    error_message = "cicd.repository must be OWNER/NAME."
  }

  validation {
    condition     = var.cicd.repository == null || can(regex("^[0-9]+$", var.cicd.repository_id))
    error_message = "cicd.repository_id must be the repository's number: `gh api repos/OWNER/NAME --jq .id`."
  }

  validation {
    condition     = can(regex("^refs/(heads|tags)/[^*]+$", var.cicd.ref))
    error_message = "cicd.ref must be one branch or tag, such as refs/heads/main."
  }

  validation {
    condition     = var.cicd.repository == null || var.cicd.state_bucket != null
    error_message = "cicd.state_bucket must name the bucket with Terraform's state, or nothing could be deployed."
  }
}

variable "database" {
  description = "How many clients Supabase's pooler takes: 200 at its smallest size, 400, 600, 800, 1,000 and more above."
  type = object({
    max_clients = optional(number, 200)
  })
  default  = {}
  nullable = false

  validation {
    condition     = local.most_connections <= var.database.max_clients
    error_message = "With all instances running, Quire would open ${local.most_connections} connections, and database.max_clients is ${var.database.max_clients}. Lower the max_instances of functions and worker, or take a larger pooler and say so."
  }
}

variable "deletion_protection" {
  description = "Keeps Terraform from deleting buckets with content, Redis, secrets and the worker pool. To take everything down, apply it once with false."
  type        = bool
  default     = true
  nullable    = false
}

variable "document_ai" {
  description = "The OCR processor: where it is (us or eu; by the region where null), and the version that is called, which never changes by itself."
  type = object({
    location = optional(string)
    version  = optional(string, "pretrained-ocr-v2.1-2024-08-07")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.document_ai.location == null || can(regex("^(us|eu|[a-z]+-[a-z]+[0-9])$", var.document_ai.location))
    error_message = "document_ai.location must be us, eu or a single region such as asia-southeast1."
  }

  validation {
    condition     = can(regex("-[0-9]{4}-[0-9]{2}-[0-9]{2}$", var.document_ai.version))
    error_message = "document_ai.version must name one version, like pretrained-ocr-v2.1-2024-08-07: an alias changes by itself, and with it what documents read like."
  }
}

variable "edge" {
  description = "A domain of one's own in front of the API, behind a load balancer that turns away addresses which ask more often than this; and the part of requests that it logs. Without a domain the API is reached at its run.app address."
  type = object({
    domain              = optional(string)
    requests_per_minute = optional(number, 1200)
    log_sample          = optional(number, 0.1)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.edge.domain == null || can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.edge.domain))
    error_message = "edge.domain must be a host name such as quire.example.com, without https:// and path."
  }

  validation {
    condition     = var.edge.requests_per_minute >= 60 && var.edge.requests_per_minute <= 1000000
    error_message = "edge.requests_per_minute must be 60 to 1,000,000: a page that follows a job asks more than once a second."
  }

  validation {
    condition     = var.edge.log_sample >= 0 && var.edge.log_sample <= 1
    error_message = "edge.log_sample must be 0 to 1."
  }
}

variable "engines" {
  description = "What works behind the stages after OCR, beside Vertex AI's embeddings: what finds entities (rules, vertex, or spacy in a workers' image with it) and puts sentences right (none, gemini); and where Vertex AI's models are called: eu, us, global or a region that has them (eu or us by the region where null)."
  type = object({
    entities      = optional(string, "vertex")
    normalization = optional(string, "none")
    location      = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["rules", "spacy", "vertex"], var.engines.entities)
    error_message = "engines.entities must be rules, spacy or vertex."
  }

  validation {
    condition     = contains(["none", "gemini"], var.engines.normalization)
    error_message = "engines.normalization must be none or gemini."
  }

  validation {
    condition     = var.engines.location == null || can(regex("^(global|eu|us|[a-z]+-[a-z]+[0-9]+)$", var.engines.location))
    error_message = "engines.location must be global, eu, us or a region such as europe-west4."
  }
}

variable "functions" {
  description = <<-EOT
    Size of each function. CPU in cores, memory in MB; concurrency is requests at once in one instance.
    A function's /tmp is its memory. So ingest holds a whole upload there, beside 131 MB of its own and a
    few chunks: it can cut documents of about memory_mb - 300 MB. merge holds the merged result there.
  EOT
  type = object({
    api = optional(object({
      cpu           = optional(number, 2)
      memory_mb     = optional(number, 2048)
      concurrency   = optional(number, 200)
      min_instances = optional(number, 1)
      max_instances = optional(number, 10)
    }), {})
    ingest = optional(object({
      cpu           = optional(number, 1)
      memory_mb     = optional(number, 2048)
      max_instances = optional(number, 10)
    }), {})
    merge = optional(object({
      cpu           = optional(number, 1)
      memory_mb     = optional(number, 2048)
      max_instances = optional(number, 10)
    }), {})
    webhook = optional(object({
      cpu           = optional(number, 1)
      memory_mb     = optional(number, 512)
      concurrency   = optional(number, 20)
      max_instances = optional(number, 3)
    }), {})
    maintain = optional(object({
      cpu       = optional(number, 1)
      memory_mb = optional(number, 512)
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.functions.ingest.memory_mb >= 768
    error_message = "functions.ingest.memory_mb must be at least 768: with less it can't hold a document of 400 MB beside its own 131 MB."
  }

  validation {
    condition     = var.functions.api.memory_mb >= 1536
    error_message = "functions.api.memory_mb must be at least 1536: two processes that draw pages may take 512 MB each, and 256 MB of documents are kept for them."
  }

  validation {
    condition = alltrue([
      for name, size in var.functions :
      (size.memory_mb <= 512 || size.cpu >= 0.5) && (size.memory_mb <= 4096 || size.cpu >= 2) && (size.memory_mb <= 8192 || size.cpu >= 4)
    ])
    error_message = "functions: Cloud Run gives more than 512 MB only to at least 0.5 CPU, more than 4,096 MB to 2, and more than 8,192 MB to 4."
  }

  validation {
    condition     = var.functions.api.cpu >= 1 && var.functions.webhook.cpu >= 1
    error_message = "functions.api and functions.webhook need at least 1 CPU, since one instance serves several requests at once."
  }

  validation {
    condition     = var.functions.api.min_instances <= var.functions.api.max_instances
    error_message = "functions.api.min_instances must not be above max_instances."
  }
}

variable "functions_zip" {
  description = "The functions' source, as `make package` writes it."
  type        = string
  default     = "../build/functions.zip"
  nullable    = false
}

variable "kms_key" {
  description = "A Cloud KMS key of the same region (projects/P/locations/REGION/keyRings/R/cryptoKeys/K) that encrypts what is kept: documents, chunks and Redis. Google's own keys where null."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/${var.region}/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key must look like projects/P/locations/REGION/keyRings/R/cryptoKeys/K and be in the same region as everything else."
  }
}

variable "labels" {
  description = "Labels of every resource, beside `app`."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "monitoring" {
  description = <<-EOT
    Who is told (addresses, and channels that there are already), whether the API is asked from outside
    every five minutes (which wakes it where it has no instance), and from where on an alert is raised.
  EOT
  type = object({
    emails   = optional(set(string), [])
    channels = optional(set(string), [])
    uptime   = optional(bool, false)
    alerts = optional(object({
      oldest_chunk_minutes     = optional(number, 15)
      oldest_task_minutes      = optional(number, 10)
      error_ratio              = optional(number, 0.05)
      redis_memory_ratio       = optional(number, 0.8)
      lost_workers_per_hour    = optional(number, 5)
      credits_granted_per_hour = optional(number, 100000)
      credits_refused_per_hour = optional(number, 50)
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for address in var.monitoring.emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "monitoring.emails must be e-mail addresses."
  }

  validation {
    condition     = alltrue([for channel in var.monitoring.channels : can(regex("^projects/[^/]+/notificationChannels/[0-9]+$", channel))])
    error_message = "monitoring.channels must look like projects/P/notificationChannels/1234."
  }

  validation {
    condition = alltrue([
      for ratio in [var.monitoring.alerts.error_ratio, var.monitoring.alerts.redis_memory_ratio] :
      ratio > 0 && ratio < 1
    ])
    error_message = "monitoring.alerts: error_ratio and redis_memory_ratio must be between 0 and 1."
  }

  validation {
    condition     = alltrue([for name, limit in var.monitoring.alerts : limit > 0])
    error_message = "monitoring.alerts: every limit must be above 0."
  }
}

variable "network" {
  description = "Private address ranges: of the instances that talk to Redis (two addresses each while a revision is being replaced), and of Redis."
  type = object({
    instances_range = optional(string, "10.80.0.0/22")
    redis_range     = optional(string, "10.80.8.0/29")
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(cidrhost(var.network.instances_range, 0)) && try(tonumber(split("/", var.network.instances_range)[1]) <= 26, false)
    error_message = "network.instances_range must be a range of /26 or larger, such as 10.80.0.0/22: Cloud Run takes no smaller subnet."
  }

  validation {
    condition     = can(cidrhost(var.network.redis_range, 0)) && try(split("/", var.network.redis_range)[1] == "29", false)
    error_message = "network.redis_range must be a /29, such as 10.80.8.0/29: that is what one Redis without read replicas takes."
  }
}

variable "prefix" {
  description = "What every name begins with. Two Quires in one project differ by it."
  type        = string
  default     = "quire"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,13}[a-z0-9]$", var.prefix))
    error_message = "prefix must be 3 to 15 lower-case letters, digits and hyphens, beginning with a letter: service accounts' names have no more room."
  }
}

variable "project" {
  description = "The Google Cloud project's id."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project must be a project's id (6 to 30 lower-case letters, digits and hyphens), not its name or number."
  }
}

variable "redis" {
  description = "The broker. A second node takes over where the first fails; without it a failure costs minutes, and never a document. Maintenance at that hour (UTC)."
  type = object({
    memory_gb         = optional(number, 1)
    high_availability = optional(bool, true)
    check_host        = optional(bool, false)
    maintenance_day   = optional(string, "SUNDAY")
    maintenance_hour  = optional(number, 3)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.redis.memory_gb >= 1 && var.redis.memory_gb <= 300
    error_message = "redis.memory_gb must be 1 to 300."
  }

  validation {
    condition     = var.redis.maintenance_hour >= 0 && var.redis.maintenance_hour <= 23
    error_message = "redis.maintenance_hour must be 0 to 23."
  }
}

variable "region" {
  description = "Where everything is: near the readers, and where Document AI's location allows it near the processor."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as europe-west1, not a zone or a multi-region."
  }
}

variable "secret_generations" {
  description = "Which of the secrets Terraform writes, from `secret_values`, and which generation of each: a new word writes the value anew. What is not named here is written by somebody else, as a new version of the secret."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.secret_generations), keys(local.given_secrets))) == 0
    error_message = "secret_generations may name: ${join(", ", keys(local.given_secrets))}."
  }
}

variable "secret_values" {
  description = "Values of the secrets that `secret_generations` names. They go to Secret Manager and stay in neither plan nor state. Pass them as TF_VAR_secret_values."
  type        = map(string)
  default     = {}
  nullable    = false
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = length(setsubtract(keys(var.secret_generations), [for name, value in var.secret_values : name if value != ""])) == 0
    error_message = "secret_values must have a value for every secret that secret_generations names."
  }
}

variable "settings" {
  description = "Settings that are left at their defaults unless they stand here, by their names in infra/settings.py: RETRIES__MAX_TRIES = \"5\". Each reaches the processes that read it."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.settings), keys(local.tunable_settings))) == 0
    error_message = "settings: not known, or set by Terraform itself: ${join(", ", setsubtract(keys(var.settings), keys(local.tunable_settings)))}."
  }
}

variable "signing_keys" {
  description = "Generations of the key that signs webhooks, the newest last. Terraform makes each key. To change the key, add a generation, and take the old one away when receivers know the new secret."
  type        = list(string)
  default     = ["1"]
  nullable    = false

  validation {
    condition     = contains([1, 2], length(var.signing_keys)) && length(distinct(var.signing_keys)) == length(var.signing_keys)
    error_message = "signing_keys must name one generation, or two different ones while the key is being changed."
  }
}

variable "storage" {
  description = <<-EOT
    How long the buckets keep things, in days. Documents and chunks are needed for as long as a failed job
    can be retried (MAINTAIN__KEEP_FAILED_DAYS); pages are drawn from the documents. A deleted document
    can be brought back for soft_delete_days. cors_origins are further sites whose pages upload.
    source_buckets are buckets of your own whose objects batches may name, below inbox/OWNER/ and
    batches/OWNER/; Quire only reads them.
  EOT
  type = object({
    uploads_keep_days = optional(number, 90)
    chunks_keep_days  = optional(number, 35)
    soft_delete_days  = optional(number, 7)
    cors_origins      = optional(list(string), [])
    source_buckets    = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for bucket in var.storage.source_buckets : can(regex("^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$", bucket))])
    error_message = "storage.source_buckets must be buckets' names, without gs:// and without a path."
  }

  validation {
    condition = alltrue([
      for days in [var.storage.uploads_keep_days, var.storage.chunks_keep_days] :
      days > tonumber(lookup(var.settings, "MAINTAIN__KEEP_FAILED_DAYS", "30"))
    ])
    error_message = "storage.uploads_keep_days and chunks_keep_days must be above MAINTAIN__KEEP_FAILED_DAYS (30): a job could not be retried once its files are gone."
  }

  validation {
    condition     = var.storage.soft_delete_days == 0 || var.storage.soft_delete_days >= 7 && var.storage.soft_delete_days <= 90
    error_message = "storage.soft_delete_days must be 0 (off) or 7 to 90, says Cloud Storage."
  }

  validation {
    condition     = alltrue([for origin in var.storage.cors_origins : can(regex("^https://[^/*]+$", origin))])
    error_message = "storage.cors_origins must be origins such as https://app.example.com, without path or star."
  }
}

variable "supabase" {
  description = "The Supabase project: its address, and whether its users' tokens are signed with the old shared secret (HS256), which is then another secret to be given."
  type = object({
    url               = string
    shared_jwt_secret = optional(bool, false)
  })
  nullable = false

  validation {
    condition     = can(regex("^https://[^/]+$", var.supabase.url))
    error_message = "supabase.url must be the project's address, like https://abcdefgh.supabase.co, without a path."
  }
}

variable "telemetry" {
  description = "Where traces and metrics go, by OTLP over HTTP: `google` for Cloud Trace and Cloud Monitoring, or the `endpoint` of a collector; nowhere without either. `headers`: with the secret otlp_headers, a vendor's key. `sample_ratio` of the jobs leave a trace; metrics count all."
  type = object({
    google       = optional(bool, false)
    endpoint     = optional(string)
    headers      = optional(bool, false)
    sample_ratio = optional(number, 1)
  })
  default  = {}
  nullable = false

  validation {
    condition     = !(var.telemetry.google && (var.telemetry.endpoint != null || var.telemetry.headers))
    error_message = "telemetry: either google, or an endpoint of one's own with its headers."
  }

  validation {
    condition     = var.telemetry.endpoint == null || can(regex("^https?://[^/?#@]+(/[^?#]*)?$", var.telemetry.endpoint))
    error_message = "telemetry.endpoint must be the address of what takes OTLP over HTTP, such as https://collector.example.com:4318. Keys go into the secret otlp_headers."
  }

  validation {
    condition     = var.telemetry.sample_ratio >= 0 && var.telemetry.sample_ratio <= 1
    error_message = "telemetry.sample_ratio must be 0 to 1."
  }
}

variable "worker" {
  description = "The workers. Instances of this size; processes read a chunk each, and are replaced after a chunk that left them above process_memory_mb. Between min and max, `maintain` sets the number of instances."
  type = object({
    cpu               = optional(number, 2)
    memory_mb         = optional(number, 4096)
    processes         = optional(number, 4)
    process_memory_mb = optional(number, 768)
    min_instances     = optional(number, 1)
    max_instances     = optional(number, 10)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.worker.memory_mb >= 256 + var.worker.processes * var.worker.process_memory_mb
    error_message = "worker.memory_mb must be at least 256 + processes x process_memory_mb, or the platform kills an instance whose processes are within their limits."
  }

  validation {
    condition     = var.worker.cpu >= 1 && (var.worker.memory_mb <= 4096 || var.worker.cpu >= 2) && (var.worker.memory_mb <= 8192 || var.worker.cpu >= 4)
    error_message = "worker: Cloud Run gives workers at least 1 CPU, and more than 4,096 MB only to 2, more than 8,192 MB to 4."
  }

  validation {
    condition     = var.worker.min_instances >= 0 && var.worker.min_instances <= var.worker.max_instances && var.worker.max_instances >= 1
    error_message = "worker.min_instances must be 0 to max_instances, and max_instances at least 1."
  }

  validation {
    condition     = var.worker.process_memory_mb >= 128 && var.worker.processes >= 1
    error_message = "worker.process_memory_mb must be at least 128, and processes at least 1."
  }
}

variable "worker_image" {
  description = "The workers' image, by its digest: REGION-docker.pkg.dev/PROJECT/quire-images/worker@sha256:…"
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.worker_image))
    error_message = "worker_image must end with @sha256: and 64 hexadecimal digits: a tag may point to another image tomorrow."
  }
}
