output "dead_letter_queues" {
  description = "Names of the queues of messages that no function could work on, and of events that reached no stream."
  value       = concat([for queue in module.queue : queue.dead_letter_queue], [aws_sqs_queue.undelivered.name])
}

output "alarms" {
  description = "Alarms, as the module monitoring takes them."
  value       = local.alarms
}
