locals {
  loader = "estrela_loader"
  loader_rights = {
    database = "CREATE, TEMPORARY ON DATABASE warehouse"
    schemas  = "CREATE, USAGE FOR SCHEMAS IN DATABASE warehouse"
    tables   = "SELECT, INSERT, UPDATE, DELETE, ALTER FOR TABLES IN DATABASE warehouse"
  }
  name       = "${var.deployment.name}-warehouse"
  secrets    = "arn:${var.deployment.partition}:secretsmanager:${var.deployment.region}:${var.deployment.account_id}:secret:${var.deployment.name}/warehouse/*"
  bucket_arn = "arn:${var.deployment.partition}:s3:::${var.archive_bucket}"
}

module "database" {
  source = "../database"

  name                = local.name
  subnet_ids          = var.subnet_ids
  security_group_id   = var.group_ids["warehouse"]
  kms_key_arn         = var.deployment.kms_key_arn
  instance_class      = var.database.instance_class
  multi_az            = var.database.multi_az
  deletion_protection = var.database.protected
  backup_days         = var.database.protected ? 35 : 7
  log_retention_days  = var.deployment.log_retention_days
}

# It alone reads the master's secret.
module "rotation" {
  source = "../function"

  deployment  = var.deployment
  function    = "rotate_database_secret"
  description = "Makes database roles and gives them new passwords"
  code        = var.code
  place       = { subnet_ids = var.subnet_ids, security_group_id = var.group_ids["warehouse-rotation"] }
  size        = { memory = 256, seconds = 60, concurrency = 1 }
  environment = { ESTRELA_MASTER_SECRET = module.database.master_secret_arn }
  statements = {
    Secrets = {
      actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
      resources = [local.secrets]
    }
    Password = { actions = ["secretsmanager:GetRandomPassword"], resources = ["*"] } # the action knows no resource
    Master   = { actions = ["secretsmanager:GetSecretValue"], resources = [module.database.master_secret_arn] }
    Key      = { actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [var.deployment.kms_key_arn] }
  }
}

resource "aws_lambda_permission" "rotation" {
  statement_id   = "SecretsManager"
  function_name  = module.rotation.name
  action         = "lambda:InvokeFunction"
  principal      = "secretsmanager.amazonaws.com"
  source_account = var.deployment.account_id
}

module "secret" {
  source   = "../database_secret"
  for_each = var.roles

  deployment            = var.deployment
  role                  = each.key
  database_host         = module.database.host
  rotation_function_arn = module.rotation.arn
  rotation_days         = var.rotation_days
  window_days           = var.database.protected ? 30 : 0

  depends_on = [aws_lambda_permission.rotation]
}

# An example of a source: an Aurora cluster that sleeps while nobody asks.
resource "aws_db_subnet_group" "example" {
  count = var.example_source ? 1 : 0

  name       = "${local.name}-example"
  subnet_ids = var.subnet_ids
}

resource "aws_rds_cluster_parameter_group" "example" {
  count = var.example_source ? 1 : 0

  name_prefix = "${local.name}-example-"
  family      = "aurora-postgresql17"
  description = "TLS only; slow statements and changes of the schema are logged"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name  = "log_statement"
    value = "ddl"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_rds_cluster" "example" {
  count = var.example_source ? 1 : 0

  cluster_identifier = "${local.name}-example"
  engine             = "aurora-postgresql"
  engine_version     = "17.4"
  database_name      = "backoffice"

  master_username               = "estrela_master"
  manage_master_user_password   = true
  master_user_secret_kms_key_id = var.deployment.kms_key_arn

  storage_encrypted                   = true
  kms_key_id                          = var.deployment.kms_key_arn
  db_subnet_group_name                = aws_db_subnet_group.example[0].name
  db_cluster_parameter_group_name     = aws_rds_cluster_parameter_group.example[0].name
  vpc_security_group_ids              = [var.group_ids["example-source"]]
  iam_database_authentication_enabled = true
  backup_retention_period             = 7
  copy_tags_to_snapshot               = true
  deletion_protection                 = var.database.protected
  skip_final_snapshot                 = !var.database.protected
  final_snapshot_identifier           = var.database.protected ? "${local.name}-example-final" : null
  enabled_cloudwatch_logs_exports     = ["postgresql"]

  serverlessv2_scaling_configuration {
    min_capacity             = 0
    max_capacity             = 2
    seconds_until_auto_pause = 600
  }
}

