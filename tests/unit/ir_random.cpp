// Random programs, random feedback: whatever is speculated and wherever a loop is entered, the result is that of the
// generic function, and so are the object and the list that it worked on.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "ir/analysis/loops.h"
#include "ir/emit/emit.h"
#include "ir/passes/loop_entry.h"
#include "ir/passes/pipeline.h"
#include "ir/passes/specialise.h"
#include "ir/uses.h"
#include "ir/verify.h"
#include "parser/parser.h"
#include "parser/scope.h"
#include "tests/unit/ir_evaluate.h"

namespace tsvm::ir {
namespace {

using testing_ir::Datum;
using testing_ir::Evaluator;
using testing_ir::EveryInstruction;

class ProgramMaker {
 public:
  explicit ProgramMaker(uint32_t seed) : random_(seed) {}

  std::string make() {
    out_ = "def f(a, b, o, xs):\n    v0 = a\n    v1 = b\n    v2 = 1\n    v3 = 0.5\n";
    for (int n = 0; n < 4; n++) statement(1, 0);
    out_ += "    return [v0, v1, v2, v3]\n";
    return out_;
  }

 private:
  uint32_t pick(uint32_t n) { return random_() % n; }
  std::string variable() { return "v" + std::to_string(pick(4)); }

  std::string expression(int depth) {
    if (depth <= 0 || pick(4) == 0) {
      switch (pick(9)) {
        case 0: return std::to_string(pick(10));
        case 1: return "0.25";
        case 2: return "o.a";
        case 3: return "o.b";
        case 4: return "xs[" + std::to_string(static_cast<int>(pick(4)) - 1) + "]";
        case 5: return "len(xs)";
        case 6: return "a";
        default: return variable();
      }
    }
    static const char* const kOps[] = {"+", "-", "*", "+", "-", "*", "//", "%", "/", "+", "-", "*", "&", "<<"};
    switch (pick(8)) {
      case 0: return "-(" + expression(depth - 1) + ")";
      case 1: return "xs[(" + expression(depth - 1) + ") % 3]";
      case 2: return "(" + condition(depth - 1) + ")";
      case 3:
        return "(" + expression(depth - 1) + " if " + condition(depth - 1) + " else " + expression(depth - 1) + ")";
      default: return "(" + expression(depth - 1) + " " + kOps[pick(14)] + " " + expression(depth - 1) + ")";
    }
  }

  std::string condition(int depth) {
    static const char* const kOps[] = {"<", "<=", "==", "!=", ">", ">="};
    switch (pick(6)) {
      case 0: return "not " + expression(depth - 1);
      case 1: return expression(depth - 1) + " and " + expression(depth - 1);
      default: return expression(depth - 1) + " " + kOps[pick(6)] + " " + expression(depth - 1);
    }
  }

  void line(int indent, const std::string& text) {
    out_ += std::string(static_cast<size_t>(indent) * 4, ' ') + text + "\n";
  }

  void block(int indent, int depth) {
    for (uint32_t n = 1 + pick(3); n > 0; n--) statement(indent, depth);
  }

  void statement(int indent, int depth) {
    static const char* const kOps[] = {"+=", "-=", "*=", "+="};
    uint32_t choice = pick(depth >= 2 ? 7u : 12u);
    switch (choice) {
      case 0:
      case 1: line(indent, variable() + " = " + expression(2)); break;
      case 2:
      case 3: line(indent, variable() + " " + kOps[pick(4)] + " " + expression(1)); break;
      case 4: line(indent, std::string(pick(2) ? "o.a" : "o.b") + " = " + expression(2)); break;
      case 5: line(indent, "xs[" + std::to_string(pick(3)) + "] = " + expression(2)); break;
      case 6: pick(3) == 0 ? line(indent, "touch(o)") : line(indent, variable() + " = " + expression(1)); break;
      case 7:
        line(indent, "if " + condition(2) + ":");
        block(indent + 1, depth + 1);
        line(indent, "else:");
        block(indent + 1, depth + 1);
        break;
      case 8: {
        std::string counter = "w" + std::to_string(loops_++);
        line(indent, counter + " = 0");
        line(indent, "while " + counter + " < " + std::to_string(pick(5)) + ":");
        line(indent + 1, counter + " += 1");
        block(indent + 1, depth + 1);
        if (pick(3) == 0) {
          line(indent + 1, "if " + condition(1) + ":");
          line(indent + 2, pick(2) ? "break" : "continue");
        }
        break;
      }
      default: {
        static const char* const kRanges[] = {"range(4)", "range(len(xs))", "range(1, 5)", "range(5, 0, -1)",
                                              "range(0, 9, 2)"};
        line(indent, "for " + variable() + " in " + kRanges[pick(5)] + ":");
        block(indent + 1, depth + 1);
        break;
      }
    }
  }

