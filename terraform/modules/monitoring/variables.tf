variable "deployment" {
  description = "What is deployed where: prefix of the names, partition, account, region and the key of what is stored."
  type = object({
    name        = string
    partition   = string
    account_id  = string
    region      = string
    kms_key_arn = string
  })
}

variable "emails" {
  description = "Addresses that hear of alarms; each confirms by a link."
  type        = set(string)
}

variable "monthly_budget_usd" {
  description = "Cost per month in US dollars, beyond which the budget tells."
  type        = number
}

variable "feed_job" {
  description = "Glue job of the feeds; null: none."
  type        = string
}

variable "glue_job" {
  description = "Glue job of the stars: a day without a run of it that succeeds is a day of late data."
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

variable "alarms" {
  description = "Alarms of other modules, by name: text, metric, and the threshold above or below which they go off. Silence is an alarm, or is none."
  type = map(object({
    text           = string
    namespace      = string
    metric         = string
    dimensions     = map(string)
    statistic      = string
    period         = number
    periods        = number
    above          = bool
    threshold      = number
    silence_alarms = bool
  }))
}
