output "topic_arn" {
  description = "ARN of the topic of alarms, which the DAGs publish to as well."
  value       = local.topic_arn
}
