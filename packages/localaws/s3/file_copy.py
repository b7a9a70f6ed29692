"""Copying of bytes from file to file."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from localaws.s3.errors import S3Error
from localaws.s3.layout import Draft

BLOCK = 1 << 20


def append_file(path: Path, draft: Draft) -> None:
    """Append a file to a draft, inside the kernel if the system can."""
    with path.open("rb", buffering=0) as file:
        if _copied_by_kernel(file.fileno(), draft.fileno()):
            return
        while block := file.read(BLOCK):
            draft.write(block)


def _copied_by_kernel(source: int, target: int) -> bool:
    """Append one file to another; return False, with nothing written, if the kernel cannot."""
    if not hasattr(os, "copy_file_range"):
        return False
    left = os.fstat(source).st_size
    copied = 0
    while left:
        try:
            step = os.copy_file_range(source, target, min(left, 64 * BLOCK))
        except OSError as error:
            if copied or error.errno not in (errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL):
                raise
            return False
        if not step:
            raise S3Error("InternalError", "A part became shorter while it was read.")
        copied += step
        left -= step
    return True
