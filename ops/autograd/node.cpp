#include "ops/autograd/node.h"

#include "ops/autograd/mode.h"

namespace tsvm::ops::autograd {

thread_local constinit ThreadModes modes;

namespace {
thread_local constinit uint64_t next_number = 0;

/// Nodes whose last reference went while another one was being destroyed.
struct Dying {
  Node* first = nullptr;
  bool draining = false;
};
thread_local constinit Dying dying;
}  // namespace

uint64_t Node::next_sequence() { return next_number++; }

void Node::release_last(Node* node) noexcept {
  node->next_dying_ = dying.first;
  dying.first = node;
  if (dying.draining) return;
  dying.draining = true;
  while (Node* n = dying.first) {
    dying.first = n->next_dying_;
    if (n->user_deleter) n->user_deleter(n->user);
    delete n;
  }
  dying.draining = false;
}

void ResultMeta::set(const Tensor& t) {
  const int64_t n = t.dim();
  if (ndim_ > kInline) delete[] heap_;
  int64_t* to = inline_;
  if (n > kInline) to = heap_ = new int64_t[static_cast<size_t>(n)];
  for (int64_t i = 0; i < n; i++) to[i] = t->sizes_data()[i];
  ndim_ = static_cast<uint8_t>(n);
  dtype_ = t.dtype();
  device_ = t.device();
  defined_ = true;
}

}  // namespace tsvm::ops::autograd
