output "url" {
  description = "Address of Airflow's pages, reached from inside the network."
  value       = "https://${aws_mwaa_environment.this.webserver_url}"
}

output "environment" {
  description = "Name of the environment."
  value       = aws_mwaa_environment.this.name
}
