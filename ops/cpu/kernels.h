// The primitive operators on the CPU (and their shape halves on the meta device), as plain C++ functions.
//
// Names and argument order are the schema's. Types: Tensor -> const Tensor&; Tensor? -> const Tensor& (undefined for
// None); Tensor[] and Tensor?[] -> TensorSpan; int[] -> IntSpan; X? -> std::optional<X>; Scalar -> const Scalar&;
// ScalarType -> DType; str -> std::string_view; Generator? -> std::optional<Generator>. Results: Tensor,
// std::tuple<Tensor, ...>, std::vector<Tensor>. Functions named with a trailing _ write to their first argument (a
// handle: const Tensor&) and return nothing.
//
// None of them knows autograd, and none counts versions: the caller does, from the operator's declared effects. Shapes,
// dtypes and devices are checked here, with PyTorch's messages. Given meta tensors they compute everything but
// elements.
#pragma once

#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "ops/tensor/generator.h"
#include "ops/tensor/shape.h"
#include "ops/tensor/tensor.h"

namespace tsvm::ops::cpu {

using std::optional;

// --- creation (creation.cpp) ---
// dtype none: the default dtype (or what the values' type says); device none: the CPU.

Tensor empty(IntSpan size, optional<DType> dtype = {}, optional<Device> device = {},
             optional<MemoryFormat> memory_format = {});
Tensor empty_strided(IntSpan size, IntSpan stride, optional<DType> dtype = {}, optional<Device> device = {});
Tensor zeros(IntSpan size, optional<DType> dtype = {}, optional<Device> device = {});
Tensor ones(IntSpan size, optional<DType> dtype = {}, optional<Device> device = {});
Tensor full(IntSpan size, const Scalar& fill_value, optional<DType> dtype = {}, optional<Device> device = {});
/// The *_like functions keep the other tensor's dtype, device and (dense) strides unless told otherwise.
Tensor empty_like(const Tensor& self, optional<DType> dtype = {}, optional<Device> device = {},
                  optional<MemoryFormat> memory_format = {});
Tensor zeros_like(const Tensor& self, optional<DType> dtype = {}, optional<Device> device = {},
                  optional<MemoryFormat> memory_format = {});
Tensor ones_like(const Tensor& self, optional<DType> dtype = {}, optional<Device> device = {},
                 optional<MemoryFormat> memory_format = {});
Tensor full_like(const Tensor& self, const Scalar& fill_value, optional<DType> dtype = {}, optional<Device> device = {},
                 optional<MemoryFormat> memory_format = {});
Tensor arange(const Scalar& start, const Scalar& end, const Scalar& step, optional<DType> dtype = {},
              optional<Device> device = {});
/// The older torch.range: the end is included.
Tensor range(const Scalar& start, const Scalar& end, const Scalar& step, optional<DType> dtype = {},
             optional<Device> device = {});
Tensor linspace(const Scalar& start, const Scalar& end, int64_t steps, optional<DType> dtype = {},
                optional<Device> device = {});
Tensor logspace(const Scalar& start, const Scalar& end, int64_t steps, double base = 10.0, optional<DType> dtype = {},
                optional<Device> device = {});
Tensor eye(int64_t n, int64_t m, optional<DType> dtype = {}, optional<Device> device = {});
/// A copy of `data` (elements of `from`, row-major) as a tensor of this shape and dtype.
Tensor from_data(const void* data, DType from, IntSpan size, DType dtype);
Tensor tril(const Tensor& self, int64_t diagonal = 0);
Tensor triu(const Tensor& self, int64_t diagonal = 0);
Tensor tril_indices(int64_t row, int64_t col, int64_t offset = 0, optional<DType> dtype = {});
Tensor triu_indices(int64_t row, int64_t col, int64_t offset = 0, optional<DType> dtype = {});

// --- copying (copy.cpp) ---

/// Converts n elements; strides in bytes.
using CastFunction = void (*)(char* dst, int64_t dst_stride, const char* src, int64_t src_stride, int64_t n);
CastFunction cast_function(DType to, DType from);

/// Copies with broadcasting and conversion.
void copy_(const Tensor& self, const Tensor& src, bool non_blocking = false);
void fill_(const Tensor& self, const Scalar& value);
void zero_(const Tensor& self);
Tensor clone(const Tensor& self, optional<MemoryFormat> memory_format = {});
/// The tensor itself if it is contiguous already.
Tensor contiguous(const Tensor& self, MemoryFormat memory_format = MemoryFormat::Contiguous);
/// A new tensor of that dtype, with the layout preserved.
Tensor to_copy(const Tensor& self, DType dtype, optional<MemoryFormat> memory_format = {});
/// The tensor itself if there is nothing to convert (and copy is off).
Tensor to(const Tensor& self, optional<DType> dtype, optional<Device> device = {}, bool copy = false,
          optional<MemoryFormat> memory_format = {});

// --- matrix products (blas.cpp) ---

Tensor mm(const Tensor& self, const Tensor& mat2);
Tensor addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Scalar& beta = Scalar(1),
             const Scalar& alpha = Scalar(1));
