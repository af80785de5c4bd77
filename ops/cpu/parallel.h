// Kernels on several threads, and on the vector instructions of this machine.
//
// Work is cut into chunks whose bounds depend on sizes only, never on the number of threads, so results do not either.
// All of it runs on one OpenMP pool, which work of a single chunk does not touch at all.
#pragma once

#include <cstdint>

namespace tsvm::ops::cpu {

/// Elements of cheap work that are worth a chunk of their own.
inline constexpr int64_t kGrain = 32768;

/// Threads that kernels called from this thread use.
int num_threads();
/// Sets it for the calling thread (at first it is the machine's, or OMP_NUM_THREADS).
void set_num_threads(int n);

/// For the child of a fork(), which has the calling thread alone: its kernels stay on that one from now on.
void keep_to_one_thread();

/// Opens the pool and tells it the calling thread's number. To be called before a library is opened that runs on it.
void open_thread_pool();

/// Runs fn(context, chunk) for chunk in [0, chunks) on the pool; an exception of one chunk is thrown again here.
void run_chunks(int64_t chunks, void (*fn)(void* context, int64_t chunk), void* context);

/// f(begin, end) over chunks of `grain` that cover [0, n).
template <class F>
inline void parallel_for(int64_t n, int64_t grain, const F& f) {
  if (n <= grain) {
    if (n > 0) f(int64_t{0}, n);
    return;
  }
  struct Context {
    const F& f;
    int64_t n, grain;
  } context{f, n, grain};
  run_chunks((n + grain - 1) / grain,
             [](void* p, int64_t chunk) {
               const Context& c = *static_cast<Context*>(p);
               const int64_t begin = chunk * c.grain;
               c.f(begin, begin + c.grain < c.n ? begin + c.grain : c.n);
             },
             &context);
}

inline bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c"); }
inline bool has_avx2_fma() { return has_avx2() && __builtin_cpu_supports("fma"); }

namespace detail {
// No fma: the compiler would contract a * b + c, and results would depend on the machine.
template <class F, class... Args>
[[gnu::target("avx2,f16c"), gnu::noinline]] void call_avx2(const F& f, Args... args) {
  f(args...);
}
}  // namespace detail

/// Calls f(args...) compiled for AVX2 where the machine has it. Write f as a lambda without captures,
/// [](float* x, int64_t n) TSVM_INLINE { loops }: what it captured would have to be loaded again after every store.
/// Mark what it calls TSVM_INLINE or inline, so that it is compiled into both versions.
template <class F, class... Args>
inline void vectorized(const F& f, Args... args) {
  if (has_avx2())
    detail::call_avx2(f, args...);
  else
    f(args...);
}

}  // namespace tsvm::ops::cpu

#define TSVM_INLINE __attribute__((always_inline))
