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

variable "roles" {
  description = "Database roles; each has a database and a secret of its name."
  type        = set(string)
}

variable "subnet_ids" {
  description = "Private subnets, in two availability zones."
  type        = list(string)
}

variable "wide_subnet_ids" {
  description = "Private subnets in three availability zones, which Redshift Serverless needs."
  type        = list(string)
}

variable "group_ids" {
  description = "Security groups, by name."
  type        = map(string)
}

variable "database" {
  description = "Size of the instance, whether it has a standby in a second zone, and whether it is protected against deletion."
  type = object({
    instance_class = string
    multi_az       = bool
    protected      = bool
  })
}

variable "rotation_days" {
  description = "Days after which passwords are replaced; 0: never."
  type        = number
}

variable "archive_bucket" {
  description = "Bucket below whose folder copy/ lie the rows that Redshift loads."
  type        = string
}

variable "redshift" {
  description = "Make Redshift Serverless as a second target."
  type        = bool
}

variable "example_source" {
  description = "Make an Aurora cluster as an example of a source."
  type        = bool
}
