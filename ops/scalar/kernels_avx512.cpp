// The block interpreter's loops for processors with AVX-512 (F, VL, DQ, BW).
#define TSVM_ARCH avx512
#define TSVM_STRING_OF(x) #x
#define TSVM_STRING(x) TSVM_STRING_OF(x)
#define TSVM_VECTOR_BYTES 64
#include "ops/scalar/kernels.inl"
