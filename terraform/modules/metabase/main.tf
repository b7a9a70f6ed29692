locals {
  dns_name = "metabase.${var.dns_zone}"
  lake_arn = "arn:${var.deployment.partition}:s3:::${var.lake_bucket}"
  glue_arn = "arn:${var.deployment.partition}:glue:${var.deployment.region}:${var.deployment.account_id}"
}

module "task" {
  source = "../ecs_task"

  deployment     = var.deployment
  task           = "metabase"
  image          = var.images.metabase
  user           = "2000:2000"
  size           = { cpu = 1024, memory = 4096 }
  command        = []
  port           = 3000
  health_check   = ["CMD", "curl", "-fsS", "http://127.0.0.1:3000/api/health"]
  writable_paths = ["/tmp"]
  environment = {
    JAVA_OPTS                = "-Xmx2500m"
    JAVA_TIMEZONE            = "UTC"
    MB_ANON_TRACKING_ENABLED = "false"
    MB_CHECK_FOR_UPDATES     = "false"
    MB_DB_TYPE               = "postgres"
    # Metabase's image holds the certificates of Amazon RDS; user and password are no part of the address
    MB_DB_CONNECTION_URI     = "jdbc:postgresql://${var.database_host}:5432/metabase?sslmode=verify-full&sslrootcert=/app/certs/rds-combined-ca-bundle.pem"
    MB_DB_USER               = "metabase"
    MB_ENABLE_PUBLIC_SHARING = "false"
    MB_LOAD_SAMPLE_CONTENT   = "false"
    MB_PLUGINS_DIR           = "/tmp"
    MB_REPORT_TIMEZONE       = "UTC"
    MB_SITE_URL              = "https://${var.host}"
  }
  secrets = {
    MB_DB_PASS               = var.secret_arns["metabase/database"]
    MB_ENCRYPTION_SECRET_KEY = var.secret_arns["metabase/encryption_key"]
    MB_SETUP_TOKEN           = var.secret_arns["metabase/setup_token"]
  }
  # The driver of Athena has no keys: it takes the credentials of this role.
  statements = {
    Queries = {
      actions = [
        "athena:StartQueryExecution", "athena:StopQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults",
        "athena:GetQueryResultsStream", "athena:GetWorkGroup",
      ]
      resources = ["arn:${var.deployment.partition}:athena:${var.deployment.region}:${var.deployment.account_id}:workgroup/${var.workgroup}"]
    }
    Metadata = {
      actions   = ["athena:GetDataCatalog", "athena:ListDatabases", "athena:ListTableMetadata", "athena:GetDatabase", "athena:GetTableMetadata"]
      resources = ["arn:${var.deployment.partition}:athena:${var.deployment.region}:${var.deployment.account_id}:datacatalog/AwsDataCatalog"]
    }
    Catalog = {
      actions = ["glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables", "glue:GetPartitions"]
      resources = concat(
        ["${local.glue_arn}:catalog"],
        [for database in var.databases : "${local.glue_arn}:database/${database}"],
        [for database in var.databases : "${local.glue_arn}:table/${database}/*"],
      )
    }
    Bucket  = { actions = ["s3:ListBucket", "s3:GetBucketLocation"], resources = [local.lake_arn] }
    Tables  = { actions = ["s3:GetObject"], resources = ["${local.lake_arn}/warehouse/*", "${local.lake_arn}/ops/*"] }
    Results = { actions = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], resources = ["${local.lake_arn}/athena/metabase/*"] }
    Key     = { actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [var.deployment.kms_key_arn] }
  }
}

module "service" {
  source = "../ecs_service"

  name              = "metabase"
  cluster           = var.cluster
  task_definition   = module.task.arn
  port              = 3000
  count_range       = { min = 1, max = 1 }
  replace_first     = true # a newer Metabase migrates the database beneath an older one
  subnet_ids        = var.subnet_ids
  security_group_id = var.group_ids["metabase"]
  target            = var.target_group_arn
  registry          = aws_service_discovery_service.this.arn
}

# Tasks that run once have no Service Connect: the provisioner finds Metabase by DNS.
resource "aws_service_discovery_private_dns_namespace" "this" {
  name        = var.dns_zone
  description = "Names inside the network of ${var.deployment.name}"
  vpc         = var.vpc_id
}

resource "aws_service_discovery_service" "this" {
  name = "metabase"

  dns_config {
    namespace_id = aws_service_discovery_private_dns_namespace.this.id

    dns_records {
      type = "A"
      ttl  = 10
    }
  }
}

# Brings the dashboards: the first administrator, the databases, questions and pages of the repository.
module "provision" {
  source = "../ecs_task"

  deployment     = var.deployment
  task           = "metabase-provision"
  image          = var.images.tools
  user           = "10001:10001"
  size           = { cpu = 256, memory = 512 }
  command        = ["metabase", "apply"]
  writable_paths = ["/tmp"]
  environment = {
    AWS_REGION                = var.deployment.region
    METABASE_URL              = "http://${local.dns_name}:3000"
    METABASE_ADMIN_EMAIL      = var.admin_email
    METABASE_ATHENA_WORKGROUP = var.workgroup
  }
  secrets = {
    METABASE_ADMIN_PASSWORD = var.secret_arns["metabase/admin"]
    METABASE_SETUP_TOKEN    = var.secret_arns["metabase/setup_token"]
  }
}
