#include "ops/cuda/emit.h"

#include <cstdio>

#include "base/check.h"
#include "ops/scalar/libm.h"

namespace tsvm::ops::cuda {

using namespace scalar;

namespace {

// What every kernel may use. Conversions give what the CPU's do for numbers that do not fit.
constexpr char kPrelude[] = R"(struct tsvm_c64 { float re, im; };
struct tsvm_c128 { double re, im; };
static __device__ long long tsvm_to_i64(double x) {
  return x >= -9223372036854775808.0 && x < 9223372036854775808.0 ? (long long)x : (long long)(1ull << 63);
}
static __device__ int tsvm_to_i32(double x) {
  return x > -2147483649.0 && x < 2147483648.0 ? (int)x : (int)(1u << 31);
}
static __device__ float tsvm_from_half(unsigned short h) {
  unsigned w = (unsigned)h << 16, twice = w + w;
  float normal = __int_as_float((int)((twice >> 4) + (0xE0u << 23))) * 0x1.0p-112f;
  float subnormal = __int_as_float((int)((twice >> 17) | (126u << 23))) - 0.5f;
  int bits = __float_as_int(twice < (1u << 27) ? subnormal : normal);
  return __int_as_float((int)((w & 0x80000000u) | (unsigned)bits));
}
static __device__ unsigned short tsvm_to_half(float f) {
  unsigned w = (unsigned)__float_as_int(f), twice = w + w, sign = w & 0x80000000u;
  float base = (__int_as_float((int)(w & 0x7fffffffu)) * 0x1.0p+112f) * 0x1.0p-110f;
  unsigned bias = twice & 0xff000000u;
  if (bias < 0x71000000u) bias = 0x71000000u;
  base = __int_as_float((int)((bias >> 1) + 0x07800000u)) + base;
  unsigned bits = (unsigned)__float_as_int(base);
  unsigned rest = ((bits >> 13) & 0x7c00u) + (bits & 0x0fffu);
  return (unsigned short)((sign >> 16) | (twice > 0xff000000u ? 0x7e00u : rest));
}
static __device__ float tsvm_from_bfloat16(unsigned short h) { return __int_as_float((int)((unsigned)h << 16)); }
static __device__ unsigned short tsvm_to_bfloat16(float f) {
  unsigned w = (unsigned)__float_as_int(f);
  return (w & 0x7fffffffu) > 0x7f800000u ? (unsigned short)0x7fc0
                                         : (unsigned short)((w + 0x7fffu + ((w >> 16) & 1u)) >> 16);
}
)";

// Integer division and powers, only where a program has them.
constexpr char kIntegers[] = R"(static __device__ long long tsvm_quotient(long long a, long long b, int* fault) {
  if (b == 0) { *fault = 1; return 0; }
  return b == -1 ? (long long)(0ull - (unsigned long long)a) : a / b;
}
static __device__ long long tsvm_rest(long long a, long long b, int* fault) {
  if (b == 0) { *fault = 1; return 0; }
  return b == -1 ? 0 : a % b;
}
static __device__ int tsvm_uneven(long long a, long long b) { return b != 0 && b != -1 && a % b != 0 && (a < 0) != (b < 0); }
static __device__ long long tsvm_power(long long a, long long e) {
  if (e < 0) return a == 1 ? 1 : a == -1 ? (e % 2 == 0 ? 1 : -1) : 0;
  unsigned long long r = 1, b = (unsigned long long)a;
  for (; e != 0; e >>= 1, b *= b) if (e & 1) r *= b;
  return (long long)r;
}
)";

const char* memory_type(DType t) {
  switch (t) {
    case DType::UInt8:
    case DType::Bool: return "unsigned char";
    case DType::Int8: return "signed char";
    case DType::Int16: return "short";
    case DType::Int32: return "int";
    case DType::Int64: return "long long";
    case DType::Float16:
    case DType::BFloat16: return "unsigned short";
    case DType::Float32: return "float";
    case DType::Float64: return "double";
    case DType::Complex64: return "tsvm_c64";
    case DType::Complex128: return "tsvm_c128";
  }
  return "";
}
const char* type_text(CType t) {
  constexpr const char* kText[] = {"unsigned char", "int", "long long", "float", "double", "tsvm_c64", "tsvm_c128"};
  return kText[static_cast<int>(t)];
}

std::string hex(uint64_t v) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(v));
  return text;
}

std::string constant_text(CType t, uint64_t w) {
  switch (t) {
    case CType::Bool: return w ? "1" : "0";
    case CType::I32: return "(int)" + hex(w & 0xffffffffu) + "u";
    case CType::I64: return "(long long)" + hex(w) + "ull";
    case CType::F32: return "__int_as_float((int)" + hex(w & 0xffffffffu) + "u)";
    default: return "__longlong_as_double((long long)" + hex(w) + "ull)";
  }
}

