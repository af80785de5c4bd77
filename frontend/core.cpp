// c10: errors and warnings, element types, numbers, devices; generators.
#include <cxxabi.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "ATen/Functions.h"
#include "frontend/convert.h"
#include "ops/cpu/parallel.h"

namespace c10 {

// --- errors ----------------------------------------------------------------------------------------------------------

Error::Error(SourceLocation where, std::string message) : message_(std::move(message)) {
  std::ostringstream at;
  at << "Exception raised from " << where << " (most recent call first):\n";
  backtrace_ = at.str();
  refresh();
}
Error::Error(std::string message, std::string backtrace, const void* caller)
    : message_(std::move(message)), backtrace_(std::move(backtrace)), caller_(caller) {
  refresh();
}
Error::Error(const char* file, uint32_t line, const char* condition, const std::string& message,
             const std::string& backtrace, const void* caller)
    : Error(str("[enforce fail at ", file, ":", line, "] ", condition, ". ", message), backtrace, caller) {}
Error::~Error() = default;

void Error::add_context(std::string message) {
  context_.push_back(std::move(message));
  refresh();
}

void Error::refresh() {
  what_without_backtrace_ = message_;
  if (context_.size() == 1) what_without_backtrace_ += " (" + context_[0] + ")";
  if (context_.size() > 1)
    for (const std::string& c : context_) what_without_backtrace_ += "\n  " + c;
  what_ = what_without_backtrace_;
  if (!backtrace_.empty()) what_ += "\n" + backtrace_;
}

IndexError::~IndexError() = default;
ValueError::~ValueError() = default;
TypeError::~TypeError() = default;
NotImplementedError::~NotImplementedError() = default;
EnforceFiniteError::~EnforceFiniteError() = default;
OnnxfiBackendSystemError::~OnnxfiBackendSystemError() = default;
LinAlgError::~LinAlgError() = default;
OutOfMemoryError::~OutOfMemoryError() = default;

namespace detail {

void torchCheckFail(const char* function, const char* file, uint32_t line, const std::string& message) {
  throw Error({function, file, line}, message);
}

void torchInternalAssertFail(const char* function, const char* file, uint32_t line, const char* condition,
                             const std::string& message) {
  throw Error({function, file, line}, str(condition, " INTERNAL ASSERT FAILED at \"", file, "\":", line,
                                          ", please report a bug to PyTorch. ", message));
}

void retain_tensor(TensorImpl* t) noexcept { t->retain(); }
void release_tensor(TensorImpl* t) noexcept { t->release(); }

}  // namespace detail

// --- warnings --------------------------------------------------------------------------------------------------------

namespace {
WarningHandler& default_handler() {
  static WarningHandler handler;
  return handler;
}
thread_local WarningHandler* current_handler = nullptr;
bool warn_always = false;
}  // namespace

void WarningHandler::process(const SourceLocation& where, const std::string& message, const bool) {
  std::fprintf(stderr, "[W %s:%u] Warning: %s (function %s)\n", where.file, where.line, message.c_str(),
               where.function);
}

namespace Warning {
void warn(const SourceLocation& where, const std::string& message, bool verbatim) {
  get_warning_handler()->process(where, message, verbatim);
}
void set_warning_handler(WarningHandler* handler) noexcept { current_handler = handler; }
WarningHandler* get_warning_handler() noexcept { return current_handler ? current_handler : &default_handler(); }
void set_warnAlways(bool on) noexcept { warn_always = on; }
bool get_warnAlways() noexcept { return warn_always; }
}  // namespace Warning

// --- element types
// -----------------------------------------------------------------------------------------------------

const char* toString(ScalarType t) {
  switch (t) {
#define C10_TYPE(name, cpp, number) \
  case ScalarType::name: return #name;
    C10_FORALL_SCALAR_TYPES(C10_TYPE)
#undef C10_TYPE
    case ScalarType::ComplexHalf: return "ComplexHalf";
    case ScalarType::QInt8: return "QInt8";
    case ScalarType::QUInt8: return "QUInt8";
    case ScalarType::QInt32: return "QInt32";
    case ScalarType::Undefined: return "Undefined";
  }
  return "UNKNOWN_SCALAR";
}

size_t elementSize(ScalarType t) {
  switch (t) {
#define C10_TYPE(name, cpp, number) \
  case ScalarType::name: return sizeof(cpp);
    C10_FORALL_SCALAR_TYPES(C10_TYPE)
#undef C10_TYPE
    default: TORCH_CHECK(false, "Unknown ScalarType");
  }
}

using tsvm::frontend::give;
using tsvm::frontend::in;
namespace ops = tsvm::ops;

ScalarType toComplexType(ScalarType t) { return give(ops::to_complex(in(t))); }
ScalarType toRealValueType(ScalarType t) { return give(ops::to_real(in(t))); }
ScalarType promoteTypes(ScalarType a, ScalarType b) { return give(ops::promote_types(in(a), in(b))); }
bool canCast(ScalarType from, ScalarType to) { return ops::can_cast(in(from), in(to)); }
void set_default_dtype(TypeMeta t) {
  TORCH_CHECK_TYPE(isFloatingType(t.toScalarType()), "only floating-point types are supported as the default type");
  ops::set_default_dtype(in(t.toScalarType()));
}
TypeMeta get_default_dtype() { return TypeMeta::fromScalarType(get_default_dtype_as_scalartype()); }
ScalarType get_default_dtype_as_scalartype() { return give(ops::default_dtype()); }

// --- numbers ---------------------------------------------------------------------------------------------------------

namespace {
/// The library's element type of the same layout.
template <class T>
struct Element {
  using type = T;
};
template <>
struct Element<Half> {
  using type = ops::Half;
};
template <>
struct Element<BFloat16> {
  using type = ops::BFloat16;
};
template <class T>
struct Element<complex<T>> {
  using type = std::complex<T>;
};

template <class To, class From>
To same_bits(const From& v) {
  static_assert(sizeof(To) == sizeof(From));
  To out;
  std::memcpy(static_cast<void*>(&out), &v, sizeof out);
  return out;
}
}  // namespace

#define C10_TYPE(name, cpp, number)                                                                                  \
  template <>                                                                                                        \
  cpp Scalar::to<cpp>() const {                                                                                      \
    return tsvm::frontend::run([&] { return same_bits<cpp>(in(*this).checked_to<typename Element<cpp>::type>()); }); \
  }
C10_FORALL_SCALAR_TYPES(C10_TYPE)
#undef C10_TYPE

Scalar Scalar::operator-() const {
  TORCH_CHECK(!isBoolean(), "torch boolean negative, the `-` operator, is not suppported.");
  if (isComplex()) return Scalar(complex<double>(-v_.z[0], -v_.z[1]));
  if (isFloatingPoint()) return Scalar(-v_.z[0]);
  return Scalar(-v_.i);
}
Scalar Scalar::conj() const { return isComplex() ? Scalar(complex<double>(v_.z[0], -v_.z[1])) : *this; }
Scalar Scalar::log() const {
  if (isComplex()) return Scalar(std::log(std::complex<double>(v_.z[0], v_.z[1])));
  return Scalar(std::log(toDouble()));
}

std::ostream& operator<<(std::ostream& out, const Scalar& v) {
  if (v.isFloatingPoint()) return out << v.raw_real();
  if (v.isComplex()) return out << complex<double>(v.raw_real(), v.raw_imag());
  if (v.isBoolean()) return out << (v.raw_int() ? "true" : "false");
  return out << v.raw_int();
}

// --- devices, layouts ------------------------------------------------------------------------------------------------

std::string DeviceTypeName(DeviceType t, bool lower_case) {
  switch (t) {
    case DeviceType::CPU: return lower_case ? "cpu" : "CPU";
    case DeviceType::CUDA: return lower_case ? "cuda" : "CUDA";
    case DeviceType::MKLDNN: return lower_case ? "mkldnn" : "MKLDNN";
    case DeviceType::HIP: return lower_case ? "hip" : "HIP";
    case DeviceType::XLA: return lower_case ? "xla" : "XLA";
    case DeviceType::MPS: return lower_case ? "mps" : "MPS";
    case DeviceType::Meta: return lower_case ? "meta" : "META";
  }
  return "?";
}
std::ostream& operator<<(std::ostream& out, DeviceType t) { return out << DeviceTypeName(t, true); }

Device::Device(const std::string& text) : Device(DeviceType::CPU) {
  *this = tsvm::frontend::run([&] { return give(ops::parse_device(text)); });
}
std::string Device::str() const {
  std::string s = DeviceTypeName(type_, true);
  if (has_index()) s += ":" + std::to_string(index_);
  return s;
}
std::ostream& operator<<(std::ostream& out, const Device& d) { return out << d.str(); }

std::ostream& operator<<(std::ostream& out, Layout layout) {
  switch (layout) {
    case Layout::Strided: return out << "Strided";
    case Layout::Sparse: return out << "Sparse";
    case Layout::SparseCsr: return out << "SparseCsr";
    case Layout::Mkldnn: return out << "Mkldnn";
  }
  return out;
}
std::ostream& operator<<(std::ostream& out, MemoryFormat format) {
  switch (format) {
    case MemoryFormat::Preserve: return out << "Preserve";
    case MemoryFormat::Contiguous: return out << "Contiguous";
    case MemoryFormat::ChannelsLast: return out << "ChannelsLast";
    case MemoryFormat::ChannelsLast3d: return out << "ChannelsLast3d";
  }
  return out;
}

std::ostream& operator<<(std::ostream& out, const TensorOptions& o) {
  auto bool_text = [](bool b) { return b ? "true" : "false"; };
  out << "TensorOptions(dtype=" << o.dtype();
  if (!o.has_dtype()) out << " (default)";
  out << ", device=" << o.device();
  if (!o.has_device()) out << " (default)";
  out << ", layout=" << o.layout();
  if (!o.has_layout()) out << " (default)";
  out << ", requires_grad=" << bool_text(o.requires_grad());
  if (!o.has_requires_grad()) out << " (default)";
  out << ", pinned_memory=" << bool_text(o.pinned_memory());
  if (!o.has_pinned_memory()) out << " (default)";
  out << ", memory_format=";
  if (o.has_memory_format())
    out << *o.memory_format_opt();
  else
    out << "(nullopt)";
  return out << ")";
}

}  // namespace c10

