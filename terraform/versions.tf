terraform {
  # 1.11: write-only arguments, which keep secrets out of the state
  required_version = ">= 1.11, < 2.0"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # run with 5.100; nothing that 6 removed is used
      version = ">= 5.100, < 7.0"
    }
  }

  # deploy.sh names the bucket and the key: one state per environment
  backend "s3" {}
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]
  s3_use_path_style   = var.s3_path_style

  default_tags {
    tags = local.tags
  }
}
