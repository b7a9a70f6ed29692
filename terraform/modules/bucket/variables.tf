variable "name" {
  description = "Name of the bucket."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "partition" {
  description = "AWS partition, such as aws."
  type        = string
}

variable "account_id" {
  description = "AWS account of the bucket."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the objects. Null: S3's own, which is all that a target of access logs may have."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "Delete the objects with the bucket."
  type        = bool
}

variable "log_bucket" {
  description = "Bucket that gets the access logs; null: none are written."
  type        = string
  default     = null
}

variable "log_sources" {
  description = "Names of the buckets whose access logs this one gets."
  type        = list(string)
  default     = []
}

variable "load_balancer" {
  description = "Name of the load balancer whose access logs this one gets, below alb/; null: of none."
  type        = string
  default     = null
}

variable "expire_days" {
  description = "Days after which objects expire, by prefix."
  type        = map(number)
  default     = {}
}

variable "noncurrent_days" {
  description = "Days that replaced and deleted objects can be restored."
  type        = number
  default     = 30

  validation {
    condition     = var.noncurrent_days >= 1
    error_message = "noncurrent_days must be at least 1."
  }
}
