output "arn" {
  description = "ARN of the role, once it has its rights."
  value       = aws_iam_role.this.arn

  depends_on = [aws_iam_role_policy.this]
}
