#include "ops/tensor/overlap.h"

#include "ops/tensor/shape.h"

namespace tsvm::ops {

Overlap overlap(const Tensor& a, const Tensor& b) {
  if (a.is_same(b)) return Overlap::Full;
  if (a.storage() != b.storage() || a.numel() == 0 || b.numel() == 0) return Overlap::No;
  if (!a.is_non_overlapping_and_dense() || !b.is_non_overlapping_and_dense()) return Overlap::Unknown;
  const int64_t a_begin = a.storage_offset() * static_cast<int64_t>(a.itemsize());
  const int64_t b_begin = b.storage_offset() * static_cast<int64_t>(b.itemsize());
  const int64_t a_end = a_begin + static_cast<int64_t>(a.nbytes());
  const int64_t b_end = b_begin + static_cast<int64_t>(b.nbytes());
  if (a_begin == b_begin && a_end == b_end) return a.strides() == b.strides() ? Overlap::Full : Overlap::Partial;
  return a_begin < b_end && b_begin < a_end ? Overlap::Partial : Overlap::No;
}

bool has_internal_overlap(const Tensor& t) {
  if (t.is_non_overlapping_and_dense()) return false;
  for (int64_t d = 0; d < t.dim(); d++)
    if (t.strides()[d] == 0 && t.sizes()[d] > 1) return true;
  return false;
}

void check_no_internal_overlap(const Tensor& written) {
  OPS_CHECK(!has_internal_overlap(written), RuntimeError,
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            "Please clone() the tensor before performing the operation.");
}

namespace {
[[noreturn]] void fail_overlap() {
  fail(ErrorKind::RuntimeError,
       "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
       "location. Please clone() the tensor before performing the operation.");
}
}  // namespace

void check_no_partial_overlap(const Tensor& written, const Tensor& read) {
  if (overlap(written, read) == Overlap::Partial) fail_overlap();
}

void check_no_overlap(const Tensor& written, const Tensor& read) {
  const Overlap o = overlap(written, read);
  if (o == Overlap::Partial || o == Overlap::Full) fail_overlap();
}

}  // namespace tsvm::ops
