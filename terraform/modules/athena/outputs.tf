output "workgroups" {
  description = "Names of the workgroups, by who uses them."
  value       = { for user, workgroup in aws_athena_workgroup.this : user => workgroup.name }
}
