"""Calls the example as grpcio does: a call is a line on standard input, such as
`{"method": "Export", "request": {"title": "Readers"}}`, and what comes of it are
lines on standard output. The address and the service config are arguments."""

import json
import sys

import grpc
from google.protobuf.json_format import MessageToDict
from google.rpc import error_details_pb2
from grpc_status import rpc_status

messages, services = grpc.protos_and_services("reports.proto")
address, config = sys.argv[1:]
channel = grpc.insecure_channel(address, [("grpc.service_config", config)])
reports = services.ReportsStub(channel)


def told(error):
    """What the status and its details say."""
    outcome = {"code": error.code().name, "message": error.details()}
    # Checks by itself that the details say the same code and message.
    status = rpc_status.from_call(error)
    for detail in status.details if status else []:
        for kind in (error_details_pb2.ErrorInfo, error_details_pb2.Help):
            if detail.Is(kind.DESCRIPTOR):
                message = kind()
                detail.Unpack(message)
                outcome[kind.DESCRIPTOR.name] = MessageToDict(message)
    return outcome


def say(line):
    print(json.dumps(line), flush=True)


for line in sys.stdin:
    call = json.loads(line)
    method, name = getattr(reports, call["method"]), call["method"] + "Request"
    request = getattr(messages, name)(**call["request"])
    try:
        if call["method"] == "Watch":
            for item in method(request):
                say({"item": MessageToDict(item)})
            say({"code": "OK"})
        else:
            say({"code": "OK", "answer": MessageToDict(method(request, timeout=10))})
    except grpc.RpcError as error:
        say(told(error))
