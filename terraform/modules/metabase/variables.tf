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

variable "images" {
  description = "Images of Metabase and of the tools that provision it, with the ECR repositories that they are in."
  type = map(object({
    url            = string
    repository_arn = string
  }))
}

variable "host" {
  description = "Name that people reach Metabase by."
  type        = string
}

variable "admin_email" {
  description = "Address of the first administrator."
  type        = string
}

variable "cluster" {
  description = "ECS cluster: ARN and name."
  type = object({
    arn  = string
    name = string
  })
}

variable "vpc_id" {
  description = "Network of Metabase."
  type        = string
}

variable "dns_zone" {
  description = "Private DNS zone of the network."
  type        = string
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
  description = "Target group of the load balancer that Metabase is in."
  type        = string
}

variable "database_host" {
  description = "Address of the PostgreSQL server with Metabase's own data."
  type        = string
}

variable "secret_arns" {
  description = "Secrets, by name."
  type        = map(string)
}

variable "workgroup" {
  description = "Athena workgroup of Metabase."
  type        = string
}

variable "lake_bucket" {
  description = "Bucket of the lake."
  type        = string
}

variable "databases" {
  description = "Databases of the Glue catalog that Metabase reads."
  type        = set(string)
}
