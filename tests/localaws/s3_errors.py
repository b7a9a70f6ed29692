"""Errors of S3 as clients receive them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


def error(call: Any, **arguments: Any) -> dict[str, Any]:
    """Return the error element without the IDs of the request, and the HTTP status."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    details = {name: value for name, value in answer["Error"].items() if name not in ("RequestId", "HostId")}
    return details | {"Status": answer["ResponseMetadata"]["HTTPStatusCode"]}
