// The operators' C++ functions and the nodes of their backwards.
//
// Each overload becomes: its body, if it has one; its node class, if it has a backward; the function that runs and
// records; and the same for the in-place and out= variants.
#include <algorithm>

#include "ops/gen/emit.h"

namespace tsvm::gen {

using namespace std::string_literals;

namespace {

/// What a formula needs of one variable.
struct Saved {
  enum class What { Meta, Tensor, Tensors, Plain, Result } what;
  std::string name;
  Type type;
  size_t result = 0;
  std::set<std::string> targets;  // into which it flows
};

class Emitter {
 public:
  Emitter(const Model& m, size_t index, std::string& out) : m_(m), d_(m.decls[index]), index_(index), s_(out) {
    id_ = cpp_identifier(d_.name + (d_.overload.empty() ? "" : "_" + d_.overload));
  }

  void run() {
    s_ += "\n// --- " + schema_of({&d_, Variant::Plain, ""}) + "\n";
    if (d_.backward.function) prepare_backward();
    if (d_.has_body && d_.kind != Kind::Pointwise) body();
    if (d_.backward.function) node();
    if (d_.mutates_self)
      mutating();
    else
      plain();
    if (d_.has_inplace) inplace();
    if (d_.has_out) out();
  }

 private:
  [[noreturn]] void error(std::string message) const {
    throw GenError{d_.file, d_.backward.function ? d_.backward.function->name_range : d_.function->name_range,
                   std::move(message)};
  }
  void line(const std::string& text) { s_ += text + "\n"; }

  std::string call_args() const {
    std::string s;
    for (size_t i = 0; i < d_.params.size(); i++) s += (i ? ", p_" : "p_") + d_.params[i].name;
    return s;
  }
  /// The tensors that may call for a node.
  std::string tensor_args() const {
    std::string s;
    for (const Param& p : d_.params)
      if (p.type.base == Base::Tensor || p.type.base == Base::Element) s += (s.empty() ? "p_" : ", p_") + p.name;
    return s;
  }
  std::vector<Type> result_types() const {
    std::vector<Type> out;
    for (const Result& r : d_.results) out.push_back(r.type);
    return out;
  }
  bool transparent() const { return d_.kind == Kind::Composite && !d_.backward.function && d_.differentiable; }
  bool records() const {
    if (tensor_args().empty()) return false;
    if (d_.backward.function) return true;
    return d_.differentiable && d_.kind != Kind::Composite && !only_discrete_results();
  }
  bool only_discrete_results() const {
    if (d_.kind != Kind::Pointwise) return false;
    const auto& p = m_.programs.at(m_.spec_of[index_]);
    const auto& f = p.general[static_cast<size_t>(ops::scalar::CType::F32)];
    if (!f) return true;  // integers only
    const auto t = f->view().output_type(0);
    return t == ops::scalar::CType::Bool || t == ops::scalar::CType::I64;
  }
  bool list_result() const { return d_.results.size() == 1 && d_.results[0].type.is_tensor_list(); }
  /// The C++ expression of a result, given the name of the whole.
  std::string result_item(size_t i) const {
    return d_.results.size() == 1 ? "result" : "std::get<" + std::to_string(i) + ">(result)";
  }

  /// What in-place variants write to.
  std::string self() const { return "p_" + d_.params[0].name; }

  // --- bodies

  void body() {
    BodyOptions o;
    for (const Param& p : d_.params) o.variables[p.name] = {"p_" + p.name, p.type};
    if (!d_.mutates_self) o.results = result_types();
    const std::string text = translate_body(d_, d_.function, m_.catalog, o);
    line("static " + (d_.mutates_self ? "void"s : cpp_result(d_, Variant::Plain)) + " body_" + id_ + "(" +
         cpp_params(d_, false, true) + ") {");
    for (const Param& p : d_.params) line("  (void)p_" + p.name + ";");
    s_ += text;
    if (!d_.mutates_self && !d_.results.empty()) line("  TSVM_UNREACHABLE(\"a body without result\");");
    line("}");
  }

