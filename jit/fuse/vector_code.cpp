#include "jit/fuse/vector_code.h"

#include <asmjit/x86.h>

#include <bit>
#include <map>

#include "base/check.h"

namespace tsvm::jit::fuse {

using namespace ops::scalar;
using ops::DType;
namespace I = asmjit::x86::Inst;

namespace {

/// The vectors of a value. Bools have one form or both.
struct Parts {
  Ref narrow[2];  // bools: [0] is the mask of 32-bit lanes; other values: their one or two vectors
  Ref wide[2];    // bools: the masks of 64-bit lanes
  bool has_narrow = false, has_wide = false;
};

constexpr bool wide_type(CType t) { return t == CType::I64 || t == CType::F64; }

class Selector {
 public:
  Selector(const Program& p, const NativeOperand* operands, VectorCode& code)
      : p_(p), operands_(operands), code_(code), values_(p.size), varies_(p.size, false) {}

  bool run(std::string& why) {
    for (int k = 0; k < p_.output_count + p_.inputs; k++)
      code_.operand_size.push_back(static_cast<uint8_t>(ops::item_size(operands_[k].stored)));
    for (int i = 0; i < p_.size; i++) {
      const Inst& inst = p_.code[i];
      bool varies = inst.op == Op::Input && operands_[p_.output_count + i].access == Access::Dense;
      for_each_operand(inst, [&](uint16_t v) { varies = varies || varies_[v]; });
      varies_[i] = varies;
      section_ = varies ? &code_.loop : &code_.once;
      instruction(i, inst);
      if (!failure_.empty()) {
        why = failure_;
        return false;
      }
      if (!varies && inst.op != Op::Const) settle(i);
    }
    section_ = &code_.loop;
    for (int k = 0; k < p_.output_count; k++) {
      store(k, p_.outputs[k]);
      if (!failure_.empty()) {
        why = failure_;
        return false;
      }
    }
    return true;
  }

 private:
  // --- making instructions

  Ref reg() {
    Ref r;
    r.kind = Ref::Reg;
    r.at = code_.registers++;
    return r;
  }
  Ref frame() {
    Ref r;
    r.kind = Ref::Frame;
    r.at = code_.frame_slots++;
    return r;
  }
  static Ref tensor(int operand, int at, int bytes) {
    Ref r;
    r.kind = Ref::Tensor;
    r.operand = static_cast<int16_t>(operand);
    r.at = at;
    r.bytes = static_cast<uint8_t>(bytes);
    return r;
  }
  Ref pool(const uint64_t (&words)[4]) {
    Ref r;
    r.kind = Ref::Pool;
    for (size_t at = 0; at < code_.pool.size(); at += 4)
      if (std::equal(words, words + 4, &code_.pool[at])) {
        r.at = static_cast<int32_t>(at / 4);
        return r;
      }
    r.at = static_cast<int32_t>(code_.pool.size() / 4);
    code_.pool.insert(code_.pool.end(), words, words + 4);
    return r;
  }
  Ref constant64(uint64_t word) { return pool({word, word, word, word}); }
  Ref constant32(uint32_t word) { return constant64(word * 0x100000001ull); }

  VInst& add(VInst v) {
    section_->push_back(v);
    return section_->back();
  }
  Ref op(uint32_t inst, Ref a, Ref b = {}, Ref c = {}, bool commutes = false) {
    VInst v;
    v.inst = inst;
    v.dst = reg();
    v.src[0] = a;
    v.src[1] = b;
    v.src[2] = c;
    v.commutes = commutes;
    return add(v).dst;
  }
  Ref op_imm(uint32_t inst, int imm, Ref a, Ref b = {}) {
    VInst v;
    v.inst = inst;
    v.has_imm = true;
    v.imm = static_cast<uint8_t>(imm);
    v.dst = reg();
    v.src[0] = a;
    v.src[1] = b;
    return add(v).dst;
  }
  /// The same with a 16-byte result.
  Ref half_op_imm(uint32_t inst, int imm, Ref a, Ref b = {}) {
    op_imm(inst, imm, a, b);
    section_->back().dst.bytes = 16;
    return section_->back().dst;
  }
  Ref half_op(uint32_t inst, Ref a, Ref b = {}) {
    op(inst, a, b);
    section_->back().dst.bytes = 16;
    return section_->back().dst;
  }
  static Ref full(Ref r) {
    r.bytes = 32;
    return r;
  }
  Ref load(Ref from) { return op(I::kIdVmovups, from); }
  void put(uint32_t inst, Ref to, Ref from) {
    VInst v;
    v.inst = inst;
    v.form = Form::Store;
    v.dst = to;
    v.src[0] = from;
    add(v);
  }
  void fail(const char* why) {
    if (failure_.empty()) failure_ = why;
  }

