// A small evaluator of IR for tests: numbers, lists of numbers, ranges, one object with fields.
//
// Generic code has Python's semantics on these; where that would give an int beyond 64 bits or an exception the run
// ends with a word that says so. Specialised code leaves as native code does: its exit state is turned into registers
// of the generic function (whose "bytecode" is its own instructions) and the run goes on there. So a specialised
// function must give what the generic one gives, whatever its guards do.
#pragma once

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ir/analysis/liveness.h"
#include "ir/passes/fold.h"
#include "ir/passes/specialise.h"
#include "ir/print.h"

namespace tsvm::ir::testing_ir {

/// Each instruction but constants is one word of bytecode at its own number, each value in the register of its number;
/// constants have no register.
class EveryInstruction : public ResumeMap {
 public:
  explicit EveryInstruction(const Function& f) {
    Cfg cfg(f);
    Liveness live(f, cfg);
    for (BlockId b : cfg.order())
      live.walk_backwards(f, b, [&](uint32_t k, const ValueSet& after) {
        InstId id = f[b].insts[k];
        if (f[id].op == Opcode::Const) return;
        ValueSet before = after;
        Liveness::step(f, f[id], before);
        ResumeState& s = states_[id.index];
        s.pc = id.index;
        before.for_each([&](ValueId v) {
          const Inst* def = f.def(v);
          if (def == nullptr || def->op != Opcode::Const) s.registers.emplace_back(static_cast<uint16_t>(v.index), v);
        });
      });
  }
  const ResumeState* before(InstId id) const override {
    auto it = states_.find(id.index);
    return it == states_.end() ? nullptr : &it->second;
  }

 private:
  std::map<uint32_t, ResumeState> states_;
};

struct Datum {
  enum class Kind : uint8_t {
    None,
    Bool,
    Int,
    Float,
    List,
    Range,
    Iterator,
    Object,
    Function,
    Unset
  } kind = Kind::None;
  int64_t i = 0;
  double d = 0;
  std::shared_ptr<std::vector<Datum>> items;    // List, Object (fields)
  std::shared_ptr<std::array<int64_t, 3>> run;  // Range, Iterator: next, stop, step
  std::string name;                             // Function

  static Datum integer(int64_t v) { return {Kind::Int, v, 0, nullptr, nullptr, {}}; }
  static Datum boolean(bool v) { return {Kind::Bool, v, 0, nullptr, nullptr, {}}; }
  static Datum number(double v) { return {Kind::Float, 0, v, nullptr, nullptr, {}}; }
  static Datum list(std::vector<Datum> v) {
    return {Kind::List, 0, 0, std::make_shared<std::vector<Datum>>(std::move(v)), nullptr, {}};
  }
  static Datum object(std::vector<Datum> v) {
    return {Kind::Object, 0, 0, std::make_shared<std::vector<Datum>>(std::move(v)), nullptr, {}};
  }

  std::string text() const {
    switch (kind) {
      case Kind::None: return "None";
      case Kind::Bool: return i ? "True" : "False";
      case Kind::Int: return std::to_string(i);
      case Kind::Float: {
        char buffer[64];
        std::snprintf(buffer, sizeof buffer, std::isnan(d) ? "nan" : "%a", d);
        return buffer;
      }
      case Kind::List:
      case Kind::Object: {
        std::string out = kind == Kind::List ? "[" : "{";
        for (const Datum& x : *items) out += x.text() + ",";
        return out + "]";
      }
      case Kind::Range: return "range";
      case Kind::Iterator: return "iterator";
      case Kind::Function: return name;
      case Kind::Unset: return "unset";
    }
    return "";
  }
};

class Evaluator {
 public:
  using K = Datum::Kind;

  /// `generic`: what exits go on in; null when `f` is the generic function itself.
  Evaluator(const Function& f, const Function* generic) : f_(f), generic_(generic) {}

  int64_t fuel = 20000;
  uint32_t exits_taken = 0;
  /// What a run has seen, for feedback that is true.
  struct Seen {
    std::map<uint32_t, TypeId> results;   // by instruction; Any: several
    std::map<uint32_t, TypeId> elements;  // of the list of a load_item, store_item or len
    std::map<uint32_t, int64_t> steps;    // of the range of a for_iter
    std::map<uint32_t, bool> blocks;      // that were reached
  };
  Seen* seen = nullptr;
  /// Stops with the word "stopped" when this block is reached for the n-th time; `value` then says what is where.
  BlockId stop_block;
  int stop_count = 0;
  static TypeId type_of(const Datum& x) {
    switch (x.kind) {
      case K::Bool: return types::Bool;
      case K::Int: return types::I64;
      case K::Float: return types::F64;
      case K::None: return types::None;
      default: return types::Any;
    }
  }
  const Datum& value(ValueId v) const { return env_[v.index]; }

