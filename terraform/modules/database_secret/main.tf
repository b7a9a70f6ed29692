# The secret of a database role, in the format of Amazon RDS. The rotation makes the role and its database where they
# are missing, and gives the role a new password: neither the configuration nor the state knows one.
resource "aws_secretsmanager_secret" "this" {
  name                    = "${var.deployment.name}/warehouse/${var.role}"
  description             = "Database role ${var.role} of the warehouse"
  kms_key_id              = var.deployment.kms_key_arn
  recovery_window_in_days = var.window_days
}

resource "aws_secretsmanager_secret_version" "place" {
  secret_id = aws_secretsmanager_secret.this.id
  secret_string_wo = jsonencode({
    engine   = "postgres"
    host     = var.database_host
    port     = 5432
    dbname   = var.role
    username = var.role
  })
  # written again only where the database moves: it would take away the password
  secret_string_wo_version = parseint(substr(sha256(var.database_host), 0, 7), 16)
}

resource "aws_secretsmanager_secret_rotation" "this" {
  count = var.rotation_days == 0 ? 0 : 1

  secret_id           = aws_secretsmanager_secret.this.id
  rotation_lambda_arn = var.rotation_function_arn

  rotation_rules {
    automatically_after_days = var.rotation_days
  }

  depends_on = [aws_secretsmanager_secret_version.place]
}