Tensor mv(const Tensor& self, const Tensor& vec);
Tensor addmv(const Tensor& self, const Tensor& mat, const Tensor& vec, const Scalar& beta = Scalar(1),
             const Scalar& alpha = Scalar(1));
Tensor dot(const Tensor& self, const Tensor& tensor);
/// The first vector conjugated.
Tensor vdot(const Tensor& self, const Tensor& other);
Tensor bmm(const Tensor& self, const Tensor& mat2);
Tensor baddbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2, const Scalar& beta = Scalar(1),
               const Scalar& alpha = Scalar(1));
Tensor addbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2, const Scalar& beta = Scalar(1),
              const Scalar& alpha = Scalar(1));
Tensor matmul(const Tensor& self, const Tensor& other);

// --- reductions (sum.cpp, reduce.cpp). No dims, or an empty list of them: all. ---

Tensor sum(const Tensor& self, optional<DType> dtype = {});
Tensor sum(const Tensor& self, optional<IntSpan> dim, bool keepdim = false, optional<DType> dtype = {});
Tensor mean(const Tensor& self, optional<DType> dtype = {});
Tensor mean(const Tensor& self, optional<IntSpan> dim, bool keepdim = false, optional<DType> dtype = {});
Tensor prod(const Tensor& self, optional<DType> dtype = {});
Tensor prod(const Tensor& self, int64_t dim, bool keepdim = false, optional<DType> dtype = {});
Tensor amax(const Tensor& self, IntSpan dim = {}, bool keepdim = false);
Tensor amin(const Tensor& self, IntSpan dim = {}, bool keepdim = false);
Tensor max(const Tensor& self);
Tensor min(const Tensor& self);
std::tuple<Tensor, Tensor> aminmax(const Tensor& self, optional<int64_t> dim = {}, bool keepdim = false);
Tensor any(const Tensor& self);
Tensor all(const Tensor& self);
Tensor any(const Tensor& self, int64_t dim, bool keepdim = false);
Tensor all(const Tensor& self, int64_t dim, bool keepdim = false);
Tensor count_nonzero(const Tensor& self, IntSpan dim = {});
Tensor vector_norm(const Tensor& self, double ord = 2, optional<IntSpan> dim = {}, bool keepdim = false,
                   optional<DType> dtype = {});
Tensor var(const Tensor& self, optional<IntSpan> dim = {}, optional<int64_t> correction = {}, bool keepdim = false);
Tensor std(const Tensor& self, optional<IntSpan> dim = {}, optional<int64_t> correction = {}, bool keepdim = false);
std::tuple<Tensor, Tensor> var_mean(const Tensor& self, optional<IntSpan> dim = {}, optional<int64_t> correction = {},
                                    bool keepdim = false);
std::tuple<Tensor, Tensor> std_mean(const Tensor& self, optional<IntSpan> dim = {}, optional<int64_t> correction = {},
                                    bool keepdim = false);
Tensor logsumexp(const Tensor& self, IntSpan dim, bool keepdim = false);

// --- extremes with their places, scans (index_reduce.cpp) ---

std::tuple<Tensor, Tensor> max(const Tensor& self, int64_t dim, bool keepdim = false);
std::tuple<Tensor, Tensor> min(const Tensor& self, int64_t dim, bool keepdim = false);
Tensor argmax(const Tensor& self, optional<int64_t> dim = {}, bool keepdim = false);
Tensor argmin(const Tensor& self, optional<int64_t> dim = {}, bool keepdim = false);
Tensor cumsum(const Tensor& self, int64_t dim, optional<DType> dtype = {});
Tensor cumprod(const Tensor& self, int64_t dim, optional<DType> dtype = {});
std::tuple<Tensor, Tensor> cummax(const Tensor& self, int64_t dim);
std::tuple<Tensor, Tensor> cummin(const Tensor& self, int64_t dim);
Tensor logcumsumexp(const Tensor& self, int64_t dim);

// --- order (sort.cpp). Always stable; NaN counts as the largest value. ---

