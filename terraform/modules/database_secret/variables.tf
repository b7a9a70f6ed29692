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

variable "role" {
  description = "Name of the database role and of its database."
  type        = string
}

variable "database_host" {
  description = "Address of the database."
  type        = string
}

variable "rotation_function_arn" {
  description = "Function that gives the role a new password."
  type        = string
}

variable "rotation_days" {
  description = "Days after which the password is replaced; 0: never, and nobody makes the role."
  type        = number
}

variable "window_days" {
  description = "Days in which a deleted secret can be restored; 0: none, so that its name is free at once."
  type        = number
}
