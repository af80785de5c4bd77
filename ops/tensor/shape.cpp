#include "ops/tensor/shape.h"

#include <algorithm>

#include "ops/tensor/error.h"

namespace tsvm::ops {

void fail_dim(int64_t d, int64_t ndim) {
  fail(ErrorKind::IndexError, "Dimension out of range (expected to be in range of [", -ndim, ", ", ndim - 1,
       "], but got ", d, ")");
}

void fail_dim_of_scalar(int64_t d) {
  fail(ErrorKind::IndexError, "dimension specified as ", d, " but tensor has no dimensions");
}

DimVector contiguous_strides(IntSpan sizes) {
  DimVector strides(sizes.size());
  int64_t step = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    strides[i] = step;
    step *= std::max<int64_t>(sizes[i], 1);
  }
  return strides;
}

namespace {
/// Dimensions from the innermost outwards in channels-last memory.
constexpr int kChannelsLastOrder2d[] = {1, 3, 2, 0};
constexpr int kChannelsLastOrder3d[] = {1, 4, 3, 2, 0};
const int* channels_last_order(size_t ndim) {
  OPS_CHECK(ndim == 4 || ndim == 5, RuntimeError, "required rank ", 4, " tensor to use channels_last format");
  return ndim == 4 ? kChannelsLastOrder2d : kChannelsLastOrder3d;
}
}  // namespace

DimVector channels_last_strides(IntSpan sizes) {
  const int* order = channels_last_order(sizes.size());
  DimVector strides(sizes.size());
  int64_t step = 1;
  for (size_t i = 0; i < sizes.size(); i++) {
    strides[order[i]] = step;
    step *= std::max<int64_t>(sizes[order[i]], 1);
  }
  return strides;
}

bool is_contiguous(IntSpan sizes, IntSpan strides) {
  int64_t step = 1;
  bool contiguous = true;
  for (size_t i = sizes.size(); i-- > 0;) {
    if (sizes[i] == 0) return true;
    if (sizes[i] == 1) continue;
    contiguous &= strides[i] == step;
    step *= sizes[i];
  }
  return contiguous;
}

bool is_channels_last_contiguous(IntSpan sizes, IntSpan strides) {
  const int* order = channels_last_order(sizes.size());
  int64_t step = 1;
  for (size_t i = 0; i < sizes.size(); i++) {
    const int d = order[i];
    if (sizes[d] == 1) continue;
    if (strides[d] != step) return false;
    step *= sizes[d];
  }
  return true;
}

bool is_channels_last_strides(IntSpan sizes, IntSpan strides) {
  if (sizes.size() != 4 && sizes.size() != 5) return false;
  const int* order = channels_last_order(sizes.size());
  if (strides[1] == 0) return false;
  int64_t min = 0;
  for (size_t i = 0; i < sizes.size(); i++) {
    const int d = order[i];
    if (sizes[d] == 0 || strides[d] < min) return false;
    // N111 tensors and the like: contiguous wins, so a batch stride equal to the channel stride is no channels-last.
    if (d == 0 && min == strides[1]) return false;
    min = strides[d];
    if (sizes[d] > 1) min *= sizes[d];
  }
  return true;
}

bool is_non_overlapping_and_dense(IntSpan sizes, IntSpan strides) {
  if (sizes.size() == 1) return sizes[0] < 2 || strides[0] == 1;
  DimVector order(sizes.size());
  for (size_t i = 0; i < sizes.size(); i++) order[i] = static_cast<int64_t>(i);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    if (sizes[a] < 2) return false;
    if (sizes[b] < 2) return true;
    return strides[a] < strides[b];
  });
  int64_t step = 1;
  for (int64_t d : order) {
    if (sizes[d] < 2) return true;
    if (strides[d] != step) return false;
    step *= sizes[d];
  }
  return true;
}

int64_t storage_extent(IntSpan sizes, IntSpan strides) {
  int64_t extent = 1;
  for (size_t i = 0; i < sizes.size(); i++) {
    if (sizes[i] == 0) return 0;
    int64_t reach;
    const bool overflow =
        __builtin_mul_overflow(sizes[i] - 1, strides[i], &reach) || __builtin_add_overflow(extent, reach, &extent);
    OPS_CHECK(!overflow, RuntimeError, "Storage size calculation overflowed with sizes=", sizes,
              " and strides=", strides);
  }
  return extent;
}

DimVector broadcast_sizes(IntSpan a, IntSpan b) {
  const size_t n = std::max(a.size(), b.size());
  DimVector out(n);
  for (size_t i = 0; i < n; i++) {
    const int64_t x = i + a.size() >= n ? a[i + a.size() - n] : 1;
    const int64_t y = i + b.size() >= n ? b[i + b.size() - n] : 1;
    OPS_CHECK(x == y || x == 1 || y == 1, RuntimeError, "The size of tensor a (", x,
              ") must match the size of tensor b (", y, ") at non-singleton dimension ", i);
    out[i] = x == 1 ? y : x;
  }
  return out;
}

bool is_expandable_to(IntSpan shape, IntSpan desired) {
  if (shape.size() > desired.size()) return false;
  for (size_t i = 0; i < shape.size(); i++) {
    const int64_t s = shape[shape.size() - 1 - i];
    if (s != 1 && s != desired[desired.size() - 1 - i]) return false;
  }
  return true;
}

