// Storage, sizes and strides, promotion, views, copies.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "ops/cpu/kernels.h"
#include "ops/tensor/ivalue.h"
#include "ops/tensor/overlap.h"

using namespace tsvm::ops;
namespace cpu = tsvm::ops::cpu;

namespace {

template <class T>
std::vector<T> values(const Tensor& t) {
  Tensor c = cpu::contiguous(cpu::to(t, dtype_of<T>));
  const T* p = c.data_ptr<T>();
  return std::vector<T>(p, p + c.numel());
}

template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& e) {
    return std::string(name(e.kind())) + ": " + e.message();
  }
  return "no error";
}

using Ints = std::vector<int64_t>;

}  // namespace

TEST(DType, Promotion) {
  EXPECT_EQ(promote_types(DType::UInt8, DType::Int8), DType::Int16);
  EXPECT_EQ(promote_types(DType::UInt8, DType::Int32), DType::Int32);
  EXPECT_EQ(promote_types(DType::Bool, DType::UInt8), DType::UInt8);
  EXPECT_EQ(promote_types(DType::Float16, DType::BFloat16), DType::Float32);
  EXPECT_EQ(promote_types(DType::Int64, DType::Float16), DType::Float16);
  EXPECT_EQ(promote_types(DType::Float64, DType::Complex64), DType::Complex128);
  EXPECT_EQ(promote_types(DType::Complex64, DType::Int64), DType::Complex64);
}

TEST(DType, ResultType) {
  Tensor ints = empty({3}, DType::Int32), zero = empty({}, DType::Float64), halves = empty({2}, DType::Float16);
  EXPECT_EQ(result_type(ints, zero), DType::Float64);
  EXPECT_EQ(result_type(halves, zero), DType::Float16);
  EXPECT_EQ(result_type(ints, Scalar(int64_t{5})), DType::Int32);
  EXPECT_EQ(result_type(ints, Scalar(2.5)), DType::Float32);
  EXPECT_EQ(result_type(empty({}, DType::Int8), wrapped_number(Scalar(int64_t{300}))), DType::Int8);
}

TEST(DType, Halves) {
  for (uint32_t bits = 0; bits < 0x10000; bits++) {
    const Half h = Half::from_bits(static_cast<uint16_t>(bits));
    const float f = h;
    if (std::isnan(f)) {
      EXPECT_EQ(bits & 0x7c00u, 0x7c00u);
    } else {
      EXPECT_EQ(Half(f).bits, bits);
    }
  }
  EXPECT_EQ(float(Half(65519.0f)), 65504.0f);
  EXPECT_TRUE(std::isinf(float(Half(65520.0f))));
  EXPECT_EQ(Half(1.00048828125f).bits, Half(1.0f).bits);  // a tie goes to even
  EXPECT_EQ(BFloat16(1.00390625f).bits, BFloat16(1.0f).bits);
  EXPECT_EQ(BFloat16(std::numeric_limits<float>::quiet_NaN()).bits, 0x7fc0);
}

TEST(DType, FloatToIntConversions) {
  Tensor t = empty({8}, DType::Float32);
  const float in[] = {1e20f, -1e20f, NAN, INFINITY, 3e9f, -3e9f, 300.7f, -5.5f};
  std::copy(in, in + 8, t.data_ptr<float>());
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(values<int64_t>(t), (Ints{kMin, kMin, kMin, kMin, 3000000000, -3000000000, 300, -5}));
  EXPECT_EQ(values<int64_t>(cpu::to(t, DType::Int32)),
            (Ints{INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, 300, -5}));
  EXPECT_EQ(values<int64_t>(cpu::to(t, DType::UInt8)), (Ints{0, 0, 0, 0, 0, 0, 44, 251}));
}

