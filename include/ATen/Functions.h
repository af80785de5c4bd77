// The operators as functions, and those that are not generated.
#pragma once

#include "ATen/TensorIndexing.h"
#include "ATen/generated/functions.h"

namespace at {

/// A tensor over memory of the caller's, who keeps it alive (or says with `deleter` how to let it go).
Tensor from_blob(void* data, IntArrayRef sizes, const TensorOptions& options = {});
Tensor from_blob(void* data, IntArrayRef sizes, IntArrayRef strides, const TensorOptions& options = {});
Tensor from_blob(void* data, IntArrayRef sizes, const std::function<void(void*)>& deleter,
                 const TensorOptions& options = {});
Tensor from_blob(void* data, IntArrayRef sizes, IntArrayRef strides, const std::function<void(void*)>& deleter,
                 const TensorOptions& options = {});
int64_t numel(const Tensor& t);
int64_t size(const Tensor& t, int64_t dim);
int64_t stride(const Tensor& t, int64_t dim);
bool is_complex(const Tensor& t);
bool is_floating_point(const Tensor& t);
bool is_signed(const Tensor& t);
bool is_nonzero(const Tensor& t);
bool is_same_size(const Tensor& a, const Tensor& b);
Tensor einsum(c10::string_view equation, TensorList operands);
ScalarType result_type(const Tensor& a, const Tensor& b);
ScalarType result_type(const Tensor& a, const Scalar& b);
ScalarType result_type(const Scalar& a, const Tensor& b);
ScalarType promote_types(ScalarType a, ScalarType b);
bool can_cast(ScalarType from, ScalarType to);
std::tuple<Tensor, Tensor, Tensor> _unique2(const Tensor& self, bool sorted = true, bool return_inverse = false,
                                            bool return_counts = false);
std::tuple<Tensor, Tensor> _unique(const Tensor& self, bool sorted = true, bool return_inverse = false);
std::tuple<Tensor, Tensor, Tensor> unique_dim(const Tensor& self, int64_t dim, bool sorted = true,
                                              bool return_inverse = false, bool return_counts = false);
/// A scalar as a tensor of no dimensions.
Tensor scalar_to_tensor(const Scalar& v, Device device = c10::kCPU);
void manual_seed(uint64_t seed);
int get_num_threads();
void set_num_threads(int n);
int get_num_interop_threads();
void set_num_interop_threads(int n);
bool hasCUDA();
bool hasMKL();
bool hasCuDNN();

}  // namespace at
