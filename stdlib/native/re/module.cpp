// `_re`: compiled patterns, and the loops over texts behind re's functions. Matches are lists of ints:
// [begin, end] of the whole match and of each group, then the number of the group closed last (-1: none).
//
// A text with characters beyond ASCII is decoded once: the last such text is kept, because functions are called with
// the same text again and again.
#include <algorithm>
#include <memory>

#include "stdlib/native/modules.h"
#include "stdlib/native/re/program.h"

#include "base/utf8.h"
#include "vm/native.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

struct CodeObject : GcObject {
  re::Program* program;
  bool bytes;
};

struct ReExtension : Extension {
  Type* type = nullptr;
  Value text;  // the str that `decoded` is of; owned
  std::u32string decoded;
  void clear(VM&) override {
    release(text);
    text = Value();
  }
};

re::Program& program(Value v) { return *static_cast<CodeObject*>(v.o)->program; }

bool check_code(VM& vm, Value v) {
  return (v.is_object() && v.o->type == vm.extension<ReExtension>().type) ||
         fail(vm, vm.types.TypeError, "a compiled pattern is required");
}

void decode(std::string_view text, std::u32string& out) {
  out.clear();
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) out.push_back(utf8::decode(text, &at));
}

/// The subject of a search: the characters, and how to cut pieces out.
struct Subject {
  re::Text text;
  Value object;

  Value slice(VM& vm, int64_t begin, int64_t end) const {
    if (begin < 0) return Value::none();
    if (is_str(object)) {
      if (begin == 0 && end == text.size && object.o->type == vm.types.str) return new_ref(object);
      if (text.bytes)
        return make_ascii(vm, text_of(object).substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin)));
      std::string out;
      for (int64_t i = begin; i < end; i++) utf8::append(out, text.wide[i]);
      return make_str(vm, out);
    }
    return make_bytes(
        vm, std::string_view(reinterpret_cast<const char*>(text.bytes) + begin, static_cast<size_t>(end - begin)));
  }
  void append(std::string& out, int64_t begin, int64_t end) const {
    if (begin < 0) return;
    if (text.bytes) {
      out.append(reinterpret_cast<const char*>(text.bytes) + begin, static_cast<size_t>(end - begin));
    } else {
      for (int64_t i = begin; i < end; i++) utf8::append(out, text.wide[i]);
    }
  }
  Value piece(VM& vm, const std::string& out) const { return is_str(object) ? make_str(vm, out) : make_bytes(vm, out); }
};

bool subject_of(VM& vm, Value v, Subject& out) {
  out.object = v;
  if (is_str(v)) {
    auto* s = as<Str>(v);
    if (s->ascii) {
      out.text = {reinterpret_cast<const uint8_t*>(s->data), nullptr, s->size};
      return true;
    }
    auto& cache = vm.extension<ReExtension>();
    if (!cache.text.same(v)) {
      decode(s->view(), cache.decoded);
      retain(v);
      release(cache.text);
      cache.text = v;
    }
    out.text = {nullptr, cache.decoded.data(), static_cast<int64_t>(cache.decoded.size())};
    return true;
  }
  if (!is_bytes_like(v))
    return fail(vm, vm.types.TypeError, "expected string or bytes-like object, got '%s'", type_of(vm, v)->name->data);
  std::string_view bytes = bytes_of(v);
  out.text = {reinterpret_cast<const uint8_t*>(bytes.data()), nullptr, static_cast<int64_t>(bytes.size())};
  return true;
}

bool subject_for(VM& vm, Value code, Value v, Subject& out) {
  if (!check_code(vm, code) || !subject_of(vm, v, out)) return false;
  bool bytes = static_cast<CodeObject*>(code.o)->bytes;
  if (bytes && is_str(v)) return fail(vm, vm.types.TypeError, "cannot use a bytes pattern on a string-like object");
  if (!bytes && !is_str(v)) return fail(vm, vm.types.TypeError, "cannot use a string pattern on a bytes-like object");
  return true;
}

bool poll_vm(void* context) {
  VM& vm = *static_cast<VM*>(context);
  return !vm.interrupted || handle_interrupt(vm);
}

/// 1 found, 0 not, -1 an exception is pending.
int search(VM& vm, const re::Program& p, const Subject& s, int64_t begin, int64_t end, re::Mode mode, bool not_empty,
           std::vector<int64_t>& registers) {
  switch (re::match(p, s.text, begin, end, mode, not_empty, registers, poll_vm, &vm)) {
    case re::Outcome::Yes: return 1;
    case re::Outcome::No: return 0;
    case re::Outcome::Stopped: return -1;
  }
  return 0;
}

