output "name" {
  description = "Name of the bucket, once it takes objects: its policy and its encryption are in place."
  value       = var.name

  depends_on = [
    aws_s3_bucket.this,
    aws_s3_bucket_policy.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}

output "arn" {
  description = "ARN of the bucket."
  value       = local.arn
}
