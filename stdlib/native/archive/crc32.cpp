// CRC-32 by carry-less multiplication where the processor has it: four 128-bit lanes are folded over the data, then
// into one, then reduced to 32 bits (Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ",
// 2009; the constants are powers of x modulo the polynomial, bit-reversed). zlib's table version does the rest.
#include "stdlib/native/archive/crc32.h"

#include <zlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tsvm::archive {
namespace {

uint32_t by_tables(uint32_t crc, const uint8_t* p, size_t size) {
  return static_cast<uint32_t>(::crc32_z(crc, p, size));
}

#if defined(__x86_64__)
/// `size` is a multiple of 16, at least 64; works on the inverted checksum.
__attribute__((target("pclmul,sse4.1"))) uint32_t by_folding(uint32_t crc, const uint8_t* p, size_t size) {
  const __m128i k1k2 = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4);
  const __m128i k3k4 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
  const __m128i k5k0 = _mm_set_epi64x(0, 0x0163cd6124);
  const __m128i poly = _mm_set_epi64x(0x01f7011641, 0x01db710641);
  auto load = [](const uint8_t* q) __attribute__((target("pclmul,sse4.1"))) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(q));
  };
  auto fold = [](__m128i x, __m128i k, __m128i next) __attribute__((target("pclmul,sse4.1"))) {
    return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x, k, 0x00), _mm_clmulepi64_si128(x, k, 0x11)), next);
  };
  __m128i x1 = _mm_xor_si128(load(p), _mm_cvtsi32_si128(static_cast<int>(crc)));
  __m128i x2 = load(p + 16), x3 = load(p + 32), x4 = load(p + 48);
  p += 64;
  size -= 64;
  for (; size >= 64; p += 64, size -= 64) {
    x1 = fold(x1, k1k2, load(p));
    x2 = fold(x2, k1k2, load(p + 16));
    x3 = fold(x3, k1k2, load(p + 32));
    x4 = fold(x4, k1k2, load(p + 48));
  }
  x1 = fold(x1, k3k4, x2);
  x1 = fold(x1, k3k4, x3);
  x1 = fold(x1, k3k4, x4);
  for (; size >= 16; p += 16, size -= 16) x1 = fold(x1, k3k4, load(p));
  // 128 to 64 bits, then to 32 (Barrett).
  const __m128i low32 = _mm_setr_epi32(~0, 0, ~0, 0);
  x1 = _mm_xor_si128(_mm_srli_si128(x1, 8), _mm_clmulepi64_si128(x1, k3k4, 0x10));
  x1 = _mm_xor_si128(_mm_srli_si128(x1, 4), _mm_clmulepi64_si128(_mm_and_si128(x1, low32), k5k0, 0x00));
  __m128i t = _mm_clmulepi64_si128(_mm_and_si128(x1, low32), poly, 0x10);
  t = _mm_clmulepi64_si128(_mm_and_si128(t, low32), poly, 0x00);
  return static_cast<uint32_t>(_mm_extract_epi32(_mm_xor_si128(x1, t), 1));
}
#endif

}  // namespace

uint32_t crc32(uint32_t crc, const void* data, size_t size) {
  auto* p = static_cast<const uint8_t*>(data);
#if defined(__x86_64__)
  static const bool fast = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
  if (fast && size >= 64) {
    size_t whole = size & ~size_t{15};
    crc = ~by_folding(~crc, p, whole);
    p += whole;
    size -= whole;
  }
#endif
  return size ? by_tables(crc, p, size) : crc;
}

}  // namespace tsvm::archive