DimVector expand_strides(IntSpan from_sizes, IntSpan from_strides, DimVector& sizes) {
  const size_t n = sizes.size(), m = from_sizes.size();
  OPS_CHECK(n >= m, RuntimeError, "The number of sizes provided (", n,
            ") must be greater or equal to the number of dimensions in the tensor (", m, ")");
  const DimVector target = sizes;
  DimVector strides(n);
  for (size_t i = n; i-- > 0;) {
    const bool is_new = i + m < n;
    const int64_t size = is_new ? 1 : from_sizes[i + m - n];
    int64_t stride = is_new ? (i + 1 < n ? sizes[i + 1] * strides[i + 1] : 1) : from_strides[i + m - n];
    int64_t want = sizes[i];
    if (want == -1) {
      OPS_CHECK(!is_new, RuntimeError,
                "The expanded size of the tensor (-1) isn't allowed in a leading, "
                "non-existing dimension ",
                i);
      want = size;
    }
    if (size != want) {
      OPS_CHECK(size == 1, RuntimeError, "The expanded size of the tensor (", want, ") must match the existing size (",
                size, ") at non-singleton dimension ", i, ".  Target sizes: ", target, ".  Tensor sizes: ", from_sizes);
      stride = 0;
    }
    sizes[i] = want;
    strides[i] = stride;
  }
  return strides;
}

DimVector infer_size(IntSpan shape, int64_t numel) {
  DimVector out(shape);
  int64_t known = 1, unknown = -1;
  for (size_t i = 0; i < shape.size(); i++) {
    if (shape[i] == -1) {
      OPS_CHECK(unknown < 0, RuntimeError, "only one dimension can be inferred");
      unknown = static_cast<int64_t>(i);
    } else {
      OPS_CHECK(shape[i] >= 0, RuntimeError, "invalid shape dimension ", shape[i]);
      OPS_CHECK(!__builtin_mul_overflow(known, shape[i], &known), RuntimeError, "shape '", shape,
                "' is invalid for input of size ", numel);
    }
  }
  if (unknown >= 0 && known > 0 && numel % known == 0) {
    out[unknown] = numel / known;
    return out;
  }
  OPS_CHECK(!(unknown >= 0 && numel == 0 && known == 0), RuntimeError,
            "cannot reshape tensor of 0 elements into shape ", shape,
            " because the unspecified dimension size -1 can be any value and is ambiguous");
  OPS_CHECK(unknown < 0 && numel == known, RuntimeError, "shape '", shape, "' is invalid for input of size ", numel);
  return out;
}

std::optional<DimVector> view_strides(IntSpan old_sizes, IntSpan old_strides, IntSpan sizes) {
  DimVector strides(sizes.size());
  if (old_sizes.empty()) {
    for (auto& s : strides) s = 1;
    return strides;
  }
  const int64_t numel = numel_of(old_sizes);
  if (numel == 0) {
    if (old_sizes == sizes) {
      strides.assign(old_strides);
      return strides;
    }
    for (size_t i = sizes.size(); i-- > 0;)
      strides[i] = i + 1 == sizes.size() ? 1 : std::max<int64_t>(sizes[i + 1], 1) * strides[i + 1];
    return strides;
  }
  // Old dimensions are grouped into runs that are one strided line in memory; each run is divided into new dimensions.
  int64_t view_d = static_cast<int64_t>(sizes.size()) - 1;
  int64_t base_stride = old_strides.back();
  int64_t run = 1, view_run = 1;
  for (int64_t d = static_cast<int64_t>(old_sizes.size()) - 1; d >= 0; d--) {
    run *= old_sizes[d];
    if (d == 0 || (old_sizes[d - 1] != 1 && old_strides[d - 1] != run * base_stride)) {
      while (view_d >= 0 && (view_run < run || sizes[view_d] == 1)) {
        strides[view_d] = view_run * base_stride;
        view_run *= sizes[view_d];
        view_d--;
      }
      if (view_run != run) return std::nullopt;
      if (d > 0) {
        base_stride = old_strides[d - 1];
        run = 1;
        view_run = 1;
      }
    }
  }
  if (view_d != -1) return std::nullopt;
  return strides;
}

DimVector output_strides(IntSpan sizes, std::span<const IntSpan> operands) {
  const int n = static_cast<int>(sizes.size());
  DimVector perm(n);  // innermost first
  for (int i = 0; i < n; i++) perm[i] = n - 1 - i;
  // 1: dim a belongs outside b, -1: inside, 0: no operand says.
  auto compare = [&](int64_t a, int64_t b) {
    for (IntSpan strides : operands) {
      const int64_t sa = strides[a], sb = strides[b];
      if (sa == 0 || sb == 0) continue;
      if (sa < sb) return -1;
      if (sa > sb) return 1;
      if (sizes[a] > sizes[b]) return 1;
    }
    return 0;
  };
  // Insertion sort that stops at the first definite answer: the relation is no total order.
  for (int i = 1; i < n; i++) {
    int at = i;
    for (int j = i - 1; j >= 0; j--) {
      const int c = compare(perm[j], perm[at]);
      if (c > 0) {
        std::swap(perm[j], perm[at]);
        at = j;
      } else if (c < 0) {
        break;
      }
    }
  }
  DimVector strides(n);
  int64_t step = 1;
  for (int i = 0; i < n; i++) {
    strides[perm[i]] = step;
    step *= sizes[perm[i]];
  }
  bool in_order = true;
  for (int i = 0; i < n; i++) in_order &= perm[i] == n - 1 - i;
  return in_order ? contiguous_strides(sizes) : strides;
}

DimVector preserved_strides(IntSpan sizes, IntSpan strides) {
  if (is_contiguous(sizes, strides) || is_non_overlapping_and_dense(sizes, strides)) return DimVector(strides);
  return output_strides(sizes, {&strides, 1});
}

}  // namespace tsvm::ops
