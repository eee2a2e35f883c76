# For work: a Redis that survives its node, an API that is always warm, room for large documents.

deletion_protection = true

labels = { environment = "prod" }

functions = {
  api = { min_instances = 2, max_instances = 20 }

  ingest = { memory_mb = 4096, max_instances = 40 }
  merge  = { memory_mb = 4096, max_instances = 40 }
}

redis = { memory_gb = 2, high_availability = true }

worker = { min_instances = 1, max_instances = 40 }
