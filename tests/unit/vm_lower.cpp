// Lowering: which bytecode comes out of which IR, and the map back.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "ir/read.h"
#include "vm/lower/lower.h"

namespace tsvm::vm {
namespace {

struct Lowered {
  ir::TypeTable types;
  std::unique_ptr<ir::Module> module;
  std::unique_ptr<Code> code;
  LowerMap map;
};

Lowered lower_text(std::string_view text) {
  Lowered l;
  ir::ReadResult r = ir::read(text, l.types);
  EXPECT_TRUE(r.module) << r.line << ": " << r.error;
  if (!r.module) return l;
  l.module = std::move(r.module);
  LowerResult result = lower(*l.module->functions[0], 0, &l.map);
  EXPECT_TRUE(result.code) << result.limit;
  l.code = std::move(result.code);
  return l;
}

// The instructions without the header, one a line, blanks squeezed.
std::string instructions(const Code& code) {
  std::string text = disassemble(code), out;
  size_t at = text.find('\n') + 1;
  for (size_t i = at; i < text.size(); i++) {
    if (text[i] == ' ' && (out.empty() || out.back() == ' ' || out.back() == '\n')) continue;
    out += text[i];
  }
  return out;
}

TEST(Lower, ComparisonsAndSmallIntsAreFused) {
  Lowered l = lower_text(R"(
func @f(n: any) -> any {
^0(%n: any):
    %k: any = const 2
    %c: any = compare lt %n, %k
    %t: bool = truth %c
    branch %t -> ^1, ^2
^1:
    return %n
^2:
    %o: any = const 1
    %a: any = binary sub %n, %o
    return %a
}
)");
  EXPECT_EQ(instructions(*l.code),
            "0 jump_lt_int r0, 2, 0, -> 3\n"
            "2 return r0!\n"
            "3 sub_int r0, r0!, 1\n"
            "4 return r0!\n");
}

TEST(Lower, LoopVariablesKeepTheirRegister) {
  Lowered l = lower_text(R"(
func @f(it: any) -> any {
^0(%it: any):
    %z: any = const 0
    jump ^1(%z)
^1(%s: any):
    %i: any = for_iter %it -> ^2, ^3
^2:
    %q: any = inplace add %s, %i
    jump ^1(%q)
^3:
    return %s
}
)");
  EXPECT_EQ(instructions(*l.code),
            "0 int r1, 0\n"
            "1 for_iter r2, r0, -> 6\n"
            "3 iadd r1, r1!, r2!\n"
            "4 loop -> 1\n"
            "6 drop r0!\n"
            "7 return r1!\n");
}

TEST(Lower, ArgumentsThatCrossAreSwapped) {
  Lowered l = lower_text(R"(
func @f(a: any, b: any, m: any) -> any {
^0(%a: any, %b: any, %m: any):
    jump ^1(%a, %b)
^1(%x: any, %y: any):
    %t: bool = truth %m
    branch %t -> ^2, ^3
^2:
    jump ^1(%y, %x)
^3:
    %r: any = make_tuple %x, %y
    return %r
}
)");
  std::string text = instructions(*l.code);
  EXPECT_NE(text.find("swap r0, r1"), std::string::npos) << text;
}

TEST(Lower, HandlersKeepWhatTheyNeed) {
  Lowered l = lower_text(R"(
func @f(a: any, b: any) -> any {
    slots 1 "x"
^0(%a: any, %b: any):
    jump ^1
^1 handler ^2:
    %r: any = call %a(%b)
    store_slot $0 %r
    jump ^3
^2:
    %e: any = catch
    jump ^3
^3:
    %v: any = load_slot $0
    %c: any = check_bound "x" %v
    %t: any = make_tuple %c, %b
    return %t
}
)");
  ASSERT_EQ(l.code->handlers.size(), 1u);
  const Handler& h = l.code->handlers[0];
  ASSERT_EQ(h.keep_count, 1u);
  EXPECT_EQ(l.code->keep[h.keep_begin], 1);  // %b
  EXPECT_EQ(l.code->handler_at(h.begin), &h);
  EXPECT_EQ(l.code->handler_at(h.end), nullptr);
  // The slot's value needs no register of its own.
  EXPECT_NE(instructions(*l.code).find("check_bound_in r2, x"), std::string::npos) << instructions(*l.code);
}

TEST(Lower, MethodsAreLoadedBeforeTheirArguments) {
  Lowered l = lower_text(R"(
func @f(a: any, b: any) -> any {
^0(%a: any, %b: any):
    %m: any = load_attr "m" %a
    %x: any = binary add %b, %b
    %r: any = call %m(%x)
    return %r
}
)");
  EXPECT_EQ(instructions(*l.code),
            "0 load_method m, r0!, -> [r0, r2]\n"
            "3 add r1, r1, r1!\n"
            "4 call_loaded r0, r0!, [r2!, r1!]\n"
            "7 return r0!\n");
  // Between the two, going on with live values alone needs the object's register Unbound.
  auto point = std::find_if(l.map.points.begin(), l.map.points.end(), [](auto& p) { return p.pc == 3; });
  ASSERT_NE(point, l.map.points.end());
  ASSERT_EQ(point->cleared_count, 1u);
  EXPECT_EQ(l.map.cleared[point->cleared_begin], 2);
}

TEST(Lower, TheMapSaysWhereValuesAre) {
  Lowered l = lower_text(R"(
func @f(a: any, b: any) -> any {
^0(%a: any, %b: any):
    %x: any = binary add %a, %b
    %y: any = binary mul %x, %a
    return %y
}
)");
  ASSERT_EQ(l.map.points.size(), 3u);
  const LowerMap::Point& mul = l.map.points[1];
  std::vector<uint32_t> live;
  for (uint32_t i = 0; i < mul.live_count; i++) live.push_back(l.map.live[mul.live_begin + i].index);
  std::sort(live.begin(), live.end());
  EXPECT_EQ(live, (std::vector<uint32_t>{0, 2}));  // %a and %x
  EXPECT_EQ(l.map.registers[0], 0);
  EXPECT_EQ(l.map.block_pc[0], 0u);
}

TEST(Lower, TypedCodeUsesRawRegisters) {
  Lowered l = lower_text(R"(
func @f(n: int) -> int {
^0(%n: int):
    %z: int = const 0
    jump ^1(%z)
^1(%i: int):
    %c: bool = compare_i64 lt %i, %n
    branch %c -> ^2, ^3
^2:
    %o: int = const 1
    %j: int = i64 add %i, %o
    jump ^1(%j)
^3:
    return %i
}
)");
  std::string text = instructions(*l.code);
  EXPECT_NE(text.find("jump_lt_i64"), std::string::npos) << text;
  EXPECT_NE(text.find("return_i64"), std::string::npos) << text;
  EXPECT_EQ(l.code->num_registers, 1u);
}

TEST(Lower, IsDeterministic) {
  constexpr std::string_view kText = R"(
func @f(a: any, b: any) -> any {
^0(%a: any, %b: any):
    %t: bool = truth %a
    branch %t -> ^1(%b), ^1(%a)
^1(%x: any):
    %l: any = make_list %x, %a, %b
    return %l
}
)";
  EXPECT_EQ(lower_text(kText).code->words, lower_text(kText).code->words);
}

}  // namespace
}  // namespace tsvm::vm
