// The Python form formats in two passes: the first looks at all elements that will be shown and chooses one width and
// one notation (integers, fixed, scientific) for them, the second writes them. Values are formatted as doubles by
// printf, whose digits are Python's.
#include "ops/tensor/print.h"

#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <vector>

#include "ops/cpu/kernels.h"

namespace tsvm::ops {
namespace {

/// printf of one double, with Python's spelling of what is not finite.
std::string format_double(double v, char kind, int precision) {
  if (std::isnan(v)) return "nan";
  if (std::isinf(v)) return v > 0 ? "inf" : "-inf";
  const char format[] = {'%', '.', '*', kind, 0};
  char small[64];
  const int n = std::snprintf(small, sizeof small, format, precision, v);
  if (n < static_cast<int>(sizeof small)) return std::string(small, static_cast<size_t>(n));
  std::string out(static_cast<size_t>(n) + 1, 0);
  std::snprintf(out.data(), out.size(), format, precision, v);
  out.pop_back();
  return out;
}

enum class Part { Whole, Real, Imag };

/// Reads elements of a CPU tensor as what is printed.
class Elements {
 public:
  Elements(DType dtype, Part part) : dtype_(dtype), part_(part) {}

  bool is_floating() const { return is_floating_or_complex(dtype_); }
  double real(const char* p) const {
    switch (dtype_) {
      case DType::Float16: return *reinterpret_cast<const Half*>(p);
      case DType::BFloat16: return *reinterpret_cast<const BFloat16*>(p);
      case DType::Float32: return *reinterpret_cast<const float*>(p);
      case DType::Float64: return *reinterpret_cast<const double*>(p);
      case DType::Complex64: return reinterpret_cast<const float*>(p)[part_ == Part::Imag];
      case DType::Complex128: return reinterpret_cast<const double*>(p)[part_ == Part::Imag];
      default: return static_cast<double>(integer(p));
    }
  }
  int64_t integer(const char* p) const {
    switch (dtype_) {
      case DType::UInt8: return *reinterpret_cast<const uint8_t*>(p);
      case DType::Int8: return *reinterpret_cast<const int8_t*>(p);
      case DType::Int16: return *reinterpret_cast<const int16_t*>(p);
      case DType::Int32: return *reinterpret_cast<const int32_t*>(p);
      case DType::Int64: return *reinterpret_cast<const int64_t*>(p);
      default: return *reinterpret_cast<const uint8_t*>(p);
    }
  }
  std::string text(const char* p) const {
    if (dtype_ == DType::Bool) return *reinterpret_cast<const bool*>(p) ? "True" : "False";
    return std::to_string(integer(p));
  }

 private:
  DType dtype_;
  Part part_;
};

class Printer {
 public:
  Printer(const Tensor& t, const PrintOptions& options)
      : options_(options), sizes_(t.sizes()), strides_(t.strides()), item_(static_cast<int64_t>(t.itemsize())) {
    summarize_ = static_cast<double>(t.numel()) > options.threshold;
    data_ = static_cast<const char*>(t.data());
    if (is_complex(t.dtype())) {
      formatters_.emplace_back(options, Elements(t.dtype(), Part::Real));
      formatters_.emplace_back(options, Elements(t.dtype(), Part::Imag));
    } else {
      formatters_.emplace_back(options, Elements(t.dtype(), Part::Whole));
    }
    for (Formatter& f : formatters_) {
      survey(0, data_, f);
      f.decide();
    }
  }

  std::string print(int indent) {
    if (sizes_.empty()) return element(data_);
    std::string out;
    print_dim(out, 0, data_, indent);
    return out;
  }

 private:
  /// Chooses width and notation, then formats single values.
  class Formatter {
   public:
    Formatter(const PrintOptions& options, Elements elements) : options_(options), elements_(elements) {}
    int width() const { return width_; }

