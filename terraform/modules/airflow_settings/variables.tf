variable "name" {
  description = "Prefix of the secrets' names."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the secrets."
  type        = string
}

variable "window_days" {
  description = "Days in which a deleted secret can be restored; 0: none, so that its name is free at once."
  type        = number

  validation {
    condition     = var.window_days == 0 || (var.window_days >= 7 && var.window_days <= 30)
    error_message = "window_days must be 0, or 7 to 30."
  }
}

variable "variables" {
  description = "Airflow Variables of the DAGs, by name. They are settings and not secret."
  type        = map(string)
}
