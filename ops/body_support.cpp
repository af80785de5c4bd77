#include "ops/body_support.h"

#include "ops/autograd/engine.h"

namespace tsvm::ops::body {

using namespace autograd;

namespace {
bool is_bools(const scalar::Operand& o) {
  return o.tensor ? o.tensor->dtype() == DType::Bool : o.number->category() == DTypeCategory::Bool;
}
}  // namespace

void check_addition(const scalar::PointwiseSpec& spec, const scalar::Operand* in, const Scalar& alpha) {
  if (__builtin_expect(alpha.category() == DTypeCategory::Integral, 1)) return;
  const DType t = scalar::common_dtype(spec, in);
  OPS_CHECK(alpha.category() != DTypeCategory::Bool || t == DType::Bool, RuntimeError,
            "Boolean alpha only supported for Boolean results.");
  OPS_CHECK(is_floating_or_complex(t) || alpha.category() < DTypeCategory::Floating, RuntimeError,
            "For integral input tensors, argument alpha must not be a floating point number.");
  OPS_CHECK(is_complex(t) || alpha.category() != DTypeCategory::Complex, RuntimeError,
            "For non-complex input tensors, argument alpha must not be a complex number.");
}

void check_subtraction(const scalar::PointwiseSpec& spec, const scalar::Operand* in, const Scalar& alpha) {
  const bool first = is_bools(in[0]), second = is_bools(in[1]);
  if (__builtin_expect(first || second, 0)) {
    OPS_CHECK(!first || !second, RuntimeError,
              "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
              "operator instead.");
    fail(ErrorKind::RuntimeError,
         "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use "
         "the `~` or `logical_not()` operator instead.");
  }
  check_addition(spec, in, alpha);
}

void check_negation(const scalar::PointwiseSpec&, const scalar::Operand* in) {
  OPS_CHECK(
      !is_bools(in[0]), RuntimeError,
      "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the "
      "`~` or `logical_not()` operator instead.");
}

void check_power(const Tensor& self, const Scalar& exponent) {
  OPS_CHECK(
      is_floating_or_complex(self.dtype()) || exponent.category() != DTypeCategory::Integral || exponent.to_int() >= 0,
      RuntimeError, "Integers to negative integer powers are not allowed.");
}

void check_parts(const scalar::PointwiseSpec&, const scalar::Operand* in) {
  const DType a = in[0].tensor->dtype(), b = in[1].tensor->dtype();
  const bool fits = (a == DType::Float16 || a == DType::Float32 || a == DType::Float64) &&
                    (b == DType::Float16 || b == DType::Float32 || b == DType::Float64);
  OPS_CHECK(fits, RuntimeError, "Expected both inputs to be Half, Float or Double tensors but got ", info(a).cpp_name,
            " and ", info(b).cpp_name);
  OPS_CHECK(a == b, RuntimeError, "Expected object of scalar type ", info(a).cpp_name, " but got scalar type ",
            info(b).cpp_name, " for second argument");
}

void check_condition(const scalar::PointwiseSpec&, const scalar::Operand* in) {
  const DType t = in[0].tensor->dtype();
  OPS_CHECK(t == DType::Bool || t == DType::UInt8, RuntimeError,
            "where expected condition to be a boolean tensor, but got a tensor with dtype ", info(t).cpp_name);
}

void check_matrix(const Tensor& a, std::string_view name) {
  OPS_CHECK(a.dim() >= 2, RuntimeError, name, ": The input tensor A must have at least 2 dimensions.");
  OPS_CHECK(is_floating_or_complex(a.dtype()), RuntimeError, name,
            ": Expected a floating point or complex tensor as input. Got ", info(a.dtype()).cpp_name);
  OPS_CHECK(!is_reduced_floating(a.dtype()), RuntimeError, name, ": Low precision dtypes not supported. Got ",
            info(a.dtype()).cpp_name);
}

void check_matrix_any(const Tensor& a, std::string_view name) {
  OPS_CHECK(a.dim() >= 2, RuntimeError, name, ": The input tensor A must have at least 2 dimensions.");
  OPS_CHECK(a.size(-1) == a.size(-2), RuntimeError, name, ": A must be batches of square matrices, but they are ",
            a.size(-2), " by ", a.size(-1), " matrices");
}

void check_square(const Tensor& a, std::string_view name) {
  check_matrix_any(a, name);
  check_matrix(a, name);
}

void check_solver(const Tensor& b, const Tensor& a, std::string_view name) {
  OPS_CHECK(a.dtype() == b.dtype(), RuntimeError, "Expected b and A to have the same dtype, but found b of type ",
            info(b.dtype()).cpp_name, " and A of type ", info(a.dtype()).cpp_name, " instead.");
  OPS_CHECK(a.size(-1) == a.size(-2), RuntimeError, "A must be batches of square matrices, but they are ", a.size(-2),
            " by ", a.size(-1), " matrices");
  if (name.starts_with("linalg."))
    OPS_CHECK(a.size(-2) == b.size(-2), RuntimeError, name,
              ": Incompatible shapes of A and B for the equation AX = B (", a.size(-2), "x", a.size(-1), " and ",
              b.size(-2), "x", b.size(-1), ")");
  OPS_CHECK(a.size(-2) == b.size(-2), RuntimeError, "Incompatible matrix sizes for ", name, ": each A matrix is ",
            a.size(-1), " by ", a.size(-1), " but each b matrix is ", b.size(-2), " by ", b.size(-1));
}

int64_t reduction_mode(std::string_view name) {
  if (name == "none") return 0;
  if (name == "mean") return 1;
  if (name == "sum") return 2;
  fail(ErrorKind::ValueError, name, " is not a valid value for reduction");
}

Tensor defined_gradient(const Tensor& grad, const ResultMeta& meta) {
  if (grad.defined() || !meta.defined()) return grad;
  return op::zeros(meta.sizes(), meta.dtype(), std::nullopt, meta.device());
}

std::vector<Tensor> defined_gradients(TensorSpan grads, Node& node) {
  std::vector<Tensor> out;
  out.reserve(grads.size());
  for (uint32_t i = 0; i < grads.size(); i++) out.push_back(defined_gradient(grads[i], node.result_meta(i)));
  return out;
}

void put_gradients(const Gradients& g, size_t first, size_t count, TensorSpan values) {
  TSVM_CHECK(values.size() == count, "a formula gave another number of gradients than there are tensors");
  for (size_t i = 0; i < count; i++)
    if (g.wants(first + i)) g.out[first + i] = values[i];
}

Tensor sum_to_sizes(const Tensor& grad, IntSpan sizes) {
  DimVector dims;
  const int64_t extra = grad.dim() - static_cast<int64_t>(sizes.size());
  for (int64_t d = 0; d < grad.dim(); d++)
    if (d < extra || (sizes[static_cast<size_t>(d - extra)] == 1 && grad.sizes()[static_cast<size_t>(d)] != 1))
      dims.push_back(d);
  Tensor sum = dims.empty() ? grad : op::sum(grad, IntSpan(dims), true, std::nullopt);
  return extra > 0 ? op::reshape(sum, sizes) : sum;
}

void record_missing(const char* op, const char* node, const Tensor* results, size_t count, const Tensor* const* inputs,
                    size_t input_count) {
  bool any = false;
  for (size_t i = 0; i < count; i++) any |= results[i].defined() && is_floating_or_complex(results[i].dtype());
  if (!any) return;
  auto* n = new FailingNode(static_cast<uint32_t>(input_count), static_cast<uint32_t>(count), node,
                            concat("derivative for aten::", op, " is not implemented"));
  for (size_t i = 0; i < input_count; i++) n->edges()[i] = gradient_edge(*inputs[i]);
  const NodeRef ref = NodeRef::steal(n);
  for (uint32_t i = 0; i < count; i++) set_history(results[i], ref, i);
}

void record_missing_write(const char* op, const char* node, const Tensor& self) {
  if (!is_floating_or_complex(self.dtype())) return;
  auto* n = new FailingNode(1, 1, node, concat("derivative for aten::", op, " is not implemented"));
  n->edges()[0] = gradient_edge(self);
  rebase_history(self, NodeRef::steal(n));
}

namespace {
void check_cast(const Tensor& target, const Tensor& value) {
  OPS_CHECK(can_cast(value.dtype(), target.dtype()), RuntimeError, "result type ", info(value.dtype()).cpp_name,
            " can't be cast to the desired output type ", info(target.dtype()).cpp_name);
}
void check_shape(const Tensor& target, const Tensor& value) {
  OPS_CHECK(target.sizes() == value.sizes(), RuntimeError, "output with shape ", target.sizes(),
            " doesn't match the broadcast shape ", value.sizes());
}
}  // namespace

void store_result(const Tensor& self, const Tensor& value) {
  check_cast(self, value);
  check_shape(self, value);
  if (!self.is_same(value)) cpu::copy_(self, value);
}

const Tensor& write_back(const Tensor& self, const Tensor& value) {
  check_cast(self, value);
  check_shape(self, value);
  return op::copy_(self, value);
}

void store_out(const Tensor& out, const Tensor& value) {
  check_cast(out, value);
  OPS_CHECK(out.device().type == value.device().type, RuntimeError, "Expected out tensor to have device ",
            to_string(value.device()), ", but got ", to_string(out.device()), " instead");
  if (out.sizes() != value.sizes()) cpu::resize_(out, value.sizes());
  cpu::copy_(out, value);
}

std::vector<Tensor> rnn_gradients(const Tensor& grad_output, const Tensor& grad_h, const Tensor& grad_c,
                                  const Tensor& input, const Tensor& h0, const Tensor& c0, const Tensor& w_hh,
                                  const Tensor& b_hh, const Tensor& w_hr, IntSpan batch_sizes, int64_t mode,
                                  bool reverse) {
  // Views stand for the inputs, so that the walk ends at this layer even if one input depends on another.
  std::vector<Tensor> inputs;
  for (const Tensor* t : {&input, &h0, &w_hh, &c0, &b_hh, &w_hr})
    inputs.push_back(t->defined() ? op::view(*t, t->sizes()) : Tensor());
  const auto [output, h, c] =
      op::rnn_steps(inputs[0], inputs[1], inputs[3], inputs[2], inputs[4], inputs[5], batch_sizes, mode, reverse);
  std::vector<Tensor> wanted, roots{output, h}, grads{grad_output, grad_h};
  if (c0.defined()) {
    roots.push_back(c);
    grads.push_back(grad_c);
  }
  for (const Tensor& t : inputs)
    if (t.defined() && t.requires_grad()) wanted.push_back(t);
  autograd::BackwardOptions options;
  options.keep_graph = options.create_graph = options.allow_unused = true;
  const std::vector<Tensor> found = autograd::grad(roots, wanted, grads, options);
  std::vector<Tensor> out;
  size_t next = 0;
  for (const Tensor& t : inputs) out.push_back(t.defined() && t.requires_grad() ? found[next++] : Tensor());
  return out;
}

}  // namespace tsvm::ops::body
