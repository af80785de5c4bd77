#include <map>

#include "ir/script/print.h"

namespace tsvm::script {

namespace {

class GraphPrinter {
 public:
  GraphPrinter(const Program& p, const SourceFile* source, Host* host) : p_(p), source_(source), host_(host) {}

  std::string run(const Graph& g) {
    std::string head = "graph(";
    for (size_t i = 0; i < g.block->params.size(); i++) {
      const Value* v = g.block->params[i];
      head += (i ? ",\n      " : "") + name(v) + " : " + p_.graph_type_text(v->type);
    }
    out_ = head + "):\n";
    nodes(*g.block, 1);
    out_ += "  return (";
    for (size_t i = 0; i < g.block->results.size(); i++) out_ += (i ? ", " : "") + name(g.block->results[i]);
    out_ += ")\n";
    return out_;
  }

 private:
  std::string name(const Value* v) {
    auto it = names_.find(v);
    if (it != names_.end()) return it->second;
    std::string s;
    if (v->name.empty())
      s = "%" + std::to_string(next_++);
    else
      s = "%" + v->name + "." + std::to_string(++counts_[v->name]);
    return names_[v] = s;
  }

  void nodes(const Block& b, int depth) {
    for (const Node* n : b.nodes) node(*n, depth);
  }

  std::string attributes(const Node& n) {
    switch (n.kind) {
      case NodeKind::Constant: {
        const Const& c = n.constant;
        switch (c.kind) {
          case Const::Kind::None: return "";
          case Const::Kind::Bool:
          case Const::Kind::Int: return "[value=" + std::to_string(c.i) + "]";
          case Const::Kind::Float: return "[value=" + float_text(c.d) + "]";
          case Const::Kind::Str: return "[value=" + quoted(c.s) + "]";
          case Const::Kind::Device: return "[value=\"" + c.s + "\"]";
          case Const::Kind::Complex:
            return "[value=" + float_text(c.d) + (c.imag < 0 ? "" : "+") + float_text(c.imag) + "j]";
          case Const::Kind::Tensor: return "[value=<Tensor>]";
          default: return "[value=" + (host_ ? host_->describe_object(c) : std::string("<object>")) + "]";
        }
      }
      case NodeKind::GetAttr:
      case NodeKind::SetAttr:
      case NodeKind::CallMethod: return "[name=\"" + n.name + "\"]";
      case NodeKind::IsInstance: {
        std::string s = "[types=[";
        for (size_t i = 0; i < n.types.size(); i++) s += (i ? ", " : "") + p_.graph_type_text(n.types[i]);
        return s + "]]";
      }
      default: return "";
    }
  }

  void node(const Node& n, int depth) {
    std::string indent(static_cast<size_t>(depth) * 2, ' ');
    std::string callee;
    if (n.kind == NodeKind::CallFunction && n.function) {
      // The function is a value of its own, as PyTorch shows it.
      callee = "%" + std::to_string(next_++);
      out_ += indent + callee + " : Function = prim::Constant[name=\"" + n.function->name + "\"]()\n";
    }
    out_ += indent;
    for (size_t i = 0; i < n.outputs.size(); i++)
      out_ += (i ? ", " : "") + name(n.outputs[i]) + " : " + p_.graph_type_text(n.outputs[i]->type);
    if (!n.outputs.empty()) out_ += " = ";
    out_ += kind_text(n) + attributes(n) + "(";
    bool first = true;
    if (!callee.empty()) {
      out_ += callee;
      first = false;
    }
    for (const Value* v : n.inputs) {
      out_ += (first ? "" : ", ") + name(v);
      first = false;
    }
    out_ += ")";
    if (source_ && n.range.end > n.range.begin) {
      LineColumn at = source_->locate(n.range.begin);
      out_ += " # " + source_->name() + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
    }
    out_ += "\n";
    for (size_t i = 0; i < n.blocks.size(); i++) {
      const Block& b = *n.blocks[i];
      out_ += indent + "  block" + std::to_string(i) + "(";
      for (size_t k = 0; k < b.params.size(); k++)
        out_ += (k ? ", " : "") + name(b.params[k]) + " : " + p_.graph_type_text(b.params[k]->type);
      out_ += "):\n";
      nodes(b, depth + 2);
      out_ += indent + "    -> (";
      for (size_t k = 0; k < b.results.size(); k++) out_ += (k ? ", " : "") + name(b.results[k]);
      out_ += ")\n";
    }
  }

  const Program& p_;
  const SourceFile* source_;
  Host* host_;
  std::string out_;
  std::map<const Value*, std::string> names_;
  std::map<std::string, int> counts_;
  int next_ = 0;
};

}  // namespace

std::string print_graph(const Program& p, const Graph& g, const SourceFile* source, Host* host) {
  return GraphPrinter(p, source, host).run(g);
}

}  // namespace tsvm::script