TEST(Scalar, CheckedConversions) {
  EXPECT_EQ(error_of([] { Scalar(300).checked_to<int8_t>(); }),
            "RuntimeError: value cannot be converted to type int8_t without overflow");
  EXPECT_EQ(error_of([] { Scalar(std::nan("")).checked_to<int64_t>(); }),
            "RuntimeError: value cannot be converted to type int64_t without overflow");
  EXPECT_EQ(error_of([] { Scalar(std::complex<double>(1, 2)).checked_to<float>(); }),
            "RuntimeError: value cannot be converted to type float without overflow");
  EXPECT_EQ(Scalar(-1).checked_to<uint8_t>(), 255);
  EXPECT_EQ(Scalar(2.7).checked_to<int32_t>(), 2);
  EXPECT_TRUE(std::isinf(Scalar(INFINITY).checked_to<float>()));
}

TEST(Tensor, GeometryAndCounts) {
  Tensor t = empty({2, 3, 4}, DType::Float32);
  EXPECT_EQ(t.strides(), (IntSpan{12, 4, 1}));
  EXPECT_TRUE(t.is_contiguous());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(t.data()) % 64, 0u);
  Tensor p = cpu::permute(t, {2, 0, 1});
  EXPECT_EQ(p.sizes(), (IntSpan{4, 2, 3}));
  EXPECT_FALSE(p.is_contiguous());
  EXPECT_TRUE(p.is_non_overlapping_and_dense());
  EXPECT_EQ(t.storage()->use_count(), 2u);
  EXPECT_EQ(t->use_count(), 1u);
  t.bump_version();
  EXPECT_EQ(p.version(), 1u);
  p->detach_version();
  p.bump_version();
  EXPECT_EQ(t.version(), 1u);
  EXPECT_EQ(cpu::transpose(p, 0, 1).version(), 1u);
  EXPECT_EQ(empty({0, 3}, DType::Int64).numel(), 0);
  Tensor many = empty({1, 2, 1, 2, 1, 2, 1, 2}, DType::Int8);
  EXPECT_EQ(many.dim(), 8);
  EXPECT_EQ(many.strides(), (IntSpan{16, 8, 8, 4, 4, 2, 2, 1}));
  EXPECT_EQ(cpu::squeeze(many).sizes(), (IntSpan{2, 2, 2, 2}));
}

TEST(Tensor, ForeignMemoryAndHostSlot) {
  static int freed = 0, gone = 0;
  float data[4] = {1, 2, 3, 4};
  {
    Tensor t = from_blob(data, {2, 2}, DType::Float32, [](void*, void*, size_t) noexcept { freed++; });
    Tensor row = cpu::select(t, 0, 1);
    t->set_user(&gone, [](void* p, TensorImpl*) noexcept { ++*static_cast<int*>(p); });
    t = Tensor();
    EXPECT_EQ(gone, 1);
    EXPECT_EQ(freed, 0);
    EXPECT_EQ(row.data_ptr<float>()[1], 4);
  }
  EXPECT_EQ(freed, 1);
}

TEST(Tensor, FreedOnAnotherThread) {
  for (int round = 0; round < 20; round++) {
    std::vector<Tensor> made;
    for (int i = 0; i < 2000; i++) made.push_back(cpu::full({i % 40}, Scalar(i), DType::Int64));
    std::thread([&] {
      for (auto& t : made) t = Tensor();
      for (int i = 0; i < 100; i++) empty({i}, DType::Float32);
    }).join();
  }
}

TEST(Tensor, Resize) {
  Tensor t = cpu::arange(Scalar(0), Scalar(4), Scalar(1));
  cpu::resize_(t, {2, 50});
  EXPECT_EQ(t.sizes(), (IntSpan{2, 50}));
  EXPECT_EQ(t.data_ptr<int64_t>()[3], 3);
  cpu::resize_(t, {10000});
  EXPECT_EQ(t.data_ptr<int64_t>()[3], 3);
  cpu::resize_(t, {3});
  EXPECT_EQ(values<int64_t>(t), (Ints{0, 1, 2}));
}

