/* A host program in C: values both ways, errors with tracebacks, tensors over the host's memory, functions of the host,
 * output callbacks, and VMs side by side, also on two threads. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tsvm.h"

static int failures = 0;

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
      failures++;                                                               \
    }                                                                           \
  } while (0)

typedef struct output {
  char text[2][4096];
  size_t size[2];
} output;

static void collect(void* user, int stream, const char* text, size_t size) {
  output* o = user;
  size_t* used = &o->size[stream - 1];
  if (*used + size >= sizeof o->text[0]) return;
  memcpy(o->text[stream - 1] + *used, text, size);
  *used += size;
  o->text[stream - 1][*used] = 0;
}

static int text_is(tsvm_value* value, const char* want) {
  size_t size = 0;
  const char* text = tsvm_as_str(value, &size);
  return text && size == strlen(want) && memcmp(text, want, size) == 0;
}

static void values(void) {
  tsvm_vm* vm = tsvm_open(NULL);
  CHECK(vm != NULL);
  tsvm_value* module = tsvm_run(vm,
                                "def double(x):\n    return 2 * x\n"
                                "def describe(d, *items, sep='-'):\n"
                                "    return sep.join([f'{k}={v}' for k, v in d.items()] + [str(i) for i in items])\n"
                                "big = 2 ** 80\nnames = ['a', 'b']\npair = (1, 2.5)\nflag = True\nnothing = None\n",
                                "demo.ts");
  CHECK(module != NULL);
  CHECK(tsvm_value_kind(module) == TSVM_OTHER);

  tsvm_value* argument = tsvm_int(vm, 21);
  tsvm_value* value = tsvm_call(vm, module, "double", &argument, 1);
  CHECK(tsvm_value_kind(value) == TSVM_INT && tsvm_as_int(value) == 42);
  tsvm_value_free(value);
  tsvm_value_free(argument);

  argument = tsvm_float(vm, 0.25);
  value = tsvm_call(vm, module, "double", &argument, 1);
  CHECK(tsvm_value_kind(value) == TSVM_FLOAT && tsvm_as_float(value) == 0.5);
  tsvm_value_free(value);
  tsvm_value_free(argument);

  tsvm_value* keys[2] = {tsvm_str(vm, "x", 1), tsvm_str(vm, "\xc3\xa9t\xc3\xa9", 5)};
  tsvm_value* items[2] = {tsvm_int(vm, 1), tsvm_none(vm)};
  tsvm_value* dict = tsvm_dict(vm, keys, items, 2);
  CHECK(tsvm_value_kind(dict) == TSVM_DICT && tsvm_length(vm, dict) == 2);
  tsvm_value* list = tsvm_list(vm, items, 2);
  CHECK(tsvm_value_kind(list) == TSVM_LIST && tsvm_length(vm, list) == 2);
  tsvm_value* sep = tsvm_str(vm, "; ", 2);
  tsvm_value* arguments[3] = {dict, list, sep};
  const char* keywords[] = {"sep"};
  value = tsvm_call_keywords(vm, module, "describe", arguments, 3, keywords, 1);
  CHECK(text_is(value, "x=1; \xc3\xa9t\xc3\xa9=None; [1, None]"));
  tsvm_value_free(value);

  tsvm_value* key_list = tsvm_keys(vm, dict);
  CHECK(tsvm_length(vm, key_list) == 2);
  value = tsvm_item(vm, key_list, 0);
  CHECK(text_is(value, "x"));
  tsvm_value_free(value);
  tsvm_value_free(key_list);
  value = tsvm_get_item(vm, dict, keys[0]);
  CHECK(tsvm_as_int(value) == 1);
  tsvm_value_free(value);
  CHECK(tsvm_set_item(vm, dict, keys[0], sep) == TSVM_OK);
  value = tsvm_get_item(vm, dict, keys[0]);
  CHECK(text_is(value, "; "));
  tsvm_value_free(value);
  CHECK(tsvm_get_item(vm, dict, sep) == NULL);
  CHECK(strcmp(tsvm_error_message(vm), "KeyError: '; '") == 0);
  CHECK(tsvm_set_item(vm, dict, list, sep) == TSVM_ERROR);
  CHECK(strcmp(tsvm_error_message(vm), "TypeError: unhashable type: 'list'") == 0);

  value = tsvm_get_attr(vm, module, "big");
  CHECK(tsvm_value_kind(value) == TSVM_OTHER);
  tsvm_value* text = tsvm_to_str(vm, value);
  CHECK(text_is(text, "1208925819614629174706176"));
  tsvm_value_free(text);
  tsvm_value_free(value);
  value = tsvm_get_attr(vm, module, "pair");
  CHECK(tsvm_value_kind(value) == TSVM_TUPLE && tsvm_length(vm, value) == 2);
  tsvm_value* second = tsvm_item(vm, value, -1);
  CHECK(tsvm_as_float(second) == 2.5);
  tsvm_value_free(second);
  CHECK(tsvm_item(vm, value, 2) == NULL);
  CHECK(strcmp(tsvm_error_message(vm), "IndexError: tuple index out of range") == 0);
  tsvm_value_free(value);
  value = tsvm_get_attr(vm, module, "flag");
  CHECK(tsvm_value_kind(value) == TSVM_BOOL && tsvm_as_bool(value) == 1);
  tsvm_value_free(value);
  value = tsvm_get_attr(vm, module, "nothing");
  CHECK(tsvm_value_kind(value) == TSVM_NONE);
  CHECK(tsvm_as_str(value, NULL) == NULL);
  CHECK(tsvm_length(vm, value) == -1);
  CHECK(strcmp(tsvm_error_message(vm), "TypeError: object of type 'NoneType' has no len()") == 0);
  tsvm_value_free(value);
  CHECK(tsvm_set_attr(vm, module, "flag", list) == TSVM_OK);
  value = tsvm_get_attr(vm, module, "flag");
  CHECK(tsvm_value_kind(value) == TSVM_LIST);
  tsvm_value* other = tsvm_value_copy(value);
  tsvm_value_free(value);
  CHECK(tsvm_length(vm, other) == 2);
  CHECK(tsvm_str(vm, "\xff\xfe", 2) == NULL);
  CHECK(strncmp(tsvm_error_message(vm), "UnicodeDecodeError: ", 20) == 0);
  value = tsvm_import(vm, "math");
  argument = tsvm_float(vm, 2.0);
  tsvm_value* root = tsvm_call(vm, value, "sqrt", &argument, 1);
  CHECK(fabs(tsvm_as_float(root) - sqrt(2.0)) < 1e-15);
  /* Handles that are left are freed with the VM. */
  tsvm_close(vm);
}

