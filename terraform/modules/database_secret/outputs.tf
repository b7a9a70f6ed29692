output "arn" {
  description = "ARN of the secret, once it says where the database is."
  value       = aws_secretsmanager_secret.this.arn

  depends_on = [aws_secretsmanager_secret_version.place]
}
