// Sorting along a dimension, and what is found by order: top k, medians, modes, unique values.
//
// Elements are mapped to unsigned keys of their width whose order is theirs (NaN above everything, -0 equal to 0), so
// one integer sort serves all types and both directions: descending order sorts the inverted keys. Long lines take a
// stable radix sort, which skips bytes that are all equal; short ones a stable merge or insertion sort.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

#include "ops/cpu/reduce.h"

namespace tsvm::ops::cpu {
namespace {

template <class T>
using KeyOf = std::conditional_t<
    sizeof(T) == 1, uint8_t,
    std::conditional_t<sizeof(T) == 2, uint16_t, std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>>;

template <class T>
inline KeyOf<T> key_of(T v) {
  using K = KeyOf<T>;
  if constexpr (std::is_same_v<T, bool>) {
    return static_cast<K>(v);
  } else if constexpr (std::is_unsigned_v<T>) {
    return v;
  } else {
    constexpr K kTop = static_cast<K>(K(1) << (sizeof(K) * 8 - 1));
    if constexpr (std::is_integral_v<T>) return static_cast<K>(static_cast<K>(v) ^ kTop);
    K bits = std::bit_cast<K>(v);
    if constexpr (is_floating_type<T>) {
      if (v != v) return static_cast<K>(~K(0));
      if (bits == kTop) bits = 0;
    }
    return static_cast<K>(bits & kTop ? ~bits : bits | kTop);
  }
}

template <class K>
struct Entry {
  K key;
  uint32_t index;
};

/// Stable; `spare` is as large as `entries`.
template <class K>
void radix_sort(std::vector<Entry<K>>& entries, std::vector<Entry<K>>& spare) {
  K differ = 0;  // bits that are not the same in all keys
  for (const auto& e : entries) differ |= static_cast<K>(e.key ^ entries[0].key);
  for (size_t b = 0; b < sizeof(K); b++) {
    if (((differ >> (8 * b)) & 0xff) == 0) continue;
    size_t count[256] = {};
    for (const auto& e : entries) count[(e.key >> (8 * b)) & 0xff]++;
    size_t sum = 0;
    for (size_t v = 0; v < 256; v++) {
      const size_t c = count[v];
      count[v] = sum;
      sum += c;
    }
    for (const auto& e : entries) spare[count[(e.key >> (8 * b)) & 0xff]++] = e;
    entries.swap(spare);
  }
}

/// Sorts lines of elements; keeps its buffers from line to line.
template <class T>
class Sorter {
 public:
  using K = KeyOf<T>;
  explicit Sorter(int64_t n) : entries_(static_cast<size_t>(n)) {}

  std::vector<Entry<K>>& load(const char* at, int64_t stride, bool descending) {
    for (size_t i = 0; i < entries_.size(); i++) {
      const K key = key_of(*reinterpret_cast<const T*>(at + static_cast<int64_t>(i) * stride));
      entries_[i] = {static_cast<K>(descending ? ~key : key), static_cast<uint32_t>(i)};
    }
    return entries_;
  }
  std::vector<Entry<K>>& sort(const char* at, int64_t stride, bool descending) {
    load(at, stride, descending);
    auto less = [](const Entry<K>& a, const Entry<K>& b) { return a.key < b.key; };
    if (entries_.size() > 400) {
      spare_.resize(entries_.size());
      radix_sort(entries_, spare_);
    } else if (entries_.size() > 24) {
      std::stable_sort(entries_.begin(), entries_.end(), less);
    } else {
      for (size_t i = 1; i < entries_.size(); i++) {
        const Entry<K> e = entries_[i];
        size_t j = i;
        for (; j > 0 && e.key < entries_[j - 1].key; j--) entries_[j] = entries_[j - 1];
        entries_[j] = e;
      }
    }
    return entries_;
  }
  /// The entry that stands at place k in order; equal keys by index.
  Entry<K> nth(const char* at, int64_t stride, int64_t k) {
    load(at, stride, false);
    std::nth_element(entries_.begin(), entries_.begin() + k, entries_.end(), before);
    return entries_[static_cast<size_t>(k)];
  }
  static bool before(const Entry<K>& a, const Entry<K>& b) {
    return a.key != b.key ? a.key < b.key : a.index < b.index;
  }