  // --- forms of values

  static int parts_of(CType t) { return wide_type(t) ? 2 : 1; }

  /// Values of the section that runs once wait in the frame, bools in both forms.
  void settle(int i) {
    Parts& v = values_[i];
    if (p_.code[i].type == CType::Bool) {
      Ref unused[2];
      narrow_mask(static_cast<uint16_t>(i));
      wide_mask(static_cast<uint16_t>(i), unused);
    }
    auto keep = [&](Ref* parts) {
      for (int k = 0; k < 2; k++) {
        if (parts[k].kind != Ref::Reg) continue;
        const Ref to = frame();
        const Ref from = parts[k];
        put(I::kIdVmovups, to, from);
        for (int j = k; j < 2; j++)
          if (parts[j].kind == Ref::Reg && parts[j].at == from.at) parts[j] = to;
      }
    };
    if (v.has_narrow) keep(v.narrow);
    if (v.has_wide) keep(v.wide);
  }

  Ref upper(Ref v) {
    if (v.is_memory() && v.kind != Ref::Reg) {
      // Splat memory and frame slots are 32 bytes: their upper half starts 16 bytes on.
      return half_op_imm(I::kIdVextractf128, 1, load(v));
    }
    return half_op_imm(I::kIdVextractf128, 1, v);
  }

  Ref narrow_mask(uint16_t v) {
    Parts& p = values_[v];
    if (!p.has_narrow) {
      p.narrow[0] = pack_lanes(p.wide[0], p.wide[1]);
      p.has_narrow = true;
    }
    return p.narrow[0];
  }
  void wide_mask(uint16_t v, Ref (&out)[2]) {
    Parts& p = values_[v];
    if (!p.has_wide) {
      p.wide[0] = op(I::kIdVpmovsxdq, p.narrow[0].half());
      p.wide[1] = op(I::kIdVpmovsxdq, upper(p.narrow[0]));
      p.has_wide = true;
    }
    out[0] = p.wide[0];
    out[1] = p.wide[1];
  }

  /// The lower 32 bits of eight 64-bit lanes, in order.
  Ref pack_lanes(Ref a, Ref b) { return op_imm(I::kIdVpermq, 0xd8, op_imm(I::kIdVshufps, 0x88, a, b)); }
  void spread_i32(Ref v, Ref (&out)[2]) {
    out[0] = op(I::kIdVpmovsxdq, v.half());
    out[1] = op(I::kIdVpmovsxdq, upper(v));
  }

  void set(int i, Ref a, Ref b = {}) {
    values_[i].narrow[0] = a;
    values_[i].narrow[1] = b;
    values_[i].has_narrow = true;
  }

  // --- leaves