    void see(const char* p) {
      if (!elements_.is_floating()) {
        width_ = std::max(width_, static_cast<int>(elements_.text(p).size()));
        return;
      }
      const double v = elements_.real(p);
      if (!std::isfinite(v) || v == 0) return;
      const double a = std::fabs(v);
      min_ = values_.empty() ? a : std::min(min_, a);
      max_ = values_.empty() ? a : std::max(max_, a);
      if (v != std::ceil(v)) int_mode_ = false;
      values_.push_back(v);
    }
    void decide() {
      if (!values_.empty()) {
        sci_mode_ = max_ / min_ > 1000.0 || max_ > 1.0e8 || (!int_mode_ && min_ < 1.0e-4);
        for (double v : values_) {
          // Whole numbers get a decimal point behind them.
          const size_t n = sci_mode_   ? format_double(v, 'e', options_.precision).size()
                           : int_mode_ ? format_double(v, 'f', 0).size() + 1
                                       : format_double(v, 'f', options_.precision).size();
          width_ = std::max(width_, static_cast<int>(n));
        }
        if (options_.sci_mode) sci_mode_ = *options_.sci_mode;
      }
      values_ = {};
    }
    std::string format(const char* p) const {
      std::string out;
      if (!elements_.is_floating()) {
        out = elements_.text(p);
      } else {
        const double v = elements_.real(p);
        if (sci_mode_) {
          out = format_double(v, 'e', options_.precision);
        } else if (int_mode_) {
          out = format_double(v, 'f', 0);
          if (std::isfinite(v)) out += '.';
        } else {
          out = format_double(v, 'f', options_.precision);
        }
      }
      if (static_cast<int>(out.size()) < width_) out.insert(0, static_cast<size_t>(width_) - out.size(), ' ');
      return out;
    }

   private:
    const PrintOptions& options_;
    Elements elements_;
    std::vector<double> values_;
    double min_ = 0, max_ = 0;
    bool int_mode_ = true, sci_mode_ = false;
    int width_ = 1;
  };

  bool cut(size_t d) const { return summarize_ && sizes_[d] > 2 * options_.edgeitems; }

  /// f(pointer) for the shown entries of a dimension; gap() where the middle is left out.
  template <class F, class G>
  void shown(size_t d, const char* p, const F& f, const G& gap) const {
    const int64_t n = sizes_[d], step = strides_[d] * item_;
    if (!cut(d)) {
      for (int64_t i = 0; i < n; i++) f(p + i * step);
      return;
    }
    for (int64_t i = 0; i < options_.edgeitems; i++) f(p + i * step);
    gap();
    for (int64_t i = n - options_.edgeitems; i < n; i++) f(p + i * step);
  }

  void survey(size_t d, const char* p, Formatter& f) const {
    if (d == sizes_.size()) return f.see(p);
    shown(
        d, p, [&](const char* q) { survey(d + 1, q, f); }, [] {});
  }

  std::string element(const char* p) const {
    std::string out = formatters_[0].format(p);
    if (formatters_.size() == 1) return out;
    std::string imag = formatters_[1].format(p) + "j";
    imag.erase(0, imag.find_first_not_of(' '));
    if (imag[0] != '-') out += '+';
    return out + imag;
  }

  void print_line(std::string& out, const char* p, int indent) const {
    int element_width = formatters_[0].width() + 2;
    if (formatters_.size() > 1) element_width += formatters_[1].width() + 1;
    // Floor division, as the room may be negative.
    const int room = options_.linewidth - indent;
    const int per_line = std::max(1, room >= 0 ? room / element_width : -((-room + element_width - 1) / element_width));
    int count = 0;
    auto separate = [&] {
      if (count > 0) {
        if (count % per_line == 0) {
          out += ",\n";
          out.append(static_cast<size_t>(indent) + 1, ' ');
        } else {
          out += ", ";
        }
      }
      count++;
    };
    out += '[';
    shown(
        sizes_.size() - 1, p,
        [&](const char* q) {
          separate();
          out += element(q);
        },
        [&] {
          separate();
          out += " ...";
        });
    out += ']';
  }

  void print_dim(std::string& out, size_t d, const char* p, int indent) const {
    const size_t rest = sizes_.size() - d;
    if (rest == 1) return print_line(out, p, indent);
    bool first = true;
    auto separate = [&] {
      if (!first) {
        out += ',';
        out.append(rest - 1, '\n');
        out.append(static_cast<size_t>(indent) + 1, ' ');
      }
      first = false;
    };
    out += '[';
    shown(
        d, p,
        [&](const char* q) {
          separate();
          print_dim(out, d + 1, q, indent + 1);
        },
        [&] {
          separate();
          out += "...";
        });
    out += ']';
  }

