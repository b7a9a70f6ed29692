"""X-Ray traces of functions, if X-Ray is available."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

Handler = Callable[[dict[str, Any], Any], Any]
DAEMON = "AWS_XRAY_DAEMON_ADDRESS"
"""Set by Lambda if an X-Ray daemon is listening. Otherwise the SDK is not even imported."""


def traced(service: str, environ: Mapping[str, str] = os.environ) -> Callable[[Handler], Handler]:
    """Return a decorator for the handler of a function: a sampled invocation becomes a trace that includes its AWS
    calls.

    Responses and events are not recorded.
    """

    def decorate(handler: Handler) -> Handler:
        if not environ.get(DAEMON):
            return handler
        from aws_lambda_powertools import Tracer  # late: with its SDK it takes a tenth of a second

        tracer: Any = Tracer(service=service)
        traced_handler: Handler = tracer.capture_lambda_handler(handler, capture_response=False)
        return traced_handler

    return decorate