  void input(int i) {
    const int k = p_.output_count + i;
    const CType t = p_.code[i].type;
    const DType stored = operands_[k].stored;
    if (operands_[k].access == Access::Uniform) return splat(i, k, t);
    Parts& v = values_[i];
    v.has_narrow = true;
    Ref* out = v.narrow;
    switch (stored) {
      case DType::Float32: out[0] = load(tensor(k, 0, 32)); break;
      case DType::Float64:
      case DType::Int64:
        out[0] = load(tensor(k, 0, 32));
        out[1] = load(tensor(k, 32, 32));
        break;
      case DType::Int32: two(out, I::kIdVpmovsxdq, k, 16); break;
      case DType::Int16: two(out, I::kIdVpmovsxwq, k, 8); break;
      case DType::Int8: two(out, I::kIdVpmovsxbq, k, 4); break;
      case DType::UInt8: two(out, I::kIdVpmovzxbq, k, 4); break;
      case DType::Bool: out[0] = op(I::kIdVpcmpgtd, op(I::kIdVpmovzxbd, tensor(k, 0, 8)), constant64(0)); break;
      case DType::Float16: out[0] = op(I::kIdVcvtph2ps, tensor(k, 0, 16)); break;
      case DType::BFloat16: out[0] = op_imm(I::kIdVpslld, 16, op(I::kIdVpmovzxwd, tensor(k, 0, 16))); break;
      case DType::Complex64:
      case DType::Complex128: break;  // Real and Imag load them
    }
    if (ops::scalar::compute_type(stored) != t) fail("an operand of another type");
  }
  void two(Ref* out, uint32_t inst, int k, int bytes) {
    out[0] = op(inst, tensor(k, 0, bytes));
    out[1] = op(inst, tensor(k, bytes, bytes));
  }
  /// A uniform operand or param: one value, repeated over 64 bytes (complex: twice).
  void splat(int i, int operand, CType t) {
    if (is_complex(t)) return;
    Ref from;
    from.kind = Ref::Splat;
    from.operand = static_cast<int16_t>(operand);
    if (t == CType::Bool) {
      from.bytes = 8;
      set(i, op(I::kIdVpcmpgtd, op(I::kIdVpmovzxbd, from), constant64(0)));
    } else {
      const Ref v = load(from);
      set(i, v, wide_type(t) ? v : Ref{});
    }
  }

  void part_of_complex(int i, const Inst& inst) {
    const bool imag = inst.op == Op::Imag;
    const Inst& leaf = p_.code[inst.a];
    const bool doubles = leaf.type == CType::C128;
    if (leaf.op == Op::Param || operands_[p_.output_count + leaf.a].access == Access::Uniform) {
      Ref from;
      from.kind = Ref::Splat;
      from.operand =
          static_cast<int16_t>(leaf.op == Op::Param ? p_.output_count + p_.inputs + leaf.a : p_.output_count + leaf.a);
      from.at = imag ? 64 : 0;
      const Ref v = load(from);
      set(i, v, doubles ? v : Ref{});
      return;
    }
    const int k = p_.output_count + leaf.a;
    if (ops::scalar::compute_type(operands_[k].stored) != leaf.type) return fail("an operand of another type");
    if (!doubles) {
      set(i, op_imm(I::kIdVpermpd, 0xd8,
                    op_imm(I::kIdVshufps, imag ? 0xdd : 0x88, load(tensor(k, 0, 32)), tensor(k, 32, 32))));
      return;
    }
    Ref out[2];
    for (int half = 0; half < 2; half++)
      out[half] = op_imm(
          I::kIdVpermpd, 0xd8,
          op(imag ? I::kIdVunpckhpd : I::kIdVunpcklpd, load(tensor(k, 64 * half, 32)), tensor(k, 64 * half + 32, 32)));
    set(i, out[0], out[1]);
  }

  // --- instructions

  struct Pair {
    uint32_t single, twice;  // 32-bit lanes, 64-bit lanes
  };
  uint32_t pick(CType t, Pair p) const { return wide_type(t) ? p.twice : p.single; }

  void elementwise(int i, const Inst& inst, uint32_t id, bool commutes = false) {
    const Parts &a = values_[inst.a], *b = inst.b != kNoValue ? &values_[inst.b] : nullptr;
    Ref out[2];
    for (int k = 0; k < parts_of(inst.type); k++)
      out[k] = b ? op(id, a.narrow[k], b->narrow[k], {}, commutes) : op(id, a.narrow[k]);
    set(i, out[0], out[1]);
  }
  void with_constant(int i, const Inst& inst, uint32_t id, Ref constant) {
    Ref out[2];
    for (int k = 0; k < parts_of(inst.type); k++) out[k] = op(id, values_[inst.a].narrow[k], constant);
    set(i, out[0], out[1]);
  }
  void with_imm(int i, const Inst& inst, uint32_t id, int imm) {
    Ref out[2];
    for (int k = 0; k < parts_of(inst.type); k++) out[k] = op_imm(id, imm, values_[inst.a].narrow[k]);
    set(i, out[0], out[1]);
  }

