// Links the IR alone: builds a function, runs the passes, prints it and reads it back.
#include <cstdio>

#include "ir/passes/pipeline.h"
#include "ir/print.h"
#include "ir/read.h"
#include "ir/verify.h"

int main() {
  using namespace tsvm::ir;
  TypeTable types;
  Module module;
  module.name = "link";
  module.types = &types;
  Function& f = *module.functions[module.add_function().index];
  f.name = f.qualified_name = "answer";
  Builder b(f);
  f.entry = b.make_block();
  b.position_at_end(f.entry);
  Constant six, seven;
  six.kind = seven.kind = Constant::Kind::Int;
  six.int_value = 6;
  seven.int_value = 7;
  b.ret(b.emit(Opcode::Binary, {b.constant(six), b.constant(seven)}, ArithOp::Mul));
  PassOptions options;
  options.verify = true;
  run_passes(f, PassLevel::Generic, options);
  std::string text = print(module);
  ReadResult again = read(text, types);
  bool ok = again.module && print(*again.module) == text && text.find("const 42") != std::string::npos;
  std::fputs(ok ? "ok\n" : text.c_str(), stdout);
  return ok ? 0 : 1;
}
