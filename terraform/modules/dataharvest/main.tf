locals {
  name = "${var.deployment.name}-dataharvest"
  # packages/dataharvest declares them; tests/terraform/test_functions.py compares.
  transformers = ["relationship", "sum_deposit", "tax", "transaction"]
  sensitive    = ["tax"] # those that decrypt or encrypt values
  streams      = { deposits = "sum_deposit", transactions = "transaction" }
  stages       = concat(local.transformers, ["catapult"])
  queues       = { for queue in concat(["arrivals"], local.stages) : queue => "${local.name}-${queue}" }
  seconds      = 300

  stage_functions = merge(
    { for transformer in local.transformers : "dataharvest_${transformer}_transformer" => transformer },
    { dataharvest_catapult = "catapult", dataharvest_persistence = "arrivals" },
  )
  bucket_arn   = "arn:${var.deployment.partition}:s3:::${var.bucket}"
  failed_arn   = "arn:${var.deployment.partition}:s3:::${var.failed_bucket}"
  metastore    = "arn:${var.deployment.partition}:dynamodb:${var.deployment.region}:${var.deployment.account_id}:table/${local.name}"
  messages_arn = "arn:${var.deployment.partition}:sqs:${var.deployment.region}:${var.deployment.account_id}:${local.name}-messages.fifo"

  environment = merge(local.large_environment, {
    DATAHARVEST_DATABASE_SECRET = var.database_secret_arn
    DATAHARVEST_METASTORE       = local.name
    DATAHARVEST_KMS_KEY         = module.kms.key_arn
    DATAHARVEST_MESSAGES        = aws_sqs_queue.messages.url
    DATAHARVEST_STAGES          = trimsuffix(aws_sqs_queue.messages.url, "messages.fifo")
  })
  # What the module dataharvest_large makes, by its name.
  large_environment = !var.large ? {} : {
    DATAHARVEST_CHUNK_TABLE    = "${local.name}-chunks"
    DATAHARVEST_PROGRESS_TABLE = "${local.name}-progress"
    DATAHARVEST_BUS            = local.name
  }
  queue_arn = "arn:${var.deployment.partition}:sqs:${var.deployment.region}:${var.deployment.account_id}:${local.name}"
  splitting = !var.large ? {} : { Splitter = { actions = ["sqs:SendMessage"], resources = ["${local.queue_arn}-splitter"] } }
  streamed = !var.large ? {} : merge(local.write_key, local.failed, {
    Progress  = { actions = ["dynamodb:UpdateItem"], resources = ["${local.metastore}-progress"] }
    Announcer = { actions = ["sqs:SendMessage"], resources = ["${local.queue_arn}-announcer"] }
    Stream = {
      actions   = ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
      resources = [for stream in keys(local.streams) : "arn:${var.deployment.partition}:kinesis:${var.deployment.region}:${var.deployment.account_id}:stream/${local.name}-${stream}"]
    }
  })
  failed = {
    Failed = { actions = ["s3:PutObject"], resources = ["${local.failed_arn}/*"] }
    Bucket = { actions = ["s3:ListBucket"], resources = [local.failed_arn] }
  }
  database = { Database = { actions = ["secretsmanager:GetSecretValue"], resources = [var.database_secret_arn] } }
  flags    = { Flags = { actions = ["dynamodb:UpdateItem", "dynamodb:PutItem"], resources = [local.metastore] } }
  # the flags of several deliveries are set in one call
  stage_flags   = { Flags = { actions = concat(local.flags.Flags.actions, ["dynamodb:PartiQLUpdate"]), resources = [local.metastore] } }
  arrival_flags = { Flags = { actions = concat(local.stage_flags.Flags.actions, ["dynamodb:PartiQLInsert"]), resources = [local.metastore] } }
  send          = { Messages = { actions = ["sqs:SendMessage"], resources = [local.messages_arn] } }
  own_key       = { Names = { actions = ["kms:Decrypt"], resources = [module.kms.key_arn] } }
  read_key      = { Key = { actions = ["kms:Decrypt"], resources = [var.deployment.kms_key_arn] } }
  write_key     = { Key = { actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [var.deployment.kms_key_arn] } }
  # what loads rows, and what takes files in: it makes the key of their names, and tells of one that is refused
  load = merge(local.database, local.flags, local.own_key, local.write_key, {
    Deliveries = { actions = ["s3:GetObject", "s3:GetObjectVersion"], resources = ["${local.bucket_arn}/*"] }
  })
  take = merge(local.load, local.send, {
    Names = { actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [module.kms.key_arn] }
  })
  statements = merge(
    {
      for transformer in local.transformers : "dataharvest_${transformer}_transformer" =>
      merge(
        local.database, local.stage_flags, local.read_key,
        contains(local.sensitive, transformer) ? local.own_key : {},
        contains(values(local.streams), transformer) ? local.streamed : {},
      )
    },
    {
      dataharvest_catapult    = merge(local.database, local.stage_flags, local.own_key, local.send, local.write_key)
      dataharvest_persistence = merge(local.take, local.splitting, local.arrival_flags)
    },
  )
  metric = { service = "dataharvest_metrics", environment = var.deployment.name }
  alarms = {
    dataharvest-overdue = {
      text      = "Dates of external clients are not complete ${var.due_hours} hours after they began: dataharvest status"
      namespace = "DataHarvest", metric = "OverdueDates", dimensions = local.metric
      statistic = "Maximum", period = 900, periods = 2, above = true, threshold = 0, silence_alarms = false
    }
    dataharvest-silent = {
      text      = "Nobody has looked for overdue dates for an hour: is DataHarvest's database there, and the function dataharvest_metrics?"
      namespace = "DataHarvest", metric = "OverdueDates", dimensions = local.metric
      statistic = "SampleCount", period = 3600, periods = 1, above = false, threshold = 1, silence_alarms = true
    }
    dataharvest-iterator-age = {
      text      = "The dispatcher of DataHarvest is more than 15 minutes behind the metastore's stream"
      namespace = "AWS/Lambda", metric = "IteratorAge", dimensions = { FunctionName = module.dispatcher.name }
      statistic = "Maximum", period = 300, periods = 1, above = true, threshold = 15 * 60 * 1000, silence_alarms = false
    }
    dataharvest-messages-wait = {
      text      = "A message of DataHarvest has waited for more than an hour to be read by its consumer"
      namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", dimensions = { QueueName = "${local.name}-messages.fifo" }
      statistic = "Maximum", period = 300, periods = 3, above = true, threshold = 3600, silence_alarms = false
    }
  }
}

