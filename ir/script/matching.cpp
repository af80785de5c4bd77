// Calls: fitting arguments to schemas and signatures.
#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "ir/script/compiler.h"

namespace tsvm::script {

namespace {

using Bindings = std::vector<std::pair<std::string, TypeId>>;

TypeId* find_binding(Bindings& b, const std::string& name) {
  for (auto& [n, t] : b)
    if (n == name) return &t;
  return nullptr;
}

/// The concrete type of a schema type, or none while variables are open.
TypeId instantiate(Program& p, const SchemaType& t, Bindings& b) {
  switch (t.kind) {
    case SchemaType::Kind::Concrete: return t.type;
    case SchemaType::Kind::Var: {
      TypeId* found = find_binding(b, t.var);
      return found ? *found : TypeId();
    }
    default: break;
  }
  std::vector<TypeId> args;
  for (const SchemaType& a : t.args) {
    TypeId inner = instantiate(p, a, b);
    if (!inner) return TypeId();
    args.push_back(inner);
  }
  switch (t.kind) {
    case SchemaType::Kind::List: return p.types.list(args[0]);
    case SchemaType::Kind::Optional: return p.types.optional(args[0]);
    case SchemaType::Kind::Dict: return p.types.dict(args[0], args[1]);
    case SchemaType::Kind::Tuple: return p.types.tuple(args);
    default: return p.types.future(args[0]);
  }
}

std::string schema_type_text(const Program& p, const SchemaType& t) {
  switch (t.kind) {
    case SchemaType::Kind::Concrete: return p.type_text(t.type);
    case SchemaType::Kind::Var: return t.var;
    default: break;
  }
  std::string s;
  for (size_t i = 0; i < t.args.size(); i++) s += (i ? ", " : "") + schema_type_text(p, t.args[i]);
  const char* head = t.kind == SchemaType::Kind::List       ? "List"
                     : t.kind == SchemaType::Kind::Optional ? "Optional"
                     : t.kind == SchemaType::Kind::Dict     ? "Dict"
                     : t.kind == SchemaType::Kind::Tuple    ? "Tuple"
                                                            : "Future";
  return std::string(head) + "[" + s + "]";
}

/// Binds the variables of a schema type so that it takes a value of type `actual`.
bool bind(Program& p, const SchemaType& t, TypeId actual, Bindings& b) {
  TypeKind k = p.types.kind(actual);
  switch (t.kind) {
    case SchemaType::Kind::Concrete: return true;
    case SchemaType::Kind::Var: {
      TypeId* found = find_binding(b, t.var);
      if (!found) {
        b.push_back({t.var, actual});
        return true;
      }
      TypeId both = p.unify(*found, actual);
      if (!both) return false;
      // A list of optionals takes plain items, but a list that is there does not change its type.
      if (p.is_subtype(actual, *found)) return true;
      return false;
    }
    case SchemaType::Kind::List: return k == TypeKind::List && bind(p, t.args[0], p.element(actual), b);
    case SchemaType::Kind::Dict:
      return k == TypeKind::Dict && bind(p, t.args[0], p.element(actual, 0), b) &&
             bind(p, t.args[1], p.element(actual, 1), b);
    case SchemaType::Kind::Optional: {
      if (actual == types::None) {
        // Which type it is will be known from elsewhere.
        return true;
      }
      return bind(p, t.args[0], k == TypeKind::Optional ? p.element(actual) : actual, b);
    }
    case SchemaType::Kind::Tuple:
      if ((k != TypeKind::Tuple && k != TypeKind::NamedTuple) || p.types[actual].args.size() != t.args.size())
        return false;
      for (size_t i = 0; i < t.args.size(); i++)
        if (!bind(p, t.args[i], p.element(actual, i), b)) return false;
      return true;
    case SchemaType::Kind::Future: return k == TypeKind::Future && bind(p, t.args[0], p.element(actual), b);
  }
  return false;
}

std::string actual_text(Compiler& c, const Value* v) {
  std::string s = c.text(v->type);
  if (v->type == types::Tensor && v->node && v->node->kind == NodeKind::Load)
    for (const FunctionParam& p : c.function.params)
      if (p.name == v->node->name && p.is_inferred) return "Tensor (inferred)";
  return s;
}

struct Match {
  std::vector<Value*> inputs;
  Bindings bindings;
};

class Matcher {
 public:
  Matcher(Compiler& c, const Schema& s, SourceRange r, bool conversions)
      : c_(c), s_(s), r_(r), conversions_(conversions) {}

