// Message digests for native modules.
#pragma once

#include <string>
#include <string_view>

#include "vm/vm.h"

namespace tsvm::stdlib {

/// out = the digest of data by an algorithm that libcrypto knows ("sha512"). False: an exception is pending.
bool digest(vm::VM& vm, const std::string& name, std::string_view data, std::string& out);

}  // namespace tsvm::stdlib
