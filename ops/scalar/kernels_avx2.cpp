// The block interpreter's loops for processors with AVX2 and FMA.
#define TSVM_ARCH avx2
#define TSVM_STRING_OF(x) #x
#define TSVM_STRING(x) TSVM_STRING_OF(x)
#define TSVM_VECTOR_BYTES 32
#include "ops/scalar/kernels.inl"
