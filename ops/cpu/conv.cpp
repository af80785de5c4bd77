// Convolutions.
//
// All of them reduce to three products of one plain convolution: forward, gradient of the input, gradient of the
// weight. A transposed convolution's forward is the second, its gradient of the input the first. Floats go to oneDNN
// when the product is large enough to pay for it; everything else (other dtypes, small products) is done here: windows
// of the input become columns, and the product is a batched matrix product over groups. This is also what defines the
// result. Which way is taken depends on sizes and dtypes only.
#include <cstring>

#include "ops/cpu/element.h"
#include "ops/cpu/loops.h"
#include "ops/cpu/nn_kernels.h"
#include "ops/cpu/onednn.h"
#include "ops/tensor/error.h"

namespace tsvm::ops::cpu {
namespace {

/// Multiply-adds from which oneDNN is worth being loaded and called.
constexpr int64_t kOneDnnWork = 20000;

int64_t entry(IntSpan list, int64_t i) { return list.size() == 1 ? list[0] : list[static_cast<size_t>(i)]; }

void check_list(IntSpan list, int64_t dims, const char* name) {
  OPS_CHECK(list.size() == 1 || static_cast<int64_t>(list.size()) == dims, RuntimeError, "expected ", name,
            " to be a single integer value or a list of ", dims,
            " values to match the convolution dimensions, but got ", name, "=", list);
}

bool any_below(IntSpan list, int64_t limit) {
  return std::any_of(list.begin(), list.end(), [limit](int64_t v) { return v < limit; });
}

std::string by(IntSpan sizes) {
  std::string s = "(";
  for (size_t i = 0; i < sizes.size(); i++) s += (i ? " x " : "") + std::to_string(sizes[i]);
  return s + ")";
}

/// The C++ type, as this one message names dtypes.
const char* c_name(DType t) {
  switch (t) {
    case DType::UInt8: return "unsigned char";
    case DType::Int8: return "signed char";
    case DType::Int16: return "short int";
    case DType::Int32: return "int";
    case DType::Int64: return "long int";
    case DType::Float16: return "c10::Half";
    case DType::BFloat16: return "c10::BFloat16";
    case DType::Float32: return "float";
    case DType::Float64: return "double";
    case DType::Complex64: return "c10::complex<float>";
    case DType::Complex128: return "c10::complex<double>";
    default: return "bool";
  }
}

void check_arguments(const Tensor& input, const Tensor& weight, const Tensor& bias, IntSpan stride, IntSpan padding,
                     IntSpan dilation, bool transposed, IntSpan output_padding, int64_t groups) {
  const int64_t dims = weight.dim() - 2;
  OPS_CHECK(dims > 0, RuntimeError, "weight should have at least three dimensions");
  check_list(stride, dims, "stride");
  check_list(padding, dims, "padding");
  check_list(dilation, dims, "dilation");
  check_list(output_padding, dims, "output_padding");
  OPS_CHECK(groups > 0, RuntimeError, "non-positive groups is not supported");
  OPS_CHECK(!any_below(padding, 0), RuntimeError, "negative padding is not supported");
  OPS_CHECK(!any_below(output_padding, 0), RuntimeError, "negative output_padding is not supported");
  OPS_CHECK(!any_below(stride, 1), RuntimeError, "non-positive stride is not supported");
  OPS_CHECK(input.dim() == weight.dim(), RuntimeError, "Expected ", weight.dim(), "-dimensional input for ",
            weight.dim(), "-dimensional weight ", weight.sizes(), ", but got ", input.dim(),
            "-dimensional input of size ", input.sizes(), " instead");
  const IntSpan ws = weight.sizes(), xs = input.sizes();
  OPS_CHECK(ws[0] >= groups, RuntimeError, "Given groups=", groups, ", expected weight to be at least ", groups,
            " at dimension 0, but got weight of size ", ws, " instead");
  OPS_CHECK(ws[0] % groups == 0, RuntimeError, "Given groups=", groups, ", expected weight to be divisible by ", groups,
            " at dimension 0, but got weight of size [", ws, "] instead");
  if (!transposed) {
    OPS_CHECK(xs[1] == ws[1] * groups, RuntimeError, "Given groups=", groups, ", weight of size ", ws,
              ", expected input", xs, " to have ", ws[1] * groups, " channels, but got ", xs[1], " channels instead");
    OPS_CHECK(!bias.defined() || (bias.dim() == 1 && bias.sizes()[0] == ws[0]), RuntimeError, "Given weight of size ",
              ws, ", expected bias to be 1-dimensional with ", ws[0], " elements, but got bias of size ", bias.sizes(),
              " instead");
    DimVector have, need;
    bool fits = true;
    for (int64_t d = 0; d < dims; d++) {
      have.push_back(xs[static_cast<size_t>(d + 2)] + 2 * entry(padding, d));
      need.push_back(entry(dilation, d) * (ws[static_cast<size_t>(d + 2)] - 1) + 1);
      fits = fits && have.back() >= need.back();
    }
    OPS_CHECK(fits, RuntimeError, "Calculated padded input size per channel: ", by(have), ". Kernel size: ", by(need),
              ". Kernel size can't be greater than actual input size");
  } else {
    OPS_CHECK(xs[1] == ws[0], RuntimeError, "Given transposed=", 1, ", weight of size ", ws, ", expected input", xs,
              " to have ", ws[0], " channels, but got ", xs[1], " channels instead");
    OPS_CHECK(!bias.defined() || (bias.dim() == 1 && bias.sizes()[0] == ws[1] * groups), RuntimeError,
              "Given transposed=", 1, ", weight of size ", ws, ", expected bias to be 1-dimensional with ",
              ws[1] * groups, " elements, but got bias of size ", bias.sizes(), " instead");
  }
  OPS_CHECK(!any_below(dilation, 1), RuntimeError, "dilation should be greater than zero, but got ",
            DimVector(dilation));
  for (int64_t d = 0; d < dims; d++)
    OPS_CHECK(ws[static_cast<size_t>(d + 2)] > 0, RuntimeError, "kernel size should be greater than zero, but got ",
              ws.subspan(2));
  if (input.dtype() != weight.dtype())
    fail(ErrorKind::RuntimeError, "expected scalar type ", info(input.dtype()).cpp_name, " but found ",
         info(weight.dtype()).cpp_name);
  OPS_CHECK(!bias.defined() || bias.dtype() == input.dtype(), RuntimeError, "Input type (", c_name(input.dtype()),
            ") and bias type (", c_name(bias.dtype()), ") should be the same");
}

/// The sizes of the result.
DimVector result_sizes(const Tensor& input, const Tensor& weight, IntSpan stride, IntSpan padding, IntSpan dilation,
                       bool transposed, IntSpan output_padding, int64_t groups) {
  const IntSpan xs = input.sizes(), ws = weight.sizes();
  DimVector out{xs[0], transposed ? ws[1] * groups : ws[0]};
  for (int64_t d = 0; d + 2 < weight.dim(); d++) {
    const size_t i = static_cast<size_t>(d + 2);
    const int64_t reach = entry(dilation, d) * (ws[i] - 1) + 1;
    if (transposed) {
      OPS_CHECK(entry(output_padding, d) < std::max(entry(stride, d), entry(dilation, d)), RuntimeError,
                "output padding must be smaller than either stride or dilation, but got output_padding: ",
                DimVector(output_padding), " stride: ", DimVector(stride), " dilation: ", DimVector(dilation));
      out.push_back((xs[i] - 1) * entry(stride, d) - 2 * entry(padding, d) + reach + entry(output_padding, d));
    } else {
      out.push_back((xs[i] + 2 * entry(padding, d) - reach) / entry(stride, d) + 1);
    }
  }
  const IntSpan spatial = IntSpan(out).subspan(2);
  OPS_CHECK(!transposed || !any_below(spatial, 1), RuntimeError, "Given input size per channel: ", by(xs.subspan(2)),
            ". Calculated output size per channel: ", by(spatial), ". Output size is too small");
  return out;
}

/// `x`: sizes of the plain convolution's input; `w`: of its weight; `y`: of its result.
ConvGeometry geometry(IntSpan x, IntSpan w, IntSpan y, IntSpan stride, IntSpan padding, IntSpan dilation,
                      int64_t groups) {
  ConvGeometry g;
  std::memset(&g, 0, sizeof g);
  const int64_t dims = static_cast<int64_t>(x.size()) - 2;
  g.dims = std::max<int64_t>(dims, 2);
  g.batch = x[0];
  g.in_channels = x[1];
  g.out_channels = y[1];
  g.groups = groups;
  for (int64_t k = 0; k < 3; k++) g.input[k] = g.output[k] = g.kernel[k] = g.stride[k] = g.dilation[k] = 1;
  for (int64_t d = 0; d < dims; d++) {
    const int64_t to = 3 - dims + d;
    const size_t i = static_cast<size_t>(d + 2);
    g.input[to] = x[i];
    g.kernel[to] = w[i];
    g.output[to] = y[i];
    g.stride[to] = entry(stride, d);
    g.padding[to] = entry(padding, d);
    g.dilation[to] = entry(dilation, d);
  }
  return g;
}

/// Windows of `channels` planes as rows of columns: (channels * kernel, output).
template <class T>
void windows_to_columns(const T* x, const ConvGeometry& g, int64_t channels, T* columns) {
  const int64_t in_h = g.input[1], in_w = g.input[2], out_w = g.output[2];
  for (int64_t c = 0; c < channels; c++, x += g.in_size())
    for (int64_t kd = 0; kd < g.kernel[0]; kd++)
      for (int64_t kh = 0; kh < g.kernel[1]; kh++)
        for (int64_t kw = 0; kw < g.kernel[2]; kw++)
          for (int64_t od = 0; od < g.output[0]; od++) {
            const int64_t id = od * g.stride[0] - g.padding[0] + kd * g.dilation[0];
            for (int64_t oh = 0; oh < g.output[1]; oh++, columns += out_w) {
              const int64_t ih = oh * g.stride[1] - g.padding[1] + kh * g.dilation[1];
              if (id < 0 || id >= g.input[0] || ih < 0 || ih >= in_h) {
                std::fill(columns, columns + out_w, T());
                continue;
              }
              const T* row = x + (id * in_h + ih) * in_w;
              const int64_t shift = kw * g.dilation[2] - g.padding[2], step = g.stride[2];
              if (step == 1) {
                const int64_t from = std::clamp<int64_t>(-shift, 0, out_w);
                const int64_t to = std::clamp<int64_t>(in_w - shift, from, out_w);
                std::fill(columns, columns + from, T());
                std::copy(row + shift + from, row + shift + to, columns + from);
                std::fill(columns + to, columns + out_w, T());
                continue;
              }
              for (int64_t ow = 0; ow < out_w; ow++) {
                const int64_t iw = ow * step + shift;
                columns[ow] = iw < 0 || iw >= in_w ? T() : row[iw];
              }
            }
          }
}

/// The reverse: adds the columns to the planes that they came from.
template <class T>
void columns_to_windows(const T* columns, const ConvGeometry& g, int64_t channels, T* x) {
  const int64_t in_h = g.input[1], in_w = g.input[2], out_w = g.output[2];
  for (int64_t c = 0; c < channels; c++, x += g.in_size())
    for (int64_t kd = 0; kd < g.kernel[0]; kd++)
      for (int64_t kh = 0; kh < g.kernel[1]; kh++)
        for (int64_t kw = 0; kw < g.kernel[2]; kw++)
          for (int64_t od = 0; od < g.output[0]; od++) {
            const int64_t id = od * g.stride[0] - g.padding[0] + kd * g.dilation[0];
            for (int64_t oh = 0; oh < g.output[1]; oh++, columns += out_w) {
              const int64_t ih = oh * g.stride[1] - g.padding[1] + kh * g.dilation[1];
              if (id < 0 || id >= g.input[0] || ih < 0 || ih >= in_h) continue;
              T* row = x + (id * in_h + ih) * in_w;
              const int64_t shift = kw * g.dilation[2] - g.padding[2], step = g.stride[2];
              const int64_t from = shift >= 0 ? 0 : (-shift + step - 1) / step;
              for (int64_t ow = from; ow < out_w && ow * step + shift < in_w; ow++)
                add_to(row[ow * step + shift], columns[ow]);
            }
          }
}

/// A tensor over part of a contiguous one.
Tensor part_of(const Tensor& t, int64_t offset, IntSpan sizes) {
  return make_view(t, sizes, contiguous_strides(sizes), t.storage_offset() + offset);
}

/// One sample as columns: (groups, K, windows).
Tensor columns_of(const Tensor& x, const ConvGeometry& g, int64_t sample) {
  const int64_t k = g.in_channels / g.groups * g.kernel_size();
  Tensor columns = ops::empty({g.groups, k, g.out_size()}, x.dtype());
  TSVM_DISPATCH_SIZE(x.dtype(),
                     windows_to_columns<scalar_t>(x.data_ptr<scalar_t>() + sample * g.in_channels * g.in_size(), g,
                                                  g.in_channels, columns.data_ptr<scalar_t>()));
  return columns;
}

void own_forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Tensor& bias, const Tensor& y) {
  const int64_t k = g.in_channels / g.groups * g.kernel_size(), per_group = g.out_channels / g.groups;
  const Tensor matrix = view(w, {g.groups, per_group, k});
  const Tensor start = bias.defined() ? view(bias, {g.groups, per_group, 1}) : Tensor();
  for (int64_t n = 0; n < g.batch; n++) {
    const Tensor columns = columns_of(x, g, n);
    const Tensor out = start.defined() ? baddbmm(start, matrix, columns) : bmm(matrix, columns);
    copy_(part_of(y, n * g.out_channels * g.out_size(), {g.groups, per_group, g.out_size()}), out);
  }
}

void own_backward_input(const ConvGeometry& g, const Tensor& y, const Tensor& w, const Tensor& x) {
  const int64_t k = g.in_channels / g.groups * g.kernel_size(), per_group = g.out_channels / g.groups;
  const Tensor matrix = transpose(view(w, {g.groups, per_group, k}), 1, 2);
  zero_(x);
  for (int64_t n = 0; n < g.batch; n++) {
    const Tensor columns =
        bmm(matrix, part_of(y, n * g.out_channels * g.out_size(), {g.groups, per_group, g.out_size()}));
    TSVM_DISPATCH_ALL(x.dtype(), "slow_conv",
                      columns_to_windows<scalar_t>(columns.data_ptr<scalar_t>(), g, g.in_channels,
                                                   x.data_ptr<scalar_t>() + n * g.in_channels * g.in_size()));
  }
}

void own_backward_weight(const ConvGeometry& g, const Tensor& x, const Tensor& y, const Tensor& w) {
  const int64_t k = g.in_channels / g.groups * g.kernel_size(), per_group = g.out_channels / g.groups;
  Tensor sum = ops::empty({g.groups, per_group, k}, w.dtype());
  zero_(sum);
  for (int64_t n = 0; n < g.batch; n++) {
    const Tensor columns = transpose(columns_of(x, g, n), 1, 2);
    sum = baddbmm(sum, part_of(y, n * g.out_channels * g.out_size(), {g.groups, per_group, g.out_size()}), columns);
  }
  copy_(w, view(sum, w.sizes()));
}

/// bfloat16 is done in float; other 16-bit floats and bool are refused as PyTorch does.
void check_dtype(DType t) {
  if (t == DType::Float16 || t == DType::Bool) fail_dtype("slow_conv2d_cpu", t);
}

/// Runs one product. `x`, `w`, `y` are contiguous (images: or all channels-last), the result among them.
void run(ConvPart part, ConvGeometry g, const Tensor& x, const Tensor& w, const Tensor& bias, const Tensor& y) {
  if (x.dtype() == DType::Float32 && g.multiply_adds() >= kOneDnnWork) {
    g.channels_last = !(x.is_contiguous() && y.is_contiguous());
    if (onednn_convolution(part, g, x.data_ptr<float>(), w.data_ptr<float>(),
                           bias.defined() ? bias.data_ptr<float>() : nullptr, y.data_ptr<float>()))
      return;
  }
  const Tensor xc = contiguous(x), yc = contiguous(y);
  switch (part) {
    case ConvPart::Forward: own_forward(g, xc, w, bias, yc); break;
    case ConvPart::BackwardInput: own_backward_input(g, yc, w, xc); break;
    case ConvPart::BackwardWeight: own_backward_weight(g, xc, yc, w); break;
  }
  if (part == ConvPart::Forward && !yc.is_same(y)) copy_(y, yc);
  if (part == ConvPart::BackwardInput && !xc.is_same(x)) copy_(x, xc);
}

/// The layout that results should have.
MemoryFormat layout_for(const Tensor& image, const Tensor& weight) {
  auto last = [](const Tensor& t) {
    return (t.dim() == 4 || t.dim() == 5) && !t.is_contiguous() && is_channels_last_contiguous(t.sizes(), t.strides());
  };
  if (!last(image) && !last(weight)) return MemoryFormat::Contiguous;
  return image.dim() == 4 ? MemoryFormat::ChannelsLast : MemoryFormat::ChannelsLast3d;
}
Tensor empty_image(IntSpan sizes, const Tensor& like, MemoryFormat format) {
  if (format == MemoryFormat::Contiguous) return ops::empty(sizes, like.dtype(), like.device());
  return ops::empty_strided(sizes, channels_last_strides(sizes), like.dtype(), like.device());
}

/// out += b, broadcast.
void add_in_place(const Tensor& out, const Tensor& b) {
  LoopNest<2> nest(out.sizes());
  nest.add(out);
  nest.add(b);
  nest.finish();
  TSVM_DISPATCH_ALL(out.dtype(), "slow_conv_transpose2d_out_cpu",
                    nest.run([](char** data, const int64_t* strides, int64_t n) {
                      for (int64_t i = 0; i < n; i++)
                        add_to(*reinterpret_cast<scalar_t*>(data[0] + i * strides[0]),
                               *reinterpret_cast<const scalar_t*>(data[1] + i * strides[1]));
                    }));
}

}  // namespace

