// `_traceback`: what the language's traceback module cannot do itself, the texts of exceptions and their places.
#include "vm/traceback.h"

#include "stdlib/native/modules.h"
#include "vm/interpreter.h"
#include "vm/native.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

bool check_exception(VM& vm, Value v) {
  return is_kind(v, Kind::Exception) ||
         fail(vm, vm.types.TypeError, "Exception expected for value, %s found", type_of(vm, v)->name->data);
}
bool check_traceback(VM& vm, Value v) {
  return v.is_none() || type_of(vm, v) == vm.types.traceback ||
         fail(vm, vm.types.TypeError, "traceback expected, %s found", type_of(vm, v)->name->data);
}

Value exception_text(VM& vm, const Value* a) {
  return check_exception(vm, a[0]) ? make_str(vm, format_exception(vm, a[0])) : Value::error();
}

Value last_lines(VM& vm, const Value* a) {
  return check_exception(vm, a[0]) ? make_str(vm, format_exception_only(vm, a[0])) : Value::error();
}

Value traceback_text(VM& vm, const Value* a) {
  return check_traceback(vm, a[0]) ? make_str(vm, format_traceback(vm, a[0])) : Value::error();
}

// (file, line, function, text) of each entry.
Value places(VM& vm, const Value* a) {
  if (!check_traceback(vm, a[0])) return Value::error();
  Ref list(make_list(vm));
  for (Value at = a[0]; !at.is_none(); at = as<Traceback>(at)->next) {
    TracebackPlace p = place_of(*as<Traceback>(at));
    Ref file(make_str(vm, p.file)), function(make_str(vm, p.function)), text(make_str(vm, p.text));
    Ref item(vm::make_tuple(vm, {*file, Value::integer(p.line), *function, *text}));
    list_append(vm, as<List>(*list), *item);
  }
  return list.take();
}

// The same of the running frames, the outermost first.
Value stack(VM& vm, const Value*) {
  std::vector<Frame*> frames;
  for (Frame* f = vm.frame; f; f = f->previous) frames.push_back(f);
  Ref list(make_list(vm));
  while (!frames.empty()) {
    Traceback entry;
    entry.state = frames.back()->state;
    entry.pc = frames.back()->pc_index();
    frames.pop_back();
    TracebackPlace p = place_of(entry);
    Ref file(make_str(vm, p.file)), function(make_str(vm, p.function)), text(make_str(vm, p.text));
    Ref item(vm::make_tuple(vm, {*file, Value::integer(p.line), *function, *text}));
    list_append(vm, as<List>(*list), *item);
  }
  return list.take();
}

const NativeDef kFunctions[] = {
    {"exception_text(exc, /)", exception_text},
    {"last_lines(exc, /)", last_lines},
    {"traceback_text(tb, /)", traceback_text},
    {"places(tb, /)", places},
    {"stack()", stack},
};

}  // namespace

Value make_traceback(VM& vm) {
  ModuleBuilder m(vm, "_traceback");
  m.functions(kFunctions);
  return m.take();
}

}  // namespace tsvm::stdlib
