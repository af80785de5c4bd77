// The graph that backward walks: nodes, edges, what a node knows of its operator's results.
//
// See docs/autograd.md. What must stay true:
//   - edges point backwards only (to nodes made earlier, or to accumulators), so counting is enough to free nodes;
//   - an accumulator is part of its leaf: a reference to it is a reference to the leaf's TensorImpl. All other nodes
//   have
//     a count of their own;
//   - destroying a chain of nodes never recurses: see Node::release_last.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ops/tensor/allocator.h"
#include "ops/tensor/tensor.h"

namespace tsvm::ops::autograd {

class Node;

/// A counted handle of a node.
class NodeRef {
 public:
  NodeRef() = default;
  NodeRef(const NodeRef& o);
  NodeRef(NodeRef&& o) noexcept : node_(std::exchange(o.node_, nullptr)) {}
  NodeRef& operator=(NodeRef o) noexcept {
    std::swap(node_, o.node_);
    return *this;
  }
  ~NodeRef();
  static NodeRef steal(Node* node) {
    NodeRef r;
    r.node_ = node;
    return r;
  }
  static NodeRef retain(Node* node);
  Node* get() const { return node_; }
  Node* operator->() const { return node_; }
  explicit operator bool() const { return node_ != nullptr; }

 private:
  Node* node_ = nullptr;
};

/// Where the gradient of an input goes: a node and which of its results the input was. Empty: no gradient is needed.
struct Edge {
  NodeRef node;
  uint32_t result = 0;
  explicit operator bool() const { return static_cast<bool>(node); }
};

/// Sizes, dtype and device of an operator's result.
class ResultMeta {
 public:
  ResultMeta() = default;
  ResultMeta(const ResultMeta&) = delete;
  ResultMeta& operator=(const ResultMeta&) = delete;
  ~ResultMeta() {
    if (ndim_ > kInline) delete[] heap_;
  }
  void set(const Tensor& t);
  bool defined() const { return defined_; }
  IntSpan sizes() const { return IntSpan(ndim_ > kInline ? heap_ : inline_, ndim_); }
  DType dtype() const { return dtype_; }
  Device device() const { return device_; }

 private:
  static constexpr int kInline = 4;
  bool defined_ = false;
  uint8_t ndim_ = 0;
  DType dtype_ = DType::Float32;
  Device device_;
  union {
    int64_t inline_[kInline];
    int64_t* heap_;
  };
};

/// Something to call with a gradient: a hook of the host. Counted.
class Hook {
 public:
  virtual ~Hook() = default;
  /// The gradient to go on with; undefined: the one given. Throws ops::Error.
  virtual Tensor call(const Tensor& grad) = 0;
};
using HookRef = std::shared_ptr<Hook>;

/// Called after a node ran. Gradients may be replaced.
class NodeHook {
 public:
  virtual ~NodeHook() = default;
  virtual void call(std::span<Tensor> results, std::span<const Tensor> grads) = 0;
};
using NodeHookRef = std::shared_ptr<NodeHook>;

/// What a node is run with: one gradient per result of its operator in, one per edge out.
struct Gradients {
  std::span<const Tensor> in;  // undefined: zero
  std::span<Tensor> out;       // undefined at the start
  const uint8_t* wanted;       // per edge
  bool wants(size_t edge) const { return wanted[edge]; }
  bool wants(size_t first, size_t count) const {
    for (size_t i = 0; i < count; i++)
      if (wanted[first + i]) return true;
    return false;
  }
};

class Node {
 public:
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// "MulBackward0", as grad_fn prints it.
  virtual const char* name() const = 0;
  /// The same in the C++ front end, where numbers have overloads of their own.
  virtual const char* cpp_name() const { return name(); }
  /// The same as its result of that number shows it: a fused group stands for several operators.
  virtual const char* name_of(uint32_t result) const {
    (void)result;
    return name();
  }
  virtual void apply(const Gradients& g) = 0;
  /// Drops saved tensors: later runs raise.
  virtual void release_saved() {}
  /// The leaf, for accumulators.
  virtual TensorImpl* leaf() const { return nullptr; }
  /// Where a result's metadata is; `result` < result_count().
  virtual const ResultMeta* meta(uint32_t result) const { return &metas_[result]; }
  /// Named saved values, for `grad_fn._saved_x`: false when there is none of that name.
  virtual bool saved(std::string_view name, Tensor& out) {
    (void)name, (void)out;
    return false;
  }
  /// Counted objects of the host that this node keeps alive (custom functions): for the host's collector.
  virtual void visit_host(void (*visit)(void* object, void* context), void* context) { (void)visit, (void)context; }

