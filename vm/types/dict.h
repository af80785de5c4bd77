// dict: what its files share.
#pragma once

#include "vm/types/common.h"

namespace tsvm::vm {

Value make_dict_of_type(VM& vm, Type* type);
/// Position in `entries`, -1 absent, -2 exception.
int64_t dict_lookup(VM& vm, Dict* d, Value key);
Value make_dict_view(VM& vm, Type* type, Value dict);
Value make_dict_iterator(VM& vm, Type* type, Dict* d);

}  // namespace tsvm::vm
