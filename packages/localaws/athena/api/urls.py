"""moto's routes for Athena's requests, which lead to localaws' responses."""

from __future__ import annotations

from localaws.athena.api.responses import LocalAthenaResponse

url_bases = [r"https?://athena\.(.+)\.amazonaws\.com"]
url_paths = {"{0}/$": LocalAthenaResponse.dispatch}
