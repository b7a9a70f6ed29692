output "tasks" {
  description = "Task definitions that are run once, by what they do, and the security group of each."
  value = {
    airflow_setup = { family = module.setup.family, security_group = var.group_ids["airflow-setup"] }
    dag_sync      = { family = module.dag_sync.family, security_group = var.group_ids["dag-sync"] }
  }
}

output "services" {
  description = "Names of the services that run until they are replaced."
  value       = [for service in module.service : service.name]
}

output "dag_sync" {
  description = "Family of the task that brings DAG releases, and the roles that ECS passes to it."
  value       = { family = module.dag_sync.family, role_arns = module.dag_sync.role_arns }
}

output "dead_letter_queue" {
  description = "Name of the queue of messages that no worker could take."
  value       = aws_sqs_queue.dead.name
}
