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

variable "image" {
  description = "Image with airflow_on_ecs, and the ECR repository that it is in."
  type = object({
    url            = string
    repository_arn = string
  })
}

variable "database_tls" {
  description = "Environment by which PostgreSQL's driver verifies databases; empty: it does not."
  type        = map(string)
}

variable "database_host" {
  description = "Address of the PostgreSQL server."
  type        = string
}

variable "master_secret_arn" {
  description = "Secret with the master's username and password, as RDS writes it."
  type        = string
}

variable "roles" {
  description = "ARN of the secret with the password of each role. A role owns a database of its own name."
  type        = map(string)
}
