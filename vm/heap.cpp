#include "vm/heap.h"

#include <cstdio>
#include <cstdlib>
#include <unordered_map>

#include "base/check.h"
#include "vm/runtime.h"
#include "vm/vm.h"
#include "vm/weak.h"

namespace tsvm::vm {

namespace {

constexpr int kMaxDepth = 40;

// Colours while a collection runs; 0 outside of one.
constexpr uint8_t kSuspect = 1, kReached = 2;

size_t object_size(const Object* o) {
  return o->type->slots.size_of ? o->type->slots.size_of(o) : o->type->instance_size;
}

/// Everything an object holds: what its type knows, its own attributes and its class.
void traverse(Object* o, void (*visit)(Value, void*), void* context) {
  Type* t = o->type;
  if (t->slots.traverse) t->slots.traverse(o, visit, context);
  if (Attributes* a = attributes_of(o); a && a->shape)
    for (uint32_t i = 0; i < a->shape->count; i++) visit(a->fields[i], context);
  if (t->is_heap) visit(Value::object(t), context);
}

/// The working copy of a count. GcObjects keep it where gc_prev is, which is restored afterwards.
struct Counts {
  static int64_t get(Object* o) {
    if (o->flags & kTracked) return reinterpret_cast<intptr_t>(static_cast<GcObject*>(o)->gc_prev);
    return static_cast<int32_t>(attributes_of(o)->gc_refs);
  }
  static void set(Object* o, int64_t n) {
    if (o->flags & kTracked)
      static_cast<GcObject*>(o)->gc_prev = reinterpret_cast<GcObject*>(static_cast<intptr_t>(n));
    else
      attributes_of(o)->gc_refs = static_cast<uint32_t>(n);
  }
};

/// Colours everything that is referenced from outside of `objects` (beyond `held` references each) kReached.
void find_reachable(const std::vector<Object*>& objects, int64_t held) {
  for (Object* o : objects) {
    o->gc_color = kSuspect;
    Counts::set(o, static_cast<int64_t>(o->refs) - held);
  }
  for (Object* o : objects)
    traverse(
        o,
        [](Value v, void*) {
          if (v.is_object() && v.o->gc_color == kSuspect) Counts::set(v.o, Counts::get(v.o) - 1);
        },
        nullptr);
  std::vector<Object*> work;
  for (Object* o : objects) {
    if (o->gc_color != kSuspect || Counts::get(o) <= 0) continue;
    o->gc_color = kReached;
    work.push_back(o);
    while (!work.empty()) {
      Object* next = work.back();
      work.pop_back();
      traverse(
          next,
          [](Value v, void* w) {
            if (!v.is_object() || v.o->gc_color != kSuspect) return;
            v.o->gc_color = kReached;
            static_cast<std::vector<Object*>*>(w)->push_back(v.o);
          },
          &work);
    }
  }
}

}  // namespace

Heap::Heap(VM& vm) : vm_(vm) {
  young_.gc_next = young_.gc_prev = &young_;
  old_.gc_next = old_.gc_prev = &old_;
}

Heap::~Heap() {
  for (void* c : chunks_) std::free(c);
}

void* Heap::allocate_slow(size_t size) {
  size_t c = (size + kStep - 1) / kStep;
  if (!kPooled || c >= kClasses) {
    void* p = std::malloc(size ? size : 1);
    if (!p) {
      std::fputs("tsvm: out of memory\n", stderr);
      std::abort();
    }
    return p;
  }
  size_t bytes = c * kStep;
  if (bytes == 0) bytes = kStep;
  if (bump_ == nullptr || bump_ + bytes > bump_end_) {
    bump_ = static_cast<std::byte*>(std::aligned_alloc(kStep, kChunk));
    TSVM_CHECK(bump_, "out of memory");
    bump_end_ = bump_ + kChunk;
    chunks_.push_back(bump_);
  }
  void* p = bump_;
  bump_ += bytes;
  return p;
}

void Heap::free_slow(void* block) { std::free(block); }

void Heap::track(GcObject* o) {
  if (o->flags & kTracked) return;
  o->flags |= kTracked;
  o->gc_prev = young_.gc_prev;
  o->gc_next = &young_;
  young_.gc_prev->gc_next = o;
  young_.gc_prev = o;
  if (++young_count_ >= kYoungThreshold) {
    due_ = true;
    vm_.interrupted.store(true, std::memory_order_relaxed);
    // Most containers are made by code that reaches a safe point soon; native code that makes many does not.
    if (young_count_ >= kYoungThreshold * 8 && enabled) collect_due();
  }
}

void Heap::untrack(GcObject* o) {
  if (!(o->flags & kTracked)) return;
  o->flags &= ~kTracked;
  o->gc_prev->gc_next = o->gc_next;
  o->gc_next->gc_prev = o->gc_prev;
  o->gc_next = o->gc_prev = nullptr;
  // Which generation it was in is not known; the counts only steer the thresholds.
  if (young_count_ > 0)
    young_count_--;
  else if (old_count_ > 0)
    old_count_--;
}

void Heap::track_extra(Object* o) {
  o->flags |= kExtra;
  extra_.insert(o);
}

void Heap::untrack_extra(Object* o) {
  o->flags &= ~kExtra;
  extra_.erase(o);
}

void Heap::collect_due() {
  due_ = false;
  if (collecting_ || !later_.empty()) return;
  collect(old_count_ > old_at_last_ + old_at_last_ / 4 + 10000);
}

size_t Heap::collect_all() {
  if (collecting_ || !later_.empty()) return 0;
  return collect(true);
}

size_t Heap::collect(bool full) {
  collecting_ = true;
  collections++;
  std::vector<Object*> objects;
  objects.reserve(young_count_ + (full ? old_count_ : 0));
  if (full) {
    for (GcObject* o = old_.gc_next; o != &old_; o = o->gc_next) objects.push_back(o);
    for (Object* o : extra_) objects.push_back(o);
  }
  size_t first_young = objects.size();
  for (GcObject* o = young_.gc_next; o != &young_; o = o->gc_next) objects.push_back(o);
  (void)first_young;
  find_reachable(objects, 0);

  // Survivors go to the old list, garbage back to the young one; both lists are built anew, which restores gc_prev.
  std::vector<Object*> garbage;
  if (full) {
    old_.gc_next = old_.gc_prev = &old_;
    old_count_ = 0;
  }
  young_.gc_next = young_.gc_prev = &young_;
  young_count_ = 0;
  for (Object* o : objects) {
    bool dead = o->gc_color == kSuspect;
    o->gc_color = 0;
    if (dead) garbage.push_back(o);
    if (!(o->flags & kTracked)) continue;
    auto* g = static_cast<GcObject*>(o);
    Head& list = dead ? young_ : old_;
    g->gc_prev = list.gc_prev;
    g->gc_next = &list;
    list.gc_prev->gc_next = g;
    list.gc_prev = g;
    (dead ? young_count_ : old_count_)++;
  }
  if (full) old_at_last_ = old_count_;
  size_t found = free_garbage(garbage);
  collecting_ = false;
  return found;
}

size_t Heap::free_garbage(std::vector<Object*>& garbage) {
  if (garbage.empty()) return 0;
  for (Object* o : garbage) o->refs++;
  for (Object* o : garbage)
    if (o->flags & kWeakly) clear_weak_references(vm_, o);
  bool ran = false;
  for (Object* o : garbage) {
    if (!o->type->slots.finalize || (o->flags & kFinalized)) continue;
    o->flags |= kFinalized;
    o->type->slots.finalize(vm_, Value::object(o));
    ran = true;
  }
  std::vector<Object*> dead = std::move(garbage);
  std::vector<Object*> revived;
  if (ran) {
    // Finalizers may have made something reachable again. gc_prev is borrowed for counts once more, so the lists are
    // taken apart and put together around it.
    std::vector<std::pair<GcObject*, GcObject*>> links;
    for (Object* o : dead)
      if (o->flags & kTracked) links.emplace_back(static_cast<GcObject*>(o), static_cast<GcObject*>(o)->gc_prev);
    find_reachable(dead, 1);
    for (auto [o, prev] : links) o->gc_prev = prev;
    std::vector<Object*> still;
    for (Object* o : dead) {
      (o->gc_color == kSuspect ? still : revived).push_back(o);
      o->gc_color = 0;
    }
    dead.swap(still);
  }
  for (Object* o : dead)
    if (o->type->slots.clear && o->type != vm_.types.type) o->type->slots.clear(vm_, o);
  for (Object* o : dead) {
    if (Attributes* a = attributes_of(o); a && a->shape) {
      for (uint32_t i = 0; i < a->shape->count; i++) {
        Value v = a->fields[i];
        a->fields[i] = Value();
        release(v);
      }
    }
  }
  // Classes last: their instances need them to be freed.
  for (Object* o : dead)
    if (o->kind == Kind::Type && o->type->slots.clear) o->type->slots.clear(vm_, o);
  size_t found = dead.size();
  for (Object* o : dead) release(Value::object(o));
  for (Object* o : revived) release(Value::object(o));
  return found;
}

void destroy(Object* o) {
  Heap& heap = o->type->vm->heap;
  if (heap.depth_ >= kMaxDepth) {
    heap.later_.push_back(o);
    return;
  }
  heap.depth_++;
  heap.destroy_now(o);
  heap.depth_--;
  if (heap.depth_ == 0) {
    while (!heap.later_.empty()) {
      Object* next = heap.later_.back();
      heap.later_.pop_back();
      heap.depth_++;
      heap.destroy_now(next);
      heap.depth_--;
    }
  }
}

void Heap::destroy_now(Object* o) {
  Type* t = o->type;
  if (t->slots.finalize && !(o->flags & kFinalized)) {
    o->flags |= kFinalized;
    o->refs = 1;
    Value pending = vm_.pending;
    vm_.pending = Value();
    t->slots.finalize(vm_, Value::object(o));
    vm_.pending = pending;
    if (--o->refs > 0) return;
  }
  if (o->flags & kWeakly) {
    o->refs = 1;
    Value pending = vm_.pending;
    vm_.pending = Value();
    clear_weak_references(vm_, o);
    vm_.pending = pending;
    if (--o->refs > 0) return;
  }
  o->flags |= kDying;
  if (o->flags & kTracked) untrack(static_cast<GcObject*>(o));
  if (o->flags & kExtra) untrack_extra(o);
  if (Attributes* a = attributes_of(o); a && a->fields) {
    uint32_t count = a->shape ? a->shape->count : 0;
    Value* fields = a->fields;
    uint32_t capacity = a->capacity;
    a->fields = nullptr;
    for (uint32_t i = 0; i < count; i++) release(fields[i]);
    free(fields, capacity * sizeof(Value));
  }
  size_t size = object_size(o);
  bool counted_type = t->is_heap;
  if (t->slots.dealloc) t->slots.dealloc(vm_, o);
  live_objects_--;
  free(o, size);
  if (counted_type) release(Value::object(t));
}

void Heap::validate() {
  std::vector<Object*> objects(extra_.begin(), extra_.end());
  each([&](GcObject* o) { objects.push_back(o); });
  for (Object* o : objects) {
    TSVM_CHECK(o->refs > 0 || o->type == nullptr, "a tracked object has no references");
    TSVM_CHECK(o->type && o->type->vm == &vm_, "an object's type belongs to another VM");
    TSVM_CHECK(o->gc_color == 0, "an object kept a colour of a collection");
    o->gc_color = kSuspect;
    traverse(
        o,
        [](Value v, void* vm) {
          TSVM_CHECK(v.tag <= Tag::Object, "a broken tag");
          if (!v.is_object()) return;
          TSVM_CHECK(v.o->refs > 0, "a reference to a dead object");
          TSVM_CHECK(v.o->type && v.o->type->vm == vm, "a reference to an object of another VM");
        },
        &vm_);
  }
  // Counts: no object is referenced from containers more often than it says.
  for (Object* o : objects) o->gc_color = 0;
  std::unordered_map<Object*, uint32_t> seen;
  for (Object* o : objects)
    traverse(
        o,
        [](Value v, void* s) {
          if (v.is_object()) (*static_cast<std::unordered_map<Object*, uint32_t>*>(s))[v.o]++;
        },
        &seen);
  for (auto [o, n] : seen) TSVM_CHECK(n <= o->refs, "an object has fewer counts than references");
}

}  // namespace tsvm::vm
