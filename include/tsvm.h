/* tsvm: embed the Torch Script VM in a program written in C, or in anything that can call C.
 *
 * One tsvm_vm is one interpreter with its own modules, heap and settings; any number of them can live in a process. A VM is
 * used by one thread at a time; different VMs may run in different threads at once.
 *
 * Values are handles (tsvm_value*). A handle that a function returns belongs to the caller, who frees it with
 * tsvm_value_free; a handle that is passed in stays the caller's. All handles of a VM must be freed before the VM is closed
 * (closing frees what is left, and the handles become invalid).
 *
 * Errors: a function that can fail returns NULL, or a status other than TSVM_OK. tsvm_error_message then gives the exception's
 * text ("ValueError: ..."), tsvm_error_traceback the whole traceback; both stay valid until the next call that fails.
 *
 *     tsvm_vm* vm = tsvm_open(NULL);
 *     tsvm_value* module = tsvm_run(vm, "def double(x):\n    return 2 * x\n", "demo.ts");
 *     tsvm_value* argument = tsvm_int(vm, 21);
 *     tsvm_value* result = tsvm_call(vm, module, "double", &argument, 1);
 *     printf("%lld\n", (long long)tsvm_as_int(result));
 *
 * This header is the whole C API and compiles as C99 and C++; functions are only ever added.
 */
#ifndef TSVM_H
#define TSVM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TSVM_API_VERSION 1
#if defined(__GNUC__)
#define TSVM_EXPORT __attribute__((visibility("default")))
#else
#define TSVM_EXPORT
#endif

typedef struct tsvm_vm tsvm_vm;
typedef struct tsvm_value tsvm_value;

typedef enum tsvm_status {
  TSVM_OK = 0,
  TSVM_ERROR = 1,       /* an exception was raised: see tsvm_error_message */
  TSVM_WRONG_TYPE = 2,  /* the value is of another kind than the call asks for */
} tsvm_status;

typedef enum tsvm_kind {
  TSVM_NONE,
  TSVM_BOOL,
  TSVM_INT,    /* fits 64 bits; larger ints are TSVM_OTHER */
  TSVM_FLOAT,
  TSVM_STR,
  TSVM_LIST,
  TSVM_TUPLE,
  TSVM_DICT,
  TSVM_TENSOR,
  TSVM_OTHER
} tsvm_kind;

typedef enum tsvm_dtype {
  TSVM_UINT8 = 0,
  TSVM_INT8 = 1,
  TSVM_INT16 = 2,
  TSVM_INT32 = 3,
  TSVM_INT64 = 4,
  TSVM_FLOAT16 = 5,
  TSVM_FLOAT32 = 6,
  TSVM_FLOAT64 = 7,
  TSVM_COMPLEX64 = 9,
  TSVM_COMPLEX128 = 10,
  TSVM_BOOL8 = 11,
  TSVM_BFLOAT16 = 15
} tsvm_dtype;

/* --- virtual machines ------------------------------------------------------------------------------------------------ */

/* Receives what the program prints. `stream` is 1 for stdout, 2 for stderr. */
typedef void (*tsvm_write_fn)(void* user, int stream, const char* text, size_t size);

/* Fill with tsvm_options_init, then change what differs from the defaults. */
typedef struct tsvm_options {
  uint32_t size;         /* sizeof(tsvm_options), so that later versions can add fields */
  const char* jit;       /* "on" (default), "off", "force" */
  int no_fuse;           /* 1: no fused kernels */
  tsvm_write_fn write;   /* NULL: the process's own stdout and stderr */
  void* write_user;
} tsvm_options;

TSVM_EXPORT void tsvm_options_init(tsvm_options* options);
/* A new VM; options may be NULL. NULL when there is no memory. */
TSVM_EXPORT tsvm_vm* tsvm_open(const tsvm_options* options);
TSVM_EXPORT void tsvm_close(tsvm_vm* vm);
/* Makes the running program raise KeyboardInterrupt at its next loop or call. The one function another thread may call. */
TSVM_EXPORT void tsvm_interrupt(tsvm_vm* vm);
TSVM_EXPORT const char* tsvm_version(void);

/* --- errors ---------------------------------------------------------------------------------------------------------- */

/* The last error's "Type: message"; "" when there was none. */
TSVM_EXPORT const char* tsvm_error_message(tsvm_vm* vm);
/* The last error as a Python traceback. */
TSVM_EXPORT const char* tsvm_error_traceback(tsvm_vm* vm);

/* --- running code ---------------------------------------------------------------------------------------------------- */

/* Runs a source text as a module; gives the module, whose attributes are its functions and variables. */
TSVM_EXPORT tsvm_value* tsvm_run(tsvm_vm* vm, const char* source, const char* name);
/* The same for a file; its folder is where its imports are looked for. */
TSVM_EXPORT tsvm_value* tsvm_run_file(tsvm_vm* vm, const char* path);
/* Calls an attribute of `object` (a module, an instance); with name NULL, calls object itself. */
TSVM_EXPORT tsvm_value* tsvm_call(tsvm_vm* vm, tsvm_value* object, const char* name, tsvm_value* const* arguments, size_t count);
/* The same with keyword arguments: the last `keyword_count` of the arguments, in the order of their names. */
TSVM_EXPORT tsvm_value* tsvm_call_keywords(tsvm_vm* vm, tsvm_value* object, const char* name, tsvm_value* const* arguments,
                                           size_t count, const char* const* keywords, size_t keyword_count);
