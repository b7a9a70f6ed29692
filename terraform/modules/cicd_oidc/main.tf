locals {
  roles      = toset(["plan", "deploy", "dags"])
  bucket_arn = "arn:${var.deployment.partition}:s3:::${var.state_bucket}"
  iam_arn    = "arn:${var.deployment.partition}:iam::${var.deployment.account_id}"
  lock       = { Sid = "StateLock", Effect = "Allow", Action = ["s3:PutObject", "s3:DeleteObject"], Resource = "${local.bucket_arn}/*.tflock" }
  statements = {
    # AWS's ReadOnlyAccess reads configurations, and the state; it reads no secret.
    plan = [local.lock]
    # AWS's PowerUserAccess without IAM; of IAM only the roles and policies of this environment.
    deploy = [
      {
        Sid    = "Roles"
        Effect = "Allow"
        Action = [
          "iam:CreateRole", "iam:DeleteRole", "iam:GetRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateRole", "iam:UpdateAssumeRolePolicy",
          "iam:PutRolePolicy", "iam:GetRolePolicy", "iam:DeleteRolePolicy", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies",
          "iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:ListInstanceProfilesForRole",
        ]
        Resource = "${local.iam_arn}:role/${var.deployment.name}-*"
      },
      {
        Sid    = "Policies"
        Effect = "Allow"
        Action = [
          "iam:CreatePolicy", "iam:DeletePolicy", "iam:GetPolicy", "iam:TagPolicy", "iam:UntagPolicy",
          "iam:CreatePolicyVersion", "iam:DeletePolicyVersion", "iam:GetPolicyVersion", "iam:ListPolicyVersions",
        ]
        Resource = "${local.iam_arn}:policy/${var.deployment.name}-*"
      },
      {
        Sid       = "PassRoles"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = "${local.iam_arn}:role/${var.deployment.name}-*"
        Condition = { StringEquals = { "iam:PassedToService" = var.passed_to } }
      },
      {
        # What this role could otherwise give itself.
        Sid      = "NotItself"
        Effect   = "Deny"
        Action   = ["iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy"]
        Resource = "${local.iam_arn}:role/${var.deployment.name}-ci-*"
      },
    ]
    dags = concat(
      [
        { Sid = "Releases", Effect = "Allow", Action = ["s3:PutObject", "s3:DeleteObject"], Resource = "arn:${var.deployment.partition}:s3:::${var.dag_bucket}/dags/*" },
        { Sid = "Bucket", Effect = "Allow", Action = "s3:ListBucket", Resource = "arn:${var.deployment.partition}:s3:::${var.dag_bucket}" },
        { Sid = "Key", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = var.deployment.kms_key_arn },
        { Sid = "State", Effect = "Allow", Action = "s3:GetObject", Resource = "${local.bucket_arn}/${var.environment}.tfstate" },
        { Sid = "StateBucket", Effect = "Allow", Action = ["s3:ListBucket", "s3:GetBucketPolicy"], Resource = local.bucket_arn },
      ],
      flatten([for sync in var.dag_sync[*] : [
        {
          Sid      = "Sync"
          Effect   = "Allow"
          Action   = "ecs:RunTask"
          Resource = "arn:${var.deployment.partition}:ecs:${var.deployment.region}:${var.deployment.account_id}:task-definition/${sync.family}:*"
        },
        {
          Sid      = "Watch"
          Effect   = "Allow"
          Action   = "ecs:DescribeTasks"
          Resource = "arn:${var.deployment.partition}:ecs:${var.deployment.region}:${var.deployment.account_id}:task/${var.deployment.name}/*"
        },
        {
          Sid       = "PassRoles"
          Effect    = "Allow"
          Action    = "iam:PassRole"
          Resource  = sync.role_arns
          Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
        },
      ]]),
    )
  }
  managed = { plan = "ReadOnlyAccess", deploy = "PowerUserAccess" }
}

resource "aws_iam_openid_connect_provider" "this" {
  for_each = var.issuers

  url            = "https://${each.key}"
  client_id_list = [each.value.audience]
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name                 = "${var.deployment.name}-ci-${each.key}"
  description          = "CI: ${each.key}"
  max_session_duration = 3600
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for issuer, found in var.issuers : {
        Effect    = "Allow"
        Principal = { Federated = "${local.iam_arn}:oidc-provider/${issuer}" }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = { StringEquals = { "${issuer}:aud" = found.audience, "${issuer}:sub" = found.subjects[each.key] } }
      }
    ]
  })
}

resource "aws_iam_role_policy" "this" {
  for_each = local.roles

  name   = each.key
  role   = aws_iam_role.this[each.key].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements[each.key] })
}

resource "aws_iam_role_policy_attachment" "managed" {
  for_each = local.managed

  role       = aws_iam_role.this[each.key].name
  policy_arn = "arn:${var.deployment.partition}:iam::aws:policy/${each.value}"
}
