#include "ops/fusion/program_node.h"

#include <cstring>

#include "ops/autograd/saved.h"
#include "ops/autograd/variable.h"
#include "ops/tensor/error.h"

namespace tsvm::ops::fusion {

using namespace scalar;
using autograd::SavedTensor;

namespace {

class ProgramNode final : public autograd::VariadicNode {
 public:
  ProgramNode(std::shared_ptr<const void> keep, const Program& program, std::span<const Tensor> inputs,
              const Tensor* outputs)
      : VariadicNode(program.inputs, program.output_count), keep_(std::move(keep)), program_(program) {
    for (uint16_t i = 0; i < program.inputs; i++) {
      saved_.emplace_back().save(inputs[i]);
      dtypes_.push_back(inputs[i].dtype());
      edges()[i] = autograd::gradient_edge(inputs[i]);
    }
    for (uint16_t k = 0; k < program.output_count; k++) {
      saved_.emplace_back().save_result(outputs[k], k);
      dtypes_.push_back(outputs[k].dtype());
    }
  }
  const char* name() const override { return "FusedBackward0"; }
  void release_saved() override {
    for (SavedTensor& s : saved_) s.release();
  }

  void apply(const autograd::Gradients& g) override {
    std::vector<uint16_t> wanted;
    for (uint16_t i = 0; i < program_.inputs; i++)
      if (g.wants(i) && edges()[i]) wanted.push_back(i);
    bool any = false;
    for (const Tensor& t : g.in) any |= t.defined();
    if (!any || wanted.empty()) return;
    std::string why;
    auto derivative = std::make_shared<OwnedProgram>(differentiate(program_, wanted, &why));
    if (!why.empty())
      fail(ErrorKind::NotImplementedError, "the gradient of ", std::string_view(why), " in a fused group");
    std::vector<Tensor> operands;
    for (const SavedTensor& s : saved_) operands.push_back(s.unpack(this));
    for (uint16_t k = 0; k < program_.output_count; k++) {
      if (g.in[k].defined()) {
        operands.push_back(g.in[k]);
        continue;
      }
      operands.push_back(empty({}, dtypes_[static_cast<size_t>(program_.inputs) + k]));
      std::memset(operands.back().data(), 0, operands.back().nbytes());
    }
    std::vector<DType> results;
    for (uint16_t i : wanted) results.push_back(dtypes_[i]);
    std::vector<Tensor> computed(wanted.size());
    run_recorded(derivative, derivative->view(), operands, results.data(), computed.data());
    for (size_t i = 0; i < wanted.size(); i++) g.out[wanted[i]] = std::move(computed[i]);
  }

 private:
  std::shared_ptr<const void> keep_;
  Program program_;
  std::vector<SavedTensor> saved_;  // inputs, results
  std::vector<DType> dtypes_;       // of both
};

}  // namespace

void run_recorded(std::shared_ptr<const void> keep, const Program& program, std::span<const Tensor> inputs,
                  const DType* results, Tensor* outputs) {
  OPS_CHECK(program.inputs + program.output_count <= kMaxOperands, NotImplementedError,
            "the gradient of a gradient of a fused group with so many operands");
  Operand operands[kMaxOperands];
  bool record = false;
  for (size_t i = 0; i < inputs.size(); i++) {
    operands[i] = inputs[i];
    record |= inputs[i].requires_grad();
  }
  run_program(program, operands, nullptr, nullptr, results, outputs);
  if (!record || !autograd::grad_mode()) return;
  auto* node = new ProgramNode(std::move(keep), program, inputs, outputs);
  const autograd::NodeRef ref = autograd::NodeRef::steal(node);
  for (uint16_t k = 0; k < program.output_count; k++)
    if (is_floating_or_complex(results[k])) autograd::set_history(outputs[k], ref, k);
}

}  // namespace tsvm::ops::fusion
