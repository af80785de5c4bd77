// The C API (include/tsvm.h) over vm::VM.
//
// What must stay true:
//   - every function that may run code of the language opens an Entry. The outermost one puts the VM's own settings of
//     the thread in place (grad mode, default dtype, random generator, where the C++ stack ends) and takes them out
//     again, so that VMs do not see each other's, and writes out what the program printed;
//   - nothing is pending in the VM between two calls from outside; inside a host function what the host raised is;
//   - handles are listed in their VM, so that closing it frees those that the host forgot.
#include "tsvm.h"

#include <sys/types.h>

#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "jit/scalar/install.h"
#include "ops/autograd/mode.h"
#include "ops/tensor/generator.h"
#include "ops/tensor/tensor.h"
#include "stdlib/library.h"
#include "vm/compile.h"
#include "vm/interpreter.h"
#include "vm/make.h"
#include "vm/modules.h"
#include "vm/native.h"
#include "vm/runtime.h"
#include "vm/traceback.h"
#include "vm/types/file.h"

#ifndef TSVM_VERSION
#error "the build gives TSVM_VERSION"
#endif

namespace {

using namespace tsvm;
using vm::Ref;
using vm::Value;

/// A function of the host as an object of the language.
struct HostFunction {
  vm::NativeDef def{};
  std::string signature;
  tsvm_host_fn fn = nullptr;
  void* user = nullptr;
  tsvm_vm* owner = nullptr;
};

}  // namespace

struct tsvm_value {
  tsvm_vm* owner = nullptr;
  Ref value;
  tsvm_value* next = nullptr;
  tsvm_value* previous = nullptr;
};

struct tsvm_vm {
  std::unique_ptr<vm::VM> vm;
  tsvm_value* handles = nullptr;
  std::vector<std::unique_ptr<HostFunction>> functions;
  Ref exception;  // the last error, for host functions that return NULL after it
  std::string message, traceback;
  int depth = 0;  // of Entries
  ops::Generator generator;
  ops::DType default_dtype = ops::DType::Float32;
  ops::autograd::ThreadModes modes;
};

