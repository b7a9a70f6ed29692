# One plan per flag, on and off, against a mocked AWS. tests/terraform reads the same plans as JSON.
mock_provider "aws" {
  override_during = plan

  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000" }
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
}

run "dev" {
  command = plan
}

run "prod" {
  command = plan

  variables {
    environment  = "prod"
    alarm_emails = ["data@example.com"]
  }
}
