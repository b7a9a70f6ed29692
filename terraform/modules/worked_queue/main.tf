locals {
  queues = { work = var.name, dead = "${var.name}-dead" }
  arns   = { for kind, name in local.queues : kind => "arn:${var.deployment.partition}:sqs:${var.deployment.region}:${var.deployment.account_id}:${name}" }
}

resource "aws_sqs_queue" "dead" {
  name                      = local.queues.dead
  message_retention_seconds = 14 * 24 * 3600
  kms_master_key_id         = var.deployment.kms_key_arn
}

resource "aws_sqs_queue" "work" {
  name                       = local.queues.work
  message_retention_seconds  = 4 * 24 * 3600
  visibility_timeout_seconds = var.visibility_seconds
  kms_master_key_id          = var.deployment.kms_key_arn
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = var.tries
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  queue_url = aws_sqs_queue.dead.url
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.arns.work]
  })
}

resource "aws_sqs_queue_policy" "this" {
  for_each = { work = aws_sqs_queue.work.url, dead = aws_sqs_queue.dead.url }

  queue_url = each.value
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = local.arns[each.key]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      each.key == "dead" || var.bucket_arn == null ? [] : [{
        Sid       = "Notifications"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = local.arns.work
        Condition = {
          StringEquals = { "aws:SourceAccount" = var.deployment.account_id }
          ArnEquals    = { "aws:SourceArn" = var.bucket_arn }
        }
      }],
    )
  })
}
