// What the other headers need of the compiler.
#pragma once

#include <cstddef>
#include <cstdint>

#define C10_API
#define TORCH_API
#define C10_UNUSED __attribute__((unused))
#define C10_LIKELY(x) (__builtin_expect(static_cast<bool>(x), 1))
#define C10_UNLIKELY(x) (__builtin_expect(static_cast<bool>(x), 0))
#define C10_NODISCARD [[nodiscard]]
#define C10_CONCATENATE_IMPL(a, b) a##b
#define C10_CONCATENATE(a, b) C10_CONCATENATE_IMPL(a, b)
#define C10_ANONYMOUS_VARIABLE(name) C10_CONCATENATE(name, __COUNTER__)
#define C10_STRINGIZE_IMPL(x) #x
#define C10_STRINGIZE(x) C10_STRINGIZE_IMPL(x)
#define C10_EXPORT
#define C10_HOST_DEVICE
#define C10_DEVICE
#define C10_HOST
#define C10_ALWAYS_INLINE inline
#define AT_CPP14_CONSTEXPR constexpr

namespace c10 {}
namespace at {
using namespace c10;
namespace detail {}
}  // namespace at
namespace torch {
using namespace at;
}  // namespace torch
