variable "name" {
  description = "Name of the key's alias."
  type        = string
}

variable "account_id" {
  description = "AWS account that administers the key."
  type        = string
}

variable "region" {
  description = "AWS region whose CloudWatch Logs uses the key."
  type        = string
}

variable "partition" {
  description = "AWS partition, such as aws."
  type        = string
}

variable "window_days" {
  description = "Days between a key's deletion and its end, in which it can be restored."
  type        = number

  validation {
    condition     = var.window_days >= 7 && var.window_days <= 30
    error_message = "window_days must be 7 to 30."
  }
}