Tensor convolution(const Tensor& input, const Tensor& weight, const Tensor& bias, IntSpan stride, IntSpan padding,
                   IntSpan dilation, bool transposed, IntSpan output_padding, int64_t groups) {
  check_arguments(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups);
  const DimVector sizes = result_sizes(input, weight, stride, padding, dilation, transposed, output_padding, groups);
  check_dtype(input.dtype());
  if (input.dtype() == DType::BFloat16 && !input.is_meta()) {
    auto wide = [](const Tensor& t) { return t.defined() ? to_copy(t, DType::Float32) : Tensor(); };
    return to_copy(convolution(wide(input), wide(weight), wide(bias), stride, padding, dilation, transposed,
                               output_padding, groups),
                   DType::BFloat16);
  }
  const MemoryFormat format = layout_for(input, weight);
  Tensor out = empty_image(sizes, input, format);
  if (out.is_meta() || out.numel() == 0) return out;
  if (input.numel() == 0) {
    zero_(out);
    if (bias.defined()) {
      DimVector shape(static_cast<size_t>(out.dim()), 1);
      shape[1] = bias.numel();
      copy_(out, view(bias, shape));
    }
    return out;
  }
  const Tensor x = contiguous(input, format), w = contiguous(weight);
  const Tensor b = bias.defined() ? contiguous(bias) : Tensor();
  if (!transposed) {
    run(ConvPart::Forward, geometry(input.sizes(), weight.sizes(), sizes, stride, padding, dilation, groups), x, w, b,
        out);
    return out;
  }
  run(ConvPart::BackwardInput, geometry(sizes, weight.sizes(), input.sizes(), stride, padding, dilation, groups), out,
      w, Tensor(), x);
  if (b.defined()) {
    DimVector shape(static_cast<size_t>(out.dim()), 1);
    shape[1] = b.numel();
    add_in_place(out, view(b, shape));
  }
  return out;
}

