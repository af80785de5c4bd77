#include "ops/scalar/kernels.h"

#include <cstdlib>
#include <cstring>

namespace tsvm::ops::scalar {

namespace {

struct Tables {
  const KernelTable* list[3];
  int count = 0;
};

Tables find_tables() {
  __builtin_cpu_init();
  const char* limit = std::getenv("TSVM_CPU");
  Tables t;
  t.list[t.count++] = &baseline::kTable;
  if (limit && std::strcmp(limit, "baseline") == 0) return t;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("f16c")) return t;
  t.list[t.count++] = &avx2::kTable;
  if (limit && std::strcmp(limit, "avx2") == 0) return t;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw"))
    t.list[t.count++] = &avx512::kTable;
  return t;
}

const Tables& tables() {
  static const Tables t = find_tables();
  return t;
}

}  // namespace

const KernelTable& kernels() {
  static const KernelTable& best = *tables().list[tables().count - 1];
  return best;
}

std::span<const KernelTable* const> runnable_kernels() { return {tables().list, static_cast<size_t>(tables().count)}; }

}  // namespace tsvm::ops::scalar
