// Specialisation with made-up feedback, entry in the middle of loops, and the whole pipeline for native code.
#include "ir/passes/specialise.h"

#include <gtest/gtest.h>

#include <map>

#include "ir/passes/loop_entry.h"
#include "ir/passes/pipeline.h"
#include "ir/print.h"
#include "ir/read.h"
#include "ir/uses.h"
#include "ir/verify.h"
#include "tests/unit/ir_evaluate.h"

namespace tsvm::ir {
namespace {

using testing_ir::EveryInstruction;

ObjectRef object(ObjectRef::Kind kind, const char* name) {
  ObjectRef o;
  o.kind = kind;
  o.name = name;
  return o;
}

/// Answers by the name of the attribute or global, or by opcode.
class TestSites : public Sites {
 public:
  explicit TestSites(const Function& f) : f_(f) {}
  std::vector<TypeId> params;
  std::map<std::string, TypeId> results;  // by opcode
  bool ranges = false, items = false, natives = false, compiled = false, lengths = false;
  std::vector<uint32_t> cold;

  TypeId param(uint32_t i) const override { return i < params.size() ? params[i] : types::Any; }
  TypeId result(InstId i) const override {
    auto it = results.find(info(f_[i].op).text);
    return it == results.end() ? types::Any : it->second;
  }
  bool never_reached(BlockId b) const override { return std::find(cold.begin(), cold.end(), b.index) != cold.end(); }
  std::optional<Attribute> attribute(InstId) const override {
    return Attribute{object(ObjectRef::Kind::Shape, "S"), 2};
  }
  std::optional<Global> global(InstId i) const override {
    return Global{object(ObjectRef::Kind::Global, f_.module->text(NameId(f_[i].imm)).c_str()), std::nullopt};
  }
  std::optional<Item> item(InstId) const override { return items ? std::optional(Item{types::F64}) : std::nullopt; }
  std::optional<Length> length(InstId) const override {
    return lengths ? std::optional(Length{object(ObjectRef::Kind::Value, "len"), types::F64}) : std::nullopt;
  }
  std::optional<Callee> callee(InstId i) const override {
    Callee c;
    ObjectRef o = object(natives ? ObjectRef::Kind::Native : ObjectRef::Kind::Function, natives ? "sqrt" : "g");
    o.has_signature = true;
    if (natives) {
      o.params = {types::F64};
      o.result = types::F64;
    } else if (compiled) {
      o.params = {types::I64};
    } else {
      return std::nullopt;
    }
    c.functions.push_back(o);
    if (f_[i].op == Opcode::CallMethod) return std::nullopt;
    return c;
  }
  std::optional<int32_t> range_step(InstId) const override { return ranges ? std::optional(1) : std::nullopt; }

 private:
  const Function& f_;
};

struct Case {
  TypeTable types;
  std::unique_ptr<Module> module;
  Function* f = nullptr;
  std::unique_ptr<TestSites> sites;
  std::unique_ptr<EveryInstruction> resume;
  std::unique_ptr<Function> generic;