  /// The call of what computes the results, without recording.
  std::string compute() const {
    if (d_.has_body) return "body_" + id_ + "(" + call_args() + ")";
    std::string s = "cpu::" + d_.kernel + "(";
    bool first = true;
    for (const Param& p : d_.params) {
      if (d_.factory && (p.name == "layout" || p.name == "pin_memory")) continue;
      s += (first ? "p_" : ", p_") + p.name;
      first = false;
    }
    return s + ")";
  }

  // --- pointwise

  std::string operands() const {
    std::string s;
    for (const Param& p : d_.params)
      if (!is_program_param(p)) s += (s.empty() ? "" : ", ") + ("p_" + p.name);
    return "const scalar::Operand in[] = {" + s + "};";
  }
  std::string program_params() const {
    std::string s;
    for (const Param& p : d_.params)
      if (is_program_param(p)) s += (s.empty() ? "" : ", ") + ("Scalar(p_" + p.name + ")");
    return s;
  }
  /// Whether all parameters that have defaults have them.
  std::string at_defaults() const {
    std::string s;
    for (const Param& p : d_.params) {
      if (!is_program_param(p) || !p.has_default()) continue;
      std::string value = default_to_cpp(d_, p);
      s += s.empty() ? "" : " && ";
      if (p.type.base == Base::Scalar) {
        value = value.substr(7, value.size() - 8);  // without Scalar( )
        s += "p_" + p.name + ".equals(static_cast<double>(" + value + "))";
      } else {
        s += "p_" + p.name + " == " + value;
      }
    }
    return s;
  }
  void pointwise_call(const std::string& rest) {
    const std::string& spec = m_.spec_of[index_];
    const std::string params = program_params();
    line("  " + operands());
    if (!d_.check.empty())
      line("  body::check_" + d_.check + "(" + spec + ", in" + (params.empty() ? "" : ", ") + params + ");");
    auto call = [&](const std::string& name, bool with_params) {
      return "scalar::pointwise(" + name + ", in, " + (with_params ? "params" : "nullptr") + ", " + rest + ");";
    };
    if (params.empty()) {
      line("  " + call(spec, false));
    } else if (m_.has_plain[index_]) {
      std::string others;
      for (const Param& p : d_.params)
        if (is_program_param(p) && !p.has_default())
          others += (others.empty() ? "" : ", ") + ("Scalar(p_" + p.name + ")");
      line("  if (" + at_defaults() + ") {");
      if (!others.empty()) line("    const Scalar params[] = {" + others + "};");
      line("    " + call(spec + "_plain", !others.empty()));
      line("  } else {");
      line("    const Scalar params[] = {" + params + "};");
      line("    " + call(spec, true));
      line("  }");
    } else {
      line("  const Scalar params[] = {" + params + "};");
      line("  " + call(spec, true));
    }
  }

  // --- backward

