locals {
  wide_zones   = slice(data.aws_availability_zones.available.names, 0, var.zones)
  zones        = slice(local.wide_zones, 0, 2)
  gateways     = toset(["s3", "dynamodb"])
  logs_group   = "/${var.deployment.name}/network"
  nat_zones    = var.enable_nat ? (var.multi_az ? local.zones : slice(local.zones, 0, 1)) : []
  public       = var.enable_nat || var.public
  public_zones = local.public ? local.zones : []
}

data "aws_availability_zones" "available" {
  state = "available"
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.deployment.name }
}

# What forgets to name a security group gets this one, which lets nothing through.
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "private" {
  for_each = toset(local.wide_zones)

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(var.cidr, 4, index(local.wide_zones, each.key))

  tags = { Name = "${var.deployment.name}-private-${each.key}" }
}

resource "aws_subnet" "public" {
  for_each = toset(local.public_zones)

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = cidrsubnet(var.cidr, 4, 8 + index(local.zones, each.key))
  map_public_ip_on_launch = false

  tags = { Name = "${var.deployment.name}-public-${each.key}" }
}

resource "aws_internet_gateway" "this" {
  count = local.public ? 1 : 0

  vpc_id = aws_vpc.this.id
}

resource "aws_route_table" "public" {
  count = local.public ? 1 : 0

  vpc_id = aws_vpc.this.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this[0].id
  }
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  subnet_id      = each.value.id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_eip" "nat" {
  for_each = toset(local.nat_zones)

  domain = "vpc"
}

resource "aws_nat_gateway" "this" {
  for_each = toset(local.nat_zones)

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "private" {
  for_each = toset(local.wide_zones)

  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.deployment.name}-private-${each.key}" }
}

resource "aws_route" "nat" {
  for_each = var.enable_nat ? toset(local.wide_zones) : []

  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[contains(local.nat_zones, each.key) ? each.key : local.nat_zones[0]].id
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private[each.key].id
}

resource "aws_vpc_endpoint" "gateway" {
  for_each = local.gateways

  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.deployment.region}.${each.key}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for table in aws_route_table.private : table.id]
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.endpoints

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${var.deployment.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for zone in(var.multi_az ? local.zones : slice(local.zones, 0, 1)) : aws_subnet.private[zone].id]
  security_group_ids  = [aws_security_group.this["endpoints"].id]
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      # Whoever comes through has rights of their own; credentials of another account get nowhere from here.
      Sid       = "ThisAccount"
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = "*"
      Resource  = "*"
      Condition = { StringEquals = { "aws:PrincipalAccount" = var.deployment.account_id } }
    }]
  })
}

resource "aws_cloudwatch_log_group" "flow" {
  name              = local.logs_group
  retention_in_days = var.deployment.log_retention_days
  kms_key_id        = var.deployment.kms_key_arn
}

module "flow_role" {
  source = "../role"

  name        = "${var.deployment.name}-flow-logs"
  description = "Flow logs of ${var.deployment.name}"
  account_id  = var.deployment.account_id
  services    = ["vpc-flow-logs.amazonaws.com"]
  statements = {
    Logs = {
      actions   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
      resources = ["arn:${var.deployment.partition}:logs:${var.deployment.region}:${var.deployment.account_id}:log-group:${local.logs_group}:*"]
    }
  }
}

resource "aws_flow_log" "this" {
  vpc_id          = aws_vpc.this.id
  traffic_type    = "ALL"
  iam_role_arn    = module.flow_role.arn
  log_destination = aws_cloudwatch_log_group.flow.arn
}

resource "aws_security_group" "this" {
  for_each = var.groups

  name        = "${var.deployment.name}-${each.key}"
  description = each.value
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.deployment.name}-${each.key}" }
}

resource "aws_vpc_security_group_ingress_rule" "service" {
  for_each = var.connections

  security_group_id            = aws_security_group.this[each.value.to].id
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  description                  = each.key
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = coalesce(each.value.last_port, each.value.port)
}

resource "aws_vpc_security_group_egress_rule" "service" {
  for_each = var.connections

  security_group_id            = aws_security_group.this[each.value.from].id
  referenced_security_group_id = aws_security_group.this[each.value.to].id
  description                  = each.key
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = coalesce(each.value.last_port, each.value.port)
}

resource "aws_vpc_security_group_egress_rule" "outside" {
  for_each = var.outside

  security_group_id = aws_security_group.this[each.value.from].id
  cidr_ipv4         = each.value.cidr
  description       = each.key
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.last_port
}

# Gateway endpoints have no security group, only a list of addresses.
resource "aws_vpc_security_group_egress_rule" "s3" {
  for_each = var.s3_clients

  security_group_id = aws_security_group.this[each.key].id
  prefix_list_id    = aws_vpc_endpoint.gateway["s3"].prefix_list_id
  description       = "${each.key} reads and writes S3"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "dynamodb" {
  for_each = var.dynamodb_clients

  security_group_id = aws_security_group.this[each.key].id
  prefix_list_id    = aws_vpc_endpoint.gateway["dynamodb"].prefix_list_id
  description       = "${each.key} reads and writes DynamoDB"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "internet" {
  for_each = var.internet_clients

  security_group_id = aws_security_group.this[each.key].id
  cidr_ipv4         = "0.0.0.0/0"
  description       = "${each.key} reaches addresses outside of AWS"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# Port 80 only sends browsers to 443.
resource "aws_vpc_security_group_ingress_rule" "user" {
  for_each = { for pair in setproduct(var.user_cidrs, [80, 443]) : "${pair[0]}:${pair[1]}" => { cidr = pair[0], port = pair[1] } }

  security_group_id = aws_security_group.this["load-balancer"].id
  cidr_ipv4         = each.value.cidr
  description       = "People"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}
