"""Chooses the extractor of a source by its origin, with a client for the origin's hosts and credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from estrela.hooks.http_policy import HttpPolicy
from estrela.model.auth import ApiKey, Auth, BasicLogin, BearerToken
from estrela.model.origin import Api, Catalogue, Download, OData, RestApi, S3Deliveries, S3Files
from estrela.model.source import Source
from estrela.world import World

if TYPE_CHECKING:
    import boto3
    from requests.auth import AuthBase

    from estrela.etl.extractors.raw_extractor import RawExtractor, Scope
    from estrela.etl.raw.layer import RawLayer
    from estrela.hooks.rest_api import RestApiHook

DEFAULT_POLICY = HttpPolicy()
OPTIONAL_POLICY = HttpPolicy(attempts=2, give_up_after=8)
"""For optional sources: one that is down for days must not delay each daily run."""


def extractor_of(
    source: Source, raw: RawLayer, scope: Scope, world: World, session: boto3.Session
) -> RawExtractor[Any]:
    """Return the extractor for the origin of ``source``, with its own client."""
    from estrela.etl.extractors.catalogue_extractor import CatalogueExtractor
    from estrela.etl.extractors.download_extractor import DownloadExtractor
    from estrela.etl.extractors.rest_api_extractor import RestApiExtractor
    from estrela.etl.extractors.s3_deliveries_extractor import S3DeliveriesExtractor
    from estrela.etl.extractors.s3_files_extractor import S3FilesExtractor

    match source.origin:
        case S3Files(bucket=bucket):
            return S3FilesExtractor(source, raw, scope, raw.s3, bucket or raw.bucket)
        case S3Deliveries(bucket=bucket):
            return S3DeliveriesExtractor(source, raw, scope, raw.s3, bucket or raw.bucket)
        case Catalogue():
            return CatalogueExtractor(source, raw, scope, hook_of(source, source.origin, world, session))
        case Download():
            return DownloadExtractor(source, raw, scope, hook_of(source, source.origin, world, session))
        case RestApi() | OData():
            return RestApiExtractor(source, raw, scope, hook_of(source, source.origin, world, session))


def hook_of(
    source: Source, origin: Download | Catalogue | RestApi | OData, world: World, session: boto3.Session
) -> RestApiHook:
    """Return a client for the origin's hosts, or for the stand-in that replaces all of them."""
    from estrela.hooks.http_session import host_of
    from estrela.hooks.rest_api import RestApiHook

    api = origin if isinstance(origin, Api) else None
    policy = OPTIONAL_POLICY if api and api.optional else DEFAULT_POLICY
    auth = auth_of(api.auth, session) if api and api.auth else None
    if world.base_url:
        return RestApiHook(source.name, world.base_url, policy=policy, auth=auth, stands_in=True)
    return RestApiHook(source.name, host_of(origin.url), policy=policy, auth=auth, hosts=origin.hosts)


def auth_of(declared: Auth, session: boto3.Session) -> AuthBase:
    """Return the object that adds the declared credential to requests; the secret is read at the first request."""
    from estrela.hooks import auth
    from estrela.hooks.secret import Secret

    secret = Secret(session.client("secretsmanager"), declared.secret)
    match declared:
        case ApiKey(header=header, key=key):
            return auth.ApiKey(secret, header, key)
        case BearerToken(key=key):
            return auth.BearerToken(secret, key)
        case BasicLogin():
            return auth.BasicLogin(secret)
