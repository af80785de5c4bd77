#include "ir/script/graph.h"

#include <bit>
#include <unordered_map>

#include "ir/script/schema.h"

namespace tsvm::script {

namespace {

constexpr const char* kNames[] = {
#define NODE(name, text) text,
    TSVM_SCRIPT_NODES(NODE)
#undef NODE
};

struct Copier {
  Graph& to;
  std::unordered_map<const Value*, Value*> values;

  Value* value(const Value* v) {
    auto it = values.find(v);
    return it == values.end() ? nullptr : it->second;
  }
  Value* fresh(const Value* v) {
    Value* c = to.new_value(v->type, v->name);
    values[v] = c;
    return c;
  }
  void block(const Block& from, Block& b) {
    for (const Value* p : from.params) {
      Value* c = fresh(p);
      c->block = &b;
      b.params.push_back(c);
    }
    for (const Node* n : from.nodes) {
      Node* c = to.new_node(n->kind, n->range);
      c->owner = &b;
      c->take_meaning(*n);
      for (const Value* v : n->inputs) c->inputs.push_back(value(v));
      for (const Block* inner : n->blocks) {
        Block* copy = to.new_block(c);
        c->blocks.push_back(copy);
        block(*inner, *copy);
      }
      for (const Value* v : n->outputs) {
        Value* out = fresh(v);
        out->node = c;
        c->outputs.push_back(out);
      }
      b.nodes.push_back(c);
    }
    for (const Value* v : from.results) b.results.push_back(value(v));
  }
};

}  // namespace

bool Const::operator==(const Const& o) const {
  auto same = [](double a, double b) { return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); };
  return kind == o.kind && i == o.i && same(d, o.d) && same(imag, o.imag) && s == o.s && ints == o.ints &&
         floats == o.floats;
}

void Node::take_meaning(const Node& n) {
  op = n.op;
  name = n.name;
  constant = n.constant;
  type = n.type;
  function = n.function;
  leave = n.leave;
  types = n.types;
  keywords = n.keywords;
}

Graph::Graph() { block = new_block(nullptr); }

Value* Graph::new_value(TypeId type, std::string_view name) {
  Value& v = values_.emplace_back();
  v.type = type;
  v.id = static_cast<uint32_t>(values_.size() - 1);
  v.name = name;
  return &v;
}

Node* Graph::new_node(NodeKind kind, SourceRange range) {
  Node& n = nodes_.emplace_back();
  n.kind = kind;
  n.range = range;
  return &n;
}

Block* Graph::new_block(Node* owner) {
  Block& b = blocks_.emplace_back();
  b.graph = this;
  b.owner = owner;
  return &b;
}

std::unique_ptr<Graph> Graph::copy() const {
  auto g = std::make_unique<Graph>();
  Copier c{*g, {}};
  c.block(*block, *g->block);
  return g;
}

std::string kind_text(const Node& n) {
  if (n.kind == NodeKind::Op) return n.op->schema.name;
  if (n.kind == NodeKind::PythonOp) return "^" + n.name;
  return kNames[static_cast<int>(n.kind)];
}

}  // namespace tsvm::script
