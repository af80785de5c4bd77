// The body of every pointwise operator, run natively, against the block interpreter: bit by bit.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "jit/fuse/fuse.h"
#include "ops/op_info.h"
#include "ops/scalar/kernels.h"
#include "tests/unit/scalar_programs.h"

namespace tsvm::jit::fuse {
namespace {

using namespace ops;
using namespace ops::scalar;

DType stored(CType t) {
  constexpr DType kDTypes[kCTypeCount] = {DType::Bool,    DType::Int32,     DType::Int64,     DType::Float32,
                                          DType::Float64, DType::Complex64, DType::Complex128};
  return kDTypes[static_cast<int>(t)];
}

/// Bit patterns of all sorts would do for floats; integers are kept small enough for powers, and divisors are not 0.
void fill(const Tensor& t, std::mt19937& random) {
  std::uniform_real_distribution<double> d(-3, 3);
  with_type(t.dtype(), [&]<class scalar_t>() {
    for (int64_t i = 0; i < t.numel(); i++) {
      const double special[] = {0.0, -0.0, 1.0, -1.0, INFINITY, NAN, 1e30, 0.5};
      const double v = is_integral_or_bool(t.dtype()) ? 1 + static_cast<double>(random() % 6)
                       : random() % 4 == 0            ? special[random() % 8]
                                                      : d(random);
      t.data_ptr<scalar_t>()[i] = convert<scalar_t>(v);
    }
  });
}

/// Equal bit for bit, but for the sign and payload of NaNs: which operand's they are depends on the order of operands.
template <class T>
bool same_elements(const Tensor& a, const Tensor& b) {
  const auto* x = static_cast<const T*>(a.data());
  const auto* y = static_cast<const T*>(b.data());
  for (size_t i = 0; i < a.nbytes() / sizeof(T); i++)
    if (std::memcmp(x + i, y + i, sizeof(T)) != 0 && !(std::isnan(x[i]) && std::isnan(y[i]))) return false;
  return true;
}
bool same_bits(const Tensor& a, const Tensor& b) {
  switch (a.dtype()) {
    case DType::Float32:
    case DType::Complex64: return same_elements<float>(a, b);
    case DType::Float64:
    case DType::Complex128: return same_elements<double>(a, b);
    default: return std::memcmp(a.data(), b.data(), a.nbytes()) == 0;
  }
}

TEST(DeclaredBodies, NativeIsInterpreted) {
  std::mt19937 random(7);
  int compared = 0, refused = 0;
  std::vector<const Program*> done;
  for (int o = 0; o < kOpIdCount; o++) {
    for (const PointwiseSpec* spec : {kOps[o].spec, kOps[o].plain}) {
      if (spec == nullptr) continue;
      for (const Program* p : spec->programs) {
        if (p == nullptr || std::find(done.begin(), done.end(), p) != done.end()) continue;
        done.push_back(p);
        std::vector<NativeOperand> operands;
        std::vector<Tensor> native, interpreted;
        const int64_t n = 203;
        for (int k = 0; k < p->output_count; k++) {
          operands.push_back({stored(p->output_type(k)), Access::Dense});
          native.push_back(empty(IntSpan(n), stored(p->output_type(k))));
          interpreted.push_back(empty(IntSpan(n), stored(p->output_type(k))));
        }
        for (int k = 0; k < p->inputs; k++) {
          operands.push_back({stored(p->input_type(k)), Access::Dense});
          native.push_back(empty(IntSpan(n), stored(p->input_type(k))));
          fill(native.back(), random);
          interpreted.push_back(native.back());
        }
        std::string why;
        const NativeFn fn = compile(*p, operands.data(), &why);
        if (fn == nullptr) {
          refused++;
          continue;
        }
        std::vector<ParamValue> params;
        alignas(64) char splats[8][2 * kSplatBytes];
        for (int k = 0; k < p->params; k++) {
          params.push_back(param_value(p->param_type(k), Scalar(k + 0.5)));
          splat_word(splats[k], params.back().words[0], width(real_of(p->param_type(k))));
          splat_word(splats[k] + kSplatBytes, params.back().words[1], width(real_of(p->param_type(k))));
          operands.push_back({stored(p->param_type(k)), Access::Uniform});
        }
        void* data[32];
        size_t at = 0;
        for (const Tensor& t : native) data[at++] = t.data();
        for (int k = 0; k < p->params; k++) data[at++] = splats[k];
        call_native(fn, *p, operands.data(), data, n);
        Loop loop(IntSpan{n});
        std::vector<OperandType> types;
        for (const Tensor& t : interpreted) {
          loop.add(t);
          types.push_back({t.dtype(), t.dtype()});
        }
        loop.finish();
        run_interpreted(ops::scalar::Run{p, &loop, types.data(), params.data(), false}, kernels());
        for (int k = 0; k < p->output_count; k++)
          EXPECT_TRUE(same_bits(native[static_cast<size_t>(k)], interpreted[static_cast<size_t>(k)]))
              << spec->name << "\n"
              << to_string(*p);
        compared++;
      }
    }
  }
  EXPECT_GT(compared, 300);
  EXPECT_LT(refused, 60);
  std::printf("%d bodies compared, %d without native code\n", compared, refused);
}

}  // namespace
}  // namespace tsvm::jit::fuse