  std::mt19937 random_;
  std::string out_;
  int loops_ = 0;
};

ObjectRef object(ObjectRef::Kind kind, const std::string& name) {
  ObjectRef o;
  o.kind = kind;
  o.name = name;
  return o;
}

/// Mostly the truth about types, as a run has seen it, sometimes anything; what compiled code relies on without a guard
/// (fields of shapes) is always true.
class RandomSites : public Sites {
 public:
  RandomSites(const Function& f, const Evaluator::Seen& seen, const std::vector<Datum>& args, uint32_t seed,
              uint32_t lies)
      : f_(f), seen_(seen), args_(args), seed_(seed), lies_(lies) {}

  TypeId param(uint32_t i) const override {
    if (lie(1000 + i)) return i < 2 ? any_type(2000 + i) : types::Any;
    return Evaluator::type_of(args_[i]);
  }
  TypeId result(InstId i) const override {
    if (lie(i.index)) return any_type(i.index + 7);
    return seen_in(seen_.results, i);
  }
  bool never_reached(BlockId b) const override {
    return lie(b.index + 3000) ? roll(b.index + 3001) % 4 == 0 : !seen_.blocks.contains(b.index);
  }
  std::optional<Attribute> attribute(InstId i) const override {
    if (roll(i.index + 1) % 8 == 0) return std::nullopt;
    return Attribute{object(ObjectRef::Kind::Shape, "S"), f_.module->names[f_[i].imm] == "a" ? 0u : 1u};
  }
  std::optional<Global> global(InstId i) const override {
    if (roll(i.index + 2) % 4 == 0) return std::nullopt;
    return Global{object(ObjectRef::Kind::Global, f_.module->names[f_[i].imm]), std::nullopt};
  }
  std::optional<Item> item(InstId i) const override {
    if (lie(i.index + 3)) return Item{any_type(5000), roll(i.index + 5) % 2 == 0};
    TypeId t = seen_in(seen_.elements, i);
    return TypeTable::is_raw(t) ? std::optional(Item{t, roll(i.index + 5) % 3 != 0}) : std::nullopt;
  }
  std::optional<Length> length(InstId i) const override {
    const Inst* callee = f_.def(f_.operands(f_[i])[0]);
    bool is_len = callee != nullptr && callee->op == Opcode::LoadGlobal && f_.module->names[callee->imm] == "len";
    TypeId t = lie(i.index + 6) ? any_type(5000) : seen_in(seen_.elements, i);
    if (!is_len || !TypeTable::is_raw(t)) return std::nullopt;
    return Length{object(ObjectRef::Kind::Value, "len"), t};
  }
  std::optional<int32_t> range_step(InstId i) const override {
    if (lie(i.index + 8)) return roll(i.index + 9) % 2 ? -1 : 3;
    auto it = seen_.steps.find(i.index);
    return it != seen_.steps.end() ? std::optional(static_cast<int32_t>(it->second)) : std::nullopt;
  }