  void prepare_backward() {
    const ast::FunctionDef* f = d_.backward.function;
    // Targets that occur.
    std::set<std::string> assigned;
    for (const ast::Stmt* s : f->body) collect_targets(s, assigned);
    for (const Param& p : d_.params)
      if ((p.type.is_tensor_list()) && assigned.count("d_" + p.name)) variadic_ = true;
    if (list_result()) variadic_ = true;
    int fixed = 0;
    for (const Param& p : d_.params) {
      const std::string name = "d_" + p.name;
      // A number in the place of a tensor keeps an (empty) edge, as in PyTorch.
      const bool number = p.type.base == Base::Scalar && p.type.promotes;
      if (!assigned.count(name)) continue;
      edges_.push_back(&p);
      if (number) {
        dropped_.insert(name);
        fixed++;
        continue;
      }
      if (p.type.base != Base::Tensor && p.type.base != Base::Element) error("only tensors have gradients: " + name);
      targets_[name] = !variadic_    ? std::to_string(fixed)
                       : p.type.list ? "at_" + p.name + ", n_" + p.name
                                     : "at_" + p.name;
      target_types_[name] = p.type;
      fixed++;
    }
    for (const std::string& a : assigned)
      if (!targets_.count(a) && !dropped_.count(a)) error("no parameter for " + a);
    std::map<std::string, std::string> all = targets_;
    for (const std::string& d : dropped_) all[d] = "";
    const auto flow = flows(f, all);
    for (const ast::Arg* a : f->args->args) {
      const std::string name(a->arg);
      std::set<std::string> into;
      if (auto it = flow.find(name); it != flow.end()) into = it->second;
      const bool used = !into.empty();
      for (const std::string& d : dropped_) into.erase(d);
      if (name == "grad" || name == "grads" || (!d_.find(name) && name.compare(0, 5, "grad_") == 0)) {
        if (d_.find(name)) error("in formulas, `grad` is the gradient of the result: give the parameter another name");
        grads_.push_back(a);
        continue;
      }
      if (!used) error(name + " is named but flows into no gradient");
      if (into.empty()) continue;
      if (const Param* p = d_.find(name)) {
        Saved v{Saved::What::Plain, name, p->type, 0, into};
        if (p->type.base == Base::Tensor || p->type.base == Base::Element)
          v.what = p->type.list             ? Saved::What::Tensors
                   : only_metadata(f, name) ? Saved::What::Meta
                                            : Saved::What::Tensor;
        if (p->type.base == Base::Element) v.type = Type::of(Base::Tensor);
        saved_.push_back(std::move(v));
        continue;
      }
      for (size_t i = 0; i < d_.results.size(); i++)
        if (d_.results[i].name == name) {
          Saved v{Saved::What::Result, name, d_.results[i].type, i, into};
          saved_.push_back(std::move(v));
        }
      if (saved_.empty() || saved_.back().name != name) error("unknown parameter " + name);
    }
  }

  void collect_targets(const ast::Stmt* s, std::set<std::string>& out) {
    auto look = [&](const ast::Expr* t) {
      for (const std::string& n : names_in(t))
        if (n.compare(0, 2, "d_") == 0) out.insert(n);
    };
    if (const auto* a = s->as<ast::Assign>())
      for (const ast::Expr* t : a->targets) look(t);
    if (const auto* i = s->as<ast::If>()) {
      for (const ast::Stmt* b : i->body) collect_targets(b, out);
      for (const ast::Stmt* b : i->orelse) collect_targets(b, out);
    }
    if (const auto* l = s->as<ast::For>())
      for (const ast::Stmt* b : l->body) collect_targets(b, out);
  }

  static std::string wanted(const std::set<std::string>& into, const std::map<std::string, std::string>& targets) {
    std::string s;
    for (const std::string& t : into)
      if (targets.count(t)) s += (s.empty() ? "" : " || ") + ("g.wants(" + targets.at(t) + ")");
    return s;
  }

