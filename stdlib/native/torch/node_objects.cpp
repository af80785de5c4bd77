// A custom function's node owns the context (an object of the language); the context knows its node through a weak
// link, which the node clears when it dies.
#include "stdlib/native/torch/node_objects.h"

#include <string>
#include <vector>

#include "ops/autograd/saved.h"
#include "ops/autograd/variable.h"
#include "ops/autograd/view_nodes.h"
#include "ops/operators.h"
#include "stdlib/native/torch/operators.h"
#include "stdlib/native/torch/values.h"

namespace tsvm::stdlib {

using namespace tsvm::vm;
using ops::Tensor;
namespace autograd = ops::autograd;

namespace {

const Tensor& tensor_of(const Value& v) { return unpack_tensor(v); }

/// The exception that the language has pending passes through C++ as this error.
[[noreturn]] void pass_on() { ops::fail(ops::ErrorKind::RuntimeError, "an exception of the language is pending"); }

class LanguageHook final : public autograd::Hook {
 public:
  LanguageHook(VM& vm, Value callable) : vm_(vm), callable_(Ref::copy(callable)) {}
  Tensor call(const Tensor& grad) override {
    Ref g(box_gradient(vm_, grad));
    if (g.is_error()) pass_on();
    Ref result(tsvm::vm::call(vm_, *callable_, {*g}));
    if (result.is_error()) pass_on();
    Tensor replaced;
    if (!result->is_none() && !unbox_gradient(vm_, *result, replaced))
      ops::fail(ops::ErrorKind::RuntimeError, "gradient hooks must return a tensor or None");
    return replaced;
  }

 private:
  VM& vm_;
  Ref callable_;
};

/// A hook of a node: gets (grad_inputs, grad_outputs), may give other grad_inputs.
class LanguageNodeHook final : public autograd::NodeHook {
 public:
  LanguageNodeHook(VM& vm, Value callable) : vm_(vm), callable_(Ref::copy(callable)) {}
  void call(std::span<Tensor> results, std::span<const Tensor> grads) override {
    Ref in(box(vm_, std::vector<Tensor>(results.begin(), results.end())));
    Ref out(box(vm_, std::vector<Tensor>(grads.begin(), grads.end())));
    Ref given(tsvm::vm::call(vm_, *callable_, {*in, *out}));
    if (given.is_error()) pass_on();
    if (given->is_none()) return;
    if (given->is_tensor() && results.size() == 1) {
      results[0] = tensor_of(*given);
      return;
    }
    std::vector<Tensor> list = unpack_tensor_list(*given);
    if (list.size() != results.size())
      ops::fail(ops::ErrorKind::RuntimeError, "hook returned an incorrect number of values, expected ", results.size(),
                ", but got ", list.size());
    for (size_t i = 0; i < list.size(); i++) results[i] = std::move(list[i]);
  }

 private:
  VM& vm_;
  Ref callable_;
};

struct NodeObject : Object {
  autograd::Node* node;  // counted
};
autograd::Node* node_of(Value v) { return static_cast<NodeObject*>(v.o)->node; }

class FunctionNode;
/// What a context has of its node.
struct LinkObject : Object {
  FunctionNode* node;  // null: it is gone
};

/// The types, and one subtype for each name of a node.
struct NodeTypes : Extension {
  Type* link = nullptr;
  std::vector<std::pair<const char*, Type*>> by_name;
};

/// The call of a custom function.
class FunctionNode final : public autograd::VariadicNode {
 public:
  FunctionNode(VM& vm, Value context, std::string name, std::vector<int> edge_of, uint32_t edges, uint32_t results)
      : VariadicNode(edges, results),
        vm_(vm),
        context_(Ref::copy(context)),
        name_(std::move(name)),
        edge_of_(std::move(edge_of)) {}
  ~FunctionNode() override {
    if (link_->is_object()) static_cast<LinkObject*>(link_->o)->node = nullptr;
  }
  const char* name() const override { return name_.c_str(); }
  Value context() const { return *context_; }

