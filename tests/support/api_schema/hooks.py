"""What schemathesis loads (`SCHEMATHESIS_HOOKS`): cases with real ids, and what it must not do to the service under it.

Its process gets in `OMNIFY_SCHEMA_CASES` a file with the cases by operation, the id of the token that it uses, which
share of the generated cases it is to try, and where to write how many answers of each operation were a 2xx.
"""

from __future__ import annotations

import atexit
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import schemathesis

from events.domain.codes import MADE_AT_ONCE
from tests.support.api_schema.verdicts import is_fault

_GIVEN = json.loads(Path(os.environ["OMNIFY_SCHEMA_CASES"]).read_text("utf-8"))
_CHUNK = 65536

_SHARE = int(_GIVEN["share"])

_generated: Counter[str] = Counter()
_asked: Counter[str] = Counter()
_succeeded: Counter[str] = Counter()


@atexit.register
def _say() -> None:
    Path(_GIVEN["reached"]).write_text(json.dumps({"asked": _asked, "succeeded": _succeeded}), "utf-8")


def _id(case: Any) -> str:
    return str(case.operation.definition.raw["operationId"])


@schemathesis.hook
def before_add_examples(context: Any, examples: list[Any]) -> None:
    """Adds the case of an operation that succeeds; where there is little time, it takes the document's place."""
    found = context.operation.definition.raw["operationId"]
    if _SHARE > 1 and found in _GIVEN["cases"]:
        examples.clear()
    for given in _GIVEN["cases"].get(found, ()):
        media_type = "application/json" if "body" in given else None
        examples.append(context.operation.Case(**given, media_type=media_type))


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """Keeps one of so many cases, the first of each operation among them."""
    if _SHARE == 1 or case.meta is None or case.meta.phase.name.value != "coverage":
        return True
    _generated[_id(case)] += 1
    return _generated[_id(case)] % _SHARE == 1


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Keeps the run's own token, and reads no more of a stream than its beginning."""
    if case.path_parameters.get("token_id") in (_GIVEN["token_id"], str(_GIVEN["token_id"])):
        case.path_parameters["token_id"] = 10**17
    if _SHARE > 1 and _id(case) == "create_codes" and isinstance(case.body, dict):
        _ask_for_few(case.body)
    if case.operation.path.endswith("/events") and case.operation.path.startswith("/registrations"):
        kwargs.update(stream=True, hooks={"response": _read_the_beginning})


def _ask_for_few(body: dict[str, Any]) -> None:
    """Thousands of codes take seconds. The soak makes them."""
    count = body.get("count")
    if isinstance(count, int) and 10 < count <= MADE_AT_ONCE:
        body["count"] = 10


def _read_the_beginning(response: Any, *args: Any, **kwargs: Any) -> None:
    """A ticket that waits has no last event before the event's end."""
    response._content = next(response.iter_content(None), b"")
    response._content_consumed = True
    response.close()


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Counts."""
    if case.method.upper() == case.operation.method.upper():
        _asked[_id(case)] += 1
        _succeeded[_id(case)] += response.status_code < 300


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Keeps what is a fault."""
    return is_fault(_id(case), type(failure).__name__, case, response)
