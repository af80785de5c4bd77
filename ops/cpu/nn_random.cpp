// Random numbers of layers that draw them in an order of their own.
#include "ops/cpu/nn_kernels.h"
#include "ops/cpu/parallel.h"

namespace tsvm::ops::cpu {

Tensor rrelu_slopes(const Tensor& self, double lower, double upper, const Gen& generator) {
  Tensor out = ops::empty(self.sizes(), self.dtype(), self.device());
  if (out.is_meta()) return out;
  Generator g = generator ? *generator : default_generator();
  const Tensor x = contiguous(self);
  TSVM_DISPATCH(self.dtype(), "rrelu_with_noise_out_cpu", TSVM_CASES_FLOAT({
                  const scalar_t* from = x.data_ptr<scalar_t>();
                  scalar_t* to = out.data_ptr<scalar_t>();
                  for (int64_t i = 0; i < x.numel(); i++)
                    to[i] = from[i] <= 0 ? static_cast<scalar_t>(g.uniform_double() * (upper - lower) + lower)
                                         : scalar_t(1);
                }));
  return out;
}

}  // namespace tsvm::ops::cpu
