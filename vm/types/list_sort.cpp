// list.sort: stable merge sort over (key, item) pairs.
//
// Scalars stored unboxed and keys that are all strings, ints or floats are compared without calling anything. Otherwise
// `<` is called as the language defines it; it may fail, and it may touch the list, which is empty meanwhile: a list
// that is not empty afterwards was modified.
#include <algorithm>
#include <cmath>

#include "vm/types/list.h"

namespace tsvm::vm {

namespace {

struct Entry {
  Value key;
  Value item;
};

/// -1: exception.
using LessFn = int (*)(VM& vm, Value a, Value b);

int less_general(VM& vm, Value a, Value b) {
  Ref r(compare(vm, ir::CompareOp::Lt, a, b));
  if (r.is_error()) return -1;
  return truth(vm, *r);
}
int less_int(VM&, Value a, Value b) { return a.i < b.i; }
int less_float(VM&, Value a, Value b) { return a.d < b.d; }
int less_str(VM&, Value a, Value b) { return text_of(a) < text_of(b); }

LessFn choose(VM& vm, const std::vector<Entry>& entries) {
  bool ints = true, floats = true, strs = true;
  for (const Entry& e : entries) {
    ints &= e.key.is_int();
    floats &= e.key.is_float();
    strs &= is_str(e.key) && e.key.o->type == vm.types.str;
  }
  return ints ? less_int : floats ? less_float : strs ? less_str : less_general;
}

/// Sorts by natural runs: ascending stretches are found (strictly descending ones turned), then merged pairwise.
class Sorter {
 public:
  Sorter(VM& vm, std::vector<Entry>& entries, LessFn less) : vm_(vm), a_(entries), less_(less) {}

  bool sort() {
    size_t n = a_.size();
    std::vector<size_t> bounds{0};
    for (size_t i = 0; i < n;) {
      size_t end;
      if (!run(i, n, end)) return false;
      bounds.push_back(end);
      i = end;
    }
    std::vector<Entry> buffer(n);
    while (bounds.size() > 2) {
      std::vector<size_t> next{0};
      for (size_t k = 0; k + 1 < bounds.size(); k += 2) {
        if (k + 2 < bounds.size()) {
          if (!merge(bounds[k], bounds[k + 1], bounds[k + 2], buffer)) return false;
          next.push_back(bounds[k + 2]);
        } else {
          next.push_back(bounds[k + 1]);
        }
      }
      bounds.swap(next);
    }
    return true;
  }

 private:
  static constexpr size_t kMinRun = 24;

  bool run(size_t from, size_t n, size_t& end) {
    end = from + 1;
    if (end == n) return true;
    int down = less_(vm_, a_[end].key, a_[from].key);
    if (down < 0) return false;
    end++;
    while (end < n) {
      int l = less_(vm_, a_[end].key, a_[end - 1].key);
      if (l < 0) return false;
      if (l != down) break;
      end++;
    }
    if (down) std::reverse(a_.begin() + static_cast<ptrdiff_t>(from), a_.begin() + static_cast<ptrdiff_t>(end));
    // Short runs are filled up by binary insertion.
    size_t target = std::min(n, from + kMinRun);
    for (; end < target; end++) {
      Entry e = a_[end];
      size_t lo = from, hi = end;
      while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int l = less_(vm_, e.key, a_[mid].key);
        if (l < 0) return false;
        if (l)
          hi = mid;
        else
          lo = mid + 1;
      }
      for (size_t i = end; i > lo; i--) a_[i] = a_[i - 1];
      a_[lo] = e;
    }
    return true;
  }

  bool merge(size_t from, size_t middle, size_t to, std::vector<Entry>& buffer) {
    int out_of_order = less_(vm_, a_[middle].key, a_[middle - 1].key);
    if (out_of_order < 0) return false;
    if (!out_of_order) return true;
    std::copy(a_.begin() + static_cast<ptrdiff_t>(from), a_.begin() + static_cast<ptrdiff_t>(middle), buffer.begin());
    size_t left = 0, left_end = middle - from, right = middle, out = from;
    while (left < left_end && right < to) {
      int l = less_(vm_, a_[right].key, buffer[left].key);
      if (l < 0) {
        // Leave a permutation behind.
        while (left < left_end) a_[out++] = buffer[left++];
        return false;
      }
      a_[out++] = l ? a_[right++] : buffer[left++];
    }
    while (left < left_end) a_[out++] = buffer[left++];
    return true;
  }

  VM& vm_;
  std::vector<Entry>& a_;
  LessFn less_;
};

template <class T>
void sort_scalars(T* p, uint64_t n, bool reverse) {
  if (reverse)
    std::stable_sort(p, p + n, [](T a, T b) { return b < a; });
  else
    std::stable_sort(p, p + n);
}

bool has_nan(const double* p, uint64_t n) {
  for (uint64_t i = 0; i < n; i++)
    if (std::isnan(p[i])) return true;
  return false;
}

}  // namespace

bool list_sort(VM& vm, Value list, Value key, bool reverse) {
  auto* l = as<List>(list);
  if (l->size < 2 && key.is_none()) return true;
  if (key.is_none()) {
    if (l->element == ElementKind::Int) return sort_scalars(l->ints, l->size, reverse), true;
    if (l->element == ElementKind::Bool) return sort_scalars(l->bools, l->size, reverse), true;
    if (l->element == ElementKind::Float && !has_nan(l->floats, l->size))
      return sort_scalars(l->floats, l->size, reverse), true;
  }
  // Take the items out; the list is empty while user code runs.
  List taken = *l;
  l->data = nullptr;
  l->size = l->capacity = 0;
  l->element = ElementKind::Empty;
  std::vector<Entry> entries(taken.size);
  for (uint64_t i = 0; i < taken.size; i++) entries[i].item = list_get(&taken, i);
  bool ok = true;
  size_t keyed = 0;
  if (key.is_none()) {
    for (Entry& e : entries) e.key = e.item;
  } else {
    for (; keyed < entries.size(); keyed++) {
      Value args[] = {entries[keyed].item};
      entries[keyed].key = call(vm, key, args);
      if (entries[keyed].key.is_error()) {
        ok = false;
        break;
      }
    }
  }
  if (ok) {
    // Equal items keep their order in a reversed sort too: turn round before and after.
    if (reverse) std::reverse(entries.begin(), entries.end());
    ok = Sorter(vm, entries, choose(vm, entries)).sort();
    if (reverse) std::reverse(entries.begin(), entries.end());
  }
  if (!key.is_none())
    for (Entry& e : entries)
      if (!e.key.is_unbound() && !e.key.is_error()) release(e.key);
  bool modified = l->size != 0 || l->data != nullptr;
  if (modified) list_clear(vm, l);
  // Put the items back into the old memory.
  l->element = taken.element;
  l->data = taken.data;
  l->size = taken.size;
  l->capacity = taken.capacity;
  for (uint64_t i = 0; i < entries.size(); i++) {
    Value item = entries[i].item;
    switch (l->element) {
      case ElementKind::Int: l->ints[i] = item.i; break;
      case ElementKind::Float: l->floats[i] = item.d; break;
      case ElementKind::Bool: l->bools[i] = item.i != 0; break;
      default:
        // list_get retained what the list still holds: one of the two references goes.
        l->values[i] = item;
        release(item);
    }
  }
  if (ok && modified) return fail(vm, vm.types.ValueError, "list modified during sort");
  return ok;
}

}  // namespace tsvm::vm
