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

variable "task" {
  description = "Name of the task and of its container."
  type        = string
}

variable "image" {
  description = "Image of the container, with its tag, and the ECR repository that it is pulled from."
  type = object({
    url            = string
    repository_arn = string
  })
}

variable "user" {
  description = "User and group that the container runs as."
  type        = string
}

variable "size" {
  description = "CPU units and MiB of memory, as Fargate pairs them."
  type = object({
    cpu    = number
    memory = number
  })
}

variable "entry_point" {
  description = "Entry point of the container; empty: that of the image."
  type        = list(string)
  default     = []
}

variable "command" {
  description = "Command of the container."
  type        = list(string)
}

variable "environment" {
  description = "Environment variables that are no secrets."
  type        = map(string)
}

variable "secrets" {
  description = "ARNs of the secrets that become environment variables, by the name of the variable."
  type        = map(string)
  default     = {}
}

variable "statements" {
  description = "What the container may do on AWS, by the statement's ID."
  type = map(object({
    actions   = list(string)
    resources = list(string)
    condition = optional(map(map(string)))
  }))
  default = {}
}

variable "role_tags" {
  description = "Tags of the container's role."
  type        = map(string)
  default     = {}
}

variable "writable_paths" {
  description = "Folders that the container may write to; they go with it. All else is read-only."
  type        = set(string)
}

variable "files" {
  description = "EFS file system that is mounted, if any."
  type = object({
    file_system_id  = string
    access_point_id = string
    path            = string
    read_only       = bool
  })
  default = null
}

variable "port" {
  description = "Port on which the container serves HTTP, if any."
  type        = number
  default     = null
}

variable "health_check" {
  description = "Command that ends with 0 while the container is healthy, such as [\"CMD\", \"true\"]; null: it is running."
  type        = list(string)
  default     = null
}
