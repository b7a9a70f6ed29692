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

variable "landing_bucket" {
  description = "Bucket in which files arrive."
  type        = string
}

variable "database_secret_arn" {
  description = "Secret of the ledger's database."
  type        = string
}

variable "sender" {
  description = "E-mail address that messages about files come from; null: none is made."
  type        = string
  default     = null
}

variable "late_feeds" {
  description = "Hours without a file after which a feed is late, by feed."
  type        = map(number)
}

variable "oldest_new_hours" {
  description = "Hours after which a file that waits sets off an alarm."
  type        = number
}
