#include "ops/tensor/generator.h"

#include <cmath>
#include <cstring>
#include <random>

namespace tsvm::ops {

Mt19937::Mt19937(uint32_t seed) : left_(1), next_(0) {
  words_[0] = seed;
  for (uint32_t i = 1; i < kWords; i++) words_[i] = 1812433253u * (words_[i - 1] ^ (words_[i - 1] >> 30)) + i;
}

void Mt19937::refill() {
  constexpr int kShift = 397;
  auto twist = [](uint32_t u, uint32_t v) {
    return (((u & 0x80000000u) | (v & 0x7fffffffu)) >> 1) ^ (v & 1u ? 0x9908b0dfu : 0u);
  };
  for (int i = 0; i < kWords - kShift; i++) words_[i] = words_[i + kShift] ^ twist(words_[i], words_[i + 1]);
  for (int i = kWords - kShift; i < kWords - 1; i++)
    words_[i] = words_[i + kShift - kWords] ^ twist(words_[i], words_[i + 1]);
  words_[kWords - 1] = words_[kShift - 1] ^ twist(words_[kWords - 1], words_[0]);
  left_ = kWords;
  next_ = 0;
}

Generator::Generator(uint64_t seed) : state_(new State(seed)) {}

void Generator::manual_seed(uint64_t seed) {
  state_->seed = seed;
  state_->engine = Mt19937(static_cast<uint32_t>(seed));
  state_->next_normal.reset();
  state_->next_float_normal.reset();
}

uint64_t Generator::seed() {
  std::random_device device;
  const uint64_t high = device();
  // As many bits as a double holds, so that the number survives a way through Python floats.
  const uint64_t seed = (high << 32 | device()) & 0x1fffffffffffffu;
  manual_seed(seed);
  return seed;
}

Generator Generator::clone() const {
  Generator g(state_->seed);
  g.state_->engine = state_->engine;
  g.state_->next_normal = state_->next_normal;
  g.state_->next_float_normal = state_->next_float_normal;
  return g;
}

double Generator::normal() {
  if (state_->next_normal) {
    const double v = *state_->next_normal;
    state_->next_normal.reset();
    return v;
  }
  const double u1 = uniform_double();
  const double u2 = uniform_double();
  const double r = std::sqrt(-2.0 * std::log(1.0 - u2));
  const double theta = 2.0 * M_PI * u1;
  state_->next_normal = r * std::sin(theta);
  return r * std::cos(theta);
}

float Generator::normal_float() {
  if (state_->next_float_normal) {
    const float v = *state_->next_float_normal;
    state_->next_float_normal.reset();
    return v;
  }
  const float u1 = uniform_float();
  const float u2 = uniform_float();
  const float r = std::sqrt(-2.0f * std::log(1.0f - u2));
  const float theta = 2.0f * static_cast<float>(M_PI) * u1;
  state_->next_float_normal = r * std::sin(theta);
  return r * std::cos(theta);
}

namespace {

/// The layout of PyTorch's saved CPU generator.
struct SavedState {
  uint64_t seed;
  int32_t left;
  int32_t seeded;
  uint64_t next;
  uint64_t words[Mt19937::kWords];
  double normal_x;
  double normal_y;
  double normal_rho;
  int32_t normal_valid;
  float next_float_normal;
  bool next_float_normal_valid;
};

}  // namespace

Tensor Generator::get_state() const {
  static_assert(sizeof(SavedState) <= kStateBytes);
  SavedState saved;
  std::memset(static_cast<void*>(&saved), 0, sizeof saved);
  saved.seed = state_->seed;
  saved.left = state_->engine.left_;
  saved.seeded = 1;
  saved.next = state_->engine.next_;
  for (int i = 0; i < Mt19937::kWords; i++) saved.words[i] = state_->engine.words_[i];
  if (state_->next_normal) {
    saved.normal_y = *state_->next_normal;
    saved.normal_rho = 1;
    saved.normal_valid = 1;
  }
  if (state_->next_float_normal) {
    saved.next_float_normal = *state_->next_float_normal;
    saved.next_float_normal_valid = true;
  }
  Tensor bytes = empty({kStateBytes}, DType::UInt8);
  std::memset(bytes.data(), 0, kStateBytes);
  std::memcpy(bytes.data(), &saved, sizeof saved);
  return bytes;
}

void Generator::set_state(const Tensor& bytes) {
  OPS_CHECK(bytes.dtype() == DType::UInt8 && bytes.is_cpu() && bytes.is_contiguous(), TypeError,
            "RNG state must be a torch.ByteTensor");
  OPS_CHECK(bytes.numel() == kStateBytes, RuntimeError,
            "Expected either a CPUGeneratorImplStateLegacy of size 5048 or a CPUGeneratorImplState of size 5056 but "
            "found the input RNG state size to be ",
            bytes.numel());
  SavedState saved;
  std::memcpy(static_cast<void*>(&saved), bytes.data(), sizeof saved);
  OPS_CHECK(saved.left > 0 && saved.left <= Mt19937::kWords && saved.next <= Mt19937::kWords &&
                (saved.left == 1 || saved.next + static_cast<uint64_t>(saved.left) - 1 <= Mt19937::kWords),
            RuntimeError, "Invalid mt19937 state");
  state_->seed = saved.seed;
  state_->engine.left_ = saved.left;
  state_->engine.next_ = static_cast<uint32_t>(saved.next);
  for (int i = 0; i < Mt19937::kWords; i++) state_->engine.words_[i] = static_cast<uint32_t>(saved.words[i]);
  state_->next_normal.reset();
  if (saved.normal_valid) state_->next_normal = saved.normal_y;
  state_->next_float_normal.reset();
  if (saved.next_float_normal_valid) state_->next_float_normal = saved.next_float_normal;
}

namespace {
constinit thread_local Generator* t_default = nullptr;
}

Generator& default_generator() {
  if (t_default) return *t_default;
  static thread_local Generator own;
  return own;
}

void set_default_generator(Generator* generator) { t_default = generator; }

}  // namespace tsvm::ops
