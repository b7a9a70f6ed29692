output "family" {
  description = "Family of the task definition."
  value       = module.task.family
}
