// Reading and writing elements chosen by index tensors.
//
// Advanced indexing restrides: the indexed dimensions of self become stride 0 in a loop over the result's shape, and
// the index tensors of that loop give, for each element, an offset into self. Writes run in order on one thread
// wherever two indices may name the same element, so results do not depend on timing; the last write wins, and sums add
// up in order.
#include <cmath>
#include <cstring>
#include <vector>

#include "ops/cpu/element.h"
#include "ops/cpu/kernels.h"
#include "ops/cpu/loops.h"
#include "ops/tensor/overlap.h"
#include "ops/tensor/sparse.h"

namespace tsvm::ops::cpu {
namespace {

constexpr int kMaxIndices = 64;

std::string shape_list(const std::vector<Tensor>& tensors) {
  std::string out;
  for (const Tensor& t : tensors) {
    if (!t.defined()) continue;
    if (!out.empty()) out += ", ";
    out += to_string(t.sizes());
  }
  return out;
}

/// Index tensors made ready: masks as positions, all broadcast to one shape, self with the indexed dimensions adjacent.
struct IndexPlan {
  Tensor self;
  std::vector<Tensor> indices;          // one for each dimension of self; undefined: a full slice
  DimVector result;                     // sizes of the result
  DimVector self_strides;               // of self over the result's dimensions, 0 where indices decide
  DimVector index_sizes;                // of the broadcast indices
  size_t first = 0;                     // the place of the index dimensions in the result
  std::vector<int64_t> extents, steps;  // size and stride of the indexed dimensions
  std::vector<Tensor> active;           // their indices, seen with the result's shape

  IndexPlan(const Tensor& source, TensorSpan given) : self(source) {
    OPS_CHECK(!source.is_meta(), NotImplementedError, "indexing with tensors on the meta device");
    expand_masks(given);
    OPS_CHECK(static_cast<int64_t>(indices.size()) <= self.dim(), IndexError,
              "too many indices for tensor of dimension ", self.dim(), " (got ", indices.size(), ")");
    broadcast();
    indices.resize(static_cast<size_t>(self.dim()));
    if (!adjacent()) to_front();
    restride();
  }

 private:
  void expand_masks(TensorSpan given) {
    for (const Tensor& t : given) {
      if (!t.defined()) {
        indices.emplace_back();
        continue;
      }
      OPS_CHECK(t.dtype() == DType::Int64 || t.dtype() == DType::UInt8 || t.dtype() == DType::Bool, IndexError,
                "tensors used as indices must be long, byte or bool tensors");
      if (t.dtype() == DType::Int64) {
        indices.push_back(t);
        continue;
      }
      const int64_t at = static_cast<int64_t>(indices.size());
      for (int64_t d = 0; d < t.dim(); d++) {
        const bool fits = at + d < self.dim() && t.sizes()[d] == self.sizes()[at + d];
        OPS_CHECK(fits, IndexError, "The shape of the mask ", t.sizes(), " at index ", d,
                  " does not match the shape of the indexed tensor ", self.sizes(), " at index ", at + d);
      }
      const Tensor places = nonzero(t);
      for (int64_t d = 0; d < t.dim(); d++) indices.push_back(select(places, 1, d));
    }
  }

  void broadcast() {
    bool any = false;
    for (const Tensor& t : indices) {
      if (!t.defined()) continue;
      if (!any) {
        index_sizes.assign(t.sizes());
        any = true;
        continue;
      }
      const size_t n = std::max(index_sizes.size(), static_cast<size_t>(t.dim()));
      for (size_t i = 0; i < n; i++) {
        const int64_t x = i < index_sizes.size() ? index_sizes[index_sizes.size() - 1 - i] : 1;
        const int64_t y = i < static_cast<size_t>(t.dim()) ? t.sizes()[static_cast<size_t>(t.dim()) - 1 - i] : 1;
        OPS_CHECK(x == y || x == 1 || y == 1, IndexError,
                  "shape mismatch: indexing tensors could not be broadcast together with shapes ", shape_list(indices));
      }
      index_sizes = broadcast_sizes(index_sizes, t.sizes());
    }
    for (Tensor& t : indices)
      if (t.defined()) t = expand(t, index_sizes);
  }

  bool adjacent() const {
    size_t begin = 0, end = indices.size();
    while (begin < end && !indices[begin].defined()) begin++;
    while (end > begin && !indices[end - 1].defined()) end--;
    for (size_t i = begin; i < end; i++)
      if (!indices[i].defined()) return false;
    return true;
  }

  void to_front() {
    DimVector order;
    std::vector<Tensor> moved;
    for (int pass = 0; pass < 2; pass++) {
      for (size_t d = 0; d < indices.size(); d++) {
        if (indices[d].defined() != (pass == 0)) continue;
        order.push_back(static_cast<int64_t>(d));
        moved.push_back(indices[d]);
      }
    }
    self = permute(self, order);
    indices = std::move(moved);
  }

