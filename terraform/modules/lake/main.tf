locals {
  layers    = ["", "_trusted", "_refined", "_ops"]
  databases = toset(concat(["estrela_ops"], flatten([for star in var.stars : [for layer in local.layers : "${star}${layer}"]])))
  arn       = "arn:${var.deployment.partition}:%s:${var.deployment.region}:${var.deployment.account_id}"
  glue_arn  = format(local.arn, "glue")
  job_name  = var.deployment.name
  lake_arn  = "arn:${var.deployment.partition}:s3:::${var.lake_bucket}"

  code = {
    bucket    = var.code_bucket
    script    = "s3://${var.code_bucket}/${aws_s3_object.package["script"].key}"
    wheel     = "s3://${var.code_bucket}/${aws_s3_object.package["wheel"].key}"
    libraries = "s3://${var.code_bucket}/${aws_s3_object.package["libraries"].key}"
  }

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

module "job" {
  source = "../glue_job"

  deployment             = var.deployment
  name                   = local.job_name
  description            = "One step of a star; the arguments of a run say which"
  code                   = local.code
  security_configuration = aws_glue_security_configuration.this.name
  glue                   = var.glue
  arguments = merge(
    {
      "--datalake-formats"             = "iceberg"
      "--conf"                         = local.catalog_conf
      "--enable-metrics"               = "true"
      "--enable-observability-metrics" = "true"
      "--athena_workgroup"             = var.workgroup
    },
    var.source_host == "" ? {} : { "--source_host" = var.source_host },
  )
  statements = {
    LakeBucket  = { actions = ["s3:ListBucket", "s3:GetBucketLocation"], resources = [local.lake_arn] }
    LakeObjects = { actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], resources = ["${local.lake_arn}/*"] }
    Catalog = {
      actions = [
        "glue:GetDatabase", "glue:GetDatabases", "glue:CreateDatabase",
        "glue:GetTable", "glue:GetTables", "glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable",
      ]
      resources = concat(
        ["${local.glue_arn}:catalog"],
        [for database in local.databases : "${local.glue_arn}:database/${database}"],
        [for database in local.databases : "${local.glue_arn}:table/${database}/*"],
      )
    }
    OwnRuns = { actions = ["glue:GetJobRuns"], resources = ["${local.glue_arn}:job/${local.job_name}"] }
    Views = {
      actions   = ["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:StopQueryExecution", "athena:GetWorkGroup"]
      resources = ["${format(local.arn, "athena")}:workgroup/${var.workgroup}"]
    }
    SourceCredentials = { actions = ["secretsmanager:GetSecretValue"], resources = ["${format(local.arn, "secretsmanager")}:secret:${var.deployment.name}/sources/*"] }
    Metrics = {
      actions   = ["cloudwatch:PutMetricData"]
      resources = ["*"] # the action knows no resource
      condition = { StringEquals = { "cloudwatch:namespace" = "Glue" } }
    }
  }
}
