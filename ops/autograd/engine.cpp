// The walk: docs/autograd.md, "The engine". All state of a walk is in a Task, so that a backward may start another one.
#include "ops/autograd/engine.h"

#include <algorithm>
#include <cstring>

#include "ops/autograd/variable.h"
#include "ops/operators.h"
#include "ops/tensor/error.h"
#include "ops/tensor/shape.h"
#include "ops/tensor/sparse.h"

namespace tsvm::ops::autograd {

namespace {

thread_local constinit int running = 0;

/// From nodes to dense numbers: an open hash table.
class NodeIndex {
 public:
  NodeIndex() : slots_(64) {}
  /// The node's number; `fresh` if it was not there.
  uint32_t add(Node* node, bool& fresh) {
    if (count_ * 2 >= slots_.size()) grow();
    Slot& s = slot(node);
    fresh = s.node == nullptr;
    if (fresh) {
      s = {node, count_};
      count_++;
    }
    return s.number;
  }
  /// ~0 when it is not there.
  uint32_t find(Node* node) {
    const Slot& s = slot(node);
    return s.node ? s.number : ~0u;
  }

 private:
  struct Slot {
    Node* node = nullptr;
    uint32_t number = 0;
  };
  Slot& slot(Node* node) {
    const size_t mask = slots_.size() - 1;
    size_t i = (reinterpret_cast<uintptr_t>(node) >> 6) * 0x9e3779b97f4a7c15ull >> 20 & mask;
    while (slots_[i].node && slots_[i].node != node) i = (i + 1) & mask;
    return slots_[i];
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& s : old)
      if (s.node) slot(s.node) = s;
  }
  std::vector<Slot> slots_;
  uint32_t count_ = 0;
};

/// b added to a, in a's memory if nobody else can see it.
void accumulate(Tensor& a, Tensor b) {
  if (is_sparse(a) || is_sparse(b))
    a = add_sparse(a, b);
  else if (!grad_mode() && a->unique() && a.storage()->unique() && a.is_non_overlapping_and_dense() &&
           a.dtype() == b.dtype() && a.sizes() == b.sizes())
    op::add_(a, b);
  else if (!grad_mode() && b->unique() && b.storage()->unique() && b.is_non_overlapping_and_dense() &&
           a.dtype() == b.dtype() && a.sizes() == b.sizes())
    op::add_(b, a), a = std::move(b);
  else
    a = op::add(a, b);
}

Tensor sum_down(const Tensor& grad, IntSpan sizes) {
  DimVector dims;
  const int64_t extra = grad.dim() - static_cast<int64_t>(sizes.size());
  for (int64_t d = 0; d < grad.dim(); d++)
    if (d < extra || (sizes[static_cast<size_t>(d - extra)] == 1 && grad.sizes()[static_cast<size_t>(d)] != 1))
      dims.push_back(d);
  Tensor sum = dims.empty() ? grad : op::sum(grad, IntSpan(dims), true);
  return extra > 0 ? op::view(sum, sizes) : sum;
}

void check_for_nan(const Node& node, TensorSpan results) {
  GradMode off(false);
  auto elements = [](const Tensor& t) { return is_sparse(t) ? sparse_parts(t).values : t; };
  for (size_t i = 0; i < results.size(); i++)
    if (results[i].defined() && ops::item(op::any(op::isnan(elements(results[i])))).to_bool())
      fail(ErrorKind::RuntimeError, "Function '", std::string_view(node.name()), "' returned nan values in its ", i,
           "th output.");
}

struct State {
  Node* node;
  uint32_t waiting = 0;  // edges that have not delivered yet
  uint32_t grads = 0;    // first of its gradients in Task::grads
  bool needed = true;    // leads to something asked for
  bool queued = false;
};

/// One capture: the gradient of result `result` of a node.
struct Capture {
  uint32_t state;
  uint32_t result;
  uint32_t output;
};

class Task {
 public:
  Task(const BackwardOptions& options, bool add_to_leaves) : options_(options), add_to_leaves_(add_to_leaves) {
    running++;
  }
  ~Task() { running--; }

