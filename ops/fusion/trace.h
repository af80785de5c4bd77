// What elementwise operators are made of: watches them run on meta tensors.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ops/scalar/pointwise.h"

namespace tsvm::ops::fusion {

/// Attached to the running thread as long as it lives.
class Trace final : public scalar::PointwiseObserver {
 public:
  struct Record {
    const scalar::Program* program;
    std::vector<scalar::ValueRef> inputs, params;
    std::vector<DType> seen, outputs;
  };

  Trace() : before_(scalar::pointwise_observer) { scalar::pointwise_observer = this; }
  ~Trace() { scalar::pointwise_observer = before_; }

  /// The value that a tensor (and whoever shares its memory) stands for.
  void bind(const Tensor& t, scalar::ValueRef ref);
  /// A number that is given at run time, by its place in memory.
  void bind(const Scalar* number, int32_t index);
  /// What is known of a tensor: nothing if no operator seen here made it.
  std::optional<scalar::ValueRef> find(const TensorImpl* t) const;
  void seen(const scalar::PointwiseSpec& spec, const scalar::Program& program, DType common,
            const scalar::Operand* inputs, const Scalar* params, const Tensor* outputs) override;

  /// Empty as long as all that was seen is understood.
  const std::string& why() const { return why_; }
  void give_up(std::string why) {
    if (why_.empty()) why_ = std::move(why);
  }
  const std::vector<Record>& records() const { return records_; }
  /// Constants, and null for numbers given at run time.
  std::vector<const Scalar*> numbers() const;
  DType dtype_of(scalar::ValueRef ref) const;
  std::vector<DType> input_dtypes;

 private:
  struct Known {
    Tensor hold;  // its address must not be used again
    scalar::ValueRef ref;
  };
  int32_t constant(const Scalar& s);

  scalar::PointwiseObserver* before_;
  std::vector<Known> known_;
  std::vector<Record> records_;
  std::vector<std::unique_ptr<Scalar>> numbers_;  // null: given at run time
  std::vector<std::pair<const Scalar*, int32_t>> bound_;
  std::string why_;
};

}  // namespace tsvm::ops::fusion
