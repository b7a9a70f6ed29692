"""Subresources of S3: query parameters such as ``?inventory`` that name an operation on a bucket or an object.

S3 has more of them than localaws. A subresource must never be ignored: ``DELETE /bucket?inventory`` would delete the
bucket, and ``PUT /bucket/key?annotation`` would overwrite the object.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import botocore.session

from localaws.s3.errors import S3Error
from localaws.s3.request import Request

_KEY = "{Key+}"


def check_subresources(request: Request, known: frozenset[str]) -> None:
    """Raise S3Error NotImplemented for a subresource outside ``known``, MethodNotAllowed for a method that S3 lacks."""
    operations = _operations(bool(request.key))
    for name in request.query:
        if name not in operations or request.method == "OPTIONS":
            continue
        if request.method not in operations[name]:
            raise S3Error("MethodNotAllowed", elements={"Method": request.method})
        if name not in known:
            raise S3Error("NotImplemented", f"localaws does not support {operations[name][request.method]}")


def operations_outside(known: frozenset[str], has_key: bool) -> set[str]:
    """Return the operations on buckets, or on objects, whose subresource is not in ``known``."""
    others = (named for name, named in _operations(has_key).items() if name not in known)
    return {operation for named in others for operation in named.values()}


@cache
def _operations(has_key: bool) -> Mapping[str, Mapping[str, str]]:
    """Return the operation names by subresource and method, of buckets or of objects, from botocore's model."""
    model = botocore.session.get_session().get_service_model("s3")
    operations: dict[str, dict[str, str]] = {}
    for operation in model.operation_names:
        http = model.operation_model(operation).http
        path, _, query = http["requestUri"].partition("?")
        if query and (_KEY in path) == has_key:
            name = query.partition("&")[0].partition("=")[0]
            operations.setdefault(name, {})[http["method"]] = operation
    return operations
