output "repositories" {
  description = "Address and ARN of each repository, by image."
  value       = { for image, repository in aws_ecr_repository.this : image => { url = repository.repository_url, arn = repository.arn } }
}
