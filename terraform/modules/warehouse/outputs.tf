output "secret_arns" {
  description = "ARNs of the secrets of the database roles, by role."
  value       = { for role, secret in module.secret : role => secret.arn }
}

output "loader_tags" {
  description = "Tags of the IAM roles that load files into Redshift; none without it."
  value       = var.redshift ? { RedshiftDbRoles = local.loader } : {}
}

output "redshift" {
  description = "Workgroup of Redshift Serverless, its ARN, and its database; null without it."
  value = !var.redshift ? null : {
    workgroup = aws_redshiftserverless_workgroup.this[0].workgroup_name
    arn       = aws_redshiftserverless_workgroup.this[0].arn
    database  = aws_redshiftserverless_namespace.this[0].db_name
  }
}

output "database_name" {
  description = "Name of the instance."
  value       = local.name
}

output "database_arn" {
  description = "ARN of the instance."
  value       = module.database.arn
}