  const PrintOptions& options_;
  DimVector sizes_, strides_;
  int64_t item_;
  const char* data_;
  bool summarize_;
  std::vector<Formatter> formatters_;
};

std::string tuple_of(IntSpan sizes) {
  std::string out = "(";
  for (size_t i = 0; i < sizes.size(); i++) {
    if (i) out += ", ";
    out += std::to_string(sizes[i]);
  }
  if (sizes.size() == 1) out += ',';
  return out + ")";
}

}  // namespace

void PrintOptions::set_profile(std::string_view profile) {
  if (profile != "default" && profile != "short" && profile != "full") return;
  precision = profile == "short" ? 2 : 4;
  threshold = profile == "full" ? INFINITY : 1000;
  edgeitems = profile == "short" ? 2 : 3;
  linewidth = 80;
}

std::string contents_to_string(const Tensor& t, int indent, const PrintOptions& options) {
  if (t.numel() == 0) return "[]";
  OPS_CHECK(t.is_cpu(), NotImplementedError, "printing elements of a tensor on ", to_string(t.device()));
  return Printer(t, options).print(indent);
}

std::string to_string(const Tensor& t, const PrintInfo& print_info, const PrintOptions& options) {
  OPS_CHECK(t.layout() == Layout::Strided, NotImplementedError, "printing sparse tensors");
  const std::string prefix = std::string(print_info.type_name) + "(";
  const int indent = static_cast<int>(prefix.size());
  std::vector<std::string> suffixes;
  if (!t.is_cpu()) suffixes.push_back("device='" + to_string(t.device()) + "'");
  const DType dtype = t.dtype();
  const DType complex_default = default_dtype() == DType::Float64 ? DType::Complex128 : DType::Complex64;
  std::string contents;
  bool show_dtype;
  if (t.is_meta()) {
    suffixes.push_back("size=" + tuple_of(t.sizes()));
    show_dtype = dtype != default_dtype();
    contents = "...";
  } else if (t.numel() == 0) {
    if (t.dim() != 1) suffixes.push_back("size=" + tuple_of(t.sizes()));
    show_dtype = dtype != default_dtype();  // no element shows it
    contents = "[]";
  } else {
    show_dtype = dtype != default_dtype() && dtype != complex_default && dtype != DType::Int64 && dtype != DType::Bool;
    contents = contents_to_string(t, indent, options);
  }
  if (show_dtype) suffixes.push_back(std::string("dtype=torch.") + name(dtype));
  if (!print_info.grad_fn.empty())
    suffixes.push_back("grad_fn=<" + std::string(print_info.grad_fn) + ">");
  else if (print_info.requires_grad)
    suffixes.push_back("requires_grad=True");

  std::string out = prefix + contents;
  const size_t line_break = out.rfind('\n');
  size_t line_length = line_break == out.npos ? out.size() + 2 : out.size() - line_break + 1;
  for (const std::string& suffix : suffixes) {
    if (static_cast<int64_t>(line_length + suffix.size() + 2) > options.linewidth) {
      out += ",\n";
      out.append(static_cast<size_t>(indent), ' ');
      line_length = static_cast<size_t>(indent) + suffix.size();
    } else {
      out += ", ";
      line_length += suffix.size() + 2;
    }
    out += suffix;
  }
  return out + ")";
}

// --- the C++ front end's form ---

namespace {

/// How the numbers of one matrix or vector are written: what C++ streams call a format, and a common factor.
struct CppFormat {
  char kind = 'g';
  int precision = 6;
  int width = 0;
  double scale = 1;

