locals {
  # SQS hides a message for 12 hours at most. A message that appears again would fail the task that still runs.
  visibility_seconds = 43200
  dags_path          = "/dags"
  queue              = "default"
  logs_arn           = "arn:${var.deployment.partition}:s3:::${var.log_bucket}"
  secrets_arn        = "arn:${var.deployment.partition}:secretsmanager:${var.deployment.region}:${var.deployment.account_id}:secret:${var.deployment.name}"

  environment = merge(var.database_tls, {
    AIRFLOW_HOME                                                = "/var/airflow" # the one folder, beside /tmp, that can be written to
    AIRFLOW_CONN_AWS_DEFAULT                                    = "aws://"
    AIRFLOW__API__BASE_URL                                      = "https://${var.host}"
    AIRFLOW__CELERY__BROKER_URL                                 = "sqs://"
    AIRFLOW__CELERY__EXTRA_CELERY_CONFIG                        = jsonencode({ imports = ["airflow_on_ecs.task_protection"] })
    AIRFLOW__CELERY__TASK_ACKS_LATE                             = "False" # the scheduler, not the queue, notices a lost task
    AIRFLOW__CELERY__WORKER_CONCURRENCY                         = tostring(var.workers.concurrency)
    AIRFLOW__CELERY__WORKER_ENABLE_REMOTE_CONTROL               = "False" # SQS has no fan-out
    AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__PREDEFINED_QUEUES = jsonencode({ (local.queue) = { url = aws_sqs_queue.tasks.url } })
    AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__REGION            = var.deployment.region
    # whichever of the two is shorter counts
    AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT = tostring(local.visibility_seconds)
    AIRFLOW__CORE__AUTH_MANAGER                                  = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
    AIRFLOW__CORE__DAGS_FOLDER                                   = "${local.dags_path}/current/dags"
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL                      = "http://airflow-api:8080/execution/"
    AIRFLOW__CORE__EXECUTOR                                      = "CeleryExecutor"
    AIRFLOW__CORE__LOAD_EXAMPLES                                 = "False"
    AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL            = "120" # EFS bills what is read
    AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER                     = "s3://${var.log_bucket}/airflow"
    AIRFLOW__LOGGING__REMOTE_LOGGING                             = "True"
    AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID                         = "aws_default"
    AIRFLOW__OPERATORS__DEFAULT_QUEUE                            = local.queue
    AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK                      = "True"
    # longer than Fargate takes to start a worker: the token of a queued task lives as long
    AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT = "1800"
    DATABASE_HOST                           = var.database_host
    DATABASE_NAME                           = "airflow"
    DATABASE_USER                           = "airflow"
  })
  # Connections and Variables from Secrets Manager; aws_default is the task's own role and is never asked for there.
  secrets_backend = {
    AIRFLOW__SECRETS__BACKEND = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
    AIRFLOW__SECRETS__BACKEND_KWARGS = jsonencode({
      connections_prefix         = "${var.deployment.name}/airflow/connections"
      connections_lookup_pattern = "^(?!aws_default$)"
      variables_prefix           = "${var.deployment.name}/airflow/variables"
      variables_lookup_pattern   = "^estrela_"
      config_prefix              = null
    })
  }
  release_path = { PYTHONPATH = "${local.dags_path}/current/packages" }
  secrets = {
    AIRFLOW__API__SECRET_KEY      = var.secret_arns["airflow/secret_key"]
    AIRFLOW__API_AUTH__JWT_SECRET = var.secret_arns["airflow/jwt_secret"]
    DATABASE_PASSWORD             = var.secret_arns["airflow/database"]
    FERNET_SECRET                 = var.secret_arns["airflow/fernet_key"]
  }

  key   = { actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [var.deployment.kms_key_arn], condition = null }
  mount = { actions = ["elasticfilesystem:ClientMount"], resources = [var.dag_files.arn], condition = { StringEquals = { "elasticfilesystem:AccessPointArn" = var.dag_files.access_point.arn } } }
  logs = {
    LogBucket  = { actions = ["s3:ListBucket"], resources = [local.logs_arn], condition = { StringLike = { "s3:prefix" = "airflow/*" } } }
    LogObjects = { actions = ["s3:GetObject", "s3:PutObject"], resources = ["${local.logs_arn}/airflow/*"], condition = null }
  }
  variables = {
    Variables = { actions = ["secretsmanager:GetSecretValue"], resources = ["${local.secrets_arn}/airflow/variables/*", "${local.secrets_arn}/airflow/connections/*"], condition = null }
  }

  parts = {
    api-server = {
      size        = { cpu = 1024, memory = 2048 }
      range       = { min = 1, max = 1 }
      environment = {}
      statements  = merge(local.logs, {})
      mounts      = false
    }
    scheduler = {
      size        = { cpu = 1024, memory = 2048 }
      range       = { min = 1, max = 1 }
      environment = {}
      statements = {
        Queue = { actions = ["sqs:SendMessage", "sqs:GetQueueAttributes"], resources = [aws_sqs_queue.tasks.arn], condition = null }
        Key   = local.key
      }
      mounts = false
    }
    dag-processor = {
      size        = { cpu = 512, memory = 1024 }
      range       = { min = 1, max = 1 }
      environment = local.release_path
      statements  = { Files = local.mount }
      mounts      = true
    }
    triggerer = {
      size        = { cpu = 512, memory = 1024 }
      range       = { min = 1, max = 1 }
      environment = local.secrets_backend
      statements  = merge(local.logs, local.variables, { Key = local.key })
      mounts      = false
    }
    worker = {
      size        = { cpu = 1024, memory = 4096 }
      range       = { min = var.workers.min, max = var.workers.max }
      environment = merge(local.secrets_backend, local.release_path)
      statements = merge(local.logs, local.variables, var.task_statements, {
        Files      = local.mount
        Key        = local.key
        Protection = { actions = ["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"], resources = ["arn:${var.deployment.partition}:ecs:${var.deployment.region}:${var.deployment.account_id}:task/${var.cluster.name}/*"], condition = null }
        Queue      = { actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"], resources = [aws_sqs_queue.tasks.arn], condition = null }
      })
      mounts = true
    }
    metrics = {
      size        = { cpu = 256, memory = 512 }
      range       = { min = 1, max = 1 }
      environment = { METRICS_NAMESPACE = "Estrela", METRICS_ENVIRONMENT = var.deployment.name }
      statements = {
        Metrics = { actions = ["cloudwatch:PutMetricData"], resources = ["*"], condition = { StringEquals = { "cloudwatch:namespace" = "Estrela" } } } # the action knows no resource
      }
      mounts = false
    }
  }
  commands = {
    api-server    = ["api-server"]
    scheduler     = ["scheduler"]
    dag-processor = ["dag-processor"]
    triggerer     = ["triggerer"]
    worker        = ["celery", "worker"]
  }
}

resource "aws_sqs_queue" "dead" {
  name                      = "${var.deployment.name}-airflow-dead"
  message_retention_seconds = 1209600
  kms_master_key_id         = var.deployment.kms_key_arn
}

resource "aws_sqs_queue" "tasks" {
  name                       = "${var.deployment.name}-airflow"
  visibility_timeout_seconds = local.visibility_seconds
  message_retention_seconds  = 86400
  receive_wait_time_seconds  = 20
  kms_master_key_id          = var.deployment.kms_key_arn
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 3 })
}