TEST(Shape, Errors) {
  Tensor x = empty({2, 3}, DType::Float32);
  EXPECT_EQ(error_of([&] { broadcast_sizes({3}, {4}); }),
            "RuntimeError: The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 0");
  EXPECT_EQ(error_of([&] { empty({3}, DType::Int8).size(2); }),
            "IndexError: Dimension out of range (expected to be in range of [-1, 0], but got 2)");
  EXPECT_EQ(error_of([&] { cpu::view(x, {4}); }), "RuntimeError: shape '[4]' is invalid for input of size 6");
  EXPECT_EQ(
      error_of([&] { cpu::view(cpu::t(x), {6}); }),
      "RuntimeError: view size is not compatible with input tensor's size and stride (at least one dimension spans "
      "across two contiguous subspaces). Use .reshape(...) instead.");
  EXPECT_EQ(error_of([&] {
              cpu::expand(x, {2, 4});
            }),
            "RuntimeError: The expanded size of the tensor (4) must match the existing size (3) at non-singleton "
            "dimension 1.  Target sizes: [2, 4].  Tensor sizes: [2, 3]");
  EXPECT_EQ(error_of([&] { cpu::select(x, 0, 5); }),
            "IndexError: select(): index 5 out of range for tensor of size [2, 3] at dimension 0");
  EXPECT_EQ(error_of([&] { empty({-1}, DType::Int8); }),
            "RuntimeError: Trying to create tensor with negative dimension -1: [-1]");
  EXPECT_EQ(error_of([&] {
              empty({int64_t{1} << 62, 4}, DType::Float32);
            }),
            "RuntimeError: Storage size calculation overflowed with sizes=[4611686018427387904, 4]");
  EXPECT_EQ(error_of([&] {
              cpu::as_strided(x, {2, 2}, {10, 1});
            }),
            "RuntimeError: setStorage: sizes [2, 2], strides [10, 1], storage offset 0, and itemsize 4 requiring a "
            "storage size of 48 are out of bounds for storage of size 24");
  EXPECT_EQ(error_of([&] { cpu::copy_(empty({2}, DType::Int8), empty({3}, DType::Int8)); }),
            "RuntimeError: The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0");
  EXPECT_EQ(error_of([&] { cpu::view(x, {-1, -1}); }), "RuntimeError: only one dimension can be inferred");
}

TEST(Shape, OutputStrides) {
  auto strides = [](IntSpan sizes, std::initializer_list<IntSpan> operands) {
    return output_strides(sizes, std::span<const IntSpan>(operands.begin(), operands.size()));
  };
  EXPECT_EQ(strides({2, 3}, {{1, 2}}), (IntSpan{1, 2}));
  EXPECT_EQ(strides({2, 3}, {{1, 2}, {3, 1}}), (IntSpan{1, 2}));
  EXPECT_EQ(strides({2, 3}, {{3, 1}, {1, 2}}), (IntSpan{3, 1}));
  EXPECT_EQ(strides({2, 3, 4, 5}, {{60, 1, 15, 3}}), (IntSpan{60, 1, 15, 3}));
  EXPECT_EQ(strides({2, 3}, {{0, 1}, {1, 0}}), (IntSpan{3, 1}));
  EXPECT_EQ(strides({1, 3}, {{3, 1}}), (IntSpan{3, 1}));
}