  void compare(int i, const Inst& inst) {
    const CType t = p_.code[inst.a].type;
    Ref masks[2];
    for (int k = 0; k < parts_of(t); k++) {
      Ref a = values_[inst.a].narrow[k], b = values_[inst.b].narrow[k];
      if (is_float(t)) {
        // Ordered and quiet, but != which is true for NaN.
        int predicate = 0;
        switch (inst.op) {
          case Op::Eq: predicate = 0x00; break;
          case Op::Ne: predicate = 0x04; break;
          case Op::Lt: predicate = 0x11; break;
          case Op::Le: predicate = 0x12; break;
          case Op::Gt: predicate = 0x1e; break;
          default: predicate = 0x1d; break;
        }
        masks[k] = op_imm(pick(t, {I::kIdVcmpps, I::kIdVcmppd}), predicate, a, b);
        continue;
      }
      const bool equality = inst.op == Op::Eq || inst.op == Op::Ne;
      const bool inverse = inst.op == Op::Ne || inst.op == Op::Le || inst.op == Op::Ge;
      if (inst.op == Op::Lt || inst.op == Op::Ge) std::swap(a, b);
      masks[k] = equality ? op(pick(t, {I::kIdVpcmpeqd, I::kIdVpcmpeqq}), a, b, {}, true)
                          : op(pick(t, {I::kIdVpcmpgtd, I::kIdVpcmpgtq}), a, b);
      if (inverse) masks[k] = op(I::kIdVpxor, masks[k], constant64(~0ull));
    }
    Parts& v = values_[i];
    Ref* to = wide_type(t) ? v.wide : v.narrow;
    (wide_type(t) ? v.has_wide : v.has_narrow) = true;
    to[0] = masks[0];
    to[1] = masks[1];
  }

  void logic(int i, const Inst& inst) {
    uint32_t id = inst.op == Op::And ? I::kIdVandps : inst.op == Op::Or ? I::kIdVorps : I::kIdVxorps;
    if (inst.type != CType::Bool) {
      if (inst.op == Op::Not) return with_constant(i, inst, id, constant64(~0ull));
      return elementwise(i, inst, id, true);
    }
    Parts& v = values_[i];
    const bool one = inst.op == Op::Not;
    const bool wide = values_[inst.a].has_wide && !values_[inst.a].has_narrow &&
                      (one || (values_[inst.b].has_wide && !values_[inst.b].has_narrow));
    const Ref ones = one ? constant64(~0ull) : Ref{};
    if (wide) {
      Ref a[2], b[2] = {ones, ones};
      wide_mask(inst.a, a);
      if (!one) wide_mask(inst.b, b);
      for (int k = 0; k < 2; k++) v.wide[k] = op(id, a[k], b[k], {}, true);
      v.has_wide = true;
    } else {
      const Ref a = narrow_mask(inst.a), b = one ? ones : narrow_mask(inst.b);
      v.narrow[0] = op(id, a, b, {}, true);
      v.has_narrow = true;
    }
  }

  void select(int i, const Inst& inst) {
    Ref out[2];
    if (wide_type(inst.type)) {
      Ref mask[2];
      wide_mask(inst.a, mask);
      for (int k = 0; k < 2; k++)
        out[k] = op(I::kIdVblendvps, values_[inst.c].narrow[k], values_[inst.b].narrow[k], mask[k]);
    } else {
      out[0] = op(I::kIdVblendvps, values_[inst.c].narrow[0], values_[inst.b].narrow[0], narrow_mask(inst.a));
    }
    set(i, out[0], out[1]);
  }

  Ref multiply_i64(Ref a, Ref b) {
    // Low halves, plus the two cross products in the upper half.
    const Ref cross = op(I::kIdVpmulld, op_imm(I::kIdVpshufd, 0xb1, b), a);
    const Ref sum = op(I::kIdVpaddd, cross, op_imm(I::kIdVpsrlq, 32, cross));
    return op(I::kIdVpaddq, op(I::kIdVpmuludq, a, b), op_imm(I::kIdVpsllq, 32, sum));
  }
  Ref sign_mask(CType t, Ref a) { return op(pick(t, {I::kIdVpcmpgtd, I::kIdVpcmpgtq}), load(constant64(0)), a); }

