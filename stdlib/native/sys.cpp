// `sys`: the interpreter as programs see it.
#include <cfloat>
#include <cstdlib>
#include <string>

#include "stdlib/native/modules.h"
#include "vm/interpreter.h"
#include "vm/native.h"
#include "vm/tables.h"
#include "vm/threads.h"
#include "vm/types/file.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

Value sys_exit(VM& vm, const Value* a) {
  Value args[] = {a[0]};
  Ref e(make_exception(vm, vm.types.SystemExit,
                       a[0].is_none() ? std::span<const Value>() : std::span<const Value>(args)));
  return raise_value(vm, *e);
}

Value sys_exc_info(VM& vm, const Value*) {
  if (!is_kind(vm.handled, Kind::Exception)) return make_tuple(vm, {Value::none(), Value::none(), Value::none()});
  return make_tuple(vm, {Value::object(vm.handled.o->type), vm.handled, as<Exception>(vm.handled)->traceback});
}

Value sys_getframe(VM& vm, const Value* a) {
  int64_t depth;
  if (!arg_int(vm, a[0], depth)) return Value::error();
  Frame* f = vm.frame;
  for (; f && depth > 0; depth--) f = f->previous;
  if (!f) return raise(vm, vm.types.ValueError, "call stack is not deep enough");
  return make_frame_object(vm, f);
}

Value sys_setrecursionlimit(VM& vm, const Value* a) {
  int64_t n;
  if (!arg_int(vm, a[0], n)) return Value::error();
  if (n < 1) return raise(vm, vm.types.ValueError, "recursion limit must be greater or equal than 1");
  if (n <= vm.depth)
    return raise(vm, vm.types.RecursionError,
                 "cannot set the recursion limit to %lld at the recursion depth %d: the limit is too low",
                 static_cast<long long>(n), vm.depth);
  vm.recursion_limit = static_cast<int32_t>(std::min<int64_t>(n, INT32_MAX));
  return Value::none();
}

Value sys_intern(VM& vm, const Value* a) {
  if (!is_str(a[0]))
    return raise(vm, vm.types.TypeError, "intern() argument must be str, not %s", type_of(vm, a[0])->name->data);
  return Value::object(vm.intern(as<Str>(a[0])));
}

Value sys_getsizeof(VM&, const Value* a) {
  if (!a[0].is_object()) return Value::integer(28);
  Type* t = a[0].o->type;
  return Value::integer(static_cast<int64_t>(t->slots.size_of ? t->slots.size_of(a[0].o) : t->instance_size));
}

Value sys_getrefcount(VM&, const Value* a) { return Value::integer(a[0].is_object() ? a[0].o->refs + 1 : 1); }

Value sys_displayhook(VM& vm, const Value* a) {
  if (a[0].is_none()) return Value::none();
  std::string text;
  if (!repr_to(vm, a[0], text)) return Value::error();
  Ref out(standard_stream(vm, 1));
  if (out.is_error() || !write_text(vm, *out, text + "\n")) return Value::error();
  dict_set(vm, vm.builtins, "_", a[0]);
  return Value::none();
}

Value strings(VM& vm, const std::vector<std::string>& texts) {
  Ref list(make_list(vm));
  for (const std::string& text : texts) {
    Ref s(make_str(vm, text));
    list_append(vm, as<List>(*list), *s);
  }
  return list.take();
}

/// An instance of a new class with these attributes, in order, printing like a struct sequence.
Value record(VM& vm, const char* name, std::initializer_list<std::pair<const char*, Value>> fields) {
  Ref names(make_list(vm)), values(make_list(vm));
  for (auto& [field, value] : fields) {
    Ref text(make_ascii(vm, field)), owned(value);
    list_append(vm, as<List>(*names), *text);
    list_append(vm, as<List>(*values), *owned);
  }
  Ref type_name(make_ascii(vm, name));
  Ref module(vm.callbacks.import_module ? vm.callbacks.import_module(vm, "_record") : Value::error());
  if (module.is_error()) return Value::error();
  Ref make(get_attr(vm, *module, vm.name("record")));
  return make.is_error() ? Value::error() : call(vm, *make, {*type_name, *names, *values});
}

