#include "ops/cpu/openblas.h"

#include <dlfcn.h>

#include <initializer_list>

#include "ops/cpu/parallel.h"

namespace tsvm::ops::cpu {
namespace {

struct Loaded {
  void* handle = nullptr;
  OpenBlas table{};
  bool complete = false;
};

template <class F>
bool find(void* handle, const char* name, F& into) {
  into = reinterpret_cast<F>(dlsym(handle, name));
  return into != nullptr;
}

Loaded load() {
  Loaded l;
  open_thread_pool();
  // The OpenMP build shares our thread pool. The plain name may be the build with threads of its own.
  for (const char* file : {"/usr/lib/x86_64-linux-gnu/openblas-openmp/libopenblas.so.0", "libopenblas.so.0"}) {
    l.handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (l.handle) break;
  }
  if (!l.handle) return l;
  // Products are cut for threads by their callers: the library's own threads meet several times in a product, each time
  // spinning, which is slow for small ones and very slow when the cores are busy.
  void (*set_threads)(int) = nullptr;
  if (find(l.handle, "openblas_set_num_threads", set_threads)) set_threads(1);
  l.complete = find(l.handle, "cblas_sgemm", l.table.sgemm) && find(l.handle, "cblas_dgemm", l.table.dgemm) &&
               find(l.handle, "cblas_cgemm", l.table.cgemm) && find(l.handle, "cblas_zgemm", l.table.zgemm);
  return l;
}

const Loaded& loaded() {
  static const Loaded l = load();
  return l;
}

}  // namespace

const OpenBlas* open_blas() { return loaded().complete ? &loaded().table : nullptr; }
void* open_blas_handle() { return loaded().handle; }

}  // namespace tsvm::ops::cpu