/* import name: the module itself ("torch.nn" gives torch.nn). */
TSVM_EXPORT tsvm_value* tsvm_import(tsvm_vm* vm, const char* name);
TSVM_EXPORT tsvm_value* tsvm_get_attr(tsvm_vm* vm, tsvm_value* object, const char* name);
TSVM_EXPORT tsvm_status tsvm_set_attr(tsvm_vm* vm, tsvm_value* object, const char* name, tsvm_value* value);

/* A function of the host that programs can call. It returns a new handle, or NULL after tsvm_raise. */
typedef tsvm_value* (*tsvm_host_fn)(tsvm_vm* vm, void* user, tsvm_value* const* arguments, size_t count);
TSVM_EXPORT tsvm_value* tsvm_function(tsvm_vm* vm, const char* name, tsvm_host_fn fn, void* user);
/* Raises an exception of a built-in class ("ValueError") inside a host function. */
TSVM_EXPORT void tsvm_raise(tsvm_vm* vm, const char* type, const char* message);

/* --- values ---------------------------------------------------------------------------------------------------------- */

TSVM_EXPORT void tsvm_value_free(tsvm_value* value);
TSVM_EXPORT tsvm_value* tsvm_value_copy(tsvm_value* value); /* another handle of the same object */
TSVM_EXPORT tsvm_kind tsvm_value_kind(const tsvm_value* value);

TSVM_EXPORT tsvm_value* tsvm_none(tsvm_vm* vm);
TSVM_EXPORT tsvm_value* tsvm_bool(tsvm_vm* vm, int value);
TSVM_EXPORT tsvm_value* tsvm_int(tsvm_vm* vm, int64_t value);
TSVM_EXPORT tsvm_value* tsvm_float(tsvm_vm* vm, double value);
TSVM_EXPORT tsvm_value* tsvm_str(tsvm_vm* vm, const char* utf8, size_t size);
TSVM_EXPORT tsvm_value* tsvm_list(tsvm_vm* vm, tsvm_value* const* items, size_t count);
TSVM_EXPORT tsvm_value* tsvm_tuple(tsvm_vm* vm, tsvm_value* const* items, size_t count);

TSVM_EXPORT tsvm_value* tsvm_dict(tsvm_vm* vm, tsvm_value* const* keys, tsvm_value* const* values, size_t count);

/* The payload; 0, 0.0 or NULL when the value is of another kind (ask tsvm_value_kind first). Text lives as long as the handle. */
TSVM_EXPORT int tsvm_as_bool(const tsvm_value* value);
TSVM_EXPORT int64_t tsvm_as_int(const tsvm_value* value);
TSVM_EXPORT double tsvm_as_float(const tsvm_value* value); /* ints and bools are converted */
TSVM_EXPORT const char* tsvm_as_str(const tsvm_value* value, size_t* size);
/* Lists and tuples, and anything else that has a length and items by index. -1 / NULL on error. */
TSVM_EXPORT int64_t tsvm_length(tsvm_vm* vm, tsvm_value* value);
TSVM_EXPORT tsvm_value* tsvm_item(tsvm_vm* vm, tsvm_value* value, int64_t index);
/* value[key] and value[key] = item. */
TSVM_EXPORT tsvm_value* tsvm_get_item(tsvm_vm* vm, tsvm_value* value, tsvm_value* key);
TSVM_EXPORT tsvm_status tsvm_set_item(tsvm_vm* vm, tsvm_value* value, tsvm_value* key, tsvm_value* item);
/* A dict's keys as a list, in order. */
TSVM_EXPORT tsvm_value* tsvm_keys(tsvm_vm* vm, tsvm_value* dict);
/* str(value) as a string value. */
TSVM_EXPORT tsvm_value* tsvm_to_str(tsvm_vm* vm, tsvm_value* value);

/* --- tensors --------------------------------------------------------------------------------------------------------- */

/* Called when the last tensor that uses a foreign block of memory is gone. */
typedef void (*tsvm_release_fn)(void* user, void* data);

/* A tensor over the host's memory, not copied. sizes and strides are in elements; strides NULL: contiguous. The memory stays
 * valid until `release` is called (NULL: the host promises that it outlives the VM). */
TSVM_EXPORT tsvm_value* tsvm_tensor_from_memory(tsvm_vm* vm, void* data, tsvm_dtype dtype, const int64_t* sizes, const int64_t* strides,
                                                int dims, tsvm_release_fn release, void* user);

/* What a tensor looks like in memory. The pointers live as long as the handle; data is not copied. */
typedef struct tsvm_tensor_view {
  void* data;
  tsvm_dtype dtype;
  int dims;
  const int64_t* sizes;
  const int64_t* strides; /* in elements */
} tsvm_tensor_view;

/* TSVM_WRONG_TYPE when it is no tensor, or one that is not in the CPU's memory. */
TSVM_EXPORT tsvm_status tsvm_tensor_inspect(const tsvm_value* value, tsvm_tensor_view* out);

#ifdef __cplusplus
}
#endif
#endif /* TSVM_H */