/// The module's __getattr__: records that programs rarely read are made when they are first asked for.
Value make_record(VM& vm, std::string_view name) {
  if (name == "version_info")
    return record(vm, "sys.version_info",
                  {{"major", Value::integer(3)},
                   {"minor", Value::integer(11)},
                   {"micro", Value::integer(2)},
                   {"releaselevel", make_ascii(vm, "final")},
                   {"serial", Value::integer(0)}});
  if (name == "float_info")
    return record(vm, "sys.float_info",
                  {{"max", Value::number(DBL_MAX)},
                   {"max_exp", Value::integer(DBL_MAX_EXP)},
                   {"max_10_exp", Value::integer(DBL_MAX_10_EXP)},
                   {"min", Value::number(DBL_MIN)},
                   {"min_exp", Value::integer(DBL_MIN_EXP)},
                   {"min_10_exp", Value::integer(DBL_MIN_10_EXP)},
                   {"dig", Value::integer(DBL_DIG)},
                   {"mant_dig", Value::integer(DBL_MANT_DIG)},
                   {"epsilon", Value::number(DBL_EPSILON)},
                   {"radix", Value::integer(2)},
                   {"rounds", Value::integer(1)}});
  if (name == "int_info")
    return record(vm, "sys.int_info",
                  {{"bits_per_digit", Value::integer(64)},
                   {"sizeof_digit", Value::integer(8)},
                   {"default_max_str_digits", Value::integer(4300)},
                   {"str_digits_check_threshold", Value::integer(640)}});
  if (name == "hash_info")
    return record(vm, "sys.hash_info",
                  {{"width", Value::integer(64)},
                   {"modulus", Value::integer((int64_t{1} << 61) - 1)},
                   {"inf", Value::integer(314159)},
                   {"nan", Value::integer(0)},
                   {"imag", Value::integer(1000003)}});
  if (name == "implementation")
    return record(vm, "types.SimpleNamespace",
                  {{"name", make_ascii(vm, "tsvm")},
                   {"version", make_ascii(vm, "3.11.2")},
                   {"cache_tag", Value::none()},
                   {"hexversion", Value::integer(0x030b02f0)}});
  if (name == "orig_argv") {
    std::vector<std::string> all{vm.options.executable};
    all.insert(all.end(), vm.options.argv.begin(), vm.options.argv.end());
    return strings(vm, all);
  }
  if (name == "thread_info")
    return record(
        vm, "sys.thread_info",
        {{"name", make_ascii(vm, "pthread")}, {"lock", make_ascii(vm, "semaphore")}, {"version", Value::none()}});
  if (name == "flags")
    return record(vm, "sys.flags",
                  {{"debug", Value::integer(0)},
                   {"inspect", Value::integer(0)},
                   {"interactive", Value::integer(0)},
                   {"optimize", Value::integer(0)},
                   {"dont_write_bytecode", Value::integer(1)},
                   {"no_user_site", Value::integer(0)},
                   {"no_site", Value::integer(0)},
                   {"ignore_environment", Value::integer(0)},
                   {"verbose", Value::integer(0)},
                   {"bytes_warning", Value::integer(0)},
                   {"quiet", Value::integer(0)},
                   {"hash_randomization", Value::integer(0)},
                   {"isolated", Value::integer(0)},
                   {"dev_mode", Value::boolean(false)},
                   {"utf8_mode", Value::integer(1)}});
  if (!name.starts_with("__") || name == "__excepthook__" || name == "__displayhook__") {
    Ref more(vm.callbacks.import_module ? vm.callbacks.import_module(vm, "_sys") : Value::error());
    if (more.is_error()) return Value::error();
    if (Value v = dict_get_borrow(as<Module>(*more)->dict, vm.name(name)); !v.is_unbound()) return new_ref(v);
  }
  return raise(vm, vm.types.AttributeError, "module 'sys' has no attribute '%.*s'", static_cast<int>(name.size()),
               name.data());
}

