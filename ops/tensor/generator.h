// The CPU random generator: PyTorch's numbers, one for one.
//
// A 32-bit Mersenne Twister, and beside it one cached normal sample (the scalar normal path makes two at a time). The
// algorithms that turn its words into distributions are in ops/cpu/random.h; what is here is the state.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

#include "ops/tensor/tensor.h"

namespace tsvm::ops {

/// The 32-bit Mersenne Twister.
class Mt19937 {
 public:
  static constexpr int kWords = 624;

  explicit Mt19937(uint32_t seed);
  uint32_t next() {
    if (--left_ == 0) refill();
    uint32_t y = words_[next_++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
  }

 private:
  friend class Generator;
  void refill();

  uint32_t words_[kWords];
  int left_;  // words until the next refill, counting as PyTorch's saved state does
  uint32_t next_;
};

/// A counted handle of a generator. Copies share the state; clone() does not.
class Generator {
 public:
  static constexpr uint64_t kDefaultSeed = 67280421310721u;
  static constexpr int64_t kStateBytes = 5056;

  explicit Generator(uint64_t seed = kDefaultSeed);
  Generator(const Generator& o) : state_(o.state_) { state_->refs.fetch_add(1, std::memory_order_relaxed); }
  Generator& operator=(Generator o) noexcept {
    std::swap(state_, o.state_);
    return *this;
  }
  ~Generator() {
    if (state_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete state_;
  }
  bool is_same(const Generator& o) const { return state_ == o.state_; }

  void manual_seed(uint64_t seed);
  uint64_t initial_seed() const { return state_->seed; }
  /// Seeds from the system and returns the seed.
  uint64_t seed();
  Generator clone() const;

  uint32_t random32() { return state_->engine.next(); }
  /// Two words, the first one in the high half.
  uint64_t random64() {
    const uint64_t high = state_->engine.next();
    return high << 32 | state_->engine.next();
  }
  /// Uniform in [0, 1): 24 bits of one word, 53 bits of two.
  float uniform_float() { return static_cast<float>(random32() & 0xffffffu) * 0x1p-24f; }
  double uniform_double() { return static_cast<double>(random64() & 0x1fffffffffffffu) * 0x1p-53; }
  /// One standard normal sample by Box-Muller; every second call returns the cached partner.
  double normal();
  float normal_float();

  /// The state as the byte tensor that torch.get_rng_state() gives, and back.
  Tensor get_state() const;
  void set_state(const Tensor& bytes);

 private:
  struct State {
    explicit State(uint64_t s) : engine(static_cast<uint32_t>(s)), seed(s) {}
    std::atomic<uint32_t> refs{1};
    Mt19937 engine;
    uint64_t seed;
    std::optional<double> next_normal;
    std::optional<float> next_float_normal;
  };
  State* state_;
};

/// The generator used where an operator is given none. Belongs to the thread that runs.
Generator& default_generator();
/// Makes `generator` (null: one of the thread's own) the default of this thread; the caller keeps it alive.
void set_default_generator(Generator* generator);

}  // namespace tsvm::ops
