output "dead_letter_queues" {
  description = "Names of the queues of messages that no function could work on, and of messages that no consumer took."
  value       = concat([for queue in local.queues : "${queue}-dead"], ["${local.name}-messages-dead.fifo"])
}

output "alarms" {
  description = "Alarms, as the module monitoring takes them."
  value       = local.alarms
}

output "schema_function" {
  description = "Name of the function that brings the schema to the newest version."
  value       = module.schema.name
}

output "messages_url" {
  description = "URL of the queue that consumers read."
  value       = aws_sqs_queue.messages.url
}

output "base" {
  description = "What the modules dataharvest_large and dataharvest_operator need to know of this one."
  value = {
    name        = local.name
    stages      = local.stages
    kms_key_arn = module.kms.key_arn
    environment = local.environment
    statements  = { take = local.take, load = local.load, read = merge(local.database, local.read_key) }
  }
}

output "stream_functions" {
  description = "Name of the function that calculates, by its stream."
  value       = { for stream, transformer in local.streams : stream => module.function["dataharvest_${transformer}_transformer"].name }
}