  /// False: `why` says what does not fit.
  bool run(const std::vector<Arg>& args, std::vector<Value*>& values, Match& out, std::string& why) {
    std::vector<bool> used(args.size(), false);
    size_t next = 0;
    for (size_t i = 0; i < s_.params.size(); i++) {
      const SchemaParam& p = s_.params[i];
      size_t found = args.size();
      if (!p.keyword_only && next < args.size() && args[next].name.empty()) {
        // Several numbers in a row where the last parameter is a list.
        if (as_list(i, args, values, next)) {
          std::vector<Value*> items;
          while (next < args.size() && args[next].name.empty()) {
            used[next] = true;
            items.push_back(values[next++]);
          }
          Value* l = fit_list(p, items, why);
          if (!l) return false;
          out.inputs.push_back(l);
          continue;
        }
        found = next++;
      } else {
        for (size_t k = 0; k < args.size(); k++) {
          bool alias = !s_.name.compare(0, 6, "aten::") &&
                       ((args[k].name == "input" && p.name == "self") || (args[k].name == "axis" && p.name == "dim") ||
                        (args[k].name == "keepdims" && p.name == "keepdim"));
          if (!used[k] && !args[k].name.empty() && (args[k].name == p.name || alias)) found = k;
        }
      }
      if (found < args.size()) {
        used[found] = true;
        Value* v = fit(p, values[found], out.bindings, why);
        if (!v) return false;
        out.inputs.push_back(v);
      } else if (p.has_default) {
        Value* v = default_value(p, out.bindings);
        if (!v) {
          why = "Argument " + p.name + " has no usable default.";
          return false;
        }
        out.inputs.push_back(v);
      } else {
        why = "Argument " + p.name + " not provided.";
        return false;
      }
    }
    if (s_.is_vararg)
      for (; next < args.size() && args[next].name.empty(); next++) {
        used[next] = true;
        out.inputs.push_back(values[next]);
      }
    for (size_t k = 0; k < args.size(); k++) {
      if (used[k]) continue;
      if (args[k].name.empty()) {
        size_t positional = 0;
        for (const Arg& a : args) positional += a.name.empty();
        why = "Expected at most " + std::to_string(s_.params.size()) + " arguments but found " +
              std::to_string(positional) + " positional arguments.";
      } else {
        bool is_param = false;
        for (const SchemaParam& p : s_.params) is_param |= p.name == args[k].name;
        why = is_param ? "Argument " + args[k].name + " specified twice in schema, submit a bug report!"
                       : "Keyword argument " + args[k].name + " unknown.";
      }
      return false;
    }
    return true;
  }

 private:
  bool is_int_like(Value* v) const { return v->type == types::I64 || v->type == types::Tensor; }

  bool as_list(size_t i, const std::vector<Arg>& args, std::vector<Value*>& values, size_t next) const {
    const SchemaParam& p = s_.params[i];
    if (p.type.kind != SchemaType::Kind::Concrete || c_.program.types.kind(p.type.type) != TypeKind::List) return false;
    if (p.list_size > 0) return false;
    for (size_t j = i + 1; j < s_.params.size(); j++)
      if (!s_.params[j].keyword_only) return false;
    TypeId element = c_.program.element(p.type.type);
    if (element != types::I64 && element != types::Tensor && element != types::F64) return false;
    if (c_.program.types.kind(values[next]->type) == TypeKind::List) return false;
    TypeKind k = c_.program.types.kind(values[next]->type);
    if (k == TypeKind::Tuple || k == TypeKind::NamedTuple) return false;
    (void)args;
    return true;
  }

  Value* fit_list(const SchemaParam& p, const std::vector<Value*>& items, std::string& why) {
    TypeId element = c_.program.element(p.type.type);
    std::vector<Value*> converted;
    for (Value* v : items) {
      Value* x = c_.convert(v, element, r_, conversions_);
      if (!x) {
        why = "Expected a value of type '" + c_.text(element) + "' for argument '" + p.name +
              "' but instead found type '" + actual_text(c_, v) + "'.";
        return nullptr;
      }
      converted.push_back(x);
    }
    return c_.list(element, converted, r_);
  }

