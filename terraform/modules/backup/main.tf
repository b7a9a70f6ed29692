resource "aws_backup_vault" "this" {
  name          = var.name
  kms_key_arn   = var.kms_key_arn
  force_destroy = var.force_destroy
}

# In governance mode: backups are kept for a time even if somebody would delete them.
resource "aws_backup_vault_lock_configuration" "this" {
  count = var.force_destroy ? 0 : 1

  backup_vault_name  = aws_backup_vault.this.name
  min_retention_days = 7
}

resource "aws_iam_role" "backup" {
  name        = "${var.name}-backup"
  description = "Backs up ${var.name}, and tries a restore"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "backup.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "backup" {
  for_each = toset(["Backup", "Restores"])

  role       = aws_iam_role.backup.name
  policy_arn = "arn:${var.partition}:iam::aws:policy/service-role/AWSBackupServiceRolePolicyFor${each.key}"
}

resource "aws_backup_plan" "this" {
  name = var.name

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.this.name
    schedule          = "cron(0 2 * * ? *)"
    start_window      = 60
    completion_window = 240

    lifecycle {
      delete_after = var.keep_days
    }
  }
}

resource "aws_backup_selection" "this" {
  name         = "database"
  plan_id      = aws_backup_plan.this.id
  iam_role_arn = aws_iam_role.backup.arn
  resources    = var.database_arns
}

# A backup that was never restored is a hope. AWS restores the newest one every month, and deletes it after a day.
resource "aws_backup_restore_testing_plan" "this" {
  name                = replace(var.name, "-", "_")
  schedule_expression = "cron(0 5 1 * ? *)"

  recovery_point_selection {
    algorithm             = "LATEST_WITHIN_WINDOW"
    include_vaults        = [aws_backup_vault.this.arn]
    recovery_point_types  = ["SNAPSHOT"]
    selection_window_days = 7
  }
}

resource "aws_backup_restore_testing_selection" "this" {
  name                      = "database"
  restore_testing_plan_name = aws_backup_restore_testing_plan.this.name
  iam_role_arn              = aws_iam_role.backup.arn
  protected_resource_type   = "RDS"
  protected_resource_arns   = var.database_arns
  validation_window_hours   = 24
  restore_metadata_overrides = {
    dbsubnetgroupname = var.subnet_group
  }
}
