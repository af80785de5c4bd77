// A bump arena: many small objects that live and die together.
//
// Memory comes in blocks that are freed with the arena; single objects are never freed and no destructor runs, so only
// trivially destructible types may live here (asserted at compile time). Pointers stay valid until the arena goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tsvm {

/// An array that somebody else owns (in practice: an Arena). Cheap to copy; elements may be changed.
template <class T>
class ArenaList {
 public:
  constexpr ArenaList() = default;
  constexpr ArenaList(T* data, uint32_t size) : data_(data), size_(size) {}

  uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() const { return data_; }
  T* begin() const { return data_; }
  T* end() const { return data_ + size_; }
  T& operator[](size_t i) const { return data_[i]; }
  T& front() const { return data_[0]; }
  T& back() const { return data_[size_ - 1]; }

 private:
  T* data_ = nullptr;
  uint32_t size_ = 0;
};

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  Arena(Arena&&) = default;
  Arena& operator=(Arena&&) = default;

  /// Uninitialised memory; `align` is a power of two no greater than that of max_align_t.
  void* allocate(size_t size, size_t align) {
    uintptr_t p = (reinterpret_cast<uintptr_t>(next_) + align - 1) & ~(static_cast<uintptr_t>(align) - 1);
    if (next_ == nullptr || p + size > reinterpret_cast<uintptr_t>(end_)) return allocate_slow(size);
    next_ = reinterpret_cast<std::byte*>(p + size);
    return reinterpret_cast<void*>(p);
  }

  /// A new T in the arena.
  template <class T, class... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>, "the arena runs no destructors");
    return new (allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
  }

  /// A copy of `size` elements.
  template <class T>
  ArenaList<T> copy_list(const T* data, size_t size) {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
    if (size == 0) return {};
    T* out = static_cast<T*>(allocate(size * sizeof(T), alignof(T)));
    std::memcpy(static_cast<void*>(out), data, size * sizeof(T));
    return {out, static_cast<uint32_t>(size)};
  }

  /// A copy of `text` (not zero-terminated).
  std::string_view copy_string(std::string_view text) {
    if (text.empty()) return {};
    char* out = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(out, text.data(), text.size());
    return {out, text.size()};
  }

  /// Bytes taken from the system so far.
  size_t bytes_reserved() const { return reserved_; }

 private:
  static constexpr size_t kFirstBlock = 16 * 1024;
  static constexpr size_t kLargestBlock = 1024 * 1024;

  void* allocate_slow(size_t size);

  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
  size_t block_size_ = kFirstBlock;
  size_t reserved_ = 0;
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
};

}  // namespace tsvm