  Value* fit(const SchemaParam& p, Value* v, Bindings& b, std::string& why) {
    if (p.type.kind != SchemaType::Kind::Concrete) {
      // A tuple may stand for a list.
      if (p.type.kind == SchemaType::Kind::List)
        if (Value* l = tuple_as_list(v, instantiate(c_.program, p.type, b))) v = l;
      Bindings before = b;
      if (!bind(c_.program, p.type, v->type, b)) {
        TypeId known = instantiate(c_.program, p.type, before);
        b = before;
        if (known && conversions_)
          if (Value* x = c_.convert(v, known, r_, true)) return x;
        why = "Could not match type " + actual_text(c_, v) + " to " + schema_type_text(c_.program, p.type) +
              " in argument '" + p.name + "': Cannot match " + schema_type_text(c_.program, p.type) + " to " +
              actual_text(c_, v) + ".";
        return nullptr;
      }
      TypeId wanted = instantiate(c_.program, p.type, b);
      if (!wanted) return v;
      if (c_.program.is_subtype(v->type, wanted)) return v;
      return c_.convert(v, wanted, r_, conversions_);
    }
    TypeId wanted = p.type.type;
    // One number for int[2].
    TypeId inner = c_.program.is_optional(wanted) ? c_.program.element(wanted) : wanted;
    if (p.list_size > 0 && c_.program.types.kind(inner) == TypeKind::List) {
      TypeId element = c_.program.element(inner);
      Value* one = v;
      if (v->type == element ||
          (conversions_ && v->type == types::Tensor && element != types::Tensor &&
           (one = c_.convert(v, element, r_, true))) ||
          (v->type == types::I64 && element == types::F64 && (one = c_.convert(v, element, r_, true)))) {
        return c_.list(element, std::vector<Value*>(static_cast<size_t>(p.list_size), one), r_);
      }
    }
    if (Value* x = c_.convert(v, wanted, r_, conversions_)) return x;
    why = "Expected a value of type '" + c_.text(wanted) + "' for argument '" + p.name + "' but instead found type '" +
          actual_text(c_, v) + "'.";
    if (actual_text(c_, v) == "Tensor (inferred)")
      why += "\n  Inferred the value for argument '" + p.name +
             "' to be of type 'Tensor' because it was not annotated with an explicit type.";
    if (c_.program.types.kind(v->type) == TypeKind::List && c_.program.types.kind(wanted) == TypeKind::List &&
        c_.program.element(v->type) == types::Tensor && v->node && v->node->kind == NodeKind::ListConstruct &&
        v->node->inputs.empty())
      why +=
          "\n  Empty lists default to List[Tensor]. Add a variable annotation to the assignment to create an empty "
          "list "
          "of another type (torch.jit.annotate(List[T, []]) where T is the type of elements in the list for Python 2)";
    return nullptr;
  }

  Value* tuple_as_list(Value* v, TypeId wanted) {
    TypeKind k = c_.program.types.kind(v->type);
    if (k != TypeKind::Tuple && k != TypeKind::NamedTuple) return nullptr;
    const std::vector<TypeId> args = c_.program.types[v->type].args;
    if (args.empty()) return nullptr;
    TypeId element = wanted ? c_.program.element(wanted) : args[0];
    std::vector<Value*> items;
    for (size_t i = 0; i < args.size(); i++) {
      if (!c_.program.is_subtype(args[i], element)) return nullptr;
      items.push_back(c_.tuple_index(v, static_cast<int64_t>(i), r_));
    }
    return c_.list(element, items, r_);
  }

  Value* default_value(const SchemaParam& p, Bindings& b) {
    TypeId t = instantiate(c_.program, p.type, b);
    if (!t) t = types::None;
    TypeId inner = c_.program.is_optional(t) ? c_.program.element(t) : t;
    const Const& d = p.default_value;
    if (d.kind == Const::Kind::None) return c_.none(r_);
    if (c_.program.types.kind(inner) == TypeKind::List) {
      TypeId element = c_.program.element(inner);
      std::vector<Value*> items;
      if (d.kind == Const::Kind::IntList || d.kind == Const::Kind::FloatList) {
        for (int64_t i : d.ints) items.push_back(c_.integer(i, r_));
        for (double x : d.floats) items.push_back(c_.constant(Const::number(x), types::F64, r_));
      } else {
        items.assign(static_cast<size_t>(std::max(1, p.list_size)), number(d, element));
      }
      return c_.list(element, items, r_);
    }
    return number(d, inner);
  }
  Value* number(const Const& d, TypeId t) {
    switch (d.kind) {
      case Const::Kind::Int:
        if (t == types::F64) return c_.constant(Const::number(static_cast<double>(d.i)), types::F64, r_);
        if (t == types::Bool) return c_.boolean(d.i != 0, r_);
        return c_.integer(d.i, r_);
      case Const::Kind::Float: return c_.constant(d, types::F64, r_);
      case Const::Kind::Bool: return c_.boolean(d.i != 0, r_);
      default: return c_.constant(d, types::Str, r_);
    }
  }

