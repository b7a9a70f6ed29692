locals {
  role_name = "${var.name}-glue"
  arn       = "arn:${var.deployment.partition}:%s:${var.deployment.region}:${var.deployment.account_id}"
  glue_arn  = format(local.arn, "glue")
  logs_arn  = format(local.arn, "logs")
  ec2_arn   = format(local.arn, "ec2")

  # With a security configuration Glue writes to groups of these names.
  log_folder = "/aws-glue/jobs/${var.security_configuration}-role/${local.role_name}"
  log_groups = { for stream in ["output", "error"] : stream => "${local.log_folder}/${stream}" }

  # What Glue itself does by the role.
  own = {
    Code                  = { actions = ["s3:GetObject"], resources = ["arn:${var.deployment.partition}:s3:::${var.code.bucket}/glue/*"], condition = null }
    Key                   = { actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [var.deployment.kms_key_arn], condition = null }
    Logs                  = { actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:AssociateKmsKey"], resources = ["${local.logs_arn}:log-group:/aws-glue/jobs/*"], condition = null }
    SecurityConfiguration = { actions = ["glue:GetSecurityConfiguration"], resources = ["*"], condition = null } # the action knows no resource
  }
  # Glue joins the workers of a run to the network, and tags the interfaces as its own.
  joining = {
    Connection = {
      actions   = ["glue:GetConnection"]
      resources = concat(["${local.glue_arn}:catalog"], [for connection in aws_glue_connection.this : "${local.glue_arn}:connection/${connection.name}"])
      condition = null
    }
    LookAtNetwork = {
      # the actions know no resource
      actions = [
        "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
        "ec2:DescribeVpcAttribute", "ec2:DescribeVpcEndpoints",
      ]
      resources = ["*"]
      condition = null
    }
    JoinNetwork = {
      actions = ["ec2:CreateNetworkInterface"]
      resources = concat(
        ["${local.ec2_arn}:network-interface/*", "${local.ec2_arn}:security-group/${local.group_id}"],
        [for id in values(local.subnet_ids) : "${local.ec2_arn}:subnet/${id}"],
      )
      condition = null
    }
    TagInterfaces = {
      actions   = ["ec2:CreateTags", "ec2:DeleteTags"]
      resources = ["${local.ec2_arn}:network-interface/*"]
      condition = { "ForAllValues:StringEquals" = { "aws:TagKeys" = "aws-glue-service-resource" } }
    }
    LeaveNetwork = {
      actions   = ["ec2:DeleteNetworkInterface"]
      resources = ["${local.ec2_arn}:network-interface/*"]
      condition = null
    }
  }
  subnet_ids = var.place == null ? {} : var.place.subnet_ids
  group_id   = var.place == null ? "" : var.place.security_group_id
  statements = merge(local.own, { for sid, found in local.joining : sid => found if var.place != null }, var.statements)
}

resource "aws_cloudwatch_log_group" "run" {
  for_each = local.log_groups

  name              = each.value
  retention_in_days = var.deployment.log_retention_days
  kms_key_id        = var.deployment.kms_key_arn
}

module "role" {
  source = "../role"

  name        = local.role_name
  description = "Glue runs of ${var.name}"
  account_id  = var.deployment.account_id
  services    = ["glue.amazonaws.com"]
  statements  = local.statements
  tags        = var.role_tags
}

# A run takes the first connection whose zone is well.
resource "aws_glue_connection" "this" {
  for_each = local.subnet_ids

  name            = "${var.name}-${each.key}"
  description     = "The private network of ${var.deployment.name} in ${each.key}"
  connection_type = "NETWORK"

  physical_connection_requirements {
    availability_zone      = each.key
    subnet_id              = each.value
    security_group_id_list = [local.group_id]
  }
}

# Glue copies it into the folder of a run. Its key holds the hash of its content, as those of the code.
resource "aws_s3_object" "certificates" {
  for_each = toset(var.certificates == null ? [] : [var.certificates])

  bucket = var.code.bucket
  key    = "glue/${filesha256(each.key)}/${basename(each.key)}"
  source = each.key

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_glue_job" "this" {
  name                   = var.name
  description            = var.description
  role_arn               = module.role.arn
  glue_version           = var.glue.version
  worker_type            = var.glue.worker_type
  number_of_workers      = var.glue.workers
  timeout                = var.glue.timeout_minutes
  execution_class        = "STANDARD"
  max_retries            = 0 # Airflow retries, and attaches to a run that is still active
  security_configuration = var.security_configuration
  connections            = [for zone in sort(keys(local.subnet_ids)) : aws_glue_connection.this[zone].name]

  command {
    name            = "glueetl"
    python_version  = "3"
    script_location = var.code.script
  }

  execution_property {
    max_concurrent_runs = var.glue.concurrent_runs
  }

  default_arguments = merge(
    {
      "--extra-py-files"            = var.code.wheel
      "--additional-python-modules" = var.code.libraries
      # the zip is all the index that there is: no run asks PyPI for anything
      "--python-modules-installer-option" = "--no-index"
    },
    merge([
      for file, object in aws_s3_object.certificates :
      { "--extra-files" = "s3://${object.bucket}/${object.key}", "--root_certificate" = basename(file) }
    ]...),
    var.arguments,
  )

  depends_on = [aws_cloudwatch_log_group.run]
}
