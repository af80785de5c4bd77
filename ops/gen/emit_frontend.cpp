// The C++ front end's part: LibTorch's signatures, which follow from the schemas by fixed rules, as methods of
// at::Tensor (include/ATen/generated/methods.inc), as functions of at:: (functions.h), and their definitions
// (frontend/generated/).
//
// A definition converts its arguments (frontend/convert.h), calls the operator's C++ function and turns ops::Error into
// c10::Error. Names that the front end defines by hand are told by kByHand.
#include <algorithm>
#include <set>

#include "ops/gen/emit.h"

namespace tsvm::gen {

namespace {

/// Methods that include/ATen/core/Tensor.h declares itself.
const std::set<std::string> kByHand = {"to",
                                       "numel",
                                       "size",
                                       "stride",
                                       "item",
                                       "is_complex",
                                       "is_floating_point",
                                       "is_signed",
                                       "is_inference",
                                       "cuda",
                                       "requires_grad_",
                                       "detach_",
                                       "backward",
                                       "retain_grad",
                                       "nbytes",
                                       "cpu",
                                       "storage",
                                       "data",
                                       "set_data",
                                       "is_leaf",
                                       "output_nr",
                                       "is_contiguous",
                                       "names",
                                       "is_conj",
                                       "is_neg",
                                       "element_size",
                                       "dim",
                                       "sizes",
                                       "is_nonzero"};

std::string api_type(const Type& t) {
  if (t.list) {
    std::string s;
    switch (t.base) {
      case Base::Tensor:
        if (t.element_optional) return "const c10::List<c10::optional<Tensor>>&";
        s = "TensorList";
        break;
      case Base::Int: return t.optional ? "OptionalIntArrayRef" : "IntArrayRef";
      case Base::Float: s = "ArrayRef<double>"; break;
      case Base::Bool: s = "ArrayRef<bool>"; break;
      case Base::Str: s = "ArrayRef<c10::string_view>"; break;
      default: s = "ArrayRef<Scalar>"; break;
    }
    return t.optional ? "c10::optional<" + s + ">" : s;
  }
  switch (t.base) {
    case Base::Tensor:
    case Base::Operand:
    case Base::Element: return t.optional ? "const c10::optional<Tensor>&" : "const Tensor&";
    case Base::Scalar: return t.optional ? "const c10::optional<Scalar>&" : "const Scalar&";
    default: break;
  }
  const std::string s = t.base == Base::Int            ? "int64_t"
                        : t.base == Base::Float        ? "double"
                        : t.base == Base::Bool         ? "bool"
                        : t.base == Base::Str          ? "c10::string_view"
                        : t.base == Base::DType        ? "ScalarType"
                        : t.base == Base::Device       ? "Device"
                        : t.base == Base::Layout       ? "Layout"
                        : t.base == Base::MemoryFormat ? "MemoryFormat"
                        : t.base == Base::Generator    ? "Generator"
                                                       : "Storage";
  // Generators are always optional in C++.
  return t.optional || t.base == Base::Generator ? "c10::optional<" + s + ">" : s;
}

std::string api_result(const Type& t) {
  if (t.list)
    return t.base == Base::Tensor  ? "std::vector<Tensor>"
           : t.base == Base::Int   ? "std::vector<int64_t>"
           : t.base == Base::Float ? "std::vector<double>"
                                   : "std::vector<Scalar>";
  switch (t.base) {
    case Base::Tensor:
    case Base::Element:
    case Base::Operand: return "Tensor";
    case Base::Scalar: return "Scalar";
    case Base::Str: return "std::string";
    case Base::Int: return "int64_t";
    case Base::Float: return "double";
    case Base::Bool: return "bool";
    case Base::DType: return "ScalarType";
    case Base::Device: return "Device";
    default: return "void";
  }
}

/// A default as C++, "" where there is none that C++ can say.
std::string api_default(const Decl& d, const Param& p) {
  std::string text(d.file->slice(p.default_value->range));
  if (text == "None") {
    const std::string type = api_type(p.type);
    return type.rfind("const ", 0) == 0 ? "{}" : "c10::nullopt";
  }
  if (text == "True") return "true";
  if (text == "False") return "false";
  if (text == "torch.contiguous_format") return "MemoryFormat::Contiguous";
  if (text == "torch.preserve_format") return "MemoryFormat::Preserve";
  if (!text.empty() && text[0] == '\'') return cpp_string(text.substr(1, text.size() - 2));
  if (!text.empty() && text[0] == '"') return text;
  if (p.type.list) {
    if (!text.empty() && (text[0] == '[' || text[0] == '(')) {
      const std::string items = text.substr(1, text.size() - 2);
      return "{" + items + "}";
    }
    return text;
  }
  const bool number = text.find_first_not_of("0123456789.-+e/ ()*") == std::string::npos;
  return number ? text : "";
}

/// One C++ function that follows from a row.
struct Api {
  std::string name;
  std::string result;
  struct Argument {
    std::string type, name, initial;
    std::string pass;  // what the operator's function is given
  };
  std::vector<Argument> arguments;
  std::string body;
  int receiver = -1;  // the argument that is `this` of the method

