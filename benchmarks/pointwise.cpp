// Times pointwise programs through the driver: one operation and fused chains, from 4 to 8 million elements.
//
//   build/bench_pointwise [--no-jit] [--cpu-time]       prints "bench<TAB>name<TAB>seconds" (the best of several
//   rounds)
//
// benchmarks/pointwise.py runs it beside PyTorch and prints ratios.
#include <cstdio>
#include <cstring>
#include <ctime>

#include "jit/fuse/fuse.h"
#include "ops/scalar/pointwise.h"

using namespace tsvm::ops;
using namespace tsvm::ops::scalar;

namespace {

bool g_cpu_time = false;

double now() {
  timespec t;
  clock_gettime(g_cpu_time ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

template <class F>
void time(const char* name, int64_t n, const F& f) {
  const int reps = n <= 4 ? 20000 : n <= 10000 ? 200 : n <= 1000000 ? 10 : 2;
  for (int i = 0; i < 3; i++) f();
  double best = 1e9;
  for (int round = 0; round < 7; round++) {
    const double start = now();
    for (int i = 0; i < reps; i++) f();
    best = std::min(best, (now() - start) / reps);
  }
  std::printf("bench\t%s n=%ld\t%.10f\n", name, static_cast<long>(n), best);
  std::fflush(stdout);
}

Tensor uniform(int64_t n) {
  Tensor t = empty({n}, DType::Float32);
  uint32_t state = 12345;
  for (int64_t i = 0; i < n; i++) {
    state = state * 1664525u + 1013904223u;
    t.data_ptr<float>()[i] = static_cast<float>(state >> 8) * 0x1p-22f - 2.0f;
  }
  return t;
}

PointwiseSpec spec_of(const Program& p) {
  PointwiseSpec s{};
  s.name = "bench";
  s.inputs = static_cast<uint8_t>(p.inputs);
  s.results = static_cast<uint8_t>(p.output_count);
  s.programs[static_cast<int>(CType::F32)] = &p;
  return s;
}

struct Case {
  const char* name;
  OwnedProgram owned;
  Program program;
  PointwiseSpec spec;
  Case(const char* n, OwnedProgram p) : name(n), owned(std::move(p)), program(owned.view()), spec(spec_of(program)) {}
};

OwnedProgram unary(Op op) {
  Builder b;
  const uint16_t x = b.input(CType::F32);
  return b.finish({b.op(op, x)});
}
OwnedProgram binary(Op op) {
  Builder b;
  const uint16_t x = b.input(CType::F32), y = b.input(CType::F32);
  return b.finish({b.op(op, x, y)});
}
OwnedProgram gelu_tanh() {
  Builder b;
  const uint16_t x = b.input(CType::F32);
  auto c = [&](double v) { return b.constant(CType::F32, v); };
  auto mul = [&](uint16_t p, uint16_t q) { return b.op(Op::Mul, p, q); };
  const uint16_t cube = mul(mul(mul(c(0.044715), x), x), x);
  const uint16_t inner = mul(c(0.7978845608), b.op(Op::Add, x, cube));
  return b.finish({mul(mul(c(0.5), x), b.op(Op::Add, c(1.0), b.op(Op::Tanh, inner)))});
}
OwnedProgram gelu_erf() {
  Builder b;
  const uint16_t x = b.input(CType::F32);
  auto c = [&](double v) { return b.constant(CType::F32, v); };
  const uint16_t e = b.op(Op::Erf, b.op(Op::Mul, x, c(0.70710678118654752440)));
  return b.finish({b.op(Op::Mul, b.op(Op::Mul, x, c(0.5)), b.op(Op::Add, e, c(1.0)))});
}
OwnedProgram swish_gate() {
  Builder b;
  const uint16_t x = b.input(CType::F32), y = b.input(CType::F32);
  return b.finish({b.op(Op::Mul, b.op(Op::Mul, x, b.op(Op::Sigmoid, x)), y)});
}
OwnedProgram adam_update() {
  Builder b;
  uint16_t in[4];
  for (uint16_t& v : in) v = b.input(CType::F32);
  auto c = [&](double v) { return b.constant(CType::F32, v); };
  auto mul = [&](uint16_t p, uint16_t q) { return b.op(Op::Mul, p, q); };
  auto add = [&](uint16_t p, uint16_t q) { return b.op(Op::Add, p, q); };
  const uint16_t p = in[0], g = in[1];
  const uint16_t m = add(mul(in[2], c(0.9)), mul(g, c(0.1)));
  const uint16_t v = add(mul(in[3], c(0.999)), mul(mul(g, g), c(0.001)));
  const uint16_t step = b.op(Op::Div, mul(c(0.001), m), add(b.op(Op::Sqrt, v), c(1e-8)));
  return b.finish({b.op(Op::Sub, p, step), m, v});
}

}  // namespace

int main(int argc, char** argv) {
  bool native = true;
  for (int i = 1; i < argc; i++) {
    if (std::strcmp(argv[i], "--no-jit") == 0) native = false;
    if (std::strcmp(argv[i], "--cpu-time") == 0) g_cpu_time = true;
  }
  if (native) tsvm::jit::fuse::install(tsvm::jit::fuse::Mode::On);
  Case cases[] = {{"add", binary(Op::Add)},        {"mul", binary(Op::Mul)},      {"exp", unary(Op::Exp)},
                  {"tanh", unary(Op::Tanh)},       {"log", unary(Op::Log)},       {"sin", unary(Op::Sin)},
                  {"sigmoid", unary(Op::Sigmoid)}, {"gelu_tanh", gelu_tanh()},    {"gelu_erf", gelu_erf()},
                  {"swish_gate", swish_gate()},    {"adam_update", adam_update()}};
  for (int64_t n : {int64_t{4}, int64_t{10000}, int64_t{1000000}, int64_t{8000000}}) {
    const Tensor x = uniform(n), y = uniform(n);
    const Operand operands[] = {x, y, x, pointwise(cases[1].spec, {y, y})};
    const Tensor positive = pointwise(cases[1].spec, {y, y});
    for (Case& c : cases) {
      const Operand in[] = {std::strcmp(c.name, "log") == 0 ? Operand(positive) : operands[0], y, x, positive};
      time(c.name, n, [&] {
        Tensor out[3];
        pointwise(c.spec, in, nullptr, out);
      });
    }
  }
}