  void node() {
    const std::string cls = "Node_" + id_;
    const size_t results = d_.results.size();
    const std::string base = variadic_ ? "VariadicNode"
                                       : "FixedNode<" + std::to_string(std::max<size_t>(1, edges_.size())) + ", " +
                                             std::to_string(results) + ">";
    line("struct " + cls + " final : " + base + " {");
    if (variadic_) line("  using VariadicNode::VariadicNode;");
    for (const Saved& v : saved_) {
      const char* type = nullptr;
      switch (v.what) {
        case Saved::What::Meta: type = "SavedMeta"; break;
        case Saved::What::Tensor: type = "SavedTensor"; break;
        case Saved::What::Tensors: type = "SavedTensors"; break;
        case Saved::What::Result: type = v.type.list ? "SavedTensors" : "SavedTensor"; break;
        case Saved::What::Plain: break;
      }
      line("  " + (type ? type : cpp_value_type(v.type)) + " s_" + v.name + "{};");
    }
    if (variadic_)
      for (const Param* p : edges_) {
        line("  uint32_t at_" + p->name + " = 0;");
        if (p->type.list) line("  uint32_t n_" + p->name + " = 0;");
      }
    line("  const char* name() const override { return \"" + d_.backward.node + "\"; }");
    if (!d_.backward.cpp_node.empty())
      line("  const char* cpp_name() const override { return \"" + d_.backward.cpp_node + "\"; }");
    std::string release;
    for (const Saved& v : saved_)
      if (v.what == Saved::What::Tensor || v.what == Saved::What::Tensors || v.what == Saved::What::Result)
        release += " s_" + v.name + ".release();";
    // Where Python wraps a number as a tensor (the node then has another name in C++), PyTorch saves that tensor and
    // lets go of it like any other: a second backward is an error.
    const bool wrapped = !d_.backward.cpp_node.empty() && std::any_of(saved_.begin(), saved_.end(), [](const Saved& v) {
      return v.what == Saved::What::Plain && v.type.base == Base::Scalar && v.type.promotes;
    });
    if (wrapped) {
      line("  bool released = false;");
      release += " released = true;";
    }
    if (!release.empty()) line("  void release_saved() override {" + release + " }");
    std::string lookup;
    for (const Saved& v : saved_)
      if ((v.what == Saved::What::Tensor || v.what == Saved::What::Result) && !v.type.list)
        lookup += "    if (name == \"" + v.name + "\") return out = s_" + v.name + ".unpack(this), true;\n";
    if (!lookup.empty())
      s_ += "  bool saved(std::string_view name, Tensor& out) override {\n" + lookup + "    return false;\n  }\n";
    line("  void apply(const Gradients& g) override;");
    line("};");

    // The formula.
    line("void " + cls + "::apply(const Gradients& g) {");
    if (results == 1 && !list_result())
      line("  if (!g.in[0].defined()) return;");
    else
      line("  if (!any_defined(g.in)) return;");
    if (wrapped) line("  if (released) fail_released();");
    BodyOptions o;
    o.targets = targets_;
    for (const std::string& t : dropped_) o.targets[t] = "";
    o.target_types = target_types_;
    for (const std::string& t : dropped_) o.target_types[t] = Type::of(Base::Tensor);
    for (const ast::Arg* a : grads_) {
      const std::string name(a->arg);
      if (list_result()) {
        line("  const std::vector<Tensor> p_grads = defined_gradients(g.in, *this);");
        o.variables[name] = {"p_grads", Type::list_of(Base::Tensor)};
        continue;
      }
      size_t i = 0;
      if (name != "grad") {
        while (i < results && "grad_" + d_.results[i].name != name) i++;
        if (i == results) error("no result for " + name);
      }
      const bool optional = a->annotation != nullptr && read_type(*d_.file, a->annotation).optional;
      o.variables[name] = {"p_" + name, optional ? Type::of(Base::Tensor).as_optional() : Type::of(Base::Tensor)};
      const std::string in = "g.in[" + std::to_string(i) + "]";
      if (results == 1 || optional)
        line("  const Tensor& p_" + name + " = " + in + ";");
      else
        line("  const Tensor p_" + name + " = defined_gradient(" + in + ", result_meta(" + std::to_string(i) + "));");
      line("  (void)p_" + name + ";");
    }
    for (const Saved& v : saved_) {
      const std::string guard = wanted(v.targets, targets_);
      switch (v.what) {
        case Saved::What::Plain: o.variables[v.name] = {"s_" + v.name, v.type}; break;
        case Saved::What::Meta: o.variables[v.name] = {"s_" + v.name, Type::of(Base::Tensor)}; break;
        case Saved::What::Tensors:
          line("  std::vector<Tensor> p_" + v.name + ";");
          line("  if (" + guard + ") p_" + v.name + " = s_" + v.name + ".unpack(this);");
          o.variables[v.name] = {"p_" + v.name, v.type};
          break;
        default:
          line((v.type.list ? "  std::vector<Tensor> p_" : "  Tensor p_") + v.name + ";");
          line("  if (" + guard + ") p_" + v.name + " = s_" + v.name + ".unpack(this);");
          o.variables[v.name] = {"p_" + v.name, v.type};
          break;
      }
    }
    s_ += translate_formula(o);
    line("}");

    // Making it.
    line("static " + cls + "* make_" + id_ + "(" + cpp_params(d_, false, true) +
         (saves_self() ? ", const Tensor& saved_self" : "") + (list_result() ? ", uint32_t result_count" : "") + ") {");
    for (const Param& p : d_.params) line("  (void)p_" + p.name + ";");
    if (variadic_) {
      std::string count;
      for (const Param* p : edges_)
        count +=
            (count.empty() ? "" : " + ") + (p->type.list ? "static_cast<uint32_t>(p_" + p->name + ".size())" : "1u"s);
      line("  auto* node = new " + cls + "(" + count + ", " +
           (list_result() ? "result_count" : std::to_string(results)) + ");");
      line("  uint32_t at = 0;");
      for (const Param* p : edges_) {
        line("  node->at_" + p->name + " = at;");
        if (p->type.list) {
          line("  node->n_" + p->name + " = static_cast<uint32_t>(p_" + p->name + ".size());");
          line("  for (const Tensor& t : p_" + p->name + ") node->edges()[at++] = gradient_edge(t);");
        } else if (p->type.base == Base::Tensor) {
          line("  node->edges()[at++] = gradient_edge(p_" + p->name + ");");
        } else {
          line("  at++;");
        }
      }
    } else {
      line("  auto* node = new " + cls + "();");
      for (size_t i = 0; i < edges_.size(); i++)
        if (edges_[i]->type.base == Base::Tensor)
          line("  node->edges()[" + std::to_string(i) + "] = gradient_edge(p_" + edges_[i]->name + ");");
    }
    for (const Saved& v : saved_) {
      if (v.what == Saved::What::Result) continue;
      const std::string from = v.name == "self" && saves_self() ? "saved_self" : "p_" + v.name;
      switch (v.what) {
        case Saved::What::Meta: line("  node->s_" + v.name + ".save(" + from + ");"); break;
        case Saved::What::Tensor:
        case Saved::What::Tensors:
          line("  if (" + has_edges(v.targets) + ") node->s_" + v.name + ".save(" + from + ");");
          break;
        default: line("  node->s_" + v.name + " = own(" + from + ");"); break;
      }
    }
    line("  return node;");
    line("}");
  }

