// The VM runs a program without a compiler of native code, without the torch library and without the program around it.
#include <cstdio>
#include <string>

#include "vm/compile.h"
#include "vm/interpreter.h"
#include "vm/make.h"
#include "vm/modules.h"

int main() {
  using namespace tsvm::vm;
  VM vm;
  install_interpreter(vm);
  auto unit = compile_source(vm, "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nresult = fib(15)\n",
                             "fib.ts", "__main__");
  if (!unit) return 1;
  Ref done(run_main(vm, std::move(unit), "fib.ts"));
  if (done.is_error()) return 1;
  Value main = dict_get_borrow(vm.modules, vm.names.main);
  Value result = dict_get_borrow(as<Module>(main)->dict, vm.name("result"));
  return result.is_int() && result.i == 610 ? 0 : 1;
}
