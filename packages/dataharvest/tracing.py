"""X-Ray traces of functions, where X-Ray takes them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

Handler = Callable[[dict[str, Any], Any], Any]
DAEMON = "AWS_XRAY_DAEMON_ADDRESS"
"""Set by Lambda, where a daemon of X-Ray listens. Where nothing does, the SDK is not even imported."""


def traced(service: str, environ: Mapping[str, str] = os.environ) -> Callable[[Handler], Handler]:
    """Return the decorator of the handler of a function: a sampled invocation becomes a trace, with its calls of AWS.

    Neither answers nor events are in it.
    """

    def decorate(handler: Handler) -> Handler:
        if not environ.get(DAEMON):
            return handler
        from aws_lambda_powertools import Tracer  # late: with its SDK it takes a tenth of a second

        tracer: Any = Tracer(service=service)
        traced_handler: Handler = tracer.capture_lambda_handler(handler, capture_response=False)
        return traced_handler

    return decorate