resource "aws_sqs_queue_policy" "this" {
  for_each = { tasks = aws_sqs_queue.tasks, dead = aws_sqs_queue.dead }

  queue_url = each.value.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = each.value.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

module "task" {
  source   = "../ecs_task"
  for_each = local.parts

  deployment     = var.deployment
  task           = "airflow-${each.key}"
  image          = var.image
  user           = "50000:0"
  size           = each.value.size
  entry_point    = ["python", "-m", each.key == "metrics" ? "airflow_on_ecs.metrics" : "airflow_on_ecs.start"]
  command        = each.key == "metrics" ? [] : local.commands[each.key]
  environment    = each.key == "metrics" ? merge(var.database_tls, { for name in ["HOST", "NAME", "USER"] : "DATABASE_${name}" => local.environment["DATABASE_${name}"] }, each.value.environment) : merge(local.environment, each.value.environment)
  secrets        = each.key == "metrics" ? { DATABASE_PASSWORD = local.secrets.DATABASE_PASSWORD } : local.secrets
  statements     = each.value.statements
  role_tags      = each.key == "worker" ? var.task_tags : {}
  writable_paths = ["/var/airflow", "/tmp"]
  port           = each.key == "api-server" ? 8080 : null
  health_check   = each.key == "metrics" ? null : ["CMD", "python", "-m", "airflow_on_ecs.health", each.key]
  files          = each.value.mounts ? merge(local.files, { read_only = true }) : null
}

locals {
  files = {
    file_system_id  = var.dag_files.file_system_id
    access_point_id = var.dag_files.access_point.id
    path            = local.dags_path
  }
}

module "service" {
  source   = "../ecs_service"
  for_each = local.parts

  name              = "airflow-${each.key}"
  cluster           = var.cluster
  task_definition   = module.task[each.key].arn
  port              = each.key == "api-server" ? 8080 : null
  count_range       = each.value.range
  spot              = each.key == "worker" && var.workers.spot
  replace_first     = each.key == "metrics"
  subnet_ids        = var.subnet_ids
  security_group_id = var.group_ids["airflow-${each.key}"]
  connect           = each.key == "metrics" ? null : { namespace = var.cluster.namespace, serves = each.key == "api-server" ? "airflow-api" : null }
  target            = each.key == "api-server" ? var.target_group_arn : null
}

# Tasks that are queued or running, per worker: out as soon as they exceed what the workers take, in slowly. A worker
# that still has a task is protected and stays.
resource "aws_appautoscaling_policy" "workers" {
  name               = "backlog"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = module.service["worker"].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.workers.concurrency
    scale_out_cooldown = 60
    scale_in_cooldown  = 900

    customized_metric_specification {
      metrics {
        id          = "backlog"
        expression  = "tasks / IF(workers > 0, workers, 1)"
        label       = "Tasks per worker"
        return_data = true
      }

      metrics {
        id          = "tasks"
        return_data = false

        metric_stat {
          stat = "Maximum"

          metric {
            namespace   = "Estrela"
            metric_name = "ActiveTasks"

            dimensions {
              name  = "Environment"
              value = var.deployment.name
            }
          }
        }
      }

      metrics {
        id          = "workers"
        return_data = false

        metric_stat {
          stat = "Average"

          metric {
            namespace   = "ECS/ContainerInsights"
            metric_name = "RunningTaskCount"

            dimensions {
              name  = "ClusterName"
              value = var.cluster.name
            }

            dimensions {
              name  = "ServiceName"
              value = module.service["worker"].name
            }
          }
        }
      }
    }
  }
}