TEST(Views, Elements) {
  Tensor x = cpu::reshape(cpu::arange(Scalar(0), Scalar(24), Scalar(1)), {2, 3, 4});
  EXPECT_EQ(values<int64_t>(cpu::slice(cpu::select(x, 0, 1), 1, 1, -1, 1)), (Ints{13, 14, 17, 18, 21, 22}));
  EXPECT_EQ(values<int64_t>(cpu::slice(x, 2, {}, {}, 3)), (Ints{0, 3, 4, 7, 8, 11, 12, 15, 16, 19, 20, 23}));
  EXPECT_EQ(values<int64_t>(cpu::diagonal(cpu::select(x, 0, 0), 1)), (Ints{1, 6, 11}));
  EXPECT_EQ(values<int64_t>(cpu::diagonal(cpu::select(x, 0, 0), -1)), (Ints{4, 9}));
  EXPECT_EQ(values<int64_t>(cpu::unfold(cpu::arange(Scalar(0), Scalar(6), Scalar(1)), 0, 3, 2)),
            (Ints{0, 1, 2, 2, 3, 4}));
  EXPECT_EQ(cpu::unfold(x, 1, 2, 1).sizes(), (IntSpan{2, 2, 4, 2}));
  EXPECT_EQ(cpu::expand(cpu::unsqueeze(x, 1), {2, 5, -1, 4}).strides(), (IntSpan{12, 0, 4, 1}));
  EXPECT_EQ(cpu::flatten(x, 1).sizes(), (IntSpan{2, 12}));
  EXPECT_EQ(cpu::movedim(x, {0}, {-1}).sizes(), (IntSpan{3, 4, 2}));
  EXPECT_EQ(cpu::split(x, 2, 1).size(), 2u);
  EXPECT_EQ(cpu::chunk(x, 3, 2)[1].sizes(), (IntSpan{2, 3, 2}));
  EXPECT_EQ(cpu::chunk(x, 3, 2).size(), 2u);
  EXPECT_EQ(cpu::unbind(x, 1)[2].sizes(), (IntSpan{2, 4}));
  EXPECT_EQ(values<int64_t>(cpu::tril(cpu::select(x, 0, 0), -1)), (Ints{0, 0, 0, 0, 4, 0, 0, 0, 8, 9, 0, 0}));
  EXPECT_EQ(values<int64_t>(cpu::triu(cpu::select(x, 0, 0), 1)), (Ints{0, 1, 2, 3, 0, 0, 6, 7, 0, 0, 0, 11}));
  // A view of a view that still is one line.
  EXPECT_EQ(cpu::view(cpu::slice(x, 0, 1), {4, 3}).strides(), (IntSpan{3, 1}));
  EXPECT_EQ(cpu::view(cpu::transpose(x, 0, 1), {3, 2, 2, 2}).strides(), (IntSpan{4, 12, 2, 1}));
}

TEST(Copy, LayoutsAndTypes) {
  Tensor x = cpu::reshape(cpu::arange(Scalar(0), Scalar(60 * 50), Scalar(1)), {60, 50});
  Tensor back = cpu::contiguous(cpu::t(cpu::contiguous(cpu::t(x))));  // tiles
  EXPECT_EQ(values<int64_t>(back), values<int64_t>(x));
  Tensor deep = cpu::permute(cpu::reshape(x, {5, 12, 10, 5}), {3, 1, 0, 2});
  Tensor flat = cpu::contiguous(deep);
  for (int64_t i : {0, 17, 599, 1234, 2999}) {
    const int64_t d = i % 10, c = i / 10 % 5, b = i / 50 % 12, a = i / 600;
    EXPECT_EQ(flat.data_ptr<int64_t>()[i], ((c * 12 + b) * 10 + d) * 5 + a);
  }
  Tensor half = cpu::to(x, DType::Float16);
  EXPECT_EQ(values<int64_t>(cpu::slice(cpu::flatten(half), 0, 2000, 2048)),
            values<int64_t>(cpu::slice(cpu::flatten(x), 0, 2000, 2048)));
  Tensor rows = cpu::zeros({3, 4}, DType::Float64);
  cpu::copy_(rows, cpu::arange(Scalar(4), Scalar(8), Scalar(1)));
  EXPECT_EQ(values<int64_t>(rows), (Ints{4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7}));
  // clone keeps a dense layout, contiguous() does not.
  EXPECT_EQ(cpu::clone(cpu::t(x)).strides(), (IntSpan{1, 50}));
  EXPECT_EQ(cpu::clone(cpu::slice(x, 1, 0, 10)).strides(), (IntSpan{10, 1}));
  // Overlapping views of one storage.
  Tensor line = cpu::arange(Scalar(0), Scalar(6), Scalar(1));
  EXPECT_EQ(error_of([&] { cpu::copy_(cpu::slice(line, 0, 1, 6), cpu::slice(line, 0, 0, 5)); }).substr(0, 45),
            "RuntimeError: unsupported operation: some ele");
  Tensor m = cpu::reshape(cpu::arange(Scalar(0), Scalar(9), Scalar(1)), {3, 3});
  EXPECT_EQ(cpu::to(m, DType::Int64).get(), m.get());
  EXPECT_EQ(error_of([&] { cpu::copy_(cpu::expand(cpu::zeros({1}), {3}), cpu::ones({3})); }).substr(0, 45),
            "RuntimeError: unsupported operation: more tha");
}