  std::string run(const std::vector<Datum>& args) {
    env_.assign(f_.values.size(), Datum{});
    for (size_t k = 0; k < args.size(); k++) env_[f_[f_.entry].params[k].index] = args[k];
    return go(f_.entry, 0);
  }

 private:
  Datum& at(ValueId v) { return env_[v.index]; }
  std::string raise(const char* what) {
    failed_ = true;
    return error_ = what;
  }

  Constant constant_from(const Datum& x) {
    if (x.kind == K::Bool) return bool_constant(x.i != 0);
    if (x.kind == K::Int) return int_constant(x.i);
    if (x.kind == K::Float) return float_constant(x.d);
    return Constant{};
  }
  Datum from_constant(const Constant& c) {
    switch (c.kind) {
      case Constant::Kind::Bool: return Datum::boolean(c.int_value != 0);
      case Constant::Kind::Int: return Datum::integer(c.int_value);
      case Constant::Kind::Float: return Datum::number(c.float_value);
      default: return Datum{};
    }
  }
  bool is_number(const Datum& x) { return x.kind == K::Bool || x.kind == K::Int || x.kind == K::Float; }

  bool truth(const Datum& x) {
    switch (x.kind) {
      case K::None: return false;
      case K::Float: return x.d != 0;
      case K::List: return !x.items->empty();
      case K::Bool:
      case K::Int: return x.i != 0;
      default: return true;
    }
  }

  bool has_type(const Datum& x, TypeId t) {
    const Type& wanted = (*f_.module->types)[t];
    if (wanted.kind != TypeKind::List) return type_of(x) == t;
    if (x.kind != K::List) return false;
    for (const Datum& item : *x.items)
      if (wanted.args[0] != types::Any && type_of(item) != wanted.args[0]) return false;
    // Lists of one sort of scalar are not kept as lists of anything.
    return wanted.args[0] != types::Any || x.items->empty() || type_of((*x.items)[0]) == types::Any;
  }

  /// Goes on in the generic function.
  std::string leave(ExitId exit) {
    if (!exit || generic_ == nullptr) return raise("no exit state");
    const ExitFrame& frame = f_.exits[exit.index].frames.back();
    Evaluator rest(*generic_, nullptr);
    rest.fuel = fuel;
    rest.env_.assign(generic_->values.size(), Datum{});
    for (const Block& b : generic_->blocks)
      for (InstId i : b.insts)
        if ((*generic_)[i].op == Opcode::Const)
          rest.env_[(*generic_)[i].result.index] = from_constant(generic_->module->constants[(*generic_)[i].imm]);
    for (const auto& [reg, v] : frame.registers) {
      Datum x = at(v);
      const Inst* def = f_.def(v);
      if (def != nullptr && def->op == Opcode::RangeIter) (*x.run)[0] = at(f_.operands(*def)[1]).i;
      rest.env_[reg] = x;
    }
    for (uint32_t b = 0; b < generic_->blocks.size(); b++)
      for (uint32_t k = 0; k < generic_->blocks[b].insts.size(); k++)
        if (generic_->blocks[b].insts[k].index == frame.bytecode_pc) {
          exits_taken++;
          return rest.go(BlockId(b), k);
        }
    return raise("no such place");
  }

  std::string go(BlockId b, uint32_t k) {
    for (;;) {
      if (--fuel < 0) return "out of fuel";
      const Inst& i = f_[f_[b].insts[k]];
      if (seen != nullptr) seen->blocks[b.index] = true;
      std::span<const ValueId> in = f_.operands(i);
      bool stopped = false;
      auto jump = [&](size_t n) {
        const Edge& e = f_.successors(i)[n];
        std::vector<Datum> args;
        for (ValueId v : f_.args(e)) args.push_back(at(v));
        for (size_t p = 0; p < args.size(); p++) at(f_[e.target].params[p]) = args[p];
        b = e.target;
        k = 0;
        stopped = b == stop_block && --stop_count == 0;
      };
      switch (i.op) {
        case Opcode::Jump:
        case Opcode::Branch:
          jump(i.op == Opcode::Branch && !at(in[0]).i ? 1 : 0);
          if (stopped) return "stopped";
          continue;
        case Opcode::Return: return at(in[0]).text();
        case Opcode::Leave: return leave(i.exit);
        case Opcode::ForIter: {
          std::array<int64_t, 3>& run = *at(in[0]).run;
          if (run[2] > 0 ? run[0] < run[1] : run[0] > run[1]) {
            at(i.result) = Datum::integer(run[0]);
            if (seen != nullptr) {
              seen->results[f_[b].insts[k].index] = types::I64;
              seen->steps[f_[b].insts[k].index] = run[2];
            }
            run[0] += run[2];
            jump(0);
          } else {
            jump(1);
          }
          if (stopped) return "stopped";
          continue;
        }
        default: break;
      }
      bool leaves = false;
      Datum out = step(i, in, leaves);
      if (leaves) return leave(i.exit);
      if (failed_) return error_;
      if (i.result) at(i.result) = out;
      if (seen != nullptr) record(f_[b].insts[k], out, in);
      k++;
    }
  }