namespace caffe2 {

c10::string_view TypeMeta::name() const {
  switch (type_) {
    case c10::ScalarType::Byte: return "unsigned char";
    case c10::ScalarType::Char: return "signed char";
    case c10::ScalarType::Short: return "short int";
    case c10::ScalarType::Int: return "int";
    case c10::ScalarType::Long: return "long int";
    case c10::ScalarType::Half: return "c10::Half";
    case c10::ScalarType::Float: return "float";
    case c10::ScalarType::Double: return "double";
    case c10::ScalarType::ComplexFloat: return "c10::complex<float>";
    case c10::ScalarType::ComplexDouble: return "c10::complex<double>";
    case c10::ScalarType::Bool: return "bool";
    case c10::ScalarType::BFloat16: return "c10::BFloat16";
    default: return "nullptr (uninitialized)";
  }
}
std::ostream& operator<<(std::ostream& out, TypeMeta t) { return out << t.name(); }

}  // namespace caffe2

namespace at {

/// A generator of the library's with a lock for programs; the default one follows the thread's.
struct Generator::Impl {
  std::mutex mutex;
  std::optional<tsvm::ops::Generator> own;  // nothing: the thread's default
  tsvm::ops::Generator& get() { return own ? *own : tsvm::ops::default_generator(); }
};

namespace {
Generator::Impl& impl_of(const Generator& g) {
  TORCH_CHECK(g.defined(), "the generator is not defined");
  return *g.impl();
}
}  // namespace

void Generator::set_current_seed(uint64_t seed) { impl_of(*this).get().manual_seed(seed); }
uint64_t Generator::current_seed() const { return impl_of(*this).get().initial_seed(); }
uint64_t Generator::seed() { return impl_of(*this).get().seed(); }
Tensor Generator::get_state() const { return tsvm::frontend::give(impl_of(*this).get().get_state()); }
void Generator::set_state(const Tensor& state) {
  tsvm::frontend::run([&] { impl_of(*this).get().set_state(tsvm::frontend::in(state)); });
}
Generator Generator::clone() const {
  auto impl = std::make_shared<Impl>();
  impl->own = impl_of(*this).get().clone();
  return Generator(std::move(impl));
}
std::mutex& Generator::mutex() { return impl_of(*this).mutex; }

namespace detail {
const Generator& getDefaultCPUGenerator() {
  static const Generator generator(std::make_shared<Generator::Impl>());
  return generator;
}
Generator createCPUGenerator(uint64_t seed) {
  auto impl = std::make_shared<Generator::Impl>();
  impl->own.emplace(seed);
  return Generator(std::move(impl));
}
}  // namespace detail

void manual_seed(uint64_t seed) { tsvm::ops::default_generator().manual_seed(seed); }

}  // namespace at

