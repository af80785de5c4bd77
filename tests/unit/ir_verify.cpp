// One broken function for each rule of the verifier (and good ones beside them).
#include "ir/verify.h"

#include <gtest/gtest.h>

#include "ir/print.h"
#include "ir/read.h"

namespace tsvm::ir {
namespace {

std::string check(const std::string& text) {
  static TypeTable types;
  ReadResult r = read(text, types);
  if (!r.module) return "line " + std::to_string(r.line) + ": " + r.error;
  return verify(*r.module);
}
// The body of a function of two parameters, a tagged and a raw one.
std::string body(const std::string& text, const std::string& header = "") {
  return check("func @f(a: any, n: int) -> any {\n" + header + "^0(%a: any, %n: int):\n" + text + "\n}");
}

#define EXPECT_OK(...) EXPECT_EQ(__VA_ARGS__, "")
#define EXPECT_ERROR(part, ...)                                 \
  do {                                                          \
    std::string e = __VA_ARGS__;                                \
    EXPECT_NE(e.find(part), std::string::npos) << "got: " << e; \
  } while (0)

TEST(IrVerify, Blocks) {
  EXPECT_OK(body("return %a"));
  EXPECT_ERROR("does not end in a terminator", body("%1: any = unary neg %a"));
  EXPECT_ERROR("goes on after a terminator", body("return %a\n return %a"));
  EXPECT_ERROR("the entry block has predecessors", body("%x: int = const 1\n jump ^0(%a, %x)"));
  EXPECT_ERROR("the entry block's parameters", check("func @f(a: any) -> any { ^0(%a: any, %b: any):\n return %a }"));
  EXPECT_ERROR("the entry block's parameters", check("func @f(a: int) -> any { ^0(%a: any):\n return %a }"));
  EXPECT_OK(check("func @f(a: any) -> any { \n flags class_body\n ^0(%a: any):\n return %a }"));
}

TEST(IrVerify, Operands) {
  EXPECT_ERROR("too few operands", body("%1: any = binary add %a\n return %a"));
  EXPECT_ERROR("too many operands", body("%1: any = unary neg %a, %a\n return %a"));
  EXPECT_ERROR("does not fit", body("%1: any = unary neg %n\n return %a"));
  EXPECT_ERROR("does not fit", body("%1: int = i64 add %n, %a\n return %a"));
  EXPECT_ERROR("does not fit", body("%1: float = f64 add %n, %n\n return %a"));
  EXPECT_ERROR("does not fit", body("%1: bool = not %n\n return %a"));
  EXPECT_OK(body("%1: any = const None\n raise %a, %1"));
  EXPECT_ERROR("too many operands", body("raise %a, %a, %a"));
}

TEST(IrVerify, Results) {
  EXPECT_ERROR("has no result", body("binary add %a, %a\n return %a"));
  EXPECT_ERROR("must have no result", body("%1: any = store_global \"x\" %a\n return %a"));
  EXPECT_ERROR("must be of the type int", body("%1: any = i64 add %n, %n\n return %a"));
  EXPECT_ERROR("must be of the type any", body("%1: int = binary add %a, %a\n return %a"));
  EXPECT_ERROR("must be of the type float", body("%1: int = unbox float %a\n return %a"));
}

TEST(IrVerify, Immediates) {
  EXPECT_ERROR("not of that type", body("%1: int = const 1.5\n return %a"));
  EXPECT_ERROR("not of that type", body("%1: int = const True\n return %a"));
  EXPECT_OK(body("%1: any = const 1\n return %1"));
  EXPECT_ERROR("no such slot", body("%1: any = load_slot $0\n return %1"));
  EXPECT_OK(body("%1: any = load_slot $0\n return %1", "slots 1 \"a\"\n"));
  EXPECT_ERROR("more slot names", body("return %a", "slots 1 \"a\", \"b\"\n"));
  EXPECT_ERROR("no such cell", body("%1: any = load_closure 1\n return %1", "free \"a\"\n"));
  EXPECT_ERROR("as many cells", body("%1: any = make_function @g %a, %a, %a\n return %1\n}\n"
                                     "func @g() -> any {\n free \"x\"\n ^0: %0: any = load_closure 0\n return %0"));
  EXPECT_ERROR("a method's name", body("%1: any = call %a.x(%a)\n return %1"));
  EXPECT_ERROR("a method's name", body("%1: any = call_method %a(%a)\n return %1"));
  EXPECT_ERROR("no meaning on ints", body("%1: int = i64 truediv %n, %n\n return %a"));
  EXPECT_ERROR("no meaning on floats", body("%x: float = i64_to_f64 %n\n%1: float = f64 xor %x, %x\n return %a"));
  EXPECT_ERROR("no meaning on numbers", body("%1: bool = compare_i64 is %n, %n\n return %a"));
  EXPECT_ERROR("no meaning on numbers", body("%1: int = unary_i64 not %n\n return %a"));
}

TEST(IrVerify, Objects) {
  const char* objects =
      "object o0 shape \"S\"\n object o1 native \"sqrt\" (float) -> float pure\n object o2 function \"g\"\n";
  EXPECT_ERROR("no such object", body("%g: any = guard_is o3 %a exit !0\n return %a\n !0 = fn 0 pc 0 {}", objects));
  EXPECT_ERROR("another kind", body("%g: any = guard_is o0 %a exit !0\n return %a\n !0 = fn 0 pc 0 {}", objects));
  EXPECT_OK(body("%g: any = guard_shape o0 %a exit !0\n return %a\n !0 = fn 0 pc 0 {}", objects));
  EXPECT_OK(body("%x: float = i64_to_f64 %n\n%1: float = call_native o1 %x\n return %a", objects));
  EXPECT_ERROR("does not fit the signature", body("%1: float = call_native o1 %n\n return %a", objects));
  EXPECT_ERROR("wrong number", body("%1: float = call_native o1\n return %a", objects));
  EXPECT_ERROR("the result does not fit",
               body("%x: float = i64_to_f64 %n\n%1: int = call_native o1 %x\n return %a", objects));
  EXPECT_OK(body("%1: any = call_direct o2 %a\n return %a", objects));
  EXPECT_ERROR("no signature", body("%1: any = call_compiled o2 %a\n return %a", objects));
}

TEST(IrVerify, TypedInstructions) {
  EXPECT_ERROR("boxes what is tagged", body("%1: any = box %a\n return %a"));
  EXPECT_ERROR("must be raw", body("%1: str = unbox str %a\n return %a"));
  EXPECT_ERROR("do not mix", body("%1: int = cast int %a\n return %a"));
  EXPECT_ERROR("both sides", body("%b: bool = const True\n %1: int = select %b, %a, %n\n return %a"));
  EXPECT_ERROR("element's type", body("list_store int %a, %n, %a\n return %a"));
  EXPECT_OK(body("list_store int %a, %n, %n\n return %a"));
}

TEST(IrVerify, Edges) {
  EXPECT_ERROR("wrong number of successors", body("jump"));
  EXPECT_ERROR("wrong number of successors", body("%t: bool = truth %a\n branch %t -> ^1\n^1: return %a"));
  EXPECT_ERROR("wrong number of arguments", body("jump ^1\n^1(%x: any): return %x"));
  EXPECT_ERROR("does not fit the parameter", body("jump ^1(%n)\n^1(%x: any): return %x"));
  EXPECT_ERROR("does not fit the parameter", body("jump ^1(%a)\n^1(%x: str): return %x"));
  EXPECT_OK(body("%s: str = cast str %a\n jump ^1(%s)\n^1(%x: any): return %x"));
}

TEST(IrVerify, Dominance) {
  EXPECT_ERROR("not available", body("%1: any = unary neg %2\n%2: any = unary neg %1\n return %1"));
  EXPECT_ERROR("%x is not available", [] {
    std::string e = body(
        "%t: bool = truth %a\n branch %t -> ^1, ^2\n^1: %x: any = unary neg %a\n jump ^2\n"
        "^2: return %x");
    size_t at = e.find("%3");  // named by its number
    return at == std::string::npos ? e : e.replace(at, 2, "%x");
  }());
  EXPECT_OK(
      body("%it: any = get_iter %a\n jump ^1\n^1: %x: any = for_iter %it -> ^2, ^3\n^2: store_global \"x\" %x\n"
           " jump ^1\n^3: return %a"));
  EXPECT_ERROR("not available", body("%it: any = get_iter %a\n jump ^1\n^1: %x: any = for_iter %it -> ^2, ^3\n"
                                     "^2: jump ^1\n^3: return %x"));
  EXPECT_ERROR("another predecessor", body("%it: any = get_iter %a\n jump ^1\n^1: %x: any = for_iter %it -> ^2, ^3\n"
                                           "^2: %t: bool = truth %x\n branch %t -> ^1, ^2\n^3: return %a"));
}

TEST(IrVerify, Handlers) {
  const char* region =
      "%0: any = unary neg %a\n jump ^1(%0)\n"
      "^1(%p: any) handler ^2: %x: any = unary neg %a\n return %x\n^2: %e: any = catch\n";
  EXPECT_OK(body(std::string(region) + "return %0"));
  EXPECT_OK(body(std::string(region) + "return %p"));
  EXPECT_ERROR("not available", body(std::string(region) + "return %x"));
  EXPECT_ERROR("starts with catch", body("jump ^1\n^1 handler ^2: return %a\n^2: return %a"));
  EXPECT_ERROR("has no parameters",
               body("jump ^1\n^1 handler ^2: return %a\n^2(%x: any): %e: any = catch\n return %a"));
  EXPECT_ERROR("only reached by exceptions", body("jump ^1\n^1 handler ^2: jump ^2\n^2: %e: any = catch\n return %a"));
  EXPECT_ERROR("not first in its block",
               body("jump ^1\n^1 handler ^2: return %a\n^2: %e: any = catch\n %g: any = catch\n return %a"));
  // Two blocks with one handler: it sees what dominates both.
  EXPECT_OK(
      body("jump ^1\n^1 handler ^3: %x: any = unary neg %a\n jump ^2\n^2 handler ^3: return %x\n"
           "^3: %e: any = catch\n return %a"));
  EXPECT_ERROR("not available", body("jump ^1\n^1 handler ^3: %x: any = unary neg %a\n jump ^2\n"
                                     "^2 handler ^3: return %x\n^3: %e: any = catch\n return %x"));
}

TEST(IrVerify, ExitStates) {
  EXPECT_ERROR("needs an exit state", body("%1: int = guard_type int %a\n return %a"));
  EXPECT_OK(body("%1: int = guard_type int %a exit !0\n return %a\n !0 = fn 0 pc 3 {r0: %a, r1: %n}"));
  EXPECT_ERROR("cannot have", body("%1: bool = compare_i64 lt %n, %n exit !0\n return %a\n !0 = fn 0 pc 3 {}"));
  EXPECT_ERROR("register twice",
               body("%1: int = guard_type int %a exit !0\n return %a\n !0 = fn 0 pc 3 {r0: %a, r0: %n}"));
  EXPECT_ERROR("names no function", body("leave exit !0\n !0 = fn 1 pc 3 {}"));
  EXPECT_ERROR("names no function", body("leave exit !0\n !0 = fn 0 pc 3 {}, fn 1 pc 2 {}"));
  EXPECT_OK(
      body("leave exit !0\n !0 = fn 0 pc 3 {}, fn 1 pc 2 {}", "inlined 0 \"f\" parent 0\n inlined 1 \"g\" parent 0\n"));
  EXPECT_ERROR("not available", body("%1: int = guard_type int %a exit !0\n return %a\n !0 = fn 0 pc 3 {r0: %1}"));
}

TEST(IrVerify, VirtualValues) {
  EXPECT_OK(body("%r: any = range_iter %a, %n\n leave exit !0\n !0 = fn 0 pc 1 {r0: %r}"));
  EXPECT_ERROR("for exit states only", body("%r: any = range_iter %a, %n\n return %r"));
}

TEST(IrVerify, Frames) {
  EXPECT_ERROR("not inlined", body("%1: any = unary neg %a in 1\n return %a"));
  EXPECT_OK(body("%1: any = unary neg %a in 1\n return %a", "inlined 0 \"f\" parent 0\n inlined 1 \"g\" parent 0\n"));
}

TEST(IrVerify, ReturnsAndGenerators) {
  EXPECT_ERROR("function's result", body("return %n"));
  EXPECT_OK(check("func @f(n: int) -> int { ^0(%n: int):\n return %n }"));
  EXPECT_ERROR("function's result", check("func @f(n: any) -> int { ^0(%n: any):\n return %n }"));
  EXPECT_ERROR("not in a generator", body("%1: any = yield %a\n return %a"));
  EXPECT_OK(body("%1: any = yield %a\n return %a", "flags generator\n"));
}

// Functions that no text can say.
TEST(IrVerify, Tables) {
  static TypeTable types;
  auto fresh = [&] {
    ReadResult r = read("func @f(a: any) -> any {\n^0(%0: any):\n %1: any = unary neg %0\n return %1\n}", types);
    return std::move(r.module);
  };
  auto m = fresh();
  m->functions[0]->pool[0] = ValueId(99);
  EXPECT_ERROR("operand out of range", verify(*m));
  m = fresh();
  m->functions[0]->blocks[0].insts.insert(m->functions[0]->blocks[0].insts.begin(), InstId(0));
  EXPECT_ERROR("an instruction is in two places", verify(*m));
  m = fresh();
  m->functions[0]->values[1].def = InstId(1);
  EXPECT_ERROR("made elsewhere", verify(*m));
  m = fresh();
  m->functions[0]->blocks[0].handler = BlockId(5);
  EXPECT_ERROR("its handler is not a block", verify(*m));
  m = fresh();
  m->functions[0]->insts[0].imm = 77;
  EXPECT_ERROR("no such operator", verify(*m));
  m = fresh();
  m->functions[0]->values[1].type = TypeId(12345);
  EXPECT_ERROR("type is not in the table", verify(*m));
  m = fresh();
  m->functions[0]->blocks[0].insts.clear();
  EXPECT_ERROR("there is no entry block", verify(*m));
}

}  // namespace
}  // namespace tsvm::ir