Tensor convolution_backward_input(const Tensor& grad_output, IntSpan input_sizes, const Tensor& weight, IntSpan stride,
                                  IntSpan padding, IntSpan dilation, bool transposed, IntSpan output_padding,
                                  int64_t groups) {
  if (transposed) {
    // The plain convolution of the gradient; a right margin that no window reached gets none.
    const Tensor& g = grad_output;
    (void)output_padding;
    const MemoryFormat format = layout_for(g, weight);
    Tensor out = empty_image(input_sizes, g, format);
    if (out.is_meta() || out.numel() == 0) return out;
    if (g.dtype() == DType::BFloat16)
      return to_copy(
          convolution_backward_input(to_copy(g, DType::Float32), input_sizes, to_copy(weight, DType::Float32), stride,
                                     padding, dilation, transposed, output_padding, groups),
          DType::BFloat16);
    run(ConvPart::Forward, geometry(g.sizes(), weight.sizes(), input_sizes, stride, padding, dilation, groups),
        contiguous(g, format), contiguous(weight), Tensor(), out);
    return out;
  }
  const MemoryFormat format = layout_for(grad_output, weight);
  Tensor out = empty_image(input_sizes, grad_output, format);
  if (out.is_meta() || out.numel() == 0) return out;
  if (grad_output.numel() == 0) {
    zero_(out);
    return out;
  }
  if (out.dtype() == DType::BFloat16)
    return to_copy(
        convolution_backward_input(to_copy(grad_output, DType::Float32), input_sizes, to_copy(weight, DType::Float32),
                                   stride, padding, dilation, transposed, output_padding, groups),
        DType::BFloat16);
  run(ConvPart::BackwardInput,
      geometry(input_sizes, weight.sizes(), grad_output.sizes(), stride, padding, dilation, groups), out,
      contiguous(weight), Tensor(), contiguous(grad_output, format));
  return out;
}

