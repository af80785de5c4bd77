#include "ops/cpu/vector_math.h"

#include "ops/scalar/kernels.h"

namespace tsvm::ops::cpu {
namespace {

void apply(scalar::Op op, scalar::CType type, void* x, int64_t n) {
  scalar::BlockArgs args{};
  args.out = static_cast<char*>(x);
  args.in[0] = static_cast<const char*>(x);
  args.step[0] = 1;
  args.n = n;
  int fault = 0;
  args.fault = &fault;
  scalar::kernels().ops[static_cast<int>(op)][static_cast<int>(type)](args);
}

}  // namespace

void vector_exp(float* x, int64_t n) { apply(scalar::Op::Exp, scalar::CType::F32, x, n); }
void vector_exp(double* x, int64_t n) { apply(scalar::Op::Exp, scalar::CType::F64, x, n); }
void vector_log(float* x, int64_t n) { apply(scalar::Op::Log, scalar::CType::F32, x, n); }
void vector_log(double* x, int64_t n) { apply(scalar::Op::Log, scalar::CType::F64, x, n); }

}  // namespace tsvm::ops::cpu
