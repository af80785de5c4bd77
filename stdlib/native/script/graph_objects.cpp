// Graphs for programs: text and structure of a function's graph, and the text of its code.
//
// The structure is plain lists and tuples, which torch.jit._graph wraps: a node is (kind, inputs, outputs, attributes,
// blocks, place), a value (name, type).
#include "stdlib/native/script/graph_objects.h"
#include "ir/script/print.h"
#include "ir/script/ssa.h"
#include "stdlib/native/script/host.h"

namespace tsvm::stdlib::script_host {

using namespace tsvm::vm;

namespace {

struct Lister {
  VM& vm;
  ScriptState& s;
  const script::Graph& g;
  std::map<const script::Value*, std::string> names;
  std::map<std::string, int> counts;
  int next = 0;

  std::string name(const script::Value* v) {
    auto it = names.find(v);
    if (it != names.end()) return it->second;
    std::string text = v->name.empty() ? std::to_string(next++) : v->name + "." + std::to_string(++counts[v->name]);
    return names[v] = text;
  }
  Value value(const script::Value* v) {
    Ref n(make_str(vm, name(v))), t(make_str(vm, s.program->graph_type_text(v->type)));
    return make_tuple(vm, {*n, *t});
  }
  Value list(const std::vector<script::Value*>& values) {
    Ref out(make_list(vm));
    for (const script::Value* v : values) {
      Ref item(value(v));
      list_append(vm, as<List>(*out), *item);
    }
    return out.take();
  }
  Value block(const script::Block& b) {
    Ref params(list(b.params)), nodes(make_list(vm));
    for (const script::Node* n : b.nodes) {
      Ref item(node(*n));
      list_append(vm, as<List>(*nodes), *item);
    }
    Ref results(list(b.results));
    return make_tuple(vm, {*params, *nodes, *results});
  }
  Value node(const script::Node& n) {
    Ref kind(make_str(vm, script::kind_text(n))), inputs(list(n.inputs)), attributes(make_dict(vm)),
        blocks(make_list(vm));
    auto attribute = [&](const char* key, Value owned) {
      Ref v(owned);
      dict_set(vm, as<Dict>(*attributes), key, *v);
    };
    if (n.kind == script::NodeKind::Constant) {
      const script::Const& c = n.constant;
      switch (c.kind) {
        case script::Const::Kind::Bool:
        case script::Const::Kind::Int: attribute("value", Value::integer(c.i)); break;
        case script::Const::Kind::Float: attribute("value", Value::number(c.d)); break;
        case script::Const::Kind::Str:
        case script::Const::Kind::Device: attribute("value", make_str(vm, c.s)); break;
        case script::Const::Kind::Tensor:
        case script::Const::Kind::Object: attribute("value", new_ref(s.object(c.i))); break;
        default: break;
      }
    }
    if (n.kind == script::NodeKind::GetAttr || n.kind == script::NodeKind::SetAttr ||
        n.kind == script::NodeKind::CallMethod)
      attribute("name", make_str(vm, n.name));
    for (const script::Block* b : n.blocks) {
      Ref item(block(*b));
      list_append(vm, as<List>(*blocks), *item);
    }
    Ref outputs(list(n.outputs)), place(make_str(vm, ""));
    return make_tuple(vm, {*kind, *inputs, *outputs, *attributes, *blocks, *place});
  }
};

}  // namespace

Value graph_structure(VM& vm, script::Function& f) {
  ScriptState& s = state(vm);
  std::unique_ptr<script::Graph> g = script::to_ssa(*s.program, f);
  Lister l{vm, s, *g, {}, {}, 0};
  return l.block(*g->block);
}

Value graph_text(VM& vm, script::Function& f) {
  ScriptState& s = state(vm);
  std::unique_ptr<script::Graph> g = script::to_ssa(*s.program, f);
  return make_str(vm, script::print_graph(*s.program, *g, f.source.get(), &s));
}

Value code_text(VM& vm, script::Function& f) {
  ScriptState& s = state(vm);
  std::unique_ptr<script::Graph> g = script::to_ssa(*s.program, f);
  script::CodeReferences refs;
  return make_str(vm, script::print_function(*s.program, f, *g, refs));
}

}  // namespace tsvm::stdlib::script_host
