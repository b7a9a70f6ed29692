output "host" {
  description = "Address of the instance."
  value       = aws_db_instance.this.address
}

output "arn" {
  description = "ARN of the instance."
  value       = aws_db_instance.this.arn
}

output "master_secret_arn" {
  description = "ARN of the secret with the master's name and password."
  value       = one(aws_db_instance.this.master_user_secret).secret_arn
}
