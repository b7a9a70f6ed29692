output "name" {
  description = "Name of the job."
  value       = aws_glue_job.this.name
}

output "role_arn" {
  description = "ARN of the role that its runs have."
  value       = module.role.arn
}

output "output_arn" {
  description = "ARN of the log group with what its runs print, and of its streams."
  value       = "${local.logs_arn}:log-group:${local.log_groups.output}:*"
}
