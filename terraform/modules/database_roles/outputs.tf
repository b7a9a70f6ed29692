output "family" {
  description = "Family of the task definition."
  value       = module.task.family
}

output "role_arns" {
  description = "ARNs of the roles that ECS passes to the task."
  value       = module.task.role_arns
}
