variable "build" {
  description = "How the source becomes an image: the archive in its bucket, who builds it, and where the image goes."
  type = object({
    bucket          = string
    object          = string
    repository      = string
    service_account = string
  })
  nullable = false
}

variable "description" {
  description = "What the function does."
  type        = string
  nullable    = false
}

variable "entry_point" {
  description = "Its name in functions/main.py."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "Settings by the names of infra/settings.py."
  type        = map(string)
  nullable    = false
}

variable "event" {
  description = "The bucket whose finished uploads call the function, and in whose name. Null for a function that is called by HTTP."
  type = object({
    bucket          = string
    service_account = string
  })
  default = null
}

variable "name" {
  description = "The function's name, and its service account's."
  type        = string
  nullable    = false
}

variable "network" {
  description = "Network and subnet that private addresses are reached through. Null for a function that calls none."
  type = object({
    network    = string
    subnetwork = string
  })
  default = null
}

variable "public" {
  description = "Whether anybody may call it. Then it must know its callers itself."
  type        = bool
  default     = false
  nullable    = false
}

variable "region" {
  description = "Where it runs."
  type        = string
  nullable    = false
}

variable "secret_environment" {
  description = "Settings that are secrets: the secret's name and its version, by the settings' names."
  type = map(object({
    secret  = string
    version = string
  }))
  nullable = false
}

variable "project" {
  description = "The project's id."
  type        = string
  nullable    = false
}

variable "service" {
  description = "Size and limits: CPU in cores, memory in MB, time in seconds, and from where it may be called."
  type = object({
    cpu             = number
    memory_mb       = number
    concurrency     = number
    min_instances   = number
    max_instances   = number
    timeout_seconds = number
    ingress         = string
  })
  nullable = false
}
