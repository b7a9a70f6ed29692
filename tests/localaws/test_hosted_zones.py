"""Route 53: IDs of hosted zones have the format of AWS."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

from moto.route53 import models

from localaws.running import Running, running


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


def test_the_zone_of_a_private_namespace_has_such_an_id(tmp_path: Path) -> None:
    """Also if no request was sent to Route 53 before."""
    with running(tmp_path, warm=0) as server:
        discovery: Any = server.client("servicediscovery")
        discovery.create_private_dns_namespace(Name="estrela.internal", Vpc="vpc-1")
        (namespace,) = discovery.list_namespaces()["Namespaces"]
    assert re.fullmatch("(/hostedzone/)?Z[A-Z0-9]{13,20}", namespace["Properties"]["DnsProperties"]["HostedZoneId"])
