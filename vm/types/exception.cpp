// Exceptions: one layout for all classes (Exception in vm/object.h); what the built-in ones keep beyond their arguments
// are the extra fields of vm/exceptions.def.
//
// __new__ stores the arguments, __init__ distributes them to the fields. Classes of the language inherit both.
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "vm/native.h"
#include "vm/types/common.h"
#include "vm/types/init.h"
#include "vm/types/type.h"

namespace tsvm::vm {
namespace {

Exception* exception_of(Value v) { return as<Exception>(v); }

/// The members of a group that is to be made from these arguments, as a tuple. A BaseExceptionGroup of nothing but
/// Exceptions becomes an ExceptionGroup.
Value check_group(VM& vm, Type*& type, std::span<const Value> args) {
  if (args.size() != 2)
    return raise(vm, vm.types.TypeError, "BaseExceptionGroup.__new__() takes exactly 2 arguments (%zu given)",
                 args.size());
  if (!is_str(args[0]))
    return raise(vm, vm.types.TypeError, "BaseExceptionGroup.__new__() argument 1 must be str, not %s",
                 type_name(vm, args[0]));
  if (!is_kind(args[1], Kind::List) && !is_kind(args[1], Kind::Tuple) &&
      lookup_special_borrow(vm, args[1], vm.names.getitem).is_unbound())
    return raise(vm, vm.types.TypeError, "second argument (exceptions) must be a sequence");
  Ref members(make_tuple_from(vm, args[1]));
  if (members.is_error()) return Value::error();
  auto* t = as<Tuple>(*members);
  if (t->size == 0) return raise(vm, vm.types.ValueError, "second argument (exceptions) must be a non-empty sequence");
  bool base = false;
  for (uint32_t i = 0; i < t->size; i++) {
    if (!is_kind(t->items[i], Kind::Exception))
      return raise(vm, vm.types.ValueError, "Item %u of second argument (exceptions) is not an exception", i);
    base |= !is_subtype(t->items[i].o->type, vm.types.Exception);
  }
  if (!base && type == vm.types.BaseExceptionGroup) type = vm.types.ExceptionGroup;
  if (base && type == vm.types.ExceptionGroup)
    return raise(vm, vm.types.TypeError, "Cannot nest BaseExceptions in an ExceptionGroup");
  if (base && is_subtype(type, vm.types.Exception))
    return raise(vm, vm.types.TypeError, "Cannot nest BaseExceptions in '%s'", type->name->data);
  return members.take();
}

struct FieldNames {
  Type* type;
  std::vector<std::string> names;
};

/// The fields of every built-in class; "=" repeats its base's.
struct ExceptionTables : Extension {
  std::vector<FieldNames> classes;
  std::vector<std::unique_ptr<std::vector<GetSetDef>>> own;  // what the classes' descriptors point to

