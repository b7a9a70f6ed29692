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

variable "function" {
  description = "Name of the function: its folder in lambdas/, and its zip."
  type        = string
}

variable "description" {
  description = "What the function does."
  type        = string
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
  description = "Private subnets and security group of the function."
  type = object({
    subnet_ids        = list(string)
    security_group_id = string
  })
}

variable "size" {
  description = "MiB of memory, seconds that a call may take, and how many calls may run at once."
  type = object({
    memory      = optional(number, 512)
    seconds     = optional(number, 300)
    concurrency = optional(number, 5)
  })
  default = {}
}

variable "environment" {
  description = "Environment variables; none is a secret."
  type        = map(string)
}

variable "traced" {
  description = "Let X-Ray sample the calls of the function, whose handler writes traces."
  type        = bool
  default     = false
}

variable "queue_arn" {
  description = "Queue that the function works on; null: none."
  type        = string
  default     = null
}

variable "batch_size" {
  description = "Messages of the queue that one call takes at most."
  type        = number
  default     = 10
}

variable "statements" {
  description = "What the function may do besides, by statement: actions, resources and a condition."
  type = map(object({
    actions   = list(string)
    resources = list(string)
    condition = optional(map(map(string)))
  }))
}
