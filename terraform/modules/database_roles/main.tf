# A task inside the network that makes a role and a database for each service. It alone reads the master's secret.
module "task" {
  source = "../ecs_task"

  deployment  = var.deployment
  task        = "database-roles"
  image       = var.image
  user        = "50000:0"
  size        = { cpu = 256, memory = 512 }
  entry_point = ["python", "-m", "airflow_on_ecs.database_roles"]
  command     = []
  environment = merge(var.database_tls, { DATABASE_HOST = var.database_host, ROLES = jsonencode(sort(keys(var.roles))) })
  secrets = merge(
    {
      DATABASE_USER     = "${var.master_secret_arn}:username::"
      DATABASE_PASSWORD = "${var.master_secret_arn}:password::"
    },
    { for role, secret in var.roles : "PASSWORD_${upper(role)}" => secret },
  )
  writable_paths = ["/tmp"]
}
