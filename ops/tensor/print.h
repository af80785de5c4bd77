// Tensors as text: as Python prints them, and as the C++ front end's streams do.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ops/tensor/tensor.h"

namespace tsvm::ops {

/// torch.set_printoptions().
struct PrintOptions {
  int precision = 4;
  double threshold = 1000;  // more elements than this are summarised; may be infinite
  int64_t edgeitems = 3;
  int linewidth = 80;
  std::optional<bool> sci_mode;  // none: decided by the values

  /// "default", "short" or "full" (other names change nothing).
  void set_profile(std::string_view profile);
};

/// What Python's print needs to know beyond the tensor itself.
struct PrintInfo {
  std::string_view type_name = "tensor";  // a subclass prints its own name
  std::string_view grad_fn = {};               // the node's name, empty for none
  bool requires_grad = false;
};

/// repr() of a tensor: "tensor([1., 2.], grad_fn=<AddBackward0>)".
std::string to_string(const Tensor& t, const PrintInfo& info = {}, const PrintOptions& options = {});
/// Only the brackets and elements; `indent` is the column they start at.
std::string contents_to_string(const Tensor& t, int indent, const PrintOptions& options = {});

/// What `std::cout << tensor` prints with LibTorch (lines of `linesize` characters).
std::string to_cpp_string(const Tensor& t, int64_t linesize = 80);
/// "CPUFloatType".
std::string cpp_type_name(const Tensor& t);

}  // namespace tsvm::ops
