locals {
  layers    = ["", "_trusted", "_refined", "_ops"]
  databases = toset(concat(["estrela_ops"], flatten([for star in var.stars : [for layer in local.layers : "${star}${layer}"]])))
  role_name = "${var.deployment.name}-glue"
  job_name  = var.deployment.name
  glue_arn  = "arn:${var.deployment.partition}:glue:${var.deployment.region}:${var.deployment.account_id}"
  logs_arn  = "arn:${var.deployment.partition}:logs:${var.deployment.region}:${var.deployment.account_id}"
  lake_arn  = "arn:${var.deployment.partition}:s3:::${var.lake_bucket}"

  # With a security configuration Glue writes to groups of these names.
  log_groups = [for stream in ["output", "error"] : "/aws-glue/jobs/${var.deployment.name}-role/${local.role_name}/${stream}"]

  catalog_conf = join(" --conf ", [
    "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.catalog.lake=org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.lake.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog",
    "spark.sql.catalog.lake.io-impl=org.apache.iceberg.aws.s3.S3FileIO",
  ])
}

resource "aws_glue_catalog_database" "this" {
  for_each = local.databases

  name        = each.key
  description = "Estrela, ${var.deployment.name}"
}

resource "aws_glue_data_catalog_encryption_settings" "this" {
  count = var.manage_catalog_encryption ? 1 : 0

  data_catalog_encryption_settings {
    connection_password_encryption {
      return_connection_password_encrypted = true
      aws_kms_key_id                       = var.deployment.kms_key_arn
    }
    encryption_at_rest {
      catalog_encryption_mode = "SSE-KMS"
      sse_aws_kms_key_id      = var.deployment.kms_key_arn
    }
  }
}

resource "aws_glue_security_configuration" "this" {
  name = var.deployment.name

  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = var.deployment.kms_key_arn
    }
    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "CSE-KMS"
      kms_key_arn                   = var.deployment.kms_key_arn
    }
    s3_encryption {
      s3_encryption_mode = "SSE-KMS"
      kms_key_arn        = var.deployment.kms_key_arn
    }
  }
}

resource "aws_cloudwatch_log_group" "run" {
  for_each = toset(local.log_groups)

  name              = each.key
  retention_in_days = var.deployment.log_retention_days
  kms_key_id        = var.deployment.kms_key_arn
}

# A key holds the hash of its content: a run that has started keeps its code when a newer one is deployed.
resource "aws_s3_object" "package" {
  for_each = var.package

  bucket = var.code_bucket
  key    = "glue/${filesha256(each.value)}/${basename(each.value)}"
  source = each.value

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role" "glue" {
  name        = local.role_name
  description = "Glue runs of ${var.deployment.name}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "glue.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = var.deployment.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "glue" {
  name = "run"
  role = aws_iam_role.glue.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Code"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "arn:${var.deployment.partition}:s3:::${var.code_bucket}/glue/*"
      },
      {
        Sid      = "LakeBucket"
        Effect   = "Allow"
        Action   = ["s3:ListBucket", "s3:GetBucketLocation"]
        Resource = local.lake_arn
      },
      {
        Sid      = "LakeObjects"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
        Resource = "${local.lake_arn}/*"
      },
      {
        Sid    = "Catalog"
        Effect = "Allow"
        Action = [
          "glue:GetDatabase", "glue:GetDatabases", "glue:CreateDatabase",
          "glue:GetTable", "glue:GetTables", "glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable",
        ]
        Resource = concat(
          ["${local.glue_arn}:catalog"],
          [for database in local.databases : "${local.glue_arn}:database/${database}"],
          [for database in local.databases : "${local.glue_arn}:table/${database}/*"],
        )
      },
      {
        Sid      = "OwnRuns"
        Effect   = "Allow"
        Action   = "glue:GetJobRuns"
        Resource = "${local.glue_arn}:job/${local.job_name}"
      },
      {
        Sid      = "SecurityConfiguration"
        Effect   = "Allow"
        Action   = "glue:GetSecurityConfiguration"
        Resource = "*" # the action knows no resource
      },
      {
        Sid      = "Views"
        Effect   = "Allow"
        Action   = ["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:StopQueryExecution", "athena:GetWorkGroup"]
        Resource = "arn:${var.deployment.partition}:athena:${var.deployment.region}:${var.deployment.account_id}:workgroup/${var.workgroup}"
      },
      {
        Sid      = "Key"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.deployment.kms_key_arn
      },
      {
        Sid      = "SourceCredentials"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = "arn:${var.deployment.partition}:secretsmanager:${var.deployment.region}:${var.deployment.account_id}:secret:${var.deployment.name}/sources/*"
      },
      {
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:AssociateKmsKey"]
        Resource = "${local.logs_arn}:log-group:/aws-glue/jobs/*"
      },
      {
        Sid       = "Metrics"
        Effect    = "Allow"
        Action    = "cloudwatch:PutMetricData"
        Resource  = "*" # the action knows no resource
        Condition = { StringEquals = { "cloudwatch:namespace" = "Glue" } }
      },
    ]
  })
}

resource "aws_glue_job" "this" {
  name                   = local.job_name
  description            = "One step of a star; the arguments of a run say which"
  role_arn               = aws_iam_role.glue.arn
  glue_version           = var.glue.version
  worker_type            = var.glue.worker_type
  number_of_workers      = var.glue.workers
  timeout                = var.glue.timeout_minutes
  execution_class        = "STANDARD"
  max_retries            = 0 # Airflow retries, and attaches to a run that is still active
  security_configuration = aws_glue_security_configuration.this.name

  command {
    name            = "glueetl"
    python_version  = "3"
    script_location = "s3://${var.code_bucket}/${aws_s3_object.package["script"].key}"
  }

  execution_property {
    max_concurrent_runs = var.glue.concurrent_runs
  }

  default_arguments = merge(
    {
      "--extra-py-files"            = "s3://${var.code_bucket}/${aws_s3_object.package["wheel"].key}"
      "--additional-python-modules" = "s3://${var.code_bucket}/${aws_s3_object.package["libraries"].key}"
      # the zip is all the index that there is: no run asks PyPI for anything
      "--python-modules-installer-option" = "--no-index"
      "--datalake-formats"                = "iceberg"
      "--conf"                            = local.catalog_conf
      "--enable-metrics"                  = "true"
      "--enable-observability-metrics"    = "true"
      "--athena_workgroup"                = var.workgroup
    },
    var.source_host == "" ? {} : { "--source_host" = var.source_host },
  )

  depends_on = [aws_iam_role_policy.glue, aws_cloudwatch_log_group.run]
}
