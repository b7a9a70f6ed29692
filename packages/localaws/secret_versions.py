"""Versions of secrets: a secret read without a version returns the version with the label AWSCURRENT."""

from __future__ import annotations

from moto.secretsmanager.models import SecretsManagerBackend

CURRENT = "AWSCURRENT"
_move = SecretsManagerBackend.update_secret_version_stage


def update_secret_version_stage(
    backend: SecretsManagerBackend,
    secret_id: str,
    version_stage: str,
    remove_from_version_id: str,
    move_to_version_id: str,
) -> tuple[str, str]:
    """UpdateSecretVersionStage. Without this, moto would still return the version that had AWSCURRENT before."""
    answer = _move(backend, secret_id, version_stage, remove_from_version_id, move_to_version_id)
    if version_stage == CURRENT and move_to_version_id:
        backend.secrets[secret_id].set_default_version_id(move_to_version_id)
    return answer


def install() -> None:
    """Make moto follow the label. Call this before the first request of the process."""
    SecretsManagerBackend.update_secret_version_stage = update_secret_version_stage
