// A server by the interfaces of wasi:http.
#include "server.h"
#include <stdlib.h>
#include <string.h>

static void answer(exports_wasi_http_incoming_handler_own_response_outparam_t out, uint16_t status, const char *type,
                   wasi_http_types_own_incoming_body_t *from, const char *text) {
  wasi_http_types_own_fields_t headers = wasi_http_types_constructor_fields();
  server_string_t name;
  server_string_set(&name, "content-type");
  wasi_http_types_field_value_t value = {(uint8_t *)type, strlen(type)};
  wasi_http_types_header_error_t refused;
  wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(headers), &name, &value, &refused);
  wasi_http_types_own_outgoing_response_t response = wasi_http_types_constructor_outgoing_response(headers);
  wasi_http_types_borrow_outgoing_response_t open = wasi_http_types_borrow_outgoing_response(response);
  wasi_http_types_method_outgoing_response_set_status_code(open, status);
  wasi_http_types_own_outgoing_body_t body;
  wasi_http_types_method_outgoing_response_body(open, &body);
  wasi_http_types_result_own_outgoing_response_error_code_t result = {.is_err = false, .val.ok = response};
  wasi_http_types_static_response_outparam_set(out, &result);

  wasi_io_streams_own_output_stream_t stream;
  wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &stream);
  wasi_io_streams_borrow_output_stream_t sink = wasi_io_streams_borrow_output_stream(stream);
  wasi_io_streams_stream_error_t failed;
  server_list_u8_t bytes = {(uint8_t *)text, strlen(text)};
  if (text) wasi_io_streams_method_output_stream_blocking_write_and_flush(sink, &bytes, &failed);
  if (from) {
    wasi_io_streams_own_input_stream_t source;
    wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(*from), &source);
    while (wasi_io_streams_method_input_stream_blocking_read(wasi_io_streams_borrow_input_stream(source), 4096, &bytes,
                                                             &failed)) {
      bool written = wasi_io_streams_method_output_stream_blocking_write_and_flush(sink, &bytes, &failed);
      free(bytes.ptr);
      if (!written) break;
    }
    wasi_io_streams_input_stream_drop_own(source);
    wasi_http_types_incoming_body_drop_own(*from);
  }
  wasi_io_streams_output_stream_drop_own(stream);
  wasi_http_types_error_code_t error;
  wasi_http_types_static_outgoing_body_finish(body, NULL, &error);
}

void exports_wasi_http_incoming_handler_handle(exports_wasi_http_incoming_handler_own_incoming_request_t request,
                                               exports_wasi_http_incoming_handler_own_response_outparam_t out) {
  wasi_http_types_borrow_incoming_request_t open = wasi_http_types_borrow_incoming_request(request);
  server_string_t path;
  char text[1000] = "/";
  if (wasi_http_types_method_incoming_request_path_with_query(open, &path) && path.len < sizeof text) {
    memcpy(text, path.ptr, path.len);
    text[path.len] = 0;
  }
  wasi_http_types_own_incoming_body_t body;
  if (strncmp(text, "/hello", 6) == 0) {
    char *name = strstr(text, "?name=");
    char line[1100] = "Hello, ";
    strcat(strcat(line, name ? name + 6 : "world"), "\n");
    answer(out, 200, "text/plain", NULL, line);
  } else if (strcmp(text, "/echo") == 0 && wasi_http_types_method_incoming_request_consume(open, &body)) {
    answer(out, 200, "application/octet-stream", &body, NULL);
  } else answer(out, 404, "text/plain", NULL, "");
  wasi_http_types_incoming_request_drop_own(request);
}
