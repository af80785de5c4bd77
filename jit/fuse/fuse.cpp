#include "jit/fuse/fuse.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "jit/fuse/assemble.h"
#include "jit/fuse/vector_code.h"

namespace tsvm::jit::fuse {

using namespace ops::scalar;

namespace {

/// One program on one layout. Entries are never removed, so readers need no lock.
struct Entry {
  Entry* next;
  uint64_t hash;
  std::vector<Inst> code;
  std::vector<uint64_t> constants;
  std::vector<uint16_t> outputs;
  std::vector<NativeOperand> operands;
  std::atomic<NativeFn> fn{nullptr};
  std::atomic<bool> refused{false};
  std::atomic<int64_t> work{0};  // element operations interpreted so far

  bool is(const Program& p, const NativeOperand* o) const {
    return std::equal(operands.begin(), operands.end(), o) && p.size == code.size() &&
           p.constants_size == constants.size() && p.output_count == outputs.size() &&
           std::equal(code.begin(), code.end(), p.code) &&
           std::equal(constants.begin(), constants.end(), p.constants) &&
           std::equal(outputs.begin(), outputs.end(), p.outputs);
  }
};

/// Element operations after which compiling pays: about what it costs, some 100 microseconds of interpretation.
constexpr int64_t kWorthCompiling = 500000;
constexpr size_t kBuckets = 1024;

struct Cache {
  std::atomic<Entry*> buckets[kBuckets] = {};
  std::mutex mutex;  // held to insert and to compile
  Stats stats;
  int entries = 0;
};
Cache& cache() {
  // Never destroyed: other threads may run kernels while the process ends.
  static Cache& c = *new Cache();
  return c;
}

uint64_t hash_of(const Program& p, const NativeOperand* operands) {
  uint64_t h = p.hash;
  for (int k = 0; k < p.output_count + p.inputs; k++)
    h = (h ^ (static_cast<uint64_t>(operands[k].stored) << 8 | static_cast<uint64_t>(operands[k].access))) *
        0x9e3779b97f4a7c15ull;
  return h ^ h >> 31;
}

Entry* lookup(const Program& p, const NativeOperand* operands, uint64_t h) {
  for (Entry* e = cache().buckets[h % kBuckets].load(std::memory_order_acquire); e != nullptr; e = e->next)
    if (e->hash == h && e->is(p, operands)) return e;
  return nullptr;
}

Entry* insert(const Program& p, const NativeOperand* operands, uint64_t h) {
  Cache& c = cache();
  const std::lock_guard lock(c.mutex);
  if (Entry* e = lookup(p, operands, h)) return e;
  if (c.entries == kMaxKernels) return nullptr;
  Entry* e = new Entry();
  e->hash = h;
  e->code.assign(p.code, p.code + p.size);
  e->constants.assign(p.constants, p.constants + p.constants_size);
  e->outputs.assign(p.outputs, p.outputs + p.output_count);
  e->operands.assign(operands, operands + p.output_count + p.inputs);
  std::atomic<Entry*>& bucket = c.buckets[h % kBuckets];
  e->next = bucket.load(std::memory_order_relaxed);
  bucket.store(e, std::memory_order_release);
  c.entries++;
  return e;
}

/// Tells perf the name of the code, if TSVM_PERF_MAP is set.
void announce(const Machine& m, uint64_t hash) {
  if (std::getenv("TSVM_PERF_MAP") == nullptr) return;
  const std::string path = "/tmp/perf-" + std::to_string(getpid()) + ".map";
  if (std::FILE* f = std::fopen(path.c_str(), "a")) {
    std::fprintf(f, "%lx %zx tsvm_kernel_%016lx\n", reinterpret_cast<unsigned long>(m.entry), m.bytes,
                 static_cast<unsigned long>(hash));
    std::fclose(f);
  }
}

NativeFn compile_locked(const Program& p, const NativeOperand* operands, std::string& why, std::string* text) {
  Cache& c = cache();
  const auto start = std::chrono::steady_clock::now();
  const OwnedProgram lowered = lower(p);
  VectorCode code;
  Machine m;
  if (select_instructions(lowered.view(), operands, code, why)) m = assemble(code, why, text);
  c.stats.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (m.entry == nullptr) {
    c.stats.refused++;
    return nullptr;
  }
  c.stats.kernels++;
  c.stats.code_bytes += m.bytes;
  announce(m, hash_of(p, operands));
  return m.entry;
}

template <bool kForce>
NativeFn find(const Program& p, const NativeOperand* operands, int64_t elements) {
  const uint64_t h = hash_of(p, operands);
  Entry* e = lookup(p, operands, h);
  if (e == nullptr && (e = insert(p, operands, h)) == nullptr) return nullptr;
  if (NativeFn fn = e->fn.load(std::memory_order_acquire)) return fn;
  if (e->refused.load(std::memory_order_relaxed)) return nullptr;
  const int64_t work = e->work.fetch_add(elements * p.operations, std::memory_order_relaxed) + elements * p.operations;
  if (!kForce && work < kWorthCompiling) return nullptr;
  const std::lock_guard lock(cache().mutex);
  if (NativeFn fn = e->fn.load(std::memory_order_acquire)) return fn;
  if (e->refused.load(std::memory_order_relaxed)) return nullptr;
  std::string why;
  NativeFn fn = compile_locked(p, operands, why, nullptr);
  if (fn == nullptr)
    e->refused.store(true, std::memory_order_relaxed);
  else
    e->fn.store(fn, std::memory_order_release);
  return fn;
}

constexpr NativeCompiler kOn{find<false>}, kForce{find<true>};

}  // namespace

void install(Mode mode) {
  if (processor_can_run()) install_native_compiler(mode == Mode::Force ? &kForce : &kOn);
}
void uninstall() { install_native_compiler(nullptr); }

Stats stats() {
  const std::lock_guard lock(cache().mutex);
  return cache().stats;
}

NativeFn compile(const Program& p, const NativeOperand* operands, std::string* why, std::string* text) {
  std::string reason;
  if (!processor_can_run()) {
    if (why != nullptr) *why = "processor";
    return nullptr;
  }
  const std::lock_guard lock(cache().mutex);
  NativeFn fn = compile_locked(p, operands, reason, text);
  if (why != nullptr) *why = reason;
  return fn;
}

}  // namespace tsvm::jit::fuse
