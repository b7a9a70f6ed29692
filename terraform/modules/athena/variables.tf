variable "name" {
  description = "Prefix of the workgroups' names."
  type        = string
}

variable "result_bucket" {
  description = "Bucket of the results, below athena/."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the results."
  type        = string
}

variable "force_destroy" {
  description = "Delete a workgroup with the history of its queries."
  type        = bool
}

variable "scan_limit_gb" {
  description = "Gigabytes that one query may scan, by workgroup."
  type        = map(number)
}
