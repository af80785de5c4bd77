// Functions of at:: that are no operators, and einsum.
#include <algorithm>
#include <map>

#include "ATen/Functions.h"
#include "frontend/convert.h"
#include "ops/cpu/parallel.h"
#include "ops/operators.h"

namespace at {

using namespace tsvm;
using namespace tsvm::frontend;

Tensor from_blob(void* data, IntArrayRef sizes, IntArrayRef strides, const std::function<void(void*)>& deleter,
                 const TensorOptions& options) {
  const ops::DType dtype = dtype_of(options).value_or(ops::default_dtype());
  int64_t last = 0, numel = 1;
  for (size_t i = 0; i < sizes.size(); i++) {
    TORCH_CHECK(sizes[i] >= 0, "Trying to create tensor with negative dimension ", sizes[i], ": ", sizes);
    last += sizes[i] > 0 ? (sizes[i] - 1) * strides[i] : 0;
    numel *= sizes[i];
  }
  const size_t bytes = numel ? static_cast<size_t>(last + 1) * ops::item_size(dtype) : 0;
  using Deleter = std::function<void(void*)>;
  ops::Storage storage = deleter ? ops::Storage::foreign(
                                       data, bytes,
                                       [](void* p, void* context, size_t) noexcept {
                                         auto* f = static_cast<Deleter*>(context);
                                         (*f)(p);
                                         delete f;
                                       },
                                       new Deleter(deleter))
                                 : ops::Storage::foreign(data, bytes, nullptr, nullptr);
  ops::TensorImpl* t = ops::TensorImpl::create(std::move(storage), dtype, ops::Device());
  t->set_geometry(in(sizes), in(strides), 0);
  return with_options(Tensor::adopt(t), options);
}
Tensor from_blob(void* data, IntArrayRef sizes, const std::function<void(void*)>& deleter,
                 const TensorOptions& options) {
  std::vector<int64_t> strides(sizes.size());
  int64_t step = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    strides[i] = step;
    step *= std::max<int64_t>(sizes[i], 1);
  }
  return from_blob(data, sizes, strides, deleter, options);
}
Tensor from_blob(void* data, IntArrayRef sizes, const TensorOptions& options) {
  return from_blob(data, sizes, std::function<void(void*)>(), options);
}
Tensor from_blob(void* data, IntArrayRef sizes, IntArrayRef strides, const TensorOptions& options) {
  return from_blob(data, sizes, strides, std::function<void(void*)>(), options);
}

int64_t numel(const Tensor& t) { return t.numel(); }
int64_t size(const Tensor& t, int64_t dim) { return t.size(dim); }
int64_t stride(const Tensor& t, int64_t dim) { return t.stride(dim); }
bool is_complex(const Tensor& t) { return t.is_complex(); }
bool is_floating_point(const Tensor& t) { return t.is_floating_point(); }
bool is_signed(const Tensor& t) { return t.is_signed(); }
bool is_nonzero(const Tensor& t) { return t.is_nonzero(); }
bool is_same_size(const Tensor& a, const Tensor& b) { return a.is_same_size(b); }

ScalarType result_type(const Tensor& a, const Tensor& b) { return give(ops::result_type(in(a), in(b))); }
ScalarType result_type(const Tensor& a, const Scalar& b) { return give(ops::result_type(in(a), in(b))); }
ScalarType result_type(const Scalar& a, const Tensor& b) { return result_type(b, a); }
ScalarType promote_types(ScalarType a, ScalarType b) { return c10::promoteTypes(a, b); }
bool can_cast(ScalarType from, ScalarType to) { return c10::canCast(from, to); }

std::tuple<Tensor, Tensor, Tensor> _unique2(const Tensor& self, bool sorted, bool return_inverse, bool return_counts) {
  return run([&] { return give(ops::op::unique2(in(self), sorted, return_inverse, return_counts)); });
}
std::tuple<Tensor, Tensor> _unique(const Tensor& self, bool sorted, bool return_inverse) {
  auto [values, inverse, counts] = _unique2(self, sorted, return_inverse, false);
  return {values, inverse};
}
std::tuple<Tensor, Tensor, Tensor> unique_dim(const Tensor& self, int64_t dim, bool sorted, bool return_inverse,
                                              bool return_counts) {
  return run([&] { return give(ops::op::unique_dim(in(self), dim, sorted, return_inverse, return_counts)); });
}
Tensor scalar_to_tensor(const Scalar& v, Device device) {
  return at::scalar_tensor(v, TensorOptions().device(device).dtype(c10::optional<ScalarType>(v.type())));
}