  void shift(int i, const Inst& inst) {
    const CType t = inst.type;
    const Inst& by = p_.code[inst.b];
    const int bits = width(t) * 8;
    Ref out[2];
    if (by.op == Op::Const && inst.op != Op::Shr) {
      const uint64_t word = p_.constants[by.a];
      const int64_t count = t == CType::I32 ? static_cast<int32_t>(word) : static_cast<int64_t>(word);
      if (count >= 0 && count < bits)
        return with_imm(
            i, inst, inst.op == Op::Shl ? pick(t, {I::kIdVpslld, I::kIdVpsllq}) : pick(t, {I::kIdVpsrld, I::kIdVpsrlq}),
            static_cast<int>(count));
    }
    for (int k = 0; k < parts_of(t); k++) {
      const Ref a = values_[inst.a].narrow[k], n = values_[inst.b].narrow[k];
      // The variable shifts give 0 for counts past the width, and a negative count is a large one: as Shl and ShrU ask.
      if (inst.op == Op::Shl) {
        out[k] = op(pick(t, {I::kIdVpsllvd, I::kIdVpsllvq}), a, n);
      } else if (inst.op == Op::ShrU) {
        out[k] = op(pick(t, {I::kIdVpsrlvd, I::kIdVpsrlvq}), a, n);
      } else if (t == CType::I32) {
        out[k] = op(I::kIdVpsravd, a, n);
      } else {
        const Ref s = sign_mask(t, a);
        out[k] = op(I::kIdVpxor, op(I::kIdVpsrlvq, op(I::kIdVpxor, a, s), n), s);
      }
    }
    set(i, out[0], out[1]);
  }

  int new_call() {
    code_.calls.emplace_back();
    return static_cast<int>(code_.calls.size()) - 1;
  }

  void libm(int i, const Inst& inst) {
    const int n = parts_of(inst.type);
    Ref mask[2];
    if (inst.c != kNoValue) {
      if (n == 2)
        wide_mask(inst.c, mask);
      else
        mask[0] = narrow_mask(inst.c);
    }
    const int at = new_call();
    Call& c = code_.calls[static_cast<size_t>(at)];
    c.fn = static_cast<LibmFn>(inst.imm);
    c.doubles = n == 2;
    Ref out[2];
    for (int k = 0; k < n; k++) {
      c.a.push_back(values_[inst.a].narrow[k]);
      if (inst.b != kNoValue) c.b.push_back(values_[inst.b].narrow[k]);
      if (inst.c != kNoValue) {
        c.guard.push_back(mask[k]);
        c.otherwise.push_back(values_[inst.d].narrow[k]);
      }
      out[k] = reg();
      c.result.push_back(out[k]);
    }
    VInst v;
    v.form = Form::Libm;
    v.call = at;
    add(v);
    set(i, out[0], out[1]);
  }

  void convert(int i, const Inst& inst) {
    const CType from = p_.code[inst.a].type, to = inst.type;
    const Parts a = values_[inst.a];
    Ref out[2];
    auto by_element = [&](Form form, int slots) {
      const int at = new_call();
      Call& c = code_.calls[static_cast<size_t>(at)];
      c.doubles = from == CType::F64;
      for (int k = 0; k < parts_of(from); k++) c.a.push_back(a.narrow[k]);
      for (int k = 0; k < slots; k++) c.result.push_back(frame());
      VInst v;
      v.form = form;
      v.call = at;
      add(v);
      const std::vector<Ref> result = code_.calls[static_cast<size_t>(at)].result;
      for (int k = 0; k < slots; k++) out[k] = load(result[static_cast<size_t>(k)]);
    };
    if (from == CType::F32 && to == CType::F64) {
      out[0] = op(I::kIdVcvtps2pd, a.narrow[0].half());
      out[1] = op(I::kIdVcvtps2pd, upper(a.narrow[0]));
    } else if (from == CType::F64 && to == CType::F32) {
      const Ref low = half_op(I::kIdVcvtpd2ps, a.narrow[0]), high = half_op(I::kIdVcvtpd2ps, a.narrow[1]);
      out[0] = op_imm(I::kIdVinsertf128, 1, full(low), high);
    } else if (from == CType::I32 && to == CType::I64) {
      spread_i32(a.narrow[0], out);
    } else if (from == CType::I64 && to == CType::I32) {
      out[0] = pack_lanes(a.narrow[0], a.narrow[1]);
    } else if (from == CType::I32 && to == CType::F32) {
      out[0] = op(I::kIdVcvtdq2ps, a.narrow[0]);
    } else if (from == CType::F32 && to == CType::I32) {
      out[0] = op(I::kIdVcvttps2dq, a.narrow[0]);
    } else if (from == CType::I32 && to == CType::F64) {
      out[0] = op(I::kIdVcvtdq2pd, a.narrow[0].half());
      out[1] = op(I::kIdVcvtdq2pd, upper(a.narrow[0]));
    } else if (from == CType::F64 && to == CType::I32) {
      const Ref low = half_op(I::kIdVcvttpd2dq, a.narrow[0]), high = half_op(I::kIdVcvttpd2dq, a.narrow[1]);
      out[0] = op_imm(I::kIdVinsertf128, 1, full(low), high);
    } else if (from == CType::I64 && to == CType::F64) {
      // Each half of the integer is put into the mantissa of a number whose exponent says what it is worth; the two
      // differences are exact, so their sum rounds once.
      for (int k = 0; k < 2; k++) {
        Ref high = op_imm(I::kIdVpsrad, 16, a.narrow[k]);
        high = op_imm(I::kIdVpblendw, 0x33, high, constant64(0));
        high = op(I::kIdVpaddq, high, constant64(std::bit_cast<uint64_t>(0x1.8p68)));
        const Ref low = op_imm(I::kIdVpblendw, 0x88, a.narrow[k], constant64(std::bit_cast<uint64_t>(0x1p52)));
        out[k] = op(I::kIdVaddpd, op(I::kIdVsubpd, high, constant64(std::bit_cast<uint64_t>(0x1.8p68 + 0x1p52))), low);
      }
    } else if (from == CType::I64) {
      by_element(Form::ToF32, 1);
    } else {
      by_element(Form::ToI64, 2);
    }
    set(i, out[0], out[1]);
  }

