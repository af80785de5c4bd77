// Python's texts of simple values, as repr() gives them.
#pragma once

#include <string>
#include <string_view>

namespace tsvm {

/// The shortest decimal text that reads back as `value`: "1.0", "1e+16", "nan", "-inf".
std::string float_repr(double value);

/// repr of a str (UTF-8 that may hold lone surrogates): quoted, with escapes for what is not printable
/// (or, as ascii() does it, for all that is not ASCII).
std::string str_repr(std::string_view text, bool ascii_only = false);

/// repr of a bytes object: b'...'.
std::string bytes_repr(std::string_view bytes);

}  // namespace tsvm
