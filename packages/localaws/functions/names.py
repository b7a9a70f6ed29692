"""Names and ARNs of functions, versions and aliases."""

from __future__ import annotations

import re
from dataclasses import dataclass

from localaws.functions.errors import invalid, not_found

LATEST = "$LATEST"
_REFERENCE = re.compile(
    r"(?:arn:(?P<partition>aws[a-zA-Z-]*):lambda:)?(?:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d):)?(?:(?P<account>\d{12}):)?"
    r"(?:function:)?(?P<name>[a-zA-Z0-9-_]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?"
)


@dataclass(frozen=True)
class Reference:
    """A function as a request names it; ``qualifier`` is a version, an alias, or empty."""

    region: str
    account: str
    name: str
    qualifier: str = ""

    @property
    def arn(self) -> str:
        """ARN of the function, without a qualifier."""
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"

    @property
    def qualified(self) -> str:
        """The ARN with the qualifier of the request."""
        return f"{self.arn}:{self.qualifier}" if self.qualifier else self.arn


def reference(text: str, qualifier: str | None, region: str, account: str) -> Reference:
    """Parse a function's name, partial ARN or ARN. Raises LambdaError."""
    match = _REFERENCE.fullmatch(text)
    if not match:
        raise invalid(f"Invalid function name or ARN: {text[:200]}")
    if match["region"] and match["region"] != region:
        raise not_found(f"Functions from '{match['region']}' are not reachable in this region ('{region}')")
    inner = match["qualifier"]
    if inner and qualifier and inner != qualifier:
        raise invalid("The derived qualifier from the function name does not match the specified qualifier.")
    return Reference(region, match["account"] or account, match["name"], qualifier or inner or "")


def split(arn: str) -> Reference:
    """Parse the ARN of a function. Raises LambdaError."""
    match = _REFERENCE.fullmatch(arn)
    if not match or not match["region"]:
        raise invalid(f"Invalid function name or ARN: {arn[:200]}")
    return Reference(match["region"], match["account"], match["name"], match["qualifier"] or "")
