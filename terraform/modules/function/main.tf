locals {
  full_name = "${var.deployment.name}-${replace(var.function, "_", "-")}"
  log_group = "/aws/lambda/${local.full_name}"
  logs_arn  = "arn:${var.deployment.partition}:logs:${var.deployment.region}:${var.deployment.account_id}:log-group:${local.log_group}:*"
  zip       = "${var.code.folder}/${var.function}.zip"
  statements = merge(
    {
      Logs = { actions = ["logs:CreateLogStream", "logs:PutLogEvents"], resources = [local.logs_arn], condition = null }
      Network = {
        # Lambda joins the function to the network by its role; the actions know no resource before the interface exists
        actions = [
          "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
        ]
        resources = ["*"]
        condition = null
      }
    },
    !var.traced ? {} : {
      # the actions know no resource: a trace is of the account
      Traces = { actions = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources = ["*"], condition = null }
    },
    var.queue_arn == null ? {} : {
      Queue = { actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], resources = [var.queue_arn], condition = null }
    },
    var.statements,
  )
}

resource "aws_cloudwatch_log_group" "this" {
  name              = local.log_group
  retention_in_days = var.deployment.log_retention_days
  kms_key_id        = var.deployment.kms_key_arn
}

module "role" {
  source = "../role"

  name        = local.full_name
  description = "What the function ${local.full_name} does"
  account_id  = var.deployment.account_id
  services    = ["lambda.amazonaws.com"]
  statements  = local.statements
}

resource "aws_lambda_function" "this" {
  function_name                  = local.full_name
  description                    = var.description
  role                           = module.role.arn
  runtime                        = var.code.runtime
  architectures                  = ["x86_64"]
  handler                        = "handler.handler"
  filename                       = local.zip
  source_code_hash               = filebase64sha256(local.zip)
  layers                         = [var.code.layer]
  memory_size                    = var.size.memory
  timeout                        = var.size.seconds
  reserved_concurrent_executions = var.size.concurrency
  kms_key_arn                    = var.deployment.kms_key_arn

  # PostgreSQL's driver reads the last two: without this certificate no connection is made.
  environment {
    variables = merge(var.environment, var.code.root_certificate == "" ? {} : {
      PGSSLMODE     = "verify-full"
      PGSSLROOTCERT = var.code.root_certificate
    })
  }

  vpc_config {
    subnet_ids         = var.place.subnet_ids
    security_group_ids = [var.place.security_group_id]
  }

  tracing_config {
    mode = var.traced ? "Active" : "PassThrough"
  }

  # Without its log group Lambda would make one.
  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_lambda_event_source_mapping" "queue" {
  count = var.queue_arn == null ? 0 : 1

  event_source_arn        = var.queue_arn
  function_name           = aws_lambda_function.this.arn
  batch_size              = var.batch_size
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = var.size.concurrency
  }
}
