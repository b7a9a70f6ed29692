# Libraries of functions, for Python 3.13 on Amazon Linux 2023: lambdas/package.py.
resource "aws_lambda_layer_version" "this" {
  layer_name               = "${var.name}-${trimsuffix(basename(var.zip), ".zip")}"
  description              = "Libraries of functions of ${var.name}"
  filename                 = var.zip
  source_code_hash         = filebase64sha256(var.zip)
  compatible_runtimes      = [var.runtime]
  compatible_architectures = ["x86_64"]
}