std::tuple<Tensor, Tensor> sort(const Tensor& self, int64_t dim = -1, bool descending = false, bool stable = true);
Tensor argsort(const Tensor& self, int64_t dim = -1, bool descending = false);
std::tuple<Tensor, Tensor> topk(const Tensor& self, int64_t k, int64_t dim = -1, bool largest = true,
                                bool sorted = true);
std::tuple<Tensor, Tensor> kthvalue(const Tensor& self, int64_t k, int64_t dim = -1, bool keepdim = false);
Tensor median(const Tensor& self);
Tensor nanmedian(const Tensor& self);
std::tuple<Tensor, Tensor> median(const Tensor& self, int64_t dim, bool keepdim = false);
std::tuple<Tensor, Tensor> nanmedian(const Tensor& self, int64_t dim, bool keepdim = false);
std::tuple<Tensor, Tensor> mode(const Tensor& self, int64_t dim = -1, bool keepdim = false);
/// Values, where each element went (or undefined), how often each value came (or undefined).
std::tuple<Tensor, Tensor, Tensor> unique(const Tensor& self, bool sorted = true, bool return_inverse = false,
                                          bool return_counts = false);
std::tuple<Tensor, Tensor, Tensor> unique_dim(const Tensor& self, int64_t dim, bool sorted = true,
                                              bool return_inverse = false, bool return_counts = false);
std::tuple<Tensor, Tensor, Tensor> unique_consecutive(const Tensor& self, bool return_inverse = false,
                                                      bool return_counts = false, optional<int64_t> dim = {});
/// Where values would be inserted into sorted sequences.
Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& self, bool out_int32 = false, bool right = false);

// --- indexing (indexing.cpp) ---

/// x[indices]: an undefined entry is a full slice; int64 tensors and bool/uint8 masks index.
Tensor index(const Tensor& self, TensorSpan indices);
void index_put_(const Tensor& self, TensorSpan indices, const Tensor& values, bool accumulate = false);
Tensor index_select(const Tensor& self, int64_t dim, const Tensor& index);
void index_add_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                const Scalar& alpha = Scalar(1));
void index_copy_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source);
void index_fill_(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value);
Tensor gather(const Tensor& self, int64_t dim, const Tensor& index);
void scatter_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src);
void scatter_(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value);
/// reduce: "add" or "multiply".
void scatter_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src, std::string_view reduce);
void scatter_(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value, std::string_view reduce);
void scatter_add_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src);
/// reduce: "sum", "prod", "mean", "amax", "amin".
void scatter_reduce_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src, std::string_view reduce,
                     bool include_self = true);
Tensor masked_select(const Tensor& self, const Tensor& mask);
void masked_fill_(const Tensor& self, const Tensor& mask, const Scalar& value);
void masked_fill_(const Tensor& self, const Tensor& mask, const Tensor& value);
void masked_scatter_(const Tensor& self, const Tensor& mask, const Tensor& source);
/// The places of nonzero elements, a row each.
Tensor nonzero(const Tensor& self);
Tensor take(const Tensor& self, const Tensor& index);
void put_(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate = false);
Tensor embedding(const Tensor& weight, const Tensor& indices, int64_t padding_idx = -1, bool scale_grad_by_freq = false,
                 bool sparse = false);
std::tuple<Tensor, Tensor, Tensor> sparse_union(const Tensor& a, const Tensor& b);
Tensor embedding_sparse_backward(const Tensor& grad_output, const Tensor& indices, int64_t num_weights,
                                 int64_t padding_idx, bool scale_grad_by_freq);
Tensor embedding_dense_backward(const Tensor& grad_output, const Tensor& indices, int64_t num_weights,
                                int64_t padding_idx, bool scale_grad_by_freq);

// --- joining and rearranging (joining.cpp) ---

Tensor cat(TensorSpan tensors, int64_t dim = 0);
Tensor stack(TensorSpan tensors, int64_t dim = 0);
Tensor repeat(const Tensor& self, IntSpan repeats);
Tensor repeat_interleave(const Tensor& self, const Tensor& repeats, optional<int64_t> dim = {});
Tensor repeat_interleave(const Tensor& self, int64_t repeats, optional<int64_t> dim = {});
Tensor flip(const Tensor& self, IntSpan dims);
Tensor roll(const Tensor& self, IntSpan shifts, IntSpan dims = {});

// --- softmax and its loss (softmax.cpp) ---

