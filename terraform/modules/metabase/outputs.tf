output "service" {
  description = "Name of the service."
  value       = module.service.name
}

output "provision_family" {
  description = "Family of the task that brings the dashboards."
  value       = module.provision.family
}
