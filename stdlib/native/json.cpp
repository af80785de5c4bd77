// `_json`: reading and writing JSON text.
//
// The reader makes values directly and calls the program's hooks where it has them; errors are reported as (message,
// position) in characters, from which the language makes JSONDecodeError. The writer gives one text, in CPython's
// format; iterables of pieces are the language's business.
#include <cmath>
#include <cstdio>

#include "base/repr.h"
#include "base/utf8.h"
#include "stdlib/native/modules.h"
#include "vm/native.h"
#include "vm/text.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// What a JSONDecoder was made with; None where it has no hook.
struct ReadHooks {
  Value object_hook, pairs_hook, parse_float, parse_int, parse_constant;
  bool strict = true;
};

class Reader {
 public:
  Reader(VM& vm, std::string_view text, const ReadHooks& hooks) : vm_(vm), text_(text), hooks_(hooks) {}

  size_t at = 0;
  const char* message = nullptr;  // an error of the text
  std::string message_text;
  size_t error_at = 0;

  /// Error with nothing pending: see `message`.
  Value value() {
    char c = peek();
    StackGuard guard(vm_, c == '{' ? " while decoding a JSON object from a unicode string"
                                   : " while decoding a JSON array from a unicode string");
    if (guard.failed()) return Value::error();
    switch (c) {
      case '"': at++; return string(at - 1);
      case '{': at++; return object();
      case '[': at++; return array();
      case 'n':
        if (word("null")) return Value::none();
        break;
      case 't':
        if (word("true")) return Value::boolean(true);
        break;
      case 'f':
        if (word("false")) return Value::boolean(false);
        break;
      case 'N':
        if (word("NaN")) return constant("NaN", NAN);
        break;
      case 'I':
        if (word("Infinity")) return constant("Infinity", INFINITY);
        break;
      case '-':
        if (word("-Infinity")) return constant("-Infinity", -INFINITY);
        return number();
      default:
        if (c >= '0' && c <= '9') return number();
    }
    return bad("Expecting value", at);
  }

  void skip() {
    while (at < text_.size() && is_space(text_[at])) at++;
  }

 private:
  char peek() const { return at < text_.size() ? text_[at] : '\0'; }
  bool word(std::string_view w) {
    if (text_.substr(at, w.size()) != w) return false;
    at += w.size();
    return true;
  }
  Value bad(const char* what, size_t position) {
    message = what;
    error_at = position;
    return Value::error();
  }
  Value constant(const char* name, double value) {
    if (hooks_.parse_constant.is_none()) return Value::number(value);
    Ref text(make_ascii(vm_, name));
    return call(vm_, hooks_.parse_constant, {*text});
  }

  Value number() {
    size_t start = at;
    if (peek() == '-') at++;
    auto digits = [this] {
      size_t from = at;
      while (peek() >= '0' && peek() <= '9') at++;
      return at > from;
    };
    if (peek() == '0')
      at++;
    else if (!digits())
      return bad("Expecting value", start);
    bool is_float = false;
    size_t end = at;
    if (peek() == '.') {
      at++;
      if (digits()) {
        is_float = true;
        end = at;
      }
      at = end;
    }
    if (peek() == 'e' || peek() == 'E') {
      at++;
      if (peek() == '+' || peek() == '-') at++;
      if (digits()) {
        is_float = true;
        end = at;
      }
      at = end;
    }
    std::string_view text = text_.substr(start, at - start);
    Value hook = is_float ? hooks_.parse_float : hooks_.parse_int;
    if (!hook.is_none()) {
      Ref s(make_ascii(vm_, text));
      return call(vm_, hook, {*s});
    }
    if (!is_float) {
      Ref shown(make_ascii(vm_, text));
      return parse_int(vm_, text, 10, *shown);
    }
    double d = 0;
    parse_float(text, d);
    return Value::number(d);
  }

  bool hex4(uint32_t& out) {
    out = 0;
    if (text_.size() - at < 4) return false;
    for (int i = 0; i < 4; i++) {
      char c = text_[at + static_cast<size_t>(i)];
      uint32_t v;
      if (c >= '0' && c <= '9')
        v = static_cast<uint32_t>(c - '0');
      else if ((c | 32) >= 'a' && (c | 32) <= 'f')
        v = static_cast<uint32_t>((c | 32) - 'a' + 10);
      else
        return false;
      out = out * 16 + v;
    }
    at += 4;
    return true;
  }