int get_num_threads() { return ops::cpu::num_threads(); }
void set_num_threads(int n) {
  TORCH_CHECK(n > 0, "Expected positive number of threads");
  ops::cpu::set_num_threads(n);
}
int get_num_interop_threads() { return 1; }
void set_num_interop_threads(int n) { TORCH_CHECK(n > 0, "Expected positive number of threads"); }
bool hasCUDA() { return false; }
bool hasMKL() { return false; }
bool hasCuDNN() { return false; }

// --- einsum ----------------------------------------------------------------------------------------------------------
// Each operand becomes one whose dimensions are all labels in a fixed order (labels of the result, then those summed
// over), missing ones of size 1. Operands are multiplied two at a time by bmm, summing what no later operand has.

namespace {

struct Equation {
  std::vector<std::string> operands;  // '.' stands for the ellipsis
  std::string result;
};

Equation parse_equation(c10::string_view text, size_t count) {
  std::string clean;
  for (char c : text)
    if (c != ' ') clean += c;
  Equation e;
  const size_t arrow = clean.find("->");
  std::string left = clean.substr(0, arrow);
  auto labels = [](const std::string& s) {
    std::string out;
    for (size_t i = 0; i < s.size(); i++) {
      if (s.compare(i, 3, "...") == 0) {
        TORCH_CHECK(out.find('.') == std::string::npos,
                    "einsum(): found \'.\' for operand that is not part of any ellipsis");
        out += '.';
        i += 2;
      } else {
        TORCH_CHECK(std::isalpha(static_cast<unsigned char>(s[i])),
                    "einsum(): invalid subscript given, subscripts must be in [a-zA-Z]");
        out += s[i];
      }
    }
    return out;
  };
  for (size_t begin = 0;;) {
    const size_t comma = left.find(',', begin);
    e.operands.push_back(labels(left.substr(begin, comma - begin)));
    if (comma == std::string::npos) break;
    begin = comma + 1;
  }
  TORCH_CHECK(e.operands.size() >= count, "einsum(): more operands were provided than specified in the equation");
  TORCH_CHECK(e.operands.size() <= count, "einsum(): fewer operands were provided than specified in the equation");
  if (arrow != std::string::npos) {
    e.result = labels(clean.substr(arrow + 2));
  } else {
    std::map<char, int> seen;
    for (const std::string& s : e.operands)
      for (char c : s) seen[c]++;
    if (seen.count('.')) e.result = ".";
    for (const auto& [c, n] : seen)
      if (c != '.' && n == 1) e.result += c;
  }
  return e;
}

/// a and b have the same dimensions (sizes equal or 1); `sum` of them, behind the others, are summed over.
Tensor sum_of_products(Tensor a, Tensor b, size_t kept, const std::vector<bool>& sum) {
  const size_t n = static_cast<size_t>(a.dim());
  std::vector<int64_t> batch, only_a, only_b, both;
  for (size_t i = 0; i < n; i++) {
    const int64_t d = static_cast<int64_t>(i);
    const bool in_a = a.size(d) != 1, in_b = b.size(d) != 1;
    if (i < kept || !sum[i]) {
      (in_a && in_b ? batch : in_a ? only_a : only_b).push_back(d);
    } else if (in_a && in_b) {
      both.push_back(d);
    } else {
      if (in_a) a = a.sum(d, true);
      if (in_b) b = b.sum(d, true);
      batch.push_back(d);
    }
  }
  auto permuted = [&](const Tensor& t, std::initializer_list<const std::vector<int64_t>*> parts) {
    std::vector<int64_t> order;
    for (const auto* p : parts) order.insert(order.end(), p->begin(), p->end());
    return t.permute(order);
  };
  auto count = [](const Tensor& t, const std::vector<int64_t>& dims) {
    int64_t k = 1;
    for (int64_t d : dims) k *= t.size(d);
    return k;
  };
  const int64_t size_batch = count(a, batch), size_a = count(a, only_a), size_b = count(b, only_b),
                size_both = count(a, both);
  Tensor left = permuted(a, {&batch, &only_a, &both, &only_b}).reshape({size_batch, size_a, size_both});
  Tensor right = permuted(b, {&batch, &both, &only_b, &only_a}).reshape({size_batch, size_both, size_b});
  Tensor out = at::bmm(left, right);
  std::vector<int64_t> sizes, where(n);
  int64_t at_dim = 0;
  auto put = [&](const std::vector<int64_t>& dims, const Tensor* t) {
    for (int64_t d : dims) {
      sizes.push_back(t ? t->size(d) : 1);
      where[static_cast<size_t>(d)] = at_dim++;
    }
  };
  put(batch, &a);
  put(only_a, &a);
  put(only_b, &b);
  put(both, nullptr);
  return out.reshape(sizes).permute(where);
}

}  // namespace