Tensor softmax(const Tensor& self, int64_t dim, optional<DType> dtype = {});
Tensor log_softmax(const Tensor& self, int64_t dim, optional<DType> dtype = {});
Tensor softmax_backward_data(const Tensor& grad_output, const Tensor& output, int64_t dim, DType input_dtype);
Tensor log_softmax_backward_data(const Tensor& grad_output, const Tensor& output, int64_t dim, DType input_dtype);
/// reduction: 0 none, 1 mean, 2 sum. Input (N, C), (C) or (N, C, d...): the loss and the total weight.
std::tuple<Tensor, Tensor> nll_loss_forward(const Tensor& self, const Tensor& target, const Tensor& weight,
                                            int64_t reduction, int64_t ignore_index);
Tensor nll_loss_backward(const Tensor& grad_output, const Tensor& self, const Tensor& target, const Tensor& weight,
                         int64_t reduction, int64_t ignore_index, const Tensor& total_weight);

// --- random numbers (random.cpp): PyTorch's, one for one ---

using Gen = optional<Generator>;

void uniform_(const Tensor& self, double from = 0, double to = 1, const Gen& generator = {});
void normal_(const Tensor& self, double mean = 0, double std = 1, const Gen& generator = {});
void random_(const Tensor& self, const Gen& generator = {});
void random_(const Tensor& self, int64_t to, const Gen& generator = {});
void random_(const Tensor& self, int64_t from, optional<int64_t> to, const Gen& generator = {});
void bernoulli_(const Tensor& self, double p = 0.5, const Gen& generator = {});
void bernoulli_(const Tensor& self, const Tensor& p, const Gen& generator = {});
void exponential_(const Tensor& self, double lambd = 1, const Gen& generator = {});
void geometric_(const Tensor& self, double p, const Gen& generator = {});
void cauchy_(const Tensor& self, double median = 0, double sigma = 1, const Gen& generator = {});
void log_normal_(const Tensor& self, double mean = 1, double std = 2, const Gen& generator = {});
Tensor rand(IntSpan size, optional<DType> dtype = {}, optional<Device> device = {}, const Gen& generator = {});
Tensor randn(IntSpan size, optional<DType> dtype = {}, optional<Device> device = {}, const Gen& generator = {});
Tensor randint(int64_t low, int64_t high, IntSpan size, optional<DType> dtype = {}, optional<Device> device = {},
               const Gen& generator = {});
Tensor rand_like(const Tensor& self, optional<DType> dtype = {}, optional<MemoryFormat> memory_format = {});
Tensor randn_like(const Tensor& self, optional<DType> dtype = {}, optional<MemoryFormat> memory_format = {});
Tensor randint_like(const Tensor& self, int64_t low, int64_t high, optional<DType> dtype = {},
                    optional<MemoryFormat> memory_format = {});
Tensor randperm(int64_t n, optional<DType> dtype = {}, optional<Device> device = {}, const Gen& generator = {});
/// One 0/1 draw for each probability.
Tensor bernoulli(const Tensor& self, const Gen& generator = {});
Tensor multinomial(const Tensor& self, int64_t num_samples, bool replacement = false, const Gen& generator = {});

// --- decompositions and solvers (linalg.cpp): batches of matrices in the last two dimensions. `info` has LAPACK's
// numbers, one for each matrix; check_linalg_errors raises for those that are not 0. ---

void check_linalg_errors(const Tensor& info, std::string_view name, bool is_matrix);
std::tuple<Tensor, Tensor> cholesky_factor(const Tensor& self, bool upper);
Tensor cholesky_inverse_kernel(const Tensor& self, bool upper);
Tensor cholesky_solve_kernel(const Tensor& self, const Tensor& factor, bool upper);
/// L and U in one matrix, pivots, info.
std::tuple<Tensor, Tensor, Tensor> lu_factor(const Tensor& self, bool pivot);
Tensor lu_solve_kernel(const Tensor& lu, const Tensor& pivots, const Tensor& rhs, bool adjoint);
/// The permutation that a sequence of row swaps makes.
Tensor permutation_of_pivots(const Tensor& pivots, int64_t size);
Tensor triangular_solve_kernel(const Tensor& a, const Tensor& b, bool upper, bool left, bool unitriangular);
std::tuple<Tensor, Tensor> qr_factor(const Tensor& self);
Tensor householder_kernel(const Tensor& self, const Tensor& tau);
Tensor ormqr_kernel(const Tensor& self, const Tensor& tau, const Tensor& other, bool left, bool transpose);
std::tuple<Tensor, Tensor, Tensor> eigh_kernel(const Tensor& self, bool upper, bool vectors);
std::tuple<Tensor, Tensor, Tensor> eig_kernel(const Tensor& self, bool vectors);
std::tuple<Tensor, Tensor, Tensor, Tensor> svd_kernel(const Tensor& self, bool full, bool vectors);
/// The solution (with what is left below it), ranks, singular values, info.
std::tuple<Tensor, Tensor, Tensor, Tensor> lstsq_kernel(const Tensor& self, const Tensor& rhs, double rcond,
                                                        std::string_view driver);