namespace {

class Entry {
 public:
  explicit Entry(tsvm_vm* v) : v_(v) {
    if (v_->depth++) return;
    dtype_ = ops::default_dtype();
    modes_ = ops::autograd::modes;
    ops::set_default_dtype(v_->default_dtype);
    ops::set_default_generator(&v_->generator);
    ops::autograd::modes = v_->modes;
    v_->vm->use_this_thread();
  }
  ~Entry() {
    if (v_->depth > 1) {
      v_->depth--;
      return;
    }
    vm::VM& vm = *v_->vm;
    if (!vm::flush_standard_streams(vm)) vm::clear_pending(vm);
    v_->depth--;
    v_->default_dtype = ops::default_dtype();
    v_->modes = ops::autograd::modes;
    ops::set_default_dtype(dtype_);
    ops::set_default_generator(nullptr);
    ops::autograd::modes = modes_;
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

 private:
  tsvm_vm* v_;
  ops::DType dtype_{};
  ops::autograd::ThreadModes modes_;
};

/// A handle of an owned value.
tsvm_value* handle(tsvm_vm* v, Value owned) {
  auto* h = new tsvm_value;
  h->owner = v;
  h->value = Ref(owned);
  h->next = v->handles;
  if (h->next) h->next->previous = h;
  v->handles = h;
  return h;
}

/// Takes the pending exception as the VM's last error.
void take_error(tsvm_vm* v) {
  vm::VM& vm = *v->vm;
  v->exception = Ref(vm::take_pending(vm));
  v->traceback = vm::format_exception(vm, *v->exception);
  v->message = vm::format_exception_only(vm, *v->exception);
  while (!v->message.empty() && v->message.back() == '\n') v->message.pop_back();
}

tsvm_value* result(tsvm_vm* v, Value owned) {
  if (owned.is_error()) {
    take_error(v);
    return nullptr;
  }
  return handle(v, owned);
}

std::vector<Value> values_of(tsvm_value* const* items, size_t count) {
  std::vector<Value> out;
  out.reserve(count);
  for (size_t i = 0; i < count; i++) out.push_back(*items[i]->value);
  return out;
}

Value call_host(vm::VM& vm, const Value* args) {
  auto* f = reinterpret_cast<HostFunction*>(args[0].i);
  tsvm_vm* v = f->owner;
  v->exception = Ref();
  std::vector<tsvm_value*> handles;
  for (Value a : vm::as<vm::Tuple>(args[1])->span()) handles.push_back(handle(v, vm::new_ref(a)));
  tsvm_value* out = f->fn(v, f->user, handles.data(), handles.size());
  for (tsvm_value* h : handles) tsvm_value_free(h);
  if (out) {
    if (!vm.pending.is_unbound()) vm::clear_pending(vm);
    Value value = vm::new_ref(*out->value);
    tsvm_value_free(out);
    return value;
  }
  if (!vm.pending.is_unbound()) return Value::error();
  // What a call of the host's ended with goes on.
  if (!v->exception->is_unbound()) return vm::raise_value(vm, *v->exception);
  return vm::raise(vm, vm.types.SystemError, "the host function '%s' failed without an exception",
                   f->signature.c_str());
}

/// The torch library must be there before a tensor is seen.
bool need_torch(vm::VM& vm) {
  if (vm.types.tensor) return true;
  Ref module(vm.callbacks.import_module(vm, "torch"));
  return !module.is_error();
}

tsvm_value* run_source(tsvm_vm* v, std::string text, std::string name, const std::string& file) {
  Entry entry(v);
  vm::VM& vm = *v->vm;
  std::shared_ptr<vm::CodeUnit> unit = vm::compile_source(vm, std::move(text), std::move(name), "__main__");
  if (!unit) return result(v, Value::error());
  Ref done(vm::run_main(vm, std::move(unit), file));
  if (done.is_error()) return result(v, Value::error());
  return handle(v, vm::new_ref(vm::dict_get_borrow(vm.modules, vm.names.main)));
}

struct ForeignBlock {
  tsvm_release_fn release;
  void* user;
};

void release_block(void* data, void* context, size_t) noexcept {
  auto* block = static_cast<ForeignBlock*>(context);
  if (block->release) block->release(block->user, data);
  delete block;
}

}  // namespace

extern "C" {

// --- virtual machines ------------------------------------------------------------------------------------------------

void tsvm_options_init(tsvm_options* options) {
  std::memset(options, 0, sizeof *options);
  options->size = sizeof *options;
  options->jit = "on";
}

tsvm_vm* tsvm_open(const tsvm_options* options) {
  tsvm_options given;
  tsvm_options_init(&given);
  if (options) std::memcpy(&given, options, options->size < sizeof given ? options->size : sizeof given);
  vm::Options o;
  const std::string jit = given.jit ? given.jit : "on";
  o.jit_mode = jit == "off" ? vm::JitMode::Off : jit == "force" ? vm::JitMode::Force : vm::JitMode::On;
  o.fuse = !given.no_fuse;
  o.write = given.write;
  o.write_user = given.write_user;
  o.argv.emplace_back("");
  o.module_path.emplace_back("");
  try {
    auto v = std::make_unique<tsvm_vm>();
    v->vm = std::make_unique<vm::VM>(std::move(o));
    vm::install_interpreter(*v->vm);
    stdlib::install_library(*v->vm);
    jit::install_scalar(*v->vm);
    return v.release();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void tsvm_close(tsvm_vm* v) {
  if (!v) return;
  v->vm->use_this_thread();
  v->exception = Ref();
  while (v->handles) tsvm_value_free(v->handles);
  v->vm.reset();
  delete v;
}

void tsvm_interrupt(tsvm_vm* v) { v->vm->interrupt(); }

const char* tsvm_version(void) { return TSVM_VERSION; }

// --- errors ----------------------------------------------------------------------------------------------------------

const char* tsvm_error_message(tsvm_vm* v) { return v->message.c_str(); }
const char* tsvm_error_traceback(tsvm_vm* v) { return v->traceback.c_str(); }

// --- running code ----------------------------------------------------------------------------------------------------

tsvm_value* tsvm_run(tsvm_vm* v, const char* source, const char* name) {
  return run_source(v, source, name ? name : "<string>", "");
}

tsvm_value* tsvm_run_file(tsvm_vm* v, const char* path) {
  Entry entry(v);
  vm::VM& vm = *v->vm;
  std::string text;
  int error = 0;
  if (!vm::read_file(path, text, error)) return result(v, vm::raise_os_error(vm, error, path));
  const std::string name = path;
  const size_t slash = name.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : name.substr(0, slash);
  // Its folder comes first in sys.path, in the place of the one before.
  Ref sys(vm.callbacks.import_module(vm, "sys"));
  if (sys.is_error()) return result(v, Value::error());
  Ref list(vm::get_attr(vm, *sys, vm.name("path")));
  if (list.is_error()) return result(v, Value::error());
  if (vm::is_kind(*list, vm::Kind::List) && vm::as<vm::List>(*list)->size) {
    Ref text_value(vm::make_str(vm, folder));
    vm::list_set(vm, vm::as<vm::List>(*list), 0, *text_value);
  }
  return run_source(v, std::move(text), name, name);
}

tsvm_value* tsvm_import(tsvm_vm* v, const char* name) {
  Entry entry(v);
  return result(v, v->vm->callbacks.import_module(*v->vm, name));
}

tsvm_value* tsvm_call_keywords(tsvm_vm* v, tsvm_value* object, const char* name, tsvm_value* const* arguments,
                               size_t count, const char* const* keywords, size_t keyword_count) {
  Entry entry(v);
  vm::VM& vm = *v->vm;
  Ref callee = object->value;
  if (name) callee = Ref(vm::get_attr(vm, *object->value, vm.name(name)));
  if (callee.is_error()) return result(v, Value::error());
  std::vector<Value> args = values_of(arguments, count);
  std::vector<vm::Str*> names;
  for (size_t i = 0; i < keyword_count; i++) names.push_back(vm.name(keywords[i]));
  return result(v, vm::call(vm, *callee, args, names));
}

tsvm_value* tsvm_call(tsvm_vm* v, tsvm_value* object, const char* name, tsvm_value* const* arguments, size_t count) {
  return tsvm_call_keywords(v, object, name, arguments, count, nullptr, 0);
}

tsvm_value* tsvm_get_attr(tsvm_vm* v, tsvm_value* object, const char* name) {
  Entry entry(v);
  return result(v, vm::get_attr(*v->vm, *object->value, v->vm->name(name)));
}

tsvm_status tsvm_set_attr(tsvm_vm* v, tsvm_value* object, const char* name, tsvm_value* value) {
  Entry entry(v);
  if (vm::set_attr(*v->vm, *object->value, v->vm->name(name), *value->value)) return TSVM_OK;
  take_error(v);
  return TSVM_ERROR;
}

tsvm_value* tsvm_function(tsvm_vm* v, const char* name, tsvm_host_fn fn, void* user) {
  Entry entry(v);
  auto f = std::make_unique<HostFunction>();
  f->signature = std::string(name) + "(host, /, *args)";
  f->def.signature = f->signature.c_str();
  f->def.fn = call_host;
  f->fn = fn;
  f->user = user;
  f->owner = v;
  HostFunction* host = f.get();
  v->functions.push_back(std::move(f));
  return result(v, vm::make_native_closure(*v->vm, &host->def, Value::integer(reinterpret_cast<int64_t>(host))));
}

void tsvm_raise(tsvm_vm* v, const char* type, const char* message) {
  vm::VM& vm = *v->vm;
  if (!vm.pending.is_unbound()) vm::clear_pending(vm);
  Value found = vm::dict_get_borrow(vm.builtins, vm.name(type));
  vm::Type* t = vm.types.RuntimeError;
  if (vm::is_kind(found, vm::Kind::Type) && vm::is_subtype(vm::as<vm::Type>(found), vm.types.BaseException))
    t = vm::as<vm::Type>(found);
  (void)vm::raise(vm, t, "%s", message);
}

// --- values ----------------------------------------------------------------------------------------------------------

void tsvm_value_free(tsvm_value* value) {
  if (!value) return;
  (value->previous ? value->previous->next : value->owner->handles) = value->next;
  if (value->next) value->next->previous = value->previous;
  delete value;
}

tsvm_value* tsvm_value_copy(tsvm_value* value) { return handle(value->owner, vm::new_ref(*value->value)); }

tsvm_kind tsvm_value_kind(const tsvm_value* value) {
  const Value v = *value->value;
  switch (v.tag) {
    case vm::Tag::None: return TSVM_NONE;
    case vm::Tag::Bool: return TSVM_BOOL;
    case vm::Tag::Int: return TSVM_INT;
    case vm::Tag::Float: return TSVM_FLOAT;
    case vm::Tag::Tensor: return TSVM_TENSOR;
    case vm::Tag::Object:
      switch (v.o->kind) {
        case vm::Kind::Str: return TSVM_STR;
        case vm::Kind::List: return TSVM_LIST;
        case vm::Kind::Tuple: return TSVM_TUPLE;
        case vm::Kind::Dict: return TSVM_DICT;
        default: return TSVM_OTHER;
      }
    default: return TSVM_OTHER;
  }
}

tsvm_value* tsvm_none(tsvm_vm* v) { return handle(v, Value::none()); }
tsvm_value* tsvm_bool(tsvm_vm* v, int value) { return handle(v, Value::boolean(value != 0)); }
tsvm_value* tsvm_int(tsvm_vm* v, int64_t value) { return handle(v, Value::integer(value)); }
tsvm_value* tsvm_float(tsvm_vm* v, double value) { return handle(v, Value::number(value)); }

tsvm_value* tsvm_str(tsvm_vm* v, const char* utf8, size_t size) {
  Entry entry(v);
  vm::VM& vm = *v->vm;
  // Text that is not UTF-8 is an error here, before anything relies on it.
  Ref bytes(vm::make_bytes(vm, std::string_view(utf8, size)));
  Ref encoding(vm::make_ascii(vm, "utf-8"));
  Value args[] = {*encoding};
  return result(v, vm::call_method(vm, *bytes, "decode", args));
}

tsvm_value* tsvm_list(tsvm_vm* v, tsvm_value* const* items, size_t count) {
  return handle(v, vm::make_list(*v->vm, values_of(items, count)));
}

tsvm_value* tsvm_tuple(tsvm_vm* v, tsvm_value* const* items, size_t count) {
  return handle(v, vm::make_tuple(*v->vm, values_of(items, count)));
}

tsvm_value* tsvm_dict(tsvm_vm* v, tsvm_value* const* keys, tsvm_value* const* values, size_t count) {
  Entry entry(v);
  Ref dict(vm::make_dict(*v->vm));
  for (size_t i = 0; i < count; i++)
    if (!vm::dict_set(*v->vm, vm::as<vm::Dict>(*dict), *keys[i]->value, *values[i]->value))
      return result(v, Value::error());
  return handle(v, dict.take());
}

int tsvm_as_bool(const tsvm_value* value) { return value->value->is_true(); }
int64_t tsvm_as_int(const tsvm_value* value) {
  return value->value->is_int() || value->value->is_bool() ? value->value->i : 0;
}
double tsvm_as_float(const tsvm_value* value) {
  const Value v = *value->value;
  return v.is_float() ? v.d : v.is_int() || v.is_bool() ? static_cast<double>(v.i) : 0.0;
}
const char* tsvm_as_str(const tsvm_value* value, size_t* size) {
  if (!vm::is_str(*value->value)) {
    if (size) *size = 0;
    return nullptr;
  }
  const std::string_view text = vm::text_of(*value->value);
  if (size) *size = text.size();
  return text.data();
}

int64_t tsvm_length(tsvm_vm* v, tsvm_value* value) {
  Entry entry(v);
  const int64_t n = vm::length(*v->vm, *value->value);
  if (n < 0) take_error(v);
  return n;
}

tsvm_value* tsvm_item(tsvm_vm* v, tsvm_value* value, int64_t index) {
  Entry entry(v);
  return result(v, vm::get_item(*v->vm, *value->value, Value::integer(index)));
}

tsvm_value* tsvm_get_item(tsvm_vm* v, tsvm_value* value, tsvm_value* key) {
  Entry entry(v);
  return result(v, vm::get_item(*v->vm, *value->value, *key->value));
}

tsvm_status tsvm_set_item(tsvm_vm* v, tsvm_value* value, tsvm_value* key, tsvm_value* item) {
  Entry entry(v);
  if (vm::set_item(*v->vm, *value->value, *key->value, *item->value)) return TSVM_OK;
  take_error(v);
  return TSVM_ERROR;
}

tsvm_value* tsvm_keys(tsvm_vm* v, tsvm_value* dict) {
  Entry entry(v);
  if (!vm::is_kind(*dict->value, vm::Kind::Dict))
    return result(v, vm::raise(*v->vm, v->vm->types.TypeError, "a dict is required"));
  return result(v, vm::make_list_from(*v->vm, *dict->value));
}

tsvm_value* tsvm_to_str(tsvm_vm* v, tsvm_value* value) {
  Entry entry(v);
  return result(v, vm::str(*v->vm, *value->value));
}

// --- tensors ---------------------------------------------------------------------------------------------------------

tsvm_value* tsvm_tensor_from_memory(tsvm_vm* v, void* data, tsvm_dtype dtype, const int64_t* sizes,
                                    const int64_t* strides, int dims, tsvm_release_fn release, void* user) {
  Entry entry(v);
  vm::VM& vm = *v->vm;
  if (!need_torch(vm)) return result(v, Value::error());
  const std::optional<ops::DType> type = ops::dtype_from_torch_number(dtype);
  if (!type) return result(v, vm::raise(vm, vm.types.ValueError, "there is no dtype with the number %d", int(dtype)));
  if (dims < 0 || dims > 64) return result(v, vm::raise(vm, vm.types.ValueError, "a tensor has 0 to 64 dimensions"));
  // The last element that can be reached says how large the block is.
  int64_t last = 0, numel = 1;
  bool bad = false;
  ops::DimVector step(static_cast<size_t>(dims));
  for (int i = dims - 1; i >= 0; i--) {
    bad |= sizes[i] < 0 || (strides && strides[i] < 0);
    step[static_cast<size_t>(i)] = strides ? strides[i] : numel;
    int64_t reach = 0;
    if (sizes[i] > 0)
      bad |= __builtin_mul_overflow(sizes[i] - 1, step[static_cast<size_t>(i)], &reach) ||
             __builtin_add_overflow(last, reach, &last);
    bad |= __builtin_mul_overflow(numel, sizes[i], &numel);
  }
  if (bad) return result(v, vm::raise(vm, vm.types.ValueError, "sizes and strides must not be negative or too large"));
  const size_t bytes = numel ? static_cast<size_t>(last + 1) * ops::item_size(*type) : 0;
  ops::Storage storage = ops::Storage::foreign(data, bytes, release_block, new ForeignBlock{release, user});
  ops::TensorImpl* t = ops::TensorImpl::create(std::move(storage), *type, ops::Device());
  t->set_geometry(ops::IntSpan(sizes, static_cast<size_t>(dims)), step, 0);
  return handle(v, Value::tensor(t));
}

tsvm_status tsvm_tensor_inspect(const tsvm_value* value, tsvm_tensor_view* out) {
  const Value v = *value->value;
  if (!v.is_tensor() || !v.t->device().is_cpu() || v.t->layout() != ops::Layout::Strided) return TSVM_WRONG_TYPE;
  out->data = v.t->data();
  out->dtype = static_cast<tsvm_dtype>(ops::info(v.t->dtype()).torch_number);
  out->dims = static_cast<int>(v.t->dim());
  out->sizes = v.t->sizes_data();
  out->strides = v.t->strides_data();
  return TSVM_OK;
}

}  // extern "C"