/// Text of a value of type `from` as type `to`, real types only.
std::string convert_text(const std::string& x, CType from, CType to) {
  if (from == to) return x;
  switch (to) {
    case CType::Bool: return "(unsigned char)(" + x + " != 0)";
    case CType::I32: return is_float(from) ? "tsvm_to_i32((double)" + x + ")" : "(int)" + x;
    case CType::I64: return is_float(from) ? "tsvm_to_i64((double)" + x + ")" : "(long long)" + x;
    default: return std::string("(") + type_text(to) + ")" + x;
  }
}

/// Text of a value of type t after being stored as `dtype` and read again.
std::string narrow_text(const std::string& x, CType t, DType dtype) {
  switch (dtype) {
    case DType::Float16: return "tsvm_from_half(tsvm_to_half(" + x + "))";
    case DType::BFloat16: return "tsvm_from_bfloat16(tsvm_to_bfloat16(" + x + "))";
    default:
      if (t == CType::F32 || t == CType::F64) return x;
      return std::string("(long long)(") + memory_type(dtype) + ")" + x;
  }
}

class Emitter {
 public:
  Emitter(const Program& p, const KernelOperand* operands, std::string_view name)
      : p_(p), operands_(operands), name_(name) {}

  std::string run() {
    bool strided = false, integers = false;
    for (int k = 0; k < operand_count(); k++) strided |= operands_[k].layout == Layout::Strided;
    std::string sources;
    for (const Inst& i : p_.instructions()) {
      if (i.op != Op::Libm) {
        integers |=
            is_int(i.type) && (i.op == Op::DivTrunc || i.op == Op::RemTrunc || info(i.op).kind == OpKind::Macro);
        continue;
      }
      const char* source = device_source(static_cast<LibmFn>(i.imm));
      if (source != nullptr && sources.find(source) == std::string::npos)
        sources += std::string("static __device__ ") + source + "\n";
    }
    std::string text = kPrelude;
    if (integers) text += kIntegers;
    text += sources;
    if (strided)
      text += "struct tsvm_strides { int ndim; long long sizes[" + std::to_string(kMaxKernelDims) +
              "]; long long strides[" + std::to_string(operand_count()) + "][" + std::to_string(kMaxKernelDims) +
              "]; };\n";
    text += "extern \"C\" __global__ void " + name_ + "(long long n";
    for (int k = 0; k < p_.output_count; k++)
      text += std::string(", ") + memory_type(operands_[k].stored) + "* o" + std::to_string(k);
    for (int k = 0; k < p_.inputs; k++)
      text += std::string(", const ") + memory_type(input(k).stored) + "* i" + std::to_string(k);
    for (int k = 0; k < p_.params; k++)
      text += std::string(", ") + type_text(p_.param_type(k)) + " p" + std::to_string(k);
    text += ", int* fault";
    if (strided) text += ", tsvm_strides strides";
    text += ") {\n";
    text += "  long long step = (long long)gridDim.x * blockDim.x;\n";
    text += "  for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step) {\n";
    if (strided) offsets(text);
    for (int i = 0; i < p_.size; i++) instruction(text, i, p_.code[i]);
    for (int k = 0; k < p_.output_count; k++) store(text, k);
    return text + "  }\n}\n";
  }

 private:
  int operand_count() const { return p_.output_count + p_.inputs; }
  const KernelOperand& input(int k) const { return operands_[p_.output_count + k]; }

  void offsets(std::string& text) {
    std::string declare, add;
    for (int k = 0; k < operand_count(); k++) {
      if (operands_[k].layout != Layout::Strided) continue;
      declare += declare.empty() ? "    long long " : ", ";
      declare += "s" + std::to_string(k) + " = 0";
      add += " s" + std::to_string(k) + " += at * strides.strides[" + std::to_string(k) + "][d];";
    }
    text += declare + ";\n    long long rest = i;\n    for (int d = 0; d < strides.ndim; d++) {\n";
    text += "      long long at = rest % strides.sizes[d];\n      rest /= strides.sizes[d];\n     " + add + "\n    }\n";
  }
  std::string place(int operand) const {
    switch (operands_[operand].layout) {
      case Layout::Dense: return "[i]";
      case Layout::Uniform: return "[0]";
      default: return "[s" + std::to_string(operand) + "]";
    }
  }

  static std::string v(uint16_t i) { return "v" + std::to_string(i); }
  void define(std::string& text, int i, const std::string& value) {
    text +=
        std::string("    ") + type_text(p_.code[i].type) + " " + v(static_cast<uint16_t>(i)) + " = " + value + ";\n";
  }