  void write(std::string& out, double v) const {
    std::string text = std::isnan(v) ? (std::signbit(v) ? "-nan" : "nan") : format_double(v, kind, precision);
    if (static_cast<int>(text.size()) < width) out.append(static_cast<size_t>(width) - text.size(), ' ');
    out += text;
  }
};

/// `precision` is the stream's, which a matrix changes for the ones after it.
CppFormat cpp_format(const double* v, int64_t n, int& precision) {
  bool int_mode = true;
  int64_t first = n;
  for (int64_t i = 0; i < n; i++) {
    if (!std::isfinite(v[i])) continue;
    if (first == n) first = i;
    if (v[i] != std::ceil(v[i])) int_mode = false;
  }
  double exp_min = 1, exp_max = 1;
  if (first < n) {
    double low = std::fabs(v[first]), high = low;
    for (int64_t i = first; i < n; i++) {
      if (!std::isfinite(v[i])) continue;
      low = std::min(low, std::fabs(v[i]));
      // Negative values never raise the maximum: LibTorch compares the signed value.
      if (v[i] > high) high = v[i];
    }
    exp_min = low != 0 ? std::floor(std::log10(low)) + 1 : 1;
    exp_max = high != 0 ? std::floor(std::log10(high)) + 1 : 1;
  }
  CppFormat f;
  f.width = 11;
  if (!int_mode || exp_max > 9) precision = 4;
  f.precision = precision;
  if (int_mode) {
    if (exp_max > 9) {
      f.kind = 'e';
    } else {
      f.width = static_cast<int>(exp_max) + 1;
    }
  } else {
    if (exp_max - exp_min > 4) {
      f.kind = 'e';
      if (std::fabs(exp_max) > 99 || std::fabs(exp_min) > 99) f.width++;
    } else {
      f.kind = 'f';
      if (exp_max > 5 || exp_max < 0) {
        f.width = 7;
        f.scale = std::pow(10, exp_max - 1);
      } else {
        f.width = exp_max == 0 ? 7 : static_cast<int>(exp_max) + 6;
      }
    }
  }
  return f;
}

void write_scale(std::string& out, const CppFormat& f) { out += format_double(f.scale, 'g', f.precision) + " *\n"; }

void write_matrix(std::string& out, const double* data, int64_t rows, int64_t columns, int64_t linesize, int64_t indent,
                  int& precision) {
  const CppFormat f = cpp_format(data, rows * columns, precision);
  const std::string pad(static_cast<size_t>(indent), ' ');
  out += pad;
  const int64_t per_line = std::max<int64_t>(1, (linesize - indent) / (f.width + 1));
  for (int64_t first = 0; first < columns; first += per_line) {
    const int64_t last = std::min(first + per_line, columns) - 1;
    if (per_line < columns) {
      if (first != 0) out += '\n';
      out += concat("Columns ", first + 1, " to ", last + 1) + pad;
    }
    if (f.scale != 1) {
      write_scale(out, f);
      out += pad;
    }
    for (int64_t r = 0; r < rows; r++) {
      for (int64_t c = first; c <= last; c++) {
        f.write(out, data[r * columns + c] / f.scale);
        out += c == last ? '\n' : ' ';
      }
      if (r + 1 < rows) {
        out += pad;
        if (f.scale != 1) out += ' ';
      }
    }
  }
}

}  // namespace

std::string cpp_type_name(const Tensor& t) {
  const char* device = t.is_cpu() ? "CPU" : t.is_meta() ? "Meta" : "CUDA";
  return std::string(device) + info(t.dtype()).cpp_name + "Type";
}

std::string to_cpp_string(const Tensor& t, int64_t linesize) {
  if (!t.defined()) return "[ Tensor (undefined) ]";
  OPS_CHECK(!t.is_meta(), NotImplementedError, "Cannot copy out of meta tensor; no data!");
  const Tensor doubles = cpu::contiguous(cpu::to(t, DType::Float64));
  const double* data = doubles.data_ptr<double>();
  const IntSpan sizes = t.sizes();
  std::string out;
  int precision = 6;
  if (sizes.empty()) {
    out = concat(data[0], '\n');
  } else if (t.numel() > 0 && sizes.size() == 1) {
    const CppFormat f = cpp_format(data, sizes[0], precision);
    if (f.scale != 1) write_scale(out, f);
    for (int64_t i = 0; i < sizes[0]; i++) {
      f.write(out, data[i] / f.scale);
      out += '\n';
    }
  } else if (t.numel() > 0 && sizes.size() == 2) {
    write_matrix(out, data, sizes[0], sizes[1], linesize, 0, precision);
  } else if (t.numel() > 0) {
    // Matrices in the order in which the first index runs fastest.
    const size_t outer = sizes.size() - 2;
    const int64_t rows = sizes[outer], columns = sizes[outer + 1];
    DimVector index(outer);
    for (int64_t k = 0; k < t.numel() / (rows * columns); k++) {
      if (k > 0) {
        for (size_t d = 0; ++index[d] == sizes[d]; d++) index[d] = 0;
        out += '\n';
      }
      int64_t offset = 0;
      out += '(';
      for (size_t d = 0; d < outer; d++) {
        out += concat(index[d] + 1, ",");
        offset += index[d] * doubles.strides()[d];
      }
      out += ".,.) = \n";
      write_matrix(out, data + offset, rows, columns, linesize, 1, precision);
    }
  }
  out += "[ " + cpp_type_name(t) + "{";
  for (size_t d = 0; d < sizes.size(); d++) {
    if (d) out += ',';
    out += std::to_string(sizes[d]);
  }
  return out + "} ]";
}

}  // namespace tsvm::ops