  void restride() {
    bool placed = false;
    for (size_t d = 0; d < indices.size(); d++) {
      if (!indices[d].defined()) {
        result.push_back(self.sizes()[d]);
        self_strides.push_back(self.strides()[d]);
        continue;
      }
      if (!placed) {
        placed = true;
        first = result.size();
        for (int64_t s : index_sizes) {
          result.push_back(s);
          self_strides.push_back(0);
        }
      }
      extents.push_back(self.sizes()[d]);
      steps.push_back(self.strides()[d]);
    }
    const size_t after = result.size() - first - (placed ? index_sizes.size() : 0);
    for (size_t d = 0; d < indices.size(); d++) {
      if (!indices[d].defined()) continue;
      DimVector sizes(first, 1), strides(first, 0);
      for (size_t k = 0; k < index_sizes.size(); k++) {
        sizes.push_back(index_sizes[k]);
        strides.push_back(indices[d].strides()[k]);
      }
      for (size_t k = 0; k < after; k++) {
        sizes.push_back(1);
        strides.push_back(0);
      }
      active.push_back(make_view(indices[d], sizes, strides, indices[d].storage_offset()));
    }
    OPS_CHECK(active.size() <= kMaxIndices, RuntimeError, "more than ", kMaxIndices, " index tensors");
    if (numel_of(result) > 0) return;
    for (size_t k = 0; k < extents.size(); k++)
      OPS_CHECK(extents[k] > 0 || numel_of(index_sizes) == 0, IndexError,
                "index is out of bounds for dimension with size 0");
  }

 public:
  /// Strides of the result: elementwise over self and the indices.
  DimVector result_strides() const {
    std::vector<DimVector> all;
    all.push_back(self_strides);
    for (const Tensor& t : active) {
      DimVector s(result.size());
      for (size_t d = 0; d < result.size(); d++) s[d] = t.sizes()[d] == 1 && result[d] != 1 ? 0 : t.strides()[d];
      all.push_back(s);
    }
    std::vector<IntSpan> spans(all.begin(), all.end());
    return output_strides(result, spans);
  }

  /// f(data, strides, n, offset(i)) over the lines of a loop of `other` (seen with the result's shape), self, indices.
  template <class F>
  void run(const Tensor& other, bool parallel, const F& f) const {
    LoopNest<kMaxIndices + 2> nest(result);
    nest.add(other);
    nest.add(self.data(), result, self_strides, self.itemsize());
    for (const Tensor& t : active) nest.add(t);
    nest.finish();
    const int64_t item = static_cast<int64_t>(self.itemsize());
    const int count = static_cast<int>(active.size());
    auto line = [&](char** data, const int64_t* strides, int64_t n) {
      auto offset = [&](int64_t i) {
        int64_t sum = 0;
        for (int k = 0; k < count; k++) {
          int64_t at = *reinterpret_cast<const int64_t*>(data[2 + k] + i * strides[2 + k]);
          const int64_t extent = extents[static_cast<size_t>(k)];
          if (__builtin_expect(at < -extent || at >= extent, 0)) fail_index(at, k);
          if (at < 0) at += extent;
          sum += at * steps[static_cast<size_t>(k)];
        }
        return sum * item;
      };
      f(data, strides, n, offset);
    };
    if (parallel)
      nest.run(line);
    else
      nest.run_serial(line);
  }

