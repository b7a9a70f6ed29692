# One plan per flag, on and off, against a mocked AWS. tests/terraform reads the same plans as JSON.
# dev has every flag off, prod has all of them on with Airflow on ECS, mwaa has Airflow on Amazon MWAA, files has feeds and
# DataHarvest without Airflow, as the local AWS has them.
mock_provider "aws" {
  override_during = plan

  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_availability_zones" {
    defaults = { names = ["us-east-1a", "us-east-1b", "us-east-1c"] }
  }
  mock_resource "aws_dynamodb_table" {
    defaults = { stream_arn = "arn:aws:dynamodb:us-east-1:123456789012:table/mocked/stream/2026-01-01T00:00:00.000" }
  }
  mock_resource "aws_kinesis_stream" {
    defaults = { arn = "arn:aws:kinesis:us-east-1:123456789012:stream/mocked" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:mocked" }
  }
  mock_resource "aws_lambda_layer_version" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:layer:mocked:1" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:mocked" }
  }
  mock_resource "aws_backup_vault" {
    defaults = { arn = "arn:aws:backup:us-east-1:123456789012:backup-vault:mocked" }
  }
  mock_resource "aws_service_discovery_service" {
    defaults = { arn = "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-0123456789abcdef" }
  }
  mock_resource "aws_db_instance" {
    defaults = { arn = "arn:aws:rds:us-east-1:123456789012:db:mocked", master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-mocked-AbCdEf" }] }
  }
  mock_resource "aws_ecr_repository" {
    defaults = { arn = "arn:aws:ecr:us-east-1:123456789012:repository/mocked", repository_url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/mocked" }
  }
  mock_resource "aws_ecs_cluster" {
    defaults = { arn = "arn:aws:ecs:us-east-1:123456789012:cluster/mocked" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = { arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/mocked:1" }
  }
  mock_resource "aws_efs_access_point" {
    defaults = { arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-0123456789abcdef0" }
  }
  mock_resource "aws_efs_file_system" {
    defaults = { arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-01234567" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mocked" }
  }
  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/mocked/50dc6c495c0c9188" }
  }
  mock_resource "aws_lb_listener" {
    defaults = { arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/mocked/50dc6c495c0c9188/f2f7dc8efc522ab2" }
  }
  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/mocked/50dc6c495c0c9188" }
  }
  mock_resource "aws_redshiftserverless_workgroup" {
    defaults = { arn = "arn:aws:redshift-serverless:us-east-1:123456789012:workgroup/00000000-0000-0000-0000-000000000000" }
  }
  mock_resource "aws_security_group" {
    defaults = { id = "sg-01234567" }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:mocked-AbCdEf" }
  }
  mock_resource "aws_service_discovery_http_namespace" {
    defaults = { arn = "arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-0123456789abcdef" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:us-east-1:123456789012:mocked", url = "https://sqs.us-east-1.amazonaws.com/123456789012/mocked" }
  }
  mock_resource "aws_wafv2_web_acl" {
    defaults = { arn = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/mocked/00000000-0000-0000-0000-000000000000" }
  }
  override_resource {
    target = module.network[0].aws_subnet.private["us-east-1a"]
    values = { id = "subnet-0000000a" }
  }
  override_resource {
    target = module.network[0].aws_subnet.private["us-east-1b"]
    values = { id = "subnet-0000000b" }
  }
  mock_resource "aws_acm_certificate" {
    defaults = {
      arn = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
      domain_validation_options = [
        for host in ["airflow.data.example.com", "metabase.data.example.com"] :
        { domain_name = host, resource_record_name = "_x.${host}", resource_record_type = "CNAME", resource_record_value = "_y.acm-validations.aws" }
      ]
    }
  }
}

variables {
  environment = "dev"
  account_id  = "123456789012"
  git_sha     = "0123456789abcdef0123456789abcdef01234567"
  package = {
    script    = "../glue/job_template.py"
    wheel     = "tests/package/estrela.whl"
    libraries = "tests/package/estrela.gluewheels.zip"
  }
  functions        = { folder = "tests/package" }
  rds_certificates = "tests/package/rds.pem"
}

run "dev" {
  command = plan
}

run "prod" {
  command = plan

  variables {
    environment        = "prod"
    alarm_emails       = ["data@example.com"]
    airflow            = "ecs"
    metabase           = true
    domain             = "data.example.com"
    zone_id            = "Z0123456789ABC"
    enable_nat         = true
    enable_waf         = true
    public_ui          = true
    oidc_client_secret = "hush"
    feeds              = true
    dataharvest        = true
    large_deliveries   = true
    redshift           = true
    example_source     = true
    feed_sources = {
      "FTPS of the back office"  = { cidr = "203.0.113.7/32", port = 990 }
      "Files of the back office" = { cidr = "203.0.113.7/32", port = 50000, last_port = 50100 }
    }
    sender     = "data@example.com"
    late_feeds = { card_settlements = 26 }
    oidc = {
      issuer                 = "https://id.example.com"
      authorization_endpoint = "https://id.example.com/authorize"
      token_endpoint         = "https://id.example.com/token"
      user_info_endpoint     = "https://id.example.com/user"
      client_id              = "estrela"
    }
    ci_issuers = {
      "token.actions.githubusercontent.com" = {
        audience = "sts.amazonaws.com"
        subjects = {
          plan   = ["repo:example/estrela:pull_request"]
          deploy = ["repo:example/estrela:environment:prod"]
          dags   = ["repo:example/estrela:ref:refs/heads/main"]
        }
      }
    }
  }
}

run "mwaa" {
  command = plan

  variables {
    airflow = "mwaa"
  }
}

run "files" {
  command = plan

  variables {
    feeds         = true
    dataharvest   = true
    rotation_days = 0
    backups       = false
  }
}