  /// The bits of bfloat16 in the low half of each 32-bit lane.
  Ref to_bfloat16(Ref v) {
    Ref odd = op(I::kIdVpand, op_imm(I::kIdVpsrld, 16, v), constant32(1));
    odd = op(I::kIdVpaddd, op(I::kIdVpaddd, odd, v), constant32(0x7fff));
    const Ref nan = op_imm(I::kIdVcmpps, 3, v, v);
    return op(I::kIdVblendvps, op_imm(I::kIdVpsrld, 16, odd), constant32(0x7fc0), nan);
  }

  void narrow(int i, const Inst& inst) {
    const Ref* a = values_[inst.a].narrow;
    Ref out[2];
    switch (static_cast<DType>(inst.imm)) {
      case DType::Float16:
        // The half vector is in the low 16 bytes of the register.
        out[0] = op(I::kIdVcvtph2ps, half_op_imm(I::kIdVcvtps2ph, 0, a[0]));
        break;
      case DType::BFloat16: out[0] = op_imm(I::kIdVpslld, 16, to_bfloat16(a[0])); break;
      case DType::Int32: spread_i32(pack_lanes(a[0], a[1]), out); break;
      case DType::Int16:
      case DType::Int8: {
        const int shift = static_cast<DType>(inst.imm) == DType::Int16 ? 16 : 24;
        Ref v = pack_lanes(a[0], a[1]);
        v = op_imm(I::kIdVpsrad, shift, op_imm(I::kIdVpslld, shift, v));
        spread_i32(v, out);
        break;
      }
      case DType::UInt8:
        for (int k = 0; k < 2; k++) out[k] = op(I::kIdVpand, a[k], constant64(0xff));
        break;
      default: fail("narrowing");
    }
    set(i, out[0], out[1]);
  }