 private:
  [[noreturn]] void fail_index(int64_t at, int k) const {
    int64_t dim = 0;
    for (size_t d = 0, seen = 0; d < indices.size(); d++)
      if (indices[d].defined() && seen++ == static_cast<size_t>(k)) dim = static_cast<int64_t>(d);
    fail(ErrorKind::IndexError, "index ", at, " is out of bounds for dimension ", dim, " with size ",
         extents[static_cast<size_t>(k)]);
  }
};

template <class T>
void read_indexed(const IndexPlan& plan, const Tensor& out) {
  plan.run(out, true, [](char** data, const int64_t* strides, int64_t n, const auto& offset) {
    // The first index stands still, and with it (all have one shape) the others: a whole row moves.
    if (strides[0] == sizeof(T) && strides[1] == sizeof(T) && strides[2] == 0) {
      std::memcpy(data[0], data[1] + offset(0), static_cast<size_t>(n) * sizeof(T));
      return;
    }
    for (int64_t i = 0; i < n; i++)
      std::memcpy(data[0] + i * strides[0], data[1] + i * strides[1] + offset(i), sizeof(T));
  });
}

}  // namespace

Tensor index(const Tensor& self, TensorSpan indices) {
  IndexPlan plan(self, indices);
  if (plan.active.empty()) return clone(self);
  Tensor out = ops::empty(plan.result, self.dtype());
  out->set_geometry(plan.result, plan.result_strides(), 0);
  if (out.numel() == 0) return out;
  TSVM_DISPATCH_SIZE(self.dtype(), read_indexed<scalar_t>(plan, out));
  return out;
}

void index_put_(const Tensor& self, TensorSpan indices, const Tensor& values, bool accumulate) {
  OPS_CHECK(self.dtype() == values.dtype(), RuntimeError,
            "Index put requires the source and destination dtypes match, got ", info(self.dtype()).cpp_name,
            " for the destination and ", info(values.dtype()).cpp_name, " for the source.");
  check_no_internal_overlap(self);
  IndexPlan plan(self, indices);
  OPS_CHECK(is_expandable_to(values.sizes(), plan.result), RuntimeError, "shape mismatch: value tensor of shape ",
            values.sizes(), " cannot be broadcast to indexing result of shape ", plan.result);
  Tensor source = expand(values, plan.result);
  if (values.storage() == self.storage()) source = clone(source);
  if (plan.active.empty()) {
    if (!accumulate) return copy_(self, source);
    TSVM_DISPATCH_ALL(self.dtype(), "index_put", {
      LoopNest<2> nest(self.sizes());
      nest.add(self);
      nest.add(source);
      nest.finish();
      nest.run([](char** data, const int64_t* strides, int64_t n) {
        for (int64_t i = 0; i < n; i++)
          add_to(*reinterpret_cast<scalar_t*>(data[0] + i * strides[0]),
                 *reinterpret_cast<const scalar_t*>(data[1] + i * strides[1]));
      });
    });
    return;
  }
  if (accumulate) {
    TSVM_DISPATCH_ALL(self.dtype(), "index_put", {
      plan.run(source, false, [](char** data, const int64_t* strides, int64_t n, const auto& offset) {
        for (int64_t i = 0; i < n; i++)
          add_to(*reinterpret_cast<scalar_t*>(data[1] + i * strides[1] + offset(i)),
                 *reinterpret_cast<const scalar_t*>(data[0] + i * strides[0]));
      });
    });
  } else {
    TSVM_DISPATCH_SIZE(self.dtype(), {
      plan.run(source, false, [](char** data, const int64_t* strides, int64_t n, const auto& offset) {
        for (int64_t i = 0; i < n; i++)
          std::memcpy(data[1] + i * strides[1] + offset(i), data[0] + i * strides[0], sizeof(scalar_t));
      });
    });
  }
}

// --- along one dimension ---

namespace {

/// Contiguous int64 copy of a vector of indices.
Tensor index_vector(const Tensor& index, const char* what) {
  OPS_CHECK(index.dim() <= 1, IndexError, what, "(): Index is supposed to be a vector");
  OPS_CHECK(index.dtype() == DType::Int64 || index.dtype() == DType::Int32, RuntimeError, what,
            "(): Expected dtype int32 or int64 for index");
  return contiguous(to(index, DType::Int64));
}

/// A 1-dim view of a 0-dim tensor; others as they are.
Tensor at_least_1d(const Tensor& t) { return t.dim() == 0 ? unsqueeze(t, 0) : t; }

int64_t checked_index(int64_t i, int64_t n) {
  OPS_CHECK(i >= 0 && i < n, IndexError, "index out of range in self");
  return i;
}

}  // namespace

Tensor index_select(const Tensor& self, int64_t dim, const Tensor& index) {
  dim = wrap_dim(dim, self.dim());
  OPS_CHECK(index.dim() <= 1, IndexError, "index_select(): Index is supposed to be a vector");
  OPS_CHECK(index.dtype() == DType::Int64 || index.dtype() == DType::Int32, RuntimeError,
            "index_select(): Expected dtype int32 or int64 for index");
  const int64_t n = index.numel();
  DimVector sizes(self.sizes());
  if (self.dim() > 0)
    sizes[static_cast<size_t>(dim)] = n;
  else
    OPS_CHECK(n == 1, RuntimeError, "index_select(): Index to scalar can have only 1 value, got ", n, " value(s)");
  Tensor out = ops::empty(sizes, self.dtype(), self.device());
  if (out.is_meta() || (out.numel() == 0 && n == 0)) return out;
  const Tensor places = index_vector(index, "index_select");
  const int64_t* at = places.data_ptr<int64_t>();
  const Tensor source = contiguous(at_least_1d(self));
  const int64_t extent = source.sizes()[dim];
  int64_t outer = 1, inner = static_cast<int64_t>(self.itemsize());
  for (int64_t d = 0; d < source.dim(); d++) {
    if (d < dim) outer *= source.sizes()[d];
    if (d > dim) inner *= source.sizes()[d];
  }
  for (int64_t i = 0; i < n; i++) checked_index(at[i], extent);
  const char* from = static_cast<const char*>(source.data());
  char* to = static_cast<char*>(out.data());
  parallel_for(outer * n, std::max<int64_t>(1, 4 * kGrain / std::max<int64_t>(1, inner)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t k = begin; k < end; k++)
                   std::memcpy(to + k * inner, from + (k / n * extent + at[k % n]) * inner, static_cast<size_t>(inner));
               });
  return out;
}

namespace {

void check_index_source(const char* what, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                        ErrorKind kind) {
  const int64_t count = source.dim() == 0 ? 1 : source.size(dim);
  if (index.numel() != count)
    fail(kind, what, "(): Number of indices (", index.numel(), ") should be equal to source.size(dim)",
         kind == ErrorKind::RuntimeError ? concat(": (", count, "), for dim: ", dim) : concat(" (", count, ")"));
  OPS_CHECK(self.dtype() == source.dtype(), RuntimeError, what,
            "(): self and source expected to have the same dtype, "
            "but got (self) ",
            info(self.dtype()).cpp_name, " and (source) ", info(source.dtype()).cpp_name);
  DimVector a(self.sizes()), b(source.sizes());
  if (self.dim() > 0 && source.dim() > 0) {
    OPS_CHECK(self.dim() == source.dim(), IndexError, what,
              "(): Source/destination tensor must have same slice shapes. "
              "Destination slice shape: ",
              a, " at dimension ", dim, " and source slice shape: ", b, " at dimension 0.");
    a.erase(static_cast<size_t>(dim));
    b.erase(static_cast<size_t>(dim));
    OPS_CHECK(IntSpan(a) == IntSpan(b), RuntimeError, what,
              "(): Source/destination tensor must have same slice shapes. Destination slice shape: ", a,
              " at dimension ", dim, " and source slice shape: ", b, " at dimension 0.");
  }
}

}  // namespace