/// The bounds `pos` and `endpos` as positions in the text.
bool bounds(VM& vm, Value pos, Value endpos, const Subject& s, int64_t& begin, int64_t& end) {
  if (!arg_int_clamped(vm, pos, begin) || !arg_int_clamped(vm, endpos, end)) return false;
  begin = std::clamp<int64_t>(begin, 0, s.text.size);
  end = std::clamp<int64_t>(end, 0, s.text.size);
  return true;
}

Value compile_pattern(VM& vm, const Value* a) {
  std::u32string text;
  bool bytes = !is_str(a[0]);
  int64_t flags;
  if (!arg_int(vm, a[1], flags)) return Value::error();
  if (bytes) {
    if (!is_bytes_like(a[0])) return raise(vm, vm.types.TypeError, "first argument must be string or compiled pattern");
    for (char c : bytes_of(a[0])) text.push_back(static_cast<uint8_t>(c));
  } else {
    decode(text_of(a[0]), text);
  }
  auto p = std::make_unique<re::Program>();
  re::Error error;
  if (!re::compile(text, static_cast<uint32_t>(flags), bytes, *p, error)) {
    Ref message(make_str(vm, error.message));
    return make_tuple(vm, {*message, error.position < 0 ? Value::none() : Value::integer(error.position)});
  }
  auto* o = allocate_object<CodeObject>(vm, vm.extension<ReExtension>().type, Kind::Native);
  o->program = p.release();
  o->bytes = bytes;
  vm.heap.track(o);
  return Value::object(o);
}

// match(code, text, pos, endpos, mode): mode 0 match, 1 fullmatch, 2 search, 3 search without an empty match at pos.
Value match(VM& vm, const Value* a) {
  Subject s;
  int64_t begin, end, mode;
  if (!subject_for(vm, a[0], a[1], s) || !bounds(vm, a[2], a[3], s, begin, end) || !arg_int(vm, a[4], mode))
    return Value::error();
  const re::Program& p = program(a[0]);
  std::vector<int64_t> registers;
  re::Mode m = mode == 0 ? re::Mode::Match : mode == 1 ? re::Mode::FullMatch : re::Mode::Search;
  int found = search(vm, p, s, begin, end, m, mode == 3, registers);
  if (found <= 0) return found < 0 ? Value::error() : Value::none();
  Ref list(make_list(vm));
  for (uint32_t i = 0; i <= p.last_index_register(); i++) {
    bool unset = i < p.last_index_register() && (registers[i & ~1u] < 0 || registers[i | 1u] < 0);
    list_append(vm, as<List>(*list), Value::integer(unset ? -1 : registers[i]));
  }
  return list.take();
}

/// Calls fn(registers) for each match of text[begin:end], at most `most` times; fn false: stop with an exception.
template <class Fn>
bool each_match(VM& vm, const re::Program& p, const Subject& s, int64_t begin, int64_t end, int64_t most, Fn fn) {
  std::vector<int64_t> registers;
  bool not_empty = false;
  for (; most > 0; most--) {
    int found = search(vm, p, s, begin, end, re::Mode::Search, not_empty, registers);
    if (found < 0) return false;
    if (!found) return true;
    if (!fn(registers)) return false;
    not_empty = registers[0] == registers[1];
    begin = registers[1];
  }
  return true;
}

/// Keeps the subject alive and its decoded text in place while code of the program runs: none does in these loops.
Value findall(VM& vm, const Value* a) {
  Subject s;
  int64_t begin, end;
  if (!subject_for(vm, a[0], a[1], s) || !bounds(vm, a[2], a[3], s, begin, end)) return Value::error();
  const re::Program& p = program(a[0]);
  Ref list(make_list(vm));
  auto group = [&](const std::vector<int64_t>& r, uint32_t g) {
    bool unset = r[2 * g] < 0 || r[2 * g + 1] < 0;
    return unset ? s.slice(vm, 0, 0) : s.slice(vm, r[2 * g], r[2 * g + 1]);
  };
  bool ok = each_match(vm, p, s, begin, end, INT64_MAX, [&](const std::vector<int64_t>& r) {
    Ref item;
    if (p.groups <= 1) {
      item = Ref(group(r, p.groups));
    } else {
      Tuple* t = new_tuple(vm, p.groups);
      for (uint32_t g = 1; g <= p.groups; g++) t->items[g - 1] = group(r, g);
      item = Ref(Value::object(t));
    }
    list_append(vm, as<List>(*list), *item);
    return true;
  });
  return ok ? list.take() : Value::error();
}