  void instruction(int i, const Inst& inst) {
    const CType t = inst.type;
    switch (inst.op) {
      case Op::Input: return input(i);
      case Op::Param: return splat(i, p_.output_count + i, t);  // params follow the inputs in both numberings
      case Op::Const: {
        const uint64_t w = p_.constants[inst.a];
        if (t == CType::Bool) {
          Parts& v = values_[i];
          v.narrow[0] = v.wide[0] = v.wide[1] = constant64(w ? ~0ull : 0);
          v.has_narrow = v.has_wide = true;
          return;
        }
        const Ref c = wide_type(t) ? constant64(w) : constant32(static_cast<uint32_t>(w));
        return set(i, c, wide_type(t) ? c : Ref{});
      }
      case Op::Add:
        if (is_float(t)) return elementwise(i, inst, pick(t, {I::kIdVaddps, I::kIdVaddpd}), true);
        return elementwise(i, inst, pick(t, {I::kIdVpaddd, I::kIdVpaddq}), true);
      case Op::Sub:
        if (is_float(t)) return elementwise(i, inst, pick(t, {I::kIdVsubps, I::kIdVsubpd}));
        return elementwise(i, inst, pick(t, {I::kIdVpsubd, I::kIdVpsubq}));
      case Op::Mul:
        if (is_float(t)) return elementwise(i, inst, pick(t, {I::kIdVmulps, I::kIdVmulpd}), true);
        if (t == CType::I32) return elementwise(i, inst, I::kIdVpmulld, true);
        {
          const Ref low = multiply_i64(values_[inst.a].narrow[0], values_[inst.b].narrow[0]);
          return set(i, low, multiply_i64(values_[inst.a].narrow[1], values_[inst.b].narrow[1]));
        }
      case Op::Div: return elementwise(i, inst, pick(t, {I::kIdVdivps, I::kIdVdivpd}));
      case Op::Neg: {
        if (is_float(t))
          return with_constant(i, inst, I::kIdVxorps, wide_type(t) ? constant64(1ull << 63) : constant32(1u << 31));
        Ref out[2];
        for (int k = 0; k < parts_of(t); k++)
          out[k] = op(pick(t, {I::kIdVpsubd, I::kIdVpsubq}), load(constant64(0)), values_[inst.a].narrow[k]);
        return set(i, out[0], out[1]);
      }
      case Op::Fma: {
        Ref out[2];
        for (int k = 0; k < parts_of(t); k++) {
          out[k] = op(pick(t, {I::kIdVfmadd213ps, I::kIdVfmadd213pd}), values_[inst.a].narrow[k],
                      values_[inst.b].narrow[k], values_[inst.c].narrow[k]);
          section_->back().form = Form::Fma;
        }
        return set(i, out[0], out[1]);
      }
      case Op::Sqrt: return elementwise(i, inst, pick(t, {I::kIdVsqrtps, I::kIdVsqrtpd}));
      case Op::Abs: {
        if (is_float(t))
          return with_constant(i, inst, I::kIdVandps,
                               wide_type(t) ? constant64(~(1ull << 63)) : constant32(0x7fffffff));
        if (t == CType::I32) return elementwise(i, inst, I::kIdVpabsd);
        Ref out[2];
        for (int k = 0; k < 2; k++) {
          const Ref s = sign_mask(t, values_[inst.a].narrow[k]);
          out[k] = op(I::kIdVpsubq, op(I::kIdVpxor, s, values_[inst.a].narrow[k]), s);
        }
        return set(i, out[0], out[1]);
      }
      case Op::RoundEven: return with_imm(i, inst, pick(t, {I::kIdVroundps, I::kIdVroundpd}), 8);
      case Op::Floor: return with_imm(i, inst, pick(t, {I::kIdVroundps, I::kIdVroundpd}), 9);
      case Op::Ceil: return with_imm(i, inst, pick(t, {I::kIdVroundps, I::kIdVroundpd}), 10);
      case Op::Trunc: return with_imm(i, inst, pick(t, {I::kIdVroundps, I::kIdVroundpd}), 11);
      case Op::Eq:
      case Op::Ne:
      case Op::Lt:
      case Op::Le:
      case Op::Gt:
      case Op::Ge: return compare(i, inst);
      case Op::And:
      case Op::Or:
      case Op::Xor:
      case Op::Not: return logic(i, inst);
      case Op::Shl:
      case Op::Shr:
      case Op::ShrU: return shift(i, inst);
      case Op::Select: return select(i, inst);
      case Op::Convert: return convert(i, inst);
      case Op::Bits: {
        const Parts a = values_[inst.a];
        return set(i, a.narrow[0], a.narrow[1]);
      }
      case Op::Narrow: return narrow(i, inst);
      case Op::Real:
      case Op::Imag: return part_of_complex(i, inst);
      case Op::MakeComplex: return;  // store() takes the parts
      case Op::Libm: return libm(i, inst);
      case Op::DivTrunc:
      case Op::RemTrunc:
      case Op::FloorDiv:
      case Op::Remainder:
      case Op::Fmod: return fail("integer division");
      case Op::Pow: return fail("integer power");
      default: return fail(info(inst.op).name);
    }
  }