namespace tsvm::frontend {

std::string type_text(const std::type_info& type) {
  int status = 0;
  char* text = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string s = status == 0 && text ? text : type.name();
  std::free(text);
  return s;
}

void throw_public(const ops::Error& e) {
  // Where in the library it was raised is of no use to a program.
  const std::string where = "Exception raised from the library (most recent call first):\n";
  switch (e.kind()) {
    case ops::ErrorKind::IndexError: throw c10::IndexError(e.message(), where);
    case ops::ErrorKind::TypeError: throw c10::TypeError(e.message(), where);
    case ops::ErrorKind::ValueError: throw c10::ValueError(e.message(), where);
    case ops::ErrorKind::NotImplementedError: throw c10::NotImplementedError(e.message(), where);
    case ops::ErrorKind::LinAlgError: throw c10::LinAlgError(e.message(), where);
    case ops::ErrorKind::MemoryError: throw c10::OutOfMemoryError(e.message(), where);
    default: throw c10::Error(e.message(), where);
  }
}

void fail_undefined() {
  throw c10::Error("Expected a proper Tensor but got None (or an undefined Tensor in C++)",
                   "Exception raised from the library (most recent call first):\n");
}

ops::Scalar in(const c10::Scalar& v) {
  switch (v.kind()) {
    case c10::Scalar::Kind::Bool: return ops::Scalar(v.raw_int() != 0);
    case c10::Scalar::Kind::Int: return ops::Scalar(v.raw_int());
    case c10::Scalar::Kind::Double: return ops::Scalar(v.raw_real());
    case c10::Scalar::Kind::Complex: return ops::Scalar(std::complex<double>(v.raw_real(), v.raw_imag()));
  }
  return {};
}

c10::Scalar give(const ops::Scalar& v) {
  if (v.is_bool()) return v.to_bool();
  if (v.is_int()) return v.to_int();
  if (v.is_float()) return v.to_double();
  return c10::Scalar(v.to_complex());
}

ops::DType in(c10::ScalarType t) {
  const std::optional<ops::DType> found = ops::dtype_from_torch_number(static_cast<int>(t));
  TORCH_CHECK_NOT_IMPLEMENTED(found, "tensors of type ", c10::toString(t), " are not supported");
  return *found;
}
c10::ScalarType give(ops::DType t) { return static_cast<c10::ScalarType>(ops::info(t).torch_number); }

ops::Device in(c10::Device d) {
  switch (d.type()) {
    case c10::DeviceType::CPU: return {ops::DeviceType::Cpu, d.index()};
    case c10::DeviceType::CUDA: return {ops::DeviceType::Cuda, d.index()};
    case c10::DeviceType::Meta: return {ops::DeviceType::Meta, d.index()};
    default: C10_THROW_ERROR(NotImplementedError, "the device ", d, " is not supported");
  }
}
c10::Device give(ops::Device d) {
  return {d.is_cpu() ? c10::DeviceType::CPU : d.is_cuda() ? c10::DeviceType::CUDA : c10::DeviceType::Meta, d.index};
}

ops::Layout in(c10::Layout layout) {
  if (layout == c10::Layout::Strided) return ops::Layout::Strided;
  if (layout == c10::Layout::Sparse) return ops::Layout::SparseCoo;
  C10_THROW_ERROR(NotImplementedError, "the layout ", layout, " is not supported");
}
c10::Layout give(ops::Layout layout) {
  return layout == ops::Layout::Strided ? c10::Layout::Strided : c10::Layout::Sparse;
}

std::optional<ops::Generator> in(const c10::optional<at::Generator>& g) {
  if (!g || !g->defined()) return std::nullopt;
  return g->impl()->get();
}

at::Tensor with_options(at::Tensor t, const c10::TensorOptions& options) {
  if (options.requires_grad()) t.requires_grad_(true);
  return t;
}

}  // namespace tsvm::frontend