Tensor einsum(c10::string_view equation, TensorList operands) {
  TORCH_CHECK(!operands.empty(), "einsum(): must provide at least one operand");
  const Equation e = parse_equation(equation, operands.size());
  int64_t ellipsis = 0;
  std::string order;  // labels in their order; the ellipsis' dimensions stand at '.'
  for (size_t i = 0; i < operands.size(); i++) {
    const int64_t named = static_cast<int64_t>(e.operands[i].size());
    if (e.operands[i].find('.') != std::string::npos) {
      TORCH_CHECK(operands[i].dim() >= named - 1, "einsum(): the number of subscripts in the equation (", named - 1,
                  ") is more than the number of dimensions (", operands[i].dim(), ") for operand ", i);
      ellipsis = std::max(ellipsis, operands[i].dim() - named + 1);
    } else {
      TORCH_CHECK(operands[i].dim() == named, "einsum(): the number of subscripts in the equation (", named,
                  ") does not match the number of dimensions (", operands[i].dim(), ") for operand ", i,
                  " and no ellipsis was given");
    }
  }
  for (char c : e.result) {
    TORCH_CHECK(order.find(c) == std::string::npos, "einsum(): output subscript ", c,
                " appears more than once in the output");
    bool known = c == '.';
    for (const std::string& s : e.operands) known |= s.find(c) != std::string::npos;
    TORCH_CHECK(known, "einsum(): output subscript ", c, " does not appear in the equation for any input operand");
    order += c;
  }
  const size_t result_labels = order.size();
  for (const std::string& s : e.operands)
    for (char c : s)
      if (order.find(c) == std::string::npos) order += c;
  size_t kept = 0, total = 0;
  std::map<char, size_t> position;
  for (size_t i = 0; i < order.size(); i++) {
    position[order[i]] = total;
    total += order[i] == '.' ? static_cast<size_t>(ellipsis) : 1;
    if (i + 1 == result_labels) kept = total;
  }
  std::vector<Tensor> ready;
  std::vector<int64_t> sizes(total, 1);
  std::vector<size_t> last(total, 0);
  for (size_t i = 0; i < operands.size(); i++) {
    Tensor t = operands[i];
    std::string s = e.operands[i];
    // The diagonal of labels that come twice.
    for (size_t a = 0; a < s.size(); a++) {
      for (size_t b = s.size(); b-- > a + 1;) {
        if (s[a] != s[b] || s[a] == '.') continue;
        auto real = [&](size_t k) {
          const size_t dot = s.find('.');
          const int64_t extra = t.dim() - static_cast<int64_t>(s.size());
          return static_cast<int64_t>(k) + (dot != std::string::npos && dot < k ? extra : 0);
        };
        const int64_t da = real(a), db = real(b);
        TORCH_CHECK(t.size(da) == t.size(db), "einsum(): subscript ", s[a], " is repeated for operand ", i,
                    " but the sizes don't match, ", t.size(db), " != ", t.size(da));
        t = t.diagonal(0, da, db).movedim(-1, da);
        s.erase(b, 1);
      }
    }
    const int64_t own = t.dim() - static_cast<int64_t>(s.size()) + (s.find('.') != std::string::npos ? 1 : 0);
    std::vector<int64_t> from(total, -1);
    int64_t dim = 0;
    for (char c : s) {
      if (c == '.') {
        for (int64_t k = 0; k < own; k++) from[position['.'] + static_cast<size_t>(ellipsis - own + k)] = dim++;
      } else {
        from[position[c]] = dim++;
      }
    }
    std::vector<int64_t> permutation;
    for (size_t k = 0; k < total; k++)
      if (from[k] >= 0) permutation.push_back(from[k]);
    t = t.permute(permutation);
    for (size_t k = 0; k < total; k++) {
      if (from[k] < 0) {
        t = t.unsqueeze(static_cast<int64_t>(k));
        continue;
      }
      const int64_t size = t.size(static_cast<int64_t>(k));
      TORCH_CHECK(size == 1 || sizes[k] == 1 || sizes[k] == size,
                  "einsum(): operands do not broadcast with remapped shapes [original->remapped]");
      if (size != 1) {
        sizes[k] = size;
        last[k] = i;
      }
    }
    ready.push_back(t);
  }
  Tensor result = ready[0];
  // What only the first operand has is summed at once.
  for (size_t k = kept; k < total; k++)
    if (last[k] == 0 && result.size(static_cast<int64_t>(k)) != 1) result = result.sum(static_cast<int64_t>(k), true);
  for (size_t i = 1; i < ready.size(); i++) {
    std::vector<bool> sum(total);
    for (size_t k = kept; k < total; k++) sum[k] = last[k] == i;
    result = sum_of_products(result, ready[i], kept, sum);
  }
  std::vector<int64_t> shape(result.sizes().begin(), result.sizes().begin() + static_cast<ptrdiff_t>(kept));
  return result.reshape(shape);
}

}  // namespace at
