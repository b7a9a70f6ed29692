locals {
  full_name   = "${var.deployment.name}-${var.task}"
  log_group   = "/${var.deployment.name}/${var.task}"
  secret_arns = distinct([for secret in var.secrets : join(":", slice(split(":", secret), 0, 7))])
  kinds_of_start = {
    Pull = {
      actions   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
      resources = [var.image.repository_arn]
    }
    PullToken = {
      actions   = ["ecr:GetAuthorizationToken"]
      resources = ["*"] # the action knows no resource
    }
    Logs = {
      actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      resources = ["arn:${var.deployment.partition}:logs:${var.deployment.region}:${var.deployment.account_id}:log-group:${local.log_group}:*"]
    }
    Secrets = {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = local.secret_arns
    }
    Key = {
      actions   = ["kms:Decrypt"]
      resources = length(local.secret_arns) == 0 ? [] : [var.deployment.kms_key_arn]
    }
  }
  volumes = { for path in var.writable_paths : trim(replace(path, "/", "-"), "-") => path }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = local.log_group
  retention_in_days = var.deployment.log_retention_days
  kms_key_id        = var.deployment.kms_key_arn
}

# What starts the container: it pulls the image, reads the secrets, opens the log. The container itself never has it.
module "start" {
  source = "../role"

  name        = "${local.full_name}-start"
  description = "Starts ${local.full_name}"
  account_id  = var.deployment.account_id
  services    = ["ecs-tasks.amazonaws.com"]
  statements  = { for sid, found in local.kinds_of_start : sid => found if length(found.resources) > 0 }
}

module "task" {
  source = "../role"

  name        = local.full_name
  description = "What ${local.full_name} does"
  account_id  = var.deployment.account_id
  services    = ["ecs-tasks.amazonaws.com"]
  statements  = var.statements
  has_rights  = length(var.statements) > 0
  tags        = var.role_tags
}

resource "aws_ecs_task_definition" "this" {
  family                   = local.full_name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.size.cpu
  memory                   = var.size.memory
  execution_role_arn       = module.start.arn
  task_role_arn            = module.task.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  dynamic "volume" {
    for_each = local.volumes

    content {
      name = volume.key
    }
  }

  dynamic "volume" {
    for_each = var.files == null ? [] : [var.files]

    content {
      name = "files"

      efs_volume_configuration {
        file_system_id     = volume.value.file_system_id
        transit_encryption = "ENABLED"

        authorization_config {
          access_point_id = volume.value.access_point_id
          iam             = "ENABLED"
        }
      }
    }
  }

  container_definitions = jsonencode([merge(
    {
      name                   = var.task
      image                  = var.image.url
      essential              = true
      command                = var.command
      user                   = var.user
      readonlyRootFilesystem = true
      stopTimeout            = 120
      environment            = [for name, value in var.environment : { name = name, value = value }]
      secrets                = [for name, arn in var.secrets : { name = name, valueFrom = arn }]
      linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
      mountPoints = concat(
        [for name, path in local.volumes : { sourceVolume = name, containerPath = path, readOnly = false }],
        var.files == null ? [] : [{ sourceVolume = "files", containerPath = var.files.path, readOnly = var.files.read_only }],
      )
      portMappings = var.port == null ? [] : [{ name = "http", containerPort = var.port, protocol = "tcp", appProtocol = "http" }]
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.this.name
          awslogs-region        = var.deployment.region
          awslogs-stream-prefix = var.task
          mode                  = "non-blocking"
          max-buffer-size       = "25m"
        }
      }
    },
    length(var.entry_point) == 0 ? {} : { entryPoint = var.entry_point },
    var.health_check == null ? {} : {
      healthCheck = { command = var.health_check, interval = 60, timeout = 60, retries = 3, startPeriod = 300 }
    },
  )])
}
