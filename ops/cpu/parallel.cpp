#include "ops/cpu/parallel.h"

#include <omp.h>

#include <exception>

namespace tsvm::ops::cpu {
// OpenMP keeps this number for each thread, and libraries on the same pool follow it.
int num_threads() { return omp_get_max_threads(); }
void set_num_threads(int n) { omp_set_num_threads(n); }

void run_chunks(int64_t chunks, void (*fn)(void*, int64_t), void* context) {
  const int threads = num_threads();
  if (chunks == 1 || threads == 1 || omp_in_parallel()) {
    for (int64_t i = 0; i < chunks; i++) fn(context, i);
    return;
  }
  std::exception_ptr error;
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t i = 0; i < chunks; i++) {
    try {
      fn(context, i);
    } catch (...) {
#pragma omp critical(tsvm_chunk_error)
      if (!error) error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace tsvm::ops::cpu
