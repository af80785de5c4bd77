// Calling C++ functions: signatures, binding of arguments, and CPython's messages for wrong ones.
//
// A signature's text is parsed when its function is first called. CPython has several conventions for built-in
// functions, and each words its errors in its own way; which one a function follows can be told from its parameters:
// none, one positional-only, several positional-only, or with names.
#include "vm/native_call.h"

#include <charconv>
#include <cstdlib>

#include "base/check.h"
#include "vm/native.h"

namespace tsvm::vm {

namespace {

using std::string_view;

string_view trim(string_view s) {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return s;
}

Value parse_default(VM& vm, string_view text) {
  if (text == "...") return Value::unbound();
  if (text == "None") return Value::none();
  if (text == "True") return Value::boolean(true);
  if (text == "False") return Value::boolean(false);
  if (text == "()") return make_tuple(vm, std::span<const Value>());
  if (text.size() >= 2 && (text.front() == '\'' || text.front() == '"')) {
    std::string out;
    for (size_t i = 1; i + 1 < text.size(); i++) {
      if (text[i] == '\\' && i + 2 < text.size()) {
        i++;
        out.push_back(text[i] == 'n' ? '\n' : text[i] == 't' ? '\t' : text[i]);
      } else {
        out.push_back(text[i]);
      }
    }
    return Value::object(vm.intern(out));
  }
  if (text.size() >= 3 && text[0] == 'b' && text[1] == '\'') return make_bytes(vm, text.substr(2, text.size() - 3));
  if (text.find_first_of(".eni") == string_view::npos) {
    int64_t i = 0;
    const bool octal = text.starts_with("0o");
    auto [p, ec] = std::from_chars(text.data() + (octal ? 2 : 0), text.data() + text.size(), i, octal ? 8 : 10);
    TSVM_CHECK(ec == std::errc() && p == text.data() + text.size(), "a native signature has a malformed default");
    return Value::integer(i);
  }
  std::string copy(text);
  char* end = nullptr;
  double d = std::strtod(copy.c_str(), &end);
  TSVM_CHECK(*end == 0, "a native signature has a malformed default");
  return Value::number(d);
}

}  // namespace

Signature* parse_signature(VM& vm, const char* text) {
  auto* s = new Signature();
  string_view all = text;
  size_t open = all.find('('), close = all.rfind(')');
  TSVM_CHECK(open != string_view::npos && close != string_view::npos, "a native signature lacks parentheses");
  s->function = trim(all.substr(0, open));
  string_view rest = all.substr(open + 1, close - open - 1);
  bool keyword_only = false;
  while (!trim(rest).empty()) {
    size_t comma = 0;
    char quote = 0;
    int depth = 0;
    for (; comma < rest.size(); comma++) {
      char c = rest[comma];
      if (quote) {
        if (c == quote) quote = 0;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == '(' || c == '[') {
        depth++;
      } else if (c == ')' || c == ']') {
        depth--;
      } else if (c == ',' && depth == 0) {
        break;
      }
    }
    string_view part = trim(rest.substr(0, comma));
    rest = comma < rest.size() ? rest.substr(comma + 1) : string_view();
    if (part == "/") {
      s->positional_only = s->positional;
      continue;
    }
    if (part == "*") {
      keyword_only = true;
      continue;
    }
    NativeParam p;
    if (part.starts_with("**")) {
      s->var_keywords = static_cast<int>(s->params.size());
      part.remove_prefix(2);
    } else if (part.starts_with("*")) {
      s->var_args = static_cast<int>(s->params.size());
      part.remove_prefix(1);
      keyword_only = true;
    } else {
      size_t equals = part.find('=');
      if (equals != string_view::npos) {
        p.has_default = true;
        p.default_value = parse_default(vm, trim(part.substr(equals + 1)));
        part = trim(part.substr(0, equals));
      }
      if (!keyword_only) {
        s->positional++;
        if (!p.has_default) s->required++;
      } else {
        s->keyword_only++;
      }
    }
    p.name = vm.intern(part);
    s->params.push_back(p);
  }
  s->simple = s->var_args < 0 && s->var_keywords < 0 && s->keyword_only == 0;
  return s;
}

void delete_signature(Signature* s) {
  if (!s) return;
  for (NativeParam& p : s->params) {
    release(Value::object(p.name));
    release(p.default_value);
  }
  delete s;
}

// --- binding ------------------------------------------------------------------------------------------------------

namespace {

const char* plural(size_t n) { return n == 1 ? "" : "s"; }

/// What a message calls the function.
struct Called {
  std::string short_name;  // "append"
  std::string long_name;   // "list.append", "math.sqrt"
  size_t self = 0;         // parameters not counted in messages
};

bool wrong_count(VM& vm, const Signature& s, const Called& f, size_t given) {
  size_t max = s.positional - f.self, min = s.required > f.self ? s.required - f.self : 0;
  given = given > f.self ? given - f.self : 0;
  Type* e = vm.types.TypeError;
  bool named = s.positional_only < s.positional || s.keyword_only > 0 || s.var_keywords >= 0;
  if (!named && s.var_args < 0) {
    if (max == 0) return fail(vm, e, "%s() takes no arguments (%zu given)", f.long_name.c_str(), given);
    if (max == 1 && min == 1)
      return fail(vm, e, "%s() takes exactly one argument (%zu given)", f.long_name.c_str(), given);
    const char* bound = min == max ? "" : given < min ? "at least " : "at most ";
    size_t n = given < min ? min : max;
    return fail(vm, e, "%s expected %s%zu argument%s, got %zu", f.short_name.c_str(), bound, n, plural(n), given);
  }
  if (given < min && s.positional_only > f.self && s.required <= s.positional_only) {
    const char* bound = min == max && s.var_args < 0 ? "" : "at least ";
    if (s.keyword_only > 0 || s.positional_only < s.positional)
      return fail(vm, e, "%s() takes at least %zu positional argument%s (%zu given)", f.short_name.c_str(), min,
                  plural(min), given);
    return fail(vm, e, "%s expected %s%zu argument%s, got %zu", f.short_name.c_str(), bound, min, plural(min), given);
  }
  if (max == 0) return fail(vm, e, "%s() takes no positional arguments", f.short_name.c_str());
  size_t all = max + s.keyword_only;
  bool exact = s.keyword_only == 0 && min == max;
  return fail(vm, e, "%s() takes %s %zu %sargument%s (%zu given)", f.short_name.c_str(), exact ? "exactly" : "at most",
              s.keyword_only ? max : all, s.keyword_only ? "positional " : "", plural(s.keyword_only ? max : all),
              given);
}

bool bind_parameters(VM& vm, Signature& s, const Called& f, std::span<const Value> args, std::span<Str* const> keywords,
          Value* out, std::vector<Ref>& keep) {
  size_t given = args.size() - keywords.size();
  size_t n = s.params.size();
  for (size_t i = 0; i < n; i++) out[i] = Value();
  if (given > s.positional && s.var_args < 0)
    return wrong_count(vm, s, f, given + (s.keyword_only ? 0 : keywords.size()));
  bool takes_keywords = s.positional_only < s.positional || s.keyword_only > 0 || s.var_keywords >= 0;
  if (!keywords.empty() && !takes_keywords)
    return fail(vm, vm.types.TypeError, "%s() takes no keyword arguments", f.long_name.c_str());

  // Parameters come in the order positional, *args, keyword-only, **kwargs; positional ones are the first.
  size_t direct = std::min<size_t>(given, s.positional);
  for (size_t i = 0; i < direct; i++) out[i] = args[i];
  if (s.var_args >= 0) {
    keep.emplace_back(make_tuple(vm, args.subspan(direct, given - direct)));
    out[s.var_args] = *keep.back();
  }
  Dict* extra = nullptr;
  if (s.var_keywords >= 0) {
    keep.emplace_back(make_dict(vm));
    out[s.var_keywords] = *keep.back();
    extra = as<Dict>(*keep.back());
  }
  for (size_t k = 0; k < keywords.size(); k++) {
    Str* name = keywords[k];
    size_t i = s.positional_only;
    for (; i < n; i++) {
      if (static_cast<int>(i) == s.var_args || static_cast<int>(i) == s.var_keywords) continue;
      if (s.params[i].name == name || str_equal(s.params[i].name, name)) break;
    }
    if (i < n) {
      if (i < direct)
        return fail(vm, vm.types.TypeError, "argument for %s() given by name ('%s') and position (%zu)",
                    f.short_name.c_str(), name->data, i + 1 - f.self);
      out[i] = args[given + k];
      continue;
    }
    if (extra) {
      dict_set(vm, extra, name, args[given + k]);
      continue;
    }
    if (given + keywords.size() > s.positional + s.keyword_only && s.keyword_only == 0)
      return wrong_count(vm, s, f, given + keywords.size());
    return fail(vm, vm.types.TypeError, "'%s' is an invalid keyword argument for %s()", name->data,
                f.short_name.c_str());
  }
  for (size_t i = 0; i < n; i++) {
    if (!out[i].is_unbound()) continue;
    NativeParam& p = s.params[i];
    if (p.has_default) {
      out[i] = p.default_value;
      continue;
    }
    if (static_cast<int>(i) == s.var_args || static_cast<int>(i) == s.var_keywords) continue;
    if (i < s.positional_only) return wrong_count(vm, s, f, given);
    if (i < s.positional)
      return fail(vm, vm.types.TypeError, "%s() missing required argument '%s' (pos %zu)", f.short_name.c_str(),
                  p.name->data, i + 1 - f.self);
    return fail(vm, vm.types.TypeError, "%s() missing required keyword-only argument: '%s'", f.short_name.c_str(),
                p.name->data);
  }
  return true;
}

Called describe(NativeFunction* f, std::span<const Value> args) {
  Called c;
  c.short_name = f->name->data;
  c.long_name = c.short_name;
  if (f->owner) {
    Type* named = f->owner;  // class methods go by the class they were called on
    if (f->type == named->vm->types.classmethod_descriptor && !args.empty() && is_kind(args[0], Kind::Type))
      named = as<Type>(args[0]);
    c.long_name = std::string(named->name->data) + "." + c.short_name;
    c.self = f->type == f->owner->vm->types.builtin_function && f->self.is_unbound() ? 0 : 1;
  } else if (!f->self.is_unbound()) {
    c.self = 1;
  } else if (is_str(f->module) && text_of(f->module) != "builtins") {
    c.long_name = std::string(as<Str>(f->module)->data) + "." + c.short_name;
  }
  return c;
}

Value call_bound(VM& vm, NativeFunction* f, std::span<const Value> args, std::span<Str* const> keywords) {
  Signature* s = f->signature;
  if (!s) s = f->signature = parse_signature(vm, f->def->signature);
  if (f->owner && f->type != vm.types.builtin_function && f->type != vm.types.classmethod_descriptor) {
    if (args.size() == keywords.size())
      return raise(vm, vm.types.TypeError, "unbound method %s.%s() needs an argument", f->owner->name->data,
                   f->name->data);
    Type* t = type_of(vm, args[0]);
    if (t != f->owner && !is_subtype(t, f->owner))
      return raise(vm, vm.types.TypeError, "descriptor '%s' for '%s' objects doesn't apply to a '%s' object",
                   f->name->data, f->owner->name->data, t->name->data);
    if (args[0].is_object() && (args[0].o->flags & kBoxed) && f->owner != vm.types.object && !f->owner->is_heap) {
      std::vector<Value> plain(args.begin(), args.end());
      plain[0] = unbox(plain[0]);
      if (keywords.empty() && s->simple && plain.size() == s->params.size()) return f->def->fn(vm, plain.data());
      std::vector<Value> bound(s->params.size());
      std::vector<Ref> keep;
      if (!bind_parameters(vm, *s, describe(f, plain), plain, keywords, bound.data(), keep)) return Value::error();
      return f->def->fn(vm, bound.data());
    }
  }
  if (keywords.empty() && s->simple) {
    size_t n = s->params.size(), given = args.size();
    if (given == n) return f->def->fn(vm, args.data());
    if (given >= s->required && given < n && n <= 8) {
      Value bound[8];
      for (size_t i = 0; i < given; i++) bound[i] = args[i];
      for (size_t i = given; i < n; i++) bound[i] = s->params[i].default_value;
      return f->def->fn(vm, bound);
    }
  }
  std::vector<Value> bound(s->params.size());
  std::vector<Ref> keep;
  if (!bind_parameters(vm, *s, describe(f, args), args, keywords, bound.data(), keep)) return Value::error();
  return f->def->fn(vm, bound.data());
}

}  // namespace

Value call_native(VM& vm, NativeFunction* f, std::span<const Value> args, std::span<Str* const> keywords) {
  if (f->self.is_unbound()) return call_bound(vm, f, args, keywords);
  if (args.size() < 8) {
    Value with[8];
    with[0] = f->self;
    for (size_t i = 0; i < args.size(); i++) with[i + 1] = args[i];
    return call_bound(vm, f, {with, args.size() + 1}, keywords);
  }
  std::vector<Value> with{f->self};
  with.insert(with.end(), args.begin(), args.end());
  return call_bound(vm, f, with, keywords);
}

bool bind_args(VM& vm, const NativeDef& def, std::span<const Value> args, std::span<Str* const> keywords,
               std::vector<Value>& out, std::vector<Ref>& keep) {
  std::unique_ptr<Signature, void (*)(Signature*)> s(parse_signature(vm, def.signature), delete_signature);
  out.assign(s->params.size(), Value());
  Called f{std::string(s->function), std::string(s->function), 0};
  bool ok = bind_parameters(vm, *s, f, args, keywords, out.data(), keep);
  // Defaults die with the signature, so they are kept too.
  for (NativeParam& p : s->params) keep.push_back(Ref::copy(p.default_value));
  return ok;
}

bool no_keywords(VM& vm, const char* function, std::span<Str* const> keywords) {
  return keywords.empty() || fail(vm, vm.types.TypeError, "%s() takes no keyword arguments", function);
}

bool arg_count(VM& vm, const char* function, size_t given, size_t min, size_t max) {
  if (given >= min && given <= max) return true;
  size_t n = given < min ? min : max;
  return fail(vm, vm.types.TypeError, "%s expected %s%zu argument%s, got %zu", function,
              min == max    ? ""
              : given < min ? "at least "
                            : "at most ",
              n, plural(n), given);
}

// --- conversions --------------------------------------------------------------------------------------------------

bool arg_str(VM& vm, Value v, const char* what, string_view& out) {
  if (!is_str(v)) return fail(vm, vm.types.TypeError, "%s must be str, not %s", what, type_of(vm, v)->name->data);
  out = text_of(v);
  return true;
}

bool arg_int(VM& vm, Value v, int64_t& out) {
  if (v.is_int()) {
    out = v.i;
    return true;
  }
  return to_int64(vm, v, out, "Python int too large to convert to C ssize_t");
}

bool arg_int_clamped(VM& vm, Value v, int64_t& out) {
  Ref i(to_index(vm, v));
  if (i.is_error()) return false;
  out = i->is_int() ? i->i : as<BigInt>(*i)->size < 0 ? INT64_MIN : INT64_MAX;
  return true;
}

bool arg_double(VM& vm, Value v, double& out) { return to_double(vm, v, out); }

bool arg_bool(VM& vm, Value v, bool& out) {
  int t = truth(vm, v);
  out = t == 1;
  return t >= 0;
}

bool arg_path(VM& vm, Value v, std::string& out) {
  if (is_str(v)) {
    out = text_of(v);
  } else if (is_bytes_like(v)) {
    out = bytes_of(v);
  } else {
    Ref m(lookup_special(vm, v, vm.names.fspath));
    if (m.is_error()) return false;
    if (m->is_unbound())
      return fail(vm, vm.types.TypeError, "expected str, bytes or os.PathLike object, not %s",
                  type_of(vm, v)->name->data);
    Ref p(call(vm, *m, std::span<const Value>()));
    if (p.is_error()) return false;
    if (!is_str(*p) && !is_bytes_like(*p))
      return fail(vm, vm.types.TypeError, "expected %s.__fspath__() to return str or bytes, not %s",
                  type_of(vm, v)->name->data, type_of(vm, *p)->name->data);
    out = is_str(*p) ? text_of(*p) : bytes_of(*p);
  }
  if (out.find('\0') != std::string::npos) return fail(vm, vm.types.ValueError, "embedded null byte");
  return true;
}

bool arg_bytes(VM& vm, Value v, string_view& out) {
  if (!is_bytes_like(v))
    return fail(vm, vm.types.TypeError, "a bytes-like object is required, not '%s'", type_of(vm, v)->name->data);
  out = bytes_of(v);
  return true;
}

}  // namespace tsvm::vm
