// Answers "Hello World\n" by wasi:http, on the canonical ABI itself: what bindings would add is not to be measured.
typedef unsigned int handle;

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define TYPES "wasi:http/types@0.2.3"
#define STREAMS "wasi:io/streams@0.2.3"

struct text { const char *bytes; unsigned int length; };
struct field { struct text name, value; };

IMPORT(TYPES, "[method]incoming-request.path-with-query") void request_path(handle request, void *result);
IMPORT(TYPES, "[resource-drop]incoming-request") void request_drop(handle request);
IMPORT(TYPES, "[static]fields.from-list") void fields_from_list(const struct field *, unsigned int, void *result);
IMPORT(TYPES, "[constructor]outgoing-response") handle response_new(handle fields);
IMPORT(TYPES, "[method]outgoing-response.body") void response_body(handle response, void *result);
IMPORT(TYPES, "[static]response-outparam.set")
void outparam_set(handle out, int failed, handle response, int, long long, int, int, int, int);
IMPORT(TYPES, "[method]outgoing-body.write") void body_write(handle body, void *result);
IMPORT(TYPES, "[static]outgoing-body.finish") void body_finish(handle body, int has_trailers, handle trailers, void *result);
IMPORT(STREAMS, "[method]output-stream.blocking-write-and-flush")
void stream_write(handle stream, const char *bytes, unsigned int length, void *result);
IMPORT(STREAMS, "[resource-drop]output-stream") void stream_drop(handle stream);

extern char __heap_base;
static char *next = &__heap_base;

__attribute__((export_name("cabi_realloc")))
void *cabi_realloc(void *old, unsigned int old_size, unsigned int align, unsigned int size) {
  char *at = (char *)(((unsigned long)next + align - 1) & -(unsigned long)align);
  (void)old, (void)old_size;
  next = at + size;
  if ((unsigned long)next > __builtin_wasm_memory_size(0) * 65536) __builtin_trap();
  return at;
}

static const struct field headers[] = {{{"content-type", 12}, {"text/plain", 10}}};
static const char hello[] = "Hello World\n";

__attribute__((export_name("wasi:http/incoming-handler@0.2.3#handle")))
void handle_request(handle request, handle out) {
  unsigned long long room[8];
  handle *result = (handle *)room;
  next = &__heap_base;
  request_path(request, result);
  fields_from_list(headers, 1, result);
  handle response = response_new(result[1]);
  response_body(response, result);
  handle body = result[1];
  outparam_set(out, 0, response, 0, 0, 0, 0, 0, 0);
  body_write(body, result);
  handle stream = result[1];
  stream_write(stream, hello, sizeof hello - 1, result);
  stream_drop(stream);
  body_finish(body, 0, 0, result);
  request_drop(request);
}
