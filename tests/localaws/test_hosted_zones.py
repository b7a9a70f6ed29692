"""Route 53: IDs of hosted zones have the format of AWS."""

from __future__ import annotations

import inspect
import re
from typing import Any

from moto.route53 import models

from localaws.running import Running


def test_moto_generates_ids_by_the_function_that_is_replaced() -> None:
    assert "create_route53_zone_id(" in inspect.getsource(models.HostedZoneIdentifier.generate)
    assert callable(models.create_route53_zone_id)


def test_an_id_starts_with_z_and_finds_its_zone(aws: Running) -> None:
    route53: Any = aws.client("route53")
    ids = [
        route53.create_hosted_zone(Name="data.example.com", CallerReference=str(number))["HostedZone"]["Id"]
        for number in range(3)
    ]
    assert len(set(ids)) == 3
    for zone in ids:
        assert re.fullmatch("/hostedzone/Z[A-Z0-9]{13,20}", zone)
        assert route53.get_hosted_zone(Id=zone)["HostedZone"]["Name"] == "data.example.com."
        route53.delete_hosted_zone(Id=zone)
