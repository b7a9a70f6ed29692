"""Calls a handler as Lambda does: its folder is the argument, stdin is the event, stdout is the answer."""

import importlib.util
import json
import pathlib
import sys
import types

path = pathlib.Path(sys.argv[1]) / "handler.py"
spec = importlib.util.spec_from_file_location("handler", path)
assert spec
assert spec.loader
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
context = types.SimpleNamespace(function_name=path.parent.name, aws_request_id="1")
answer = module.handler(json.load(sys.stdin), context)
print(json.dumps({"python": sys.version_info[:2], "answer": answer}))
