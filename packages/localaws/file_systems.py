"""Operations of EFS that moto lacks: backup policies are returned as they were set, policies can be removed."""

from __future__ import annotations

import json

from moto.core.common_types import TYPE_RESPONSE
from moto.efs import urls
from moto.efs.models import FileSystem
from moto.efs.responses import EFSResponse

_JSON = {"Content-Type": "application/json"}
_POLICY = "backup_policy_of_request"
_moto = FileSystem.backup_policy


class FileSystemOperations(EFSResponse):
    """File systems whose policies can be changed."""

    def put_backup_policy(self) -> TYPE_RESPONSE:
        """PutBackupPolicy."""
        policy = self._get_param("BackupPolicy")
        vars(self._file_system())[_POLICY] = policy
        return json.dumps({"BackupPolicy": policy}), _JSON

    def delete_file_system_policy(self) -> TYPE_RESPONSE:
        """DeleteFileSystemPolicy."""
        self._file_system().file_system_policy = None
        return "{}", _JSON

    def _file_system(self) -> FileSystem:
        wanted = self._get_param("FileSystemId")
        self.efs_backend.describe_file_systems(file_system_id=wanted)  # raises the error of one that is not there
        return self.efs_backend.file_systems_by_id[wanted]


def _backup_policy(file_system: FileSystem) -> dict[str, str] | None:
    policy: dict[str, str] | None = vars(file_system).get(_POLICY) or _moto.fget(file_system)
    return policy


def install() -> None:
    """Make moto answer with these operations. Call this before the first request of the process."""
    FileSystem.backup_policy = property(_backup_policy)
    dispatch = FileSystemOperations().dispatch
    for path in urls.url_paths:
        urls.url_paths[path] = dispatch
