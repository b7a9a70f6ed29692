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

variable "role_tags" {
  description = "Tags of the environment's role."
  type        = map(string)
  default     = {}
}
