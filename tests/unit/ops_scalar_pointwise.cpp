// Scalar programs and the pointwise driver: making, fusing, and running them over tensors of all kinds of layout.
#include "ops/scalar/pointwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "ops/cpu/kernels.h"
#include "ops/tensor/shape.h"

namespace tsvm::ops::scalar {
namespace {

OwnedProgram binary(Op op, CType t) {
  Builder b;
  const uint16_t x = b.input(t), y = b.input(t);
  return b.finish({b.op(op, x, y)});
}

/// A binary operator with a program for each type that has the operation.
struct BinaryOp {
  OwnedProgram programs[kCTypeCount];
  Program views[kCTypeCount];
  PointwiseSpec spec{};
  explicit BinaryOp(Op op, Promote promote = Promote::Common, ResultDType result = ResultDType::Common) {
    spec.name = "test";
    spec.inputs = 2;
    spec.promote = promote;
    spec.result[0] = result;
    for (int t = 0; t < kCTypeCount; t++) {
      if (!accepts(op, CType(t)) || CType(t) == CType::I32) continue;
      programs[t] = binary(op, CType(t));
      views[t] = programs[t].view();
      EXPECT_EQ(verify(views[t]), "");
      spec.programs[t] = &views[t];
    }
  }
};

Tensor range(IntSpan sizes, DType t, double start = 1) {
  Tensor r = empty(sizes, t);
  TSVM_DISPATCH_ALL(t, "range",
                    for (int64_t i = 0; i < r.numel(); i++) r.data_ptr<scalar_t>()[i] =
                        convert<scalar_t>(start + static_cast<double>(i)));
  return r;
}

double at(const Tensor& t, IntSpan index) {
  int64_t offset = 0;
  for (size_t d = 0; d < index.size(); d++) offset += index[d] * t.stride(static_cast<int64_t>(d));
  double r = 0;
  TSVM_DISPATCH_ALL(t.dtype(), "at", r = convert<double>(t.data_ptr<scalar_t>()[offset]));
  return r;
}

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.message();
  }
  return "no error";
}

TEST(ScalarProgram, SharesEqualInstructionsAndDropsDeadOnes) {
  Builder b;
  const uint16_t x = b.input(CType::F32), y = b.input(CType::F32);
  const uint16_t s = b.op(Op::Add, x, y);
  EXPECT_EQ(b.op(Op::Add, x, y), s);
  b.op(Op::Mul, s, y);  // dead
  const uint16_t r = b.op(Op::Tanh, b.op(Op::Mul, s, b.constant(CType::F32, 2.0)));
  const OwnedProgram owned = b.finish({r});
  EXPECT_EQ(verify(owned.view()), "");
  EXPECT_EQ(to_string(owned.view()),
            "%0 = input.f32 0\n%1 = input.f32 1\n%2 = add.f32 %0, %1\n%3 = const.f32 2\n%4 = mul.f32 %2, %3\n"
            "%5 = tanh.f32 %4\nreturn %5\n");
  EXPECT_EQ(owned.view().slots, 1);  // one buffer is enough for a chain
  EXPECT_EQ(owned.view().operations, 3);
}

TEST(ScalarProgram, VerifierFindsWhatIsWrong) {
  const OwnedProgram good = binary(Op::Add, CType::F32);
  const Program p = good.view();
  std::vector<Inst> code(p.code, p.code + p.size);
  auto broken = [&](const std::function<void(std::vector<Inst>&)>& change) {
    std::vector<Inst> copy = code;
    change(copy);
    Program q = p;
    q.code = copy.data();
    return verify(q);
  };
  EXPECT_EQ(broken([](auto&) {}), "");
  EXPECT_NE(broken([](auto& c) { c[2].b = 7; }), "");
  EXPECT_NE(broken([](auto& c) { c[2].type = CType::F64; }), "");
  EXPECT_NE(broken([](auto& c) { c[1].a = 0; }), "");
  EXPECT_NE(broken([](auto& c) { c[2].slot = 9; }), "");
  EXPECT_NE(broken([](auto& c) { c[1].type = CType::I64; }), "");
}

TEST(ScalarProgram, FusingRoundsIntermediatesAsStoringDoes) {
  const OwnedProgram add = binary(Op::Add, CType::F32), mul = binary(Op::Mul, CType::F32);
  const Program pa = add.view(), pm = mul.view();
  const DType half[] = {DType::Float16, DType::Float16, DType::Float16};
  const ValueRef first[] = {{-1, 0}, {-1, 1}}, second[] = {{0, 0}, {-1, 2}};
  const FuseStep steps[] = {{&pa, first, {half, 1}}, {&pm, second, {half, 1}}};
  const ValueRef results[] = {{1, 0}};
  const OwnedProgram fused = fuse(half, steps, results);
  EXPECT_EQ(verify(fused.view()), "");
  EXPECT_EQ(to_string(fused.view()),
            "%0 = input.f32 0\n%1 = input.f32 1\n%2 = input.f32 2\n%3 = add.f32 %0, %1\n%4 = narrow.f32 %3 to float16\n"
            "%5 = mul.f32 %4, %2\n%6 = narrow.f32 %5 to float16\nreturn %6\n");
}