  // Behind the quote at `open`.
  Value string(size_t open) {
    std::string out;
    for (;;) {
      size_t from = at;
      while (at < text_.size() && text_[at] != '"' && text_[at] != '\\' && static_cast<uint8_t>(text_[at]) >= 0x20)
        at++;
      out.append(text_.substr(from, at - from));
      if (at >= text_.size()) return bad("Unterminated string starting at", open);
      char c = text_[at];
      if (c == '"') {
        at++;
        return make_str(vm_, out);
      }
      if (c != '\\') {
        if (hooks_.strict) return bad("Invalid control character at", at);
        out.push_back(c);
        at++;
        continue;
      }
      at++;
      if (at >= text_.size()) return bad("Unterminated string starting at", open);
      char e = text_[at++];
      switch (e) {
        case '"':
        case '\\':
        case '/': out.push_back(e); break;
        case 'b': out.push_back('\b'); break;
        case 'f': out.push_back('\f'); break;
        case 'n': out.push_back('\n'); break;
        case 'r': out.push_back('\r'); break;
        case 't': out.push_back('\t'); break;
        case 'u': {
          size_t place = at - 1;
          uint32_t code;
          if (!hex4(code)) return bad("Invalid \\uXXXX escape", place);
          if (code >= 0xd800 && code < 0xdc00 && text_.substr(at, 2) == "\\u") {
            size_t back = at;
            at += 2;
            uint32_t low;
            if (hex4(low) && low >= 0xdc00 && low < 0xe000)
              code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            else
              at = back;
          }
          utf8::append(out, code);
          break;
        }
        default: return bad("Invalid \\escape", at - 2);
      }
    }
  }

  Value array() {
    Ref list(make_list(vm_));
    skip();
    if (peek() == ']') {
      at++;
      return list.take();
    }
    for (;;) {
      Ref item(value());
      if (item.is_error()) return Value::error();
      list_append(vm_, as<List>(*list), *item);
      skip();
      if (peek() == ']' && at < text_.size()) {
        at++;
        return list.take();
      }
      if (peek() != ',') return bad("Expecting ',' delimiter", at);
      at++;
      skip();
    }
  }

  Value object() {
    bool as_pairs = !hooks_.pairs_hook.is_none();
    Ref result(as_pairs ? make_list(vm_) : make_dict(vm_));
    skip();
    if (peek() == '}') {
      at++;
      return finish(result);
    }
    if (peek() != '"') return bad("Expecting property name enclosed in double quotes", at);
    for (;;) {
      at++;
      Ref key(string(at - 1));
      if (key.is_error()) return Value::error();
      skip();
      if (peek() != ':') return bad("Expecting ':' delimiter", at);
      at++;
      skip();
      Ref item(value());
      if (item.is_error()) return Value::error();
      if (as_pairs) {
        Ref pair(make_tuple(vm_, {*key, *item}));
        list_append(vm_, as<List>(*result), *pair);
      } else if (!dict_set(vm_, as<Dict>(*result), *key, *item)) {
        return Value::error();
      }
      skip();
      if (peek() == '}') {
        at++;
        return finish(result);
      }
      if (peek() != ',') return bad("Expecting ',' delimiter", at);
      at++;
      skip();
      if (peek() != '"') return bad("Expecting property name enclosed in double quotes", at);
    }
  }

  Value finish(Ref& result) {
    if (!hooks_.pairs_hook.is_none()) return call(vm_, hooks_.pairs_hook, {*result});
    if (!hooks_.object_hook.is_none()) return call(vm_, hooks_.object_hook, {*result});
    return result.take();
  }

  VM& vm_;
  std::string_view text_;
  const ReadHooks& hooks_;
};

