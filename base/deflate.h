// Texts that are part of the program, made small: zlib's format.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tsvm {

std::vector<std::byte> deflated(std::string_view text);
/// For bytes that deflated() or another zlib made at build time: damage is an internal error.
std::string inflated(std::span<const std::byte> bytes);

}  // namespace tsvm
