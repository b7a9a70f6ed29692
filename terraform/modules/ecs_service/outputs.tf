output "name" {
  description = "Name of the service."
  value       = aws_ecs_service.this.name
}

output "resource_id" {
  description = "ID of the scalable target, for a scaling policy."
  value       = aws_appautoscaling_target.this.resource_id
}
