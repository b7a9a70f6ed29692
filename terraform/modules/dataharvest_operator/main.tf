# What the command dataharvest needs: packages/dataharvest/cli.py. People get it with a role of their account.
locals {
  name     = var.base.name
  place    = "${var.deployment.region}:${var.deployment.account_id}"
  arn      = "arn:${var.deployment.partition}:%s:${local.place}:%s"
  progress = format(local.arn, "dynamodb", "table/${local.name}-progress")
  buckets  = { for purpose, bucket in var.buckets : purpose => "arn:${var.deployment.partition}:s3:::${bucket}" }
  asked    = concat(var.base.stages, var.large ? ["announcer"] : [])
  changed  = ["s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObjectVersion"]

  statements = concat(
    [
      { Sid = "Database", Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = [var.database_secret_arn] },
      { Sid = "Flags", Effect = "Allow", Action = ["dynamodb:Scan"], Resource = concat([format(local.arn, "dynamodb", "table/${local.name}")], var.large ? [local.progress] : []) },
      { Sid = "Stages", Effect = "Allow", Action = ["sqs:SendMessage"], Resource = [for stage in local.asked : format(local.arn, "sqs", "${local.name}-${stage}")] },
      {
        Sid      = "Messages"
        Effect   = "Allow"
        Action   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
        Resource = [for queue in ["messages", "messages-dead"] : format(local.arn, "sqs", "${local.name}-${queue}.fifo")]
      },
      { Sid = "DeliveriesBucket", Effect = "Allow", Action = ["s3:ListBucketVersions"], Resource = [local.buckets.deliveries] },
      { Sid = "Deliveries", Effect = "Allow", Action = local.changed, Resource = ["${local.buckets.deliveries}/*"] },
      { Sid = "FailedBucket", Effect = "Allow", Action = ["s3:ListBucket", "s3:ListBucketVersions"], Resource = [local.buckets.failed] },
      { Sid = "FailedBatches", Effect = "Allow", Action = concat(["s3:GetObject"], local.changed), Resource = ["${local.buckets.failed}/*"] },
      { Sid = "Names", Effect = "Allow", Action = ["kms:Decrypt", "kms:DescribeKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"], Resource = [var.base.kms_key_arn] },
      { Sid = "Key", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = [var.deployment.kms_key_arn] },
    ],
    !var.large ? [] : [
      {
        Sid      = "Streams"
        Effect   = "Allow"
        Action   = ["kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:DescribeStreamSummary"]
        Resource = [for stream in var.streams : format(local.arn, "kinesis", "stream/${local.name}-${stream}")]
      },
    ],
  )
}

resource "aws_iam_policy" "this" {
  name        = "${local.name}-operator"
  description = "The command dataharvest in ${var.deployment.name}"
  policy      = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}
