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

variable "code" {
  description = "What functions run: the runtime, the ARN of the layer with the libraries, the folder of the zips that lambdas/package.py builds, the file by which databases are verified (empty: they are not)."
  type = object({
    runtime          = string
    layer            = string
    folder           = string
    root_certificate = string
  })
}

variable "place" {
  description = "Private subnets and security group of the functions."
  type = object({
    subnet_ids        = list(string)
    security_group_id = string
  })
}

variable "bucket" {
  description = "Bucket that external clients deliver to."
  type        = string
}

variable "failed_bucket" {
  description = "Bucket of batches of the stream that Lambda gave up."
  type        = string
}

variable "database_secret_arn" {
  description = "Secret of the database."
  type        = string
}

variable "protected" {
  description = "Protect the metastore and the key of names against deletion."
  type        = bool
}

variable "large" {
  description = "Cut large files into chunks, and calculate large deliveries in batches of portfolios: with the module dataharvest_large."
  type        = bool
}

variable "due_hours" {
  description = "Hours after the beginning of a date (UTC) at which its messages are to be sent."
  type        = number
}
