// The heap of one VM: memory by size classes, and the cycle collector.
//
// Small blocks come from free lists per size (steps of 16 bytes), filled from chunks that live as long as the heap;
// larger ones from malloc. Whoever frees a block names its size. With the address sanitizer everything is malloc, so
// that it sees each block.
//
// Reference counts free nearly everything. Cycles are found by trial deletion: over a set of containers, subtract from
// a copy of each count the references that come from within the set; what keeps a count is referenced from outside, and
// what that reaches lives; the rest is garbage. Containers are in two generations, young and old; the young one is
// collected after kYoungThreshold more containers were made than freed, the old one when it has grown by a quarter.
// References from C++ code count like any other, so collection may happen at any allocation of a container.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "vm/object.h"

namespace tsvm::vm {

class Heap {
 public:
  explicit Heap(VM& vm);
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  /// Uninitialised memory; never null.
  void* allocate(size_t size) {
    size_t c = (size + kStep - 1) / kStep;
    live_bytes_ += size;
    if (kPooled && c < kClasses && free_[c]) {
      Free* f = free_[c];
      free_[c] = f->next;
      return f;
    }
    return allocate_slow(size);
  }
  /// `size` as given to allocate.
  void free(void* block, size_t size) {
    size_t c = (size + kStep - 1) / kStep;
    live_bytes_ -= size;
    if (kPooled && c < kClasses) {
      auto* f = static_cast<Free*>(block);
      f->next = free_[c];
      free_[c] = f;
      return;
    }
    free_slow(block);
  }

  /// Makes an object known to the collector. Its children may come later. May collect.
  void track(GcObject* o);
  void untrack(GcObject* o);
  /// The same for objects that are no GcObjects but have attributes (subclasses of str ...).
  void track_extra(Object* o);
  void untrack_extra(Object* o);

  /// Collects everything that is unreachable; gives the number of objects found.
  size_t collect_all();
  /// Collects if a threshold was passed; called at safe points.
  void collect_if_due() {
    if (due_ && enabled) collect_due();
  }

  /// Walks all containers and checks that counts are at least the references seen, that children are alive and that
  /// types fit; aborts with the object's description when one is broken.
  void validate();

  /// Objects that exist (not counting those of a type that are not allocated here).
  size_t live_objects() const { return live_objects_; }
  size_t live_bytes() const { return live_bytes_; }
  size_t tracked() const { return young_count_ + old_count_; }
  void count_object(int delta) { live_objects_ += delta; }
  /// Calls fn for each tracked container.
  template <class Fn>
  void each(Fn&& fn) {
    for (auto* list : {&young_, &old_})
      for (GcObject* o = list->gc_next; o != list; o = o->gc_next) fn(o);
  }

  bool enabled = true;
  size_t collections = 0;
  static constexpr size_t kYoungThreshold = 2000;

 private:
  friend void destroy(Object* o);
  struct Free {
    Free* next;
  };
  struct Head : GcObject {};
#if defined(__SANITIZE_ADDRESS__)
  static constexpr bool kPooled = false;
#else
  static constexpr bool kPooled = true;
#endif
  static constexpr size_t kStep = 16;
  static constexpr size_t kClasses = 33;  // up to 512 bytes
  static constexpr size_t kChunk = 64 * 1024;

  void* allocate_slow(size_t size);
  void free_slow(void* block);
  void collect_due();
  size_t collect(bool full);
  void destroy_now(Object* o);
  size_t free_garbage(std::vector<Object*>& garbage);

  VM& vm_;
  Free* free_[kClasses] = {};
  std::vector<void*> chunks_;
  std::byte* bump_ = nullptr;
  std::byte* bump_end_ = nullptr;
  Head young_, old_;
  size_t young_count_ = 0, old_count_ = 0, old_at_last_ = 0;
  std::unordered_set<Object*> extra_;
  size_t live_objects_ = 0, live_bytes_ = 0;
  bool due_ = false, collecting_ = false;
  int depth_ = 0;               // of nested destroy
  std::vector<Object*> later_;  // to be destroyed by the outermost destroy
};

}  // namespace tsvm::vm
