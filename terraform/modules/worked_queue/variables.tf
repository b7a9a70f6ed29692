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

variable "name" {
  description = "Name of the queue; its dead-letter queue has the suffix -dead."
  type        = string
}

variable "visibility_seconds" {
  description = "Seconds that a received message is hidden: six times the time of the function that works on it."
  type        = number
}

variable "tries" {
  description = "Deliveries of a message before it goes to the dead-letter queue."
  type        = number
}

variable "bucket_arn" {
  description = "Bucket whose notifications the queue takes; null: of none."
  type        = string
  default     = null
}
