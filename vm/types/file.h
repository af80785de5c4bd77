// Files: what open() gives, and the standard streams.
#pragma once

#include "vm/make.h"

namespace tsvm::vm {

/// open(): arguments as in the builtin's signature.
Value open_file(VM& vm, const Value* args);
/// sys.stdin, sys.stdout, sys.stderr (0, 1, 2) as the program sees them now, owned; None when it set them to None.
Value standard_stream(VM& vm, int number);
/// io.UnsupportedOperation.
Type* unsupported_operation(VM& vm);
/// What they were at the start: owned.
Value original_stream(VM& vm, int number);
/// A text stream over a descriptor that it does not close.
Value make_descriptor_stream(VM& vm, int fd, const char* name, const char* mode, bool line_buffered);
/// Writes to any object with a write method; streams of our own directly.
bool write_text(VM& vm, Value stream, std::string_view text);
/// Writes out what our own standard streams hold. False: an error, left pending.
bool flush_standard_streams(VM& vm);

}  // namespace tsvm::vm
