// The operators as the IR and bytecode see them.
#pragma once

#include "ir/op_table.h"
#include "vm/op_dispatch.h"

namespace tsvm::stdlib {

/// Ids are those of ops::OpId. Made when it is first asked for.
const ir::OpTable& operator_table();
/// What bytecode calls operators by.
extern const vm::OpDispatch kOperatorDispatch;

}  // namespace tsvm::stdlib
