// `_pickle`: reads and writes pickles; the language's module pickle wraps it.
#include <cstdarg>
#include <cstdio>

#include "base/check.h"
#include "stdlib/native/modules.h"
#include "stdlib/native/pickle/opcodes.h"
#include "stdlib/native/pickle/pickle.h"

namespace tsvm::stdlib {
namespace pickle {
namespace {

using namespace tsvm::vm;

Value make_error(VM& vm, const char* name, Value base) {
  Ref text(make_ascii(vm, name)), dict(make_dict(vm)), module(make_ascii(vm, "_pickle"));
  Ref bases(make_tuple(vm, {base}));
  dict_set(vm, as<Dict>(*dict), vm.names.module, *module);
  Value cls = make_class(vm, vm.types.type, *text, *bases, *dict);
  TSVM_CHECK(!cls.is_error(), "an exception of pickle could not be made");
  return cls;
}

Value raise_text(VM& vm, Value cls, const char* format, va_list args) {
  char text[1024];
  std::vsnprintf(text, sizeof text, format, args);
  return raise(vm, as<Type>(cls), "%s", text);
}

}  // namespace

void PickleTypes::clear(VM&) {
  for (Value* v : {&error, &pickling_error, &unpickling_error}) {
    release(*v);
    *v = Value();
  }
}

PickleTypes& pickle_types(VM& vm) {
  PickleTypes& types = vm.extension<PickleTypes>();
  if (types.error.is_unbound()) {
    types.error = make_error(vm, "PickleError", Value::object(vm.types.Exception));
    types.pickling_error = make_error(vm, "PicklingError", types.error);
    types.unpickling_error = make_error(vm, "UnpicklingError", types.error);
  }
  return types;
}

Value pickling_error(VM& vm, const char* format, ...) {
  va_list args;
  va_start(args, format);
  Value r = raise_text(vm, pickle_types(vm).pickling_error, format, args);
  va_end(args);
  return r;
}

Value unpickling_error(VM& vm, const char* format, ...) {
  va_list args;
  va_start(args, format);
  Value r = raise_text(vm, pickle_types(vm).unpickling_error, format, args);
  va_end(args);
  return r;
}

}  // namespace pickle

vm::Value make_pickle(vm::VM& vm) {
  using namespace vm;
  pickle::PickleTypes& types = pickle::pickle_types(vm);
  if (!types.reader) {
    types.reader = pickle::make_reader_type(vm);
    types.writer = pickle::make_writer_type(vm);
  }
  ModuleBuilder m(vm, "_pickle");
  m.type(types.reader).type(types.writer);
  m.constant("PickleError", new_ref(types.error))
      .constant("PicklingError", new_ref(types.pickling_error))
      .constant("UnpicklingError", new_ref(types.unpickling_error));
  m.constant("HIGHEST_PROTOCOL", Value::integer(pickle::kHighestProtocol))
      .constant("DEFAULT_PROTOCOL", Value::integer(pickle::kDefaultProtocol));
  return m.take();
}

}  // namespace tsvm::stdlib
