resource "aws_ecs_service" "this" {
  name                               = var.name
  cluster                            = var.cluster.arn
  task_definition                    = var.task_definition
  desired_count                      = var.count_range.min
  platform_version                   = "LATEST"
  propagate_tags                     = "SERVICE"
  enable_ecs_managed_tags            = true
  enable_execute_command             = false
  availability_zone_rebalancing      = "DISABLED"
  deployment_minimum_healthy_percent = var.replace_first ? 0 : 100
  deployment_maximum_percent         = var.replace_first ? 100 : 200
  health_check_grace_period_seconds  = var.target == null ? null : 300

  capacity_provider_strategy {
    capacity_provider = var.spot ? "FARGATE_SPOT" : "FARGATE"
    weight            = 1
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = false
  }

  dynamic "service_connect_configuration" {
    for_each = var.connect == null ? [] : [var.connect]

    content {
      enabled   = true
      namespace = service_connect_configuration.value.namespace

      dynamic "service" {
        for_each = service_connect_configuration.value.serves == null ? [] : [service_connect_configuration.value.serves]

        content {
          port_name      = "http"
          discovery_name = service.value

          client_alias {
            dns_name = service.value
            port     = var.port
          }
        }
      }
    }
  }

  dynamic "load_balancer" {
    for_each = var.target == null ? [] : [var.target]

    content {
      target_group_arn = load_balancer.value
      container_name   = var.name
      container_port   = var.port
    }
  }

  dynamic "service_registries" {
    for_each = var.registry == null ? [] : [var.registry]

    content {
      registry_arn = service_registries.value
    }
  }

  lifecycle {
    ignore_changes = [desired_count] # the scalable target sets it
  }
}

resource "aws_appautoscaling_target" "this" {
  service_namespace  = "ecs"
  resource_id        = "service/${var.cluster.name}/${aws_ecs_service.this.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = var.count_range.min
  max_capacity       = var.count_range.max
}
