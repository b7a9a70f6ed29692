variable "name" {
  description = "Prefix of the repositories' names."
  type        = string
}

variable "images" {
  description = "Names of the images."
  type        = set(string)
}

variable "kms_key_arn" {
  description = "Key of the images."
  type        = string
}

variable "force_destroy" {
  description = "Delete a repository with its images."
  type        = bool
}