  void apply(const autograd::Gradients& g) override {
    Ref materialize(get_attr(vm_, *context_, vm_.name("_materialize")));
    if (materialize.is_error()) pass_on();
    std::vector<Ref> grads;
    std::vector<Value> args{*context_};
    for (uint32_t i = 0; i < g.in.size(); i++) {
      Tensor t = g.in[i];
      const autograd::ResultMeta& m = result_meta(i);
      if (!t.defined() && materialize->is_true() && m.defined())
        t = ops::op::zeros(m.sizes(), m.dtype(), std::nullopt, m.device());
      grads.emplace_back(box(vm_, t));
      args.push_back(*grads.back());
    }
    Ref backward(get_attr(vm_, *context_, vm_.name("_run_backward")));
    if (backward.is_error()) pass_on();
    Ref result(call(vm_, *backward, std::span(args).subspan(1)));
    if (result.is_error()) pass_on();
    std::vector<Ref> given;
    if (is_kind(*result, Kind::Tuple)) {
      for (Value v : as<Tuple>(*result)->span()) given.push_back(Ref::copy(v));
    } else {
      given.push_back(Ref::copy(*result));
    }
    while (given.size() > edge_of_.size() && given.back()->is_none()) given.pop_back();
    if (given.size() != edge_of_.size())
      ops::fail(ops::ErrorKind::RuntimeError, "function ", name_,
                " returned an incorrect number of gradients (expected ", edge_of_.size(), ", got ", given.size(), ")");
    for (size_t i = 0; i < given.size(); i++) {
      if (edge_of_[i] < 0) {
        if (!given[i]->is_none())
          ops::fail(ops::ErrorKind::RuntimeError, "function ", name_,
                    " returned a gradient different from None at position ", i + 1,
                    ", but the corresponding forward input was not a Variable");
        continue;
      }
      if (given[i]->is_none()) continue;
      if (!unbox_gradient(vm_, *given[i], g.out[static_cast<size_t>(edge_of_[i])]))
        ops::fail(ops::ErrorKind::RuntimeError, "expected Variable or None (got ",
                  type_of(vm_, *given[i])->name->view(), ")");
    }
  }
  void release_saved() override {
    for (autograd::SavedTensor& s : saved_) s.release();
  }

  std::vector<autograd::SavedTensor>& saved() { return saved_; }
  void set_link(Value link) { link_ = Ref::copy(link); }