  /// An input in its own compute type, then by way of the dtype it is seen as, then in the program's type.
  void load(std::string& text, int i) {
    const KernelOperand& o = input(i);
    const CType to = p_.code[i].type, own = compute_type(o.stored), via = compute_type(o.seen);
    const std::string element = "i" + std::to_string(i) + place(p_.output_count + i);
    auto real = [&](std::string x, CType from) {
      if (o.seen != o.stored) {
        x = convert_text(x, from, real_of(via));
        from = real_of(via);
        if (!stored_as(o.seen, via)) x = narrow_text(x, from, o.seen);
      }
      return convert_text(x, from, real_of(to));
    };
    if (is_complex(own)) {
      const std::string re = real(element + ".re", real_of(own)), im = real(element + ".im", real_of(own));
      if (to == CType::Bool)
        define(text, i, "(unsigned char)(" + element + ".re != 0 || " + element + ".im != 0)");
      else
        define(text, i, is_complex(to) ? std::string("{") + re + ", " + im + "}" : re);
      return;
    }
    std::string x = element;
    if (o.stored == DType::Float16)
      x = "tsvm_from_half(" + x + ")";
    else if (o.stored == DType::BFloat16)
      x = "tsvm_from_bfloat16(" + x + ")";
    else if (own == CType::I64)
      x = "(long long)" + x;
    x = real(x, own);
    define(text, i, is_complex(to) ? "{" + x + ", 0}" : x);
  }

  void store(std::string& text, int k) {
    const KernelOperand& o = operands_[k];
    const CType from = p_.output_type(k), to = compute_type(o.stored);
    const std::string target = "    o" + std::to_string(k) + place(k);
    const std::string x = v(p_.outputs[k]);
    auto real = [&](std::string r) {
      const CType type = real_of(from);
      if (o.seen != o.stored && compute_type(o.seen) == from && !stored_as(o.seen, from))
        r = narrow_text(r, type, o.seen);
      return r;
    };
    if (is_complex(to)) {
      const CType part = real_of(to);
      const std::string re = is_complex(from) ? x + ".re" : x, im = is_complex(from) ? x + ".im" : "0";
      text += target + ".re = " + convert_text(real(re), real_of(from), part) + ";\n";
      text += target + ".im = " + (is_complex(from) ? convert_text(real(im), real_of(from), part) : im) + ";\n";
      return;
    }
    const std::string part = is_complex(from) ? x + ".re" : real(x);
    std::string value;
    if (is_complex(from) && to == CType::Bool)
      value = "(unsigned char)(" + x + ".re != 0 || " + x + ".im != 0)";
    else if (is_float(real_of(from)) && to == CType::I64 && o.stored != DType::Int64 && o.stored != DType::UInt8)
      value = "tsvm_to_i32((double)" + part + ")";  // as copies to the small integers go
    else
      value = convert_text(part, real_of(from), to);
    if (o.stored == DType::Float16)
      value = "tsvm_to_half(" + value + ")";
    else if (o.stored == DType::BFloat16)
      value = "tsvm_to_bfloat16(" + value + ")";
    else if (to == CType::I64)
      value = std::string("(") + memory_type(o.stored) + ")(" + value + ")";
    text += target + " = " + value + ";\n";
  }

