"""A server by the interfaces of wasi:http."""

import json

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports.streams import StreamError_Closed
from wit_world.imports.types import Fields, IncomingBody, OutgoingBody, OutgoingResponse, ResponseOutparam


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request, response_out):
        path, _, query = (request.path_with_query() or "/").partition("?")
        match path:
            case "/hello":
                name = query.removeprefix("name=") or "world"
                answer(response_out, 200, "text/plain", f"Hello, {name}\n".encode())
            case "/sum":
                numbers = json.loads(read(request.consume()))
                answer(response_out, 201, "application/json", json.dumps({"method": "POST", "sum": sum(numbers)}).encode())
            case "/echo":
                answer(response_out, 200, "application/octet-stream", read(request.consume()))
            case _:
                answer(response_out, 404, "text/plain", b"")


def read(body):
    chunks = []
    with body.stream() as stream:
        while True:
            try:
                chunks.append(stream.blocking_read(64 * 1024))
            except Err as error:
                if isinstance(error.value, StreamError_Closed):
                    break
                raise
    IncomingBody.finish(body)
    return b"".join(chunks)


def answer(response_out, status, content_type, content):
    response = OutgoingResponse(Fields.from_list([("content-type", content_type.encode())]))
    response.set_status_code(status)
    body = response.body()
    ResponseOutparam.set(response_out, Ok(response))
    with body.write() as stream:
        for at in range(0, len(content), 4096):
            stream.blocking_write_and_flush(content[at : at + 4096])
    OutgoingBody.finish(body, None)