static void errors(void) {
  tsvm_vm* vm = tsvm_open(NULL);
  CHECK(strcmp(tsvm_error_message(vm), "") == 0);
  tsvm_value* module = tsvm_run(
      vm, "def outer(x):\n    return inner(x)\n\n\ndef inner(x):\n    raise ValueError(f'bad {x}')\n", "lib.ts");
  tsvm_value* argument = tsvm_int(vm, 3);
  CHECK(tsvm_call(vm, module, "outer", &argument, 1) == NULL);
  CHECK(strcmp(tsvm_error_message(vm), "ValueError: bad 3") == 0);
  CHECK(strcmp(tsvm_error_traceback(vm),
               "Traceback (most recent call last):\n"
               "  File \"lib.ts\", line 2, in outer\n"
               "  File \"lib.ts\", line 6, in inner\n"
               "ValueError: bad 3\n") == 0 ||
        strstr(tsvm_error_traceback(vm), "line 6, in inner\n") != NULL);
  CHECK(tsvm_run(vm, "x = = 1\n", "bad.ts") == NULL);
  CHECK(strncmp(tsvm_error_message(vm), "  File \"bad.ts\", line 1\n", 23) == 0 ||
        strstr(tsvm_error_message(vm), "SyntaxError: invalid syntax") != NULL);
  CHECK(strstr(tsvm_error_traceback(vm), "SyntaxError: invalid syntax") != NULL);
  CHECK(tsvm_get_attr(vm, module, "missing") == NULL);
  CHECK(strstr(tsvm_error_message(vm), "AttributeError: module '__main__' has no attribute 'missing'") != NULL);
  CHECK(tsvm_run_file(vm, "/nonexistent/file.ts") == NULL);
  CHECK(strstr(tsvm_error_message(vm), "FileNotFoundError: [Errno 2] No such file or directory") != NULL);
  CHECK(tsvm_run(vm, "def f(n):\n    return f(n + 1)\nf(0)\n", "deep.ts") == NULL);
  CHECK(strstr(tsvm_error_message(vm), "RecursionError: maximum recursion depth exceeded") != NULL);
  CHECK(tsvm_run(vm, "import sys\nsys.exit(3)\n", "exit.ts") == NULL);
  CHECK(strcmp(tsvm_error_message(vm), "SystemExit: 3") == 0);
  tsvm_value_free(argument);
  tsvm_value_free(module);
  tsvm_close(vm);
}

