// The block interpreter's loops for any x86-64 processor.
#define TSVM_ARCH baseline
#define TSVM_STRING_OF(x) #x
#define TSVM_STRING(x) TSVM_STRING_OF(x)
#define TSVM_VECTOR_BYTES 16
#include "ops/scalar/kernels.inl"
