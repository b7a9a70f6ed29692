locals {
  queue = "${var.deployment.name}-feeds-arrivals"
  environment = {
    ESTRELA_LANDING          = var.landing_bucket
    ESTRELA_WAREHOUSE_SECRET = var.database_secret_arn
    POWERTOOLS_LOG_LEVEL     = "INFO"
  }
  database = {
    Database = { actions = ["secretsmanager:GetSecretValue"], resources = [var.database_secret_arn] }
    Key      = { actions = ["kms:Decrypt"], resources = [var.deployment.kms_key_arn] }
  }
  functions = {
    register_file = {
      description = "Registers the files that land in ${var.landing_bucket}"
      queue       = true
      seconds     = 60
    }
    ledger_schema = {
      description = "Brings the ledger's schema to the newest version; deploy.sh calls it"
      queue       = false
      seconds     = 300
    }
    ledger_metrics = {
      description = "Measures the age of the oldest file that waits, and the hours since each feed's last file"
      queue       = false
      seconds     = 60
    }
  }
  metric = { service = "ledger", environment = var.deployment.name }
  alarms = merge(
    {
      oldest-new-file = {
        text      = "A file has waited for more than ${var.oldest_new_hours} hours to be loaded: estrela ledger list --state New"
        namespace = "Estrela", metric = "OldestNewAge", dimensions = local.metric
        statistic = "Maximum", period = 900, periods = 1, above = true, threshold = var.oldest_new_hours * 3600, silence_alarms = false
      }
      ledger-silent = {
        text      = "Nobody has measured the ledger for an hour: is its database there, and the function ledger_metrics?"
        namespace = "Estrela", metric = "OldestNewAge", dimensions = local.metric
        statistic = "SampleCount", period = 3600, periods = 1, above = false, threshold = 1, silence_alarms = true
      }
    },
    {
      for feed, hours in var.late_feeds : "late-feed-${feed}" => {
        text      = "No file of the feed ${feed} has come for ${hours} hours"
        namespace = "Estrela", metric = "HoursSinceArrival", dimensions = merge(local.metric, { feed = feed })
        statistic = "Maximum", period = 900, periods = 1, above = true, threshold = hours, silence_alarms = false
      }
    },
  )
}

module "queue" {
  source = "../worked_queue"

  deployment         = var.deployment
  name               = local.queue
  visibility_seconds = 6 * local.functions.register_file.seconds
  tries              = 5
  bucket_arn         = "arn:${var.deployment.partition}:s3:::${var.landing_bucket}"
}

resource "aws_s3_bucket_notification" "landing" {
  bucket = var.landing_bucket

  queue {
    id        = "feeds"
    queue_arn = module.queue.arn
    events    = ["s3:ObjectCreated:*"]
  }
}

module "function" {
  source   = "../function"
  for_each = local.functions

  deployment  = var.deployment
  function    = each.key
  description = each.value.description
  code        = var.code
  place       = var.place
  size        = { memory = 256, seconds = each.value.seconds, concurrency = each.value.queue ? 5 : 1 }
  environment = merge(local.environment, each.key != "ledger_metrics" ? {} : {
    POWERTOOLS_METRICS_NAMESPACE = "Estrela"
    METRICS_ENVIRONMENT          = var.deployment.name
  })
  queue_arn  = each.value.queue ? module.queue.arn : null
  statements = local.database
}

resource "aws_cloudwatch_event_rule" "metrics" {
  name                = "${var.deployment.name}-ledger-metrics"
  description         = "Measures the ledger"
  schedule_expression = "rate(5 minutes)"
}

resource "aws_cloudwatch_event_target" "metrics" {
  rule = aws_cloudwatch_event_rule.metrics.name
  arn  = module.function["ledger_metrics"].arn
}

resource "aws_lambda_permission" "metrics" {
  statement_id  = "Schedule"
  function_name = module.function["ledger_metrics"].name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.metrics.arn
}

# The sender of messages about files. Its owner confirms it by the e-mail that AWS sends.
resource "aws_sesv2_email_identity" "sender" {
  count = var.sender == null ? 0 : 1

  email_identity = var.sender
}