# The data keys of names and tax data are encrypted by a key of their own: who reads buckets and queues reads no names.
module "kms" {
  source = "../kms"

  name        = local.name
  account_id  = var.deployment.account_id
  region      = var.deployment.region
  partition   = var.deployment.partition
  window_days = var.protected ? 30 : 7
}

resource "aws_dynamodb_table" "metastore" {
  name                        = local.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "partition_key"
  range_key                   = "sort_key"
  stream_enabled              = true
  stream_view_type            = "NEW_AND_OLD_IMAGES"
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
  for_each = local.queues

  deployment         = var.deployment
  name               = each.value
  visibility_seconds = 6 * local.seconds
  tries              = 50
  bucket_arn         = each.key == "arrivals" ? local.bucket_arn : null
}

# What consumers read: in order within a client or portfolio, each message once.
resource "aws_sqs_queue" "dead" {
  name                      = "${local.name}-messages-dead.fifo"
  fifo_queue                = true
  message_retention_seconds = 14 * 24 * 3600
  kms_master_key_id         = var.deployment.kms_key_arn
}

resource "aws_sqs_queue" "messages" {
  name                       = "${local.name}-messages.fifo"
  fifo_queue                 = true
  deduplication_scope        = "messageGroup" # a message comes again in its own group only
  fifo_throughput_limit      = "perMessageGroupId"
  message_retention_seconds  = 14 * 24 * 3600
  visibility_timeout_seconds = local.seconds
  kms_master_key_id          = var.deployment.kms_key_arn
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = 10
  })
}