static int released = 0;
static void release(void* user, void* data) {
  released++;
  CHECK(data == *(void**)user);
}

static void tensors(void) {
  float data[6] = {1, 2, 3, 4, 5, 6};
  void* where = data;
  tsvm_vm* vm = tsvm_open(NULL);
  tsvm_value* module = tsvm_run(vm,
                                "import torch\ndef grow(t):\n    t.mul_(10)\n    return t.sum(1)\n"
                                "def transpose(t):\n    return t.t()\n",
                                "tensors.ts");
  CHECK(module != NULL);
  const int64_t sizes[2] = {2, 3};
  tsvm_value* t = tsvm_tensor_from_memory(vm, data, TSVM_FLOAT32, sizes, NULL, 2, release, &where);
  CHECK(t && tsvm_value_kind(t) == TSVM_TENSOR);
  tsvm_value* sums = tsvm_call(vm, module, "grow", &t, 1);
  CHECK(sums != NULL);
  CHECK(data[0] == 10 && data[5] == 60); /* the program wrote into the host's memory */
  tsvm_tensor_view view;
  CHECK(tsvm_tensor_inspect(sums, &view) == TSVM_OK);
  CHECK(view.dims == 1 && view.sizes[0] == 2 && view.strides[0] == 1 && view.dtype == TSVM_FLOAT32);
  CHECK(((float*)view.data)[0] == 60 && ((float*)view.data)[1] == 150);
  tsvm_value* flipped = tsvm_call(vm, module, "transpose", &t, 1);
  CHECK(tsvm_tensor_inspect(flipped, &view) == TSVM_OK);
  CHECK(view.data == data && view.sizes[0] == 3 && view.strides[0] == 1 && view.strides[1] == 3);
  tsvm_value_free(t);
  CHECK(released == 0); /* a view still uses the memory */
  tsvm_value_free(flipped);
  CHECK(released == 1);
  /* The first column, by strides. */
  const int64_t column = 2, step = 3;
  t = tsvm_tensor_from_memory(vm, data, TSVM_FLOAT32, &column, &step, 1, NULL, NULL);
  tsvm_value* text = tsvm_to_str(vm, t);
  CHECK(text_is(text, "tensor([10., 40.])"));
  CHECK(tsvm_tensor_inspect(text, &view) == TSVM_WRONG_TYPE);
  CHECK(tsvm_tensor_from_memory(vm, data, (tsvm_dtype)99, sizes, NULL, 2, NULL, NULL) == NULL);
  CHECK(strncmp(tsvm_error_message(vm), "ValueError: ", 12) == 0);
  const int64_t negative[2] = {2, -3};
  CHECK(tsvm_tensor_from_memory(vm, data, TSVM_FLOAT32, negative, NULL, 2, NULL, NULL) == NULL);
  tsvm_close(vm);
  CHECK(released == 1);
}

static tsvm_value* host_scale(tsvm_vm* vm, void* user, tsvm_value* const* arguments, size_t count) {
  if (count != 1) {
    tsvm_raise(vm, "TypeError", "scale() takes one argument");
    return NULL;
  }
  if (tsvm_value_kind(arguments[0]) == TSVM_OTHER) return tsvm_call(vm, arguments[0], NULL, NULL, 0);
  return tsvm_float(vm, *(double*)user * tsvm_as_float(arguments[0]));
}

static void host_functions(void) {
  output out = {0};
  tsvm_options options;
  tsvm_options_init(&options);
  options.write = collect;
  options.write_user = &out;
  tsvm_vm* vm = tsvm_open(&options);
  double factor = 1.5;
  tsvm_value* f = tsvm_function(vm, "scale", host_scale, &factor);
  CHECK(f && tsvm_value_kind(f) == TSVM_OTHER);
  tsvm_value* module = tsvm_run(vm,
                                "import sys\n"
                                "def use(f):\n"
                                "    print('scaled', f(4))\n"
                                "    try:\n        f()\n    except TypeError as e:\n        print('caught', e)\n"
                                "    print('warning', file=sys.stderr)\n"
                                "    return [f(i) for i in range(3)]\n"
                                "def fail():\n    raise KeyError('inside')\n",
                                "host.ts");
  tsvm_value* list = tsvm_call(vm, module, "use", &f, 1);
  CHECK(list && tsvm_length(vm, list) == 3);
  CHECK(strcmp(out.text[0], "scaled 6.0\ncaught scale() takes one argument\n") == 0);
  CHECK(strcmp(out.text[1], "warning\n") == 0);
  /* An exception of the program goes through the host's function. */
  tsvm_value* fail = tsvm_get_attr(vm, module, "fail");
  CHECK(tsvm_call(vm, f, NULL, &fail, 1) == NULL);
  CHECK(strcmp(tsvm_error_message(vm), "KeyError: 'inside'") == 0);
  tsvm_close(vm);
}

