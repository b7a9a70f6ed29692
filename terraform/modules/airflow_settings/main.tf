# What the DAGs read with Variable.get, by Airflow's SecretsManagerBackend.
resource "aws_secretsmanager_secret" "variable" {
  for_each = var.variables

  name                    = "${var.name}/airflow/variables/${each.key}"
  description             = "Airflow Variable ${each.key}"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.window_days
}

resource "aws_secretsmanager_secret_version" "variable" {
  for_each = var.variables

  secret_id     = aws_secretsmanager_secret.variable[each.key].id
  secret_string = each.value
}
