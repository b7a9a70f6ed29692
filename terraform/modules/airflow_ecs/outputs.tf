output "families" {
  description = "Families of the tasks that run once."
  value       = { airflow_setup = module.setup.family, dag_sync = module.dag_sync.family }
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
