// Containers on streams: their items with a space between them, the first hundred.
#pragma once

#include <ostream>
#include <vector>

#include "c10/util/Exception.h"

// In std, so that they are found for containers of any type.
namespace std {
template <class T, class A>
ostream& operator<<(ostream& out, const vector<T, A>& items) {
  size_t n = 0;
  for (auto it = items.begin(); it != items.end(); ++it, ++n) {
    if (n) out << ' ';
    if (n == 100) {
      out << "...";
      break;
    }
    out << *it;
  }
  return out;
}
}  // namespace std
