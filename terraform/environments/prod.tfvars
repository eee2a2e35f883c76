# For work: a Redis that survives its node, an API that is always warm, room for large documents.

# Supabase's pooler of a medium size.
database = { max_clients = 600 }

deletion_protection = true

labels = { environment = "prod" }

functions = {
  api = { min_instances = 2, max_instances = 10 }

  ingest = { memory_mb = 4096, max_instances = 20 }
  merge  = { memory_mb = 4096, max_instances = 20 }
}

redis = { memory_gb = 2, high_availability = true }

worker = { min_instances = 1, max_instances = 40 }
