// list: what its files share.
#pragma once

#include "vm/types/common.h"

namespace tsvm::vm {

Value make_list_of_type(VM& vm, Type* type);
/// Replaces [from, to) by the items of `with` (borrowed, may be the list itself).
bool list_splice(VM& vm, List* l, int64_t from, int64_t to, Value with);
/// list.sort: stable; `key` None: the items themselves.
bool list_sort(VM& vm, Value list, Value key, bool reverse);
size_t element_size(ElementKind kind);
/// Sequences as lists and tuples compare: `a(i)` and `b(i)` give owned items, Unbound past the end.
template <class A, class B>
Value compare_sequences(VM& vm, ir::CompareOp op, uint64_t na, uint64_t nb, A&& a, B&& b) {
  using ir::CompareOp;
  if (na != nb && (op == CompareOp::Eq || op == CompareOp::Ne)) return Value::boolean(op == CompareOp::Ne);
  StackGuard guard(vm, " in comparison");
  if (guard.failed()) return Value::error();
  for (uint64_t i = 0;; i++) {
    Ref x(a(i)), y(b(i));
    if (x->is_unbound() || y->is_unbound()) {
      int c = x->is_unbound() ? (y->is_unbound() ? 0 : -1) : 1;
      return Value::boolean(order_holds(op, c));
    }
    bool same;
    if (!equal(vm, *x, *y, same)) return Value::error();
    if (same) continue;
    if (op == CompareOp::Eq) return Value::boolean(false);
    if (op == CompareOp::Ne) return Value::boolean(true);
    return compare(vm, op, *x, *y);
  }
}

}  // namespace tsvm::vm
