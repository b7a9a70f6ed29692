output "role_arns" {
  description = "ARNs of the roles of CI, by what they do."
  value       = { for role, found in aws_iam_role.this : role => found.arn }
}
