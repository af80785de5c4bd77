// The interpreter seen from C++: running, errors, recursion, interrupts, images. What programs do is tested by programs
// (tests/lang).
#include <gtest/gtest.h>

#include <string>

#include "vm/compile.h"
#include "vm/image.h"
#include "vm/interpreter.h"
#include "vm/jit_callbacks.h"
#include "vm/make.h"
#include "vm/modules.h"
#include "vm/runtime.h"
#include "vm/traceback.h"

namespace tsvm::vm {
namespace {

struct Program {
  VM vm;

  explicit Program(Options options = checked()) : vm(std::move(options)) { install_interpreter(vm); }
  static Options checked() {
    Options o;
    o.check_leaks = true;
    return o;
  }

  // Empty, or the text of the uncaught exception.
  std::string run(std::string text) {
    auto unit = compile_source(vm, std::move(text), "test.ts", "__main__");
    return unit ? run(std::move(unit)) : error();
  }
  std::string run(std::shared_ptr<CodeUnit> unit) {
    Ref done(run_main(vm, std::move(unit), "test.ts"));
    return done.is_error() ? error() : std::string();
  }
  std::string error() {
    Ref e(take_pending(vm));
    return format_exception(vm, *e);
  }
  Value global(std::string_view name) {
    Ref key(Value::object(vm.intern(name)));
    return dict_get_borrow(as<Module>(dict_get_borrow(vm.modules, vm.names.main))->dict, as<Str>(*key));
  }
  int64_t integer(std::string_view name) {
    Value v = global(name);
    return v.is_int() ? v.i : -1;
  }
};

TEST(Interpreter, RunsAFunction) {
  Program p;
  EXPECT_EQ(p.run("def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nx = fib(15)\n"), "");
  EXPECT_EQ(p.integer("x"), 610);
}

TEST(Interpreter, IntsGrow) {
  Program p;
  EXPECT_EQ(p.run("x = 1\nfor i in range(70):\n    x *= 2\ny = x >> 66\n"), "");
  EXPECT_EQ(p.integer("y"), 16);
}

TEST(Interpreter, CallsFromCpp) {
  Program p;
  ASSERT_EQ(p.run("def f(a, b=2, *, c=3):\n    return a * 100 + b * 10 + c\n"), "");
  Value f = p.global("f");
  Ref r(call(p.vm, f, {Value::integer(1)}));
  EXPECT_EQ(r->i, 123);
  Str* c = p.vm.name("c");
  Value args[] = {Value::integer(1), Value::integer(5), Value::integer(7)};
  Ref k(call(p.vm, f, args, std::span<Str* const>(&c, 1)));
  EXPECT_EQ(k->i, 157);
  Ref wrong(call(p.vm, f, {}));
  EXPECT_TRUE(wrong.is_error());
  EXPECT_EQ(p.error(), "TypeError: f() missing 1 required positional argument: 'a'\n");
}

TEST(Interpreter, TracebacksShowPlaces) {
  Program p;
  EXPECT_EQ(p.run("def f(a):\n    return [x / a for x in (1, 2)]\nf(0)\n"),
            "Traceback (most recent call last):\n"
            "  File \"test.ts\", line 3, in <module>\n"
            "    f(0)\n"
            "  File \"test.ts\", line 2, in f\n"
            "    return [x / a for x in (1, 2)]\n"
            "           ^^^^^^^^^^^^^^^^^^^^^^^\n"
            "  File \"test.ts\", line 2, in <listcomp>\n"
            "    return [x / a for x in (1, 2)]\n"
            "            ~~^~~\n"
            "ZeroDivisionError: division by zero\n");
}

TEST(Interpreter, RecursionIsLimited) {
  Program p;
  std::string text = p.run("def f(n):\n    return f(n + 1)\nf(0)\n");
  EXPECT_NE(text.find("[Previous line repeated 996 more times]\nRecursionError: maximum recursion depth exceeded\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(p.vm.depth, 0);
  EXPECT_EQ(p.run("def g(n):\n    return max([n], key=lambda x: g(n + 1))\n"
                  "try:\n    g(0)\nexcept RecursionError:\n    caught = 1\n"),
            "");
  EXPECT_EQ(p.integer("caught"), 1);
}

TEST(Interpreter, InterruptsStopLoops) {
  Program p;
  p.vm.interrupt_requested = true;
  p.vm.interrupted = true;
  std::string text = p.run("try:\n    while True:\n        pass\nexcept KeyboardInterrupt:\n    x = 5\n");
  EXPECT_EQ(text, "");
  EXPECT_EQ(p.integer("x"), 5);
}

TEST(Interpreter, RegistersOwnNothingBehindAnException) {
  // Closing the VM checks that nothing is left alive.
  Program p;
  EXPECT_EQ(p.run("def f(x):\n"
                  "    for i in [[x], [x]]:\n"
                  "        try:\n"
                  "            print([x], i, *[1, {}['k']])\n"
                  "        except KeyError as e:\n"
                  "            y = [e, x]\n"
                  "    return y\n"
                  "f('text')\n"
                  "def gen():\n"
                  "    try:\n"
                  "        yield [1]\n"
                  "    finally:\n"
                  "        z = [2]\n"
                  "g = gen()\n"
                  "next(g)\n"),
            "");
}

TEST(Interpreter, HotCodeIsReported) {
  static int calls, loops;
  calls = loops = 0;
  JitCallbacks jit;
  jit.function_threshold = 10;
  jit.loop_threshold = 100;
  jit.function_hot = [](VM&, Frame*) { calls++; };
  jit.loop_hot = [](VM&, Frame*) -> NativeEntry {
    loops++;
    return nullptr;
  };
  Program p;
  p.vm.jit = &jit;
  EXPECT_EQ(p.run("def f():\n    pass\nfor i in range(1000):\n    f()\n"), "");
  EXPECT_EQ(calls, 100);
  EXPECT_EQ(loops, 10);
  p.vm.jit = nullptr;
}

TEST(Image, CodeReadBackRuns) {
  std::vector<std::byte> image;
  {
    Program p;
    auto unit = compile_source(p.vm, "def f(a, *, b=(1, 'two', 3.5)):\n    \"doc\"\n    return len(b) + a\nx = f(2)\n",
                               "lib.ts", "lib");
    ASSERT_TRUE(unit);
    image = write_image(*unit);
  }
  std::string error;
  auto unit = read_image(image, error);
  ASSERT_TRUE(unit) << error;
  Program p;
  EXPECT_EQ(p.run(unit), "");
  EXPECT_EQ(p.integer("x"), 5);
  EXPECT_TRUE(unit->ir(1));
}

TEST(Image, DamageIsFound) {
  std::vector<std::byte> image;
  {
    Program p;
    image = write_image(*compile_source(p.vm, "x = [1, 2]\n", "lib.ts", "lib"));
  }
  std::string error;
  for (size_t size = 0; size < image.size(); size++) {
    auto unit = read_image(std::span(image).first(size), error);
    if (!unit) continue;
    // Functions are read when they are asked for.
    EXPECT_FALSE(unit->code(0)) << size;
  }
  EXPECT_FALSE(read_image(std::vector<std::byte>(64), error));
  EXPECT_EQ(error, "not an image");
}

}  // namespace
}  // namespace tsvm::vm
