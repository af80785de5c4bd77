// Native code seen from C++: nothing is left alive or lost count of, whatever way code is left; what is compiled.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "jit/scalar/install.h"
#include "vm/compile.h"
#include "vm/interpreter.h"
#include "vm/make.h"
#include "vm/modules.h"
#include "vm/runtime.h"
#include "vm/traceback.h"

namespace tsvm::jit {
namespace {

using vm::Ref;
using vm::Value;

struct Program {
  vm::VM vm;

  explicit Program(vm::JitMode mode) : vm(options(mode)) {
    vm::install_interpreter(vm);
    install_scalar(vm);
  }
  static vm::Options options(vm::JitMode mode) {
    vm::Options o;
    o.check_leaks = true;
    o.jit_mode = mode;
    return o;
  }
  // Empty, or the text of the uncaught exception.
  std::string run(std::string text) {
    auto unit = vm::compile_source(vm, std::move(text), "test.ts", "__main__");
    if (unit) {
      Ref done(vm::run_main(vm, std::move(unit), "test.ts"));
      if (!done.is_error()) {
        vm.heap.validate();
        return "";
      }
    }
    Ref e(vm::take_pending(vm));
    return vm::format_exception(vm, *e);
  }
  std::string global(std::string_view name) {
    Ref key(Value::object(vm.intern(name)));
    Value main = vm::dict_get_borrow(vm.modules, vm.names.main);
    std::string out;
    EXPECT_TRUE(vm::repr_to(vm, vm::dict_get_borrow(vm::as<vm::Module>(main)->dict, vm::as<vm::Str>(*key)), out));
    return out;
  }
};

/// The same value of `r` in all modes, which is given back.
std::string everywhere(const std::string& text) {
  std::string first;
  for (vm::JitMode mode : {vm::JitMode::Off, vm::JitMode::On, vm::JitMode::Force}) {
    Program p(mode);
    EXPECT_EQ(p.run(text), "");
    std::string r = p.global("r");
    if (mode == vm::JitMode::Off) first = r;
    EXPECT_EQ(r, first);
  }
  return first;
}

TEST(JitScalar, Recursion) {
  EXPECT_EQ(everywhere(R"(
def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)
r = fib(20)
)"),
            "6765");
}

TEST(JitScalar, ListsOfObjects) {
  EXPECT_EQ(everywhere(R"(
def shuffle(n):
    xs = [[i] for i in range(10)]
    for i in range(n):
        t = xs[i % 10]
        xs[i % 10] = xs[(i * 7 + 1) % 10]
        xs[(i * 7 + 1) % 10] = t
        if i % 50 == 0:
            xs[i % 10] = [i]
    return sorted(x[0] for x in xs)[-1]
r = shuffle(5000)
)"),
            "4950");
}

TEST(JitScalar, ListsThatDieWhileTheirItemsLive) {
  EXPECT_EQ(everywhere(R"(
def make(i):
    return [["a" * (i % 3)], ["b" * (i % 5)]]
def run(n):
    s = 0
    for i in range(n):
        x = make(i)[1]
        s += len(make(i)[-1][0]) + len(x[0])
    return s
r = run(3000)
)"),
            "12000");
}

TEST(JitScalar, FieldsOfObjectsThatChange) {
  EXPECT_EQ(everywhere(R"(
class P:
    def __init__(self):
        self.a = None
        self.n = 0
    def put(self, v):
        old = self.a
        self.a = v
        self.n += 1
        return old
def run(n):
    p = P()
    k = 0
    for i in range(n):
        old = p.put([i])
        if old is not None:
            k += old[0]
        if i == n // 2:
            p.n = 0.5
    return k, p.n, p.a
r = run(4000)
)"),
            "(7994001, 1999.5, [3999])");
}

TEST(JitScalar, ExceptionsFromEveryDepth) {
  EXPECT_EQ(everywhere(R"(
def third(x):
    return [10, 20, 30][x]
def second(x):
    try:
        return third(x) + 1
    finally:
        log.append(x)
def first(n):
    bad = []
    for i in range(n):
        try:
            second(i % 5)
        except IndexError as e:
            bad.append(str(e))
    return len(bad), bad[0], len(log)
log = []
r = first(3000)
)"),
            "(1200, 'list index out of range', 3000)");
}

TEST(JitScalar, GeneratorsAndCompiledConsumers) {
  EXPECT_EQ(everywhere(R"(
def pairs(n):
    for i in range(n):
        yield i, [i]
def run(n):
    s = 0
    for i, xs in pairs(n):
        s += i + xs[0]
        if i == 2500:
            break
    return s
r = run(3000)
)"),
            "6252500");
}

TEST(JitScalar, ClosuresAndCells) {
  EXPECT_EQ(everywhere(R"(
def outer(n):
    total = [0]
    k = 1
    def inner(x):
        nonlocal k
        k += x % 2
        total[0] += k
    for i in range(n):
        inner(i)
    return total[0], k
r = outer(3000)
)"),
            "(2253000, 1501)");
}

TEST(JitScalar, IteratorsThatOutliveTheirLoop) {
  EXPECT_EQ(everywhere(R"(
def run(n):
    it = iter(range(n))
    for i in it:
        if i == n // 2:
            break
    rest = 0
    for i in it:
        rest += 1
    return i, rest
r = [run(6000) for _ in range(3)]
)"),
            "[(5999, 2999), (5999, 2999), (5999, 2999)]");
}

TEST(JitScalar, GlobalsThatAreRedefined) {
  EXPECT_EQ(everywhere(R"(
def f(x):
    return x + 1
def run(n):
    s = 0
    for i in range(n):
        s += f(1)
    return s
r = [run(3000)]
def f(x):
    return x + 2
r.append(run(3000))
len = 3
r.append(run(3000))
)"),
            "[6000, 9000, 9000]");
}

TEST(JitScalar, ClassesThatAreRedefined) {
  EXPECT_EQ(everywhere(R"(
class A:
    def get(self):
        return 1
def run(a, n):
    s = 0
    for i in range(n):
        s += a.get()
    return s
a = A()
r = [run(a, 3000)]
A.get = lambda self: 5
r.append(run(a, 3000))
a.get = lambda: 7
r.append(run(a, 3000))
)"),
            "[3000, 15000, 21000]");
}

TEST(JitScalar, InlinedFunctionsThatAreLeft) {
  EXPECT_EQ(everywhere(R"(
class Bad(Exception):
    pass
def inner(xs, i):
    if i % 100 == 99:
        raise Bad(xs)
    return xs[i % 4] * 10 ** 17
def middle(i, log):
    try:
        return inner([i, 1, [i], 3], i)
    finally:
        log.append([i])
def outer(n):
    log = []
    kept = []
    for i in range(n):
        if i % 4 == 2:
            continue
        try:
            middle(i, log)
        except Bad as e:
            kept.append(e.args[0])
    return len(kept), kept[-1], len(log)
r = outer(3000)
)"),
            "(30, [2999, 1, [2999], 3], 2250)");
}

TEST(JitScalar, MethodsThatAreInlined) {
  EXPECT_EQ(everywhere(R"(
class Cell:
    def __init__(self, v):
        self.v = v
    def put(self, v):
        old = self.v
        self.v = v
        return old
def run(n):
    c = Cell(["first"])
    seen = 0
    for i in range(n):
        old = c.put([i])
        seen += len(old)
        if i == n // 2:
            c.other = 1
        if i == n - 10:
            c.v = "text"
    return seen, c.v
r = run(3000)
)"),
            "(3003, [2999])");
}

TEST(JitScalar, ListsThatChangeWhileTheyAreIterated) {
  EXPECT_EQ(everywhere(R"(
def run(n):
    xs = [1, 2, 3]
    count = 0
    for x in xs:
        count += 1
        if len(xs) < n:
            xs.append(float(count) if count == n // 2 else count)
        if count == n - 2:
            xs.append([count])
        if count == n - 1:
            xs.pop()
            xs.pop()
    for x in []:
        count = -1
    return count, len(xs), xs[-1]
r = run(3000), run(50)
)"),
            "((2999, 2999, 2996), (49, 49, 46))");
}

TEST(JitScalar, Interrupted) {
  for (vm::JitMode mode : {vm::JitMode::On, vm::JitMode::Force}) {
    Program p(mode);
    std::thread asker([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      p.vm.interrupt();
    });
    std::string error = p.run(R"(
def spin(n):
    s = 0
    try:
        for i in range(n):
            s += i & 1
    except KeyboardInterrupt:
        caught.append(s > 0)
        raise
    return s
caught = []
spin(10 ** 15)
)");
    asker.join();
    EXPECT_NE(error.find("KeyboardInterrupt"), std::string::npos);
    EXPECT_EQ(p.global("caught"), "[True]");
  }
}

}  // namespace
}  // namespace tsvm::jit
