// `_io`: the types of streams.
#include "stdlib/native/modules.h"
#include "vm/native.h"
#include "vm/types/file.h"

namespace tsvm::stdlib {

using namespace tsvm::vm;

Value make_io(VM& vm) {
  ModuleBuilder m(vm, "_io");
  m.type(vm.types.string_io).type(vm.types.bytes_io).type(vm.types.text_file);
  m.type(vm.types.buffered_reader).type(vm.types.buffered_writer).type(vm.types.buffered_random);
  m.constant("UnsupportedOperation", new_ref(Value::object(unsupported_operation(vm))));
  return m.take();
}

}  // namespace tsvm::stdlib