  void add_root(const Tensor& root, Tensor grad) {
    Edge edge = gradient_edge(root);
    OPS_CHECK(static_cast<bool>(edge), RuntimeError, "element ", roots_.size(),
              " of tensors does not require grad and does not have a grad_fn");
    roots_.push_back({std::move(edge), std::move(grad)});
  }

  void run(TensorSpan inputs, std::vector<Tensor>& captured);

 private:
  struct Root {
    Edge edge;
    Tensor grad;
  };
  struct Ready {
    uint64_t sequence;
    uint32_t state;
    bool operator<(const Ready& o) const { return sequence < o.sequence; }
  };

  uint32_t state_of(Node* node, std::vector<Node*>& walk) {
    bool fresh;
    const uint32_t i = index_.add(node, fresh);
    if (fresh) {
      states_.push_back({node, 0, static_cast<uint32_t>(grads_.size()), true, false});
      grads_.resize(grads_.size() + std::max(1u, node->result_count()));
      walk.push_back(node);
    }
    return i;
  }
  void count_edges();
  void find_captures(TensorSpan inputs);
  void mark_needed();
  void push(uint32_t state) {
    states_[state].queued = true;
    ready_.push_back({states_[state].node->sequence(), state});
    std::push_heap(ready_.begin(), ready_.end());
  }
  void run_node(uint32_t state, std::vector<Tensor>& captured);

  BackwardOptions options_;
  bool add_to_leaves_;
  std::vector<Root> roots_;
  NodeIndex index_;
  std::vector<State> states_;
  std::vector<Tensor> grads_;
  std::vector<Capture> captures_;
  std::vector<Ready> ready_;
  std::vector<Tensor> in_, out_;
  std::vector<uint8_t> wanted_;
};

void Task::count_edges() {
  std::vector<Node*> walk;
  for (const Root& r : roots_) state_of(r.edge.node.get(), walk);
  while (!walk.empty()) {
    Node* node = walk.back();
    walk.pop_back();
    for (const Edge& e : node->edges()) {
      if (!e) continue;
      const uint32_t to = state_of(e.node.get(), walk);
      states_[to].waiting++;
    }
  }
}

void Task::find_captures(TensorSpan inputs) {
  for (uint32_t i = 0; i < inputs.size(); i++) {
    OPS_CHECK(inputs[i].requires_grad(), RuntimeError, "One of the differentiated Tensors does not require grad");
    const Edge edge = gradient_edge(inputs[i]);
    const uint32_t state = index_.find(edge.node.get());
    if (state != ~0u) captures_.push_back({state, edge.result, i});
  }
}

void Task::mark_needed() {
  // Sequence numbers fall along edges, so one pass from the oldest node to the youngest settles it.
  std::vector<uint32_t> order(states_.size());
  for (uint32_t i = 0; i < order.size(); i++) {
    order[i] = i;
    states_[i].needed = false;
  }
  for (const Capture& c : captures_) states_[c.state].needed = true;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const Node *x = states_[a].node, *y = states_[b].node;
    if (x->is_accumulator() != y->is_accumulator()) return x->is_accumulator();
    return x->sequence() < y->sequence();
  });
  for (uint32_t i : order) {
    State& s = states_[i];
    for (const Edge& e : s.node->edges()) {
      if (s.needed) break;
      if (e && states_[index_.find(e.node.get())].needed) s.needed = true;
    }
  }
}

void Task::run(TensorSpan inputs, std::vector<Tensor>& captured) {
  const bool selective = !inputs.empty();
  count_edges();
  if (selective) {
    find_captures(inputs);
    mark_needed();
  }
  GradMode mode(options_.create_graph);
  SparseGradients sparse(options_.sparse);
  for (Root& r : roots_) {
    const uint32_t state = index_.find(r.edge.node.get());
    Tensor& slot = grads_[states_[state].grads + r.edge.result];
    if (slot.defined())
      accumulate(slot, std::move(r.grad));
    else
      slot = std::move(r.grad);
  }
  for (const Root& r : roots_) {
    const uint32_t state = index_.find(r.edge.node.get());
    if (states_[state].waiting == 0 && !states_[state].queued && states_[state].needed) push(state);
  }
  while (!ready_.empty()) {
    std::pop_heap(ready_.begin(), ready_.end());
    const uint32_t state = ready_.back().state;
    ready_.pop_back();
    run_node(state, captured);
  }
}

