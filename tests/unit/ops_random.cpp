// The random generator against PyTorch 1.13: hashes of the bytes of its results (data/random_expected.txt), a line
// each: what, dtype, size, FNV-1a hash; the seed was 1000 + size.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "ops/cpu/kernels.h"

using namespace tsvm::ops;
namespace cpu = tsvm::ops::cpu;

namespace {

uint64_t fnv(const Tensor& t) {
  const Tensor c = cpu::contiguous(t);
  const uint8_t* p = c.data_ptr<uint8_t>();
  uint64_t h = 0xcbf29ce484222325u;
  for (size_t i = 0; i < c.nbytes(); i++) h = (h ^ p[i]) * 0x100000001b3u;
  return h;
}

using Make = std::function<Tensor(int64_t, DType)>;

std::map<std::string, Make> makers() {
  auto filled = [](auto fill) -> Make {
    return [fill](int64_t n, DType d) {
      Tensor t = empty({n}, d);
      fill(t);
      return t;
    };
  };
  const Tensor p = cpu::linspace(Scalar(0.05), Scalar(0.95), 7);
  auto draws = [p](DType p_type) -> Make {
    return [p, p_type](int64_t n, DType d) {
      Tensor t = empty({n, 7}, d);
      cpu::bernoulli_(t, cpu::to(p, p_type));
      return t;
    };
  };
  return {
      {"uniform_", filled([](const Tensor& t) { cpu::uniform_(t); })},
      {"uniform_range", filled([](const Tensor& t) { cpu::uniform_(t, -2.5, 3.75); })},
      {"normal_", filled([](const Tensor& t) { cpu::normal_(t); })},
      {"normal_scaled", filled([](const Tensor& t) { cpu::normal_(t, 1.5, 0.02); })},
      {"normal_strided",
       [](int64_t n, DType d) {
         Tensor t = cpu::slice(empty({2 * n}, d), 0, {}, {}, 2);
         cpu::normal_(t);
         return t;
       }},
      {"normal_t",
       [](int64_t n, DType d) {
         Tensor t = cpu::t(empty({n, 3}, d));
         cpu::normal_(t);
         return t;
       }},
      {"random_", filled([](const Tensor& t) { cpu::random_(t); })},
      {"random_to", filled([](const Tensor& t) { cpu::random_(t, 100); })},
      {"random_big", filled([](const Tensor& t) { cpu::random_(t, -(int64_t{1} << 40), int64_t{1} << 41); })},
      {"random_from", filled([](const Tensor& t) { cpu::random_(t, 7, std::optional<int64_t>()); })},
      {"bernoulli_", filled([](const Tensor& t) { cpu::bernoulli_(t, 0.3); })},
      {"bernoulli_t32", draws(DType::Float32)},
      {"bernoulli_t64", draws(DType::Float64)},
      {"exponential_", filled([](const Tensor& t) { cpu::exponential_(t, 0.7); })},
      {"geometric_", filled([](const Tensor& t) { cpu::geometric_(t, 0.2); })},
      {"cauchy_", filled([](const Tensor& t) { cpu::cauchy_(t, 1, 2); })},
      {"log_normal_", filled([](const Tensor& t) { cpu::log_normal_(t); })},
      {"randperm", [](int64_t n, DType d) { return cpu::randperm(std::min<int64_t>(n, 100), d); }},
      {"multinomial",
       [](int64_t n, DType d) {
         Tensor w = cpu::expand(cpu::linspace(Scalar(0.1), Scalar(1), n + 3, d), {2, n + 3});
         return cpu::multinomial(w, std::min<int64_t>(n, 4));
       }},
      {"multinomial_r",
       [](int64_t n, DType d) { return cpu::multinomial(cpu::linspace(Scalar(0.1), Scalar(1), n + 3, d), n, true); }},
      {"mixed",
       [](int64_t n, DType d) {
         Tensor out = empty({n + 7}, d);
         cpu::copy_(cpu::slice(out, 0, 0, 3), cpu::randn({3}, d));
         cpu::copy_(cpu::slice(out, 0, 3, 5), cpu::rand({2}, d));
         cpu::copy_(cpu::slice(out, 0, 5, n + 5), cpu::randn({n}, d));
         cpu::copy_(cpu::slice(out, 0, n + 5), cpu::randn({2}, d));
         return out;
       }},
      {"state",
       [](int64_t, DType) {
         default_generator().manual_seed(5);
         cpu::randn({3});
         cpu::randn({3}, DType::Float64);
         return default_generator().get_state();
       }},
  };
}

}  // namespace

TEST(Random, Recorded) {
  std::ifstream in(TSVM_TEST_DATA "/random_expected.txt");
  ASSERT_TRUE(in.good());
  const auto make = makers();
  std::string line;
  int n = 0;
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    std::string what, dtype, hash;
    int64_t size;
    fields >> what >> dtype >> size >> hash;
    default_generator().manual_seed(1000 + static_cast<uint64_t>(size));
    const Tensor t = make.at(what)(size, dtype == "-" ? DType::UInt8 : *dtype_from_name(dtype));
    EXPECT_EQ(fnv(t), std::stoull(hash, nullptr, 16)) << line;
    n++;
  }
  EXPECT_GT(n, 900);
}

TEST(Random, FirstNumbers) {
  Generator g(0);
  Tensor t = cpu::randn({16}, {}, {}, g);
  EXPECT_EQ(t.data_ptr<float>()[0], -1.1258398294448853f);
  EXPECT_EQ(t.data_ptr<float>()[15], -0.2472781538963318f);
  g.manual_seed(0);
  EXPECT_EQ(cpu::rand({3}, {}, {}, g).data_ptr<float>()[0], 0.49625658988952637f);
}

TEST(Random, StateGoesBack) {
  Generator g(42);
  cpu::randn({3}, {}, {}, g);  // leaves a cached sample
  const Tensor saved = g.get_state();
  Generator copy = g.clone();
  const uint64_t want = fnv(cpu::randn({700}, {}, {}, g));
  g.set_state(saved);
  EXPECT_EQ(fnv(cpu::randn({700}, {}, {}, g)), want);
  EXPECT_EQ(fnv(cpu::randn({700}, {}, {}, copy)), want);
  EXPECT_THROW(g.set_state(cpu::zeros({10}, DType::UInt8)), Error);
  EXPECT_THROW(g.set_state(cpu::zeros({Generator::kStateBytes}, DType::UInt8)), Error);
}

TEST(Random, Errors) {
  Tensor t = empty({3}, DType::Float32), longs = empty({3}, DType::Int64);
  EXPECT_THROW(cpu::normal_(t, 0, -1), Error);
  EXPECT_THROW(cpu::normal_(longs), Error);
  EXPECT_THROW(cpu::random_(t, 5, 3), Error);
  EXPECT_THROW(cpu::random_(empty({3}, DType::UInt8), 0, 300), Error);
  EXPECT_THROW(cpu::bernoulli_(t, 2.0), Error);
  EXPECT_THROW(cpu::multinomial(cpu::zeros({2}), 1), Error);
  EXPECT_THROW(cpu::multinomial(cpu::ones({2}), 3), Error);
}
