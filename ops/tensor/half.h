// The two 16-bit floats. They only store: arithmetic converts to float. Conversions are branch-free enough for the
// compiler to vectorise, and round to nearest even, as PyTorch's do.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace tsvm::ops {

/// Bits of an IEEE half to float.
inline float half_bits_to_float(uint16_t h) {
  const uint32_t w = static_cast<uint32_t>(h) << 16;
  const uint32_t sign = w & 0x80000000u;
  const uint32_t twice = w + w;
  // Normal numbers, infinities and NaNs: shift the exponent into place and correct its bias by a multiplication.
  const float normal = std::bit_cast<float>((twice >> 4) + (0xE0u << 23)) * 0x1.0p-112f;
  // Subnormal numbers: place the mantissa below 0.5 and subtract the 0.5.
  const float subnormal = std::bit_cast<float>((twice >> 17) | (126u << 23)) - 0.5f;
  const uint32_t bits = twice < (1u << 27) ? std::bit_cast<uint32_t>(subnormal) : std::bit_cast<uint32_t>(normal);
  return std::bit_cast<float>(sign | bits);
}

/// Nearest IEEE half (ties to even); too large becomes infinity.
inline uint16_t float_to_half_bits(float f) {
  const uint32_t w = std::bit_cast<uint32_t>(f);
  const uint32_t twice = w + w;
  const uint32_t sign = w & 0x80000000u;
  // Scaling up and down again saturates to infinity what a half cannot hold.
  float base = (std::bit_cast<float>(w & 0x7fffffffu) * 0x1.0p+112f) * 0x1.0p-110f;
  uint32_t bias = twice & 0xff000000u;
  bias = bias < 0x71000000u ? 0x71000000u : bias;
  base = std::bit_cast<float>((bias >> 1) + 0x07800000u) + base;
  const uint32_t bits = std::bit_cast<uint32_t>(base);
  const uint32_t rest = ((bits >> 13) & 0x7c00u) + (bits & 0x0fffu);
  return static_cast<uint16_t>((sign >> 16) | (twice > 0xff000000u ? 0x7e00u : rest));
}

/// Nearest bfloat16 (ties to even); NaN becomes the quiet NaN 0x7fc0.
inline uint16_t float_to_bfloat16_bits(float f) {
  const uint32_t w = std::bit_cast<uint32_t>(f);
  const uint32_t rounded = (w + 0x7fffu + ((w >> 16) & 1u)) >> 16;
  return static_cast<uint16_t>((w & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : rounded);
}

struct Half {
  uint16_t bits;
  Half() = default;
  explicit Half(float f) : bits(float_to_half_bits(f)) {}
  static Half from_bits(uint16_t b) {
    Half h;
    h.bits = b;
    return h;
  }
  operator float() const { return half_bits_to_float(bits); }
};

struct BFloat16 {
  uint16_t bits;
  BFloat16() = default;
  explicit BFloat16(float f) : bits(float_to_bfloat16_bits(f)) {}
  static BFloat16 from_bits(uint16_t b) {
    BFloat16 h;
    h.bits = b;
    return h;
  }
  operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
};

}  // namespace tsvm::ops