  // --- results

  void store(int k, uint16_t v) {
    const DType stored = operands_[k].stored;
    const Inst& inst = p_.code[v];
    const CType t = inst.type;
    if (ops::scalar::compute_type(stored) != t) return fail("a result of another type");
    if (is_complex(t)) {
      if (inst.op != Op::MakeComplex) return fail("a complex operand as result");
      return store_complex(k, inst);
    }
    if (t == CType::Bool) {
      Ref m = narrow_mask(v);
      if (m.is_memory()) m = load(m);
      const Ref words = half_op(I::kIdVpackssdw, m.half(), upper(m));
      const Ref bytes = half_op(I::kIdVpacksswb, words, words);
      put(I::kIdVmovq, tensor(k, 0, 8), half_op(I::kIdVpabsb, bytes));
      return;
    }
    Ref a[2] = {values_[v].narrow[0], values_[v].narrow[1]};
    for (Ref& r : a)
      if (r.is_memory()) r = load(r);
    switch (stored) {
      case DType::Float32: put(I::kIdVmovups, tensor(k, 0, 32), a[0]); break;
      case DType::Float64:
      case DType::Int64:
        put(I::kIdVmovups, tensor(k, 0, 32), a[0]);
        put(I::kIdVmovups, tensor(k, 32, 32), a[1]);
        break;
      case DType::Int32: put(I::kIdVmovups, tensor(k, 0, 32), pack_lanes(a[0], a[1])); break;
      case DType::Int16: {
        // The low words of each half's lanes, then the two halves side by side.
        const Ref words =
            op(I::kIdVpshufb, pack_lanes(a[0], a[1]), pool({0x0d0c090805040100ull, 0, 0x0d0c090805040100ull, 0}));
        put(I::kIdVmovups, tensor(k, 0, 16), op_imm(I::kIdVpermq, 0x08, words).half());
        break;
      }
      case DType::Int8:
      case DType::UInt8: {
        const Ref bytes = op(I::kIdVpshufb, pack_lanes(a[0], a[1]), pool({0x0c080400ull, 0, 0x0c080400ull, 0}));
        // Byte groups 0 and 4 side by side.
        put(I::kIdVmovq, tensor(k, 0, 8), op(I::kIdVpermd, load(pool({0x0000000400000000ull, 0, 0, 0})), bytes).half());
        break;
      }
      case DType::Float16: put(I::kIdVmovups, tensor(k, 0, 16), half_op_imm(I::kIdVcvtps2ph, 0, a[0])); break;
      case DType::BFloat16: {
        const Ref words = to_bfloat16(a[0]);
        put(I::kIdVmovups, tensor(k, 0, 16), half_op(I::kIdVpackusdw, words.half(), upper(words)));
        break;
      }
      default: fail("a result's dtype");
    }
  }

  void store_complex(int k, const Inst& inst) {
    const bool doubles = inst.type == CType::C128;
    for (int half = 0; half < (doubles ? 2 : 1); half++) {
      Ref re = values_[inst.a].narrow[half];
      const Ref im = values_[inst.b].narrow[half];
      if (re.is_memory()) re = load(re);
      const Ref low = op(doubles ? I::kIdVunpcklpd : I::kIdVunpcklps, re, im);
      const Ref high = op(doubles ? I::kIdVunpckhpd : I::kIdVunpckhps, re, im);
      put(I::kIdVmovups, tensor(k, 64 * half, 32), op_imm(I::kIdVperm2f128, 0x20, low, high));
      put(I::kIdVmovups, tensor(k, 64 * half + 32, 32), op_imm(I::kIdVperm2f128, 0x31, low, high));
    }
  }

  const Program& p_;
  const NativeOperand* operands_;
  VectorCode& code_;
  std::vector<VInst>* section_ = nullptr;
  std::vector<Parts> values_;
  std::vector<bool> varies_;
  std::string failure_;
};

}  // namespace

bool select_instructions(const Program& lowered, const NativeOperand* operands, VectorCode& code, std::string& why) {
  return Selector(lowered, operands, code).run(why);
}

}  // namespace tsvm::jit::fuse
