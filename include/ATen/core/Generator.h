// Random generators: handles of the library's.
#pragma once

#include <memory>
#include <mutex>

#include "c10/core/Device.h"
#include "c10/util/ArrayRef.h"

namespace at {

class Tensor;

class Generator {
 public:
  Generator() = default;
  bool defined() const { return static_cast<bool>(impl_); }
  void set_current_seed(uint64_t seed);
  uint64_t current_seed() const;
  /// Seeds from the system and gives the seed.
  uint64_t seed();
  Tensor get_state() const;
  void set_state(const Tensor& state);
  Generator clone() const;
  c10::Device device() const { return c10::Device(c10::kCPU); }
  /// For programs that lock a generator while they use it.
  std::mutex& mutex();
  friend bool operator==(const Generator& a, const Generator& b) { return a.impl_ == b.impl_; }
  friend bool operator!=(const Generator& a, const Generator& b) { return a.impl_ != b.impl_; }

  struct Impl;
  explicit Generator(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  const std::shared_ptr<Impl>& impl() const { return impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

/// Names the kind of generator that make_generator makes.
struct CPUGeneratorImpl {};

namespace detail {
const Generator& getDefaultCPUGenerator();
Generator createCPUGenerator(uint64_t seed = 67280421310721u);
}  // namespace detail

template <class Impl, class... Args>
Generator make_generator(Args&&... args) {
  return detail::createCPUGenerator(std::forward<Args>(args)...);
}

}  // namespace at