resource "aws_rds_cluster_instance" "example" {
  count = var.example_source ? 1 : 0

  identifier                      = "${local.name}-example"
  cluster_identifier              = aws_rds_cluster.example[0].id
  engine                          = aws_rds_cluster.example[0].engine
  engine_version                  = aws_rds_cluster.example[0].engine_version
  instance_class                  = "db.serverless"
  auto_minor_version_upgrade      = true
  performance_insights_enabled    = true
  performance_insights_kms_key_id = var.deployment.kms_key_arn
}

# Redshift Serverless as a second target. COPY reads by this role the rows that a run of a feed has put into the archive.
module "redshift_role" {
  source = "../role"
  count  = var.redshift ? 1 : 0

  name        = "${var.deployment.name}-redshift"
  description = "COPY of Redshift in ${var.deployment.name}"
  account_id  = var.deployment.account_id
  services    = ["redshift-serverless.amazonaws.com"]
  statements = {
    Archive = { actions = ["s3:ListBucket", "s3:GetBucketLocation"], resources = [local.bucket_arn] }
    Rows    = { actions = ["s3:GetObject"], resources = ["${local.bucket_arn}/copy/*"] }
    Key     = { actions = ["kms:Decrypt"], resources = [var.deployment.kms_key_arn] }
  }
}

resource "aws_redshiftserverless_namespace" "this" {
  count = var.redshift ? 1 : 0

  namespace_name                   = local.name
  db_name                          = "warehouse"
  admin_username                   = "estrela_master"
  manage_admin_password            = true
  admin_password_secret_kms_key_id = var.deployment.kms_key_arn
  kms_key_id                       = var.deployment.kms_key_arn
  iam_roles                        = [module.redshift_role[0].arn]
  default_iam_role_arn             = module.redshift_role[0].arn
  log_exports                      = ["connectionlog", "userlog"]
}

resource "aws_redshiftserverless_workgroup" "this" {
  count = var.redshift ? 1 : 0

  workgroup_name       = local.name
  namespace_name       = aws_redshiftserverless_namespace.this[0].namespace_name
  base_capacity        = 8
  max_capacity         = 16
  enhanced_vpc_routing = true
  publicly_accessible  = false
  subnet_ids           = var.wide_subnet_ids
  security_group_ids   = [var.group_ids["redshift"]]

  config_parameter {
    parameter_key   = "require_ssl"
    parameter_value = "true"
  }
}

# What loads files signs in by its IAM role. The tag RedshiftDbRoles of that role names this role of the database, which
# may create schemas, and change what another loader has created in them.
resource "aws_redshiftdata_statement" "loader" {
  count = var.redshift ? 1 : 0

  workgroup_name = aws_redshiftserverless_workgroup.this[0].workgroup_name
  database       = aws_redshiftserverless_namespace.this[0].db_name
  secret_arn     = aws_redshiftserverless_namespace.this[0].admin_password_secret_arn
  sql            = "CREATE ROLE ${local.loader}"
}

resource "aws_redshiftdata_statement" "rights" {
  for_each = var.redshift ? local.loader_rights : {}

  workgroup_name = aws_redshiftdata_statement.loader[0].workgroup_name
  database       = aws_redshiftdata_statement.loader[0].database
  secret_arn     = aws_redshiftdata_statement.loader[0].secret_arn
  sql            = "GRANT ${each.value} TO ROLE ${local.loader}"
}
