// The built-in functions, and the module `builtins` that holds them and the built-in types.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "vm/native.h"
#include "vm/text.h"
#include "vm/types/common.h"
#include "vm/types/file.h"
#include "vm/types/init.h"
#include "vm/types/iterators.h"

namespace tsvm::vm {
namespace {

using ir::CompareOp;

// --- text and numbers ------------------------------------------------------------------------------------------------

Value builtin_print(VM& vm, const Value* a) {
  auto* items = as<Tuple>(a[0]);
  auto separator = [&](Value v, const char* name, const char* fallback, std::string& out) {
    if (v.is_none()) {
      out = fallback;
      return true;
    }
    if (!is_str(v)) return fail(vm, vm.types.TypeError, "%s must be None or a string, not %s", name, type_name(vm, v));
    out = std::string(text_of(v));
    return true;
  };
  std::string sep, end;
  if (!separator(a[1], "sep", " ", sep) || !separator(a[2], "end", "\n", end)) return Value::error();
  Ref file = Ref::copy(a[3]);
  if (file->is_none()) {
    file = Ref(standard_stream(vm, 1));
    if (file.is_error()) return Value::error();
    if (file->is_none()) return Value::none();
  }
  std::string text;
  for (uint32_t i = 0; i < items->size; i++) {
    if (i) text += sep;
    if (!str_to(vm, items->items[i], text)) return Value::error();
  }
  text += end;
  if (!write_text(vm, *file, text)) return Value::error();
  int flush = truth(vm, a[4]);
  if (flush < 0) return Value::error();
  if (flush) {
    Ref done(call_method(vm, *file, "flush"));
    if (done.is_error()) return Value::error();
  }
  return Value::none();
}

Value builtin_input(VM& vm, const Value* a) {
  Ref out(standard_stream(vm, 1)), in(standard_stream(vm, 0));
  if (out.is_error() || in.is_error()) return Value::error();
  if (!a[0].is_unbound()) {
    std::string prompt;
    if (!str_to(vm, a[0], prompt) || !write_text(vm, *out, prompt)) return Value::error();
  }
  Ref flushed(call_method(vm, *out, "flush"));
  if (flushed.is_error()) return Value::error();
  Ref line(call_method(vm, *in, "readline"));
  if (line.is_error()) return Value::error();
  if (!is_str(*line)) return raise(vm, vm.types.TypeError, "object.readline() returned non-string");
  std::string_view text = text_of(*line);
  if (text.empty()) return raise(vm, vm.types.EOFError, "EOF when reading a line");
  if (text.back() == '\n') text.remove_suffix(1);
  return make_str(vm, text);
}

Value builtin_format(VM& vm, const Value* a) {
  if (!is_str(a[1]))
    return raise(vm, vm.types.TypeError, "format() argument 2 must be str, not %s", type_name(vm, a[1]));
  return format(vm, a[0], a[1]);
}

/// bin, oct, hex.
Value in_base(VM& vm, Value v, int base, const char* prefix) {
  Ref i(to_index(vm, v));
  if (i.is_error()) return Value::error();
  std::string digits = int_to_text(unbox(*i), base);
  size_t at = digits[0] == '-' ? 1 : 0;
  return make_ascii(vm, digits.insert(at, prefix));
}

Value builtin_chr(VM& vm, const Value* a) {
  int64_t code = 0;
  if (!arg_int(vm, a[0], code)) return Value::error();
  if (code < 0 || code > 0x10ffff) return raise(vm, vm.types.ValueError, "chr() arg not in range(0x110000)");
  return make_char(vm, static_cast<char32_t>(code));
}

Value builtin_ord(VM& vm, const Value* a) {
  size_t length;
  if (is_str(a[0])) {
    length = as<Str>(a[0])->length;
    if (length == 1) {
      std::string_view s = text_of(a[0]);
      auto byte = [&](size_t i) { return static_cast<unsigned char>(s[i]); };
      int64_t c = byte(0);
      if (s.size() == 2) c = (c & 0x1f) << 6 | (byte(1) & 0x3f);
      if (s.size() == 3) c = (c & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
      if (s.size() == 4) c = (c & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f);
      return Value::integer(c);
    }
  } else if (is_bytes_like(a[0])) {
    length = bytes_of(a[0]).size();
    if (length == 1) return Value::integer(static_cast<unsigned char>(bytes_of(a[0])[0]));
  } else {
    return raise(vm, vm.types.TypeError, "ord() expected string of length 1, but %s found", type_name(vm, a[0]));
  }
  return raise(vm, vm.types.TypeError, "ord() expected a character, but string of length %zu found", length);
}

Value builtin_abs(VM& vm, const Value* a) {
  Value v = unbox(a[0]);
  if (v.is_float()) return Value::number(std::fabs(v.d));
  if (v.is_bool()) return Value::integer(v.i);
  if (v.is_int() && v.i != INT64_MIN) return Value::integer(v.i < 0 ? -v.i : v.i);
  Type* type = type_of(vm, a[0]);
  if (!type->slots.absolute) return raise(vm, vm.types.TypeError, "bad operand type for abs(): '%s'", type->name->data);
  return type->slots.absolute(vm, a[0]);
}

Value builtin_round(VM& vm, const Value* a) {
  Ref method(lookup_special(vm, a[0], vm.name("__round__")));
  if (method.is_error()) return Value::error();
  if (method->is_unbound())
    return raise(vm, vm.types.TypeError, "type %s doesn't define __round__ method", type_name(vm, a[0]));
  return a[1].is_none() ? call(vm, *method, std::span<const Value>()) : call(vm, *method, {a[1]});
}

Value builtin_hash(VM& vm, const Value* a) {
  uint64_t h;
  return hash(vm, a[0], h) ? Value::integer(static_cast<int64_t>(h)) : Value::error();
}

Value builtin_id(VM& vm, const Value* a) {
  Value v = a[0];
  // Unboxed values have no address: equal ones share a made-up one.
  if (v.counted()) return make_uint(vm, v.bits);
  return make_uint(vm, (v.bits * 0x9e3779b97f4a7c15ull ^ static_cast<uint64_t>(v.tag) << 4) >> 17 << 4);
}

// --- iteration -------------------------------------------------------------------------------------------------------

Value builtin_len(VM& vm, const Value* a) {
  int64_t n = length(vm, a[0]);
  return n < 0 ? Value::error() : Value::integer(n);
}

Value builtin_iter(VM& vm, const Value* a) {
  if (a[1].is_unbound()) return get_iter(vm, a[0]);
  if (!is_callable(vm, a[0])) return raise(vm, vm.types.TypeError, "iter(v, w): v must be callable");
  return make_callable_iterator(vm, a[0], a[1]);
}

Value builtin_next(VM& vm, const Value* a) {
  Type* type = type_of(vm, a[0]);
  if (!type->slots.next) return raise(vm, vm.types.TypeError, "'%s' object is not an iterator", type->name->data);
  Ref item(iter_next(vm, a[0]));
  if (item.is_error()) {
    if (!a[1].is_unbound() && clear_pending_if(vm, vm.types.StopIteration)) return new_ref(a[1]);
    return Value::error();
  }
  if (!item->is_unbound()) return item.take();
  if (!a[1].is_unbound()) return new_ref(a[1]);
  return raise_stop_iteration(vm, a[0]);
}

Value builtin_sum(VM& vm, const Value* a) {
  if (is_str(a[1])) return raise(vm, vm.types.TypeError, "sum() can't sum strings [use ''.join(seq) instead]");
  if (is_kind(a[1], Kind::Bytes))
    return raise(vm, vm.types.TypeError, "sum() can't sum bytes [use b''.join(seq) instead]");
  if (is_kind(a[1], Kind::ByteArray))
    return raise(vm, vm.types.TypeError, "sum() can't sum bytearray [use b''.join(seq) instead]");
  Ref total = Ref::copy(a[1]);
  bool ok = for_each(vm, a[0], [&](Value item) {
    Value t = *total;
    int64_t sum;
    if (t.is_int() && item.is_int() && !__builtin_add_overflow(t.i, item.i, &sum)) {
      total = Ref(Value::integer(sum));
      return true;
    }
    if (t.is_float() && item.is_float()) {
      total = Ref(Value::number(t.d + item.d));
      return true;
    }
    total = Ref(binary(vm, ir::ArithOp::Add, t, item));
    return !total.is_error();
  });
  return ok ? total.take() : Value::error();
}

Value any_or_all(VM& vm, Value iterable, bool any) {
  bool result = !any, failed = false;
  Ref it(get_iter(vm, iterable));
  if (it.is_error()) return Value::error();
  for (;;) {
    Ref item(iter_next(vm, *it));
    if (item.is_error()) return Value::error();
    if (item->is_unbound()) break;
    int t = truth(vm, *item);
    if (t < 0) failed = true;
    if (failed || (t != 0) == any) {
      result = any;
      break;
    }
  }
  return failed ? Value::error() : Value::boolean(result);
}

/// min and max of an iterable or of several arguments.
Value extreme(VM& vm, const Value* a, const char* name, CompareOp better) {
  auto* args = as<Tuple>(a[0]);
  if (args->size == 0) return raise(vm, vm.types.TypeError, "%s expected at least 1 argument, got 0", name);
  bool single = args->size == 1;
  if (!single && !a[2].is_unbound())
    return raise(vm, vm.types.TypeError, "Cannot specify a default for %s() with multiple positional arguments", name);
  bool has_key = !a[1].is_none();
  Ref best, best_key;
  bool ok = for_each(vm, single ? args->items[0] : a[0], [&](Value item) {
    Ref key = has_key ? Ref(call(vm, a[1], {item})) : Ref::copy(item);
    if (key.is_error()) return false;
    if (!best->is_unbound()) {
      Value x = *key, y = *best_key;
      int is_better;
      if (x.is_int() && y.is_int()) {
        is_better = better == CompareOp::Lt ? x.i < y.i : x.i > y.i;
      } else if (x.is_float() && y.is_float()) {
        is_better = better == CompareOp::Lt ? x.d < y.d : x.d > y.d;
      } else {
        Ref result(compare(vm, better, x, y));
        if (result.is_error()) return false;
        is_better = truth(vm, *result);
        if (is_better < 0) return false;
      }
      if (!is_better) return true;
    }
    best = Ref::copy(item);
    best_key = key;
    return true;
  });
  if (!ok) return Value::error();
  if (!best->is_unbound()) return best.take();
  if (!a[2].is_unbound()) return new_ref(a[2]);
  return raise(vm, vm.types.ValueError, "%s() arg is an empty sequence", name);
}

Value builtin_sorted(VM& vm, const Value* a) {
  Ref list(make_list_from(vm, a[0]));
  if (list.is_error()) return Value::error();
  Value args[] = {a[1], a[2]};
  Str* names[] = {vm.name("key"), vm.name("reverse")};
  Ref done(call_method(vm, *list, vm.name("sort"), args, names));
  return done.is_error() ? Value::error() : list.take();
}

// --- attributes and types
// ----------------------------------------------------------------------------------------------

/// The attribute's name as an interned string; Error when it is no string.
Value attr_name(VM& vm, Value v, const char* function) {
  if (!is_str(v)) return raise(vm, vm.types.TypeError, "%s(): attribute name must be string", function);
  return Value::object(vm.intern(as<Str>(v)));
}

Value builtin_getattr(VM& vm, const Value* a) {
  Ref name(attr_name(vm, a[1], "getattr"));
  if (name.is_error()) return Value::error();
  if (a[2].is_unbound()) return get_attr(vm, a[0], as<Str>(*name));
  Ref value(get_attr_or_unbound(vm, a[0], as<Str>(*name)));
  return value->is_unbound() ? new_ref(a[2]) : value.take();
}

Value builtin_hasattr(VM& vm, const Value* a) {
  Ref name(attr_name(vm, a[1], "hasattr"));
  if (name.is_error()) return Value::error();
  Ref value(get_attr_or_unbound(vm, a[0], as<Str>(*name)));
  return value.is_error() ? Value::error() : Value::boolean(!value->is_unbound());
}

Value set_or_delete(VM& vm, const Value* a, Value value, const char* function) {
  Ref name(attr_name(vm, a[1], function));
  if (name.is_error()) return Value::error();
  return set_attr(vm, a[0], as<Str>(*name), value) ? Value::none() : Value::error();
}

Value builtin_isinstance(VM& vm, const Value* a) {
  int r = is_instance(vm, a[0], a[1]);
  return r < 0 ? Value::error() : Value::boolean(r);
}

Value builtin_issubclass(VM& vm, const Value* a) {
  int r = is_subclass(vm, a[0], a[1]);
  return r < 0 ? Value::error() : Value::boolean(r);
}

Value builtin_vars(VM& vm, const Value* a) {
  if (a[0].is_unbound()) {
    if (!vm.callbacks.current_locals) return raise(vm, vm.types.NotImplementedError, "vars() without an argument");
    return vm.callbacks.current_locals(vm);
  }
  Ref dict(get_attr_or_unbound(vm, a[0], vm.names.dict_));
  if (dict.is_error()) return Value::error();
  if (dict->is_unbound()) return raise(vm, vm.types.TypeError, "vars() argument must have __dict__ attribute");
  return dict.take();
}

Value builtin_dir(VM& vm, const Value* a) {
  Ref names;
  if (a[0].is_unbound()) {
    if (!vm.callbacks.current_locals) return raise(vm, vm.types.NotImplementedError, "dir() without an argument");
    Ref locals(vm.callbacks.current_locals(vm));
    if (locals.is_error()) return Value::error();
    names = Ref(call_method(vm, *locals, "keys"));
  } else {
    Ref method(lookup_special(vm, a[0], vm.name("__dir__")));
    if (method.is_error()) return Value::error();
    if (method->is_unbound()) return raise(vm, vm.types.TypeError, "object does not provide __dir__");
    names = Ref(call(vm, *method, std::span<const Value>()));
  }
  if (names.is_error()) return Value::error();
  Value args[] = {*names, Value::none(), Value::boolean(false)};
  return builtin_sorted(vm, args);
}

Value builtin_globals(VM& vm, const Value*) {
  if (!vm.callbacks.current_globals) return raise(vm, vm.types.NotImplementedError, "globals()");
  return vm.callbacks.current_globals(vm);
}

Value builtin_locals(VM& vm, const Value*) {
  if (!vm.callbacks.current_locals) return raise(vm, vm.types.NotImplementedError, "locals()");
  return vm.callbacks.current_locals(vm);
}

// --- code
// ----------------------------------------------------------------------------------------------------------------

/// A code object from source text, or the one given.
Value code_of(VM& vm, Value source, const char* mode) {
  if (!is_str(source) && !is_bytes_like(source)) return new_ref(source);
  if (!vm.callbacks.compile) return raise(vm, vm.types.NotImplementedError, "compiling source text in this program");
  std::string_view text = is_str(source) ? text_of(source) : bytes_of(source);
  if (std::string_view(mode) == "eval")
    while (!text.empty() && (text[0] == ' ' || text[0] == '\t')) text.remove_prefix(1);
  return vm.callbacks.compile(vm, text, "<string>", mode);
}

Value run(VM& vm, const Value* a, const char* mode) {
  if (!vm.callbacks.run_code) return raise(vm, vm.types.NotImplementedError, "running source text in this program");
  Ref globals = Ref::copy(a[1]), locals = Ref::copy(a[2]);
  if (globals->is_none()) {
    globals = Ref(vm.callbacks.current_globals(vm));
    if (locals->is_none()) {
      locals = Ref(vm.callbacks.current_locals(vm));
      // Called as a value (map(eval, texts), type=eval) from a function: whose variables its text can hardly mean.
      if (locals.is_error() && clear_pending_if(vm, vm.types.NotImplementedError)) locals = Ref(make_dict(vm));
    }
  } else if (!is_kind(*globals, Kind::Dict)) {
    return raise(vm, vm.types.TypeError, "globals must be a dict");
  }
  if (locals->is_none()) locals = globals;
  if (globals.is_error() || locals.is_error()) return Value::error();
  Ref code(code_of(vm, a[0], mode));
  if (code.is_error()) return Value::error();
  return vm.callbacks.run_code(vm, *code, *globals, *locals);
}

Value builtin_compile(VM& vm, const Value* a) {
  if (!vm.callbacks.compile) return raise(vm, vm.types.NotImplementedError, "compile()");
  std::string_view source, filename, mode;
  if (is_bytes_like(a[0]))
    source = bytes_of(a[0]);
  else if (!arg_str(vm, a[0], "compile() arg 1", source))
    return Value::error();
  if (!arg_str(vm, a[1], "compile() arg 2", filename) || !arg_str(vm, a[2], "compile() arg 3", mode))
    return Value::error();
  if (mode != "exec" && mode != "eval" && mode != "single")
    return raise(vm, vm.types.ValueError, "compile() mode must be 'exec', 'eval' or 'single'");
  return vm.callbacks.compile(vm, source, filename, mode);
}

Value builtin_import(VM& vm, const Value* a) {
  if (!vm.callbacks.import) return raise(vm, vm.types.ImportError, "this program has no import system");
  int64_t level = 0;
  if (!arg_int(vm, a[4], level)) return Value::error();
  return vm.callbacks.import(vm, a[0], a[1], a[2], a[3], level);
}

const NativeDef kFunctions[] = {
    {"print(*args, sep=None, end=None, file=None, flush=False)", builtin_print,
     "Prints the values to a stream, or to sys.stdout by default."},
    {"input(prompt=..., /)", builtin_input, "Reads a line from standard input."},
    {"format(value, format_spec='', /)", builtin_format},
    {"ascii(obj, /)", [](VM& vm, const Value* a) { return ascii(vm, a[0]); }},
    {"repr(obj, /)", [](VM& vm, const Value* a) { return repr(vm, a[0]); }},
    {"bin(number, /)", [](VM& vm, const Value* a) { return in_base(vm, a[0], 2, "0b"); }},
    {"oct(number, /)", [](VM& vm, const Value* a) { return in_base(vm, a[0], 8, "0o"); }},
    {"hex(number, /)", [](VM& vm, const Value* a) { return in_base(vm, a[0], 16, "0x"); }},
    {"chr(i, /)", builtin_chr},
    {"ord(c, /)", builtin_ord},
    {"abs(x, /)", builtin_abs},
    {"round(number, ndigits=None)", builtin_round},
    {"divmod(x, y, /)", [](VM& vm, const Value* a) { return divmod(vm, a[0], a[1]); }},
    {"pow(base, exp, mod=None)", [](VM& vm, const Value* a) { return power(vm, a[0], a[1], a[2]); }},
    {"hash(obj, /)", builtin_hash},
    {"id(obj, /)", builtin_id},
    {"len(obj, /)", builtin_len},
    {"iter(object, sentinel=..., /)", builtin_iter},
    {"next(iterator, default=..., /)", builtin_next},
    {"sum(iterable, /, start=0)", builtin_sum},
    {"any(iterable, /)", [](VM& vm, const Value* a) { return any_or_all(vm, a[0], true); }},
    {"all(iterable, /)", [](VM& vm, const Value* a) { return any_or_all(vm, a[0], false); }},
    {"min(*args, key=None, default=...)", [](VM& vm, const Value* a) { return extreme(vm, a, "min", CompareOp::Lt); }},
    {"max(*args, key=None, default=...)", [](VM& vm, const Value* a) { return extreme(vm, a, "max", CompareOp::Gt); }},
    {"sorted(iterable, /, *, key=None, reverse=False)", builtin_sorted},
    {"callable(obj, /)", [](VM& vm, const Value* a) { return Value::boolean(is_callable(vm, a[0])); }},
    {"getattr(object, name, default=..., /)", builtin_getattr},
    {"hasattr(obj, name, /)", builtin_hasattr},
    {"setattr(obj, name, value, /)", [](VM& vm, const Value* a) { return set_or_delete(vm, a, a[2], "setattr"); }},
    {"delattr(obj, name, /)", [](VM& vm, const Value* a) { return set_or_delete(vm, a, Value::unbound(), "delattr"); }},
    {"isinstance(obj, class_or_tuple, /)", builtin_isinstance},
    {"issubclass(cls, class_or_tuple, /)", builtin_issubclass},
    {"vars(object=..., /)", builtin_vars},
    {"dir(object=..., /)", builtin_dir},
    {"globals()", builtin_globals},
    {"locals()", builtin_locals},
    {"eval(source, globals=None, locals=None, /)", [](VM& vm, const Value* a) { return run(vm, a, "eval"); }},
    {"exec(source, globals=None, locals=None, /)",
     [](VM& vm, const Value* a) {
       Ref result(run(vm, a, "exec"));
       return result.is_error() ? Value::error() : Value::none();
     }},
    {"compile(source, filename, mode, flags=0, dont_inherit=False, optimize=-1)", builtin_compile},
    {"__import__(name, globals=None, locals=None, fromlist=(), level=0)", builtin_import},
    {"open(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)",
     open_file, "Opens a file and gives a stream."},
};

}  // namespace

void init_builtins(VM& vm) {
  for (const NativeDef& def : kFunctions) {
    Ref module(make_ascii(vm, "builtins"));
    Ref function(make_native_function(vm, &def, *module));
    dict_set(vm, vm.builtins, as<NativeFunction>(*function)->name->view(), *function);
  }
  auto put = [&](Type* type) { dict_set(vm, vm.builtins, type->name->view(), Value::object(type)); };
  for (Type* type :
       {vm.types.object,    vm.types.type,     vm.types.int_,         vm.types.bool_,       vm.types.float_,
        vm.types.complex,   vm.types.str,      vm.types.bytes,        vm.types.bytearray,   vm.types.tuple,
        vm.types.list,      vm.types.dict,     vm.types.set,          vm.types.frozenset,   vm.types.range,
        vm.types.slice,     vm.types.property, vm.types.staticmethod, vm.types.classmethod, vm.types.super,
        vm.types.enumerate, vm.types.zip,      vm.types.map,          vm.types.filter,      vm.types.reversed})
    put(type);
#define EXCEPTION(name, base, fields) put(vm.types.name);
#include "vm/exceptions.def"
  dict_set(vm, vm.builtins, "EnvironmentError", Value::object(vm.types.OSError));
  dict_set(vm, vm.builtins, "IOError", Value::object(vm.types.OSError));
  dict_set(vm, vm.builtins, "NotImplemented", Value::not_implemented());
  dict_set(vm, vm.builtins, "Ellipsis", Value::ellipsis());
  dict_set(vm, vm.builtins, "__debug__", Value::boolean(true));
}

}  // namespace tsvm::vm