  const std::vector<std::string>& fields_of(const Type* type) const {
    static const std::vector<std::string> none;
    for (Type* base : type->mro)
      for (const FieldNames& f : classes)
        if (f.type == base) return f.names;
    return none;
  }
};

size_t plain_size(size_t fields) {
  return std::max(offsetof(Exception, extra) + fields * sizeof(Value), sizeof(Exception));
}

/// Where the attributes of an exception begin: behind its extra fields.
size_t size_of(const Object* o) {
  return plain_size(static_cast<const Exception*>(o)->extra_count) + sizeof(Attributes);
}

Exception* allocate(VM& vm, Type* type) {
  size_t fields = vm.extension<ExceptionTables>().fields_of(type).size();
  size_t size = plain_size(fields) + sizeof(Attributes);
  auto* e = new (vm.heap.allocate(size)) Exception();
  e->kind = Kind::Exception;
  e->type = type;
  e->refs = 1;
  e->flags = 0;
  if (type->is_heap) type->refs++;
  vm.heap.count_object(1);
  e->cause = e->context = e->traceback = Value::none();
  e->extra_count = static_cast<uint8_t>(fields);
  for (size_t i = 0; i < fields; i++) new (&e->extra[i]) Value();
  auto* a = new (reinterpret_cast<char*>(e) + plain_size(fields)) Attributes();
  a->shape = root_shape(vm, type);
  vm.heap.track(e);
  return e;
}

void dealloc(VM&, Object* o) {
  auto* e = static_cast<Exception*>(o);
  for (Value v : {e->args, e->cause, e->context, e->traceback}) release(v);
  for (uint8_t i = 0; i < e->extra_count; i++) release(e->extra[i]);
}

void traverse(Object* o, void (*visit)(Value, void*), void* context) {
  auto* e = static_cast<Exception*>(o);
  for (Value v : {e->args, e->cause, e->context, e->traceback}) visit(v, context);
  for (uint8_t i = 0; i < e->extra_count; i++) visit(e->extra[i], context);
}

void clear(VM&, Object* o) {
  auto* e = static_cast<Exception*>(o);
  for (Value* v : {&e->cause, &e->context, &e->traceback}) {
    Ref drop(*v);
    *v = Value::none();
  }
  for (uint8_t i = 0; i < e->extra_count; i++) {
    Ref drop(e->extra[i]);
    e->extra[i] = Value();
  }
}

int field_index(VM& vm, const Exception* e, std::string_view name) {
  const auto& names = vm.extension<ExceptionTables>().fields_of(e->type);
  for (size_t i = 0; i < names.size(); i++)
    if (names[i] == name) return static_cast<int>(i);
  return -1;
}

void set_field(VM& vm, Exception* e, std::string_view name, Value value) {
  int i = field_index(vm, e, name);
  if (i < 0) return;
  Ref drop(e->extra[i]);
  e->extra[i] = new_ref(value);
}

Value get_field_borrow(VM& vm, Exception* e, std::string_view name) {
  int i = field_index(vm, e, name);
  return i < 0 ? Value::unbound() : e->extra[i];
}

/// OSError(errno, ...) makes the subclass that the number stands for.
Type* os_error_class(VM& vm, Type* type, std::span<const Value> args) {
  if (type != vm.types.OSError || args.size() < 2 || !args[0].is_int()) return type;
  switch (args[0].i) {
    case EAGAIN:
    case EALREADY:
    case EINPROGRESS: return vm.types.BlockingIOError;
    case EPIPE:
    case ESHUTDOWN: return vm.types.BrokenPipeError;
    case ECHILD: return vm.types.ChildProcessError;
    case ECONNABORTED: return vm.types.ConnectionAbortedError;
    case ECONNREFUSED: return vm.types.ConnectionRefusedError;
    case ECONNRESET: return vm.types.ConnectionResetError;
    case EEXIST: return vm.types.FileExistsError;
    case ENOENT: return vm.types.FileNotFoundError;
    case EISDIR: return vm.types.IsADirectoryError;
    case ENOTDIR: return vm.types.NotADirectoryError;
    case EINTR: return vm.types.InterruptedError;
    case EACCES:
    case EPERM: return vm.types.PermissionError;
    case ESRCH: return vm.types.ProcessLookupError;
    case ETIMEDOUT: return vm.types.TimeoutError;
    default: return type;
  }
}

Value create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  std::span<const Value> positional = args.first(args.size() - keywords.size());
  Ref members;
  if (is_subtype(type, vm.types.BaseExceptionGroup)) {
    members = Ref(check_group(vm, type, positional));
    if (members.is_error()) return Value::error();
  }
  Exception* e = allocate(vm, os_error_class(vm, type, positional));
  e->args = make_tuple(vm, positional);
  Ref self(Value::object(e));
  if (!members->is_unbound()) {
    set_field(vm, e, "message", positional[0]);
    set_field(vm, e, "exceptions", *members);
  }
  if (is_subtype(type, vm.types.OSError) && positional.size() >= 2 && positional.size() <= 5) {
    set_field(vm, e, "errno", positional[0]);
    set_field(vm, e, "strerror", positional[1]);
    if (positional.size() >= 3 && !positional[2].is_none()) {
      set_field(vm, e, "filename", positional[2]);
      if (positional.size() >= 5) set_field(vm, e, "filename2", positional[4]);
      Ref drop(e->args);
      e->args = make_tuple(vm, positional.first(2));
    }
  }
  return self.take();
}

bool init(VM& vm, Value self, std::span<const Value> args, std::span<Str* const> keywords) {
  Exception* e = exception_of(self);
  size_t n = args.size() - keywords.size();
  std::span<const Value> positional = args.first(n);
  Type* t = e->type;
  bool takes_keywords = is_subtype(t, vm.types.ImportError) || is_subtype(t, vm.types.NameError) ||
                        is_subtype(t, vm.types.AttributeError);
  for (size_t i = 0; i < keywords.size(); i++) {
    std::string_view name = keywords[i]->view();
    if (!takes_keywords || name == "msg" || field_index(vm, e, name) < 0) {
      if (!takes_keywords) return fail(vm, vm.types.TypeError, "%s() takes no keyword arguments", t->name->data);
      return fail(vm, vm.types.TypeError, "'%s' is an invalid keyword argument for %s", keywords[i]->data,
                  t->name->data);
    }
    set_field(vm, e, name, args[n + i]);
  }
  if (!is_subtype(t, vm.types.OSError) || n < 2) {
    Ref drop(e->args);
    e->args = make_tuple(vm, positional);
  }
  if (is_subtype(t, vm.types.StopIteration)) set_field(vm, e, "value", n ? positional[0] : Value::none());
  if (is_subtype(t, vm.types.SystemExit)) {
    if (n == 1) set_field(vm, e, "code", positional[0]);
    if (n > 1) set_field(vm, e, "code", e->args);
  }
  if (is_subtype(t, vm.types.ImportError) && n == 1) set_field(vm, e, "msg", positional[0]);
  if (is_subtype(t, vm.types.SyntaxError) && n >= 1) {
    set_field(vm, e, "msg", positional[0]);
    if (n == 2) {
      Ref place(make_tuple_from(vm, positional[1]));
      if (place.is_error()) return false;
      static const char* const kPlace[] = {"filename", "lineno", "offset", "text", "end_lineno", "end_offset"};
      auto* items = as<Tuple>(*place);
      for (uint32_t i = 0; i < items->size && i < 6; i++) set_field(vm, e, kPlace[i], items->items[i]);
    }
  }
  bool decode = is_subtype(t, vm.types.UnicodeDecodeError), encode = is_subtype(t, vm.types.UnicodeEncodeError);
  bool translate = is_subtype(t, vm.types.UnicodeTranslateError);
  if (decode || encode || translate) {
    size_t want = translate ? 4 : 5;
    if (n != want) return fail(vm, vm.types.TypeError, "function takes exactly %zu arguments (%zu given)", want, n);
    for (size_t i = 0; i < want; i++) {
      Ref drop(e->extra[i]);
      e->extra[i] = new_ref(positional[i]);
    }
  }
  return true;
}

std::string hex_of(unsigned char c) {
  char text[8];
  std::snprintf(text, sizeof text, "0x%02x", c);
  return text;
}

Value unicode_text(VM& vm, Exception* e) {
  auto field = [&](const char* name) { return get_field_borrow(vm, e, name); };
  std::string encoding, reason;
  if (!str_to(vm, field("reason"), reason)) return Value::error();
  if (Value v = field("encoding"); is_str(v)) encoding = std::string(text_of(v));
  int64_t start = field("start").is_int() ? field("start").i : 0, end = field("end").is_int() ? field("end").i : 0;
  Value object = field("object");
  if (is_subtype(e->type, vm.types.UnicodeDecodeError)) {
    if (end == start + 1 && is_bytes_like(object) && start >= 0 &&
        start < static_cast<int64_t>(bytes_of(object).size()))
      return make_str(vm, "'" + encoding + "' codec can't decode byte " +
                              hex_of(static_cast<unsigned char>(bytes_of(object)[static_cast<size_t>(start)])) +
                              " in position " + std::to_string(start) + ": " + reason);
    return make_str(vm, "'" + encoding + "' codec can't decode bytes in position " + std::to_string(start) + "-" +
                            std::to_string(end - 1) + ": " + reason);
  }
  std::string verb =
      is_subtype(e->type, vm.types.UnicodeEncodeError) ? "'" + encoding + "' codec can't encode" : "can't translate";
  if (end == start + 1 && is_str(object) && start >= 0 && start < as<Str>(object)->length) {
    Ref c(get_item(vm, object, Value::integer(start)));
    Ref code(call(vm, dict_get_borrow(vm.builtins, vm.name("ord")), {*c}));
    char text[16];
    std::snprintf(text, sizeof text,
                  code->i < 0x100     ? "\\x%02x"
                  : code->i < 0x10000 ? "\\u%04x"
                                      : "\\U%08x",
                  static_cast<unsigned>(code->i));
    return make_str(vm, verb + " character '" + text + "' in position " + std::to_string(start) + ": " + reason);
  }
  return make_str(
      vm, verb + " characters in position " + std::to_string(start) + "-" + std::to_string(end - 1) + ": " + reason);
}

Value str_slot(VM& vm, Value self) {
  Exception* e = exception_of(self);
  auto* args = as<Tuple>(e->args);
  Type* t = e->type;
  if (is_subtype(t, vm.types.KeyError) && args->size == 1) return repr(vm, args->items[0]);
  if (is_subtype(t, vm.types.OSError)) {
    Value number = get_field_borrow(vm, e, "errno"), text = get_field_borrow(vm, e, "strerror");
    Value file = get_field_borrow(vm, e, "filename"), file2 = get_field_borrow(vm, e, "filename2");
    if (!number.is_unbound() && !text.is_unbound()) {
      std::string out = "[Errno ";
      if (!str_to(vm, number, out)) return Value::error();
      out += "] ";
      if (!str_to(vm, text, out)) return Value::error();
      if (!file.is_unbound()) {
        out += ": ";
        if (!repr_to(vm, file, out)) return Value::error();
        if (!file2.is_unbound()) {
          out += " -> ";
          if (!repr_to(vm, file2, out)) return Value::error();
        }
      }
      return make_str(vm, out);
    }
  }
  if (is_subtype(t, vm.types.BaseExceptionGroup)) {
    Value members = get_field_borrow(vm, e, "exceptions");
    std::string out;
    if (!str_to(vm, get_field_borrow(vm, e, "message"), out)) return Value::error();
    const uint32_t n = is_kind(members, Kind::Tuple) ? as<Tuple>(members)->size : 0;
    return make_str(vm, out + " (" + std::to_string(n) + " sub-exception" + (n == 1 ? ")" : "s)"));
  }
  if (is_subtype(t, vm.types.ImportError)) {
    if (Value msg = get_field_borrow(vm, e, "msg"); is_str(msg)) return new_ref(msg);
  }
  if (is_subtype(t, vm.types.SyntaxError)) {
    Value msg = get_field_borrow(vm, e, "msg"), file = get_field_borrow(vm, e, "filename"),
          line = get_field_borrow(vm, e, "lineno");
    std::string out;
    if (!str_to(vm, msg.is_unbound() ? Value::none() : msg, out)) return Value::error();
    std::string name;
    if (is_str(file)) {
      name = std::string(text_of(file));
      name = name.substr(name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1);
    }
    if (!name.empty() && line.is_int())
      out += " (" + name + ", line " + std::to_string(line.i) + ")";
    else if (!name.empty())
      out += " (" + name + ")";
    else if (line.is_int())
      out += " (line " + std::to_string(line.i) + ")";
    return make_str(vm, out);
  }
  if ((is_subtype(t, vm.types.UnicodeDecodeError) || is_subtype(t, vm.types.UnicodeEncodeError) ||
       is_subtype(t, vm.types.UnicodeTranslateError)) &&
      !get_field_borrow(vm, e, "reason").is_unbound())
    return unicode_text(vm, e);
  if (args->size == 0) return make_ascii(vm, "");
  return str(vm, args->size == 1 ? args->items[0] : e->args);
}

Value repr_slot(VM& vm, Value self) {
  Exception* e = exception_of(self);
  auto* args = as<Tuple>(e->args);
  std::string out(e->type->name->view());
  if (args->size == 1) {
    out += "(";
    if (!repr_to(vm, args->items[0], out)) return Value::error();
    out += ")";
  } else if (!repr_to(vm, e->args, out)) {
    return Value::error();
  }
  return make_str(vm, out);
}

// --- attributes ------------------------------------------------------------------------------------------------------

bool set_exception(VM& vm, Value& slot, Value value, const char* what) {
  if (value.is_unbound()) return fail(vm, vm.types.TypeError, "%s may not be deleted", what);
  if (!value.is_none() && !is_kind(value, Kind::Exception))
    return fail(vm, vm.types.TypeError, "exception %.*s must be None or derive from BaseException",
                static_cast<int>(std::strlen(what)) - 4, what + 2);
  Ref drop(slot);
  slot = new_ref(value);
  return true;
}

const GetSetDef kAttributes[] = {
    {"args", [](VM&, Value self) { return new_ref(exception_of(self)->args); },
     [](VM& vm, Value self, Value value) {
       if (value.is_unbound()) return fail(vm, vm.types.TypeError, "args may not be deleted");
       Ref t(make_tuple_from(vm, value));
       if (t.is_error()) return false;
       Ref drop(exception_of(self)->args);
       exception_of(self)->args = t.take();
       return true;
     }},
    {"__cause__", [](VM&, Value self) { return new_ref(exception_of(self)->cause); },
     [](VM& vm, Value self, Value value) {
       exception_of(self)->suppress_context = true;
       return set_exception(vm, exception_of(self)->cause, value, "__cause__");
     }},
    {"__context__", [](VM&, Value self) { return new_ref(exception_of(self)->context); },
     [](VM& vm, Value self, Value value) {
       return set_exception(vm, exception_of(self)->context, value, "__context__");
     }},
    {"__suppress_context__", [](VM&, Value self) { return Value::boolean(exception_of(self)->suppress_context); },
     [](VM& vm, Value self, Value value) {
       if (!value.is_bool()) return fail(vm, vm.types.TypeError, "attribute value type must be bool");
       exception_of(self)->suppress_context = value.is_true();
       return true;
     }},
    {"__traceback__", [](VM&, Value self) { return new_ref(exception_of(self)->traceback); },
     [](VM& vm, Value self, Value value) {
       if (value.is_unbound() || (!value.is_none() && type_of(vm, value) != vm.types.traceback))
         return fail(vm, vm.types.TypeError, "__traceback__ must be a traceback or None");
       Ref drop(exception_of(self)->traceback);
       exception_of(self)->traceback = new_ref(value);
       return true;
     }},
};

const NativeDef kMethods[] = {
    {"with_traceback(self, tb, /)",
     [](VM& vm, const Value* a) {
       Ref name(make_ascii(vm, "__traceback__"));
       Ref key(Value::object(vm.intern(as<Str>(*name))));
       return set_attr(vm, a[0], as<Str>(*key), a[1]) ? new_ref(a[0]) : Value::error();
     }},
    {"add_note(self, note, /)",
     [](VM& vm, const Value* a) {
       if (!is_str(a[1])) return raise(vm, vm.types.TypeError, "note must be a str, not '%s'", type_name(vm, a[1]));
       Ref notes(get_attr_or_unbound(vm, a[0], vm.names.notes));
       if (notes.is_error()) return Value::error();
       if (notes->is_unbound()) {
         notes = Ref(make_list(vm));
         if (!set_attr(vm, a[0], vm.names.notes, *notes)) return Value::error();
       }
       if (!is_kind(*notes, Kind::List))
         return raise(vm, vm.types.TypeError, "Cannot add note: __notes__ is not a list");
       list_append(vm, as<List>(*notes), a[1]);
       return Value::none();
     }},
    {"__reduce__(self, /)",
     [](VM& vm, const Value* a) {
       Exception* e = exception_of(a[0]);
       return make_tuple(vm, {Value::object(e->type), e->args});
     }},
    {"__setstate__(self, state, /)",
     [](VM& vm, const Value* a) {
       if (is_kind(a[1], Kind::Dict)) {
         uint32_t position = 0;
         while (DictEntry* entry = dict_next(as<Dict>(a[1]), position)) {
           Ref key(Value::object(vm.intern(as<Str>(entry->key))));
           if (!set_attr(vm, a[0], as<Str>(*key), entry->value)) return Value::error();
         }
       }
       return Value::none();
     }},
};

/// What groups can do is written in the language.
template <const char* const& Name>
Value group_method(VM& vm, const Value* a) {
  Ref module(vm.callbacks.import_module(vm, "_exception_groups"));
  if (module.is_error()) return Value::error();
  Value args[] = {a[0], a[1]};
  return call_method(vm, *module, Name, args);
}
const char* const kSplit = "split";
const char* const kSubgroup = "subgroup";
const NativeDef kGroupMethods[] = {
    {"split(self, condition, /)", group_method<kSplit>},
    {"subgroup(self, condition, /)", group_method<kSubgroup>},
    {"derive(self, excs, /)",
     [](VM& vm, const Value* a) {
       Value message = get_field_borrow(vm, exception_of(a[0]), "message");
       return call(vm, Value::object(vm.types.BaseExceptionGroup), {message, a[1]});
     }},
};

/// The attributes of the extra fields: one getter per place, so that the class's own descriptor says which field it is.
template <int N>
Value get_extra(VM&, Value self) {
  Exception* e = exception_of(self);
  return N < e->extra_count && !e->extra[N].is_unbound() ? new_ref(e->extra[N]) : Value::none();
}
template <int N>
bool set_extra(VM&, Value self, Value value) {
  Exception* e = exception_of(self);
  if (N >= e->extra_count) return true;
  Ref drop(e->extra[N]);
  e->extra[N] = new_ref(value.is_unbound() ? Value::none() : value);
  return true;
}
constexpr Value (*kGetters[])(VM&, Value) = {get_extra<0>, get_extra<1>, get_extra<2>, get_extra<3>,
                                             get_extra<4>, get_extra<5>, get_extra<6>, get_extra<7>};
constexpr bool (*kSetters[])(VM&, Value, Value) = {set_extra<0>, set_extra<1>, set_extra<2>, set_extra<3>,
                                                   set_extra<4>, set_extra<5>, set_extra<6>, set_extra<7>};

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    size_t n = text.find(' ');
    words.emplace_back(text.substr(0, n));
    text = n == std::string_view::npos ? std::string_view() : text.substr(n + 1);
  }
  return words;
}

}  // namespace

