// Counted pointers. They are std::shared_ptr here, under the names that programs know.
#pragma once

#include <memory>
#include <utility>

#include "c10/macros/Macros.h"

namespace c10 {

class intrusive_ptr_target {
 public:
  virtual ~intrusive_ptr_target() = default;
};

template <class T>
using intrusive_ptr = std::shared_ptr<T>;
template <class T>
using weak_intrusive_ptr = std::weak_ptr<T>;

template <class T, class... Args>
intrusive_ptr<T> make_intrusive(Args&&... args) {
  return std::make_shared<T>(std::forward<Args>(args)...);
}

}  // namespace c10

namespace torch {
/// The base of classes whose objects programs hand around as values.
class CustomClassHolder : public c10::intrusive_ptr_target {};
}  // namespace torch
