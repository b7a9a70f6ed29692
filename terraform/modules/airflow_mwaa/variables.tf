variable "name" {
  description = "Name of the environment."
  type        = string
}

variable "partition" {
  description = "AWS partition, such as aws."
  type        = string
}

variable "account_id" {
  description = "AWS account of the environment."
  type        = string
}

variable "region" {
  description = "AWS region of the environment."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of everything that the environment stores."
  type        = string
}

variable "airflow_version" {
  description = "Version of Airflow, one that Amazon MWAA offers."
  type        = string
}

variable "environment_class" {
  description = "Size of the environment, such as mw1.small."
  type        = string
}

variable "workers" {
  description = "Smallest and largest number of workers."
  type = object({
    min = number
    max = number
  })
}

variable "dag_bucket" {
  description = "Versioned bucket that DAGs and requirements are read from."
  type        = string
}

variable "requirements" {
  description = "File of the Python packages that the DAGs need."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, in two availability zones."
  type        = list(string)
}

variable "security_group_id" {
  description = "Security group of the environment."
  type        = string
}

variable "task_statements" {
  description = "What the tasks of the DAGs do on AWS, by the statement's ID."
  type = map(object({
    actions   = list(string)
    resources = list(string)
    condition = optional(map(map(string)))
  }))
}
