output "arn" {
  description = "ARN of the task definition."
  value       = aws_ecs_task_definition.this.arn
}

output "family" {
  description = "Family of the task definition, which names its newest revision."
  value       = aws_ecs_task_definition.this.family
}

output "role_arns" {
  description = "ARNs of the roles that ECS passes to the task."
  value       = [module.start.arn, module.task.arn]
}