// scan(text, begin, strict, object_hook, pairs_hook, parse_float, parse_int, parse_constant): the value at the
// character `begin` and the place behind it, or a message and the place of the error.
Value scan(VM& vm, const Value* a) {
  std::string_view text;
  int64_t begin;
  if (!arg_str(vm, a[0], "raw_decode() argument 1", text) || !arg_int(vm, a[1], begin)) return Value::error();
  if (begin < 0) return raise(vm, vm.types.ValueError, "idx cannot be negative");
  ReadHooks hooks{a[3], a[4], a[5], a[6], a[7], truth(vm, a[2]) == 1};
  Reader reader(vm, text, hooks);
  bool ascii = as<Str>(a[0])->ascii;
  if (ascii) {
    reader.at = std::min(static_cast<size_t>(begin), text.size());
  } else {
    for (int64_t i = 0; i < begin && reader.at < text.size(); i++) utf8::decode(text, &reader.at);
  }
  auto characters = [&](size_t at) {
    return Value::integer(static_cast<int64_t>(ascii ? at : utf8::count(text.substr(0, at))));
  };
  Ref value(reader.value());
  if (value.is_error()) {
    if (!reader.message) return Value::error();
    Ref message(make_str(vm, reader.message));
    return make_tuple(vm, {Value::boolean(false), *message, characters(reader.error_at)});
  }
  return make_tuple(vm, {Value::boolean(true), *value, characters(reader.at)});
}

/// What a JSONEncoder was made with.
struct WriteOptions {
  bool skip_keys, ascii, check_circular, allow_nan, sort_keys;
  bool has_indent;
  std::string indent, item_separator, key_separator;
  Value default_function;
};

void append_quoted(std::string& out, std::string_view text, bool ascii) {
  out.push_back('"');
  for (size_t at = 0; at < text.size();) {
    auto c = static_cast<uint8_t>(text[at]);
    if (c >= 0x80) {
      size_t from = at;
      char32_t code = utf8::decode(text, &at);
      if (!ascii) {
        out.append(text.substr(from, at - from));
        continue;
      }
      char buffer[16];
      if (code >= 0x10000) {
        code -= 0x10000;
        std::snprintf(buffer, sizeof buffer, "\\u%04x\\u%04x", 0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff));
      } else {
        std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(code));
      }
      out += buffer;
      continue;
    }
    at++;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      default:
        if (c < 0x20 || (c == 0x7f && ascii)) {
          char buffer[8];
          std::snprintf(buffer, sizeof buffer, "\\u%04x", c);
          out += buffer;
        } else {
          out.push_back(static_cast<char>(c));
        }
    }
  }
  out.push_back('"');
}

class Writer {
 public:
  Writer(VM& vm, const WriteOptions& options) : vm_(vm), o_(options) {}
  std::string out;

  bool value(Value v, int depth) {
    StackGuard guard(vm_, " while encoding a JSON object");
    if (guard.failed()) return false;
    if (v.is_none()) return text("null");
    if (v.is_bool()) return text(v.is_true() ? "true" : "false");
    if (is_str(v)) {
      append_quoted(out, text_of(v), o_.ascii);
      return true;
    }
    Value plain = unbox(v);
    if (is_integer(plain)) return text(int_to_text(plain, 10));
    if (plain.is_float()) return number(plain.d, out);
    if (is_kind(v, Kind::List) || is_kind(v, Kind::Tuple)) return sequence(v, depth);
    if (is_kind(v, Kind::Dict)) return mapping(v, depth);
    if (!enter(v)) return false;
    Ref other(call(vm_, o_.default_function, {v}));
    if (other.is_error() || !value(*other, depth)) return false;
    leave();
    return true;
  }

 private:
  bool text(std::string_view t) {
    out += t;
    return true;
  }

