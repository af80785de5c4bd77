// Images: code as bytes, for the standard library that is part of the program.
//
// An image of one module holds its source (deflated: only tracebacks and compilers look at it) and the code of its
// functions, each of which is read when it is first needed. Numbers take as many bytes as they need, since most are
// small: the library is a third of what it is in memory. The IR is not stored: it is made again from the source when
// the compiler of native code asks for it, which gives the same IR. An archive is the images of many modules behind an
// index.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vm/code.h"

namespace tsvm::vm {

std::vector<std::byte> write_image(CodeUnit& unit);
/// The bytes must outlive the unit. Null: they are not an image of this version (`error` says why).
std::shared_ptr<CodeUnit> read_image(std::span<const std::byte> bytes, std::string& error);

struct ArchiveMember {
  std::string name;  // the module's
  bool is_package = false;
  std::vector<std::byte> image;
};
/// Members sorted by name.
std::vector<std::byte> write_archive(std::span<const ArchiveMember> members);

}  // namespace tsvm::vm
