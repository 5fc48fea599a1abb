"""A collector of traces: it takes OTLP over HTTP as a real one does, and keeps the spans. It can refuse, or hang."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

CONTENT_TYPE = "application/x-protobuf"


class Kept(NamedTuple):
    """A span. Ids are in hex; `links` are pairs of trace and span. `parent` is empty for the first of a trace."""

    name: str
    kind: int
    trace: str
    id: str
    parent: str
    links: frozenset[tuple[str, str]]
    said: Mapping[str, Any]
    failed: bool
    service: str

    @property
    def context(self) -> tuple[str, str]:
        """What links to this span say."""
        return self.trace, self.id


@dataclass
class Collector:
    """Runs with `with`. `status` is what it answers; while `hangs` is set it answers nothing."""

    status: int = 200
    hangs: bool = False
    spans: list[Kept] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    requests: int = 0
    _end: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Collector:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert (self.path, self.headers["Content-Type"]) == ("/v1/traces", CONTENT_TYPE)
                collector.requests += 1
                if collector.hangs:
                    collector._end.wait()
                    return
                if collector.status == 200:
                    collector._keep(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(collector.status)
                self.send_header("Content-Type", CONTENT_TYPE)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT is to be."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def named(self, name: str) -> list[Kept]:
        """The spans with this name, in the order in which they came."""
        return [span for span in self.spans if span.name == name]

    def _keep(self, body: bytes) -> None:
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = {one.key: one.value.string_value for one in resource.resource.attributes}["service.name"]
            for scope in resource.scope_spans:
                self.spans += [_kept(span, service) for span in scope.spans]


def _kept(span: Any, service: str) -> Kept:
    return Kept(
        name=span.name,
        kind=span.kind,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        links=frozenset((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        said={one.key: _value(one.value) for one in span.attributes},
        failed=span.status.code == span.status.STATUS_CODE_ERROR,
        service=service,
    )


def _value(value: AnyValue) -> Any:
    return getattr(value, value.WhichOneof("value") or "string_value")
