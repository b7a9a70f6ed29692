"""The architecture diagrams agree with the plans: every node is a planned resource, and every resource is drawn."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from architecture import draw
from pictures import PICTURES
from terraform_run import ROOT, Plan

SCRIPT = ROOT / "architecture_diagram" / "architecture.py"
NOT_DRAWN = {
    "how a drawn resource is set": (
        "aws_s3_bucket_ aws_efs_backup_policy aws_efs_file_system_policy aws_ecr_lifecycle_policy aws_sqs_queue_policy "
        "aws_sns_topic_policy aws_db_parameter_group aws_db_subnet_group aws_ecs_cluster_capacity_providers "
        "aws_appautoscaling_target aws_wafv2_web_acl_ aws_acm_certificate_validation aws_backup_selection "
        "aws_backup_vault_lock_configuration aws_backup_restore_testing_selection "
        "aws_service_discovery_private_dns_namespace aws_sqs_queue_redrive_allow_policy "
        "aws_rds_cluster_parameter_group aws_lambda_permission aws_lambda_layer_version aws_redshiftdata_statement"
    ),
    "who may do what: docs/iam.md": "aws_iam_role_policy aws_iam_policy",
    "the network that everything is in": (
        "aws_vpc aws_subnet aws_route aws_internet_gateway aws_eip aws_flow_log aws_security_group "
        "aws_default_security_group"
    ),
}
"""Types of resources, or prefixes of types, that are not drawn, by reason."""


def drawn() -> set[str]:
    pictures = PICTURES.values()
    return {
        kind
        for picture in pictures
        for group in picture.groups.values()
        for node in group.values()
        for kind in node.kinds
    }


def test_every_node_is_a_resource_of_the_plans(everything: Plan) -> None:
    assert drawn() - {resource.kind for resource in everything} == set()


def test_every_resource_is_drawn_or_there_is_a_reason(everything: Plan) -> None:
    excused = tuple(start for starts in NOT_DRAWN.values() for start in starts.split())
    rest = {resource.kind for resource in everything} - drawn()
    assert {kind for kind in rest if not kind.startswith(excused)} == set()


def test_edges_join_nodes_of_their_picture() -> None:
    for name, picture in PICTURES.items():
        keys = {key for group in picture.groups.values() for key in group}
        joined = {key for start, end, _ in picture.edges for key in (start, end)}
        assert joined <= keys, name
        icons = {node.icon for group in picture.groups.values() for node in group.values()}
        for icon in icons:
            module, _, member = icon.rpartition(".")
            assert hasattr(importlib.import_module(f"diagrams.{module}"), member), icon


def test_the_pictures_are_drawn(tmp_path: Path) -> None:
    if not shutil.which("dot"):
        pytest.skip("NOT TESTED, graphviz is not installed")
    for name in PICTURES:
        assert draw(name, tmp_path).read_bytes().startswith(b"\x89PNG")


def test_without_graphviz_it_says_what_to_install() -> None:
    env = os.environ | {"PATH": str(Path(sys.executable).parent)}
    done = subprocess.run([sys.executable, str(SCRIPT)], env=env, capture_output=True, text=True, check=False)
    message = "The pictures need graphviz. Debian: apt-get install graphviz. macOS: brew install graphviz.\n"
    assert (done.returncode, done.stderr) == (1, message)