Tensor convolution_backward_weight(const Tensor& grad_output, const Tensor& input, IntSpan weight_sizes, IntSpan stride,
                                   IntSpan padding, IntSpan dilation, bool transposed, IntSpan output_padding,
                                   int64_t groups) {
  Tensor out = ops::empty(weight_sizes, input.dtype(), input.device());
  if (out.is_meta() || out.numel() == 0) return out;
  if (input.numel() == 0 || grad_output.numel() == 0) {
    zero_(out);
    return out;
  }
  if (out.dtype() == DType::BFloat16)
    return to_copy(
        convolution_backward_weight(to_copy(grad_output, DType::Float32), to_copy(input, DType::Float32), weight_sizes,
                                    stride, padding, dilation, transposed, output_padding, groups),
        DType::BFloat16);
  const MemoryFormat format = layout_for(grad_output, input);
  const Tensor a = contiguous(transposed ? grad_output : input, format);
  const Tensor b = contiguous(transposed ? input : grad_output, format);
  run(ConvPart::BackwardWeight, geometry(a.sizes(), weight_sizes, b.sizes(), stride, padding, dilation, groups), a, out,
      Tensor(), b);
  return out;
}

namespace {

/// The geometry of im2col and col2im: `image` and the windows over it.
ConvGeometry window_geometry(int64_t channels, IntSpan image, IntSpan kernel, IntSpan dilation, IntSpan padding,
                             IntSpan stride) {
  auto two = [](IntSpan list, const char* name) {
    OPS_CHECK(list.size() == 1 || list.size() == 2, RuntimeError, "It is expected ", name,
              " equals to 2, but got size ", list.size());
  };
  two(kernel, "kernel_size");
  two(dilation, "dilation");
  two(padding, "padding");
  two(stride, "stride");
  auto positive = [](IntSpan list, const char* name) {
    OPS_CHECK(!any_below(list, 1), RuntimeError, name, " should be greater than zero, but got ", name,
              "_height: ", entry(list, 0), " ", name, "_width: ", entry(list, 1));
  };
  OPS_CHECK(!any_below(kernel, 1), RuntimeError,
            "kernel size should be greater than zero, but got kernel_height: ", entry(kernel, 0),
            " kernel_width: ", entry(kernel, 1));
  positive(dilation, "dilation");
  positive(stride, "stride");
  OPS_CHECK(!any_below(padding, 0), RuntimeError,
            "padding should be non-negative, but got pad_height: ", entry(padding, 0),
            " pad_width: ", entry(padding, 1));
  ConvGeometry g;
  std::memset(&g, 0, sizeof g);
  g.dims = 2;
  g.batch = g.groups = 1;
  g.in_channels = g.out_channels = channels;
  for (int64_t k = 0; k < 3; k++) g.input[k] = g.output[k] = g.kernel[k] = g.stride[k] = g.dilation[k] = 1;
  for (int64_t d = 0; d < 2; d++) {
    g.input[d + 1] = image[static_cast<size_t>(d)];
    g.kernel[d + 1] = entry(kernel, d);
    g.dilation[d + 1] = entry(dilation, d);
    g.padding[d + 1] = entry(padding, d);
    g.stride[d + 1] = entry(stride, d);
    const int64_t room = g.input[d + 1] + 2 * g.padding[d + 1] - (g.dilation[d + 1] * (g.kernel[d + 1] - 1) + 1);
    g.output[d + 1] = room < 0 ? 0 : room / g.stride[d + 1] + 1;
  }
  return g;
}

std::string pair(const int64_t* v) { return concat("(", v[1], ", ", v[2], ")"); }

}  // namespace