Value make_exception(VM& vm, Type* type, std::span<const Value> args) {
  Ref e(create(vm, type, args, {}));
  if (e.is_error() || !init(vm, *e, args, {})) return Value::error();
  return e.take();
}

Value make_exception(VM& vm, Type* type, std::string_view message) {
  Ref text(make_str(vm, message));
  Value args[] = {*text};
  return make_exception(vm, type, args);
}

void set_exception_field(VM& vm, Value exception, std::string_view name, Value value) {
  set_field(vm, exception_of(exception), name, value);
}

// --- raising
// -----------------------------------------------------------------------------------------------------------

/// Makes an exception object pending (taken over); its context is what is being handled.
static void set_pending(VM& vm, Value owned) {
  Exception* e = exception_of(owned);
  if (is_kind(vm.handled, Kind::Exception) && !vm.handled.same(owned)) {
    // The chain of contexts must stay free of cycles: cut it where it comes back to e.
    Exception* at = exception_of(vm.handled);
    while (is_kind(at->context, Kind::Exception)) {
      if (at->context.o == owned.o) {
        Ref drop(at->context);
        at->context = Value::none();
        break;
      }
      at = exception_of(at->context);
    }
    Ref drop(e->context);
    e->context = new_ref(vm.handled);
  }
  Ref drop(vm.pending);
  vm.pending = owned;
}