void index_add_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source, const Scalar& alpha) {
  dim = wrap_dim(dim, self.dim());
  OPS_CHECK(index.dim() <= 1, IndexError, "index_add_(): Index is supposed to be a vector");
  check_index_source("index_add_", self, dim, index, source, ErrorKind::RuntimeError);
  if (self.is_meta()) return;
  const Tensor places = index_vector(index, "index_add_");
  const Tensor into = at_least_1d(self), from = at_least_1d(source);
  TSVM_DISPATCH_ALL(self.dtype(), "index_add_", {
    const scalar_t factor = alpha.checked_to<scalar_t>();
    for (int64_t k = 0; k < places.numel(); k++) {
      const int64_t at = checked_index(places.data_ptr<int64_t>()[k], into.sizes()[dim]);
      if (into.dim() == 1) {  // bincount's way: no views of single elements
        scalar_t v = from.data_ptr<scalar_t>()[k * from.strides()[0]];
        multiply_by(v, factor);
        add_to(into.data_ptr<scalar_t>()[at * into.strides()[0]], v);
        continue;
      }
      const Tensor row = select(into, dim, at), add = select(from, dim, k);
      LoopNest<2> nest(row.sizes());
      nest.add(row);
      nest.add(add);
      nest.finish();
      nest.run([&](char** data, const int64_t* strides, int64_t n) {
        for (int64_t i = 0; i < n; i++) {
          scalar_t v = *reinterpret_cast<const scalar_t*>(data[1] + i * strides[1]);
          multiply_by(v, factor);
          add_to(*reinterpret_cast<scalar_t*>(data[0] + i * strides[0]), v);
        }
      });
    }
  });
}

void index_copy_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
  dim = wrap_dim(dim, self.dim());
  OPS_CHECK(index.dim() <= 1, IndexError, "index_copy_(): Index should have dimension 1 or 0 (got ", index.dim(), ")");
  check_index_source("index_copy_", self, dim, index, source, ErrorKind::IndexError);
  if (self.is_meta()) return;
  OPS_CHECK(index.dtype() == DType::Int64, RuntimeError, "index_copy_(): Expected a long tensor for index, but got ",
            info(index.dtype()).cpp_name);
  const Tensor places = contiguous(index), into = at_least_1d(self), from = at_least_1d(source);
  for (int64_t k = 0; k < places.numel(); k++) {
    const int64_t at = places.data_ptr<int64_t>()[k];
    OPS_CHECK(at >= 0 && at < into.sizes()[dim], IndexError, "index_copy_(): index ", at,
              " is out of bounds for dimension ", dim, " with size ", into.sizes()[dim]);
    copy_(select(into, dim, at), select(from, dim, k));
  }
}

void index_fill_(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
  dim = wrap_dim(dim, self.dim());
  OPS_CHECK(index.dtype() == DType::Int64, IndexError, "index_fill_(): Expected dtype int64 for index.");
  OPS_CHECK(index.dim() <= 1, IndexError, "Index has to be a vector/scalar");
  if (self.is_meta()) return;
  const Tensor places = contiguous(index), into = at_least_1d(self);
  const int64_t n = into.sizes()[dim];
  for (int64_t k = 0; k < places.numel(); k++) {
    const int64_t at = places.data_ptr<int64_t>()[k];
    OPS_CHECK(at >= -n && at < n, IndexError, "index ", at, " is out of bounds for dimension ", dim, " with size ", n);
    fill_(select(into, dim, at), value);
  }
}

namespace {

/// Gather and scatter: a loop over index's shape, with self or src along for the ride and the indexed one offset by it.
template <class F>
void along_index(const Tensor& indexed, int64_t dim, const Tensor& index, const Tensor& other, bool parallel,
                 const F& f) {
  const Tensor whole = at_least_1d(indexed), places = at_least_1d(index), rest = at_least_1d(other);
  const int64_t extent = whole.sizes()[dim], step = whole.strides()[dim] * static_cast<int64_t>(whole.itemsize());
  DimVector strides(whole.strides());
  strides[static_cast<size_t>(dim)] = 0;
  LoopNest<3> nest(places.sizes());
  // Only the strides of the others count: they are at least as large as index.
  nest.add(rest.data(), places.sizes(), rest.strides(), rest.itemsize());
  nest.add(whole.data(), places.sizes(), strides, whole.itemsize());
  nest.add(places);
  nest.finish(parallel);
  auto line = [&](char** data, const int64_t* s, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
      const int64_t at = *reinterpret_cast<const int64_t*>(data[2] + i * s[2]);
      OPS_CHECK(at >= 0 && at < extent, RuntimeError, "index ", at, " is out of bounds for dimension ", dim,
                " with size ", extent);
      f(data[0] + i * s[0], data[1] + i * s[1] + at * step);
    }
  };
  if (parallel)
    nest.run(line);
  else
    nest.run_serial(line);
}

void check_gather(const char* what, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  if (index.numel() == 0) return;
  OPS_CHECK(index.dtype() == DType::Int64, RuntimeError, what, "(): Expected dtype int64 for index");
  const int64_t n = std::max<int64_t>(self.dim(), 1);
  OPS_CHECK(std::max<int64_t>(index.dim(), 1) == n, RuntimeError,
            "Index tensor must have the same number of dimensions as ", src.defined() ? "self" : "input", " tensor");
  const Tensor a = at_least_1d(self), b = at_least_1d(index);
  if (!src.defined()) {
    for (int64_t d = 0; d < n; d++)
      OPS_CHECK(d == dim || b.sizes()[d] <= a.sizes()[d], RuntimeError, "Size does not match at dimension ", d,
                " expected index ", index.sizes(), " to be smaller than self ", self.sizes(), " apart from dimension ",
                dim);
    return;
  }
  if (!src.is_same(self))
    OPS_CHECK(self.dtype() == src.dtype(), RuntimeError, what, "(): Expected self.dtype to be equal to src.dtype");
  const Tensor c = at_least_1d(src);
  OPS_CHECK(c.dim() == n, RuntimeError, "Index tensor must have the same number of dimensions as src tensor");
  for (int64_t d = 0; d < n; d++)
    OPS_CHECK((d == dim || b.sizes()[d] <= a.sizes()[d]) && b.sizes()[d] <= c.sizes()[d], RuntimeError,
              "Expected index ", index.sizes(), " to be smaller than self ", self.sizes(), " apart from dimension ",
              dim, " and to be smaller size than src ", src.sizes());
}

