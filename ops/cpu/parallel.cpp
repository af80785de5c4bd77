// The thread pool is libgomp's, which OpenBLAS and oneDNN share. It is opened when the first kernel is large enough for
// a second thread (or when such a library is opened): most programs start without it. Opening it late also lets us say
// how long its threads spin for more work. Its default, some milliseconds, starves every other process on a busy
// machine and, where threads outnumber free cores, the very thread that is waited for.
#include "ops/cpu/parallel.h"

#include <dlfcn.h>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <utility>

namespace tsvm::ops::cpu {
namespace {

constexpr const char* kLibrary = "libgomp.so.1";
constexpr const char* kSpins = "GOMP_SPINCOUNT";

struct Pool {
  void (*parallel)(void (*fn)(void*), void* data, unsigned threads, unsigned flags) = nullptr;
  int (*thread_num)() = nullptr;
  int (*team_size)() = nullptr;
  void (*set_num_threads)(int) = nullptr;
};

template <class F>
bool find(void* handle, const char* name, F& into) {
  into = reinterpret_cast<F>(dlsym(handle, name));
  return into != nullptr;
}

Pool load() {
  Pool pool;
  // The library reads its environment once, while it is loaded.
  const bool ours = !dlopen(kLibrary, RTLD_NOW | RTLD_NOLOAD) && !getenv(kSpins) && !getenv("OMP_WAIT_POLICY");
  if (ours) setenv(kSpins, "4000", 1);
  void* handle = dlopen(kLibrary, RTLD_NOW | RTLD_GLOBAL);
  if (ours) unsetenv(kSpins);
  if (!handle || !find(handle, "omp_get_thread_num", pool.thread_num) ||
      !find(handle, "omp_get_num_threads", pool.team_size) ||
      !find(handle, "omp_set_num_threads", pool.set_num_threads) || !find(handle, "GOMP_parallel", pool.parallel))
    pool.parallel = nullptr;
  return pool;
}

const Pool& pool() {
  static const Pool p = load();
  return p;
}

int default_threads() {
  if (const char* text = getenv("OMP_NUM_THREADS"))
    if (int n = atoi(text); n > 0) return n;
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

// Two or three chunks of the usual size are done before a second thread has woken up and gone to sleep again.
constexpr int64_t kFewChunks = 4;

thread_local int threads_here = 0;  // 0: not asked yet
thread_local bool inside = false;   // this thread runs chunks
bool is_child = false;              // of a fork(): the pool's threads are the parent's

struct Region {
  int64_t chunks;
  void (*fn)(void*, int64_t);
  void* context;
  std::mutex mutex;
  std::exception_ptr error;
};

void run_share(void* data) {
  Region& r = *static_cast<Region*>(data);
  const int64_t size = pool().team_size(), me = pool().thread_num();
  const bool before = std::exchange(inside, true);
  try {
    for (int64_t i = r.chunks * me / size; i < r.chunks * (me + 1) / size; i++) r.fn(r.context, i);
  } catch (...) {
    std::lock_guard lock(r.mutex);
    if (!r.error) r.error = std::current_exception();
  }
  inside = before;
}

}  // namespace

int num_threads() {
  if (is_child) return 1;
  if (threads_here == 0) {
    static const int first = default_threads();
    threads_here = first;
  }
  return threads_here;
}

void set_num_threads(int n) {
  threads_here = n;
  if (dlopen(kLibrary, RTLD_NOW | RTLD_NOLOAD)) open_thread_pool();
}

void keep_to_one_thread() {
  is_child = true;
  if (dlopen(kLibrary, RTLD_NOW | RTLD_NOLOAD)) open_thread_pool();
}

void open_thread_pool() {
  if (pool().parallel) pool().set_num_threads(num_threads());
}

void run_chunks(int64_t chunks, void (*fn)(void*, int64_t), void* context) {
  const int64_t threads = chunks < kFewChunks ? 1 : std::min<int64_t>(num_threads(), chunks);
  if (threads <= 1 || inside || !pool().parallel) {
    for (int64_t i = 0; i < chunks; i++) fn(context, i);
    return;
  }
  Region region{chunks, fn, context, {}, {}};
  pool().parallel(run_share, &region, static_cast<unsigned>(threads), 0);
  if (region.error) std::rethrow_exception(region.error);
}

}  // namespace tsvm::ops::cpu
