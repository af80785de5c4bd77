// A recurrent layer over a whole sequence: what happens between the product with the input's weights (done by the
// caller for all steps at once) and the output.
//
// Rows of all steps lie one after another, batch_sizes[t] rows for step t, never more than for the step before; a
// sequence that has ended keeps its state. A step is one matrix product with the recurrent weights and a pass over the
// rows. The forward half keeps what the backward half needs: activated gates, the state before each step, and
//   LSTM: tanh of the new cell and the cell before;  GRU: the recurrent part of the new gate.
// Gates are in PyTorch's order: i f g o, and r z n.
#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/cpu/nn_kernels.h"
#include "ops/cpu/parallel.h"
#include "ops/cpu/vector_math.h"
#include "ops/tensor/error.h"

namespace tsvm::ops::cpu {
namespace {

enum Mode : int64_t { kLstm, kGru, kTanh, kRelu };

int64_t gate_count(int64_t mode) { return mode == kLstm ? 4 : mode == kGru ? 3 : 1; }

/// Rows of a contiguous matrix as a matrix.
Tensor rows_of(const Tensor& t, int64_t first, int64_t count) {
  const int64_t width = t.sizes()[t.dim() - 1];
  return make_view(t, {count, width}, {width, 1}, t.storage_offset() + first * width);
}

/// x[i] = sigmoid(x[i]), with -x already in place.
template <class T>
void finish_sigmoid(T* x, int64_t n) {
  vector_exp(x, n);
  vectorized(
      [](T* x, int64_t n) TSVM_INLINE {
        for (int64_t i = 0; i < n; i++) x[i] = T(1) / (T(1) + x[i]);
      },
      x, n);
}
/// tanh(x[i]) = 2 sigmoid(2 x[i]) - 1, into y.
template <class T>
void line_tanh(const T* x, T* y, int64_t n) {
  vectorized(
      [](const T* x, T* y, int64_t n) TSVM_INLINE {
        for (int64_t i = 0; i < n; i++) y[i] = T(-2) * x[i];
      },
      x, y, n);
  vector_exp(y, n);
  vectorized(
      [](T* y, int64_t n) TSVM_INLINE {
        for (int64_t i = 0; i < n; i++) y[i] = T(2) / (T(1) + y[i]) - T(1);
      },
      y, n);
}

struct Steps {
  std::vector<int64_t> first, count;
  int64_t total = 0;
  explicit Steps(IntSpan batch_sizes) {
    for (int64_t n : batch_sizes) {
      first.push_back(total);
      count.push_back(n);
      total += n;
    }
  }
  size_t size() const { return first.size(); }
};

int64_t row_grain(int64_t width) { return std::max<int64_t>(1, kGrain / 16 / std::max<int64_t>(width, 1)); }

/// One row of a step: `in` and `product` are the two parts of the gates (the product with its bias), `h` the state
/// before. Writes the new state to `h` (for LSTM the new cell to `c`), and what is kept.
template <class T>
void forward_row(int64_t mode, int64_t n, const T* in, const T* product, T* h, T* c, T* gates, T* kept) {
  if (mode == kLstm) {
    vectorized(
        [](const T* in, const T* product, T* gates, int64_t n) TSVM_INLINE {
          for (int64_t i = 0; i < 4 * n; i++) gates[i] = -(in[i] + product[i]);
          for (int64_t i = 2 * n; i < 3 * n; i++) gates[i] *= T(2);
        },
        in, product, gates, n);
    finish_sigmoid(gates, 4 * n);
    vectorized(
        [](T* gates, T* c, T* kept, int64_t n) TSVM_INLINE {
          T *gi = gates, *gf = gates + n, *gg = gates + 2 * n;
          for (int64_t i = 0; i < n; i++) {
            gg[i] = T(2) * gg[i] - T(1);
            kept[n + i] = c[i];
            c[i] = gf[i] * c[i] + gi[i] * gg[i];
          }
        },
        gates, c, kept, n);
    line_tanh(c, kept, n);
    vectorized(
        [](const T* go, const T* tanh_c, T* h, int64_t n) TSVM_INLINE {
          for (int64_t i = 0; i < n; i++) h[i] = go[i] * tanh_c[i];
        },
        static_cast<const T*>(gates + 3 * n), static_cast<const T*>(kept), h, n);
    return;
  }
  if (mode == kGru) {
    vectorized(
        [](const T* in, const T* product, T* gates, T* kept, int64_t n) TSVM_INLINE {
          for (int64_t i = 0; i < 2 * n; i++) gates[i] = -(in[i] + product[i]);
          for (int64_t i = 0; i < n; i++) kept[i] = product[2 * n + i];
        },
        in, product, gates, kept, n);
    finish_sigmoid(gates, 2 * n);
    vectorized(
        [](const T* in, T* gates, const T* kept, int64_t n) TSVM_INLINE {
          for (int64_t i = 0; i < n; i++) gates[2 * n + i] = in[2 * n + i] + gates[i] * kept[i];
        },
        in, gates, static_cast<const T*>(kept), n);
    line_tanh(gates + 2 * n, gates + 2 * n, n);
    vectorized(
        [](const T* gates, T* h, int64_t n) TSVM_INLINE {
          const T *z = gates + n, *g = gates + 2 * n;
          for (int64_t i = 0; i < n; i++) h[i] = (h[i] - g[i]) * z[i] + g[i];
        },
        static_cast<const T*>(gates), h, n);
    return;
  }
  for (int64_t i = 0; i < n; i++) gates[i] = in[i] + product[i];
  if (mode == kTanh)
    line_tanh(gates, gates, n);
  else
    for (int64_t i = 0; i < n; i++) gates[i] = gates[i] > 0 || gates[i] != gates[i] ? gates[i] : T(0);
  std::copy(gates, gates + n, h);
}

/// The gradients of one row: `dh` of the new state (on return: of the state before, the part that does not go through
/// the product), `dc` of the cell.
template <class T>
void backward_row(int64_t mode, int64_t n, const T* gates, const T* kept, const T* before, T* dh, T* dc, T* d_in,
                  T* d_product) {
  if (mode == kLstm) {
    vectorized(
        [](const T* gates, const T* kept, const T* dh, T* dc, T* d, int64_t n) TSVM_INLINE {
          const T *gi = gates, *gf = gates + n, *gg = gates + 2 * n, *go = gates + 3 * n;
          for (int64_t i = 0; i < n; i++) {
            const T t = kept[i], g = dh[i];
            const T cell = dc[i] + g * go[i] * (T(1) - t * t);
            d[i] = cell * gg[i] * gi[i] * (T(1) - gi[i]);
            d[n + i] = cell * kept[n + i] * gf[i] * (T(1) - gf[i]);
            d[2 * n + i] = cell * gi[i] * (T(1) - gg[i] * gg[i]);
            d[3 * n + i] = g * t * go[i] * (T(1) - go[i]);
            dc[i] = cell * gf[i];
          }
        },
        gates, kept, static_cast<const T*>(dh), dc, d_in, n);
    return;
  }
  if (mode == kGru) {
    vectorized(
        [](const T* gates, const T* kept, const T* before, T* dh, T* d_in, T* d_product, int64_t n) TSVM_INLINE {
          const T *r = gates, *z = gates + n, *g = gates + 2 * n;
          for (int64_t i = 0; i < n; i++) {
            const T grad = dh[i];
            const T dn = grad * (T(1) - z[i]) * (T(1) - g[i] * g[i]);
            const T dz = grad * (before[i] - g[i]) * z[i] * (T(1) - z[i]);
            const T dr = dn * kept[i] * r[i] * (T(1) - r[i]);
            d_in[i] = d_product[i] = dr;
            d_in[n + i] = d_product[n + i] = dz;
            d_in[2 * n + i] = dn;
            d_product[2 * n + i] = dn * r[i];
            dh[i] = grad * z[i];
          }
        },
        gates, kept, before, dh, d_in, d_product, n);
    return;
  }
  for (int64_t i = 0; i < n; i++)
    d_in[i] = mode == kTanh ? dh[i] * (T(1) - gates[i] * gates[i]) : (gates[i] > 0 ? dh[i] : T(0));
}

}  // namespace

namespace {

void check_sequence(const Tensor& input, const Tensor& h0, const Tensor& c0, const Tensor& w_hh, const Tensor& b_hh,
                    const Tensor& w_hr, IntSpan batch_sizes, int64_t mode) {
  OPS_CHECK(input.dim() >= 2 && h0.dim() == 2 && w_hh.dim() == 2, RuntimeError,
            "recurrent layers: expected sequences, states and weights with at least 2 dimensions");
  const int64_t width = input.sizes()[input.dim() - 1], n = width / gate_count(mode);
  const bool weights_fit = width % gate_count(mode) == 0 && w_hh.sizes()[0] == width &&
                           (!b_hh.defined() || (b_hh.dim() == 1 && b_hh.sizes()[0] == width)) &&
                           (!w_hr.defined() || (w_hr.dim() == 2 && w_hr.sizes()[1] == n));
  OPS_CHECK(weights_fit, RuntimeError, "recurrent layers: the sizes of the weights do not fit together");
  const int64_t out_width = w_hr.defined() ? w_hr.sizes()[0] : n;
  const bool states_fit =
      w_hh.sizes()[1] == out_width && h0.sizes()[1] == out_width &&
      (mode != kLstm || (c0.defined() && c0.dim() == 2 && c0.sizes()[0] == h0.sizes()[0] && c0.sizes()[1] == n));
  OPS_CHECK(states_fit, RuntimeError, "recurrent layers: the hidden state does not fit the weights");
  int64_t total = 0, before = h0.sizes()[0];
  for (const int64_t count : batch_sizes) {
    OPS_CHECK(count >= 0 && count <= before, RuntimeError,
              "recurrent layers: batch sizes must not grow, nor be more than the rows of the state");
    before = count;
    total += count;
  }
  OPS_CHECK(total * width == input.numel(), RuntimeError,
            "recurrent layers: the batch sizes do not add up to the rows of the sequence");
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor, Tensor> rnn_sequence(const Tensor& input, const Tensor& h0,
                                                                        const Tensor& c0, const Tensor& w_hh,
                                                                        const Tensor& b_hh, const Tensor& w_hr,
                                                                        IntSpan batch_sizes, int64_t mode,
                                                                        bool reverse) {
  const DType type = input.dtype();
  check_sequence(input, h0, c0, w_hh, b_hh, w_hr, batch_sizes, mode);
  const Steps steps(batch_sizes);
  const int64_t width = input.sizes()[input.dim() - 1], n = width / gate_count(mode), out_width = h0.sizes()[1];
  if (type != DType::Float32 && type != DType::Float64) fail_dtype("rnn_sequence", type);
  OPS_CHECK(h0.dtype() == type && w_hh.dtype() == type, RuntimeError, "expected scalar type ", info(type).cpp_name,
            " but found ", info(h0.dtype() == type ? w_hh.dtype() : h0.dtype()).cpp_name);
  const int64_t kept_width = mode == kLstm ? 2 * n : mode == kGru ? n : 0;
  DimVector out_sizes(input.sizes());
  out_sizes[out_sizes.size() - 1] = out_width;
  const Device device = input.device();
  Tensor out = ops::empty(out_sizes, type, device), gates = ops::empty({steps.total, width}, type, device),
         kept = ops::empty({steps.total, kept_width}, type, device),
         before = ops::empty({steps.total, out_width}, type, device);
  if (input.is_meta())
    return {out,
            ops::empty(h0.sizes(), type, device),
            ops::empty({c0.defined() ? h0.sizes()[0] : 0, n}, type, device),
            gates,
            kept,
            before};
  const Tensor x = contiguous(input);
  Tensor h = clone(h0, MemoryFormat::Contiguous),
         c = c0.defined() ? clone(c0, MemoryFormat::Contiguous) : ops::empty({0}, type);
  const Tensor w = t(w_hh), projection = w_hr.defined() ? t(w_hr) : Tensor();
  Tensor whole = w_hr.defined() ? ops::empty({h0.sizes()[0], n}, type) : h;
  TSVM_DISPATCH(type, "rnn_sequence", TSVM_CASES_FLOAT({
                  using T = scalar_t;
                  for (size_t k = 0; k < steps.size(); k++) {
                    const size_t step = reverse ? steps.size() - 1 - k : k;
                    const int64_t first = steps.first[step], count = steps.count[step];
                    if (count == 0) continue;
                    std::copy_n(h.data_ptr<T>(), count * out_width, before.data_ptr<T>() + first * out_width);
                    const Tensor state = rows_of(h, 0, count);
                    const Tensor product = b_hh.defined() ? addmm(b_hh, state, w) : mm(state, w);
                    parallel_for(count, row_grain(width), [&](int64_t begin, int64_t end) {
                      for (int64_t r = begin; r < end; r++) {
                        const int64_t at = first + r;
                        forward_row<T>(mode, n, x.data_ptr<T>() + at * width, product.data_ptr<T>() + r * width,
                                       whole.data_ptr<T>() + r * n, mode == kLstm ? c.data_ptr<T>() + r * n : nullptr,
                                       gates.data_ptr<T>() + at * width, kept.data_ptr<T>() + at * kept_width);
                      }
                    });
                    if (projection.defined()) {
                      const Tensor projected = mm(rows_of(whole, 0, count), projection);
                      std::copy_n(projected.data_ptr<T>(), count * out_width, h.data_ptr<T>());
                    }
                    std::copy_n(h.data_ptr<T>(), count * out_width, out.data_ptr<T>() + first * out_width);
                  }
                }));
  return {out, h, c, gates, kept, before};
}

std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor> rnn_sequence_backward(
    const Tensor& grad_output, const Tensor& grad_h, const Tensor& grad_c, const Tensor& gates, const Tensor& kept,
    const Tensor& before, const Tensor& w_hh, const Tensor& w_hr, IntSpan batch_sizes, int64_t mode, bool reverse) {
  const Steps steps(batch_sizes);
  const DType type = gates.dtype();
  const int64_t width = gates.sizes()[1], n = width / gate_count(mode), out_width = before.sizes()[1];
  const int64_t kept_width = kept.sizes()[1];
  Tensor d_in = ops::empty({steps.total, width}, type);
  // Only GRU's two parts have gradients of their own.
  Tensor d_product = mode == kGru ? ops::empty({steps.total, width}, type) : d_in;
  Tensor dh = clone(grad_h, MemoryFormat::Contiguous),
         dc = mode == kLstm ? clone(grad_c, MemoryFormat::Contiguous) : ops::empty({0}, type);
  Tensor d_projection = w_hr.defined() ? ops::empty(w_hr.sizes(), type) : ops::empty({0}, type);
  if (w_hr.defined()) zero_(d_projection);
  const Tensor g = contiguous(grad_output);
  TSVM_DISPATCH(type, "rnn_sequence_backward", TSVM_CASES_FLOAT({
                  using T = scalar_t;
                  for (size_t k = 0; k < steps.size(); k++) {
                    const size_t step = reverse ? k : steps.size() - 1 - k;
                    const int64_t first = steps.first[step], count = steps.count[step];
                    if (count == 0) continue;
                    vectorized(
                        [](T* to, const T* from, int64_t m) TSVM_INLINE {
                          for (int64_t i = 0; i < m; i++) to[i] += from[i];
                        },
                        dh.data_ptr<T>(), static_cast<const T*>(g.data_ptr<T>() + first * out_width),
                        count * out_width);
                    Tensor whole = rows_of(dh, 0, count);
                    if (w_hr.defined()) {
                      // The state before projection is output gate times tanh(cell).
                      Tensor hidden = ops::empty({count, n}, type);
                      for (int64_t r = 0; r < count; r++)
                        for (int64_t i = 0; i < n; i++)
                          hidden.data_ptr<T>()[r * n + i] = gates.data_ptr<T>()[(first + r) * width + 3 * n + i] *
                                                            kept.data_ptr<T>()[(first + r) * kept_width + i];
                      d_projection = addmm(d_projection, t(whole), hidden);
                      whole = mm(whole, w_hr);
                    }
                    parallel_for(count, row_grain(width), [&](int64_t begin, int64_t end) {
                      for (int64_t r = begin; r < end; r++) {
                        const int64_t at = first + r;
                        backward_row<T>(mode, n, gates.data_ptr<T>() + at * width, kept.data_ptr<T>() + at * kept_width,
                                        before.data_ptr<T>() + at * out_width, whole.data_ptr<T>() + r * n,
                                        mode == kLstm ? dc.data_ptr<T>() + r * n : nullptr,
                                        d_in.data_ptr<T>() + at * width, d_product.data_ptr<T>() + at * width);
                      }
                    });
                    const Tensor back = mm(rows_of(d_product, first, count), w_hh);
                    T* to = dh.data_ptr<T>();
                    const T* from = back.data_ptr<T>();
                    if (mode == kGru)
                      for (int64_t i = 0; i < count * out_width; i++) to[i] += from[i];
                    else
                      std::copy_n(from, count * out_width, to);
                  }
                }));
  return {d_in, d_product, dh, dc, d_projection};
}

}  // namespace tsvm::ops::cpu
