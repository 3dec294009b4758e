"""A collector that this project did not write: grpcio with the messages of opentelemetry-proto.

Its argument is JSON:

    answers  what the first calls are answered, then all are taken: {"code": NAME, "details": TEXT, "retry_ms": NUMBER or null,
             "headers": whether headers go before the status}
    partial  {"rejected": NUMBER, "message": TEXT} to answer all calls with that are taken
    tls      {"key": PATH, "certificate": PATH, "clients": PATH}

It says at which port it listens. For each line of its standard input it prints what it has taken, as JSON, and ends with it.
"""

import base64
import json
import sys
from concurrent import futures

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc as logs_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as traces_grpc

asked = json.loads(sys.argv[1])
answers = list(asked.get("answers", []))
taken = []


def refuse(answer, context):
    if answer.get("headers"):
        context.send_initial_metadata((("came", "first"),))
    code = grpc.StatusCode[answer["code"]]
    if answer.get("retry_ms") is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(answer["retry_ms"])
        detail = any_pb2.Any()
        detail.Pack(error_details_pb2.RetryInfo(retry_delay=delay))
        status = status_pb2.Status(code=code.value[0], message=answer["details"], details=[detail])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, answer["details"])


def service(servicer, path, response, rejected):
    class Service(servicer):
        def Export(self, request, context):
            if answers:
                refuse(answers.pop(0), context)
            metadata = {
                name: value if isinstance(value, str) else base64.b64encode(value).decode()
                for name, value in context.invocation_metadata()
            }
            metadata["seconds-left"] = str(context.time_remaining())
            body = base64.b64encode(request.SerializeToString()).decode()
            taken.append({"path": path, "headers": metadata, "body": body})
            answer = response()
            if "partial" in asked:
                setattr(answer.partial_success, rejected, asked["partial"]["rejected"])
                answer.partial_success.error_message = asked["partial"]["message"]
            return answer

    return Service()


def main():
    # One call after the other: the answers are given in their order.
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=1), compression=grpc.Compression.Gzip)
    logs_grpc.add_LogsServiceServicer_to_server(
        service(logs_grpc.LogsServiceServicer, "/v1/logs", logs.ExportLogsServiceResponse, "rejected_log_records"),
        server,
    )
    metrics_grpc.add_MetricsServiceServicer_to_server(
        service(
            metrics_grpc.MetricsServiceServicer,
            "/v1/metrics",
            metrics.ExportMetricsServiceResponse,
            "rejected_data_points",
        ),
        server,
    )
    traces_grpc.add_TraceServiceServicer_to_server(
        service(traces_grpc.TraceServiceServicer, "/v1/traces", traces.ExportTraceServiceResponse, "rejected_spans"),
        server,
    )
    if "tls" in asked:
        key, certificate, clients = (
            open(asked["tls"][name], "rb").read() for name in ("key", "certificate", "clients")
        )
        credentials = grpc.ssl_server_credentials([(key, certificate)], clients, require_client_auth=True)
        port = server.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    for _ in sys.stdin:
        print(json.dumps(taken), flush=True)
    server.stop(None)


main()