Tensor im2col(const Tensor& self, IntSpan kernel_size, IntSpan dilation, IntSpan padding, IntSpan stride) {
  const bool batched = self.dim() != 3;
  (void)self.size(batched ? 2 : 1);  // PyTorch's error for too few dimensions
  OPS_CHECK(self.dim() == 3 || self.dim() == 4, RuntimeError,
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, "
            "but got: ",
            self.sizes());
  const IntSpan sizes = self.sizes();
  const int64_t n = batched ? sizes[0] : 1, channels = sizes[batched ? 1 : 0];
  const ConvGeometry g = window_geometry(channels, sizes.last(2), kernel_size, dilation, padding, stride);
  OPS_CHECK(g.output[1] > 0 && g.output[2] > 0, RuntimeError, "Given input with spatial size ", pair(g.input),
            ", kernel_size=", pair(g.kernel), ", dilation=", pair(g.dilation), ", padding=", pair(g.padding),
            ", calculated shape of the array of sliding blocks as ", pair(g.output),
            ", but its components must be at least one.");
  const Tensor x = contiguous(self);
  DimVector out_sizes{n, channels * g.kernel_size(), g.out_size()};
  if (!batched) out_sizes.erase(0);
  Tensor out = ops::empty(out_sizes, self.dtype(), self.device());
  if (out.is_meta()) return out;
  const int64_t in = channels * g.in_size(), columns = channels * g.kernel_size() * g.out_size();
  TSVM_DISPATCH_SIZE(
      self.dtype(),
      parallel_for(n, std::max<int64_t>(1, kGrain / std::max<int64_t>(columns, 1)), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++)
          windows_to_columns<scalar_t>(x.data_ptr<scalar_t>() + i * in, g, channels,
                                       out.data_ptr<scalar_t>() + i * columns);
      }));
  return out;
}

