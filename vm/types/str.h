// str: what its files share.
#pragma once

#include "base/check.h"
#include "vm/make.h"
#include "vm/text.h"

namespace tsvm::vm {

extern const std::span<const NativeDef> kStrMethods, kStrStaticMethods;  // vm/types/str_methods.cpp

/// The byte offset of the i-th character (i up to the length).
size_t str_offset(const Str* s, size_t i);
/// Characters [start, stop).
Value str_slice(VM& vm, Str* s, int64_t start, int64_t stop);
/// A new reference to the same text as an exact str.
Value str_exact(VM& vm, Value s);
/// Optional start/end arguments of find, count ... : None or an index; clipped to [0, length].
bool str_range(VM& vm, Value start, Value end, int64_t length, int64_t& from, int64_t& to);
/// str.format: fields of `format` filled from args and keywords (a mapping or Unbound).
Value str_format_method(VM& vm, std::string_view format, std::span<const Value> args, Value mapping);

}  // namespace tsvm::vm
