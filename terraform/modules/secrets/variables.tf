variable "name" {
  description = "Prefix of the secrets' names."
  type        = string
}

variable "secrets" {
  description = "Secrets that are made without a value: description by name."
  type        = map(string)
}

variable "kms_key_arn" {
  description = "Key of the secrets."
  type        = string
}

variable "window_days" {
  description = "Days in which a deleted secret can be restored; 0: none, so that its name is free at once."
  type        = number
}
