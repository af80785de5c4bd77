// exit, quit and help: what the prompt's users type, and scripts call.
#include "stdlib/native/site.h"

#include "vm/make.h"
#include "vm/native.h"
#include "vm/runtime.h"

namespace tsvm::stdlib {

namespace {

using namespace tsvm::vm;

struct Quitter : Object {
  const char* word;
};

Value quitter_repr(VM& vm, Value self) {
  return make_str(vm, std::string("Use ") + static_cast<Quitter*>(self.o)->word + "() or Ctrl-D (i.e. EOF) to exit");
}

Value quitter_call(VM& vm, Value, std::span<const Value> args, std::span<Str* const> keywords) {
  bool by_name = keywords.size() == 1 && keywords[0]->view() == "code";
  if (args.size() > 1 || keywords.size() > (by_name ? 1 : 0))
    return raise(vm, vm.types.TypeError, "exit() takes at most one argument");
  Ref e(make_exception(vm, vm.types.SystemExit, args));
  return raise_value(vm, *e);
}

const NativeDef kHelp = {"help(*args)",
                         [](VM& vm, const Value* a) {
                           Ref module(vm.callbacks.import_module(vm, "pydoc"));
                           if (module.is_error()) return Value::error();
                           return call_method(vm, *module, "help", as<Tuple>(a[0])->span());
                         },
                         "Shows the signature and the docstring of an object."};

}  // namespace

void add_exit_functions(VM& vm) {
  Type* t = new_type(vm, "Quitter", "_sitebuiltins", vm.types.object, Kind::Native, sizeof(Quitter));
  t->is_final = true;
  t->slots.repr = quitter_repr;
  t->slots.call = quitter_call;
  finish_type(vm, t);
  Ref builtins_name(make_str(vm, "builtins")), help(make_native_function(vm, &kHelp, *builtins_name));
  dict_set(vm, vm.builtins, "help", *help);
  for (const char* word : {"exit", "quit"}) {
    auto* q = allocate_object<Quitter>(vm, t, Kind::Native);
    q->word = word;
    Ref value(Value::object(q));
    dict_set(vm, vm.builtins, word, *value);
  }
}

}  // namespace tsvm::stdlib
