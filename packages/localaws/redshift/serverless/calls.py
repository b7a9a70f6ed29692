"""The operations of Redshift Serverless.

https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from localaws.redshift.json_app import Handler
from localaws.redshift.serverless.admin_secrets import AdminSecrets
from localaws.redshift.serverless.namespace_calls import NamespaceCalls
from localaws.redshift.serverless.store import ServerlessStore
from localaws.redshift.serverless.tag_calls import TagCalls
from localaws.redshift.serverless.workgroup_calls import WorkgroupCalls


def handlers_of(store: ServerlessStore, secrets: AdminSecrets) -> dict[str, Handler]:
    """Return the handler of each operation, by its name."""
    return NamespaceCalls(store, secrets).handlers() | WorkgroupCalls(store).handlers() | TagCalls(store).handlers()