# deploy.sh runs it before it waits for the services: the schema of the database, and the first administrator.
module "setup" {
  source = "../ecs_task"

  deployment     = var.deployment
  task           = "airflow-setup"
  image          = var.image
  user           = "50000:0"
  size           = { cpu = 1024, memory = 2048 }
  entry_point    = ["python", "-m", "airflow_on_ecs.setup"]
  command        = []
  environment    = merge(local.environment, { ADMIN_EMAIL = var.admin_email })
  secrets        = merge(local.secrets, { ADMIN_PASSWORD = var.secret_arns["airflow/admin"] })
  writable_paths = ["/var/airflow", "/tmp"]
}

# Brings a release of the DAGs from S3 to EFS, or switches back to one that is there.
module "dag_sync" {
  source = "../ecs_task"

  deployment  = var.deployment
  task        = "dag-sync"
  image       = var.image
  user        = "50000:0"
  size        = { cpu = 512, memory = 1024 }
  entry_point = ["python", "-m", "airflow_on_ecs.dag_release", "--folder", local.dags_path]
  command     = ["current"]
  environment = { DAG_RELEASES = "s3://${var.code_bucket}/dags" }
  statements = {
    Releases = { actions = ["s3:GetObject"], resources = ["arn:${var.deployment.partition}:s3:::${var.code_bucket}/dags/*"], condition = null }
    Key      = { actions = ["kms:Decrypt"], resources = [var.deployment.kms_key_arn], condition = null }
    Files    = merge(local.mount, { actions = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"] })
  }
  writable_paths = ["/var/airflow", "/tmp"]
  files          = merge(local.files, { read_only = false })
}