static void two_machines(void) {
  tsvm_vm *a = tsvm_open(NULL), *b = tsvm_open(NULL);
  tsvm_value* ma =
      tsvm_run(a, "import torch\ntorch.manual_seed(1)\ntorch.set_default_dtype(torch.float64)\nx = 1\n", "a.ts");
  tsvm_value* mb = tsvm_run(
      b, "import torch\ntorch.manual_seed(1)\ny = torch.rand(1).item()\nd = str(torch.ones(1).dtype)\n", "b.ts");
  CHECK(ma && mb);
  CHECK(tsvm_get_attr(b, mb, "x") == NULL);
  tsvm_value* d = tsvm_get_attr(b, mb, "d");
  CHECK(text_is(d, "torch.float32")); /* settings are each VM's own */
  tsvm_value* mc = tsvm_run(
      a, "import torch\ny = torch.rand(1, dtype=torch.float32).item()\nd = str(torch.ones(1).dtype)\n", "c.ts");
  tsvm_value *ya = tsvm_get_attr(a, mc, "y"), *yb = tsvm_get_attr(b, mb, "y");
  CHECK(tsvm_as_float(ya) == tsvm_as_float(yb)); /* and so are their random numbers */
  tsvm_value* da = tsvm_get_attr(a, mc, "d");
  CHECK(text_is(da, "torch.float64"));
  tsvm_close(a);
  tsvm_close(b);
}

static void* worker(void* argument) {
  long id = *(long*)argument;
  tsvm_vm* vm = tsvm_open(NULL);
  tsvm_value* module = tsvm_run(vm,
                                "import torch\n"
                                "def work(n):\n"
                                "    x = torch.zeros(8, requires_grad=True)\n"
                                "    for i in range(200):\n"
                                "        loss = ((x - n) ** 2).sum()\n"
                                "        loss.backward()\n"
                                "        with torch.no_grad():\n"
                                "            x -= 0.1 * x.grad\n"
                                "            x.grad.zero_()\n"
                                "    return round(x.mean().item(), 3)\n"
                                "def deep(n):\n    return 0 if n == 0 else 1 + deep(n - 1)\n",
                                "worker.ts");
  tsvm_value* n = tsvm_int(vm, id);
  tsvm_value* result = module ? tsvm_call(vm, module, "work", &n, 1) : NULL;
  double value = result ? tsvm_as_float(result) : -1;
  tsvm_value* depth = tsvm_int(vm, 100000);
  tsvm_value* failed = module ? tsvm_call(vm, module, "deep", &depth, 1) : NULL;
  int ok = value == (double)id && failed == NULL && strstr(tsvm_error_message(vm), "RecursionError") != NULL;
  if (!ok) fprintf(stderr, "thread %ld: %g, %s\n", id, value, tsvm_error_traceback(vm));
  tsvm_close(vm);
  return ok ? argument : NULL;
}

static void threads(void) {
  pthread_t thread[2];
  long id[2] = {3, 5};
  for (int i = 0; i < 2; i++) CHECK(pthread_create(&thread[i], NULL, worker, &id[i]) == 0);
  for (int i = 0; i < 2; i++) {
    void* result = NULL;
    pthread_join(thread[i], &result);
    CHECK(result != NULL);
  }
}

static void* stop(void* argument) {
  usleep(100000);
  tsvm_interrupt(argument);
  return NULL;
}

static void interruption(void) {
  tsvm_vm* vm = tsvm_open(NULL);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, stop, vm) == 0);
  CHECK(tsvm_run(vm, "while True:\n    pass\n", "endless.ts") == NULL);
  CHECK(strncmp(tsvm_error_message(vm), "KeyboardInterrupt", 17) == 0);
  pthread_join(thread, NULL);
  tsvm_value* module = tsvm_run(vm, "x = 1\n", "again.ts");
  CHECK(module != NULL);
  tsvm_close(vm);
}

int main(void) {
  CHECK(TSVM_API_VERSION == 1 && strlen(tsvm_version()) > 0);
  values();
  errors();
  tensors();
  host_functions();
  two_machines();
  threads();
  interruption();
  puts(failures ? "failed" : "ok");
  return failures != 0;
}