  explicit Case(const char* text) {
    ReadResult r = read(text, types);
    EXPECT_TRUE(r.module) << r.line << ": " << r.error;
    module = std::move(r.module);
    f = module->functions[0].get();
    EXPECT_EQ(verify(*f), "");
    generic = std::make_unique<Function>(*f);
    sites = std::make_unique<TestSites>(*generic);
    resume = std::make_unique<EveryInstruction>(*generic);
  }
  void specialised() {
    specialise(*f, *sites, *resume);
    ASSERT_EQ(verify(*f), "") << print(*f);
  }
  std::string native() {
    specialised();
    PassOptions options;
    options.verify = true;
    run_passes(*f, PassLevel::Native, options);
    return print(*f);
  }
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

const char* const kFib = R"(
func @fib(n: any) -> any {
^0(%n: any):
    %two: any = const 2
    %c: any = compare lt %n, %two
    %t: bool = truth %c
    branch %t -> ^1, ^2
^1:
    return %n
^2:
    %f: any = load_global "fib"
    %one: any = const 1
    %a: any = binary sub %n, %one
    %x: any = call %f(%a)
    %g: any = load_global "fib"
    %two2: any = const 2
    %b: any = binary sub %n, %two2
    %y: any = call %g(%b)
    %r: any = binary add %x, %y
    return %r
}
)";

TEST(IrSpecialise, Fib) {
  Case c(kFib);
  c.sites->params = {types::I64};
  c.sites->results["call"] = types::I64;
  c.sites->compiled = true;
  std::string text = c.native();
  EXPECT_FALSE(has(text, "binary")) << text;
  EXPECT_FALSE(has(text, "truth")) << text;
  EXPECT_TRUE(has(text, "i64 sub")) << text;
  EXPECT_TRUE(has(text, "call_compiled o1")) << text;
  // The guard behind a call leaves to what comes next, with the result in its register.
  EXPECT_TRUE(has(text, "guard_type int")) << text;
}

TEST(IrSpecialise, FibKeepsItsResultsBoxedWhenTheyAreNotKnown) {
  Case c(kFib);
  c.sites->params = {types::I64};
  std::string text = c.native();
  EXPECT_TRUE(has(text, "binary add")) << text;
  EXPECT_TRUE(has(text, "i64 sub")) << text;
}

const char* const kLoop = R"(
func @f(self: any, n: any, xs: any) -> any {
^0(%self: any, %n: any, %xs: any):
    %range: any = load_global "range"
    %rg: any = call %range(%n)
    %it: any = get_iter %rg
    %zero: any = const 0.0
    jump ^1(%zero)
^1(%s: any):
    %i: any = for_iter %it -> ^2, ^3
^2:
    %w: any = load_attr "w" %self
    %x: any = load_item %xs, %i
    %p: any = binary mul %x, %w
    %s2: any = inplace add %s, %p
    jump ^1(%s2)
^3:
    return %s
}
)";

TEST(IrSpecialise, LoopOverAListAndAnAttribute) {
  Case c(kLoop);
  c.sites->ranges = c.sites->items = true;
  c.sites->results["load_attr"] = types::F64;
  std::string text = c.native();
  EXPECT_FALSE(has(text, "for_iter")) << text;
  EXPECT_FALSE(has(text, "binary")) << text;
  EXPECT_TRUE(has(text, "list_load float")) << text;
  EXPECT_TRUE(has(text, "f64 mul")) << text;
  // The guards, the attribute and the list's length are in front of the loop.
  size_t header = text.find("compare_i64 lt");
  for (const char* part : {"guard_shape", "field_load", "guard_type List[float]", "list_length", "guard_type float"})
    EXPECT_LT(text.find(part), header) << part << "\n" << text;
  EXPECT_GT(text.find("guard_index"), header) << text;
  EXPECT_GT(text.find("list_load"), header) << text;
}

TEST(IrSpecialise, NativeFunctionsTakeWhatFits) {
  Case c(R"(
func @f(x: any, n: any) -> any {
^0(%x: any, %n: any):
    %sqrt: any = load_global "sqrt"
    %a: any = call %sqrt(%x)
    %b: any = call %sqrt(%n)
    %r: any = binary add %a, %b
    return %r
})");
  c.sites->natives = true;
  c.sites->params = {types::F64, types::I64};
  std::string text = c.native();
  EXPECT_TRUE(has(text, "float = call_native")) << text;
  EXPECT_TRUE(has(text, "i64_to_f64")) << text;
  EXPECT_TRUE(has(text, "f64 add")) << text;
  EXPECT_FALSE(has(text, " call ")) << text;
}

TEST(IrSpecialise, LengthStoreAndColdBlocks) {
  Case c(R"(
func @f(xs: any, len: any, v: any) -> any {
^0(%xs: any, %len: any, %v: any):
    %n: any = call %len(%xs)
    %one: any = const 1
    %k: any = binary sub %n, %one
    store_item %xs, %k, %v
    %t: bool = truth %v
    branch %t -> ^1, ^2
^1:
    return %k
^2:
    %z: any = unary neg %v
    return %z
})");
  c.sites->items = c.sites->lengths = true;
  c.sites->params = {types::Any, types::Any, types::F64};
  c.sites->cold = {2};
  std::string text = c.native();
  EXPECT_TRUE(has(text, "list_store float")) << text;
  EXPECT_TRUE(has(text, "leave exit")) << text;
  EXPECT_FALSE(has(text, "neg")) << text;
  EXPECT_FALSE(has(text, "store_item")) << text;
}

TEST(IrSpecialise, MethodsOfGenericCodeStayCallable) {
  // Nothing known: every generic instruction has an exit state and nothing else changed.
  Case c(kLoop);
  std::string before = print(*c.f);
  TestSites& sites = *c.sites;
  (void)sites;
  c.specialised();
  for (const Block& b : c.f->blocks)
    for (InstId i : b.insts)
      if (info((*c.f)[i].op).has(kWorld) && !info((*c.f)[i].op).has(kTerminator)) {
        EXPECT_TRUE((*c.f)[i].exit) << print(*c.f, i);
      }
}

// --- entry in the middle ---

const char* const kNested = R"(
func @f(n: any, m: any) -> any {
^0(%n: any, %m: any):
    %zero: any = const 0
    jump ^1(%zero, %zero)
^1(%i: any, %s: any):
    %c: any = compare lt %i, %n
    %t: bool = truth %c
    branch %t -> ^2, ^6
^2:
    %d: any = binary mul %i, %m
    %e: bool = truth %d
    branch %e -> ^3(%zero, %s), ^5(%s)
^3(%j: any, %s1: any):
    %k: any = compare lt %j, %m
    %u: bool = truth %k
    branch %u -> ^4, ^5(%s1)
^4:
    %s2: any = binary add %s1, %d
    %one: any = const 1
    %j2: any = binary add %j, %one
    jump ^3(%j2, %s2)
^5(%s3: any):
    %one2: any = const 1
    %i2: any = binary add %i, %one2
    %s4: any = binary add %s3, %d
    jump ^1(%i2, %s4)
^6:
    return %s
}
)";

