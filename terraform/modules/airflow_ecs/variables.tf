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
  description = "Airflow's image with its tag, and the ECR repository that it is in."
  type = object({
    url            = string
    repository_arn = string
  })
}

variable "host" {
  description = "Name that people reach Airflow by."
  type        = string
}

variable "admin_email" {
  description = "Address of the first administrator."
  type        = string
}

variable "cluster" {
  description = "ECS cluster: ARN, name, and Service Connect namespace."
  type = object({
    arn       = string
    name      = string
    namespace = string
  })
}

variable "subnet_ids" {
  description = "Private subnets of the tasks."
  type        = list(string)
}

variable "group_ids" {
  description = "Security groups, by service."
  type        = map(string)
}

variable "target_group_arn" {
  description = "Target group of the load balancer that the API server is in."
  type        = string
}

variable "database_tls" {
  description = "Environment by which PostgreSQL's driver verifies databases; empty: it does not."
  type        = map(string)
}

variable "database_host" {
  description = "Address of the PostgreSQL server with the metadata."
  type        = string
}

variable "secret_arns" {
  description = "Secrets, by name."
  type        = map(string)
}

variable "dag_files" {
  description = "EFS file system of the DAG releases."
  type = object({
    arn            = string
    file_system_id = string
    access_point   = object({ id = string, arn = string })
  })
}

variable "log_bucket" {
  description = "Bucket of the tasks' logs, below airflow/."
  type        = string
}

variable "code_bucket" {
  description = "Bucket that DAG releases come from, below dags/."
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

variable "task_tags" {
  description = "Tags of the role of the workers."
  type        = map(string)
}

variable "workers" {
  description = "Number of workers, tasks that one runs at a time, and whether they run on Fargate Spot."
  type = object({
    min         = number
    max         = number
    concurrency = number
    spot        = bool
  })
}
