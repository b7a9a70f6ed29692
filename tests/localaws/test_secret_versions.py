"""Secrets Manager: a secret read without a version returns the version with the label AWSCURRENT."""

from __future__ import annotations

from typing import Any

from localaws.running import Running


def test_a_moved_label_changes_what_is_read(aws: Running) -> None:
    secrets: Any = aws.client("secretsmanager")
    old = secrets.create_secret(Name="moved", SecretString="old")["VersionId"]
    token = "11111111-1111-1111-1111-111111111111"
    secrets.put_secret_value(
        SecretId="moved", ClientRequestToken=token, SecretString="new", VersionStages=["AWSPENDING"]
    )
    assert secrets.get_secret_value(SecretId="moved")["SecretString"] == "old"
    secrets.update_secret_version_stage(
        SecretId="moved", VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=old
    )
    secret = secrets.get_secret_value(SecretId="moved")
    assert (secret["SecretString"], secret["VersionId"]) == ("new", token)
    assert secrets.get_secret_value(SecretId="moved", VersionStage="AWSPREVIOUS")["SecretString"] == "old"
