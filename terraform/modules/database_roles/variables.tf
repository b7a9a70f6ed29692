variable "name" {
  description = "Prefix of the names."
  type        = string
}

variable "partition" {
  description = "AWS partition, such as aws."
  type        = string
}

variable "account_id" {
  description = "AWS account of the task."
  type        = string
}

variable "region" {
  description = "AWS region of the task."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the log and of the secrets."
  type        = string
}

variable "log_retention_days" {
  description = "Days that the log is kept."
  type        = number
}

variable "image" {
  description = "Image with airflow_on_ecs, and the ECR repository that it is in."
  type = object({
    url            = string
    repository_arn = string
  })
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