 private:
  VM& vm_;
  Ref context_;
  Ref link_;
  std::string name_;
  std::vector<int> edge_of_;  // of each argument of forward; -1: no tensor
  std::vector<autograd::SavedTensor> saved_;
};

Value node_get_attr(VM& vm, Value self, Str* name) {
  Ref found(default_get_attr(vm, self, name));
  if (found.is_error() || !found->is_unbound()) return found.take();
  std::string_view n = name->view();
  if (n.starts_with("_saved_")) {
    return guarded(vm, [&] {
      Tensor saved;
      return node_of(self)->saved(n.substr(7), saved) ? box(vm, saved) : Value::unbound();
    });
  }
  return Value::unbound();
}

Value next_functions(VM& vm, autograd::Node* node) {
  Ref list(make_list(vm));
  for (const autograd::Edge& e : node->edges()) {
    Ref next(make_node(vm, e.node.get()));
    Ref pair(make_tuple(vm, {*next, Value::integer(e.result)}));
    list_append(vm, as<List>(*list), *pair);
  }
  return make_tuple_from(vm, *list);
}

uint64_t next_hook_id = 1;

const NativeDef kNodeMethods[] = {
    {"name(self, /)",
     [](VM& vm, const Value* a) {
       autograd::Node* node = node_of(a[0]);
       return make_str(vm, (node->is_accumulator() ? "torch::autograd::" : "") + std::string(node->name()));
     }},
    {"_add_hook(self, hook, /)",
     [](VM& vm, const Value* a) {
       const uint64_t id = next_hook_id++;
       node_of(a[0])->extras().post_hooks.emplace_back(id, std::make_shared<LanguageNodeHook>(vm, a[1]));
       return Value::integer(static_cast<int64_t>(id));
     }},
    {"_remove_hook(self, id, /)",
     [](VM&, const Value* a) {
       if (auto* extras = node_of(a[0])->extras_or_null())
         std::erase_if(extras->post_hooks, [&](const auto& h) { return h.first == static_cast<uint64_t>(a[1].i); });
       return Value::none();
     }},
    {"register_hook(self, hook, /)",
     [](VM& vm, const Value* a) {
       Ref module(vm.callbacks.import_module(vm, "torch.utils.hooks"));
       if (module.is_error()) return Value::error();
       Value args[] = {a[0], a[1]};
       return call_method(vm, *module, "_register_node_hook", args);
     }},
};
const GetSetDef kNodeAttributes[] = {
    {"next_functions", [](VM& vm, Value self) { return next_functions(vm, node_of(self)); }},
    {"variable",
     [](VM& vm, Value self) {
       ops::TensorImpl* leaf = node_of(self)->leaf();
       if (!leaf)
         return raise(vm, vm.types.AttributeError, "'%s' object has no attribute 'variable'", node_of(self)->name());
       return new_ref(Value::tensor(leaf));
     }},
    {"metadata", [](VM& vm, Value) { return make_dict(vm); }},
};

void fill_node_slots(VM& vm, Type* t) {
  (void)vm;
  t->is_final = true;
  t->slots.dealloc = [](VM&, Object* o) { static_cast<NodeObject*>(o)->node->release(); };
  t->slots.get_attr = node_get_attr;
  t->slots.repr = [](VM& v, Value self) {
    return make_str_format(v, "<%s object at %p>", node_of(self)->name(), static_cast<void*>(node_of(self)));
  };
  t->slots.compare = [](VM&, ir::CompareOp op, Value self, Value other) {
    if ((op != ir::CompareOp::Eq && op != ir::CompareOp::Ne) || !other.is_object() || other.o->type != self.o->type)
      return Value::not_implemented();
    return Value::boolean((node_of(self) == node_of(other)) == (op == ir::CompareOp::Eq));
  };
  t->slots.hash = [](VM&, Value self, uint64_t& out) {
    out = reinterpret_cast<uint64_t>(node_of(self)) >> 4;
    return true;
  };
}

Type* node_type(VM& vm, const char* name) {
  NodeTypes& types = vm.extension<NodeTypes>();
  for (const auto& [n, type] : types.by_name)
    if (n == name) return type;
  Type* t = new_type(vm, name, "torch.autograd", torch_types(vm).node, Kind::Native, sizeof(NodeObject));
  fill_node_slots(vm, t);
  finish_type(vm, t, {.methods = kNodeMethods, .getset = kNodeAttributes});
  types.by_name.emplace_back(name, t);
  return t;
}

bool contains(Value list, Value item) {
  if (!is_kind(list, Kind::Tuple)) return false;
  for (Value v : as<Tuple>(list)->span())
    if (v.same(item)) return true;
  return false;
}

FunctionNode* node_of_context(VM& vm, Value context) {
  Ref link(get_attr_or_unbound(vm, context, vm.name("_link")));
  if (!link->is_object() || link->o->type != vm.extension<NodeTypes>().link) return nullptr;
  return static_cast<LinkObject*>(link->o)->node;
}

}  // namespace

Value make_node(VM& vm, autograd::Node* node) {
  if (!node) return Value::none();
  if (auto* f = dynamic_cast<FunctionNode*>(node)) return new_ref(f->context());
  auto* o = allocate_object<NodeObject>(vm, node_type(vm, node->name()), Kind::Native);
  node->retain();
  o->node = node;
  return Value::object(o);
}

autograd::HookRef make_hook(VM& vm, Value callable) { return std::make_shared<LanguageHook>(vm, callable); }

Value record_function(VM& vm, const Value* a) {
  const Value context = a[0], outputs = a[3];
  const bool needs = a[4].is_true();
  Ref to_save(get_attr(vm, context, vm.name("_to_save")));
  Ref fixed(get_attr(vm, context, vm.name("_non_differentiable")));
  Ref dirty(get_attr(vm, context, vm.name("_dirty")));
  if (to_save.is_error() || fixed.is_error() || dirty.is_error()) return Value::error();
  const bool single = !is_kind(outputs, Kind::Tuple);
  std::span<const Value> items = single ? std::span(&a[3], 1) : as<Tuple>(outputs)->span();
  if (!needs || (single && !outputs.is_tensor())) return new_ref(outputs);
  return guarded(vm, [&] {
    std::vector<int> edge_of;
    std::vector<Tensor> inputs;
    for (Value v : as<Tuple>(a[2])->span()) {
      edge_of.push_back(v.is_tensor() ? static_cast<int>(inputs.size()) : -1);
      if (v.is_tensor()) inputs.push_back(tensor_of(v));
    }
    auto* node = new FunctionNode(vm, context, std::string(text_of(a[1])), std::move(edge_of),
                                  static_cast<uint32_t>(inputs.size()), static_cast<uint32_t>(items.size()));
    const autograd::NodeRef ref = autograd::NodeRef::steal(node);
    for (size_t i = 0; i < inputs.size(); i++) node->edges()[i] = autograd::gradient_edge(inputs[i]);
    auto* link = allocate_object<LinkObject>(vm, vm.extension<NodeTypes>().link, Kind::Native);
    link->node = node;
    Ref link_ref(Value::object(link));
    node->set_link(*link_ref);
    if (!set_attr(vm, context, vm.name("_link"), *link_ref)) pass_on();

    std::vector<Ref> results;
    for (uint32_t i = 0; i < items.size(); i++) {
      if (!items[i].is_tensor()) {
        results.push_back(Ref::copy(items[i]));
        continue;
      }
      Tensor t = tensor_of(items[i]);
      const bool is_input = contains(a[2], items[i]), is_dirty = contains(*dirty, items[i]);
      if (contains(*fixed, items[i])) {
        if (is_input && !is_dirty) t = ops::detach(t);
      } else if (is_dirty) {
        autograd::check_inplace(t, true);
        t.bump_version();
        autograd::rebase_history(t, ref);
        node->result_meta(i).set(t);
      } else {
        if (is_input || t.requires_grad()) t = ops::detach(t);
        autograd::set_history(t, ref, i);
      }
      results.emplace_back(box(vm, t));
    }
    if (is_kind(*to_save, Kind::Tuple)) {
      auto saved = as<Tuple>(*to_save)->span();
      node->saved().resize(saved.size());
      for (size_t k = 0; k < saved.size(); k++) {
        if (!saved[k].is_tensor()) {
          node->saved()[k].save(Tensor());
          continue;
        }
        bool is_output = false;
        for (uint32_t i = 0; i < items.size() && !is_output; i++)
          if (items[i].same(saved[k]) && !contains(a[2], items[i])) {
            node->saved()[k].save_result(tensor_of(*results[i]), i);
            is_output = true;
          }
        if (!is_output) node->saved()[k].save(tensor_of(saved[k]));
      }
      if (!set_attr(vm, context, vm.name("_to_save"), Value::none())) pass_on();
    }
    if (single) return results[0].take();
    std::vector<Value> owned;
    for (Ref& r : results) owned.push_back(*r);
    return tsvm::vm::make_tuple(vm, std::span<const Value>(owned));
  });
}

Value saved_tensors(VM& vm, const Value* a) {
  FunctionNode* node = node_of_context(vm, a[0]);
  if (!node) {
    Ref to_save(get_attr(vm, a[0], vm.name("_to_save")));
    if (to_save.is_error()) return Value::error();
    return is_kind(*to_save, Kind::Tuple) ? to_save.take() : make_tuple(vm, std::span<const Value>());
  }
  return guarded(vm, [&] {
    std::vector<Tensor> out;
    for (const autograd::SavedTensor& s : node->saved()) out.push_back(s.unpack(node));
    return box(vm, out);
  });
}

Value delayed_error(VM& vm, const Value* a) {
  return guarded(vm, [&] {
    std::vector<Tensor> in = unpack_tensor_list(a[1]), out;
    const autograd::NodeRef node = autograd::NodeRef::steal(
        new autograd::FailingNode(static_cast<uint32_t>(in.size()), static_cast<uint32_t>(in.size()), "DelayedError",
                                  std::string(text_of(a[0]))));
    for (uint32_t i = 0; i < in.size(); i++) {
      Tensor t = in[i].defined() ? ops::detach(in[i]) : Tensor();
      if (t.defined()) autograd::set_history(t, node, i);
      out.push_back(t);
    }
    return box(vm, out);
  });
}

void init_node_types(VM& vm) {
  Type* node = torch_types(vm).node =
      new_type(vm, "Node", "torch.autograd.graph", vm.types.object, Kind::Native, sizeof(NodeObject));
  fill_node_slots(vm, node);
  node->is_final = false;
  finish_type(vm, node, {.methods = kNodeMethods, .getset = kNodeAttributes});
  Type* link = vm.extension<NodeTypes>().link =
      new_type(vm, "_NodeLink", "torch._C", vm.types.object, Kind::Native, sizeof(LinkObject));
  link->is_final = true;
  static const GetSetDef kLinkAttributes[] = {
      {"next_functions",
       [](VM& v, Value self) {
         FunctionNode* n = static_cast<LinkObject*>(self.o)->node;
         return n ? next_functions(v, n) : make_tuple(v, std::span<const Value>());
       }},
  };
  finish_type(vm, link, {.getset = kLinkAttributes});
}

}  // namespace tsvm::stdlib
