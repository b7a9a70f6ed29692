output "arn" {
  description = "ARN of the file system."
  value       = aws_efs_file_system.this.arn
}

output "file_system_id" {
  description = "ID of the file system, once it can be mounted."
  value       = aws_efs_file_system.this.id

  depends_on = [aws_efs_mount_target.this, aws_efs_file_system_policy.this]
}

output "access_point" {
  description = "ID and ARN of the access point."
  value = {
    id  = aws_efs_access_point.this.id
    arn = aws_efs_access_point.this.arn
  }
}
