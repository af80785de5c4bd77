// Text in and out: codecs, the format mini-language, numbers as text.
#pragma once

#include "vm/runtime.h"

namespace tsvm::vm {

/// A str from bytes; UnicodeDecodeError, LookupError for unknown encodings and error handlers.
Value decode_bytes(VM& vm, std::string_view bytes, std::string_view encoding, std::string_view errors);
/// bytes from text: false with UnicodeEncodeError ... pending.
bool encode_text(VM& vm, std::string_view text, std::string_view encoding, std::string_view errors, std::string& out);

// --- the format mini-language (vm/format.cpp) ---
Value format_str(VM& vm, std::string_view text, std::string_view spec);
Value format_int(VM& vm, Value integer, std::string_view spec, const char* type_name = "int");
Value format_float(VM& vm, double d, std::string_view spec);
Value format_complex(VM& vm, double re, double im, std::string_view spec);

/// As printf's %e %f %g with that precision (digits), correctly rounded; `alternate`: '#'.
void append_float_digits(std::string& out, double d, char type, int precision, bool alternate);
/// float(text): CPython's syntax (underscores, inf, nan, spaces around); false when malformed.
bool parse_float(std::string_view text, double& out);
/// A number's text with digits of all scripts as ASCII, underscores between digits and spaces around taken out; false:
/// it cannot be one.
bool plain_number(std::string_view text, std::string& out);
/// The longest prefix that is a float; 0: none.
size_t parse_float_prefix(std::string_view text, double& out);
/// int(text, base): Error with ValueError pending when malformed. `repr_of` is shown in the message.
Value parse_int(VM& vm, std::string_view text, int base, Value repr_of);
/// Digits of an int in any base 2..36, with sign.
std::string int_to_text(Value integer, int base);

}  // namespace tsvm::vm
