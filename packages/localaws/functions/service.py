"""Connects the parts of Lambda for one home: the API, the environments, and the asynchronous events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from localaws.functions.alias_calls import AliasCalls
from localaws.functions.app import LambdaApplication
from localaws.functions.asynchronous import Asynchronous
from localaws.functions.blueprints import Blueprints
from localaws.functions.delivery import Delivery
from localaws.functions.documents import Documents
from localaws.functions.event_config_calls import EventConfigCalls
from localaws.functions.function_calls import FunctionCalls, Parts
from localaws.functions.function_logs import FunctionLogs
from localaws.functions.invoke_calls import InvokeCalls
from localaws.functions.layer_calls import LayerCalls
from localaws.functions.packages import Packages
from localaws.functions.policy_calls import PolicyCalls
from localaws.functions.pools import Pools
from localaws.functions.records import Records
from localaws.functions.runner import Runner
from localaws.functions.setting_calls import SettingCalls
from localaws.functions.tag_calls import TagCalls
from localaws.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CODE_PATH = "/.lambda-code"
DOCUMENTS = "lambda.db"


class Functions:
    """Functions of one home, stored in ``folder``: its documents, ``code`` and ``environments``."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        endpoint: str,
        read_object: Callable[[str, str, str], bytes],
        save_logs: Callable[[], None],
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.documents = Documents(folder / DOCUMENTS)
        self.records = Records(self.documents)
        self.delivery = Delivery(endpoint)
        self._code = folder / "code"
        packages = Packages(self._code, read_object)
        self._pools = Pools(settings.lambda_concurrency)
        self._logs = FunctionLogs(save_logs)
        blueprints = Blueprints(packages, settings.home, folder / "runtime", endpoint)
        self.runner = Runner(self.records, self._pools, self._logs, blueprints, folder / "environments")
        minute = settings.lambda_minute
        self.asynchronous = Asynchronous(self.documents, self.records, self.runner, self.delivery, minute)
        self.calls: list[object] = [
            FunctionCalls(Parts(self.records, packages, self._pools, endpoint)),
            AliasCalls(self.records),
            PolicyCalls(self.records),
            SettingCalls(self.records, settings.lambda_concurrency),
            EventConfigCalls(self.records),
            TagCalls(self.records),
            LayerCalls(self.records, packages, endpoint),
            InvokeCalls(self.records, self.runner, self.asynchronous),
        ]
        self._settings = settings
        self.asynchronous.start()

    def application(self, more_calls: Iterable[object]) -> LambdaApplication:
        """Return the API, with the operations of ``more_calls`` added."""
        return LambdaApplication([*self.calls, *more_calls], self._settings.region, self._settings.account)

    def download(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve the zip files whose URLs GetFunction and GetLayerVersion return."""
        name = Request(environ).path.removeprefix(f"{CODE_PATH}/").removesuffix(".zip")
        path = self._code / name / "package.zip"
        if not name.isalnum() or not path.exists():
            return Response("", 404)(environ, start_response)
        return Response(path.read_bytes(), content_type="application/zip")(environ, start_response)

    def stop(self) -> None:
        """End every environment. Unfinished events stay stored."""
        self.asynchronous.stop()
        self._pools.stop()
        self._logs.stop()

    def close(self) -> None:
        """Close the store; nothing may run any more."""
        self.documents.close()
