// OpenBLAS, opened when the first large product needs it: loading it takes milliseconds that a short script should not
// pay. Without the library all products run in our own loops.
#pragma once

namespace tsvm::ops::cpu {

enum CblasOrder { kRowMajor = 101, kColumnMajor = 102 };
enum CblasTranspose { kNoTranspose = 111, kTranspose = 112 };

struct OpenBlas {
  void (*sgemm)(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const float* a, int lda,
                const float* b, int ldb, float beta, float* c, int ldc);
  void (*dgemm)(int order, int trans_a, int trans_b, int m, int n, int k, double alpha, const double* a, int lda,
                const double* b, int ldb, double beta, double* c, int ldc);
  void (*cgemm)(int order, int trans_a, int trans_b, int m, int n, int k, const void* alpha, const void* a, int lda,
                const void* b, int ldb, const void* beta, void* c, int ldc);
  void (*zgemm)(int order, int trans_a, int trans_b, int m, int n, int k, const void* alpha, const void* a, int lda,
                const void* b, int ldb, const void* beta, void* c, int ldc);
};

/// The library, or null where it is not installed.
const OpenBlas* open_blas();
/// The handle from dlopen, for other parts (LAPACK) of the same library; null where it is not installed.
void* open_blas_handle();

}  // namespace tsvm::ops::cpu