  std::string translate_formula(const BodyOptions& o) {
    // Targets of numbers are dropped: their formulas are not translated.
    return translate_body(d_, d_.backward.function, m_.catalog, o);
  }

  /// Whether some edge that `targets` stand for is there.
  std::string has_edges(const std::set<std::string>& targets) const {
    std::string s;
    for (const std::string& t : targets) {
      if (!targets_.count(t)) continue;
      const std::string& edge = targets_.at(t);
      s += s.empty() ? "" : " || ";
      if (edge.find(',') != std::string::npos)
        s += "true";
      else if (variadic_)
        s += "node->edges()[node->" + edge + "]";
      else
        s += "node->edges()[" + edge + "]";
    }
    return s.empty() ? "true" : s;
  }

  /// The formula reads the old value of self, and there is a variant that overwrites it.
  bool saves_self() const {
    if (!d_.has_inplace && !d_.mutates_self) return false;
    for (const Saved& v : saved_)
      if (v.name == "self" && v.what == Saved::What::Tensor) return true;
    return false;
  }

  void save_results(const std::string& indent, const std::string& result = "") {
    for (const Saved& v : saved_) {
      if (v.what != Saved::What::Result) continue;
      const std::string from = result.empty() ? result_item(v.result) : result;
      if (v.type.list)
        line(indent + "node->s_" + v.name + ".save(" + from + ");");
      else
        line(indent + "if (" + has_edges(v.targets) + ") node->s_" + v.name + ".save_result(" + from + ", " +
             std::to_string(v.result) + ");");
    }
  }

  void set_views(const std::string& indent) {
    if (!d_.view || !d_.differentiable) return;
    if (list_result())
      line(indent + "for (const Tensor& t : result) set_view(t, p_self, ViewCreation::MultiOutput);");
    else
      line(indent + "set_view(result, p_self, ViewCreation::Normal);");
  }

