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

variable "name" {
  description = "Name of the job."
  type        = string
}

variable "description" {
  description = "What its runs do."
  type        = string
}

variable "code" {
  description = "What its runs run: a bucket, and the addresses of the script, the wheel and the zip of wheels in it."
  type = object({
    bucket    = string
    script    = string
    wheel     = string
    libraries = string
  })
}

variable "security_configuration" {
  description = "Name of the security configuration of its runs."
  type        = string
}

variable "glue" {
  description = "Size of a run."
  type = object({
    version         = string
    worker_type     = string
    workers         = number
    timeout_minutes = number
    concurrent_runs = number
  })
}

variable "arguments" {
  description = "Further default arguments of a run."
  type        = map(string)
  default     = {}
}

variable "certificates" {
  description = "File with the certificates of the authorities by which runs verify databases; null: they do not."
  type        = string
  default     = null
}

variable "place" {
  description = "Where its runs are: a private subnet per availability zone, and their security group; null: outside of the network."
  type = object({
    subnet_ids        = map(string)
    security_group_id = string
  })
  default = null
}

variable "statements" {
  description = "What its runs may do: actions, ARNs and condition, by the name of the statement."
  type = map(object({
    actions   = list(string)
    resources = list(string)
    condition = optional(map(map(string)))
  }))
}

variable "role_tags" {
  description = "Tags of the role of its runs."
  type        = map(string)
  default     = {}
}
