variable "name" {
  description = "Name of the instance."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the instance."
  type        = list(string)
}

variable "security_group_id" {
  description = "Security group of the instance."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the storage, the master's secret and the logs."
  type        = string
}

variable "instance_class" {
  description = "Size of the instance, such as db.t4g.small."
  type        = string
}

variable "multi_az" {
  description = "Keep a standby in a second availability zone."
  type        = bool
}

variable "deletion_protection" {
  description = "Refuse to delete the instance; deleted all the same, it leaves a snapshot."
  type        = bool
}

variable "backup_days" {
  description = "Days to which the instance can be restored, to the second."
  type        = number
}

variable "log_retention_days" {
  description = "Days that the instance's logs are kept."
  type        = number
}
