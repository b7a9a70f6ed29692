resource "aws_athena_workgroup" "this" {
  for_each = var.scan_limit_gb

  name          = "${var.name}-${each.key}"
  description   = "Queries of ${each.key}"
  force_destroy = var.force_destroy

  configuration {
    # what a client asks for cannot weaken what is set here
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = each.value * 1024 * 1024 * 1024

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location = "s3://${var.result_bucket}/athena/${each.key}/"

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}