static std::string format_message(const char* format, va_list args) {
  va_list again;
  va_copy(again, args);
  int n = std::vsnprintf(nullptr, 0, format, args);
  std::string text(static_cast<size_t>(std::max(n, 0)), '\0');
  std::vsnprintf(text.data(), text.size() + 1, format, again);
  va_end(again);
  return text;
}

Value raise(VM& vm, Type* type, const char* format, ...) {
  va_list args;
  va_start(args, format);
  std::string text = format_message(format, args);
  va_end(args);
  Value e = text.empty() ? make_exception(vm, type, std::span<const Value>()) : make_exception(vm, type, text);
  if (!e.is_error()) set_pending(vm, e);
  return Value::error();
}

bool fail(VM& vm, Type* type, const char* format, ...) {
  va_list args;
  va_start(args, format);
  std::string text = format_message(format, args);
  va_end(args);
  Value e = text.empty() ? make_exception(vm, type, std::span<const Value>()) : make_exception(vm, type, text);
  if (!e.is_error()) set_pending(vm, e);
  return false;
}

/// An exception from an exception or a class of exceptions; TypeError otherwise.
static Value instantiate(VM& vm, Value v, const char* message) {
  if (is_kind(v, Kind::Exception)) return new_ref(v);
  if (is_kind(v, Kind::Type) && as<Type>(v)->is_exception) {
    Ref e(call(vm, v, std::span<const Value>()));
    if (e.is_error() || is_kind(*e, Kind::Exception)) return e.take();
    return raise(vm, vm.types.TypeError, "calling %s should have returned an instance of BaseException, not %s",
                 as<Type>(v)->name->data, type_name(vm, *e));
  }
  return raise(vm, vm.types.TypeError, "%s", message);
}

