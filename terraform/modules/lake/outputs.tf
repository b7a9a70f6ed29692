output "job_name" {
  description = "Name of the Glue job."
  value       = module.job.name
}

output "role_arn" {
  description = "ARN of the role that Glue runs have."
  value       = module.job.role_arn
}

output "output_arn" {
  description = "ARN of the log group with what the runs print, and of its streams."
  value       = module.job.output_arn
}

output "code" {
  description = "Bucket of the code, and the addresses of the script, the wheel and the zip of wheels."
  value       = local.code
}

output "security_configuration" {
  description = "Name of the security configuration of Glue runs."
  value       = aws_glue_security_configuration.this.name
}

output "databases" {
  description = "Names of the databases of the Glue catalog."
  value       = local.databases
}