  void record_plain() {
    line("  if (__builtin_expect(must_record(" + tensor_args() + "), 0)) {");
    if (!d_.backward.function) {
      line("    record_missing(\"" + d_.name + "\", \"" + camel_case(d_.name) + "Backward0\", result, " +
           tensor_args() + ");");
      line("  }");
      return;
    }
    std::string args = call_args();
    if (saves_self()) args += ", p_self";
    if (list_result()) args += ", static_cast<uint32_t>(result.size())";
    line("    auto* node = make_" + id_ + "(" + args + ");");
    line("    const NodeRef ref = NodeRef::steal(node);");
    if (list_result())
      line("    for (uint32_t i = 0; i < result.size(); i++) set_history(result[i], ref, i);");
    else
      for (size_t i = 0; i < d_.results.size(); i++)
        if (d_.results[i].type.is_tensor())
          line("    set_history(" + result_item(i) + ", ref, " + std::to_string(i) + ");");
    save_results("    ");
    line("  }");
  }

  void plain() {
    const std::string head =
        cpp_result(d_, Variant::Plain) + " " + d_.cpp_name + "(" + cpp_params(d_, false, true) + ") {";
    line(head);
    if (d_.kind == Kind::Pointwise) {
      if (d_.results.size() == 1) {
        line("  Tensor result;");
        pointwise_call("&result");
      } else {
        line("  Tensor results[" + std::to_string(d_.results.size()) + "];");
        pointwise_call("results");
        std::string items;
        for (size_t i = 0; i < d_.results.size(); i++)
          items += (i ? ", " : "") + ("std::move(results[" + std::to_string(i) + "])");
        line("  " + cpp_result(d_, Variant::Plain) + " result(" + items + ");");
      }
    } else if (transparent() || (d_.results.empty() && !records())) {
      line("  return " + compute() + ";");
      line("}");
      return;
    } else if (d_.has_body && records()) {
      line("  auto result = [&] {");
      line("    NoRecording off;");
      line("    return " + compute() + ";");
      line("  }();");
    } else {
      line("  auto result = " + compute() + ";");
    }
    set_views("  ");
    if (records()) record_plain();
    line("  return result;");
    line("}");
  }

  /// Begins an in-place variant: checks, and the node, made before the write.
  void begin_write() {
    const bool node = d_.backward.function != nullptr;
    line("  const bool record = must_record(" + tensor_args() + ");");
    line("  if (__builtin_expect(record || " + self() + "->autograd() != nullptr || is_inference(" + self() +
         "), 0)) check_inplace(" + self() + ", record);");
    if (node) {
      line("  NodeRef ref;");
      line("  Node_" + id_ + "* node = nullptr;");
      line("  if (__builtin_expect(record, 0)) {");
      std::string args = call_args();
      if (saves_self()) {
        line("    const Tensor saved_self = needs_grad(" + original_self_condition() +
             ") ? cpu::clone(p_self) : p_self;");
        args += ", saved_self";
      }
      line("    node = make_" + id_ + "(" + args + ");");
      line("    ref = NodeRef::steal(node);");
      line("  }");
    }
  }
  std::string original_self_condition() const {
    // Any of the targets that the old value flows into.
    std::string s;
    for (const Saved& v : saved_)
      if (v.name == "self" && v.what == Saved::What::Tensor)
        for (const std::string& t : v.targets) {
          if (!s.empty()) s += ") || needs_grad(";
          s += "p_" + t.substr(2);
        }
    return s;
  }
  void end_write() {
    line("  " + self() + ".bump_version();");
    if (d_.backward.function) {
      line("  if (__builtin_expect(record, 0)) {");
      save_results("    ", self());
      line("    rebase_history(" + self() + ", ref);");
      line("  }");
    } else if (d_.differentiable && !only_discrete_results()) {
      line("  if (__builtin_expect(record, 0)) record_missing_write(\"" + d_.name + "\", \"" + camel_case(d_.name) +
           "Backward0\", " + self() + ");");
    }
    line("  return " + self() + ";");
    line("}");
  }

  void mutating() {
    line("const Tensor& " + d_.cpp_name + "(" + cpp_params(d_, false, true) + ") {");
    if (transparent()) {
      line("  " + compute() + ";");
      line("  return " + self() + ";");
      line("}");
      return;
    }
    begin_write();
    line("  {");
    if (d_.has_body) line("    NoRecording off;");
    line("    " + compute() + ";");
    line("  }");
    end_write();
  }

