variable "deployment" {
  description = "What is deployed where: prefix of the names, partition, account, region, the key of what is stored, days that logs are kept."
  type = object({
    name               = string
    partition          = string
    account_id         = string
    region             = string
    kms_key_arn        = string
    log_retention_days = number
  })
}

variable "base" {
  description = "Of DataHarvest: the prefix of its names, its stages, the key of the names of clients."
  type = object({
    name        = string
    stages      = list(string)
    kms_key_arn = string
  })
}

variable "buckets" {
  description = "Bucket of the deliveries, and bucket of the batches that Lambda gave up."
  type = object({
    deliveries = string
    failed     = string
  })
}

variable "database_secret_arn" {
  description = "Secret of the database."
  type        = string
}

variable "large" {
  description = "Whether large deliveries are taken in parts: there is a table of their progress, and an announcer."
  type        = bool
}

variable "streams" {
  description = "Names of the Kinesis streams, without their prefix."
  type        = set(string)
}
