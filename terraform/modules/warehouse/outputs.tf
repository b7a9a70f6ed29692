output "secret_arns" {
  description = "ARNs of the secrets of the database roles, by role."
  value       = { for role, secret in module.secret : role => secret.arn }
}

output "database_name" {
  description = "Name of the instance."
  value       = local.name
}

output "database_arn" {
  description = "ARN of the instance."
  value       = module.database.arn
}