void Task::run_node(uint32_t state, std::vector<Tensor>& captured) {
  Node* node = states_[state].node;
  const uint32_t results = std::max(1u, node->result_count());
  const uint32_t edges = node->edge_count();
  in_.clear();
  for (uint32_t i = 0; i < results; i++) in_.push_back(std::move(grads_[states_[state].grads + i]));

  Node::Extras* extras = node->extras_or_null();
  const bool selective = !captures_.empty() || !add_to_leaves_;
  for (const Capture& c : captures_)
    if (c.state == state) captured[c.output] = in_[c.result];
  const bool goes_on = [&] {
    if (!selective) return true;
    for (const Edge& e : node->edges())
      if (e && states_[index_.find(e.node.get())].needed) return true;
    return false;
  }();
  if (selective && !goes_on) return;

  if (extras) {
    const auto hooks = extras->pre_hooks;  // a hook may take itself off
    for (const Node::PreHook& h : hooks) {
      if (!in_[h.result].defined()) continue;
      Tensor replaced = h.hook->call(in_[h.result]);
      if (replaced.defined()) in_[h.result] = std::move(replaced);
    }
    for (const Node::Retained& r : extras->retained) {
      if (!in_[r.result].defined()) continue;
      const Tensor t = Tensor::retain(r.tensor);
      AutogradMeta& m = meta(t);
      m.grad = m.grad.defined() ? op::add(m.grad, in_[r.result]) : op::clone(in_[r.result]);
    }
  }

  out_.clear();
  out_.resize(edges);
  wanted_.clear();
  for (const Edge& e : node->edges()) wanted_.push_back(e && (!selective || states_[index_.find(e.node.get())].needed));
  if (!node->is_accumulator())
    for (const Tensor& g : in_)
      if (g.defined() && is_sparse(g))
        fail(ErrorKind::NotImplementedError, "Function '", std::string_view(node->name()),
             "' got a sparse gradient: only leaves can have one");
  // A node may start a walk of its own, but not one of this task: the buffers are safe.
  node->apply({in_, out_, wanted_.data()});
  if (__builtin_expect(anomaly_mode(), 0)) check_for_nan(*node, out_);
  if (!options_.keep_graph) node->release_saved();
  if (extras)
    for (const auto& [id, hook] : std::vector(extras->post_hooks)) hook->call(out_, in_);
  in_.clear();

  for (uint32_t i = 0; i < edges; i++) {
    const Edge& e = node->edges()[i];
    if (!e) continue;
    const uint32_t to = index_.find(e.node.get());
    if (!states_[to].needed) continue;
    if (out_[i].defined()) {
      Tensor g = fit_gradient(out_[i], *e.node.get(), e.result, *node, i);
      out_[i] = Tensor();
      Tensor& slot = grads_[states_[to].grads + e.result];
      if (slot.defined())
        accumulate(slot, std::move(g));
      else
        slot = std::move(g);
    }
    if (--states_[to].waiting == 0 && !states_[to].queued) push(to);
  }
}

Tensor root_gradient(const Tensor& root, const Tensor& given, size_t i) {
  if (given.defined()) {
    if (given.sizes() != root.sizes())
      fail(ErrorKind::RuntimeError, "Mismatch in shape: grad_output[", i, "] has a shape of torch.Size(", given.sizes(),
           ") and output[", i, "] has a shape of torch.Size(", root.sizes(), ").");
    if (is_complex(given.dtype()) != is_complex(root.dtype()))
      fail(ErrorKind::RuntimeError,
           "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in dtype: "
           "grad_output[",
           i, "] has a dtype of torch.", name(given.dtype()), " and output[", i, "] has a dtype of torch.",
           name(root.dtype()), ".");
    return given;
  }
  if (!root.requires_grad()) return {};
  OPS_CHECK(root.numel() == 1, RuntimeError, "grad can be implicitly created only for scalar outputs");
  return op::ones_like(root, std::nullopt, std::nullopt, std::nullopt, std::nullopt, MemoryFormat::Preserve);
}

}  // namespace

