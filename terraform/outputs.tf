output "lake_bucket" {
  description = "Bucket of the lake."
  value       = module.bucket["lake"].name
}

output "code_bucket" {
  description = "Bucket of the code that Glue runs."
  value       = module.bucket["code"].name
}

output "glue_job" {
  description = "Name of the Glue job that every step of a star runs as."
  value       = module.lake.job_name
}

output "feed_glue_job" {
  description = "Name of the Glue job that every step of a feed runs as; null without feeds."
  value       = one(module.feed_job[*].name)
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

output "image_tag" {
  description = "Tag of the images that run; null without any."
  value       = local.on_cluster ? coalesce(var.image_tag, var.git_sha) : null
}

output "services" {
  description = "Names of the services on ECS, separated by spaces."
  value       = join(" ", local.services)
}

output "task_airflow_setup" {
  description = "Arguments of aws ecs run-task for the task that migrates Airflow's database; null without Airflow on ECS."
  value       = lookup(local.run_task, "airflow_setup", null)
}

output "task_dag_sync" {
  description = "Arguments of aws ecs run-task for the task that releases DAGs; null without Airflow on ECS."
  value       = lookup(local.run_task, "dag_sync", null)
}

output "task_database_roles" {
  description = "Arguments of aws ecs run-task for the task that makes the roles of the database; null without a database."
  value       = lookup(local.run_task, "database_roles", null)
}

output "urls" {
  description = "Addresses of the pages, by application."
  value = merge(
    { for app, host in local.hosts : app => "https://${host}" },
    local.on_mwaa ? { airflow = module.airflow_mwaa[0].url } : {},
  )
}

output "dag_bucket" {
  description = "Bucket that DAGs are released to: the code bucket with Airflow on ECS, a bucket of its own with Amazon MWAA."
  value       = local.on_mwaa ? module.bucket["dags"].name : module.bucket["code"].name
}

output "task_metabase_provision" {
  description = "Arguments of aws ecs run-task for the task that brings the dashboards; null without Metabase."
  value       = lookup(local.run_task, "metabase_provision", null)
}

output "ci_role_arns" {
  description = "ARNs of the roles of CI, by what they do."
  value       = length(var.ci_issuers) > 0 ? module.cicd_oidc[0].role_arns : {}
}

output "landing_bucket" {
  description = "Bucket in which files arrive; null without feeds."
  value       = var.feeds ? module.bucket["landing"].name : null
}

output "deliveries" {
  description = "Bucket that external clients deliver to, and the queue of the messages; null without DataHarvest."
  value       = var.dataharvest ? { bucket = module.bucket["deliveries"].name, messages = module.dataharvest[0].messages_url } : null
}

output "operator_policy_arn" {
  description = "ARN of the policy that the command dataharvest needs, for roles of people; null without DataHarvest."
  value       = one(module.dataharvest_operator[*].policy_arn)
}

output "schema_functions" {
  description = "Names of the functions that bring schemas to the newest version, separated by spaces; deploy.sh calls them."
  value       = join(" ", concat(var.feeds ? [module.feeds[0].schema_function] : [], var.dataharvest ? [module.dataharvest[0].schema_function] : []))
}
