variable "name" {
  description = "Prefix of the names."
  type        = string
}

variable "partition" {
  description = "AWS partition, such as aws."
  type        = string
}

variable "account_id" {
  description = "AWS account of the lake."
  type        = string
}

variable "region" {
  description = "AWS region of the lake."
  type        = string
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

variable "kms_key_arn" {
  description = "Key of everything that is stored."
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

variable "log_retention_days" {
  description = "Days that the logs of the runs are kept."
  type        = number
}

variable "manage_catalog_encryption" {
  description = "Encrypt the Glue catalog of this account and region."
  type        = bool
}