void check_scatter_value(const Tensor& self, int64_t dim, const Tensor& index) {
  if (index.numel() == 0) return;
  OPS_CHECK(index.dtype() == DType::Int64, RuntimeError, "scatter(): Expected dtype int64 for index");
  const Tensor a = at_least_1d(self), b = at_least_1d(index);
  OPS_CHECK(a.dim() == b.dim(), RuntimeError, "Index tensor must have the same number of dimensions as self tensor");
  for (int64_t d = 0; d < a.dim(); d++)
    OPS_CHECK(d == dim || b.sizes()[d] <= a.sizes()[d], RuntimeError, "Expected index ", index.sizes(),
              " to be smaller than self ", self.sizes(), " apart from dimension ", dim);
}

enum class Combine { Set, Sum, Product, Largest, Smallest };

template <class T, Combine kHow>
void combine_into(T& into, T v) {
  if constexpr (kHow == Combine::Set) {
    into = v;
  } else if constexpr (kHow == Combine::Sum) {
    add_to(into, v);
  } else if constexpr (kHow == Combine::Product) {
    multiply_by(into, v);
  } else if constexpr (!is_complex_type<T>) {
    const bool better = kHow == Combine::Largest ? v > into : v < into;
    if (better || v != v) into = v;
  }
}

template <class T>
void scatter_with(Combine how, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  auto run = [&](auto f) {
    along_index(self, dim, index, src, false,
                [&](const char* from, char* to) { f(*reinterpret_cast<T*>(to), *reinterpret_cast<const T*>(from)); });
  };
  switch (how) {
    case Combine::Set: return run(combine_into<T, Combine::Set>);
    case Combine::Sum: return run(combine_into<T, Combine::Sum>);
    case Combine::Product: return run(combine_into<T, Combine::Product>);
    case Combine::Largest: return run(combine_into<T, Combine::Largest>);
    case Combine::Smallest: return run(combine_into<T, Combine::Smallest>);
  }
}

void scatter_combine(const char* what, Combine how, const Tensor& self, int64_t dim, const Tensor& index,
                     const Tensor& src) {
  dim = wrap_dim(dim, self.dim());
  check_gather(what, self, dim, index, src);
  check_no_internal_overlap(self);
  if (self.is_meta() || index.numel() == 0) return;
  const Tensor source = src.storage() == self.storage() ? clone(src) : src;
  TSVM_DISPATCH_ALL(self.dtype(), "scatter_cpu_", scatter_with<scalar_t>(how, self, dim, index, source));
}

/// A number as a source of index's shape.
Tensor value_like(const Tensor& self, const Tensor& index, const Scalar& value) {
  Tensor v = ops::empty({}, self.dtype(), self.device());
  fill_(v, value);
  return expand(v, index.sizes());
}

/// A mean from a sum; nothing where nothing was counted. Integer means round down.
template <class T>
void divide_by(T& v, T count) {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    if (count == 0) return;
    const int64_t a = static_cast<int64_t>(v), b = static_cast<int64_t>(count);
    v = static_cast<T>(a / b - (a % b != 0 && (a < 0) != (b < 0)));
  } else if constexpr (is_complex_type<T>) {
    if (count.real() != 0) v /= count.real();
  } else if constexpr (is_reduced_type<T>) {
    if (static_cast<float>(count) != 0) v = T(static_cast<float>(v) / static_cast<float>(count));
  } else if constexpr (std::is_floating_point_v<T>) {
    if (count != 0) v /= count;
  }
}

/// What a reduction starts from where self does not count.
template <class T>
T neutral_value(Combine how) {
  if (how == Combine::Product) return convert<T>(1.0);
  if (how == Combine::Sum || how == Combine::Set) return convert<T>(0.0);
  const bool top = how == Combine::Smallest;
  if constexpr (is_floating_type<T>) return convert<T>(top ? HUGE_VAL : -HUGE_VAL);
  if constexpr (std::is_integral_v<T>) return top ? std::numeric_limits<T>::max() : std::numeric_limits<T>::lowest();
  return T();
}

Combine scatter_reduction(std::string_view reduce) {
  OPS_CHECK(reduce == "add" || reduce == "multiply", RuntimeError, "reduce argument must be either add or multiply.");
  return reduce == "add" ? Combine::Sum : Combine::Product;
}

}  // namespace

Tensor gather(const Tensor& self, int64_t dim, const Tensor& index) {
  dim = wrap_dim(dim, self.dim());
  check_gather("gather", self, dim, index, Tensor());
  Tensor out = ops::empty(index.sizes(), self.dtype(), self.device());
  if (out.is_meta() || out.numel() == 0) return out;
  TSVM_DISPATCH_SIZE(self.dtype(), {
    along_index(self, dim, index, out, true,
                [](char* to, const char* from) { std::memcpy(to, from, sizeof(scalar_t)); });
  });
  return out;
}

void scatter_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  scatter_combine("scatter", Combine::Set, self, dim, index, src);
}
void scatter_(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
  check_scatter_value(self, wrap_dim(dim, self.dim()), index);
  scatter_combine("scatter", Combine::Set, self, dim, index, value_like(self, index, value));
}
void scatter_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src, std::string_view reduce) {
  scatter_combine("scatter", scatter_reduction(reduce), self, dim, index, src);
}
void scatter_(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value, std::string_view reduce) {
  check_scatter_value(self, wrap_dim(dim, self.dim()), index);
  scatter_combine("scatter", scatter_reduction(reduce), self, dim, index, value_like(self, index, value));
}
void scatter_add_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  scatter_combine("scatter_add", Combine::Sum, self, dim, index, src);
}