 private:
  std::vector<Entry<K>> entries_, spare_;
};

void check_length(int64_t n) {
  OPS_CHECK(n <= 0xffffffffll, NotImplementedError, "sorting more than 4294967295 elements along a dimension");
}

/// f(sorter, input line, number of the line) for each line along the dimension, on threads.
template <class T, class F>
void for_each_line(const Tensor& self, int64_t dim, const F& f) {
  const DimMask mask(dim, self.dim(), false);
  // Lines are numbered row-major over the other dimensions.
  DimVector sizes(self.sizes()), strides(self.strides());
  int64_t n = 1, stride = 1;
  if (self.dim() > 0) {
    n = sizes[static_cast<size_t>(dim)];
    stride = strides[static_cast<size_t>(dim)];
    sizes.erase(static_cast<size_t>(dim));
    strides.erase(static_cast<size_t>(dim));
  }
  check_length(n);
  const int64_t lines = numel_of(sizes);
  const int64_t item = static_cast<int64_t>(sizeof(T));
  parallel_for(lines, std::max<int64_t>(1, 4096 / std::max<int64_t>(1, n)), [&](int64_t begin, int64_t end) {
    Sorter<T> sorter(n);
    for (int64_t line = begin; line < end; line++) {
      int64_t rest = line;
      const char* at = static_cast<const char*>(self.data());
      for (size_t d = sizes.size(); d-- > 0;) {
        at += rest % sizes[d] * strides[d] * item;
        rest /= sizes[d];
      }
      f(sorter, at, stride * item, line);
    }
  });
}

/// A result whose lines along `dim` are contiguous memory in the order of for_each_line, seen in self's order.
struct LineResult {
  Tensor lines, seen;
  LineResult(const Tensor& self, int64_t dim, int64_t length, DType dtype) {
    DimVector sizes(self.sizes());
    if (self.dim() == 0) {
      lines = ops::empty({}, dtype, self.device());
      seen = lines;
      return;
    }
    sizes.erase(static_cast<size_t>(dim));
    sizes.push_back(length);
    lines = ops::empty(sizes, dtype, self.device());
    seen = movedim(lines, {-1}, {dim});
  }
};

/// The same elements with the strides of `self`, as sort() returns them.
Tensor laid_out_like(const Tensor& self, const Tensor& t) {
  if (self.is_contiguous()) return contiguous(t);
  Tensor out = empty_like(self, t.dtype());
  copy_(out, t);
  return out;
}

void check_order_dtype(DType t, const char* what) {
  if (is_complex(t)) fail_dtype(what, t);
}

}  // namespace

std::tuple<Tensor, Tensor> sort(const Tensor& self, int64_t dim, bool descending, bool) {
  dim = wrap_dim(dim, self.dim());
  check_order_dtype(self.dtype(), "sorting_kernel_method_name");
  const int64_t n = self.dim() == 0 ? 1 : self.sizes()[dim];
  LineResult values(self, dim, n, self.dtype()), indices(self, dim, n, DType::Int64);
  if (!self.is_meta()) {
    TSVM_DISPATCH_REAL_BOOL(self.dtype(), "sort", {
      for_each_line<scalar_t>(self, dim, [&](Sorter<scalar_t>& sorter, const char* at, int64_t stride, int64_t line) {
        scalar_t* v = values.lines.data_ptr<scalar_t>() + line * n;
        int64_t* ix = indices.lines.data_ptr<int64_t>() + line * n;
        for (const auto& e : sorter.sort(at, stride, descending)) {
          *v++ = *reinterpret_cast<const scalar_t*>(at + e.index * stride);
          *ix++ = e.index;
        }
      });
    });
  }
  return {laid_out_like(self, values.seen), laid_out_like(self, indices.seen)};
}

Tensor argsort(const Tensor& self, int64_t dim, bool descending) { return std::get<1>(sort(self, dim, descending)); }

std::tuple<Tensor, Tensor> topk(const Tensor& self, int64_t k, int64_t dim, bool largest, bool sorted) {
  dim = wrap_dim(dim, self.dim());
  const int64_t n = self.dim() == 0 ? 1 : self.sizes()[dim];
  OPS_CHECK(k >= 0 && k <= n, RuntimeError, "selected index k out of range");
  check_order_dtype(self.dtype(), "topk_cpu");
  LineResult values(self, dim, k, self.dtype()), indices(self, dim, k, DType::Int64);
  if (!self.is_meta()) {
    TSVM_DISPATCH_REAL_BOOL(self.dtype(), "topk_cpu", {
      for_each_line<scalar_t>(self, dim, [&](Sorter<scalar_t>& sorter, const char* at, int64_t stride, int64_t line) {
        auto& entries = sorter.load(at, stride, largest);
        const auto end = entries.begin() + k;
        if (k * 64 <= n && sorted) {
          std::partial_sort(entries.begin(), end, entries.end(), Sorter<scalar_t>::before);
        } else {
          if (k > 0 && k < n) std::nth_element(entries.begin(), end - 1, entries.end(), Sorter<scalar_t>::before);
          if (sorted) std::sort(entries.begin(), end, Sorter<scalar_t>::before);
        }
        scalar_t* v = values.lines.data_ptr<scalar_t>() + line * k;
        int64_t* ix = indices.lines.data_ptr<int64_t>() + line * k;
        for (auto e = entries.begin(); e != end; ++e) {
          *v++ = *reinterpret_cast<const scalar_t*>(at + e->index * stride);
          *ix++ = e->index;
        }
      });
    });
  }
  return {contiguous(values.seen), contiguous(indices.seen)};
}

namespace {

/// The element at one place in order of each line; `place` gets (line, stride, n) and says which.
template <class F>
std::tuple<Tensor, Tensor> pick_in_order(const Tensor& self, int64_t dim, bool keepdim, const char* what,
                                         const char* kernel, const F& place) {
  dim = wrap_dim(dim, self.dim());
  OPS_CHECK(self.dim() == 0 || self.sizes()[dim] > 0, IndexError, what, "(): Expected reduction dim ", dim,
            " to have non-zero size.");
  check_order_dtype(self.dtype(), kernel);
  const int64_t n = self.dim() == 0 ? 1 : self.sizes()[dim];
  const DimMask mask(dim, self.dim(), false);
  Tensor values = reduction_result(self, mask, keepdim, self.dtype());
  Tensor indices = reduction_result(self, mask, keepdim, DType::Int64);
  if (values.is_meta()) return {values, indices};
  TSVM_DISPATCH_REAL_BOOL(self.dtype(), kernel, {
    for_each_line<scalar_t>(self, dim, [&](Sorter<scalar_t>& sorter, const char* at, int64_t stride, int64_t line) {
      const int64_t i = place(sorter, reinterpret_cast<const scalar_t*>(at), at, stride, n);
      values.data_ptr<scalar_t>()[line] = *reinterpret_cast<const scalar_t*>(at + i * stride);
      indices.data_ptr<int64_t>()[line] = i;
    });
  });
  return {values, indices};
}

template <class T>
bool is_nan_at(const char* p) {
  if constexpr (is_floating_type<T>) {
    const T v = *reinterpret_cast<const T*>(p);
    return v != v;
  }
  return false;
}

std::tuple<Tensor, Tensor> median_dim(const Tensor& self, int64_t dim, bool keepdim, bool ignore_nan) {
  if (self.dtype() == DType::Bool) fail_dtype("median_cpu", self.dtype());
  return pick_in_order(self, dim, keepdim, ignore_nan ? "nanmedian" : "median", "median_cpu",
                       [&](auto& sorter, const auto* typed, const char* at, int64_t stride, int64_t n) {
                         using T = std::remove_cv_t<std::remove_pointer_t<decltype(typed)>>;
                         int64_t numbers = 0;
                         for (int64_t i = 0; i < n; i++) {
                           if (!is_nan_at<T>(at + i * stride))
                             numbers++;
                           else if (!ignore_nan)
                             return i;
                         }
                         return static_cast<int64_t>(sorter.nth(at, stride, numbers > 0 ? (numbers - 1) / 2 : 0).index);
                       });
}

Tensor median_all(const Tensor& self, bool ignore_nan) {
  if (self.numel() == 0) {
    Tensor nan = scalar_tensor(Scalar(static_cast<double>(NAN)), DType::Float64);
    return to_copy(nan, self.dtype());
  }
  return std::get<0>(median_dim(reshape(self, {-1}), 0, false, ignore_nan));
}

}  // namespace

std::tuple<Tensor, Tensor> kthvalue(const Tensor& self, int64_t k, int64_t dim, bool keepdim) {
  const int64_t d = wrap_dim(dim, self.dim());
  const int64_t n = self.dim() == 0 ? 1 : self.sizes()[d];
  OPS_CHECK(n == 0 || (k >= 1 && k <= n), RuntimeError, "kthvalue(): selected number k out of range for dimension ", d);
  return pick_in_order(self, dim, keepdim, "kthvalue", "kthvalue_cpu",
                       [&](auto& sorter, const auto*, const char* at, int64_t stride, int64_t) {
                         return static_cast<int64_t>(sorter.nth(at, stride, k - 1).index);
                       });
}

Tensor median(const Tensor& self) { return median_all(self, false); }
Tensor nanmedian(const Tensor& self) { return median_all(self, true); }
std::tuple<Tensor, Tensor> median(const Tensor& self, int64_t dim, bool keepdim) {
  return median_dim(self, dim, keepdim, false);
}
std::tuple<Tensor, Tensor> nanmedian(const Tensor& self, int64_t dim, bool keepdim) {
  return median_dim(self, dim, keepdim, true);
}

std::tuple<Tensor, Tensor> mode(const Tensor& self, int64_t dim, bool keepdim) {
  return pick_in_order(self, dim, keepdim, "mode", "mode",
                       [&](auto& sorter, const auto*, const char* at, int64_t stride, int64_t) {
                         // The smallest of the most frequent values; its last place.
                         const auto& entries = sorter.sort(at, stride, false);
                         size_t best = 0, best_count = 0, count = 0;
                         for (size_t i = 0; i < entries.size(); i++) {
                           count++;
                           if (i + 1 < entries.size() && entries[i + 1].key == entries[i].key) continue;
                           if (count > best_count) {
                             best = i;
                             best_count = count;
                           }
                           count = 0;
                         }
                         return static_cast<int64_t>(entries[best].index);
                       });
}

namespace {

/// The three results of the unique functions from groups in order: values are taken by `take`.
struct Groups {
  std::vector<int64_t> first;    // an element of each group
  std::vector<int64_t> inverse;  // each element's group
  std::vector<int64_t> counts;
};

Tensor ints(const std::vector<int64_t>& v, IntSpan size) {
  return from_data(v.data(), DType::Int64, size, DType::Int64);
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor> unique(const Tensor& self, bool, bool return_inverse, bool return_counts) {
  OPS_CHECK(!self.is_meta(), NotImplementedError, "unique on meta tensors: the result's size depends on the elements");
  check_order_dtype(self.dtype(), "unique");
  const Tensor flat = view(contiguous(self), {-1});
  const int64_t n = flat.numel();
  Groups g;
  if (return_inverse) g.inverse.resize(static_cast<size_t>(n));
  if (n > 0) {
    TSVM_DISPATCH_REAL_BOOL(self.dtype(), "unique", {
      check_length(n);
      Sorter<scalar_t> sorter(n);
      const auto& entries = sorter.sort(static_cast<const char*>(flat.data()), sizeof(scalar_t), false);
      for (size_t i = 0; i < entries.size(); i++) {
        const char* v = reinterpret_cast<const char*>(flat.data_ptr<scalar_t>() + entries[i].index);
        // Every NaN is a value of its own.
        if (i == 0 || entries[i].key != entries[i - 1].key ||
            (!std::is_integral_v<scalar_t> && is_nan_at<scalar_t>(v))) {
          g.first.push_back(entries[i].index);
          g.counts.push_back(0);
        }
        g.counts.back()++;
        if (return_inverse) g.inverse[entries[i].index] = static_cast<int64_t>(g.first.size()) - 1;
      }
    });
  }
  const int64_t groups = static_cast<int64_t>(g.first.size());
  Tensor values = ops::empty({groups}, self.dtype());
  TSVM_DISPATCH_SIZE(self.dtype(), {
    for (int64_t i = 0; i < groups; i++)
      values.data_ptr<scalar_t>()[i] = flat.data_ptr<scalar_t>()[g.first[static_cast<size_t>(i)]];
  });
  return {values, return_inverse ? ints(g.inverse, self.sizes()) : Tensor(),
          return_counts ? ints(g.counts, {groups}) : Tensor()};
}

namespace {

/// Rows of a contiguous 2-dim tensor compared by elements: -1, 0, 1.
template <class T>
int compare_rows(const T* a, const T* b, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    if (a[i] < b[i]) return -1;
    if (b[i] < a[i]) return 1;
    if (!(a[i] == b[i])) return 1;  // NaN equals nothing
  }
  return 0;
}

std::tuple<Tensor, Tensor, Tensor> unique_slices(const Tensor& self, int64_t dim, bool sort_them, bool return_inverse,
                                                 bool return_counts) {
  OPS_CHECK(!self.is_meta(), NotImplementedError, "unique on meta tensors: the result's size depends on the elements");
  check_order_dtype(self.dtype(), "unique_dim");
  dim = wrap_dim(dim, self.dim());
  const Tensor moved = contiguous(movedim(self, {dim}, {0}));
  const int64_t n = moved.dim() == 0 ? 1 : moved.sizes()[0];
  if (n == 0) {
    for (int64_t d = 0; d < self.dim(); d++)
      OPS_CHECK(d == dim || self.sizes()[d] != 0, RuntimeError,
                "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied");
    return {clone(self), return_inverse ? zeros({0}, DType::Int64) : Tensor(),
            return_counts ? zeros({0}, DType::Int64) : Tensor()};
  }
  OPS_CHECK(self.numel() > 0, RuntimeError,
            "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied");
  const int64_t width = moved.numel() / n;
  Groups g;
  g.inverse.resize(static_cast<size_t>(n));
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  TSVM_DISPATCH_REAL_BOOL(self.dtype(), "unique_dim", {
    const scalar_t* x = moved.data_ptr<scalar_t>();
    if (sort_them)
      std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        const scalar_t* p = x + a * width;
        const scalar_t* q = x + b * width;
        for (int64_t i = 0; i < width; i++) {
          const auto ka = key_of(p[i]), kb = key_of(q[i]);
          if (ka != kb) return ka < kb;
        }
        return false;
      });
    for (size_t i = 0; i < order.size(); i++) {
      if (i == 0 || compare_rows(x + order[i] * width, x + order[i - 1] * width, width) != 0) {
        g.first.push_back(order[i]);
        g.counts.push_back(0);
      }
      g.counts.back()++;
      g.inverse[static_cast<size_t>(order[i])] = static_cast<int64_t>(g.first.size()) - 1;
    }
  });
  const int64_t groups = static_cast<int64_t>(g.first.size());
  Tensor values = index_select(self, dim, ints(g.first, {groups}));
  return {values, return_inverse ? ints(g.inverse, {n}) : Tensor(),
          return_counts ? ints(g.counts, {groups}) : Tensor()};
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor> unique_dim(const Tensor& self, int64_t dim, bool, bool return_inverse,
                                              bool return_counts) {
  return unique_slices(self, dim, true, return_inverse, return_counts);
}

std::tuple<Tensor, Tensor, Tensor> unique_consecutive(const Tensor& self, bool return_inverse, bool return_counts,
                                                      optional<int64_t> dim) {
  if (dim && self.dim() > 1) return unique_slices(self, *dim, false, return_inverse, return_counts);
  if (dim) wrap_dim(*dim, self.dim());
  if (self.numel() == 0)
    return {ops::empty({0}, self.dtype()), return_inverse ? zeros(self.sizes(), DType::Int64) : Tensor(),
            return_counts ? zeros({0}, DType::Int64) : Tensor()};
  auto [values, inverse, counts] = unique_slices(view(contiguous(self), {-1}), 0, false, return_inverse, return_counts);
  if (inverse.defined()) inverse = view(inverse, self.sizes());
  return {values, inverse, counts};
}

Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& self, bool out_int32, bool right) {
  const int64_t m = sorted_sequence.dim();
  OPS_CHECK(m > 0, RuntimeError, "boundaries tensor should have positive dimension, but got 0 dimension");
  OPS_CHECK(m == 1 || (self.dim() == m &&
                       sorted_sequence.sizes().first(static_cast<size_t>(m - 1)).size() ==
                           self.sizes().first(static_cast<size_t>(m - 1)).size() &&
                       IntSpan(sorted_sequence.sizes().first(static_cast<size_t>(m - 1))) ==
                           IntSpan(self.sizes().first(static_cast<size_t>(m - 1)))),
            RuntimeError,
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries "
            "tensor and input value tensor must match, but we got boundaries tensor ",
            sorted_sequence.sizes(), " and input value tensor ", self.sizes());
  OPS_CHECK(sorted_sequence.device() == self.device(), RuntimeError,
            "torch.searchsorted(): boundaries and input value tensors should have same device type, but got boundaries "
            "tensor device type ",
            to_string(sorted_sequence.device()), " and input value tensor device type ", to_string(self.device()));
  Tensor out = ops::empty(self.sizes(), DType::Int64, self.device());
  if (!out.is_meta() && self.numel() > 0) {
    const DType common = promote_types(sorted_sequence.dtype(), self.dtype());
    const Tensor keys =
        contiguous(sorted_sequence.dtype() == common ? sorted_sequence : to_copy(sorted_sequence, common));
    const Tensor values = contiguous(self.dtype() == common ? self : to_copy(self, common));
    const int64_t n = keys.sizes()[m - 1], lines = n == 0 ? 1 : keys.numel() / n, per_line = values.numel() / lines;
    TSVM_DISPATCH_REAL(common, "searchsorted_out_cpu", {
      for (int64_t i = 0; i < values.numel(); i++) {
        const scalar_t* line = keys.data_ptr<scalar_t>() + (m == 1 ? 0 : i / per_line * n);
        const scalar_t v = values.data_ptr<scalar_t>()[i];
        int64_t low = 0, high = n;
        while (low < high) {
          const int64_t mid = low + (high - low) / 2;
          const bool go_right = right ? !(line[mid] > v) : !(line[mid] >= v);
          (go_right ? low : high) = go_right ? mid + 1 : mid;
        }
        out.data_ptr<int64_t>()[i] = low;
      }
    });
  }
  return out_int32 ? to_copy(out, DType::Int32) : out;
}

}  // namespace tsvm::ops::cpu
