// Arithmetic of ints and floats, and tests: a comparison that only a branch or a guard needs is made there.
#include "jit/scalar/generator.h"

namespace tsvm::jit {

x86::CondCode Codegen::signed_condition(CompareOp op) {
  switch (op) {
    case CompareOp::Lt: return x86::CondCode::kSignedLT;
    case CompareOp::Le: return x86::CondCode::kSignedLE;
    case CompareOp::Gt: return x86::CondCode::kSignedGT;
    case CompareOp::Ge: return x86::CondCode::kSignedGE;
    case CompareOp::Ne: return x86::CondCode::kNotEqual;
    default: return x86::CondCode::kEqual;
  }
}

void Codegen::compare_ints(ValueId a, ValueId b) {
  Gp x = ints(a);
  if (auto k = small(b))
    cc().cmp(x, imm(*k));
  else
    cc().cmp(x, ints(b));
}

void Codegen::jump_if(ValueId v, bool sense, const Label& target) {
  const Place& p = place(v);
  if (p.kind == Place::Fixed) {
    if ((p.imm != 0) == sense) cc().jmp(target);
    return;
  }
  if (p.kind != Place::Test) {
    cc().test(p.bits.r32(), p.bits.r32());
    sense ? cc().jnz(target) : cc().jz(target);
    return;
  }
  const Inst& i = *f_.def(v);
  auto in = f_.operands(i);
  if (i.op == Opcode::NotBool) return jump_if(in[0], !sense, target);
  auto op = static_cast<CompareOp>(i.imm);
  if (i.op == Opcode::CompareI64) {
    compare_ints(in[0], in[1]);
    x86::CondCode c = signed_condition(op);
    cc().j(sense ? c : x86::negateCond(c), target);
    return;
  }
  bool swap = op == CompareOp::Lt || op == CompareOp::Le;
  Xmm x = doubles(in[swap ? 1 : 0]), y = doubles(in[swap ? 0 : 1]);
  cc().ucomisd(x, y);
  switch (op) {
    case CompareOp::Lt:
    case CompareOp::Gt: sense ? cc().ja(target) : cc().jbe(target); break;
    case CompareOp::Le:
    case CompareOp::Ge: sense ? cc().jae(target) : cc().jb(target); break;
    default: {
      // Not a number is different from everything: parity.
      bool equal = (op == CompareOp::Eq) == sense;
      if (equal) {
        Label no = cc().newLabel();
        cc().jp(no);
        cc().je(target);
        cc().bind(no);
      } else {
        cc().jp(target);
        cc().jne(target);
      }
    }
  }
}

void Codegen::materialise(ValueId v, const Gp& out) {
  Label yes = cc().newLabel();
  Gp r = gp();
  cc().mov(r, imm(1));
  jump_if(v, true, yes);
  cc().xor_(r.r32(), r.r32());
  cc().bind(yes);
  cc().mov(out, r);
}

void Codegen::arith_i64(const Inst& i) {
  auto in = f_.operands(i);
  auto op = static_cast<ArithOp>(i.imm);
  bool leaves = static_cast<bool>(i.exit);
  Gp r = gp();
  switch (op) {
    case ArithOp::Add:
    case ArithOp::Sub:
    case ArithOp::Mul:
    case ArithOp::And:
    case ArithOp::Or:
    case ArithOp::Xor: {
      ValueId a = in[0], b = in[1];
      cc().mov(r, ints(a));
      InstId id = op == ArithOp::Add   ? InstId(x86::Inst::kIdAdd)
                  : op == ArithOp::Sub ? InstId(x86::Inst::kIdSub)
                  : op == ArithOp::And ? InstId(x86::Inst::kIdAnd)
                  : op == ArithOp::Or  ? InstId(x86::Inst::kIdOr)
                                       : InstId(x86::Inst::kIdXor);
      if (op == ArithOp::Mul) {
        if (auto k = small(b))
          cc().imul(r, r, imm(*k));
        else
          cc().imul(r, ints(b));
      } else if (auto k = small(b)) {
        cc().emit(id.index, r, imm(*k));
      } else {
        cc().emit(id.index, r, ints(b));
      }
      if (leaves && op <= ArithOp::Mul) cc().jo(way_out(i));
      break;
    }
    case ArithOp::FloorDiv:
    case ArithOp::Mod: divide(i, r); break;
    case ArithOp::Pow: {
      cc().mov(window_bits(0), ints(in[0]));
      cc().mov(window_bits(1), ints(in[1]));
      Gp status = call_support(rt_pow_i64, 0, 0);
      cc().cmp(status, imm(kDone));
      cc().jne(way_out(i));
      cc().mov(r, window_bits(0));
      break;
    }
    case ArithOp::LShift:
    case ArithOp::RShift: {
      Gp count = ints(in[1]), back = gp();
      cc().mov(r, ints(in[0]));
      if (op == ArithOp::LShift) {
        cc().cmp(count, imm(63));
        cc().ja(way_out(i));
        cc().shl(r, count.r8());
        cc().mov(back, r);
        cc().sar(back, count.r8());
        cc().cmp(back, ints(in[0]));
        cc().jne(way_out(i));
      } else {
        cc().test(count, count);
        cc().js(way_out(i));
        Gp most = gp(), by = gp();
        cc().mov(most, imm(63));
        cc().mov(by, count);
        cc().cmp(by, most);
        cc().cmova(by, most);
        cc().sar(r, by.r8());
      }
      break;
    }
    case ArithOp::TrueDiv:
    case ArithOp::MatMul:
    case ArithOp::Count: return refuse("an operator of ints");
  }
  set_int(i.result, r);
}

// Floor division and its rest: the sign follows the divisor.
void Codegen::divide(const Inst& i, const Gp& out) {
  auto in = f_.operands(i);
  bool quotient = static_cast<ArithOp>(i.imm) == ArithOp::FloorDiv;
  auto k = small(in[1]);
  if (k && *k > 0 && (*k & (*k - 1)) == 0) {
    cc().mov(out, ints(in[0]));
    if (quotient)
      cc().sar(out, imm(__builtin_ctz(static_cast<uint32_t>(*k))));
    else
      cc().and_(out, imm(*k - 1));
    return;
  }
  Gp a = gp(), b = ints(in[1]), high = gp();
  cc().mov(a, ints(in[0]));
  if (!k || *k == 0) {
    cc().test(b, b);
    cc().jz(way_out(i));
  }
  if (!k || *k == -1) {
    // The one quotient that does not fit.
    cc().cmp(b, imm(-1));
    cc().je(way_out(i));
  }
  Label exact = cc().newLabel();
  Gp sign = gp();
  cc().cqo(high, a);
  cc().idiv(high, a, b);
  cc().test(high, high);
  if (quotient) {
    cc().mov(out, a);
    cc().jz(exact);
    cc().mov(sign, high);
    cc().xor_(sign, b);
    cc().jns(exact);
    cc().sub(out, imm(1));
  } else {
    cc().mov(out, high);
    cc().jz(exact);
    cc().mov(sign, high);
    cc().xor_(sign, b);
    cc().jns(exact);
    cc().add(out, b);
  }
  cc().bind(exact);
}

void Codegen::arith_f64(const Inst& i) {
  auto in = f_.operands(i);
  auto op = static_cast<ArithOp>(i.imm);
  Xmm x = cc().newXmmSd();
  if (op == ArithOp::TrueDiv || op == ArithOp::FloorDiv || op == ArithOp::Mod) {
    const Place& divisor = place(in[1]);
    if (divisor.kind != Place::Fixed || (divisor.imm << 1) == 0) {
      Xmm zero = cc().newXmmSd();
      cc().xorps(zero, zero);
      Label fine = cc().newLabel();
      cc().ucomisd(doubles(in[1]), zero);
      cc().jp(fine);
      cc().je(way_out(i));
      cc().bind(fine);
    }
  }
  switch (op) {
    case ArithOp::Add:
    case ArithOp::Sub:
    case ArithOp::Mul:
    case ArithOp::TrueDiv: {
      Xmm a = doubles(in[0]), b = doubles(in[1]);
      cc().movapd(x, a);
      if (op == ArithOp::Add) cc().addsd(x, b);
      if (op == ArithOp::Sub) cc().subsd(x, b);
      if (op == ArithOp::Mul) cc().mulsd(x, b);
      if (op == ArithOp::TrueDiv) cc().divsd(x, b);
      break;
    }
    case ArithOp::FloorDiv:
    case ArithOp::Mod: {
      InvokeNode* node;
      Xmm a = doubles(in[0]), b = doubles(in[1]);
      void* fn = op == ArithOp::Mod ? reinterpret_cast<void*>(rt_mod_f64) : reinterpret_cast<void*>(rt_floordiv_f64);
      cc().invoke(&node, imm(reinterpret_cast<uint64_t>(fn)), FuncSignatureT<double, double, double>());
      node->setArg(0, a);
      node->setArg(1, b);
      node->setRet(0, x);
      break;
    }
    case ArithOp::Pow: {
      store_raw(in[0], window_bits(0));
      store_raw(in[1], window_bits(1));
      Gp status = call_support(rt_pow_f64, 0, 0);
      cc().cmp(status, imm(kDone));
      cc().jne(way_out(i));
      cc().movsd(x, window_bits(0));
      break;
    }
    default: return refuse("an operator of floats");
  }
  set_double(i.result, x);
}

void Codegen::unary_i64(const Inst& i) {
  auto op = static_cast<UnaryOp>(i.imm);
  Gp r = gp();
  cc().mov(r, ints(f_.operands(i)[0]));
  if (op == UnaryOp::Neg) {
    cc().neg(r);
    if (i.exit) cc().jo(way_out(i));
  } else if (op == UnaryOp::Invert) {
    cc().not_(r);
  } else if (op != UnaryOp::Pos) {
    return refuse("an operator of ints");
  }
  set_int(i.result, r);
}

void Codegen::unary_f64(const Inst& i) {
  Xmm x = cc().newXmmSd();
  ValueId v = f_.operands(i)[0];
  if (static_cast<UnaryOp>(i.imm) == UnaryOp::Neg) {
    load_double(x, uint64_t{1} << 63);
    cc().xorps(x, doubles(v));
  } else if (static_cast<UnaryOp>(i.imm) == UnaryOp::Pos) {
    cc().movapd(x, doubles(v));
  } else {
    return refuse("an operator of floats");
  }
  set_double(i.result, x);
}

}  // namespace tsvm::jit