  static void join(std::map<uint32_t, TypeId>& map, uint32_t key, TypeId t) {
    auto [it, added] = map.try_emplace(key, t);
    if (!added && it->second != t) it->second = types::Any;
  }
  void record(InstId id, const Datum& out, std::span<const ValueId> in) {
    join(seen->results, id.index, type_of(out));
    for (ValueId v : in) {
      const Datum& list = at(v);
      if (list.kind != K::List || list.items->empty()) continue;
      TypeId element = type_of((*list.items)[0]);
      for (const Datum& x : *list.items)
        if (type_of(x) != element) element = types::Any;
      join(seen->elements, id.index, element);
    }
  }

  Datum step(const Inst& i, std::span<const ValueId> in, bool& leaves) {
    auto x = [&](size_t n) -> Datum& { return at(in[n]); };
    auto arith = static_cast<ArithOp>(i.imm);
    switch (i.op) {
      case Opcode::Const: return from_constant(f_.module->constants[i.imm]);
      case Opcode::Binary:
      case Opcode::Inplace: {
        Constant out;
        if (!is_number(x(0)) || !is_number(x(1))) return raise("TypeError"), Datum{};
        if (!fold_binary(arith, constant_from(x(0)), constant_from(x(1)), out)) {
          // What Python could do and this cannot is told apart from what raises.
          bool ints = x(0).kind != K::Float && x(1).kind != K::Float;
          bool raises = (arith == ArithOp::LShift || arith == ArithOp::RShift) ? x(1).i < 0 : !truth(x(1));
          bool grows = arith == ArithOp::Add || arith == ArithOp::Sub || arith == ArithOp::Mul;
          return raise(ints && (grows || !raises) ? "beyond 64 bits" : "not a plain number"), Datum{};
        }
        return from_constant(out);
      }
      case Opcode::Unary: {
        auto op = static_cast<UnaryOp>(i.imm);
        if (op == UnaryOp::Not) return Datum::boolean(!truth(x(0)));
        Constant out;
        if (!is_number(x(0)) || !fold_unary(op, constant_from(x(0)), out)) return raise("not a plain number"), Datum{};
        return from_constant(out);
      }
      case Opcode::Compare: {
        bool out = false;
        if (!is_number(x(0)) || !is_number(x(1)) ||
            !fold_compare(static_cast<CompareOp>(i.imm), constant_from(x(0)), constant_from(x(1)), out))
          return raise("not comparable"), Datum{};
        return Datum::boolean(out);
      }
      case Opcode::Truth: return Datum::boolean(truth(x(0)));
      case Opcode::CheckBound:
      case Opcode::Box:
      case Opcode::Unbox:
      case Opcode::Cast: return x(0);
      case Opcode::KeepAlive:
      case Opcode::Unbound: return Datum{K::Unset, 0, 0, nullptr, nullptr, {}};
      case Opcode::LoadGlobal:
      case Opcode::GlobalLoad: {
        Datum out{K::Function, 0, 0, nullptr, nullptr, {}};
        out.name = i.op == Opcode::LoadGlobal ? f_.module->names[i.imm] : f_.objects[i.imm].name;
        return out;
      }
      case Opcode::Call: {
        if (x(0).name == "range" && in.size() >= 2) {
          for (size_t n = 1; n < in.size(); n++)
            if (x(n).kind != K::Int) return raise("TypeError"), Datum{};
          Datum out{K::Range, 0, 0, nullptr, nullptr, {}};
          out.run = std::make_shared<std::array<int64_t, 3>>(std::array<int64_t, 3>{0, x(1).i, 1});
          if (in.size() >= 3) (*out.run)[0] = x(1).i, (*out.run)[1] = x(2).i;
          if (in.size() == 4) (*out.run)[2] = x(3).i;
          return out;
        }
        if (x(0).name == "len" && in.size() == 2 && x(1).kind == K::List)
          return Datum::integer(static_cast<int64_t>(x(1).items->size()));
        if (x(0).name == "touch" && in.size() == 2) {  // unknown code: changes the object's fields
          for (Datum& field : *x(1).items)
            if (field.kind == K::Int) field.i ^= 1;
          return Datum{};
        }
        return raise("unknown function"), Datum{};
      }
      case Opcode::GetIter: {
        if (x(0).kind != K::Range) return raise("TypeError"), Datum{};
        Datum out{K::Iterator, 0, 0, nullptr, nullptr, {}};
        out.run = std::make_shared<std::array<int64_t, 3>>(*x(0).run);
        return out;
      }
      case Opcode::LoadAttr: return (*x(0).items)[field_of(i)];
      case Opcode::StoreAttr: (*x(0).items)[field_of(i)] = x(1); return Datum{};
      case Opcode::FieldLoad: return (*x(0).items)[i.imm];
      case Opcode::FieldStore: (*x(0).items)[i.imm] = x(1); return Datum{};
      case Opcode::LoadItem: {
        Datum* item = item_at(x(0), x(1));
        return item == nullptr ? (raise("IndexError"), Datum{}) : *item;
      }
      case Opcode::StoreItem: {
        Datum* item = item_at(x(0), x(1));
        if (item == nullptr) return raise("IndexError"), Datum{};
        *item = x(2);
        return Datum{};
      }
      case Opcode::MakeList: {
        std::vector<Datum> items;
        for (ValueId v : in) items.push_back(at(v));
        return Datum::list(std::move(items));
      }
      // typed
      case Opcode::ArithI64: {
        int64_t out;
        bool ok = i.exit ? fold_i64(arith, x(0).i, x(1).i, out) : fold_i64_wrapping(arith, x(0).i, x(1).i, out);
        if (!ok) return give_up(i, leaves);
        return Datum::integer(out);
      }
      case Opcode::ArithF64: {
        double out;
        if (!fold_f64(arith, x(0).d, x(1).d, out)) return give_up(i, leaves);
        return Datum::number(out);
      }
      case Opcode::UnaryI64:
      case Opcode::UnaryF64: {
        Constant out;
        if (!fold_unary(static_cast<UnaryOp>(i.imm), constant_from(x(0)), out)) return give_up(i, leaves);
        return from_constant(out);
      }
      case Opcode::CompareI64: return Datum::boolean(compare_i64(static_cast<CompareOp>(i.imm), x(0).i, x(1).i));
      case Opcode::CompareF64: return Datum::boolean(compare_f64(static_cast<CompareOp>(i.imm), x(0).d, x(1).d));
      case Opcode::NotBool: return Datum::boolean(!x(0).i);
      case Opcode::I64ToF64: return Datum::number(static_cast<double>(x(0).i));
      case Opcode::BoolToI64: return Datum::integer(x(0).i);
      case Opcode::Select: return x(0).i ? x(1) : x(2);
      case Opcode::GuardType: leaves = !has_type(x(0), TypeId(i.imm)); return x(0);
      case Opcode::GuardShape: leaves = x(0).kind != K::Object; return x(0);
      case Opcode::GuardIs: leaves = x(0).name != f_.objects[i.imm].name; return x(0);
      case Opcode::GuardTrue: leaves = !x(0).i; return Datum{};
      case Opcode::GuardIndex: leaves = x(0).i < 0 || x(0).i >= x(1).i; return x(0);
      case Opcode::GuardRange: {
        int64_t end;
        leaves = x(0).kind != K::Iterator || (*x(0).run)[2] != static_cast<int32_t>(i.imm) ||
                 __builtin_add_overflow((*x(0).run)[1], (*x(0).run)[2], &end);
        return x(0);
      }
      case Opcode::RangeField: return Datum::integer((*x(0).run)[i.imm]);
      case Opcode::RangeIter: return x(0);  // put right when it is needed
      case Opcode::ResumePoint: return Datum{};
      case Opcode::ListLength: return Datum::integer(static_cast<int64_t>(x(0).items->size()));
      case Opcode::ListLoad: return (*x(0).items).at(static_cast<size_t>(x(1).i));
      case Opcode::ListStore: (*x(0).items).at(static_cast<size_t>(x(1).i)) = x(2); return Datum{};
      default: return raise(info(i.op).text), Datum{};
    }
  }

  Datum give_up(const Inst& i, bool& leaves) {
    if (i.exit)
      leaves = true;
    else
      raise("not a plain number");
    return Datum{};
  }
  uint32_t field_of(const Inst& i) { return f_.module->names[i.imm] == "a" ? 0 : 1; }
  Datum* item_at(Datum& list, const Datum& index) {
    if (list.kind != K::List || index.kind != K::Int) return nullptr;
    auto size = static_cast<int64_t>(list.items->size());
    int64_t k = index.i < 0 ? index.i + size : index.i;
    return k < 0 || k >= size ? nullptr : &(*list.items)[static_cast<size_t>(k)];
  }

  const Function& f_;
  const Function* generic_;
  std::vector<Datum> env_;
  bool failed_ = false;
  std::string error_;
};

}  // namespace tsvm::ir::testing_ir