Value split(VM& vm, const Value* a) {
  Subject s;
  int64_t most;
  if (!subject_for(vm, a[0], a[1], s) || !arg_int_clamped(vm, a[2], most)) return Value::error();
  const re::Program& p = program(a[0]);
  Ref list(make_list(vm));
  int64_t last = 0;
  auto add = [&](int64_t from, int64_t to) {
    Ref item(s.slice(vm, from, to));
    list_append(vm, as<List>(*list), *item);
  };
  bool ok = each_match(vm, p, s, 0, s.text.size, most <= 0 ? (most < 0 ? 0 : INT64_MAX) : most,
                       [&](const std::vector<int64_t>& r) {
                         add(last, r[0]);
                         for (uint32_t g = 1; g <= p.groups; g++) add(r[2 * g + 1] < 0 ? -1 : r[2 * g], r[2 * g + 1]);
                         last = r[1];
                         return true;
                       });
  if (!ok) return Value::error();
  add(last, s.text.size);
  return list.take();
}

// sub(code, text, template, count): the template is a list of literals and group numbers. Gives (text, number).
Value sub(VM& vm, const Value* a) {
  Subject s;
  int64_t most;
  if (!subject_for(vm, a[0], a[1], s) || !arg_int_clamped(vm, a[3], most)) return Value::error();
  const re::Program& p = program(a[0]);
  struct Part {
    std::string literal;
    int64_t group = -1;
    bool wrong_type = false;
  };
  std::vector<Part> parts;
  for (const Ref& item : list_snapshot(as<List>(a[2]))) {
    Part part;
    part.wrong_type = !item->is_int() && is_str(*item) != is_str(a[1]);
    if (item->is_int())
      part.group = item->i;
    else
      part.literal = is_str(*item) ? text_of(*item) : bytes_of(*item);
    parts.push_back(std::move(part));
  }
  std::string out;
  int64_t last = 0, count = 0;
  bool ok = each_match(vm, p, s, 0, s.text.size, most <= 0 ? INT64_MAX : most, [&](const std::vector<int64_t>& r) {
    s.append(out, last, r[0]);
    for (const Part& part : parts) {
      if (part.wrong_type)
        return fail(vm, vm.types.TypeError, "sequence item %d: expected %s, %s found", r[0] > last ? 1 : 0,
                    is_str(a[1]) ? "str instance" : "a bytes-like object", is_str(a[1]) ? "bytes" : "str");
      if (part.group < 0) {
        out += part.literal;
      } else {
        auto g = static_cast<size_t>(part.group);
        if (r[2 * g + 1] >= 0) s.append(out, r[2 * g], r[2 * g + 1]);
      }
    }
    last = r[1];
    count++;
    return true;
  });
  if (!ok) return Value::error();
  Ref text;
  if (count == 0) {
    text = Ref(s.slice(vm, 0, s.text.size));
  } else {
    s.append(out, last, s.text.size);
    text = Ref(s.piece(vm, out));
  }
  return make_tuple(vm, {*text, Value::integer(count)});
}

const NativeDef kFunctions[] = {
    {"compile(pattern, flags, /)", compile_pattern},
    {"match(code, text, pos, endpos, mode, /)", match},
    {"findall(code, text, pos, endpos, /)", findall},
    {"split(code, text, maxsplit, /)", split},
    {"sub(code, text, template, count, /)", sub},
    {"slice(text, begin, end, /)",
     [](VM& vm, const Value* a) {
       Subject s;
       int64_t begin, end;
       if (!subject_of(vm, a[0], s) || !arg_int(vm, a[1], begin) || !arg_int(vm, a[2], end)) return Value::error();
       return s.slice(vm, begin, end);
     }},
};

const GetSetDef kAttributes[] = {
    {"flags", [](VM&, Value self) { return Value::integer(program(self).flags); }},
    {"groups", [](VM&, Value self) { return Value::integer(program(self).groups); }},
    {"groupindex",
     [](VM& vm, Value self) {
       Ref d(make_dict(vm));
       for (auto& [name, group] : program(self).names) {
         std::string text;
         for (char32_t c : name) utf8::append(text, c);
         Ref key(make_str(vm, text));
         if (!dict_set(vm, as<Dict>(*d), *key, Value::integer(group))) return Value::error();
       }
       return d.take();
     }},
};

}  // namespace

Value make_re(VM& vm) {
  auto& extension = vm.extension<ReExtension>();
  if (!extension.type) {
    Type* t = new_type(vm, "Code", "_re", vm.types.object, Kind::Native, sizeof(CodeObject));
    t->is_gc = true;
    t->is_final = true;
    t->slots.dealloc = [](VM&, Object* o) { delete static_cast<CodeObject*>(o)->program; };
    finish_type(vm, t, {.getset = kAttributes});
    extension.type = t;
  }
  ModuleBuilder m(vm, "_re");
  m.functions(kFunctions);
  return m.take();
}

}  // namespace tsvm::stdlib