  std::span<Edge> edges() const { return {edges_, edge_count_}; }
  uint32_t edge_count() const { return edge_count_; }
  uint32_t result_count() const { return result_count_; }
  ResultMeta& result_meta(uint32_t i) { return metas_[i]; }
  uint64_t sequence() const { return sequence_; }
  bool is_accumulator() const { return sequence_ == kAccumulatorSequence; }

  void retain() {
    if (__builtin_expect(is_accumulator(), 0))
      leaf()->retain();
    else
      refs_.fetch_add(1, std::memory_order_relaxed);
  }
  void release() {
    if (__builtin_expect(is_accumulator(), 0))
      leaf()->release();
    else if (refs_.load(std::memory_order_acquire) == 1 || refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      release_last(this);
  }

  struct PreHook {
    uint32_t result;
    uint64_t id;
    HookRef hook;
  };
  struct Retained {
    uint32_t result;
    TensorImpl* tensor;  // weak: its autograd part takes itself off the list
  };
  /// What few nodes have.
  struct Extras {
    std::vector<PreHook> pre_hooks;
    std::vector<std::pair<uint64_t, NodeHookRef>> post_hooks;
    std::vector<Retained> retained;  // tensors that want their gradient kept
  };
  Extras& extras() {
    if (!extras_) extras_ = std::make_unique<Extras>();
    return *extras_;
  }
  Extras* extras_or_null() const { return extras_.get(); }

  /// What the host attached to this node (its object for grad_fn); the host takes it off before it dies.
  void* user = nullptr;
  void (*user_deleter)(void* user) noexcept = nullptr;

  static void* operator new(size_t size) { return allocate(size); }
  static void operator delete(void* p, size_t size) { deallocate(p, size); }

 protected:
  static constexpr uint64_t kAccumulatorSequence = ~uint64_t{0};
  Node(Edge* edges, uint32_t edge_count, ResultMeta* metas, uint32_t result_count)
      : edge_count_(edge_count),
        edges_(edges),
        metas_(metas),
        result_count_(result_count),
        sequence_(next_sequence()) {}
  Node(uint64_t sequence, uint32_t result_count) : result_count_(result_count), sequence_(sequence) {}

  void set_edges(Edge* edges, uint32_t count) {
    edges_ = edges;
    edge_count_ = count;
  }
  void set_metas(ResultMeta* metas, uint32_t count) {
    metas_ = metas;
    result_count_ = count;
  }

 private:
  static uint64_t next_sequence();
  static void release_last(Node* node) noexcept;

  std::atomic<uint32_t> refs_{1};
  uint32_t edge_count_ = 0;
  Edge* edges_ = nullptr;
  ResultMeta* metas_ = nullptr;
  uint32_t result_count_ = 0;
  uint64_t sequence_;
  std::unique_ptr<Extras> extras_;
  Node* next_dying_ = nullptr;
};

inline NodeRef::NodeRef(const NodeRef& o) : node_(o.node_) {
  if (node_) node_->retain();
}
inline NodeRef::~NodeRef() {
  if (node_) node_->release();
}
inline NodeRef NodeRef::retain(Node* node) {
  if (node) node->retain();
  return steal(node);
}

/// A node with a known number of edges and results.
template <uint32_t kEdges, uint32_t kResults>
class FixedNode : public Node {
 public:
  FixedNode() : Node(store_, kEdges, metas_store_, kResults) {}

 private:
  Edge store_[kEdges];
  ResultMeta metas_store_[kResults];
};

/// A node whose number of edges or results is known when it is made.
class VariadicNode : public Node {
 public:
  VariadicNode(uint32_t edge_count, uint32_t result_count)
      : Node(nullptr, 0, nullptr, 0), store_(new Edge[edge_count]), metas_store_(new ResultMeta[result_count]) {
    set_edges(store_.get(), edge_count);
    set_metas(metas_store_.get(), result_count);
  }

 private:
  std::unique_ptr<Edge[]> store_;
  std::unique_ptr<ResultMeta[]> metas_store_;
};

}  // namespace tsvm::ops::autograd