resource "aws_sqs_queue_policy" "messages" {
  for_each = { messages = aws_sqs_queue.messages, dead = aws_sqs_queue.dead }

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

resource "aws_s3_bucket_notification" "deliveries" {
  bucket = var.bucket

  queue {
    id        = "deliveries"
    queue_arn = module.queue["arrivals"].arn
    events    = ["s3:ObjectCreated:*"]
  }
}

module "function" {
  source   = "../function"
  for_each = local.stage_functions

  deployment  = var.deployment
  function    = each.key
  description = "DataHarvest: works on the queue ${local.queues[each.value]}"
  code        = var.code
  place       = var.place
  traced      = true
  size        = { seconds = local.seconds }
  environment = local.environment
  queue_arn   = module.queue[each.value].arn
  statements  = local.statements[each.key]
}

module "schema" {
  source = "../function"

  deployment  = var.deployment
  function    = "dataharvest_schema"
  description = "Brings the schema of DataHarvest to the newest version; deploy.sh calls it"
  code        = var.code
  place       = var.place
  traced      = true
  size        = { memory = 256, concurrency = 1 }
  environment = local.environment
  statements  = merge(local.database, local.read_key)
}

module "metrics" {
  source = "../function"

  deployment  = var.deployment
  function    = "dataharvest_metrics"
  description = "Counts the dates that are not complete after their hour"
  code        = var.code
  place       = var.place
  traced      = true
  size        = { memory = 256, seconds = 60, concurrency = 1 }
  environment = merge(local.environment, {
    DATAHARVEST_DUE_HOURS = tostring(var.due_hours)
    METRICS_ENVIRONMENT   = var.deployment.name
  })
  statements = merge(local.database, local.read_key)
}

resource "aws_cloudwatch_event_rule" "metrics" {
  name                = "${local.name}-metrics"
  description         = "Looks for overdue dates of DataHarvest"
  schedule_expression = "rate(5 minutes)"
}

resource "aws_cloudwatch_event_target" "metrics" {
  rule = aws_cloudwatch_event_rule.metrics.name
  arn  = module.metrics.arn
}

resource "aws_lambda_permission" "metrics" {
  statement_id  = "Schedule"
  function_name = module.metrics.name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.metrics.arn
}

module "dispatcher" {
  source = "../function"

  deployment  = var.deployment
  function    = "dataharvest_dispatcher"
  description = "DataHarvest: reads the metastore's stream and asks the stages that are ready"
  code        = var.code
  place       = var.place
  traced      = true
  size        = { memory = 256, seconds = local.seconds }
  environment = local.environment
  statements = merge(local.write_key, local.failed, {
    Stages = { actions = ["sqs:SendMessage"], resources = concat([for stage in local.stages : module.queue[stage].arn], var.large ? ["${local.queue_arn}-announcer"] : []) }
    Stream = {
      actions   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
      resources = ["${local.metastore}/stream/*"]
    }
    Streams = { actions = ["dynamodb:ListStreams"], resources = ["*"] } # the action knows no resource
  })
}

resource "aws_lambda_event_source_mapping" "stream" {
  event_source_arn                   = aws_dynamodb_table.metastore.stream_arn
  function_name                      = module.dispatcher.arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = 100
  maximum_batching_window_in_seconds = 1
  bisect_batch_on_function_error     = true
  maximum_retry_attempts             = 10
  function_response_types            = ["ReportBatchItemFailures"]

  destination_config {
    on_failure {
      destination_arn = local.failed_arn
    }
  }
}
