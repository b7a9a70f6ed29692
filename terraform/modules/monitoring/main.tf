locals {
  topic_arn = "arn:${var.deployment.partition}:sns:${var.deployment.region}:${var.deployment.account_id}:${var.deployment.name}-alarms"
  airflow   = { Environment = var.deployment.name }
  # CloudWatch looks back at most a week where a period is an hour.
  alarms = merge(
    var.alarms,
    {
      late-data = {
        text      = "No step of any star succeeded for ${var.late_after_hours} hours. Is Airflow running, and are its DAGs on?"
        namespace = "AWS/Events", metric = "MatchedEvents", dimensions = { RuleName = "${var.deployment.name}-glue-run-succeeded" }
        statistic = "Sum", period = 3600, periods = var.late_after_hours, above = false, threshold = 1, silence_alarms = true
      }
    },
    var.airflow != "ecs" ? {} : {
      scheduler-heartbeat = {
        text      = "Airflow's scheduler has had no heartbeat for three minutes, or nobody could tell"
        namespace = "Estrela", metric = "SchedulerHeartbeatAge", dimensions = local.airflow
        statistic = "Minimum", period = 60, periods = 3, above = true, threshold = 180, silence_alarms = true
      }
      failed-runs = {
        text      = "A DAG run failed within the last hour"
        namespace = "Estrela", metric = "FailedRuns", dimensions = local.airflow
        statistic = "Maximum", period = 300, periods = 1, above = true, threshold = 0, silence_alarms = false
      }
    },
    var.airflow != "mwaa" ? {} : {
      scheduler-heartbeat = {
        text      = "The scheduler of Amazon MWAA has had no heartbeat for five minutes"
        namespace = "AmazonMWAA", metric = "SchedulerHeartbeat", dimensions = { Function = "Scheduler", Environment = var.deployment.name }
        statistic = "Sum", period = 60, periods = 5, above = false, threshold = 1, silence_alarms = true
      }
    },
    {
      for queue in var.dead_letter_queues : "dead-letters-${queue}" => {
        text      = "Messages that nobody could take are in ${queue}"
        namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = queue }
        statistic = "Maximum", period = 300, periods = 1, above = true, threshold = 0, silence_alarms = false
      }
    },
    merge([
      for database in var.databases : {
        "${database}-disk" = {
          text      = "The database ${database} has less than 4 GB of disk left"
          namespace = "AWS/RDS", metric = "FreeStorageSpace", dimensions = { DBInstanceIdentifier = database }
          statistic = "Minimum", period = 300, periods = 3, above = false, threshold = 4 * 1024 * 1024 * 1024, silence_alarms = false
        }
        "${database}-cpu" = {
          text      = "The database ${database} has used more than 80 percent of its CPU for 15 minutes"
          namespace = "AWS/RDS", metric = "CPUUtilization", dimensions = { DBInstanceIdentifier = database }
          statistic = "Average", period = 300, periods = 3, above = true, threshold = 80, silence_alarms = false
        }
        "${database}-connections" = {
          text      = "The database ${database} has more than 120 connections"
          namespace = "AWS/RDS", metric = "DatabaseConnections", dimensions = { DBInstanceIdentifier = database }
          statistic = "Maximum", period = 300, periods = 3, above = true, threshold = 120, silence_alarms = false
        }
      }
    ]...),
  )
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.deployment.name}-alarms"
  kms_master_key_id = var.deployment.kms_key_arn
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Publishers"
        Effect    = "Allow"
        Principal = { Service = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com", "events.amazonaws.com"] }
        Action    = "sns:Publish"
        Resource  = local.topic_arn
        Condition = { StringEquals = { "aws:SourceAccount" = var.deployment.account_id } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = local.topic_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.emails

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.key
}

# Glue sends an event for each run that failed; the DAG's own alert names the task and the reason.
resource "aws_cloudwatch_event_rule" "failed_run" {
  name        = "${var.deployment.name}-glue-run-failed"
  description = "A run of a Glue job of ${var.deployment.name} failed"
  event_pattern = jsonencode({
    source      = ["aws.glue"]
    detail-type = ["Glue Job State Change"]
    detail      = { jobName = compact([var.glue_job, var.feed_job]), state = ["FAILED", "TIMEOUT", "ERROR"] }
  })
}

resource "aws_cloudwatch_event_target" "failed_run" {
  rule = aws_cloudwatch_event_rule.failed_run.name
  arn  = aws_sns_topic.alarms.arn

  input_transformer {
    input_paths = {
      job     = "$.detail.jobName"
      run     = "$.detail.jobRunId"
      state   = "$.detail.state"
      message = "$.detail.message"
    }
    input_template = "\"Glue job <job>, run <run>: <state>. <message>\""
  }
}

# Each day has runs, news or not: none that succeeded for a day means that data is late.
resource "aws_cloudwatch_event_rule" "succeeded_run" {
  name        = "${var.deployment.name}-glue-run-succeeded"
  description = "A run of the Glue job ${var.glue_job} succeeded; the alarm of late data counts its matches"
  event_pattern = jsonencode({
    source      = ["aws.glue"]
    detail-type = ["Glue Job State Change"]
    detail      = { jobName = [var.glue_job], state = ["SUCCEEDED"] }
  })
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.deployment.name}-${each.key}"
  alarm_description   = each.value.text
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.periods
  comparison_operator = each.value.above ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = each.value.silence_alarms ? "breaching" : "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_budgets_budget" "month" {
  name         = var.deployment.name
  budget_type  = "COST"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  cost_filter {
    name   = "TagKeyValue"
    values = ["user:project$estrela"]
  }

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }

    content {
      notification_type         = notification.key
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      comparison_operator       = "GREATER_THAN"
      subscriber_sns_topic_arns = [aws_sns_topic.alarms.arn]
    }
  }

  depends_on = [aws_sns_topic_policy.alarms]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.deployment.name
  dashboard_body = jsonencode({
    widgets = [
      {
        type = "metric", x = 0, y = 0, width = 12, height = 6
        properties = {
          title = "Glue: completed stages and failed tasks", region = var.deployment.region, stat = "Sum", period = 3600
          metrics = [
            ["Glue", "glue.driver.aggregate.numCompletedStages", "JobName", var.glue_job, "JobRunId", "ALL", "Type", "count"],
            ["Glue", "glue.driver.aggregate.numFailedTasks", "JobName", var.glue_job, "JobRunId", "ALL", "Type", "count"],
          ]
        }
      },
      {
        type = "metric", x = 12, y = 0, width = 12, height = 6
        properties = {
          title = "Athena: bytes scanned per workgroup", region = var.deployment.region, stat = "Sum", period = 3600
          metrics = [
            for workgroup in var.workgroups : ["AWS/Athena", "ProcessedBytes", "WorkGroup", workgroup, "QueryState", "SUCCEEDED", "QueryType", "DML"]
          ]
        }
      },
    ]
  })
}