Value raise_value(VM& vm, Value exception, Value cause) {
  Ref e(instantiate(vm, exception, "exceptions must derive from BaseException"));
  if (e.is_error()) return Value::error();
  if (!cause.is_unbound()) {
    Ref c = cause.is_none() ? Ref::copy(cause)
                            : Ref(instantiate(vm, cause, "exception causes must derive from BaseException"));
    if (c.is_error()) return Value::error();
    Exception* object = exception_of(*e);
    Ref drop(object->cause);
    object->cause = c.take();
    object->suppress_context = true;
  }
  set_pending(vm, e.take());
  return Value::error();
}

Value raise_key_error(VM& vm, Value key) {
  Value args[] = {key};
  Value e = make_exception(vm, vm.types.KeyError, args);
  if (!e.is_error()) set_pending(vm, e);
  return Value::error();
}

Value raise_os_error(VM& vm, int error, std::string_view filename) {
  Ref text(make_str(vm, std::strerror(error))), name(filename.empty() ? Value::none() : make_str(vm, filename));
  Value args[] = {Value::integer(error), *text, *name};
  Value e = make_exception(vm, vm.types.OSError, std::span<const Value>(args, filename.empty() ? 2 : 3));
  if (!e.is_error()) set_pending(vm, e);
  return Value::error();
}

