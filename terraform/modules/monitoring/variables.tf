variable "name" {
  description = "Prefix of the names."
  type        = string
}

variable "partition" {
  description = "AWS partition, such as aws."
  type        = string
}

variable "account_id" {
  description = "AWS account that is watched."
  type        = string
}

variable "region" {
  description = "AWS region that is watched."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the topic."
  type        = string
}

variable "emails" {
  description = "Addresses that hear of alarms; each confirms by a link."
  type        = set(string)
}

variable "monthly_budget_usd" {
  description = "Cost per month in US dollars, beyond which the budget tells."
  type        = number
}

variable "glue_job" {
  description = "Name of the Glue job that is watched."
  type        = string
}

variable "workgroups" {
  description = "Names of the Athena workgroups on the dashboard."
  type        = list(string)
}

variable "late_after_hours" {
  description = "Hours without any run that succeeded, after which data counts as late; at most a week."
  type        = number
}

variable "airflow" {
  description = "Where Airflow runs: ecs, mwaa, or none."
  type        = string
}

variable "dead_letter_queues" {
  description = "Names of the queues of messages that nobody could take."
  type        = set(string)
}

variable "databases" {
  description = "Names of the RDS instances that are watched."
  type        = set(string)
}