std::tuple<Tensor, Tensor, Tensor> ldl_factor(const Tensor& self, bool hermitian);
Tensor ldl_solve_kernel(const Tensor& ld, const Tensor& pivots, const Tensor& rhs, bool hermitian);

// --- Fourier transforms (fft.cpp). normalization: 0 none, 1 by the root of the count of points, 2 by the count. ---

Tensor fft_c2c(const Tensor& self, IntSpan dim, int64_t normalization, bool forward);
Tensor fft_r2c(const Tensor& self, IntSpan dim, int64_t normalization, bool onesided);
Tensor fft_c2r(const Tensor& self, IntSpan dim, int64_t normalization, int64_t last_dim_size);

// --- special functions and their samples (special.cpp) ---

/// The function with that name, element by element.
Tensor special_one(const Tensor& self, std::string_view name);
Tensor special_two(const Tensor& self, const Tensor& other, std::string_view name);
Tensor polygamma(int64_t n, const Tensor& self);
Tensor dirichlet_grad(const Tensor& x, const Tensor& alpha, const Tensor& total);
Tensor gcd(const Tensor& self, const Tensor& other);
Tensor lcm(const Tensor& self, const Tensor& other);
std::tuple<Tensor, Tensor> frexp(const Tensor& self);
Tensor poisson(const Tensor& self, const Gen& generator = {});
Tensor standard_gamma(const Tensor& self, const Gen& generator = {});
Tensor binomial(const Tensor& count, const Tensor& prob, const Gen& generator = {});

// --- views (views.cpp) ---

Tensor view(const Tensor& self, IntSpan size);
/// The same bytes as another element type.
Tensor view_dtype(const Tensor& self, DType dtype);
/// A view where there is one, a copy otherwise.
Tensor reshape(const Tensor& self, IntSpan shape);
Tensor transpose(const Tensor& self, int64_t dim0, int64_t dim1);
Tensor permute(const Tensor& self, IntSpan dims);
Tensor t(const Tensor& self);
Tensor squeeze(const Tensor& self);
Tensor squeeze(const Tensor& self, int64_t dim);
Tensor unsqueeze(const Tensor& self, int64_t dim);
Tensor expand(const Tensor& self, IntSpan size, bool implicit = false);
Tensor narrow(const Tensor& self, int64_t dim, int64_t start, int64_t length);
Tensor select(const Tensor& self, int64_t dim, int64_t index);
Tensor slice(const Tensor& self, int64_t dim = 0, optional<int64_t> start = {}, optional<int64_t> end = {},
             int64_t step = 1);
Tensor as_strided(const Tensor& self, IntSpan size, IntSpan stride, optional<int64_t> storage_offset = {});
Tensor diagonal(const Tensor& self, int64_t offset = 0, int64_t dim1 = 0, int64_t dim2 = 1);
Tensor unfold(const Tensor& self, int64_t dimension, int64_t size, int64_t step);
Tensor flatten(const Tensor& self, int64_t start_dim = 0, int64_t end_dim = -1);
Tensor unflatten(const Tensor& self, int64_t dim, IntSpan sizes);
Tensor movedim(const Tensor& self, IntSpan source, IntSpan destination);
std::vector<Tensor> split(const Tensor& self, int64_t split_size, int64_t dim = 0);
std::vector<Tensor> split_with_sizes(const Tensor& self, IntSpan split_sizes, int64_t dim = 0);
std::vector<Tensor> chunk(const Tensor& self, int64_t chunks, int64_t dim = 0);
std::vector<Tensor> unbind(const Tensor& self, int64_t dim = 0);
/// A complex tensor as its parts in a last dimension of 2, and back.
Tensor view_as_real(const Tensor& self);
Tensor view_as_complex(const Tensor& self);
/// In-place changes of a tensor's own geometry.
void resize_(const Tensor& self, IntSpan size, optional<MemoryFormat> memory_format = {});
void set_(const Tensor& self, const Tensor& source);
void set_(const Tensor& self, Storage source, int64_t storage_offset, IntSpan size, IntSpan stride);
void as_strided_(const Tensor& self, IntSpan size, IntSpan stride, optional<int64_t> storage_offset = {});

}  // namespace tsvm::ops::cpu
