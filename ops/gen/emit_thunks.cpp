// The operators as programs of the language see them: a thunk for each row that has a name there, and the tables of
// names (stdlib/native/torch/operators.h).
#include <algorithm>
#include <fstream>
#include <set>

#include "ops/gen/emit.h"

namespace tsvm::gen {

using namespace std::string_literals;

namespace {

const char* arg_kind(const Type& t) {
  if (t.list) {
    switch (t.base) {
      case Base::Tensor: return t.element_optional ? "OptionalTensorList" : "TensorList";
      case Base::Int: return "IntList";
      case Base::Float: return "FloatList";
      case Base::Bool: return "BoolList";
      case Base::Str: return "StrList";
      default: return "ScalarList";
    }
  }
  switch (t.base) {
    case Base::Scalar: return "Scalar";
    case Base::Int: return "Int";
    case Base::Float: return "Float";
    case Base::Bool: return "Bool";
    case Base::Str: return "Str";
    case Base::DType: return "DType";
    case Base::Device: return "Device";
    case Base::Layout: return "Layout";
    case Base::MemoryFormat: return "MemoryFormat";
    case Base::Generator: return "Generator";
    case Base::Storage: return "Storage";
    default: return "Tensor";
  }
}

/// The expression that gives argument i, and what has to stand before the call.
std::string unpack(const Decl& d, const Param& p, size_t i, std::string& before) {
  const std::string a = "a[" + std::to_string(i) + "]", x = "x" + std::to_string(i);
  const Type& t = p.type;
  if (t.is_tensor() || t.base == Base::Element) return "unpack_tensor(" + a + ")";
  std::string value;
  if (t.list) {
    switch (t.base) {
      case Base::Tensor: value = "unpack_tensor_list(" + a + ")"; break;
      case Base::Int: value = "unpack_int_list(" + a + ", " + std::to_string(t.list_size) + ")"; break;
      case Base::Float: value = "unpack_double_list(" + a + ")"; break;
      case Base::Bool: value = "unpack_bool_list(" + a + ")"; break;
      case Base::Str: value = "unpack_str_list(" + a + ")"; break;
      default: value = "unpack_scalar_list(" + a + ")"; break;
    }
    const std::string type = t.base == Base::Int      ? "ops::DimVector"
                             : t.base == Base::Tensor ? "std::vector<ops::Tensor>"
                             : t.base == Base::Float  ? "std::vector<double>"
                                                      : "std::vector<ops::Scalar>";
    before += "    " + type + " " + x + ";\n";
    std::string otherwise;
    if (!t.optional && p.has_default()) {
      const std::string text = default_to_cpp(d, p);
      before += "    if (given(" + a + ")) " + x + " = " + value + "; else " + x + " = " + type + "(" + text + ");\n";
    } else {
      before += "    if (given(" + a + ")) " + x + " = " + value + ";\n";
    }
    if (!t.optional) return x;
    const std::string span = t.base == Base::Int      ? "ops::IntSpan"
                             : t.base == Base::Tensor ? "ops::TensorSpan"
                                                      : "std::span<const double>";
    return "given(" + a + ") ? std::optional<" + span + ">(" + x + ") : std::nullopt";
  }
  switch (t.base) {
    case Base::Scalar: value = "unpack_scalar(" + a + ")"; break;
    case Base::Int: value = "unpack_int(" + a + ")"; break;
    case Base::Float: value = "unpack_double(" + a + ")"; break;
    case Base::Bool: value = "unpack_bool(" + a + ")"; break;
    case Base::Str: value = "unpack_str(" + a + ")"; break;
    case Base::DType: value = "unpack_dtype(" + a + ")"; break;
    case Base::Device: value = "unpack_device(" + a + ")"; break;
    case Base::Layout: value = "unpack_layout(" + a + ")"; break;
    case Base::MemoryFormat: value = "unpack_memory_format(" + a + ")"; break;
    case Base::Generator: value = "unpack_generator(" + a + ")"; break;
    default: value = "unpack_storage(" + a + ")"; break;
  }
  if (t.optional) {
    Type plain = t;
    plain.optional = false;
    std::string type = t.base == Base::Str ? "std::string_view" : cpp_value_type(plain);
    for (const char* own : {"Scalar", "DType", "Device", "Layout", "MemoryFormat", "Generator", "Storage"})
      if (type == own) type = "ops::" + type;
    before += "    const std::optional<" + type + "> " + x + " = given(" + a + ") ? std::optional<" + type + ">(" +
              value + ") : std::nullopt;\n";
    return x;
  }
  if (!p.has_default()) return value;
  std::string otherwise = default_to_cpp(d, p);
  if (otherwise.compare(0, 7, "Scalar(") == 0 || otherwise.compare(0, 7, "MemoryF") == 0)
    otherwise = "ops::" + otherwise;
  if (t.base == Base::Str) otherwise = "std::string_view(" + otherwise + ")";
  return "given(" + a + ") ? " + value + " : " + otherwise;
}

std::string thunk(const Row& r) {
  const Decl& d = *r.decl;
  std::string before, args;
  for (size_t i = 0; i < d.params.size(); i++) args += (i ? ", " : "") + unpack(d, d.params[i], i, before);
  std::string s = "Value thunk_" + r.id + "(VM& vm, const Value* a) {\n  (void)vm, (void)a;\n  try {\n" + before;
  const std::string fn = "ops::op::" + op_function(r);
  const size_t n = d.params.size(), results = d.results.size();
  std::string fields;
  const bool named = results > 1 && !d.plain_tuple && d.results[0].name != "result0";
  for (const Result& result : d.results) fields += "\"" + result.name + "\", ";
  if (r.variant == Variant::Out) {
    if (results == 1) {
      s += "    " + fn + "(unpack_tensor(a[" + std::to_string(n) + "])" + (args.empty() ? "" : ", ") + args + ");\n";
      if (d.factory)
        s += "    if (given(a[" + std::to_string(n + 1) + "]) && unpack_bool(a[" + std::to_string(n + 1) +
             "])) ops::autograd::set_requires_grad(unpack_tensor(a[" + std::to_string(n) + "]), true);\n";
      s += "    return new_ref(a[" + std::to_string(n) + "]);\n";
    } else {
      s += "    const std::vector<ops::Tensor> outs = unpack_tensor_list(a[" + std::to_string(n) +
           "]);\n    if (outs.size() != " + std::to_string(results) +
           ") ops::fail(ops::ErrorKind::TypeError, \"expected tuple of " + std::to_string(results) +
           " elements but got \", outs.size());\n";
      std::string outs;
      for (size_t i = 0; i < results; i++) outs += (i ? ", " : "") + ("outs[" + std::to_string(i) + "]");
      s += "    " + fn + "(" + outs + ", " + args + ");\n    Value owned[] = {";
      for (size_t i = 0; i < results; i++) s += (i ? ", " : "") + ("box(vm, outs[" + std::to_string(i) + "])");
      s += "};\n    static const char* const fields[] = {" + fields + "};\n    return box_results(vm, \"" + d.name +
           "_out\", " + (named ? "fields" : "(void(fields), std::span<const char* const>())") + ", owned);\n";
    }
  } else if (r.variant == Variant::InPlace || d.mutates_self) {
    s += "    " + fn + "(" + args + ");\n    return new_ref(a[0]);\n";
  } else if (results == 0) {
    s += "    " + fn + "(" + args + ");\n    return Value::none();\n";
  } else if (results == 1) {
    std::string call = fn + "(" + args + ")";
    if (d.factory) {
      s += "    ops::Tensor result = " + call + ";\n    if (given(a[" + std::to_string(n) + "]) && unpack_bool(a[" +
           std::to_string(n) +
           "])) ops::autograd::set_requires_grad(result, true);\n    return box(vm, std::move(result));\n";
    } else if (d.results[0].type.list && d.results[0].type.base == Base::Int) {
      s += "    return box_int_list(vm, " + call + ");\n";
    } else {
      s += "    return box(vm, " + call + ");\n";
    }
  } else {
    s += "    auto result = " + fn + "(" + args + ");\n    Value owned[] = {";
    for (size_t i = 0; i < results; i++)
      s += (i ? ", " : "") + ("box(vm, std::move(std::get<" + std::to_string(i) + ">(result)))");
    s += "};\n";
    if (named)
      s += "    static const char* const fields[] = {" + fields + "};\n    return box_results(vm, \"" + d.name +
           "\", fields, owned);\n";
    else
      s += "    return box_results(vm, \"" + d.name + "\", {}, owned);\n";
  }
  return s + "  } catch (const ops::Error& e) {\n    return raise_error(vm, e);\n  }\n}\n";
}

std::string params_row(const Row& r) {
  const Decl& d = *r.decl;
  std::string s;
  auto flag = [](bool b) { return b ? "true" : "false"; };
  for (const Param& p : d.params)
    s += "{\""s + p.name + "\", ArgKind::" + arg_kind(p.type) + ", " + flag(p.type.optional) + ", " +
         flag(p.keyword_only) + ", " + flag(p.has_default()) + ", " + std::to_string(p.type.list_size) + "}, ";
  if (r.variant == Variant::Out)
    s += d.results.size() == 1 ? "{\"out\", ArgKind::Tensor, false, true}, "
                               : "{\"out\", ArgKind::TensorList, false, true}, ";
  if (d.factory) s += "{\"requires_grad\", ArgKind::Bool, false, true, true}, ";
  return s;
}

}  // namespace

void emit_thunks(const Model& m, const std::string& out, int parts) {
  const char* head = "// Generated by tsvm_opgen from ops/defs. Do not edit.\n";
  std::vector<const Row*> exposed;
  for (const Row& r : m.rows)
    if (r.decl->has_function || r.decl->has_method || (r.variant == Variant::InPlace)) exposed.push_back(&r);
  for (int part = 0; part < parts; part++) {
    std::string s = head;
    s += "#include \"ops/autograd/variable.h\"\n#include \"ops/operators.h\"\n#include "
         "\"stdlib/native/torch/operators.h\"\n#include "
         "\"stdlib/native/torch/values.h\"\n\nnamespace tsvm::stdlib {\n\nusing namespace tsvm::vm;\nusing "
         "ops::DimVector;\nusing ops::IntSpan;\nnamespace thunks {\n\nstatic inline bool "
         "given(Value v) { return v.tag > Tag::None; }\n\n";
    for (size_t i = static_cast<size_t>(part); i < exposed.size(); i += static_cast<size_t>(parts))
      s += thunk(*exposed[i]);
    s += "\n}  // namespace thunks\n}  // namespace tsvm::stdlib\n";
    write_file(out + "/stdlib/generated/operators_" + std::to_string(part) + ".cpp", s);
  }

  // The tables of names.
  struct Entry {
    bool function = false, method = false;
    std::string doc;
    std::vector<const Row*> rows;
  };
  std::map<std::pair<std::string, std::string>, Entry> names;
  for (const Row* r : exposed) {
    const Decl& d = *r->decl;
    std::vector<std::string> all{d.name};
    all.insert(all.end(), d.aliases.begin(), d.aliases.end());
    for (const std::string& n : all) {
      Entry& e = names[{d.space, r->variant == Variant::InPlace ? n + "_" : n}];
      e.function |= d.has_function;
      e.method |= r->variant == Variant::InPlace ? d.space == "torch" : d.has_method;
      if (e.doc.empty()) e.doc = d.doc;
      e.rows.push_back(r);
    }
  }
  std::string s = head;
  s += "#include \"stdlib/native/torch/operators.h\"\n\nnamespace tsvm::stdlib {\nnamespace thunks {\n";
  for (const Row* r : exposed) s += "vm::Value thunk_" + r->id + "(vm::VM& vm, const vm::Value* a);\n";
  s += "}  // namespace thunks\n\nconst vm::OpThunk kOperatorThunks[] = {\n";
  for (const Row& r : m.rows) {
    const bool is_exposed = std::any_of(exposed.begin(), exposed.end(), [&](const Row* e) { return e == &r; });
    s += is_exposed ? "    thunks::thunk_" + r.id + ",\n" : "    nullptr,\n";
  }
  s += "};\n\nnamespace {\n";
  for (const Row* r : exposed) {
    const std::string params = params_row(*r);
    if (!params.empty()) s += "constexpr OperatorParam kParams_" + r->id + "[] = {" + params + "};\n";
  }
  std::string entries;
  int next = 0;
  std::set<std::string> present;
  for (const auto& [key, e] : names) {
    const auto& [space, name] = key;
    s += "constexpr OperatorOverload kOverloads" + std::to_string(next) + "[] = {\n";
    for (const Row* r : e.rows)
      s += "    {" + cpp_string(schema_of(*r)) + ", " + (params_row(*r).empty() ? "{}" : "kParams_" + r->id) +
           ", thunks::thunk_" + r->id + "},\n";
    s += "};\n";
    const std::string enumerator = space == "nn"        ? "Nn"
                                   : space == "linalg"  ? "Linalg"
                                   : space == "special" ? "Special"
                                   : space == "fft"     ? "Fft"
                                   : space == "private" ? "Private"
                                                        : "Torch";
    entries += "    {" + cpp_string(name) + ", OperatorSpace::" + enumerator + ", " + (e.function ? "true" : "false") +
               ", " + (e.method ? "true" : "false") + ", kOverloads" + std::to_string(next) + ", " + cpp_string(e.doc) +
               "},\n";
    next++;
    present.insert(name);
  }
  std::string specials;
  std::set<std::string> done;
  for (const Row* r : exposed) {
    const Decl& d = *r->decl;
    if (d.operator_name.empty() || r->variant == Variant::Out) continue;
    if (r->variant == Variant::InPlace &&
        (d.params.size() < 2 || d.operator_name == "eq" || d.operator_name == "ne" || d.operator_name == "lt" ||
         d.operator_name == "le" || d.operator_name == "gt" || d.operator_name == "ge"))
      continue;
    const std::string special =
        std::string("__") + (r->variant == Variant::InPlace ? "i" : "") + d.operator_name + "__";
    if (!done.insert(special).second) continue;
    specials += "    {\"" + special + "\", \"" + d.name + (r->variant == Variant::InPlace ? "_" : "") + "\"},\n";
  }
  s += "constexpr OperatorEntry kEntries[] = {\n" + entries + "};\nconstexpr OperatorSpecial kSpecials[] = {\n" +
       specials + "};\n";
  s += "constexpr const char* kMissing[] = {\n";
  std::string missing;
  for (const std::string& name : m.known_names)
    if (!present.count(name)) missing += "    \"" + name + "\",\n";
  s += (missing.empty() ? "    nullptr,\n" : missing) +
       "};\n}  // namespace\n\n"
       "const std::span<const OperatorEntry> kOperators = kEntries;\nconst std::span<const OperatorSpecial> "
       "kOperatorSpecials = kSpecials;\n"
       "const std::span<const char* const> kMissingOperators" +
       (missing.empty() ? "{};\n" : " = kMissing;\n") + "\n}  // namespace tsvm::stdlib\n";
  write_file(out + "/stdlib/generated/operator_table.cpp", s);
}

}  // namespace tsvm::gen