  void inplace() {
    line("const Tensor& " + d_.cpp_name + "_(" + cpp_params(d_, false, true) + ") {");
    if (d_.kind == Kind::Pointwise) {
      begin_write();
      line("  Tensor target = " + self() + ";");
      pointwise_call("&target, scalar::Target::InPlace");
      return end_write();
    }
    if (transparent()) {
      line("  return write_back(" + self() + ", op::" + d_.cpp_name + "(" + call_args() + "));");
      line("}");
      return;
    }
    begin_write();
    if (d_.view) {
      line("  const Tensor seen = " + compute() + ";");
      line("  " + self() +
           "->set_geometry(DimVector(seen.sizes()), DimVector(seen.strides()), seen.storage_offset());");
    } else {
      line("  {");
      line("    NoRecording off;");
      line("    const Tensor value = " + compute() + ";");
      line("    store_result(" + self() + ", value);");
      line("  }");
    }
    end_write();
  }

  void out() {
    const size_t n = d_.results.size();
    std::string outs, checks;
    for (size_t i = 0; i < n; i++) {
      outs += (i ? ", const Tensor& " : "const Tensor& ") + ("o_" + d_.results[i].name);
      checks += ", o_" + d_.results[i].name;
    }
    const std::string params = cpp_params(d_, false, true);
    line("void " + d_.cpp_name + "_out(" + outs + (params.empty() ? "" : ", ") + params + ") {");
    const std::string tensors = tensor_args();
    line("  if (__builtin_expect(must_record(" + (tensors.empty() ? checks.substr(2) : tensors + checks) +
         "), 0)) fail_out_requires_grad(\"" + d_.name + "\");");
    if (d_.kind == Kind::Pointwise) {
      std::string copies;
      for (size_t i = 0; i < n; i++) copies += (i ? ", " : "") + ("o_" + d_.results[i].name);
      line("  Tensor targets[] = {" + copies + "};");
      pointwise_call("targets, scalar::Target::Out");
    } else {
      line("  NoRecording off;");
      line("  const auto result = " + compute() + ";");
      for (size_t i = 0; i < n; i++) line("  store_out(o_" + d_.results[i].name + ", " + result_item(i) + ");");
    }
    for (size_t i = 0; i < n; i++) line("  o_" + d_.results[i].name + ".bump_version();");
    line("}");
  }

  const Model& m_;
  const Decl& d_;
  size_t index_;
  std::string& s_;
  std::string id_;
  bool variadic_ = false;
  std::vector<const Param*> edges_;
  std::set<std::string> dropped_;
  std::map<std::string, std::string> targets_;
  std::map<std::string, Type> target_types_;
  std::vector<const ast::Arg*> grads_;
  std::vector<Saved> saved_;
};

}  // namespace

void emit_functions(const Model& m, const std::string& out, int parts) {
  for (int part = 0; part < parts; part++) {
    std::string s =
        "// Generated by tsvm_opgen from ops/defs. Do not edit.\n#include \"ops/body_support.h\"\n#include "
        "\"ops/op_info.h\"\n#include \"ops/operators.h\"\n\nnamespace tsvm::ops {\n\n";
    std::set<std::string> specs;
    std::string functions;
    for (size_t i = static_cast<size_t>(part); i < m.decls.size(); i += static_cast<size_t>(parts)) {
      if (!m.spec_of[i].empty()) {
        specs.insert(m.spec_of[i]);
        if (m.has_plain[i]) specs.insert(m.spec_of[i] + "_plain");
      }
      Emitter(m, i, functions).run();
    }
    for (const std::string& spec : specs) s += "extern const scalar::PointwiseSpec " + spec + ";\n";
    s += "\nnamespace op {\n\nusing namespace autograd;\nusing namespace body;\n" + functions +
         "\n}  // namespace op\n}  // namespace tsvm::ops\n";
    write_file(out + "/ops/generated/operators_" + std::to_string(part) + ".cpp", s);
  }
}

}  // namespace tsvm::gen
