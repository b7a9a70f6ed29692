output "variables_prefix" {
  description = "Prefix of the secrets that hold Airflow's Variables."
  value       = "${var.name}/airflow/variables"
}
