"""Object Lock: the lock of a new version, and the operations on the retention and legal hold of a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from localaws.s3.bucket_settings import settings_of
from localaws.s3.documents import document, parse, text_of
from localaws.s3.errors import NoSuchKeyError, S3Error
from localaws.s3.info import Facts, ObjectInfo
from localaws.s3.parts import deleted_error
from localaws.s3.request import Request, Response
from localaws.s3.retention import BYPASS, HOLD, MODE, MODES, UNTIL, check_change, moment_of
from localaws.s3.store import ObjectStore

_FORMAT = "%Y-%m-%dT%H:%M:%S.000Z"


def lock_of(headers: Mapping[str, str], bucket: str) -> dict[str, str]:
    """Return the lock of a new version: the request's, or else the bucket's default retention.

    Raises S3Error if S3 refuses the headers.
    """
    asked = {name: headers[name] for name in (MODE, UNTIL, HOLD) if headers.get(name)}
    settings = settings_of(bucket)
    if asked and not settings.object_lock_enabled:
        raise _missing_configuration()
    _check_headers(asked)
    if UNTIL in asked:
        asked[UNTIL] = moment_of(asked[UNTIL]).astimezone(UTC).strftime(_FORMAT)
    if MODE in asked or not settings.default_lock_mode:
        return asked
    days = int(settings.default_lock_days or 0) + 365 * int(settings.default_lock_years or 0)
    until = datetime.now(UTC) + timedelta(days=days)
    return {**asked, MODE: settings.default_lock_mode, UNTIL: until.strftime(_FORMAT)}


def _check_headers(asked: Mapping[str, str]) -> None:
    if asked.get(HOLD, "ON") not in ("ON", "OFF"):
        elements = {"ArgumentName": HOLD, "ArgumentValue": asked[HOLD][:100]}
        raise S3Error("InvalidArgument", "Legal Hold must be either of 'ON' or 'OFF'", elements)
    if (MODE in asked) != (UNTIL in asked):
        missing = UNTIL if MODE in asked else MODE
        raise S3Error("InvalidArgument", f"{UNTIL} and {MODE} must both be supplied", {"ArgumentName": missing})
    if MODE in asked and asked[MODE] not in MODES:
        elements = {"ArgumentName": MODE, "ArgumentValue": asked[MODE][:100]}
        raise S3Error("InvalidArgument", "Unknown wormMode directive.", elements)
    if UNTIL in asked:
        _check_future(asked[UNTIL], UNTIL)


def _check_future(until: str, argument: str) -> None:
    if (moment := moment_of(until)) <= datetime.now(UTC):
        # A date of a document is returned as Java prints it, in S3's time zone.
        local = moment.astimezone(ZoneInfo("America/Los_Angeles"))
        shown = until[:100] if argument == UNTIL else f"{local:%a %b %d %H:%M:%S %Z %Y}"
        elements = {"ArgumentName": argument, "ArgumentValue": shown}
        raise S3Error("InvalidArgument", "The retain until date must be in the future!", elements)


def is_bypassing(request: Request) -> bool:
    """Return whether a deletion may bypass GOVERNANCE; raises S3Error if the bucket has no Object Lock to bypass."""
    if BYPASS not in request.headers:
        return False
    if not settings_of(request.bucket).object_lock_enabled:
        text = f"{BYPASS} is only applicable to Object Lock enabled buckets."
        raise S3Error("InvalidArgument", text, {"ArgumentName": BYPASS})
    return request.headers[BYPASS].lower() == "true"


def get_object_retention(store: ObjectStore, request: Request) -> Response:
    """GetObjectRetention."""
    lock = _opened(store, request).facts.lock
    if MODE not in lock:
        raise S3Error("NoSuchObjectLockConfiguration")
    return Response(200, {}, document("Retention", [("Mode", lock[MODE]), ("RetainUntilDate", lock[UNTIL])]))


def put_object_retention(store: ObjectStore, request: Request) -> Response:
    """PutObjectRetention; an empty document removes the retention."""
    root = parse(request.body.document(), "Retention")
    mode, until = text_of(root, "Mode"), text_of(root, "RetainUntilDate")
    _opened(store, request)
    if bool(mode) != bool(until) or (mode and mode not in MODES):
        raise S3Error("MalformedXML")
    bypass = request.headers.get(BYPASS, "").lower() == "true"
    if until:
        _check_future(until, "RetainUntilDate")
    new = {MODE: mode, UNTIL: moment_of(until).astimezone(UTC).strftime(_FORMAT)} if mode else {}

    def change(facts: Facts) -> Facts:
        check_change(facts, mode, until, bypass)
        return replace(facts, lock={**{name: value for name, value in facts.lock.items() if name == HOLD}, **new})

    store.writes.change_facts(request.bucket, request.key, request.query.get("versionId", ""), change)
    return Response(200)


def get_object_legal_hold(store: ObjectStore, request: Request) -> Response:
    """GetObjectLegalHold."""
    lock = _opened(store, request).facts.lock
    if HOLD not in lock:
        raise S3Error("NoSuchObjectLockConfiguration")
    return Response(200, {}, document("LegalHold", [("Status", lock[HOLD])]))


def put_object_legal_hold(store: ObjectStore, request: Request) -> Response:
    """PutObjectLegalHold."""
    status = text_of(parse(request.body.document(), "LegalHold"), "Status")
    if status not in ("ON", "OFF"):
        raise S3Error("MalformedXML")
    _opened(store, request)
    version = request.query.get("versionId", "")
    store.writes.change_facts(
        request.bucket, request.key, version, lambda facts: replace(facts, lock={**facts.lock, HOLD: status})
    )
    return Response(200)


def _opened(store: ObjectStore, request: Request) -> ObjectInfo:
    """Return the version; raises S3Error for a bucket without Object Lock, and for a delete marker."""
    try:
        info, file = store.reads.open(request.bucket, request.key, request.query.get("versionId", ""))
    except NoSuchKeyError as error:
        if version := error.headers.get("x-amz-version-id"):
            raise deleted_error(version) from error
        raise
    file.close()
    if not settings_of(request.bucket).object_lock_enabled:
        raise _missing_configuration()
    return info


def _missing_configuration() -> S3Error:
    return S3Error("InvalidRequest", "Bucket is missing Object Lock Configuration")
