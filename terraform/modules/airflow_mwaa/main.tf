locals {
  arn        = "arn:${var.deployment.partition}:airflow:${var.deployment.region}:${var.deployment.account_id}:environment/${var.deployment.name}"
  logs_arn   = "arn:${var.deployment.partition}:logs:${var.deployment.region}:${var.deployment.account_id}:log-group:airflow-${var.deployment.name}-*"
  bucket_arn = "arn:${var.deployment.partition}:s3:::${var.dag_bucket}"
  own = {
    Metrics = { actions = ["airflow:PublishMetrics"], resources = [local.arn], condition = null }
    Account = { actions = ["s3:GetAccountPublicAccessBlock"], resources = ["*"], condition = null } # the action knows no resource
    DagBucket = {
      actions   = ["s3:ListBucket", "s3:GetBucketVersioning", "s3:GetBucketPublicAccessBlock", "s3:GetEncryptionConfiguration"]
      resources = [local.bucket_arn]
      condition = null
    }
    Dags = { actions = ["s3:GetObject", "s3:GetObjectVersion"], resources = ["${local.bucket_arn}/*"], condition = null }
    Logs = {
      actions   = ["logs:CreateLogStream", "logs:CreateLogGroup", "logs:PutLogEvents", "logs:GetLogEvents", "logs:GetLogRecord", "logs:GetLogGroupFields", "logs:GetQueryResults"]
      resources = [local.logs_arn]
      condition = null
    }
    LogGroups         = { actions = ["logs:DescribeLogGroups"], resources = ["*"], condition = null }                                                           # the action knows no resource
    CloudWatchMetrics = { actions = ["cloudwatch:PutMetricData"], resources = ["*"], condition = { StringEquals = { "cloudwatch:namespace" = "AmazonMWAA" } } } # the action knows no resource
    # the queue is in an account of Amazon MWAA
    Queue = {
      actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage"]
      resources = ["arn:${var.deployment.partition}:sqs:${var.deployment.region}:*:airflow-celery-*"]
      condition = null
    }
    Key = { actions = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:Encrypt"], resources = [var.deployment.kms_key_arn], condition = null }
    Variables = {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [for kind in ["variables", "connections"] : "arn:${var.deployment.partition}:secretsmanager:${var.deployment.region}:${var.deployment.account_id}:secret:${var.deployment.name}/airflow/${kind}/*"]
      condition = null
    }
  }
}

module "role" {
  source = "../role"

  name        = "${var.deployment.name}-mwaa"
  description = "Airflow of ${var.deployment.name}, and the tasks of its DAGs"
  account_id  = var.deployment.account_id
  services    = ["airflow.amazonaws.com", "airflow-env.amazonaws.com"]
  statements  = merge(local.own, var.task_statements)
  tags        = var.role_tags
}

# MWAA builds an environment anew when the version of its requirements changes.
resource "aws_s3_object" "requirements" {
  bucket      = var.dag_bucket
  key         = "requirements.txt"
  source      = var.requirements
  source_hash = filemd5(var.requirements)
}

resource "aws_mwaa_environment" "this" {
  name                            = var.deployment.name
  airflow_version                 = var.airflow_version
  environment_class               = var.environment_class
  min_workers                     = var.workers.min
  max_workers                     = var.workers.max
  schedulers                      = 2
  execution_role_arn              = module.role.arn
  kms_key                         = var.deployment.kms_key_arn
  source_bucket_arn               = local.bucket_arn
  dag_s3_path                     = "dags/"
  requirements_s3_path            = aws_s3_object.requirements.key
  requirements_s3_object_version  = aws_s3_object.requirements.version_id
  webserver_access_mode           = "PRIVATE_ONLY"
  weekly_maintenance_window_start = "SUN:04:30"

  airflow_configuration_options = {
    "core.load_examples" = "False"
    "secrets.backend"    = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
    "secrets.backend_kwargs" = jsonencode({
      connections_prefix         = "${var.deployment.name}/airflow/connections"
      connections_lookup_pattern = "^(?!aws_default$)"
      variables_prefix           = "${var.deployment.name}/airflow/variables"
      variables_lookup_pattern   = "^estrela_"
    })
  }

  network_configuration {
    subnet_ids         = var.subnet_ids
    security_group_ids = [var.security_group_id]
  }

  logging_configuration {
    dag_processing_logs {
      enabled   = true
      log_level = "INFO"
    }
    scheduler_logs {
      enabled   = true
      log_level = "WARNING"
    }
    task_logs {
      enabled   = true
      log_level = "INFO"
    }
    webserver_logs {
      enabled   = true
      log_level = "WARNING"
    }
    worker_logs {
      enabled   = true
      log_level = "WARNING"
    }
  }
}
