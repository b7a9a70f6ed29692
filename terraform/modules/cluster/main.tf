resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

# Names that services find each other by, within the cluster only.
resource "aws_service_discovery_http_namespace" "this" {
  name        = var.name
  description = "Service Connect of ${var.name}"
}
