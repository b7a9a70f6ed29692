# Large deliveries of DataHarvest: files are cut into chunks, and values are calculated in batches of portfolios, which
# events announce to a stream for each calculation. packages/dataharvest/resources.py names the parts.
locals {
  name     = var.base.name
  seconds  = 300
  prefix   = "arn:${var.deployment.partition}"
  place    = "${var.deployment.region}:${var.deployment.account_id}"
  chunks   = "${local.prefix}:dynamodb:${local.place}:table/${local.name}-chunks"
  progress = "${local.prefix}:dynamodb:${local.place}:table/${local.name}-progress"
  bus_arn  = "${local.prefix}:events:${local.place}:event-bus/${local.name}"
  streams  = { for stream in keys(var.streams) : stream => "${local.prefix}:kinesis:${local.place}:stream/${local.name}-${stream}" }

  announced = { Portfolios = { actions = ["events:PutEvents"], resources = [local.bus_arn] } }
  chunked   = { Chunks = { actions = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], resources = [local.chunks] } }
  marked    = { Chunks = { actions = ["dynamodb:UpdateItem"], resources = [local.chunks] } }
  told      = { Progress = { actions = ["dynamodb:UpdateItem"], resources = [local.progress] } }
  asked     = { Asked = { actions = ["sqs:SendMessage"], resources = ["${local.prefix}:sqs:${local.place}:${local.name}-chunks"] } }
  functions = {
    dataharvest_splitter = {
      queue      = "splitter"
      batch      = 1
      seconds    = 900 # it reads a file from end to end
      statements = merge(var.base.statements.take, local.chunked, local.told, local.asked)
    }
    dataharvest_chunk_persistence = {
      queue      = "chunks"
      batch      = 1
      seconds    = local.seconds
      statements = merge(var.base.statements.load, local.marked, local.told)
    }
    dataharvest_announcer = {
      queue      = "announcer"
      batch      = 10
      seconds    = local.seconds
      statements = merge(var.base.statements.read, local.announced)
    }
  }
  alarms = {
    for stream, function in var.streams : "dataharvest-${stream}-age" => {
      text      = "The events of portfolios in the stream ${stream} wait for more than 15 minutes"
      namespace = "AWS/Lambda", metric = "IteratorAge", dimensions = { FunctionName = function }
      statistic = "Maximum", period = 300, periods = 1, above = true, threshold = 15 * 60 * 1000, silence_alarms = false
    }
  }
}

resource "aws_dynamodb_table" "this" {
  for_each = toset(["chunks", "progress"])

  name                        = "${local.name}-${each.key}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "partition_key"
  range_key                   = "sort_key"
  deletion_protection_enabled = var.protected

  dynamic "attribute" {
    for_each = toset(["partition_key", "sort_key"])

    content {
      name = attribute.key
      type = "S"
    }
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.deployment.kms_key_arn
  }
}

module "queue" {
  source   = "../worked_queue"
  for_each = { for function in local.functions : function.queue => function.seconds }

  deployment         = var.deployment
  name               = "${local.name}-${each.key}"
  visibility_seconds = 6 * each.value
  tries              = 50
}

module "function" {
  source   = "../function"
  for_each = local.functions

  deployment  = var.deployment
  function    = each.key
  description = "DataHarvest: works on the queue ${local.name}-${each.value.queue}"
  code        = var.code
  place       = var.place
  traced      = true
  size        = { memory = 1024, seconds = each.value.seconds }
  environment = var.base.environment
  queue_arn   = module.queue[each.value.queue].arn
  batch_size  = each.value.batch
  statements  = each.value.statements
}

# One event per portfolio; a rule copies it to the stream of each calculation.
resource "aws_cloudwatch_event_bus" "portfolios" {
  name               = local.name
  description        = "Portfolios of large deliveries"
  kms_key_identifier = var.deployment.kms_key_arn
}

resource "aws_kinesis_stream" "this" {
  for_each = var.streams

  name             = "${local.name}-${each.key}"
  shard_count      = 1
  retention_period = 24
  encryption_type  = "KMS"
  kms_key_id       = var.deployment.kms_key_arn

  stream_mode_details {
    stream_mode = "PROVISIONED"
  }
}

resource "aws_cloudwatch_event_rule" "portfolios" {
  for_each = var.streams

  name           = "${local.name}-${each.key}"
  description    = "Portfolios for the stream ${each.key}"
  event_bus_name = aws_cloudwatch_event_bus.portfolios.name
  event_pattern  = jsonencode({ source = ["dataharvest"], "detail-type" = ["portfolio"] })
}

resource "aws_cloudwatch_event_target" "portfolios" {
  for_each = var.streams

  rule           = aws_cloudwatch_event_rule.portfolios[each.key].name
  event_bus_name = aws_cloudwatch_event_bus.portfolios.name
  target_id      = each.key
  arn            = local.streams[each.key]
  role_arn       = module.bus_role.arn
  input_path     = "$.detail"

  kinesis_target {
    partition_key_path = "$.detail.portfolio_reference"
  }

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  depends_on = [aws_kinesis_stream.this]
}

# Events that EventBridge could not bring to a stream for a day.
resource "aws_sqs_queue" "undelivered" {
  name                      = "${local.name}-portfolios-dead"
  message_retention_seconds = 14 * 24 * 3600
  kms_master_key_id         = var.deployment.kms_key_arn
}

resource "aws_sqs_queue_policy" "undelivered" {
  queue_url = aws_sqs_queue.undelivered.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.undelivered.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "Rules"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.undelivered.arn
        Condition = { ArnLike = { "aws:SourceArn" = "${local.prefix}:events:${local.place}:rule/${local.name}/*" } }
      },
    ]
  })
}

module "bus_role" {
  source = "../role"

  name        = "${local.name}-bus"
  description = "Brings portfolios of ${var.deployment.name} to their streams"
  account_id  = var.deployment.account_id
  services    = ["events.amazonaws.com"]
  statements = {
    Streams = { actions = ["kinesis:PutRecord", "kinesis:PutRecords"], resources = values(local.streams) }
    Key     = { actions = ["kms:GenerateDataKey"], resources = [var.deployment.kms_key_arn] }
  }
}

resource "aws_lambda_event_source_mapping" "stream" {
  for_each = var.streams

  event_source_arn                   = aws_kinesis_stream.this[each.key].arn
  function_name                      = each.value
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = 1000
  maximum_batching_window_in_seconds = 1
  parallelization_factor             = 2
  bisect_batch_on_function_error     = true
  maximum_retry_attempts             = 10
  function_response_types            = ["ReportBatchItemFailures"]

  destination_config {
    on_failure {
      destination_arn = var.failed_arn
    }
  }
}
