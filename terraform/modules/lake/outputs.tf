output "job_name" {
  description = "Name of the Glue job."
  value       = aws_glue_job.this.name
}

output "job_arn" {
  description = "ARN of the Glue job."
  value       = "${local.glue_arn}:job/${local.job_name}"
}

output "role_arn" {
  description = "ARN of the role that Glue runs have."
  value       = aws_iam_role.glue.arn
}

output "databases" {
  description = "Names of the databases of the Glue catalog."
  value       = local.databases
}