TEST(Creation, Ranges) {
  EXPECT_EQ(values<int64_t>(cpu::arange(Scalar(5), Scalar(0), Scalar(-2))), (Ints{5, 3, 1}));
  EXPECT_EQ(cpu::arange(Scalar(0.0), Scalar(1.0), Scalar(0.1)).numel(), 10);
  EXPECT_EQ(cpu::arange(Scalar(0), Scalar(3), Scalar(1)).dtype(), DType::Int64);
  EXPECT_EQ(error_of([] { cpu::arange(Scalar(0), Scalar(5), Scalar(-1)); }),
            "RuntimeError: upper bound and larger bound inconsistent with step sign");
  Tensor l = cpu::linspace(Scalar(0), Scalar(1), 5);
  EXPECT_EQ(values<float>(l), (std::vector<float>{0, 0.25f, 0.5f, 0.75f, 1}));
  EXPECT_EQ(values<int64_t>(cpu::eye(2, 3)), (Ints{1, 0, 0, 0, 1, 0}));
  EXPECT_EQ(values<float>(cpu::logspace(Scalar(0), Scalar(2), 3)), (std::vector<float>{1, 10, 100}));
  EXPECT_EQ(values<int64_t>(cpu::tril_indices(2, 3)), (Ints{0, 1, 1, 0, 0, 1}));
}

TEST(Meta, ShapesOnly) {
  Tensor m = cpu::empty({int64_t{1} << 40, 3}, DType::Float32, Device(DeviceType::Meta));
  EXPECT_EQ(cpu::t(m).sizes(), (IntSpan{3, int64_t{1} << 40}));
  EXPECT_EQ(cpu::to(m, DType::Float64).dtype(), DType::Float64);
  EXPECT_EQ(cpu::clone(cpu::t(m)).strides(), (IntSpan{1, 3}));
  EXPECT_EQ(error_of([&] { item(cpu::empty({}, DType::Int64, Device(DeviceType::Meta))); }),
            "NotImplementedError: Cannot copy out of meta tensor; no data!");
}

TEST(IValue, KindsAndOwnership) {
  Tensor t = empty({2}, DType::Int8);
  IValue a(t), b(IntSpan{1, 2, 3}), c("text"), d = IValue::tuple({a, b, IValue()});
  EXPECT_EQ(t->use_count(), 3u);
  IValue e = d;
  EXPECT_EQ(e.to_values()[1].to_ints(), (IntSpan{1, 2, 3}));
  EXPECT_EQ(c.to_string(), "text");
  EXPECT_TRUE(IValue(Tensor()).is_none());
  EXPECT_EQ(IValue(std::vector<Tensor>{t, Tensor()}).kind(), IValue::Kind::OptionalTensorList);
  d = IValue();
  e = IValue(2.5);
  a = IValue(std::complex<double>(1, 2));
  EXPECT_EQ(a.to_scalar().to_complex().imag(), 2);
  EXPECT_EQ(t->use_count(), 1u);
  EXPECT_EQ(IValue(Device(DeviceType::Cuda, 1)).to_device(), Device(DeviceType::Cuda, 1));
  EXPECT_EQ(IValue(Device()).to_device(), Device());
}