Tensor col2im(const Tensor& self, IntSpan output_size, IntSpan kernel_size, IntSpan dilation, IntSpan padding,
              IntSpan stride) {
  const bool batched = self.dim() == 3;
  OPS_CHECK((self.dim() == 2 && self.sizes()[0] != 0 && self.sizes()[1] != 0) ||
                (batched && self.sizes()[1] != 0 && self.sizes()[2] != 0),
            RuntimeError,
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for "
            "input, but got: ",
            self.sizes());
  OPS_CHECK(output_size.size() == 2 || output_size.size() == 1, RuntimeError,
            "It is expected output_size equals to 2, but got size ", output_size.size());
  const DimVector image{entry(output_size, 0), entry(output_size, 1)};
  const IntSpan sizes = self.sizes().last(2);
  ConvGeometry g = window_geometry(1, image, kernel_size, dilation, padding, stride);
  OPS_CHECK(
      sizes[0] % g.kernel_size() == 0, RuntimeError,
      "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)=",
      sizes[0], " and kernel_size=", pair(g.kernel), ".");
  OPS_CHECK(sizes[1] == g.out_size(), RuntimeError, "Given output_size=", pair(g.input),
            ", kernel_size=", pair(g.kernel), ", dilation=", pair(g.dilation), ", padding=", pair(g.padding),
            ", stride=", pair(g.stride),
            ", expected size of input's dimension 2 to match the calculated number of sliding blocks ", g.output[1],
            " * ", g.output[2], " = ", g.out_size(), ", but got input.size(2)=", sizes[1], ".");
  const int64_t channels = sizes[0] / g.kernel_size(), n = batched ? self.sizes()[0] : 1;
  g.in_channels = g.out_channels = channels;
  DimVector out_sizes{n, channels, image[0], image[1]};
  if (!batched) out_sizes.erase(0);
  Tensor out = ops::empty(out_sizes, self.dtype(), self.device());
  if (out.is_meta()) return out;
  zero_(out);
  const Tensor x = contiguous(self);
  const int64_t in = channels * g.in_size(), columns = channels * g.kernel_size() * g.out_size();
  TSVM_DISPATCH_ALL(
      self.dtype(), "col2im_out_cpu",
      parallel_for(n, std::max<int64_t>(1, kGrain / std::max<int64_t>(columns, 1)), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++)
          columns_to_windows<scalar_t>(x.data_ptr<scalar_t>() + i * columns, g, channels,
                                       out.data_ptr<scalar_t>() + i * in);
      }));
  return out;
}

}  // namespace tsvm::ops::cpu