 private:
  uint32_t roll(uint32_t n) const { return std::mt19937(seed_ * 7919 + n)(); }
  bool lie(uint32_t n) const { return roll(n + 10000) % 100 < lies_; }
  TypeId any_type(uint32_t n) const {
    static constexpr TypeId kTypes[] = {types::I64, types::F64, types::Bool, types::Any};
    return kTypes[roll(n) % 4];
  }
  TypeId seen_in(const std::map<uint32_t, TypeId>& map, InstId i) const {
    auto it = map.find(i.index);
    return it != map.end() && TypeTable::is_raw(it->second) ? it->second : types::Any;
  }
  const Function& f_;
  const Evaluator::Seen& seen_;
  const std::vector<Datum> args_;
  uint32_t seed_, lies_;
};

std::vector<Datum> arguments(uint32_t seed) {
  std::mt19937 random(seed);
  auto number = [&]() -> Datum {
    switch (random() % 6) {
      case 0: return Datum::number(static_cast<double>(random() % 100) / 8);
      case 1: return Datum::boolean(random() % 2);
      case 2: return Datum::integer(static_cast<int64_t>(random()) << 30);
      default: return Datum::integer(static_cast<int64_t>(random() % 20) - 5);
    }
  };
  bool floats = random() % 2;
  std::vector<Datum> items;
  for (int n = 0; n < 3; n++)
    items.push_back(floats ? Datum::number(n + 0.5) : Datum::integer(static_cast<int64_t>(random() % 9)));
  return {number(), number(), Datum::object({number(), number()}), Datum::list(items)};
}

std::string outcome(const std::string& result, const std::vector<Datum>& args) {
  return result + " " + args[2].text() + args[3].text();
}

TEST(IrRandom, SpecialisedProgramsGiveTheSame) {
  TypeTable types;
  uint32_t compared = 0, exits = 0, entered = 0, good_results = 0, finished = 0;
  const char* more = std::getenv("TSVM_RANDOM_PROGRAMS");  // a longer search
  uint32_t count = more != nullptr ? static_cast<uint32_t>(std::atoi(more)) : 250;
  for (uint32_t seed = 0; seed < count; seed++) {
    auto source = std::make_shared<const SourceFile>("random.ts", ProgramMaker(seed).make());
    Arena arena;
    ParseResult parsed = parse(*source, arena);
    ScopeTree scopes = analyze_scopes(parsed, arena);
    ASSERT_TRUE(parsed.ok()) << source->text();
    std::unique_ptr<Module> module = emit_module(parsed, scopes, source, "random");
    module->types = &types;
    const Function plain = *module->functions[1];
    Function& f = *module->functions[1];
    PassOptions options;
    options.verify = true;
    run_passes(f, PassLevel::Generic, options);
    const Function generic = f;
    EveryInstruction resume(generic);

    for (uint32_t input = 0; input < 3; input++) {
      uint32_t args_seed = seed * 17 + input;
      std::vector<Datum> args = arguments(args_seed);
      std::string expected = outcome(Evaluator(plain, nullptr).run(args), args);
      // Beyond 64 bits the evaluator cannot go on where Python does (a sum that nobody needs is not even made).
      if (expected.starts_with("out of fuel") || expected.starts_with("beyond 64 bits")) continue;
      good_results += expected.starts_with("[");
      args = arguments(args_seed);
      Evaluator profiled(generic, nullptr);
      Evaluator::Seen seen;
      profiled.seen = &seen;
      ASSERT_EQ(outcome(profiled.run(args), args), expected) << source->text() << print(plain) << print(generic);

      Function s = generic;
      RandomSites sites(generic, seen, arguments(args_seed), seed * 3 + input, input * 8);
      specialise(s, sites, resume);
      ASSERT_EQ(verify(s), "") << print(s);
      const Function speculative = s;
      run_passes(s, PassLevel::Native, options);
      for (const Function* version : {&speculative, static_cast<const Function*>(&s)}) {
        args = arguments(args_seed);
        Evaluator e(*version, &generic);
        std::string got = outcome(e.run(args), args);
        exits += e.exits_taken;
        finished += e.exits_taken == 0 && got.starts_with("[");
        compared++;
        ASSERT_EQ(got, expected) << source->text() << print(generic) << print(*version);
      }

      Cfg cfg(generic);
      Dominators doms(generic, cfg);
      Loops loops(generic, cfg, doms);
      for (const Loop& loop : loops.all()) {
        args = arguments(args_seed);
        Evaluator start(generic, nullptr);
        start.stop_block = loop.header;
        start.stop_count = 2;
        if (start.run(args) != "stopped") continue;
        LoopStart entry{loop.header, {}};
        std::vector<Datum> live;
        for (ValueId v : needed_at(generic, loop.header)) {
          live.push_back(start.value(v));
          entry.arriving.emplace_back(v, (v.index + seed) % 7 ? Evaluator::type_of(live.back()) : types::F64);
        }
        Function o = generic;
        if (!specialise(o, sites, resume, &entry)) continue;
        ASSERT_EQ(verify(o), "") << print(generic) << print(o);
        run_passes(o, PassLevel::Native, options);
        Evaluator e(o, &generic);
        std::string got = outcome(e.run(live), args);
        entered++;
        ASSERT_EQ(got, expected) << source->text() << print(generic) << print(o);
      }
    }
  }
  // The test tests something.
  EXPECT_GT(compared, 1000u);
  EXPECT_GT(exits, 300u);
  EXPECT_GT(entered, 100u);
  EXPECT_GT(good_results, 200u);
  EXPECT_GT(finished, 150u);
  RecordProperty("compared", static_cast<int>(compared));
  RecordProperty("exits", static_cast<int>(exits));
  RecordProperty("entered", static_cast<int>(entered));
  RecordProperty("finished", static_cast<int>(finished));
  RecordProperty("good", static_cast<int>(good_results));
}

}  // namespace
}  // namespace tsvm::ir
