# A role that only services of AWS take on, for this account, and all that it may do.
resource "aws_iam_role" "this" {
  name        = var.name
  description = var.description
  tags        = var.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = var.services }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  count = var.has_rights ? 1 : 0

  name = "rights"
  role = aws_iam_role.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for sid, found in var.statements : merge(
        { Sid = sid, Effect = "Allow", Action = found.actions, Resource = found.resources },
        found.condition == null ? {} : { Condition = found.condition },
      )
    ]
  })
}
