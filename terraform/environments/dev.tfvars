# For trying out: small, without a second Redis, nothing that stands idle, and easily taken down.

deletion_protection = false

labels = { environment = "dev" }

functions = {
  api = { min_instances = 0, max_instances = 2 }

  ingest  = { max_instances = 3 }
  merge   = { max_instances = 3 }
  webhook = { max_instances = 2 }
}

redis = { high_availability = false }

storage = { uploads_keep_days = 35, soft_delete_days = 0 }

worker = { min_instances = 0, max_instances = 2, processes = 2, memory_mb = 2048, cpu = 1 }
