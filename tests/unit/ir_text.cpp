// The text form: what is printed reads back to the same function, and no text is too strange for the reader.
#include <gtest/gtest.h>

#include <random>

#include "ir/print.h"
#include "ir/read.h"
#include "ir/uses.h"
#include "ir/verify.h"

namespace tsvm::ir {
namespace {

const char* const kEverything = R"(module "every.ts" {
func @f(a: any, /, b: any = ?, *rest: any, k: any = ?, **kw: any) -> any {
  qualified "f.<locals>.f"
  flags generator
  doc "one\n\"two\"\x01"
  line 12
  slots 2 "x", "y"
  free "cell"
  locals "a", "b"
  object o0 value "None"
  object o1 native "sqrt" (float) -> float pure
  object o2 function "g" (int, any) -> any body @"odd name"
  inlined 0 "f" parent 0
  inlined 1 "g" parent 0 object o2
^0(%0: any, %1: any, %2: any, %3: any, %4: any):
    %5: any = const None
    %6: any = const (1, -2.5, "text", b"\x00\xff", 1.0j, ..., frozenset(True, False), ())
    %7: any = const 123456789012345678901234567890
    %8: float = const nan:7ff8000000000001
    %9: float = const -inf
    %10: float = const 1e+300
    %11: int = const -9223372036854775808
    %12: any = load_global "print"
    %13: any = call %12(%0, %5, end=%6)
    %14: any = call %12(%0, *%1, key=%5, **%4)
    %15: any = call_method %0.append(%1)
    %16: any = build_class %12, %0(%1, metaclass=%2)
    %17: any = load_closure 0
    %18: any = make_function @"odd name" %0, %1, %2
    %19: float = call_native o1 %8
    %20: int = guard_type int %0 exit !0
    %21: int = i64 add %20, %11 exit !1
    %22: List[int] = cast List[int] %0
    %23: Tuple[int, Optional["a.b.C"]] = cast Tuple[int, Optional["a.b.C"]] %22
    %24: NamedTuple["P", "x": int, "y": Dict[str, Tensor]] = cast NamedTuple["P", "x": int, "y": Dict[str, Tensor]] %23
    store_slot $1 %0
    %25: any = get_iter %0
    jump ^1(%11)
^1(%26: int):
    %27: any = for_iter %25 -> ^2, ^3
^2 handler ^4:
    %28: any = call_compiled o2 %26, %27 exit !0 in 1
    jump ^1(%26)
^3:
    %29: any = yield %0
    return %29
^4:
    %30: any = catch
    raise %30
  !0 = fn 0 pc 12 {r0: %0, r7: %5}
  !1 = fn 0 pc 3 {r0: %0}, fn 1 pc 4 {}
}
func @"odd name"(int: any) -> any {
^0(%0: any):
    return %0
}
func @f$2() -> None {
  name "f"
^0:
    %0: None = const None
    return %0
}
}
)";

TEST(IrText, RoundTrip) {
  TypeTable types;
  ReadResult r = read(kEverything, types);
  ASSERT_TRUE(r.module) << r.line << ": " << r.error;
  std::string text = print(*r.module);
  EXPECT_EQ(text, kEverything);
  EXPECT_EQ(r.module->functions[0]->objects[2].body, r.module->functions[1].get());
}

TEST(IrText, NumbersAreKept) {
  TypeTable types;
  ReadResult r = read(R"(
    func @f(x: any) -> any {
    ^7(%40: any):  # a comment
        jump ^loop
    ^loop: %value: any = unary neg %40
        jump ^2(%value)
    ^2(%3: any): return %3
    })",
                      types);
  ASSERT_TRUE(r.module) << r.error;
  Function& f = *r.module->functions[0];
  EXPECT_EQ(verify(f), "");
  EXPECT_EQ(f.entry, BlockId(7));
  std::string text = print(f);
  EXPECT_NE(text.find("^8:\n    %41: any = unary neg %40\n"), std::string::npos) << text;
  ReadResult again = read(text, types);
  ASSERT_TRUE(again.module) << again.error;
  EXPECT_EQ(print(*again.module->functions[0]), text);
  compact(f);
  EXPECT_EQ(print(f),
            "func @f(x: any) -> any {\n^0(%0: any):\n    jump ^2\n^1(%1: any):\n    return %1\n^2:\n"
            "    %2: any = unary neg %0\n    jump ^1(%2)\n}\n");
}

TEST(IrText, Errors) {
  TypeTable types;
  auto error = [&](const char* text) {
    ReadResult r = read(text, types);
    EXPECT_FALSE(r.module);
    return std::to_string(r.line) + ": " + r.error;
  };
  EXPECT_EQ(error(""), "1: there is no function");
  EXPECT_EQ(error("func @f() -> any {\n^0:\n  frob\n}"), "3: unknown opcode 'frob'");
  EXPECT_EQ(error("func @f() -> any {\n^0:\n  jump ^1\n}"), "4: ^1 is not there");
  EXPECT_EQ(error("func @f() -> any {\n^0:\n  return %0\n}"), "4: %0 is not defined");
  EXPECT_EQ(error("func @f() -> what {\n"), "1: unknown type 'what'");
  EXPECT_EQ(error("func @f() -> any {\n^0: return %1048577 }"), "2: a number is too large");
  EXPECT_EQ(error("func @f() -> any {\n^0(%99999999: any): return %99999999 }"), "2: a number is too large");
}

// Deleting, repeating and changing pieces of good texts must give a module or an error; what is read may be verified
// and printed whatever it is.
TEST(IrText, MutatedTextNeverCrashes) {
  std::mt19937 random(20240229);
  const std::string good = kEverything;
  int read_back = 0;
  for (int round = 0; round < 20000; round++) {
    std::string text = good;
    for (int n = static_cast<int>(random() % 4) + 1; n > 0 && !text.empty(); n--) {
      size_t at = random() % text.size();
      size_t length = std::min<size_t>(random() % 12, text.size() - at);
      switch (random() % 5) {
        case 0: text.erase(at, length); break;
        case 1: text.insert(at, text.substr(random() % text.size(), length)); break;
        case 2: text[at] = static_cast<char>(random()); break;
        case 3: text[at] = "%^!@(){}[]\",.:=->$0123456789"[random() % 29]; break;
        case 4: text.resize(at); break;
      }
    }
    TypeTable types;
    ReadResult r = read(text, types);
    if (!r.module) {
      EXPECT_FALSE(r.error.empty());
      continue;
    }
    read_back++;
    verify(*r.module);
    std::string printed = print(*r.module);
    ReadResult again = read(printed, types);
    ASSERT_TRUE(again.module) << again.line << ": " << again.error << "\n" << printed;
    EXPECT_EQ(print(*again.module), printed);
  }
  EXPECT_GT(read_back, 300);
}

TEST(IrText, DeepNestingIsRefused) {
  TypeTable types;
  std::string deep = "func @f(x: ";
  for (int i = 0; i < 100000; i++) deep += "List[";
  EXPECT_FALSE(read(deep, types).module);
  deep = "func @f() -> any {\n^0: %0: any = const ";
  deep.append(100000, '(');
  EXPECT_FALSE(read(deep, types).module);
}

}  // namespace
}  // namespace tsvm::ir