void scatter_reduce_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src, std::string_view reduce,
                     bool include_self) {
  Combine how;
  const bool mean = reduce == "mean";
  if (reduce == "sum" || mean)
    how = Combine::Sum;
  else if (reduce == "prod")
    how = Combine::Product;
  else if (reduce == "amax")
    how = Combine::Largest;
  else if (reduce == "amin")
    how = Combine::Smallest;
  else
    fail(ErrorKind::RuntimeError, "reduce argument must be either sum, prod, mean, amax or amin.");
  dim = wrap_dim(dim, self.dim());
  check_gather("scatter", self, dim, index, src);
  if (self.is_meta() || index.numel() == 0) return;
  if ((how == Combine::Largest || how == Combine::Smallest) && is_complex(self.dtype()))
    fail_dtype("scatter_reduce", self.dtype());
  if (!include_self) {
    // Elements that receive something start from the operation's neutral value.
    Tensor neutral = ops::empty({}, self.dtype());
    TSVM_DISPATCH_ALL(self.dtype(), "scatter_reduce", *neutral.data_ptr<scalar_t>() = neutral_value<scalar_t>(how));
    scatter_combine("scatter", Combine::Set, self, dim, index, expand(neutral, index.sizes()));
  }
  scatter_combine("scatter", how, self, dim, index, src);
  if (!mean) return;
  Tensor counts = include_self ? ones_like(self) : zeros_like(self);
  Tensor one = ones({}, self.dtype());
  scatter_combine("scatter", Combine::Sum, counts, dim, index, expand(one, index.sizes()));
  LoopNest<2> nest(self.sizes());
  nest.add(self);
  nest.add(counts);
  nest.finish();
  TSVM_DISPATCH_ALL(self.dtype(), "scatter_reduce", {
    nest.run([](char** data, const int64_t* strides, int64_t n) {
      for (int64_t i = 0; i < n; i++) {
        divide_by(*reinterpret_cast<scalar_t*>(data[0] + i * strides[0]),
                  *reinterpret_cast<const scalar_t*>(data[1] + i * strides[1]));
      }
    });
  });
}

// --- masks ---

namespace {

/// Why a mask does not fit.
std::string mismatch(IntSpan self, IntSpan mask) {
  try {
    broadcast_sizes(self, mask);
  } catch (const Error& e) {
    return e.message();
  }
  return concat("output with shape ", self, " doesn't match the broadcast shape ", broadcast_sizes(self, mask));
}

/// f(pointer to the element of a) where the mask is set; `ordered`: in row-major order.
template <class F>
void where_set(const Tensor& mask, const Tensor& a, const DimVector& sizes, bool ordered, const F& f) {
  LoopNest<2> nest(sizes);
  nest.add(a);
  nest.add(mask);
  nest.finish(!ordered);
  auto line = [&](char** data, const int64_t* strides, int64_t n) {
    for (int64_t i = 0; i < n; i++)
      if (*reinterpret_cast<const uint8_t*>(data[1] + i * strides[1])) f(data[0] + i * strides[0]);
  };
  if (ordered)
    nest.run_serial(line);
  else
    nest.run(line);
}

}  // namespace

Tensor masked_select(const Tensor& self, const Tensor& mask) {
  OPS_CHECK(mask.dtype() == DType::Bool || mask.dtype() == DType::UInt8, RuntimeError,
            "masked_select: expected BoolTensor or ByteTensor for mask");
  OPS_CHECK(!self.is_meta(), NotImplementedError,
            "masked_select on meta tensors: the result's size depends on the elements");
  // PyTorch broadcasts the mask first.
  const DimVector sizes = broadcast_sizes(mask.sizes(), self.sizes());
  int64_t n = 0;
  where_set(mask, mask, sizes, true, [&](char*) { n++; });
  Tensor out = ops::empty({n}, self.dtype());
  TSVM_DISPATCH_SIZE(self.dtype(), {
    scalar_t* to = out.data_ptr<scalar_t>();
    where_set(mask, self, sizes, true, [&](const char* p) { std::memcpy(to++, p, sizeof(scalar_t)); });
  });
  return out;
}

namespace {
/// A mask of bools: other numbers count if all of them are 0 or 1.
Tensor as_mask(const Tensor& mask) {
  if (mask.dtype() == DType::Bool || mask.dtype() == DType::UInt8) return mask;
  const Tensor bools = to_copy(mask, DType::Bool);
  if (!mask.is_meta()) {
    const Tensor back = to_copy(bools, mask.dtype()), given = contiguous(mask);
    OPS_CHECK(std::memcmp(back.data(), given.data(), static_cast<size_t>(given.numel()) * given.itemsize()) == 0,
              RuntimeError, "Mask tensor can take 0 and 1 values only");
  }
  return bools;
}
}  // namespace

void masked_fill_(const Tensor& self, const Tensor& any_mask, const Scalar& value) {
  const Tensor mask = as_mask(any_mask);
  OPS_CHECK(self.device() == mask.device(), RuntimeError,
            "expected self and mask to be on the same device, but got mask on ", to_string(mask.device()),
            " and self on ", to_string(self.device()));
  OPS_CHECK(is_expandable_to(mask.sizes(), self.sizes()), RuntimeError, mismatch(self.sizes(), mask.sizes()));
  check_no_internal_overlap(self);
  TSVM_DISPATCH_ALL(self.dtype(), "masked_fill", {
    const scalar_t v = value.checked_to<scalar_t>();
    if (self.is_meta()) return;
    where_set(mask, self, self.sizes(), false, [&](char* p) { *reinterpret_cast<scalar_t*>(p) = v; });
  });
}

