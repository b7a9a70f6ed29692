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

variable "stars" {
  description = "Names of the stars whose databases are made."
  type        = set(string)
}

variable "lake_bucket" {
  description = "Bucket of the lake: raw files, tables, results of queries."
  type        = string
}

variable "code_bucket" {
  description = "Bucket of the code that Glue runs."
  type        = string
}

variable "workgroup" {
  description = "Athena workgroup of the runs."
  type        = string
}

variable "package" {
  description = "Files that the Glue job runs: script, wheel, and the zip of wheels with its dependencies."
  type = object({
    script    = string
    wheel     = string
    libraries = string
  })
}

variable "glue" {
  description = "Size of a Glue run."
  type = object({
    version         = string
    worker_type     = string
    workers         = number
    timeout_minutes = number
    concurrent_runs = number
  })
}

variable "source_host" {
  description = "Address that stands in for the hosts of all sources; empty: the sources themselves."
  type        = string
}

variable "manage_catalog_encryption" {
  description = "Encrypt the Glue catalog of this account and region."
  type        = bool
}