TEST(Pointwise, PromotesAsPyTorch) {
  const BinaryOp add(Op::Add);
  auto type = [&](const Operand& a, const Operand& b) { return pointwise(add.spec, {a, b}).dtype(); };
  const Tensor i32 = range({2}, DType::Int32), i64 = range({2}, DType::Int64), f32 = range({2}, DType::Float32);
  const Tensor f64_0 = range({}, DType::Float64), i64_0 = range({}, DType::Int64), f16 = range({2}, DType::Float16);
  const Scalar one(1), half(0.5);
  EXPECT_EQ(type(i32, i64), DType::Int64);
  EXPECT_EQ(type(i32, i64_0), DType::Int32);
  EXPECT_EQ(type(i32, f64_0), DType::Float64);
  EXPECT_EQ(type(f32, f64_0), DType::Float32);
  EXPECT_EQ(type(i32, half), DType::Float32);
  EXPECT_EQ(type(f16, one), DType::Float16);
  EXPECT_EQ(type(f16, i64), DType::Float16);
  EXPECT_EQ(type(f16, f32), DType::Float32);
  const BinaryOp div(Op::Div, Promote::Float);
  EXPECT_EQ(pointwise(div.spec, {i32, i64}).dtype(), DType::Float32);
  const BinaryOp less(Op::Lt, Promote::Common, ResultDType::Bool);
  const Tensor r = pointwise(less.spec, {f32, Scalar(1.5)});
  EXPECT_EQ(r.dtype(), DType::Bool);
  EXPECT_TRUE(r.data_ptr<bool>()[0]);
  EXPECT_FALSE(r.data_ptr<bool>()[1]);
}

TEST(Pointwise, RoundsOperandsToTheCommonType) {
  const BinaryOp add(Op::Add);
  const Tensor one = range({1}, DType::Float16);
  EXPECT_TRUE(std::isinf(at(pointwise(add.spec, {one, range({}, DType::Int64, 70000)}), {0})));
  EXPECT_TRUE(std::isinf(at(pointwise(add.spec, {one, Scalar(70000)}), {0})));
  EXPECT_EQ(at(pointwise(add.spec, {range({1}, DType::Int32, 3), range({}, DType::Int64, 8589934592.0)}), {0}), 3);
}

TEST(Pointwise, Layouts) {
  const BinaryOp add(Op::Add);
  for (const DType t : {DType::Float32, DType::Int64, DType::Float64, DType::Int8, DType::Complex64, DType::BFloat16}) {
    for (const int64_t inner : {1, 3, 7, 64, 300, 5000}) {
      const Tensor a = range({6, inner}, t), row = range({inner}, t, 10), column = range({6, 1}, t, 2);
      const Tensor b = range({inner, 6}, t, 5);
      const Tensor transposed = make_view(b, {6, inner}, {1, 6}, 0);
      const Tensor other =
          t == DType::Float32 ? range({6, inner}, DType::Float64, 7) : range({6, inner}, DType::Float32, 7);
      for (const Tensor& y : {row, column, transposed, range({}, t, 4), other}) {
        const Tensor r = pointwise(add.spec, {a, y});
        const Tensor wide_y = make_view(
            y, {6, inner},
            [&] {
              DimVector sizes{6, inner};
              return expand_strides(y.sizes(), y.strides(), sizes);
            }(),
            0);
        ASSERT_EQ(r.sizes(), IntSpan({6, inner}));
        for (int64_t i = 0; i < 6; i++)
          for (int64_t j = 0; j < inner; j++) {
            const double exact = at(a, {i, j}) + at(wide_y, {i, j});
            double rounded = exact;
            TSVM_DISPATCH_ALL(r.dtype(), "round", rounded = convert<double>(convert<scalar_t>(exact)));
            if (t == DType::Int8) rounded = static_cast<int8_t>(static_cast<int64_t>(exact));
            if (t == DType::Int8 && r.dtype() == DType::Float32) rounded = exact;
            ASSERT_EQ(at(r, {i, j}), rounded) << name(t) << " " << inner << " at " << i << ", " << j;
          }
      }
    }
  }
}

TEST(Pointwise, ResultStrides) {
  const BinaryOp add(Op::Add);
  const Tensor a = make_view(range({2, 3}, DType::Float32), {3, 2}, {1, 3}, 0);
  EXPECT_EQ(pointwise(add.spec, {a, range({3, 2}, DType::Float32)}).strides(), IntSpan({1, 3}));
  const Tensor b = make_view(range({2, 1, 3}, DType::Float32), {3, 1, 2}, {1, 3, 3}, 0);
  EXPECT_EQ(pointwise(add.spec, {b, range({3, 4, 2}, DType::Float32)}).strides(), IntSpan({8, 2, 1}));
}

