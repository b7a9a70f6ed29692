variable "name" {
  description = "Name of vault and plan."
  type        = string
}

variable "partition" {
  description = "AWS partition, such as aws."
  type        = string
}

variable "account_id" {
  description = "AWS account of the backups."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the backups."
  type        = string
}

variable "database_arns" {
  description = "Databases that are backed up."
  type        = list(string)
}

variable "subnet_group" {
  description = "Subnet group that a restore is tried in."
  type        = string
}

variable "keep_days" {
  description = "Days that a backup is kept."
  type        = number
}

variable "force_destroy" {
  description = "Delete the vault with its backups; else it is locked."
  type        = bool
}
