// The nodes of in-place writes to views.
#pragma once

#include "ops/autograd/node.h"
#include "ops/tensor/dims.h"

namespace tsvm::ops::autograd {

/// The history of a view whose base was written to: the part of the base's gradient that the view covers.
class AsStridedBackward0 final : public FixedNode<1, 1> {
 public:
  AsStridedBackward0(const Tensor& base, IntSpan sizes, IntSpan strides, int64_t offset);
  const char* name() const override { return "AsStridedBackward0"; }
  void apply(const Gradients& g) override;

 private:
  DimVector base_sizes_, base_strides_, sizes_, strides_;
  int64_t base_offset_, offset_;
};

/// The history of a base that was written to through a view: `written` is the node of the operator that wrote.
class CopySlices final : public VariadicNode {
 public:
  CopySlices(const Tensor& base, const Tensor& view, NodeRef written);
  const char* name() const override { return "CopySlices"; }
  void apply(const Gradients& g) override;
  void release_saved() override {
    released_ = true;
    written_->release_saved();
  }

 private:
  DimVector base_sizes_, base_strides_, sizes_, strides_;
  int64_t base_offset_, offset_;
  NodeRef written_;
  bool released_ = false;
};

/// Where a derivative does not exist: `message` is raised when a gradient arrives.
class FailingNode final : public VariadicNode {
 public:
  FailingNode(uint32_t edges, uint32_t results, const char* name, std::string message)
      : VariadicNode(edges, results), name_(name), message_(std::move(message)) {}
  const char* name() const override { return name_; }
  void apply(const Gradients& g) override;

 private:
  const char* name_;
  std::string message_;
};

/// The gradient of as_strided: `grad` has the geometry (sizes, strides, offset) within memory laid out as a tensor of
/// the base's geometry; gives the base's gradient. Elements that the geometry visits several times get the sum.
Tensor as_strided_backward(const Tensor& grad, IntSpan base_sizes, IntSpan base_strides, int64_t base_offset,
                           IntSpan sizes, IntSpan strides, int64_t offset);

}  // namespace tsvm::ops::autograd