TEST(Pointwise, Targets) {
  const BinaryOp add(Op::Add);
  const Tensor f = range({2}, DType::Float32), longs = range({2}, DType::Int64);
  auto write = [&](const Tensor& out, Target target, const Operand& x, const Operand& y) {
    Tensor o = out;
    const Operand in[] = {x, y};
    pointwise(add.spec, in, nullptr, &o, target);
  };
  EXPECT_EQ(message_of([&] { write(longs, Target::InPlace, longs, Scalar(1.5)); }),
            "result type Float can't be cast to the desired output type Long");
  EXPECT_EQ(message_of([&] {
              write(f, Target::InPlace, f, range({2, 2}, DType::Float32));
            }),
            "output with shape [2] doesn't match the broadcast shape [2, 2]");
  EXPECT_EQ(message_of([&] {
              pointwise(add.spec, {f, range({3}, DType::Float32)});
            }),
            "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0");
  const Tensor expanded = make_view(f, {3, 2}, {0, 1}, 0);
  EXPECT_EQ(message_of([&] { write(expanded, Target::InPlace, expanded, f); }),
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            "Please clone() the tensor before performing the operation.");
  const Tensor x = range({4}, DType::Float32);
  EXPECT_EQ(
      message_of([&] {
        const Tensor to = make_view(x, {3}, {1}, 1);
        write(to, Target::InPlace, to, make_view(x, {3}, {1}, 0));
      }),
      "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
      "location. Please clone() the tensor before performing the operation.");
  write(f, Target::InPlace, f, range({2}, DType::Float64, 10));
  EXPECT_EQ(at(f, {0}), 11);
  EXPECT_EQ(at(f, {1}), 13);
  const Tensor doubles = empty({2}, DType::Float64);
  write(doubles, Target::Out, range({2}, DType::Float16, 2048), Scalar(1));
  EXPECT_EQ(at(doubles, {0}), 2048);  // rounded to half before it was widened
  const BinaryOp div(Op::FloorDiv);
  EXPECT_EQ(message_of([&] { pointwise(div.spec, {range({2}, DType::Int64), Scalar(0)}); }), "ZeroDivisionError");
  const BinaryOp bits(Op::And);
  EXPECT_EQ(message_of([&] { pointwise(bits.spec, {f, f}); }), "\"test\" not implemented for 'Float'");
}

TEST(Pointwise, AliasedResultsAreWrittenLast) {
  // x <- (x + 1) * x: the sum must not be written over the x that the product still reads.
  Builder b;
  const uint16_t x = b.input(CType::F32);
  const uint16_t s = b.op(Op::Add, x, b.constant(CType::F32, 1.0));
  const uint16_t product = b.op(Op::Mul, s, x);
  const OwnedProgram owned = b.finish({s, product});
  const Program p = owned.view();
  PointwiseSpec spec{};
  spec.name = "test";
  spec.inputs = 1;
  spec.results = 2;
  spec.programs[static_cast<int>(CType::F32)] = &p;
  const Tensor t = range({3000}, DType::Float32), other = empty({3000}, DType::Float32);
  Tensor out[] = {t, other};
  const Operand in[] = {t};
  pointwise(spec, in, nullptr, out, Target::Out);
  for (int64_t i = 0; i < 3000; i++) {
    const float v = static_cast<float>(i + 1);
    ASSERT_EQ(t.data_ptr<float>()[i], v + 1);
    ASSERT_EQ(other.data_ptr<float>()[i], (v + 1) * v);
  }
}

TEST(Pointwise, Meta) {
  const BinaryOp add(Op::Add);
  const Tensor m = empty({2, 1}, DType::Float32, Device(DeviceType::Meta));
  const Tensor r = pointwise(add.spec, {m, empty({3}, DType::Int64, Device(DeviceType::Meta))});
  EXPECT_TRUE(r.is_meta());
  EXPECT_EQ(r.sizes(), IntSpan({2, 3}));
  EXPECT_EQ(message_of([&] {
              pointwise(add.spec, {range({2}, DType::Float32), m});
            }),
            "Expected all tensors to be on the same device, but found at least two devices, meta and cpu!");
}

TEST(Pointwise, LargeOnThreads) {
  const BinaryOp mul(Op::Mul);
  const Tensor a = range({300001}, DType::Float64), r = pointwise(mul.spec, {a, a});
  for (int64_t i = 0; i < a.numel(); i += 997)
    ASSERT_EQ(at(r, {i}), static_cast<double>(i + 1) * static_cast<double>(i + 1));
}

}  // namespace
}  // namespace tsvm::ops::scalar
