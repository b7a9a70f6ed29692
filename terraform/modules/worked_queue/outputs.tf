output "arn" {
  description = "ARN of the queue, once it takes messages."
  value       = local.arns.work

  depends_on = [aws_sqs_queue.work, aws_sqs_queue_policy.this]
}

output "url" {
  description = "URL of the queue."
  value       = aws_sqs_queue.work.url
}

output "dead_letter_queue" {
  description = "Name of the dead-letter queue."
  value       = local.queues.dead
}
