variable "name" {
  description = "Name of vault and plan, and of the subnet group that a restore is tried in."
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

variable "database_arn" {
  description = "Database that is backed up."
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