  Compiler& c_;
  const Schema& s_;
  SourceRange r_;
  bool conversions_;
};

}  // namespace

Value* Compiler::convert(Value* v, TypeId wanted, SourceRange r, bool conversions) {
  if (v->type == wanted) return v;
  TypeKind k = program.types.kind(v->type);
  TypeId inner = program.is_optional(wanted) ? program.element(wanted) : wanted;
  TypeKind kw = program.types.kind(inner);
  if (k == TypeKind::Tuple || k == TypeKind::NamedTuple) {
    const std::vector<TypeId> args = program.types[v->type].args;
    if (kw == TypeKind::List) {
      TypeId element = program.element(inner);
      bool all = true;
      for (TypeId t : args) all &= program.is_subtype(t, element) || (conversions && t == types::Tensor);
      if (all) {
        std::vector<Value*> items;
        for (size_t i = 0; i < args.size(); i++) {
          Value* x = convert(tuple_index(v, static_cast<int64_t>(i), r), element, r, conversions);
          if (!x) return nullptr;
          items.push_back(x);
        }
        return list(element, items, r);
      }
    }
    if ((kw == TypeKind::Tuple || kw == TypeKind::NamedTuple) && !program.is_subtype(v->type, inner) &&
        program.types[inner].args.size() == args.size() && kw == TypeKind::Tuple) {
      std::vector<Value*> items;
      for (size_t i = 0; i < args.size(); i++) {
        Value* x = convert(tuple_index(v, static_cast<int64_t>(i), r), program.element(inner, i), r, conversions);
        if (!x) return nullptr;
        items.push_back(x);
      }
      return tuple(items, r);
    }
  }
  if (program.is_subtype(v->type, wanted)) return v;
  // An empty list takes any element type.
  if (conversions) {
    if (v->type == types::Tensor) {
      if (inner == types::F64) return op(program.operators.get("aten::FloatImplicit", ""), r, {v}, types::F64);
      if (inner == types::I64) return op(program.operators.get("aten::IntImplicit", ""), r, {v}, types::I64);
      if (inner == types::Complex)
        return op(program.operators.get("aten::ComplexImplicit", ""), r, {v}, types::Complex);
      if (inner == types::Number) return op(program.operators.get("aten::ScalarImplicit", ""), r, {v}, types::Number);
    }
    if (v->type == types::Number) {
      if (inner == types::F64) return op(program.operators.get("aten::Float", "Scalar"), r, {v}, types::F64);
      if (inner == types::I64) return op(program.operators.get("aten::Int", "Scalar"), r, {v}, types::I64);
      if (inner == types::Complex) return op(program.operators.get("aten::Complex", "Scalar"), r, {v}, types::Complex);
    }
    if (v->type == types::Str && inner == types::Device)
      return op(program.operators.get("aten::device", ""), r, {v}, types::Device);
    if (function.is_library && v->type == types::I64 && inner == types::F64)
      return op(program.operators.get("aten::Float", "int"), r, {v}, types::F64);
  }
  return nullptr;
}

/// A number on the left of a tensor: what PyTorch's builtins written in Torch Script make of it. Null: not such a case.
Value* Compiler::number_and_tensor(const std::string& name, SourceRange r, Value* number, Value* tensor) {
  const bool is_number = number->type == types::I64 || number->type == types::F64 || number->type == types::Bool ||
                         number->type == types::Number;
  if (!is_number || tensor->type != types::Tensor) return nullptr;
  static constexpr std::pair<std::string_view, const char*> kSwapped[] = {
      {"aten::mul", "aten::mul"}, {"aten::add", "aten::add"}, {"aten::lt", "aten::gt"}, {"aten::gt", "aten::lt"},
      {"aten::le", "aten::ge"},   {"aten::ge", "aten::le"},   {"aten::eq", "aten::eq"}, {"aten::ne", "aten::ne"}};
  for (const auto& [from, to] : kSwapped)
    if (name == from) return call_value(to, r, {tensor, number});
  if (name == "aten::sub") return call_value("aten::add", r, {call_value("aten::neg", r, {tensor}), number});
  if (name == "aten::div") return call_value("aten::mul", r, {call_value("aten::reciprocal", r, {tensor}), number});
  return nullptr;
}

SugaredPtr Compiler::call_operator(const std::string& name, SourceRange r, const std::vector<Arg>& args,
                                   size_t binders) {
  (void)binders;
  const std::vector<const Operator*>& all = program.operators.find(name);
  if (all.empty()) {
    std::string spelled = name.substr(name.find("::") + 2);
    error(r, "Unknown builtin op: " + name + ".\nCould not find any similar ops to " + name +
                 ". This op may not exist or may not be currently supported in TorchScript.\n");
  }
  std::vector<Value*> values;
  for (const Arg& a : args) values.push_back(a.value->as_value(*this, a.range));
  if (values.size() == 2 && args[0].name.empty() && args[1].name.empty())
    if (Value* v = number_and_tensor(name, r, values[0], values[1])) return simple(v);
  std::string failures;
  for (bool conversions : {false, true}) {
    for (const Operator* o : all) {
      size_t mark = block->nodes.size();
      Match m;
      std::string why;
      if (Matcher(*this, o->schema, r, conversions).run(args, values, m, why)) {
        std::vector<TypeId> results;
        for (const SchemaType& t : o->schema.results) {
          TypeId type = instantiate(program, t, m.bindings);
          results.push_back(type ? type : types::None);
        }
        Node* n = node(NodeKind::Op, r, std::move(m.inputs));
        n->op = o;
        if (results.empty()) return simple(none(r));
        for (TypeId t : results) with_output(n, t);
        if (results.size() == 1) return simple(n->outputs[0]);
        std::vector<Value*> outputs = n->outputs;
        TypeId type = o->schema.result_names.empty() ? program.types.tuple(results)
                                                     : program.types.named_tuple("", o->schema.result_names, results);
        return simple(with_output(node(NodeKind::TupleConstruct, r, outputs), type));
      }
      block->nodes.resize(mark);
      if (conversions || all.size() == 1) {
        if (conversions) failures += "  \n  " + o->text + ":\n  " + why + "\n";
      }
    }
  }
  if (all.size() == 1) {
    // The reason alone.
    size_t mark = block->nodes.size();
    Match m;
    std::string why;
    Matcher(*this, all[0]->schema, r, true).run(args, values, m, why);
    block->nodes.resize(mark);
    error(r, all[0]->text + ":\n" + why + "\n:");
  }
  error(r, "Arguments for call are not valid.\nThe following variants are available:\n" + failures +
               "\nThe original call is");
}

Value* Compiler::call_value(const std::string& name, SourceRange r, std::vector<Value*> args) {
  std::vector<Arg> list;
  for (Value* v : args) list.push_back({"", r, simple(v)});
  return call_operator(name, r, list)->as_value(*this, r);
}

std::string Compiler::schema_text(const Function& f) const {
  std::string s = f.name + "(";
  bool star = false;
  for (size_t i = 0; i < f.params.size(); i++) {
    const FunctionParam& p = f.params[i];
    if (i) s += ", ";
    if (p.keyword_only && !star) {
      s += "*, ";
      star = true;
    }
    s += program.graph_type_text(p.type) + " " + p.name;
    if (p.has_default) {
      const Const& d = p.default_value;
      s += "=";
      s += d.kind == Const::Kind::None   ? "None"
           : d.kind == Const::Kind::Bool ? (d.i ? "True" : "False")
           : d.kind == Const::Kind::Int  ? std::to_string(d.i)
           : d.kind == Const::Kind::Str  ? "\"" + d.s + "\""
                                         : "...";
    }
  }
  return s + ") -> " + (f.result ? program.graph_type_text(f.result) : "?");
}

Value* Compiler::default_of(const FunctionParam& p, SourceRange r) {
  if (p.default_is_sequence) {
    std::vector<Value*> items;
    TypeId element;
    for (const Const& c : p.items) {
      TypeId t = c.kind == Const::Kind::Int     ? types::I64
                 : c.kind == Const::Kind::Float ? types::F64
                 : c.kind == Const::Kind::Bool  ? types::Bool
                                                : types::Str;
      element = t;
      items.push_back(constant(c, t, r));
    }
    TypeId inner = program.is_optional(p.type) ? program.element(p.type) : p.type;
    if (program.types.kind(inner) == TypeKind::List) return list(program.element(inner), items, r);
    return tuple(items, r);
  }
  const Const& d = p.default_value;
  switch (d.kind) {
    case Const::Kind::None: return none(r);
    case Const::Kind::Bool: return constant(d, types::Bool, r);
    case Const::Kind::Int: {
      TypeId inner = program.is_optional(p.type) ? program.element(p.type) : p.type;
      if (inner == types::F64) return constant(Const::number(static_cast<double>(d.i)), types::F64, r);
      return constant(d, types::I64, r);
    }
    case Const::Kind::Float: return constant(d, types::F64, r);
    case Const::Kind::Str: return constant(d, types::Str, r);
    default: return constant(d, p.type, r);
  }
}

std::vector<Value*> Compiler::match_function(Function& f, SourceRange r, const std::vector<Arg>& args,
                                             SugaredPtr self) {
  std::vector<Value*> inputs;
  std::vector<bool> used(args.size(), false);
  size_t next = 0;
  auto fail = [&](const std::string& why) { error(r, "\n" + schema_text(f) + ":\n" + why); };
  for (size_t i = 0; i < f.params.size(); i++) {
    const FunctionParam& p = f.params[i];
    if (i == 0 && self) {
      inputs.push_back(self->as_value(*this, r));
      continue;
    }
    size_t found = args.size();
    if (!p.keyword_only && next < args.size() && args[next].name.empty()) {
      found = next++;
    } else {
      for (size_t k = 0; k < args.size(); k++)
        if (!used[k] && args[k].name == p.name) found = k;
    }
    if (found == args.size()) {
      if (!p.has_default) fail("Argument " + p.name + " not provided.");
      inputs.push_back(default_of(p, r));
      continue;
    }
    used[found] = true;
    Value* v = args[found].value->as_value(*this, args[found].range);
    Value* fitting = convert(v, p.type, r, true);
    if (!fitting) {
      std::string why = "Expected a value of type '" + text(p.type) + (p.is_inferred ? " (inferred)" : "") +
                        "' for argument '" + p.name + "' but instead found type '" + actual_text(*this, v) + "'.";
      if (p.is_inferred)
        why += "\nInferred '" + p.name + "' to be of type 'Tensor' because it was not annotated with an explicit type.";
      fail(why);
    }
    inputs.push_back(fitting);
  }
  size_t positional = 0;
  for (const Arg& a : args) positional += a.name.empty();
  for (size_t k = 0; k < args.size(); k++) {
    if (used[k]) continue;
    if (args[k].name.empty())
      fail("Expected at most " + std::to_string(f.params.size()) + " arguments but found " +
           std::to_string(positional + (self ? 1 : 0)) + " positional arguments.");
    fail("Unknown keyword argument '" + args[k].name + "'.");
  }
  return inputs;
}

SugaredPtr Compiler::call_function(Function& f, SourceRange r, const std::vector<Arg>& args, SugaredPtr self) {
  if (f.state == Function::State::Compiling) {
    if (f.result_is_declared || f.owner) {
      error(r, "function '" + f.name + "' is called recursively. Recursive calls are not supported");
    }
    error(r, "function '" + f.name + "' is called recursively. Recursive calls are not supported");
  }
  if (f.state == Function::State::Declared) {
    program.compile(f, host);
  } else if (f.state == Function::State::Failed) {
    throw f.failure;
  }
  std::vector<Value*> inputs = match_function(f, r, args, self);
  if (f.result_is_unknown) return std::make_shared<UnknownSugared>();
  Node* n = node(f.owner ? NodeKind::CallMethod : NodeKind::CallFunction, r, std::move(inputs));
  n->function = &f;
  n->name = f.name;
  return simple(with_output(n, f.result));
}

SugaredPtr OverloadedSugared::call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t) {
  std::string reasons;
  for (Function* f : functions) {
    // What matching emits is dropped: the call does it again.
    size_t mark = c.block->nodes.size();
    bool fits = true;
    try {
      c.match_function(*f, r, args, self);
    } catch (const CompileError& e) {
      if (e.pending) throw;
      fits = false;
      reasons += "  " + c.schema_text(*f) + "\n";
    }
    c.block->nodes.resize(mark);
    if (fits) return c.call_function(*f, r, args, self);
  }
  c.error(r, "Arguments for call are not valid.\nThe following variants are available:\n" + reasons +
                 "\nThe original call is");
}

}  // namespace tsvm::script
