variable "name" {
  description = "Name of the service, and of the container that serves."
  type        = string
}

variable "cluster" {
  description = "ECS cluster: ARN and name."
  type = object({
    arn  = string
    name = string
  })
}

variable "task_definition" {
  description = "ARN of the task definition."
  type        = string
}

variable "port" {
  description = "Port of the container that serves, if any."
  type        = number
  default     = null
}

variable "count_range" {
  description = "Smallest and largest number of tasks. Where they differ, a scaling policy decides."
  type = object({
    min = number
    max = number
  })
}

variable "spot" {
  description = "Run on Fargate Spot, which may stop a task after a notice of two minutes."
  type        = bool
  default     = false
}

variable "replace_first" {
  description = "Stop the old task before the new one starts, for what must not run twice."
  type        = bool
  default     = false
}

variable "subnet_ids" {
  description = "Private subnets of the tasks."
  type        = list(string)
}

variable "security_group_id" {
  description = "Security group of the tasks."
  type        = string
}

variable "connect" {
  description = "Service Connect namespace whose names the tasks resolve, and the name that they serve themselves, if any."
  type = object({
    namespace = string
    serves    = optional(string)
  })
  default = null
}

variable "target" {
  description = "ARN of the load balancer's target group, if any."
  type        = string
  default     = null
}

variable "registry" {
  description = "ARN of the DNS name that leads to the tasks, if any."
  type        = string
  default     = null
}
