"""moto's routes for Glue's requests, which lead to localaws' responses."""

from __future__ import annotations

from localaws.glue.responses import LocalGlueResponse

url_bases = [r"https?://glue\.(.+)\.amazonaws\.com"]
url_paths = {"{0}/$": LocalGlueResponse.dispatch}
