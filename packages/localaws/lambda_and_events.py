"""Functions and events, opened by the first request or event that needs them, or at the start if the home has some."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localaws.dynamodb import DynamoDbKeeper
from localaws.home import Home
from localaws.kinesis import KinesisKeeper
from localaws.lazy import Lazy
from localaws.s3.announcement import Announcement
from localaws.s3.errors import S3Error
from localaws.s3.notification_settings import NotificationRule, Notifications, notifications_of
from localaws.s3.store import ObjectStore
from localaws.settings import Settings
from localaws.sqs import QueueConsumer, QueueProducer, SqsKeeper

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from localaws.events.service import Events
    from localaws.functions.service import Functions


@dataclass(frozen=True)
class Sources:
    """The stores of the sources that event source mappings read."""

    dynamodb: DynamoDbKeeper
    kinesis: KinesisKeeper
    sqs: SqsKeeper


class LambdaAndEvents:
    """Opens Lambda and events when they are first needed: other servers do not import them. It notifies for S3."""

    def __init__(
        self,
        settings: Settings,
        home: Home,
        store: ObjectStore,
        stores: Sources,
        endpoint: str,
        save: Callable[[str], None],
    ) -> None:
        self._home = home
        self._store = store
        self._stores = stores
        self._functions = Lazy(lambda: self._open_functions(settings, endpoint, lambda: save("logs")))
        self._events = Lazy(lambda: self._open_events(settings, save))
        self._application: Lazy[WSGIApplication] = Lazy(self._open_application)

    def answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request to Lambda's API."""
        return self._application()(environ, start_response)

    def download(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve the code of a function for download."""
        return self._functions().download(environ, start_response)

    def certificate(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve the certificate of SNS's signatures."""
        return self._events().topics.certificate(environ, start_response)

    def announce(self, announcement: Announcement) -> None:
        """Send a change of an object to the destinations in the bucket's configuration."""
        if notifications_of(announcement.info.bucket) != Notifications():
            self._events().announce(announcement)

    def problem(self, rule: NotificationRule) -> tuple[str, str] | None:
        """Return name and text of the error in the destination of a rule, or None."""
        from localaws.events.destination_checks import problem_of

        return problem_of(rule, self._functions().records)

    def configured(self, bucket: str, notifications: Notifications) -> None:
        """Send the test event to the destinations of a new configuration."""
        if notifications != Notifications():
            self._events().configured(bucket, notifications)

    def has_function(self, arn: str) -> bool:
        """Return whether the function of an ARN exists."""
        from localaws.functions.names import split

        return self._functions().records.has(split(arn))

    def invoke(self, arn: str, payload: bytes) -> str:
        """Invoke a function to its end; return "" or the reason if it failed."""
        from localaws.functions.errors import LambdaError
        from localaws.functions.names import split

        try:
            result = self._functions().runner.invoke(split(arn), payload)
        except LambdaError as error:
            return error.message
        return result.payload.decode(errors="replace") if result.function_error else ""

    def open_events(self) -> Events:
        """Return the events part, and open it if necessary."""
        return self._events()

    def resume(self) -> None:
        """Continue the work that an earlier server left unfinished."""
        if self._home.functions.exists():
            self._events()

    def stop(self) -> None:
        """End every process and delivery."""
        events, functions = self._events.if_created, self._functions.if_created
        if events:
            events.stop()
        if functions:
            functions.stop()
        if events:
            events.join()
        if functions:
            functions.close()

    def _open_application(self) -> WSGIApplication:
        return self._functions().application([self._events().mappings.calls()])

    def _open_functions(self, settings: Settings, endpoint: str, save_logs: Callable[[], None]) -> Functions:
        from localaws.functions.service import Functions

        return Functions(settings, self._home.functions, endpoint, self._read_object, save_logs)

    def _open_events(self, settings: Settings, save: Callable[[str], None]) -> Events:
        from localaws.events.mappings.dynamodb_source import DynamoDbSource
        from localaws.events.mappings.kinesis_source import KinesisSource
        from localaws.events.mappings.manager import StreamSource
        from localaws.events.service import Events, Surroundings

        sources: dict[str, StreamSource] = {
            "dynamodb": DynamoDbSource(self._stores.dynamodb),
            "kinesis": KinesisSource(self._stores.kinesis),
        }
        queues = QueueConsumer(self._stores.sqs), QueueProducer(self._stores.sqs)
        surroundings = Surroundings(self._home.functions, self._store, sources, *queues, save)
        return Events(settings, self._functions(), surroundings)

    def _read_object(self, bucket: str, key: str, version: str) -> bytes:
        """Return the bytes of an object. Raises LookupError with S3's code and message."""
        try:
            _, file = self._store.reads.open(bucket, key, version)
        except S3Error as error:
            raise LookupError(error.code, error.message) from error
        with file:
            return file.read()
