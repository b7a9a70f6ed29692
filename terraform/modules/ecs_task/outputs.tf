output "arn" {
  description = "ARN of the task definition, once its roles have their rights."
  value       = aws_ecs_task_definition.this.arn

  depends_on = [aws_iam_role_policy.start, aws_iam_role_policy.task]
}

output "family" {
  description = "Family of the task definition, which names its newest revision."
  value       = aws_ecs_task_definition.this.family
}

output "role_arns" {
  description = "ARNs of the roles that ECS passes to the task."
  value       = [aws_iam_role.start.arn, aws_iam_role.task.arn]
}