/// Asked once: the answer becomes an ordinary attribute.
Value sys_getattr(VM& vm, const Value* a) {
  Ref value(make_record(vm, text_of(a[0])));
  Value sys = dict_get_borrow(vm.modules, vm.name("sys"));
  if (!value.is_error() && is_kind(sys, Kind::Module)) dict_set(vm, as<Module>(sys)->dict, as<Str>(a[0]), *value);
  return value.take();
}

const NativeDef kFunctions[] = {
    {"exit(status=None, /)", sys_exit, "Ends the program by raising SystemExit."},
    {"exc_info()", sys_exc_info},
    {"_getframe(depth=0, /)", sys_getframe},
    {"exception()", [](VM& vm, const Value*) { return new_ref(vm.handled); }},
    {"getrecursionlimit()", [](VM& vm, const Value*) { return Value::integer(vm.recursion_limit); }},
    {"setrecursionlimit(limit, /)", sys_setrecursionlimit},
    {"getswitchinterval()", [](VM& vm, const Value*) { return Value::number(switch_interval(vm)); }},
    {"setswitchinterval(interval, /)",
     [](VM& vm, const Value* a) {
       double seconds;
       if (!arg_double(vm, a[0], seconds)) return Value::error();
       if (!(seconds > 0)) return raise(vm, vm.types.ValueError, "switch interval must be strictly positive");
       set_switch_interval(vm, seconds);
       return Value::none();
     }},
    {"intern(string, /)", sys_intern},
    {"getsizeof(object, default=..., /)", sys_getsizeof},
    {"getrefcount(object, /)", sys_getrefcount},
    {"getdefaultencoding()", [](VM& vm, const Value*) { return make_ascii(vm, "utf-8"); }},
    {"getfilesystemencoding()", [](VM& vm, const Value*) { return make_ascii(vm, "utf-8"); }},
    {"displayhook(object, /)", sys_displayhook},
    {"__getattr__(name, /)", sys_getattr},
    {"get_int_max_str_digits()", [](VM& vm, const Value*) { return Value::integer(vm.tables->int_max_str_digits); }},
    {"set_int_max_str_digits(maxdigits)",
     [](VM& vm, const Value* a) {
       int64_t n;
       if (!arg_int(vm, a[0], n)) return Value::error();
       if (n != 0 && n < 640) return raise(vm, vm.types.ValueError, "maxdigits must be 0 or larger than 640");
       vm.tables->int_max_str_digits = n;
       return Value::none();
     }},
    {"is_finalizing()", [](VM&, const Value*) { return Value::boolean(false); }},
};

}  // namespace

Value make_sys(VM& vm) {
  ModuleBuilder m(vm, "sys");
  m.functions(kFunctions)
      .constant("argv", strings(vm, vm.options.argv))
      .constant("path", strings(vm, vm.options.module_path))
      .constant("modules", new_ref(Value::object(vm.modules)))
      .constant("meta_path", make_list(vm))
      .constant("path_hooks", make_list(vm))
      .constant("executable", make_str(vm, vm.options.executable))
      .constant("prefix", make_ascii(vm, "/usr"))
      .constant("exec_prefix", make_ascii(vm, "/usr"))
      .constant("base_prefix", make_ascii(vm, "/usr"))
      .constant("platform", make_ascii(vm, "linux"))
      .constant("byteorder", make_ascii(vm, "little"))
      .constant("maxsize", Value::integer(INT64_MAX))
      .constant("maxunicode", Value::integer(0x10ffff))
      .constant("version", make_ascii(vm, "3.11.2 (tsvm)"))
      .constant("hexversion", Value::integer(0x030b02f0))
      .constant("api_version", Value::integer(1013))
      .constant("copyright", make_ascii(vm, "the tsvm authors"))
      .constant("dont_write_bytecode", Value::boolean(true))
      .constant("ps1", make_ascii(vm, ">>> "))
      .constant("ps2", make_ascii(vm, "... "))
      .constant("stdin", original_stream(vm, 0))
      .constant("stdout", original_stream(vm, 1))
      .constant("stderr", original_stream(vm, 2))
      .constant("__stdin__", original_stream(vm, 0))
      .constant("__stdout__", original_stream(vm, 1))
      .constant("__stderr__", original_stream(vm, 2));
  return m.take();
}

}  // namespace tsvm::stdlib
