// The strided loop over several tensors at once.
//
// A LoopNest is filled with operands, each seen as the common sizes (size-1 dimensions broadcast with stride 0).
// finish() orders the dimensions so that the operands' memory is walked forwards, and joins dimensions that are one
// line in every operand. What remains is run as inner lines: f(data, strides, n) gets a pointer and a byte stride for
// each operand. Contiguous operands of equal sizes collapse to a single line. Large loops are cut into chunks of kGrain
// elements of the (ordered) index space.
//
// Operand 0 decides the order first, then the others, as PyTorch's iterator does: put the output there.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/cpu/parallel.h"
#include "ops/tensor/error.h"
#include "ops/tensor/tensor.h"

namespace tsvm::ops::cpu {

inline constexpr int kMaxLoopDims = 64;

template <int kMaxOperands>
class LoopNest {
 public:
  explicit LoopNest(IntSpan sizes) : ndim_(static_cast<int>(sizes.size())) {
    OPS_CHECK(ndim_ <= kMaxLoopDims, RuntimeError, "tensors with more than ", kMaxLoopDims,
              " dimensions are not supported");
    numel_ = 1;
    // Dimension 0 is the innermost here.
    for (int d = 0; d < ndim_; d++) {
      sizes_[d] = sizes[ndim_ - 1 - d];
      numel_ *= sizes_[d];
    }
  }

  /// Adds an operand; it must broadcast to the sizes (the caller has checked).
  void add(const Tensor& t) { add(t.data(), t.sizes(), t.strides(), t.itemsize()); }
  void add(void* data, IntSpan sizes, IntSpan strides, size_t item) {
    data_[operands_] = static_cast<char*>(data);
    const int n = static_cast<int>(sizes.size());
    for (int d = 0; d < ndim_; d++) {
      const int i = n - 1 - d;
      strides_[d][operands_] = i < 0 || (sizes[i] == 1 && sizes_[d] != 1) ? 0 : strides[i] * static_cast<int64_t>(item);
    }
    operands_++;
  }

  /// Orders and joins the dimensions. With `reorder` off they keep their order (elements come in row-major order).
  void finish(bool reorder = true) {
    drop_ones();
    if (reorder && ndim_ > 1) order();
    join();
    if (ndim_ == 0) {
      ndim_ = 1;
      sizes_[0] = 1;
      for (int k = 0; k < operands_; k++) strides_[0][k] = 0;
    }
  }

  int64_t numel() const { return numel_; }
  int ndim() const { return ndim_; }
  int operands() const { return operands_; }
  int64_t size(int d) const { return sizes_[d]; }
  int64_t stride(int d, int operand) const { return strides_[d][operand]; }
  char* data(int operand) const { return data_[operand]; }

  /// f(char** data, const int64_t* byte_strides, int64_t n) for each line, on the thread pool when it is large.
  template <class F>
  void run(const F& f, int64_t grain = kGrain) const {
    if (numel_ == 0) return;
    parallel_for(numel_, grain, [&](int64_t begin, int64_t end) { run_range(begin, end, f); });
  }
  /// The same on this thread, in order.
  template <class F>
  void run_serial(const F& f) const {
    if (numel_ > 0) run_range(0, numel_, f);
  }
  /// The lines of elements [begin, end) of the ordered index space.
  template <class F>
  void run_range(int64_t begin, int64_t end, const F& f) const {
    char* data[kMaxOperands] = {};
    if (ndim_ == 1) {
      for (int k = 0; k < operands_; k++) data[k] = data_[k] + begin * strides_[0][k];
      f(data, strides_[0], end - begin);
      return;
    }
    int64_t index[kMaxLoopDims];
    int64_t rest = begin;
    for (int k = 0; k < operands_; k++) data[k] = data_[k];
    for (int d = 0; d < ndim_; d++) {
      index[d] = rest % sizes_[d];
      rest /= sizes_[d];
      for (int k = 0; k < operands_; k++) data[k] += index[d] * strides_[d][k];
    }
    char* line[kMaxOperands] = {};
    while (true) {
      const int64_t n = std::min(sizes_[0] - index[0], end - begin);
      for (int k = 0; k < operands_; k++) line[k] = data[k];
      f(line, strides_[0], n);
      begin += n;
      if (begin >= end) return;
      for (int k = 0; k < operands_; k++) data[k] -= index[0] * strides_[0][k];
      index[0] = 0;
      for (int d = 1; d < ndim_; d++) {
        for (int k = 0; k < operands_; k++) data[k] += strides_[d][k];
        if (++index[d] < sizes_[d]) break;
        for (int k = 0; k < operands_; k++) data[k] -= sizes_[d] * strides_[d][k];
        index[d] = 0;
      }
    }
  }

 private:
  void move_dim(int from, int to) {
    sizes_[to] = sizes_[from];
    for (int k = 0; k < operands_; k++) strides_[to][k] = strides_[from][k];
  }
  void drop_ones() {
    int kept = 0;
    for (int d = 0; d < ndim_; d++) {
      if (sizes_[d] == 1) continue;
      if (kept != d) move_dim(d, kept);
      kept++;
    }
    ndim_ = kept;
  }
  /// 1: a belongs outside b; -1: inside; 0: no operand says.
  int compare(int a, int b) const {
    for (int k = 0; k < operands_; k++) {
      const int64_t sa = std::abs(strides_[a][k]), sb = std::abs(strides_[b][k]);
      if (sa == 0 || sb == 0) continue;
      if (sa != sb) return sa < sb ? -1 : 1;
      if (sizes_[a] > sizes_[b]) return 1;
    }
    return 0;
  }
  void swap_dims(int a, int b) {
    std::swap(sizes_[a], sizes_[b]);
    for (int k = 0; k < operands_; k++) std::swap(strides_[a][k], strides_[b][k]);
  }
  // Insertion sort that stops at the first definite answer: the relation is no total order.
  void order() {
    for (int i = 1; i < ndim_; i++) {
      int at = i;
      for (int j = i - 1; j >= 0; j--) {
        const int c = compare(j, at);
        if (c < 0) break;
        if (c > 0) {
          swap_dims(j, at);
          at = j;
        }
      }
    }
  }
  void join() {
    int last = 0;
    for (int d = 1; d < ndim_; d++) {
      bool line = true;
      for (int k = 0; k < operands_ && line; k++) line = strides_[d][k] == sizes_[last] * strides_[last][k];
      if (line) {
        sizes_[last] *= sizes_[d];
      } else {
        last++;
        if (last != d) move_dim(d, last);
      }
    }
    if (ndim_ > 0) ndim_ = last + 1;
  }

  int ndim_;
  int operands_ = 0;
  int64_t numel_;
  char* data_[kMaxOperands];
  int64_t sizes_[kMaxLoopDims];
  int64_t strides_[kMaxLoopDims][kMaxOperands];
};

}  // namespace tsvm::ops::cpu
