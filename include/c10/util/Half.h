// 16-bit floats: IEEE half and bfloat16. Arithmetic is float's.
#pragma once

#include <cstring>
#include <limits>
#include <ostream>

#include "c10/macros/Macros.h"

namespace c10 {

namespace detail {
inline float half_to_float(uint16_t h) {
  const uint32_t sign = static_cast<uint32_t>(h & 0x8000u) << 16;
  uint32_t exponent = (h >> 10) & 0x1fu, fraction = h & 0x3ffu, bits;
  if (exponent == 0x1f) {
    bits = sign | 0x7f800000u | fraction << 13;
  } else if (exponent) {
    bits = sign | (exponent + 112) << 23 | fraction << 13;
  } else if (!fraction) {
    bits = sign;
  } else {
    exponent = 113;
    while (!(fraction & 0x400u)) {
      fraction <<= 1;
      exponent--;
    }
    bits = sign | exponent << 23 | (fraction & 0x3ffu) << 13;
  }
  float f;
  std::memcpy(&f, &bits, 4);
  return f;
}
/// To the nearest, ties to even.
inline uint16_t float_to_half(float f) {
  uint32_t bits;
  std::memcpy(&bits, &f, 4);
  const uint16_t sign = static_cast<uint16_t>(bits >> 16 & 0x8000u);
  bits &= 0x7fffffffu;
  if (bits > 0x7f800000u) return sign | 0x7e00u;
  if (bits >= 0x477ff000u) return sign | 0x7c00u;
  if (bits < 0x38800000u) {
    // A subnormal half: adding 0.5 rounds at its last bit.
    float small;
    std::memcpy(&small, &bits, 4);
    small += 0.5f;
    std::memcpy(&bits, &small, 4);
    return static_cast<uint16_t>(sign | (bits - 0x3f000000u));
  }
  bits += 0xfffu + (bits >> 13 & 1);
  return static_cast<uint16_t>(sign | ((bits - 0x38000000u) >> 13));
}
inline float bfloat16_to_float(uint16_t b) {
  const uint32_t bits = static_cast<uint32_t>(b) << 16;
  float f;
  std::memcpy(&f, &bits, 4);
  return f;
}
inline uint16_t float_to_bfloat16(float f) {
  uint32_t bits;
  std::memcpy(&bits, &f, 4);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fc0u;
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}
}  // namespace detail

#define C10_SHORT_FLOAT(Name, to, from)                                                    \
  struct alignas(2) Name {                                                                 \
    uint16_t x;                                                                            \
    struct from_bits_t {};                                                                 \
    static constexpr from_bits_t from_bits() { return from_bits_t(); }                     \
    Name() = default;                                                                      \
    constexpr Name(uint16_t bits, from_bits_t) : x(bits) {}                                \
    Name(float v) : x(detail::from(v)) {}                                                  \
    operator float() const { return detail::to(x); }                                       \
    Name& operator+=(Name o) { return *this = Name(float(*this) + float(o)); }             \
    Name& operator-=(Name o) { return *this = Name(float(*this) - float(o)); }             \
    Name& operator*=(Name o) { return *this = Name(float(*this) * float(o)); }             \
    Name& operator/=(Name o) { return *this = Name(float(*this) / float(o)); }             \
    friend Name operator+(Name a, Name b) { return Name(float(a) + float(b)); }            \
    friend Name operator-(Name a, Name b) { return Name(float(a) - float(b)); }            \
    friend Name operator*(Name a, Name b) { return Name(float(a) * float(b)); }            \
    friend Name operator/(Name a, Name b) { return Name(float(a) / float(b)); }            \
    friend std::ostream& operator<<(std::ostream& out, Name v) { return out << float(v); } \
  }
C10_SHORT_FLOAT(Half, half_to_float, float_to_half);
C10_SHORT_FLOAT(BFloat16, bfloat16_to_float, float_to_bfloat16);
#undef C10_SHORT_FLOAT

}  // namespace c10