  std::string parameters(bool initial, bool method) const {
    // A default may only be followed by defaults.
    size_t first = arguments.size();
    while (first > 0 && !arguments[first - 1].initial.empty()) first--;
    std::string s;
    for (size_t i = 0; i < arguments.size(); i++) {
      if (method && static_cast<int>(i) == receiver) continue;
      s += (s.empty() ? "" : ", ") + arguments[i].type + " " + arguments[i].name;
      if (initial && i >= first) s += " = " + arguments[i].initial;
    }
    return s;
  }
  /// What tells overloads apart.
  std::string key(bool method) const {
    std::string s = name + "(";
    for (size_t i = 0; i < arguments.size(); i++)
      if (!method || static_cast<int>(i) != receiver) s += arguments[i].type + ",";
    return s;
  }
};

bool is_option(const Decl& d, const std::string& name) {
  return d.factory && (name == "dtype" || name == "layout" || name == "device" || name == "pin_memory");
}

/// The functions of one row: `random factories` have one with and one without a generator.
std::vector<Api> apis_of(const Row& row) {
  const Decl& d = *row.decl;
  const bool writes = row.variant == Variant::InPlace || d.mutates_self;
  std::vector<Api> out;
  const Param* generator = d.factory ? d.find("generator") : nullptr;
  for (int with_generator = generator ? 0 : 1; with_generator < 2; with_generator++) {
    Api a;
    a.name = d.name + (row.variant == Variant::InPlace ? "_" : row.variant == Variant::Out ? "_out" : "");
    std::string outs;
    if (row.variant == Variant::Out) {
      for (const Result& r : d.results) {
        const std::string name = d.results.size() == 1 ? "out" : "out_" + r.name;
        a.arguments.push_back({"Tensor&", name, "", "in(" + name + ")"});
      }
    }
    bool options_done = false;
    for (size_t i = 0; i < d.params.size(); i++) {
      const Param& p = d.params[i];
      if (is_option(d, p.name)) {
        if (!options_done && row.variant != Variant::Out) a.arguments.push_back({"TensorOptions", "options", "{}", ""});
        options_done = true;
        a.arguments.push_back({"", "", "", p.name + "_of(" + (row.variant == Variant::Out ? "out" : "options") + ")"});
        continue;
      }
      Api::Argument arg;
      arg.type = api_type(p.type);
      arg.name = cpp_identifier(p.name);
      if (p.has_default()) arg.initial = api_default(d, p);
      arg.pass = "in(" + arg.name + ")";
      if (generator == &p) {
        if (!with_generator) {
          a.arguments.push_back({"", "", "", "in(c10::optional<Generator>())"});
          continue;
        }
        arg.initial = "";
      }
      if (p.name == "self" || (i == 0 && a.receiver < 0 && p.type.is_tensor() && !p.type.optional))
        a.receiver = static_cast<int>(a.arguments.size());
      if (i == 0 && writes) arg.type = "Tensor&";
      a.arguments.push_back(std::move(arg));
    }
    std::string call = "ops::op::" + op_function(row) + "(";
    bool first = true;
    for (const Api::Argument& arg : a.arguments) {
      if (arg.pass.empty()) continue;  // the options: what follows takes them apart
      call += (first ? "" : ", ") + arg.pass;
      first = false;
    }
    call += ")";
    // Arguments that only the operator's function has.
    std::vector<Api::Argument> visible;
    int receiver = -1;
    for (size_t i = 0; i < a.arguments.size(); i++) {
      if (a.arguments[i].type.empty()) continue;
      if (static_cast<int>(i) == a.receiver) receiver = static_cast<int>(visible.size());
      visible.push_back(a.arguments[i]);
    }
    a.arguments = std::move(visible);
    a.receiver = receiver;
    if (row.variant == Variant::Out) {
      if (d.results.size() == 1) {
        a.result = "Tensor&";
        a.body = "run([&] { " + call + "; });\n  return out;";
      } else {
        std::string names;
        a.result = "std::tuple<";
        for (size_t i = 0; i < d.results.size(); i++) {
          a.result += i ? ", Tensor&" : "Tensor&";
          names += (i ? ", out_" : "out_") + d.results[i].name;
        }
        a.result += ">";
        a.body = "run([&] { " + call + "; });\n  return " + a.result + "(" + names + ");";
      }
    } else if (writes) {
      a.result = "Tensor&";
      a.body = "run([&] { " + call + "; });\n  return " + a.arguments[0].name + ";";
    } else if (d.results.empty()) {
      a.result = "void";
      a.body = "run([&] { " + call + "; });";
    } else {
      if (d.results.size() == 1) {
        a.result = api_result(d.results[0].type);
      } else {
        a.result = "std::tuple<";
        for (size_t i = 0; i < d.results.size(); i++) a.result += (i ? ", " : "") + api_result(d.results[i].type);
        a.result += ">";
      }
      const bool options = std::any_of(a.arguments.begin(), a.arguments.end(),
                                       [](const Api::Argument& arg) { return arg.name == "options"; });
      a.body = options ? "return with_options(run([&] { return give(" + call + "); }), options);"
                       : "return run([&] { return give(" + call + "); });";
    }
    out.push_back(std::move(a));
  }
  return out;
}

}  // namespace

void emit_frontend(const Model& m, const std::string& out, int parts) {
  const std::string head = "// Generated by tsvm_opgen from ops/defs. Do not edit.\n";
  struct Entry {
    Api api;
    const Decl* decl;
    bool function, method;
    std::string space;
  };
  std::vector<Entry> entries;
  std::set<std::string> functions, methods;
  for (const Row& r : m.rows) {
    const Decl& d = *r.decl;
    if (d.space == "private" || d.name[0] == '_') continue;
    bool usable = true;
    for (const Param& p : d.params)
      usable &= p.type.base != Base::Storage && p.type.base != Base::Function && p.type.base != Base::Tuple;
    if (!usable) continue;
    std::vector<std::string> names{d.name};
    names.insert(names.end(), d.aliases.begin(), d.aliases.end());
    for (const Api& original : apis_of(r)) {
      for (const std::string& name : names) {
        if (name.find('.') != std::string::npos || name[0] == '_') continue;
        Api a = original;
        a.name = name + original.name.substr(d.name.size());
        if (cpp_identifier(a.name) != a.name || kByHand.count(a.name)) continue;
        const bool torch = d.space == "torch";
        const bool writes = r.variant == Variant::InPlace || d.mutates_self;
        Entry e{a, &d, false, false, d.space};
        e.function = d.has_function || writes || r.variant == Variant::Out;
        e.method = (d.has_method || (writes && torch)) && r.variant != Variant::Out && a.receiver >= 0;
        if (e.function && !functions.insert(a.key(false)).second) e.function = false;
        if (e.method && !methods.insert(a.key(true)).second) e.method = false;
        if (e.function || e.method) entries.push_back(std::move(e));
      }
    }
  }
  // An overload whose first arguments are all of another's says no default for the next one: calls would be ambiguous.
  for (Entry& e : entries) {
    for (const Entry& other : entries) {
      if (&e == &other || e.api.name != other.api.name) continue;
      auto plain = [](const Api& a) {
        size_t n = a.arguments.size();
        while (n > 0 && a.arguments[n - 1].type == "TensorOptions") n--;
        return n;
      };
      const size_t n = plain(other.api);
      if (n >= plain(e.api) || e.api.arguments[n].initial.empty()) continue;
      bool same = true;
      for (size_t i = 0; i < n; i++) same &= e.api.arguments[i].type == other.api.arguments[i].type;
      if (!same) continue;
      // The other one must really take those alone.
      e.api.arguments[n].initial.clear();
    }
  }
  std::string decls, inline_spaces, method_decls;
  std::vector<std::string> sources(static_cast<size_t>(parts));
  size_t at = 0;
  for (const Entry& e : entries) {
    const Api& a = e.api;
    std::string& s = sources[at++ % sources.size()];
    s += "// " + a.name + "\n";
    if (e.function) {
      decls += a.result + " " + a.name + "(" + a.parameters(true, false) + ");\n";
      s += a.result + " " + a.name + "(" + a.parameters(false, false) + ") {\n  " + a.body + "\n}\n";
      const std::string prefix = e.space + "_";
      if ((e.space == "linalg" || e.space == "special" || e.space == "fft") && a.name.rfind(prefix, 0) == 0) {
        std::string names;
        for (const Api::Argument& arg : a.arguments) names += (names.empty() ? "" : ", ") + arg.name;
        const std::string name = a.name.substr(prefix.size());
        inline_spaces += "namespace " + e.space + " {\ninline " + a.result + " " + cpp_identifier(name) + "(" +
                         a.parameters(true, false) + ") {\n  return at::" + a.name + "(" + names + ");\n}\n}\n";
      }
    }
    if (e.method) {
      method_decls += a.result + " " + a.name + "(" + a.parameters(true, true) + ") const;\n";
      const Api::Argument& self = a.arguments[static_cast<size_t>(a.receiver)];
      s += a.result + " Tensor::" + a.name + "(" + a.parameters(false, true) + ") const {\n  " + self.type + " " +
           self.name + " = " + (self.type == "Tensor&" ? "const_cast<Tensor&>(*this)" : "*this") + ";\n  " + a.body +
           "\n}\n";
    }
  }
  write_file(out + "/include/ATen/generated/methods.inc", head + method_decls);
  write_file(out + "/include/ATen/generated/functions.h",
             head + "#pragma once\n\n#include \"ATen/core/Tensor.h\"\n\nnamespace at {\n\n" + decls +
                 "\n}  // namespace at\n\nnamespace torch {\n" + inline_spaces + "}  // namespace torch\n");
  for (size_t i = 0; i < sources.size(); i++)
    write_file(out + "/frontend/generated/functions_" + std::to_string(i) + ".cpp",
               head +
                   "#include \"ATen/generated/functions.h\"\n#include \"frontend/convert.h\"\n#include "
                   "\"ops/operators.h\"\n\nnamespace at {\n\nusing namespace tsvm;\nusing namespace "
                   "tsvm::frontend;\n\n" +
                   sources[i] + "\n}  // namespace at\n");
}

}  // namespace tsvm::gen
