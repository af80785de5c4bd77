#include "ir/script/freeze.h"

#include <unordered_map>

#include "ir/script/ssa.h"

namespace tsvm::script {

namespace {

class Freezer {
 public:
  Freezer(Program& p, FreezeHost& host) : p_(p), host_(host), g_(std::make_unique<Graph>()) {}

  std::unique_ptr<Graph> run(const Function& method, int64_t object) {
    std::unique_ptr<Graph> source = to_ssa(p_, method);
    block_ = g_->block;
    std::unordered_map<const Value*, Value*> map;
    for (size_t i = 0; i < source->block->params.size(); i++) {
      const Value* v = source->block->params[i];
      Value* c = g_->new_value(v->type, v->name);
      c->block = block_;
      block_->params.push_back(c);
      map[v] = c;
      if (i == 0) objects_[c] = object;
    }
    if (!copy(*source->block, map)) return nullptr;
    for (const Value* v : source->block->results) block_->results.push_back(map[v]);
    remove_dead(*g_);
    return std::move(g_);
  }

 private:
  using Map = std::unordered_map<const Value*, Value*>;

  Node* add(NodeKind kind, SourceRange) {
    // Ranges are of several files here: none is kept.
    Node* n = g_->new_node(kind, SourceRange{});
    n->owner = block_;
    block_->nodes.push_back(n);
    return n;
  }
  Value* output(Node* n, TypeId t, const std::string& name) {
    Value* v = g_->new_value(t, name);
    v->node = n;
    n->outputs.push_back(v);
    return v;
  }
  Value* constant(const Const& c, TypeId t) {
    Node* n = add(NodeKind::Constant, {});
    n->constant = c;
    return output(n, t, "");
  }
  static std::optional<bool> known_bool(const Value* v) {
    if (v->node && v->node->kind == NodeKind::Constant && v->node->constant.kind == Const::Kind::Bool)
      return v->node->constant.i != 0;
    return std::nullopt;
  }
  static bool is_constant_none(const Value* v) {
    return v->node && v->node->kind == NodeKind::Constant && v->node->constant.kind == Const::Kind::None;
  }

  /// Nodes of a block into the current one. False: the module is changed by it.
  bool copy(const Block& from, Map& map) {
    for (const Node* n : from.nodes)
      if (!copy_node(n, map)) return false;
    return true;
  }

  bool copy_node(const Node* n, Map& map) {
    auto in = [&](size_t i) { return map[n->inputs[i]]; };
    switch (n->kind) {
      case NodeKind::SetAttr:
        if (objects_.count(in(0))) return false;
        break;
      case NodeKind::GetAttr: {
        auto o = objects_.find(in(0));
        if (o == objects_.end()) break;
        FreezeHost::Member m;
        if (!host_.member(o->second, n->name, m)) break;
        if (m.object) {
          // Stands for the object; nothing is left of it when all its uses are gone.
          Value* v = constant(Const::object(Const::Kind::Object, *m.object), n->outputs[0]->type);
          objects_[v] = *m.object;
          map[n->outputs[0]] = v;
          return true;
        }
        map[n->outputs[0]] = constant(m.value, n->outputs[0]->type);
        return true;
      }
      case NodeKind::CallFunction:
      case NodeKind::CallMethod: {
        bool takes_object = false;
        for (size_t i = 0; i < n->inputs.size(); i++) takes_object |= objects_.count(in(i)) != 0;
        if (!takes_object || !n->function) break;
        if (n->function->owner && n->function->owner->kind != ClassInfo::Kind::Module) break;
        std::unique_ptr<Graph> callee = to_ssa(p_, *n->function);
        Map inner;
        for (size_t i = 0; i < callee->block->params.size(); i++) inner[callee->block->params[i]] = in(i);
        if (!copy(*callee->block, inner)) return false;
        map[n->outputs[0]] = inner[callee->block->results[0]];
        return true;
      }
      case NodeKind::If: {
        std::optional<bool> known = known_bool(in(0));
        if (!known) break;
        const Block& taken = *n->blocks[*known ? 0 : 1];
        if (!copy(taken, map)) return false;
        for (size_t i = 0; i < n->outputs.size(); i++) map[n->outputs[i]] = map[taken.results[i]];
        return true;
      }
      case NodeKind::Op: {
        const std::string& name = n->op->schema.name;
        if (name == "aten::__not__")
          if (auto k = known_bool(in(0))) {
            map[n->outputs[0]] = constant(Const::boolean(!*k), types::Bool);
            return true;
          }
        if ((name == "aten::__is__" || name == "aten::__isnot__") && is_constant_none(in(1))) {
          Value* v = in(0);
          if (v->node && v->node->kind == NodeKind::Constant) {
            bool is = is_constant_none(v);
            map[n->outputs[0]] = constant(Const::boolean(is == (name == "aten::__is__")), types::Bool);
            return true;
          }
        }
        break;
      }
      default: break;
    }
    Node* c = add(n->kind, n->range);
    c->take_meaning(*n);
    for (const Value* v : n->inputs) c->inputs.push_back(map[v]);
    for (const Block* inner : n->blocks) {
      Block* b = g_->new_block(c);
      c->blocks.push_back(b);
      Block* outer = block_;
      block_ = b;
      for (const Value* v : inner->params) {
        Value* param = g_->new_value(v->type, v->name);
        param->block = b;
        b->params.push_back(param);
        map[v] = param;
      }
      bool ok = copy(*inner, map);
      for (const Value* v : inner->results) b->results.push_back(map[v]);
      block_ = outer;
      if (!ok) return false;
    }
    for (const Value* v : n->outputs) map[v] = output(c, v->type, v->name);
    return true;
  }

  Program& p_;
  FreezeHost& host_;
  std::unique_ptr<Graph> g_;
  Block* block_ = nullptr;
  std::unordered_map<const Value*, int64_t> objects_;
};

}  // namespace

std::unique_ptr<Graph> freeze_method(Program& p, const Function& method, int64_t object, FreezeHost& host) {
  return Freezer(p, host).run(method, object);
}

}  // namespace tsvm::script
