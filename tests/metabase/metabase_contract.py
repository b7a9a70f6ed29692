"""Checks every request against Metabase's own OpenAPI document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from openapi_core import Config, OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest
from openapi_core.exceptions import OpenAPIError
from werkzeug.wrappers import Request

UNDOCUMENTED = {"/api/health"}


class Contract:
    """``violations`` contains one line per violation of the document; ``seen`` contains the checked requests."""

    def __init__(self, document: Path) -> None:
        spec: dict[str, Any] = json.loads(document.read_text())
        spec["servers"] = [{"url": "/"}]
        self._openapi = OpenAPI.from_dict(spec, config=Config(spec_validator_cls=None))
        self.violations: list[str] = []
        self.seen: set[str] = set()

    def watch(self, request: Request) -> None:
        if request.path in UNDOCUMENTED:
            return
        self.seen.add(f"{request.method} {request.path}")
        try:
            self._openapi.validate_request(WerkzeugOpenAPIRequest(request))
        except OpenAPIError as error:
            reasons = [str(schema_error) for schema_error in getattr(error.__cause__, "schema_errors", ())] or [
                repr(error.__cause__ or error)
            ]
            self.violations.append(f"{request.method} {request.path}: {'; '.join(reasons)[:500]}")