  bool number(double d, std::string& to) {
    if (std::isfinite(d)) {
      to += float_repr(d);
      return true;
    }
    if (!o_.allow_nan) return fail(vm_, vm_.types.ValueError, "Out of range float values are not JSON compliant");
    to += std::isnan(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity";
    return true;
  }

  bool enter(Value v) {
    if (!o_.check_circular) return true;
    for (Value open : open_)
      if (open.same(v)) return fail(vm_, vm_.types.ValueError, "Circular reference detected");
    open_.push_back(v);
    return true;
  }
  void leave() {
    if (o_.check_circular) open_.pop_back();
  }

  void newline(int depth) {
    if (!o_.has_indent) return;
    out.push_back('\n');
    for (int i = 0; i < depth; i++) out += o_.indent;
  }

  bool sequence(Value v, int depth) {
    if (length(vm_, v) == 0) return text("[]");
    if (!enter(v)) return false;
    Ref items(make_list_from_sequence(vm_, v));
    if (items.is_error()) return false;
    out.push_back('[');
    newline(depth + 1);
    for (uint64_t i = 0; i < as<List>(*items)->size; i++) {
      if (i) {
        out += o_.item_separator;
        newline(depth + 1);
      }
      Ref item(list_get(as<List>(*items), i));
      if (!value(*item, depth + 1)) return false;
    }
    newline(depth);
    out.push_back(']');
    leave();
    return true;
  }

  // 1 a key, 0 to be skipped, -1 an exception.
  int key_text(Value key, std::string& to) {
    Value plain = unbox(key);
    if (is_str(key)) {
      to = text_of(key);
    } else if (plain.is_float()) {
      if (!number(plain.d, to)) return -1;
    } else if (key.is_bool()) {
      to = key.is_true() ? "true" : "false";
    } else if (key.is_none()) {
      to = "null";
    } else if (is_integer(plain)) {
      to = int_to_text(plain, 10);
    } else if (o_.skip_keys) {
      return 0;
    } else {
      (void)fail(vm_, vm_.types.TypeError, "keys must be str, int, float, bool or None, not %s",
                 type_of(vm_, key)->name->data);
      return -1;
    }
    return 1;
  }

  bool mapping(Value v, int depth) {
    if (as<Dict>(v)->size == 0) return text("{}");
    if (!enter(v)) return false;
    Ref view(call_method(vm_, v, "items"));
    if (view.is_error()) return false;
    Ref items(make_list_from(vm_, *view));
    if (items.is_error()) return false;
    if (o_.sort_keys) {
      Ref sorted(call_method(vm_, *items, "sort"));
      if (sorted.is_error()) return false;
    }
    out.push_back('{');
    bool first = true;
    for (uint64_t i = 0; i < as<List>(*items)->size; i++) {
      Ref item(list_get(as<List>(*items), i));
      auto* pair = as<Tuple>(*item);
      std::string key;
      int has = key_text(pair->items[0], key);
      if (has < 0) return false;
      if (!has) continue;
      if (!first) out += o_.item_separator;
      newline(depth + 1);
      first = false;
      append_quoted(out, key, o_.ascii);
      out += o_.key_separator;
      if (!value(pair->items[1], depth + 1)) return false;
    }
    if (!first || o_.has_indent) newline(depth);
    out.push_back('}');
    leave();
    return true;
  }

  VM& vm_;
  const WriteOptions& o_;
  std::vector<Value> open_;  // containers being written; they are kept alive by whoever contains them
};

Value write(VM& vm, const Value* a) {
  WriteOptions o;
  o.skip_keys = truth(vm, a[1]) == 1;
  o.ascii = truth(vm, a[2]) == 1;
  o.check_circular = truth(vm, a[3]) == 1;
  o.allow_nan = truth(vm, a[4]) == 1;
  o.sort_keys = truth(vm, a[5]) == 1;
  o.has_indent = is_str(a[6]);
  if (o.has_indent) o.indent = text_of(a[6]);
  std::string_view item, key;
  if (!arg_str(vm, a[7], "the item separator", item) || !arg_str(vm, a[8], "the key separator", key))
    return Value::error();
  o.item_separator = item;
  o.key_separator = key;
  o.default_function = a[9];
  Writer writer(vm, o);
  return writer.value(a[0], 0) ? make_str(vm, writer.out) : Value::error();
}

const NativeDef kFunctions[] = {
    {"scan(text, begin, strict, object_hook, pairs_hook, parse_float, parse_int, parse_constant, /)", scan},
    {"write(value, skipkeys, ascii, check_circular, allow_nan, sort_keys, indent, item_separator, key_separator, "
     "default, /)",
     write},
    {"quoted(text, ascii, /)",
     [](VM& vm, const Value* a) {
       std::string_view text;
       if (!arg_str(vm, a[0], "argument 1", text)) return Value::error();
       std::string out;
       append_quoted(out, text, truth(vm, a[1]) == 1);
       return make_str(vm, out);
     }},
};

}  // namespace

Value make_json(VM& vm) {
  ModuleBuilder m(vm, "_json");
  m.functions(kFunctions);
  return m.take();
}

}  // namespace tsvm::stdlib
