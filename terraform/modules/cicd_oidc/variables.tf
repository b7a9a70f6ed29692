variable "deployment" {
  description = "What is deployed where: prefix of the names, partition, account, region and the key of what is stored."
  type = object({
    name        = string
    partition   = string
    account_id  = string
    region      = string
    kms_key_arn = string
  })
}

variable "environment" {
  description = "Environment whose state the roles read."
  type        = string
}

variable "issuers" {
  description = "Issuers of the tokens of CI jobs, by host: the audience of the tokens, and the exact subjects that get each of the roles plan, deploy and dags."
  type = map(object({
    audience = string
    subjects = map(list(string))
  }))
}

variable "state_bucket" {
  description = "Bucket of Terraform's state."
  type        = string
}

variable "dag_bucket" {
  description = "Bucket that DAGs are released to."
  type        = string
}

variable "dag_sync" {
  description = "Family and roles of the task that brings DAG releases to EFS; null with Amazon MWAA or without Airflow."
  type = object({
    family    = string
    role_arns = list(string)
  })
}

variable "passed_to" {
  description = "Services that the roles of the environment are passed to."
  type        = list(string)
}