void masked_fill_(const Tensor& self, const Tensor& mask, const Tensor& value) {
  OPS_CHECK(value.dim() == 0, RuntimeError,
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with ", value.dim(),
            " dimension(s).");
  masked_fill_(self, mask, self.is_meta() ? Scalar(0) : item(value));
}

void masked_scatter_(const Tensor& self, const Tensor& any_mask, const Tensor& source) {
  OPS_CHECK(self.dtype() == source.dtype(), RuntimeError,
            "masked_scatter: expected self and source to have same dtypes but "
            "got",
            info(self.dtype()).cpp_name, " and ", info(source.dtype()).cpp_name);
  const Tensor mask = as_mask(any_mask);
  OPS_CHECK(is_expandable_to(mask.sizes(), self.sizes()), RuntimeError, mismatch(self.sizes(), mask.sizes()));
  if (self.is_meta()) return;
  const Tensor from = contiguous(source);
  int64_t next = 0;
  TSVM_DISPATCH_SIZE(self.dtype(), {
    where_set(mask, self, self.sizes(), true, [&](char* p) {
      OPS_CHECK(next < from.numel(), RuntimeError, "Number of elements of source < number of ones in mask");
      std::memcpy(p, from.data_ptr<scalar_t>() + next++, sizeof(scalar_t));
    });
  });
}

Tensor nonzero(const Tensor& self) {
  OPS_CHECK(!self.is_meta(), NotImplementedError, "nonzero on meta tensors: the result's size depends on the elements");
  const Tensor c = contiguous(self);
  const int64_t ndim = self.dim();
  std::vector<int64_t> found;
  TSVM_DISPATCH_ALL(self.dtype(), "nonzero", {
    const scalar_t* x = c.data_ptr<scalar_t>();
    for (int64_t i = 0; i < c.numel(); i++)
      if (convert<bool>(x[i])) found.push_back(i);
  });
  const int64_t n = static_cast<int64_t>(found.size());
  // PyTorch's memory order: the coordinates of one dimension together.
  Tensor out = ops::empty({ndim, n}, DType::Int64);
  int64_t* to = out.data_ptr<int64_t>();
  int64_t step = c.numel();
  for (int64_t d = 0; d < ndim; d++) {
    step /= self.sizes()[d] == 0 ? 1 : self.sizes()[d];
    for (int64_t i = 0; i < n; i++) to[d * n + i] = found[static_cast<size_t>(i)] / step % self.sizes()[d];
  }
  return transpose(out, 0, 1);
}

// --- by number ---

namespace {

int64_t flat_index(int64_t i, int64_t n) {
  OPS_CHECK(i >= -n && i < n, IndexError, "out of range: tried to access index ", i, " on a tensor of ", n,
            " elements.");
  return i < 0 ? i + n : i;
}

}  // namespace

Tensor take(const Tensor& self, const Tensor& index) {
  OPS_CHECK(index.dtype() == DType::Int64, RuntimeError, "take(): Expected a long tensor for index, but got ",
            info(index.dtype()).cpp_name);
  OPS_CHECK(self.numel() > 0 || index.numel() == 0, IndexError, "take(): tried to take from an empty tensor");
  Tensor out = ops::empty(index.sizes(), self.dtype(), self.device());
  if (out.is_meta()) return out;
  const Tensor from = contiguous(self), places = contiguous(index);
  TSVM_DISPATCH_SIZE(self.dtype(), {
    for (int64_t i = 0; i < out.numel(); i++)
      out.data_ptr<scalar_t>()[i] = from.data_ptr<scalar_t>()[flat_index(places.data_ptr<int64_t>()[i], self.numel())];
  });
  return out;
}

void put_(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate) {
  OPS_CHECK(index.dtype() == DType::Int64, RuntimeError, "put_(): Expected a long tensor for index, but got ",
            info(index.dtype()).cpp_name);
  OPS_CHECK(self.dtype() == source.dtype(), RuntimeError,
            "put_(): self and source expected to have the same dtype, but got self.dtype = ",
            info(self.dtype()).cpp_name, " and source.dtype = ", info(source.dtype()).cpp_name);
  OPS_CHECK(source.numel() == index.numel(), IndexError,
            "put_(): Expected source and index to have the same number of elements, but got source.numel() = ",
            source.numel(), ", index.numel() = ", index.numel());
  check_no_internal_overlap(self);
  if (self.is_meta()) return;
  const Tensor from = contiguous(source), places = contiguous(index);
  // Where the flat index lies in a strided tensor.
  auto offset = [&](int64_t flat) {
    int64_t sum = 0;
    for (int64_t d = self.dim(); d-- > 0;) {
      sum += flat % self.sizes()[d] * self.strides()[d];
      flat /= self.sizes()[d];
    }
    return sum;
  };
  TSVM_DISPATCH_ALL(self.dtype(), "put_", {
    for (int64_t i = 0; i < from.numel(); i++) {
      scalar_t& into = self.data_ptr<scalar_t>()[offset(flat_index(places.data_ptr<int64_t>()[i], self.numel()))];
      if (accumulate)
        add_to(into, from.data_ptr<scalar_t>()[i]);
      else
        into = from.data_ptr<scalar_t>()[i];
    }
  });
}

// --- embedding ---