  void instruction(std::string& text, int n, const Inst& i) {
    const CType t = i.type;
    const std::string a = i.a == kNoValue || i.op <= Op::Const ? "" : v(i.a), b = i.b == kNoValue ? "" : v(i.b),
                      c = i.c == kNoValue ? "" : v(i.c);
    const bool single = t == CType::F32;
    auto put = [&](const std::string& value) { define(text, n, value); };
    auto wrapped = [&](const char* op) {
      const std::string u = t == CType::I32 ? "(unsigned)" : "(unsigned long long)";
      put(std::string("(") + type_text(t) + ")(" + u + a + " " + op + " " + u + b + ")");
    };
    auto infix = [&](const char* op) { put(a + " " + op + " " + b); };
    auto compare = [&](const char* op) { put("(unsigned char)(" + a + " " + op + " " + b + ")"); };
    auto function = [&](const char* f32, const char* f64) { put(std::string(single ? f32 : f64) + "(" + a + ")"); };
    const std::string bits = t == CType::I32 ? "32" : "64";
    const std::string u = t == CType::I32 ? "unsigned" : "unsigned long long";
    switch (i.op) {
      case Op::Input: return load(text, n);
      case Op::Param: return put("p" + std::to_string(i.a));
      case Op::Const: return put(constant_text(t, p_.constants[i.a]));
      case Op::Add: return is_float(t) ? infix("+") : wrapped("+");
      case Op::Sub: return is_float(t) ? infix("-") : wrapped("-");
      case Op::Mul: return is_float(t) ? infix("*") : wrapped("*");
      case Op::Div: return infix("/");
      case Op::Neg: return put(is_float(t) ? "-" + a : std::string("(") + type_text(t) + ")(0 - (" + u + ")" + a + ")");
      case Op::Fma: return put(std::string(single ? "fmaf" : "fma") + "(" + a + ", " + b + ", " + c + ")");
      case Op::Sqrt: return function("sqrtf", "sqrt");
      case Op::Abs:
        if (is_float(t)) return function("fabsf", "fabs");
        return put(std::string("(") + type_text(t) + ")(" + a + " < 0 ? 0 - (" + u + ")" + a + " : (" + u + ")" + a +
                   ")");
      case Op::RoundEven: return function("rintf", "rint");
      case Op::Floor: return function("floorf", "floor");
      case Op::Ceil: return function("ceilf", "ceil");
      case Op::Trunc: return function("truncf", "trunc");
      case Op::DivTrunc: return put("tsvm_quotient(" + a + ", " + b + ", fault)");
      case Op::RemTrunc:
      case Op::Fmod: return put("tsvm_rest(" + a + ", " + b + ", fault)");
      case Op::FloorDiv: return put("tsvm_quotient(" + a + ", " + b + ", fault) - tsvm_uneven(" + a + ", " + b + ")");
      case Op::Remainder:
        return put("tsvm_rest(" + a + ", " + b + ", fault) + (tsvm_uneven(" + a + ", " + b + ") ? " + b + " : 0)");
      case Op::Pow: return put("tsvm_power(" + a + ", " + b + ")");
      case Op::Eq: return compare("==");
      case Op::Ne: return compare("!=");
      case Op::Lt: return compare("<");
      case Op::Le: return compare("<=");
      case Op::Gt: return compare(">");
      case Op::Ge: return compare(">=");
      case Op::And: return infix("&");
      case Op::Or: return infix("|");
      case Op::Xor: return infix("^");
      case Op::Not: return put(t == CType::Bool ? "(unsigned char)!" + a : "~" + a);
      case Op::Shl: return shift(text, n, a, b, "<<", u, bits);
      case Op::ShrU: return shift(text, n, a, b, ">>", u, bits);
      case Op::Shr:
        return put("(" + b + " >= 0 && " + b + " < " + bits + ") ? " + a + " >> " + b + " : (" + a + " < 0 ? -1 : 0)");
      case Op::Select: return put(a + " ? " + b + " : " + c);
      case Op::Convert: return put(convert_text(a, p_.code[i.a].type, t));
      case Op::Bits:
        return function(t == CType::F32 ? "__int_as_float" : "", t == CType::I32   ? "__float_as_int"
                                                                 : t == CType::I64 ? "__double_as_longlong"
                                                                                   : "__longlong_as_double");
      case Op::Narrow: return put(narrow_text(a, t, static_cast<DType>(i.imm)));
      case Op::Real: return put(a + ".re");
      case Op::Imag: return put(a + ".im");
      case Op::MakeComplex: return put("{" + a + ", " + b + "}");
      case Op::Libm: return libm(text, n, i);
      default: TSVM_UNREACHABLE("an operation that lowering leaves out");
    }
  }

  void shift(std::string& text, int n, const std::string& a, const std::string& b, const char* op, const std::string& u,
             const std::string& bits) {
    define(text, n,
           "(" + b + " >= 0 && " + b + " < " + bits + ") ? (" + type_text(p_.code[n].type) + ")((" + u + ")" + a + " " +
               op + " " + b + ") : 0");
  }

  void libm(std::string& text, int n, const Inst& i) {
    // The expression names its arguments a and b.
    std::string call = info(static_cast<LibmFn>(i.imm)).cuda, expression;
    auto is_name = [](char ch) {
      return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_';
    };
    for (size_t at = 0; at < call.size(); at++) {
      const bool alone = (at == 0 || !is_name(call[at - 1])) && (at + 1 == call.size() || !is_name(call[at + 1]));
      if (alone && (call[at] == 'a' || call[at] == 'b'))
        expression += "(double)" + v(call[at] == 'a' ? i.a : i.b);
      else
        expression += call[at];
    }
    expression = std::string("(") + type_text(i.type) + ")" + expression;
    define(text, n, i.c == kNoValue ? expression : v(i.c) + " ? " + expression + " : " + v(i.d));
  }

  const Program& p_;
  const KernelOperand* operands_;
  std::string name_;
};

}  // namespace

std::string emit_kernel(const Program& p, const KernelOperand* operands, std::string_view name) {
  const OwnedProgram lowered = lower(p);
  return Emitter(lowered.view(), operands, name).run();
}

}  // namespace tsvm::ops::cuda
