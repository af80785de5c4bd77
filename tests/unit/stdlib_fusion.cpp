// Fused code run by the interpreter: the recurrent network of PyTorch's announcement of Torch Script, as typed IR.
#include <gtest/gtest.h>

#include "ir/passes/pipeline.h"
#include "ir/print.h"
#include "ir/read.h"
#include "jit/fuse/fuse.h"
#include "ops/fusion/group.h"
#include "stdlib/library.h"
#include "stdlib/native/torch/op_table.h"
#include "vm/compile.h"
#include "vm/interpreter.h"
#include "vm/make.h"
#include "vm/modules.h"
#include "vm/runtime.h"
#include "vm/traceback.h"

namespace tsvm::vm {
namespace {

constexpr const char* kIr = R"(
module "__main__" {
func @body() -> any {
  flags module_body
^0:
    %n: any = const None
    %f: any = make_function @rnn %n, %n, %n
    store_global "rnn" %f
    return %n
}
func @rnn(x: Tensor, h: Tensor, W: Tensor, U: Tensor, b: Tensor) -> Tensor {
  flags typed
^0(%x: Tensor, %h: Tensor, %W: Tensor, %U: Tensor, %b: Tensor):
    %l: any = make_list
    %it: any = get_iter %x
    jump ^1(%h)
^1(%h1: Tensor):
    %xt: any = for_iter %it -> ^2, ^3
^2:
    %xc: Tensor = cast Tensor %xt
    %p: Tensor = call_op aten::matmul %xc, %W
    %q: Tensor = call_op aten::matmul %h1, %U
    %n: any = unbound
    %s: Tensor = call_op aten::add.Tensor %p, %q, %n
    %r: Tensor = call_op aten::add.Tensor %s, %b, %n
    %t: Tensor = call_op aten::tanh %r
    list_append %l, %t
    jump ^1(%t)
^3:
    %zero: any = const 0
    %st: Tensor = call_op aten::stack %l, %zero
    return %st
}
}
)";

constexpr const char* kDriver = R"(
import torch

def plain(x, h, W, U, b):
    outputs = []
    for t in range(x.size(0)):
        h = torch.tanh(x[t] @ W + h @ U + b)
        outputs.append(h)
    return torch.stack(outputs)

def nodes(t):
    seen = set()
    todo = [t.grad_fn]
    count = {}
    while todo:
        n = todo.pop()
        if n is None or n in seen:
            continue
        seen.add(n)
        count[n.name()] = count.get(n.name(), 0) + 1
        todo.extend(f for f, _ in n.next_functions)
    return count

def check(rnn):
    torch.manual_seed(0)
    x, h = torch.randn(5, 3, 4), torch.randn(3, 6)
    W, U, b = torch.randn(4, 6), torch.randn(6, 6), torch.randn(6)
    text = [str(torch.equal(rnn(x, h, W, U, b), plain(x, h, W, U, b)))]
    for p in (W, U, b):
        p.requires_grad_()
    grads = []
    for f in (rnn, plain):
        y = f(x, h, W, U, b)
        (y * y).sum().backward()
        grads.append([p.grad.clone() for p in (W, U, b)])
        for p in (W, U, b):
            p.grad = None
    text.append(str(all(torch.allclose(p, q, rtol=1e-6, atol=1e-6) for p, q in zip(*grads))))
    n = nodes(rnn(x, h, W, U, b))
    text.append(f"{n.get('TanhBackward0', 0)} {n.get('AddBackward0', 0)}")
    # twice
    second = []
    for f in (rnn, plain):
        g, = torch.autograd.grad(f(x, h, W, U, b).pow(3).sum(), U, create_graph=True)
        (g * g).sum().backward()
        second.append(U.grad.clone())
        U.grad = W.grad = b.grad = None
    text.append(str(torch.allclose(*second, rtol=1e-4, atol=1e-4)))
    # errors are those of the operators
    for args in [(x, h, W, U, torch.randn(7)), (x, h, W, U.detach().double(), b)]:
        for f in (rnn, plain):
            try:
                f(*args)
            except RuntimeError as e:
                text.append(str(e))
    # meta tensors and strided ones
    m = [v.to("meta") if isinstance(v, torch.Tensor) else v for v in (x, h, W, U, b)]
    text.append(str(rnn(*m).shape))
    text.append(str(torch.equal(rnn(x.double(), h.double(), W.double(), U.double(), b.double()),
                                plain(x.double(), h.double(), W.double(), U.double(), b.double()))))
    return "\n".join(text)
)";

std::string run(bool fuse, bool native) {
  Options options;
  options.fuse = fuse;
  if (native)
    jit::fuse::install(jit::fuse::Mode::Force);
  else
    jit::fuse::uninstall();
  VM vm(std::move(options));
  install_interpreter(vm);
  stdlib::install_library(vm);
  auto error = [&] {
    Ref e(take_pending(vm));
    return format_exception(vm, *e);
  };
  auto global = [&](std::string_view name) {
    Ref key(Value::object(vm.intern(name)));
    return Ref::copy(dict_get_borrow(as<Module>(dict_get_borrow(vm.modules, vm.names.main))->dict, as<Str>(*key)));
  };
  auto driver = compile_source(vm, kDriver, "driver.ts", "__main__");
  if (!driver) return error();
  Ref done(run_main(vm, std::move(driver), "driver.ts"));
  if (done.is_error()) return error();
  Ref check = global("check");

  ir::TypeTable types;
  ir::ReadResult r = ir::read(kIr, types, &vm.op_dispatch->table());
  if (!r.module) return std::to_string(r.line) + ": " + r.error;
  r.module->source = std::make_shared<const SourceFile>("rnn.ir", "");
  Ref other(run_main(vm, std::make_shared<CodeUnit>(std::move(r.module)), "rnn.ir"));
  if (other.is_error()) return error();
  Ref rnn = global("rnn");
  Ref text(call(vm, *check, {*rnn}));
  if (text.is_error()) return error();
  return std::string(as<Str>(*text)->view());
}

TEST(Fusion, RecurrentNetwork) {
  const char* expected =
      "True\nTrue\n5 0\nTrue\n"
      "The size of tensor a (6) must match the size of tensor b (7) at non-singleton dimension 1\n"
      "The size of tensor a (6) must match the size of tensor b (7) at non-singleton dimension 1\n"
      "expected scalar type Float but found Double\n"
      "expected scalar type Float but found Double\n"
      "torch.Size([5, 3, 6])\nTrue";
  EXPECT_EQ(run(true, false), expected);
  EXPECT_EQ(run(true, true), expected);
  std::string unfused = expected;
  unfused.replace(unfused.find("5 0"), 3, "5 10");
  EXPECT_EQ(run(false, true), unfused);
}

TEST(Fusion, KernelIsShownInText) {
  ir::TypeTable types;
  ir::ReadResult r = ir::read(kIr, types, &stdlib::operator_table());
  ASSERT_TRUE(r.module) << r.line << ": " << r.error;
  ir::PassOptions options;
  options.verify = true;
  ir::run_passes(*r.module->functions[1], ir::PassLevel::Typed, options);
  const std::string text = ir::print(*r.module->functions[1]);
  EXPECT_NE(text.find("kernel k0 (Tensor, Tensor, Tensor) s0 = aten::add.Tensor(i0, i1, _); "
                      "s1 = aten::add.Tensor(s0, i2, _); s2 = aten::tanh(s1); -> s2"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace tsvm::vm
