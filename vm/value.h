// A value of the language: 16 bytes, a tag and a payload.
//
// Value itself is a plain pair that fits two machine registers and counts nothing. Who owns the reference it stands for
// is said by the place where it is:
//  - a parameter is *borrowed*: the caller keeps it alive for the whole call;
//  - a returned Value is *owned* by the caller (a "new reference"), unless the function's name says `borrow`;
//  - a Ref owns what it holds and releases it.
// A returned Value with the tag Error means: an exception is pending in the VM (VM::pending). Whoever gets one returns
// one.
//
// Layout is fixed: compiled code reads the tag at offset 0 (32 bits) and the payload at offset 8.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

namespace tsvm::ops {
struct TensorImpl;
}

namespace tsvm::vm {

struct Object;

// TAG ORDER: everything from kTensor on is a counted reference.
enum class Tag : uint32_t {
  Error = 0,  // an exception is pending
  Unbound,    // no value: unset local, missing optional argument, exhausted iterator
  None,
  Ellipsis,
  NotImplemented,
  Bool,
  Int,  // int64; larger ints are BigInt objects
  Float,
  DType,   // payload: ops::DType
  Tensor,  // ops::TensorImpl*, counted atomically
  Object,  // vm::Object*, counted without atomics
};

struct [[nodiscard]] Value {
  Tag tag;
  uint32_t extra = 0;
  union {
    int64_t i;
    double d;
    Object* o;
    ops::TensorImpl* t;
    uint64_t bits;
  };

  constexpr Value() : tag(Tag::Unbound), bits(0) {}
  static Value error() { return Value(Tag::Error, 0); }
  static Value unbound() { return Value(Tag::Unbound, 0); }
  static Value none() { return Value(Tag::None, 0); }
  static Value ellipsis() { return Value(Tag::Ellipsis, 0); }
  static Value not_implemented() { return Value(Tag::NotImplemented, 0); }
  static Value boolean(bool b) { return Value(Tag::Bool, b); }
  static Value integer(int64_t i) { return Value(Tag::Int, static_cast<uint64_t>(i)); }
  static Value number(double d) {
    Value v(Tag::Float, 0);
    v.d = d;
    return v;
  }
  static Value object(Object* o) {
    Value v(Tag::Object, 0);
    v.o = o;
    return v;
  }
  static Value tensor(ops::TensorImpl* t) {
    Value v(Tag::Tensor, 0);
    v.t = t;
    return v;
  }

  bool is_error() const { return tag == Tag::Error; }
  bool is_unbound() const { return tag == Tag::Unbound; }
  bool is_none() const { return tag == Tag::None; }
  bool is_bool() const { return tag == Tag::Bool; }
  bool is_true() const { return tag == Tag::Bool && i; }
  bool is_int() const { return tag == Tag::Int; }
  bool is_float() const { return tag == Tag::Float; }
  bool is_tensor() const { return tag == Tag::Tensor; }
  bool is_object() const { return tag == Tag::Object; }
  bool counted() const { return tag >= Tag::Tensor; }
  /// `a is b`.
  bool same(Value other) const { return tag == other.tag && bits == other.bits; }

 private:
  constexpr Value(Tag t, uint64_t b) : tag(t), bits(b) {}
};
static_assert(sizeof(Value) == 16);

inline void retain(Value v);
inline void release(Value v);
inline Value new_ref(Value v) {
  retain(v);
  return v;
}

/// Owns one reference.
class Ref {
 public:
  Ref() = default;
  explicit Ref(Value owned) : value_(owned) {}
  Ref(Ref&& other) noexcept : value_(other.take()) {}
  Ref(const Ref& other) : value_(new_ref(other.value_)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Ref() { release(value_); }
  static Ref copy(Value borrowed) { return Ref(new_ref(borrowed)); }

  Value get() const { return value_; }
  Value operator*() const { return value_; }
  const Value* operator->() const { return &value_; }
  /// Gives the reference away.
  Value take() {
    Value v = value_;
    value_ = Value();
    return v;
  }
  bool is_error() const { return value_.is_error(); }

 private:
  Value value_;
};

}  // namespace tsvm::vm
