// `unicodedata`: the character database.
#include "base/unicode_database.h"

#include <string>

#include "base/utf8.h"
#include "stdlib/native/modules.h"
#include "vm/native.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

/// `place`: how messages name the argument, " 1" where the function has several.
bool character(VM& vm, Value v, const char* function, char32_t& out, const char* place = "") {
  if (!is_str(v) || as<Str>(v)->length != 1)
    return fail(vm, vm.types.TypeError, "%s() argument%s must be a unicode character, not %s", function, place,
                type_of(vm, v)->name->data);
  size_t at = 0;
  out = utf8::decode(text_of(v), &at);
  return true;
}

Value category(VM& vm, const Value* a) {
  char32_t c;
  return character(vm, a[0], "category", c) ? make_str(vm, unicode::properties(c).category) : Value::error();
}
Value bidirectional(VM& vm, const Value* a) {
  char32_t c;
  return character(vm, a[0], "bidirectional", c) ? make_str(vm, unicode::properties(c).bidirectional) : Value::error();
}
Value combining(VM& vm, const Value* a) {
  char32_t c;
  return character(vm, a[0], "combining", c) ? Value::integer(unicode::properties(c).combining) : Value::error();
}
Value mirrored(VM& vm, const Value* a) {
  char32_t c;
  return character(vm, a[0], "mirrored", c) ? Value::integer(unicode::properties(c).mirrored) : Value::error();
}
Value width(VM& vm, const Value* a) {
  char32_t c;
  return character(vm, a[0], "east_asian_width", c) ? make_str(vm, unicode::properties(c).width) : Value::error();
}
Value decomposition(VM& vm, const Value* a) {
  char32_t c;
  return character(vm, a[0], "decomposition", c) ? make_str(vm, unicode::decomposition(c)) : Value::error();
}

/// The answer, or the default that was given, or ValueError.
Value or_default(VM& vm, Value found, Value fallback, const char* message) {
  if (!found.is_unbound()) return found;
  if (!fallback.is_unbound()) return new_ref(fallback);
  return raise(vm, vm.types.ValueError, "%s", message);
}
Value name(VM& vm, const Value* a) {
  char32_t c;
  if (!character(vm, a[0], "name", c, " 1")) return Value::error();
  std::string text = unicode::name(c);
  return or_default(vm, text.empty() ? Value::unbound() : make_str(vm, text), a[1], "no such name");
}
Value numeric(VM& vm, const Value* a) {
  char32_t c;
  if (!character(vm, a[0], "numeric", c, " 1")) return Value::error();
  const unicode::Number* n = unicode::number(c);
  return or_default(vm, n ? Value::number(n->value) : Value::unbound(), a[1], "not a numeric character");
}
Value digit(VM& vm, const Value* a) {
  char32_t c;
  if (!character(vm, a[0], "digit", c, " 1")) return Value::error();
  const unicode::Number* n = unicode::number(c);
  return or_default(vm, n && n->digit >= 0 ? Value::integer(n->digit) : Value::unbound(), a[1], "not a digit");
}
Value decimal(VM& vm, const Value* a) {
  char32_t c;
  if (!character(vm, a[0], "decimal", c, " 1")) return Value::error();
  const unicode::Number* n = unicode::number(c);
  return or_default(vm, n && n->decimal >= 0 ? Value::integer(n->decimal) : Value::unbound(), a[1], "not a decimal");
}

Value lookup(VM& vm, const Value* a) {
  std::string_view text;
  if (!arg_str(vm, a[0], "lookup() argument", text)) return Value::error();
  char32_t c;
  if (!unicode::find_name(text, c)) {
    Ref message(make_str(vm, "undefined character name '" + std::string(text) + "'"));
    return raise_key_error(vm, *message);
  }
  std::string out;
  utf8::append(out, c);
  return make_str(vm, out);
}

bool form_of(VM& vm, Value v, const char* what, unicode::Form& out) {
  std::string_view text;
  if (!arg_str(vm, v, what, text)) return false;
  constexpr std::string_view kForms[] = {"NFC", "NFD", "NFKC", "NFKD"};
  for (size_t i = 0; i < std::size(kForms); i++)
    if (text == kForms[i]) {
      out = static_cast<unicode::Form>(i);
      return true;
    }
  return fail(vm, vm.types.ValueError, "invalid normalization form");
}
Value normalize(VM& vm, const Value* a) {
  unicode::Form form;
  std::string_view text;
  if (!form_of(vm, a[0], "normalize() argument 1", form) || !arg_str(vm, a[1], "normalize() argument 2", text))
    return Value::error();
  if (as<Str>(a[1])->ascii) return new_ref(a[1]);
  return make_str(vm, unicode::normalize(text, form));
}
Value is_normalized(VM& vm, const Value* a) {
  unicode::Form form;
  std::string_view text;
  if (!form_of(vm, a[0], "is_normalized() argument 1", form) || !arg_str(vm, a[1], "is_normalized() argument 2", text))
    return Value::error();
  return Value::boolean(unicode::normalize(text, form) == text);
}

const NativeDef kFunctions[] = {
    {"category(chr, /)", category, "The general category of a character: 'Lu', 'Mn', ..."},
    {"bidirectional(chr, /)", bidirectional},
    {"combining(chr, /)", combining, "The canonical combining class of a character, 0 if it has none."},
    {"mirrored(chr, /)", mirrored},
    {"east_asian_width(chr, /)", width},
    {"decomposition(chr, /)", decomposition},
    {"name(chr, default=..., /)", name, "The name of a character."},
    {"numeric(chr, default=..., /)", numeric},
    {"digit(chr, default=..., /)", digit},
    {"decimal(chr, default=..., /)", decimal},
    {"lookup(name, /)", lookup, "The character of that name."},
    {"normalize(form, unistr, /)", normalize, "The normal form NFC, NFD, NFKC or NFKD of a string."},
    {"is_normalized(form, unistr, /)", is_normalized},
};

}  // namespace

Value make_unicodedata(VM& vm) {
  ModuleBuilder m(vm, "unicodedata", "Names, categories and normal forms of characters.");
  m.functions(kFunctions);
  m.constant("unidata_version", make_str(vm, "14.0.0"));
  return m.take();
}

}  // namespace tsvm::stdlib
