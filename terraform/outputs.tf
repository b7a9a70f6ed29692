output "lake_bucket" {
  description = "Bucket of the lake."
  value       = module.bucket["lake"].name
}

output "code_bucket" {
  description = "Bucket of the code that Glue runs."
  value       = module.bucket["code"].name
}

output "glue_job" {
  description = "Name of the Glue job that every step runs as."
  value       = module.lake.job_name
}

output "glue_role_arn" {
  description = "ARN of the role that Glue runs have."
  value       = module.lake.role_arn
}

output "workgroups" {
  description = "Athena workgroups, by who uses them."
  value       = module.athena.workgroups
}

output "airflow_secrets_prefix" {
  description = "Prefix of the secrets that hold Airflow's Variables, for SecretsManagerBackend."
  value       = module.airflow_settings.variables_prefix
}

output "alarm_topic_arn" {
  description = "ARN of the topic of alarms."
  value       = module.monitoring.topic_arn
}