namespace {

void check_embedding_indices(const Tensor& indices) {
  OPS_CHECK(
      indices.dtype() == DType::Int64 || indices.dtype() == DType::Int32, RuntimeError,
      "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got torch.",
      info(indices.dtype()).cpp_name, "Tensor instead (while checking arguments for embedding)");
}

}  // namespace

Tensor embedding(const Tensor& weight, const Tensor& indices, int64_t, bool, bool) {
  OPS_CHECK(weight.dim() == 2, RuntimeError, "'weight' must be 2-D");
  check_embedding_indices(indices);
  if (indices.dim() == 1) return index_select(weight, 0, indices);
  DimVector sizes(indices.sizes());
  sizes.push_back(weight.sizes()[1]);
  return view(index_select(weight, 0, reshape(indices, {-1})), sizes);
}

std::tuple<Tensor, Tensor, Tensor> sparse_union(const Tensor& a, const Tensor& b) {
  const Tensor x = contiguous(a), y = contiguous(b);
  const int64_t dims = x.size(0), n = x.size(1), m = y.size(1);
  const int64_t *px = x.data_ptr<int64_t>(), *py = y.data_ptr<int64_t>();
  std::vector<std::pair<int64_t, int64_t>> taken;  // element of a, element of b; -1: none
  for (int64_t i = 0, k = 0; i < n || k < m;) {
    int order = i == n ? 1 : k == m ? -1 : 0;  // which is first
    for (int64_t d = 0; d < dims && i < n && k < m && !order; d++)
      order = px[d * n + i] < py[d * m + k] ? -1 : px[d * n + i] > py[d * m + k] ? 1 : 0;
    taken.emplace_back(order <= 0 ? i : -1, order >= 0 ? k : -1);
    i += order <= 0;
    k += order >= 0;
  }
  const auto count = static_cast<int64_t>(taken.size());
  Tensor places = ops::empty({dims, count}, DType::Int64), to_a = ops::empty({n}, DType::Int64),
         to_b = ops::empty({m}, DType::Int64);
  for (int64_t r = 0; r < count; r++) {
    const auto [i, k] = taken[static_cast<size_t>(r)];
    for (int64_t d = 0; d < dims; d++)
      places.data_ptr<int64_t>()[d * count + r] = i >= 0 ? px[d * n + i] : py[d * m + k];
    if (i >= 0) to_a.data_ptr<int64_t>()[i] = r;
    if (k >= 0) to_b.data_ptr<int64_t>()[k] = r;
  }
  return {places, to_a, to_b};
}

Tensor embedding_sparse_backward(const Tensor& grad_output, const Tensor& indices, int64_t num_weights,
                                 int64_t padding_idx, bool scale_grad_by_freq) {
  OPS_CHECK(!scale_grad_by_freq, RuntimeError,
            "embedding_backward: scale_grad_by_freq not supported with sparse gradients");
  if (!SparseGradients::wanted())
    return embedding_dense_backward(grad_output, indices, num_weights, padding_idx, scale_grad_by_freq);
  check_embedding_indices(indices);
  const int64_t width = grad_output.size(-1);
  Tensor places = reshape(to(indices, DType::Int64), {1, -1}), rows = reshape(grad_output, {-1, width});
  if (padding_idx >= 0) {
    std::vector<int64_t> kept;
    const int64_t* at = places.data_ptr<int64_t>();
    for (int64_t i = 0; i < places.numel(); i++)
      if (at[i] != padding_idx) kept.push_back(i);
    if (static_cast<int64_t>(kept.size()) != places.numel()) {
      Tensor which = ops::empty({static_cast<int64_t>(kept.size())}, DType::Int64);
      std::copy(kept.begin(), kept.end(), which.data_ptr<int64_t>());
      places = index_select(places, 1, which);
      rows = index_select(rows, 0, which);
    }
  }
  return make_sparse({std::move(places), std::move(rows)}, {num_weights, width});
}

Tensor embedding_dense_backward(const Tensor& grad_output, const Tensor& indices, int64_t num_weights,
                                int64_t padding_idx, bool scale_grad_by_freq) {
  check_embedding_indices(indices);
  const int64_t width = grad_output.size(-1), n = indices.numel();
  Tensor out = zeros({num_weights, width}, grad_output.dtype(), grad_output.device());
  if (out.is_meta() || n == 0) return out;
  const Tensor grad = contiguous(grad_output), places = contiguous(to(indices, DType::Int64));
  const int64_t* at = places.data_ptr<int64_t>();
  std::vector<int64_t> counts;
  if (scale_grad_by_freq) {
    counts.resize(static_cast<size_t>(num_weights));
    for (int64_t i = 0; i < n; i++) counts[static_cast<size_t>(checked_index(at[i], num_weights))]++;
  }
  TSVM_DISPATCH_FLOATING(grad.dtype(), "embedding_backward", {
    for (int64_t i = 0; i < n; i++) {
      if (at[i] == padding_idx) continue;
      scalar_t* to = out.data_ptr<scalar_t>() + checked_index(at[i], num_weights) * width;
      const scalar_t* from = grad.data_ptr<scalar_t>() + i * width;
      using Acc = std::conditional_t<is_reduced_type<scalar_t>, float, scalar_t>;
      const Acc scale = scale_grad_by_freq ? Acc(1) / static_cast<Acc>(counts[static_cast<size_t>(at[i])]) : Acc(1);
      for (int64_t c = 0; c < width; c++)
        to[c] = convert<scalar_t>(static_cast<Acc>(to[c]) + static_cast<Acc>(from[c]) * scale);
    }
  });
  return out;
}

}  // namespace tsvm::ops::cpu