bool in_backward() { return running > 0; }

Tensor add_sparse(const Tensor& a, const Tensor& b) {
  if (is_sparse(a) && is_sparse(b)) {
    const SparseParts &x = sparse_parts(a), &y = sparse_parts(b);
    auto [places, to_x, to_y] = op::sparse_union(x.indices, y.indices);
    DimVector sizes(x.values.sizes());
    sizes[0] = places.size(1);
    Tensor values = op::new_zeros(x.values, sizes);
    values = op::index_add(op::index_add(values, 0, to_x, x.values), 0, to_y, y.values);
    return make_sparse({places, values, x.coalesced && y.coalesced}, a.sizes());
  }
  const SparseParts& parts = sparse_parts(is_sparse(a) ? a : b);
  std::vector<Tensor> places;
  for (int64_t d = 0; d < parts.indices.size(0); d++) places.push_back(op::select(parts.indices, 0, d));
  return op::index_put(is_sparse(a) ? b : a, places, parts.values, true);
}

Tensor fit_gradient(const Tensor& grad, const Node& node, uint32_t number, const Node& from, size_t index) {
  IntSpan sizes;
  DType dtype;
  if (TensorImpl* leaf = node.leaf()) {
    sizes = leaf->sizes();
    dtype = leaf->dtype();
  } else {
    const ResultMeta* m = node.meta(number);
    if (!m->defined()) return grad;
    sizes = m->sizes();
    dtype = m->dtype();
  }
  Tensor g = grad;
  if (g.sizes() != sizes) {
    if (!is_expandable_to(sizes, g.sizes()))
      fail(ErrorKind::RuntimeError, "Function ", std::string_view(from.name()),
           " returned an invalid gradient at index ", index, " - got ", g.sizes(),
           " but expected shape compatible with ", sizes);
    g = sum_down(g, sizes);
  }
  if (g.dtype() != dtype) {
    if (is_complex(g.dtype()) && !is_complex(dtype)) g = op::real(g);
    if (g.dtype() != dtype) g = op::to(g, dtype);
  }
  return g;
}

void backward(TensorSpan roots, TensorSpan grads, const BackwardOptions& options, TensorSpan inputs) {
  Task task(options, inputs.empty());
  for (size_t i = 0; i < roots.size(); i++)
    task.add_root(roots[i], root_gradient(roots[i], i < grads.size() ? grads[i] : Tensor(), i));
  std::vector<Tensor> captured(inputs.size());
  task.run(inputs, captured);
  GradMode mode(options.create_graph);
  for (size_t i = 0; i < inputs.size(); i++) {
    if (!captured[i].defined()) continue;
    AutogradMeta& m = meta(inputs[i]);
    if (m.grad.defined() ? is_sparse(m.grad) || is_sparse(captured[i]) : is_sparse(captured[i]))
      m.grad = m.grad.defined() ? add_sparse(m.grad, captured[i]) : captured[i];
    else if (!m.grad.defined())
      m.grad = options.create_graph ? captured[i] : op::clone(captured[i]);
    else if (options.create_graph)
      m.grad = op::add(m.grad, captured[i]);
    else
      op::add_(m.grad, captured[i]);
  }
}

std::vector<Tensor> grad(TensorSpan roots, TensorSpan inputs, TensorSpan grads, const BackwardOptions& options) {
  Task task(options, false);
  for (size_t i = 0; i < roots.size(); i++)
    task.add_root(roots[i], root_gradient(roots[i], i < grads.size() ? grads[i] : Tensor(), i));
  std::vector<Tensor> captured(inputs.size());
  task.run(inputs, captured);
  if (!options.allow_unused)
    for (const Tensor& t : captured)
      OPS_CHECK(
          t.defined(), RuntimeError,
          "One of the differentiated Tensors appears to not have been used in the graph. Set allow_unused=True if "
          "this is the desired behavior.");
  return captured;
}

}  // namespace tsvm::ops::autograd