Value take_pending(VM& vm) {
  Value e = vm.pending;
  vm.pending = Value::unbound();
  return e;
}

void clear_pending(VM& vm) { Ref drop(take_pending(vm)); }

bool pending_is(VM& vm, Type* type) {
  return is_kind(vm.pending, Kind::Exception) && is_subtype(vm.pending.o->type, type);
}

bool clear_pending_if(VM& vm, Type* type) {
  if (!pending_is(vm, type)) return false;
  clear_pending(vm);
  return true;
}

bool exception_matches(VM& vm, Value exception, Value type_or_tuple, bool& out) {
  if (is_kind(type_or_tuple, Kind::Tuple)) {
    out = false;
    for (Value t : as<Tuple>(type_or_tuple)->span()) {
      if (!exception_matches(vm, exception, t, out)) return false;
      if (out) return true;
    }
    return true;
  }
  if (!is_kind(type_or_tuple, Kind::Type) || !as<Type>(type_or_tuple)->is_exception)
    return fail(vm, vm.types.TypeError, "catching classes that do not inherit from BaseException is not allowed");
  out = exception.is_object() && is_subtype(exception.o->type, as<Type>(type_or_tuple));
  return true;
}

void init_exception(VM& vm) {
  ExceptionTables& tables = vm.extension<ExceptionTables>();
  auto set_up = [&](Type* t, Type* base, const char* fields) {
    t->is_exception = true;
    t->is_gc = true;
    t->has_dict = true;
    t->instance_size = sizeof(Exception);
    t->attributes_offset = Type::kAttributesAtEnd;
    // Classes without fields of their own can be combined: class E(ValueError, KeyError).
    bool own_fields = *fields && std::strcmp(fields, "=") != 0;
    if (t != vm.types.BaseException && !own_fields) t->solid_base = base->solid_base;
    std::vector<GetSetDef> own;
    if (std::strcmp(fields, "=") == 0) {
      tables.classes.push_back({t, tables.fields_of(base)});
    } else if (*fields || t == vm.types.BaseException) {
      std::vector<std::string> names = split_words(fields);
      tables.classes.push_back({t, names});
      for (size_t i = 0; i < names.size(); i++) own.push_back({vm.name(names[i])->data, kGetters[i], kSetters[i]});
    }
    if (t == vm.types.BaseException) {
      t->slots.size_of = size_of;
      t->slots.dealloc = dealloc;
      t->slots.traverse = traverse;
      t->slots.clear = clear;
      t->slots.create = create;
      t->slots.init = init;
      t->slots.str = str_slot;
      t->slots.repr = repr_slot;
      finish_type(vm, t, {.methods = kMethods, .getset = kAttributes});
      Ref dict(make_getset(vm, t, &kInstanceDict));
      dict_set(vm, t->dict, vm.names.dict_, *dict);
    } else {
      tables.own.push_back(std::make_unique<std::vector<GetSetDef>>(std::move(own)));
      TypeSpec spec{.getset = *tables.own.back()};
      if (t == vm.types.BaseExceptionGroup) spec.methods = kGroupMethods;
      finish_type(vm, t, spec);
    }
  };
#define EXCEPTION(name, base, fields) set_up(vm.types.name, vm.types.base, fields);
#include "vm/exceptions.def"
}

}  // namespace tsvm::vm
