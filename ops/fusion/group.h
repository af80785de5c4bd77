// Fused groups: elementwise operators that run as one scalar program, and are one node of autograd's graph.
//
// A group is a list of operators on numbered inputs; it says nothing of dtypes. The first call with operands of some
// dtypes makes a variant: the operators run once on meta tensors while a Trace writes down which scalar programs they
// use, and scalar::fuse() joins those. So a group promotes, rounds and records as its operators do one by one. Where
// gradients are needed, autograd itself runs on the meta tensors, and what it does becomes the backward program: it
// computes intermediates again and reads only inputs and results.
//
// What must stay true:
//   - results are those of the operators one by one, bit for bit; gradients too, up to the order of sums;
//   - run() does nothing where that cannot be (other devices and layouts, operands that do not broadcast, strides whose
//     result is not plain, an operator that raises): the caller runs the operators instead and gets their exceptions;
//   - variants depend on dtypes, on which operands have no dimensions and on which need gradients, never on sizes.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "ops/op_call.h"
#include "ops/scalar/program.h"
#include "ops/tensor/tensor.h"

namespace tsvm::ops::fusion {

inline constexpr int kMaxInputs = 12;
inline constexpr int kMaxOutputs = 4;

/// Where an argument of a step comes from.
struct StepArg {
  enum class Kind : uint8_t { Input, Step, Constant } kind;
  uint32_t index;
};
struct Step {
  OpId op;
  std::vector<StepArg> args;  // one for each parameter
};

/// An operand of a call: a tensor (borrowed) or a number.
struct Argument {
  const Tensor* tensor = nullptr;
  Scalar number;
};

/// What a variant is for: a byte for each input, and the default dtype.
struct VariantKey {
  uint64_t words[2];
  friend bool operator==(const VariantKey&, const VariantKey&) = default;
};
struct Variant;
struct Backward;

/// Shared by the code that calls it and by the nodes it made. Called by any thread.
class Group : public std::enable_shared_from_this<Group> {
 public:
  enum class Input : uint8_t { Tensor, Number };
  /// `outputs` are steps. The name is for people.
  Group(std::vector<Step> steps, std::vector<OpValue> constants, std::vector<Input> inputs,
        std::vector<uint32_t> outputs, std::string name = {});
  ~Group();

  /// Computes all outputs and records them; false where only the operators one by one can. Throws ops::Error only for
  /// what the operators would throw while they compute (an integer division by zero, no memory).
  bool run(const Argument* inputs, Tensor* outputs);
  /// The operators one by one: what run() is compared with.
  std::vector<Tensor> run_steps(std::span<const OpValue> inputs) const;

  const std::string& name() const { return name_; }
  size_t input_count() const { return inputs_.size(); }
  size_t output_count() const { return outputs_.size(); }
  std::span<const Step> steps() const { return steps_; }
  std::span<const OpValue> constants() const { return constants_; }
  std::span<const Input> inputs() const { return inputs_; }
  std::span<const uint32_t> outputs() const { return outputs_; }

  /// A variant as data, for people and for other readers of its program.
  struct View {
    bool fits;  // false: these operators are run one by one, because ...
    std::string why;
    scalar::Program forward, backward;
    bool has_backward = false;
    std::vector<DType> inputs, results, backward_inputs, backward_results;
    std::vector<std::string> backward_names;  // of its inputs: "input 0", "result 0", "grad 0"
  };
  /// Is called for each variant of any group that is made from now on; null takes it away.
  using Observer = void (*)(void* context, const Group& group, const View& variant);
  static void observe(Observer observer, void* context);
  /// The variant for operands of these dtypes, all with dimensions.
  View view(std::span<const DType> dtypes, bool with_gradients);

  /// How many variants of all groups there are, for tests.
  static int64_t variants_made();

 private:
  friend class FusedNode;
  const Variant& variant(const VariantKey& key);
  View view_of(const Variant& variant) const;
  /// The gradients of operands given those of some results.
  std::shared_ptr<const Backward> partial_backward(const Variant& variant, uint32_t results);

  std::vector<Step> steps_;
  std::vector<OpValue> constants_;
  std::vector<Input> inputs_;
  std::vector<uint32_t> outputs_;
  std::string name_;
  std::atomic<Variant*> variants_{nullptr};  // a list that only grows
  std::mutex mutex_;                         // held to make one
};

}  // namespace tsvm::ops::fusion
