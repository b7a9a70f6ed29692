variable "name" {
  description = "Prefix of the names."
  type        = string
}

variable "partition" {
  description = "AWS partition, such as aws."
  type        = string
}

variable "account_id" {
  description = "AWS account of the file system."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the files."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the mount targets."
  type        = list(string)
}

variable "subnet_count" {
  description = "Number of the subnets, which a plan knows before their IDs."
  type        = number
}

variable "security_group_id" {
  description = "Security group of the mount targets."
  type        = string
}
