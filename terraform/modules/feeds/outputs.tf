output "dead_letter_queue" {
  description = "Name of the queue of events that could not be registered."
  value       = module.queue.dead_letter_queue
}

output "alarms" {
  description = "Alarms, as the module monitoring takes them."
  value       = local.alarms
}

output "schema_function" {
  description = "Name of the function that brings the ledger's schema to the newest version."
  value       = module.function["ledger_schema"].name
}
