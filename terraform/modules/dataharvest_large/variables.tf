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

variable "base" {
  description = "What the module dataharvest says of itself: prefix of the names, environment of the functions, and statements of what takes files in, of what loads rows and of what reads the database."
  type = object({
    name        = string
    environment = map(string)
    statements = map(map(object({
      actions   = list(string)
      resources = list(string)
    })))
  })
}

variable "streams" {
  description = "Name of the function that calculates, by its stream."
  type        = map(string)
}

variable "failed_arn" {
  description = "ARN of the bucket of batches that Lambda gave up."
  type        = string
}

variable "protected" {
  description = "Protect the tables against deletion."
  type        = bool
}