TEST(IrLoopEntry, InnerLoop) {
  Case c(kNested);
  Function& f = *c.f;
  std::vector<ValueId> arriving = needed_at(f, BlockId(3));
  // n, m, zero, i, d, j, s1
  EXPECT_EQ(arriving.size(), 7u);
  ASSERT_TRUE(enter_at_loop(f, BlockId(3), arriving));
  EXPECT_EQ(verify(f), "") << print(f);
  EXPECT_EQ(f.params.size(), 7u);
  std::string text = print(f);
  EXPECT_TRUE(has(text, "compare lt")) << text;
}

TEST(IrLoopEntry, OuterLoop) {
  Case c(kNested);
  Function& f = *c.f;
  std::vector<ValueId> arriving = needed_at(f, BlockId(1));
  ASSERT_TRUE(enter_at_loop(f, BlockId(1), arriving));
  EXPECT_EQ(verify(f), "") << print(f);
}

TEST(IrLoopEntry, SpecialisedInTheMiddle) {
  for (uint32_t header : {1u, 3u}) {
    Case c(kNested);
    LoopStart start{BlockId(header), {}};
    for (ValueId v : needed_at(*c.f, start.header)) start.arriving.emplace_back(v, types::I64);
    ASSERT_TRUE(specialise(*c.f, *c.sites, *c.resume, &start));
    ASSERT_EQ(verify(*c.f), "") << print(*c.f);
    PassOptions options;
    options.verify = true;
    run_passes(*c.f, PassLevel::Native, options);
    std::string text = print(*c.f);
    // Everything that arrives is an int, and so is all that is made of it.
    EXPECT_FALSE(has(text, "binary")) << text;
    EXPECT_FALSE(has(text, "compare lt")) << text;
  }
}

TEST(IrLoopEntry, WithAHandlerAndAnIterator) {
  Case c(R"(
func @f(xs: any) -> any {
^0(%xs: any):
    %a: any = unary neg %xs
    %it: any = get_iter %xs
    jump ^1(%a)
^1(%s: any):
    %x: any = for_iter %it -> ^2, ^5
^2:
    jump ^3
^3 handler ^4:
    %y: any = binary add %x, %a
    jump ^1(%y)
^4:
    %e: any = catch
    %z: any = binary add %a, %x
    jump ^1(%z)
^5:
    return %s
})");
  std::vector<ValueId> arriving = needed_at(*c.f, BlockId(1));
  ASSERT_TRUE(enter_at_loop(*c.f, BlockId(1), arriving));
  EXPECT_EQ(verify(*c.f), "") << print(*c.f);
}

}  // namespace
}  // namespace tsvm::ir
