#include "ir/script/sugared.h"

#include <algorithm>

#include "ir/script/compiler.h"

namespace tsvm::script {

SugaredPtr simple(Value* v) { return std::make_shared<SimpleValue>(v); }

// --- what most things cannot do ---

Value* Sugared::as_value(Compiler& c, SourceRange r) { c.error(r, kind(c) + " cannot be used as a value"); }
SugaredPtr Sugared::attr(Compiler& c, SourceRange r, const std::string&) {
  c.error(r, "attribute lookup is not defined on " + kind(c));
}
bool Sugared::has_attr(Compiler& c, SourceRange r, const std::string&) {
  c.error(r, "attribute lookup is not defined on " + kind(c));
}
void Sugared::set_attr(Compiler& c, SourceRange r, const std::string& field, Value*) {
  c.error(r, "attribute assignment is not defined on " + kind(c));
  (void)field;
}
SugaredPtr Sugared::call(Compiler& c, SourceRange r, const std::vector<Arg>&, size_t) {
  c.error(r, "cannot call a " + kind(c));
}
std::vector<SugaredPtr> Sugared::as_tuple(Compiler& c, SourceRange r, std::optional<size_t>) {
  c.error(r, kind(c) + " cannot be used as a tuple");
}
SugaredPtr Sugared::get_item(Compiler& c, SourceRange r, Value*, std::optional<int64_t>) {
  c.error(r, "'" + kind(c) + "' object is not subscriptable");
}
SugaredPtr Sugared::iter(Compiler& c, SourceRange r) { c.error(r, "'" + kind(c) + "' object is not iterable"); }
Value* Sugared::len(Compiler& c, SourceRange r) { c.error(r, "'" + kind(c) + "' object has no len()"); }
SugaredPtr Sugared::item(Compiler& c, SourceRange r, Value*) { c.error(r, "'" + kind(c) + "' object is not iterable"); }

// --- values ---

std::string SimpleValue::kind(Compiler& c) const { return "value of type '" + c.text(value->type) + "'"; }

const Const* SimpleValue::known() const {
  const Const* k = Compiler::known(value);
  return k;
}

namespace {

/// What a tensor's method of that name converts to ("long", "byte"), as a number of dtypes; none: it is no such method.
std::optional<int64_t> cast_dtype(const Program& p, const std::string& method) {
  static const std::set<std::string, std::less<>> kMethods = {
      "double", "float", "half", "long", "int", "short", "char", "byte", "bool", "bfloat16", "cdouble", "cfloat"};
  if (!kMethods.count(method)) return std::nullopt;
  return p.operators.dtype(method == "char" ? "int8" : method == "byte" ? "uint8" : method);
}

const struct {
  const char* field;
  const char* op;
} kTensorAttributes[] = {{"dtype", "prim::dtype"},
                         {"device", "prim::device"},
                         {"grad", "prim::grad"},
                         {"data", "prim::data"},
                         {"shape", "aten::size"},
                         {"is_cuda", "prim::is_cuda"},
                         {"is_cpu", "prim::is_cpu"},
                         {"is_xpu", "prim::is_xpu"},
                         {"is_sparse", "prim::is_sparse"},
                         {"is_sparse_csr", "prim::is_sparse_csr"},
                         {"is_mkldnn", "prim::is_mkldnn"},
                         {"is_mps", "prim::is_mps"},
                         {"is_quantized", "prim::is_quantized"},
                         {"is_vulkan", "prim::is_vulkan"},
                         {"is_ipu", "prim::is_ipu"},
                         {"is_meta", "prim::is_meta"},
                         {"is_leaf", "aten::is_leaf"},
                         {"is_nested", "prim::is_nested"},
                         {"requires_grad", "prim::requires_grad"},
                         {"layout", "prim::layout"},
                         {"T", "aten::numpy_T"},
                         {"H", "aten::matrix_H"},
                         {"mT", "aten::mT"},
                         {"mH", "aten::mH"},
                         {"ndim", "aten::dim"},
                         {"name", "prim::name"},
                         {"real", "aten::real"},
                         {"imag", "aten::imag"},
                         {"retains_grad", "aten::retains_grad"},
                         {"output_nr", "aten::output_nr"}};

/// "...".format
struct FormatMethod : Sugared {
  explicit FormatMethod(Value* v) : pattern(v) {}
  Value* pattern;
  std::string kind(Compiler&) const override { return "builtin"; }
  SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t) override {
    std::vector<Value*> inputs{pattern};
    for (const Arg& a : args) {
      if (!a.name.empty()) c.error(r, "format() takes no keyword arguments in Torch Script");
      inputs.push_back(a.value->as_value(c, a.range));
    }
    return simple(c.with_output(c.node(NodeKind::Format, r, inputs), types::Str));
  }
};

}  // namespace

SugaredPtr SimpleValue::attr(Compiler& c, SourceRange r, const std::string& field) {
  Program& p = c.program;
  TypeId t = value->type;
  TypeKind k = p.types.kind(t);
  if (t == types::Tensor)
    for (const auto& a : kTensorAttributes)
      if (field == a.field) return c.call_operator(a.op, r, {{"", r, shared_from_this()}});
  if (t == types::Device && (field == "type" || field == "index"))
    return c.call_operator("prim::" + field, r, {{"", r, shared_from_this()}});
  if (k == TypeKind::NamedTuple) {
    const std::vector<std::string>& names = p.types[t].names;
    for (size_t i = 0; i < names.size(); i++)
      if (names[i] == field) return simple(c.tuple_index(value, static_cast<int64_t>(i), r));
  }
  if (ClassInfo* info = p.class_of(t); info && k == TypeKind::Class) {
    if (info->kind == ClassInfo::Kind::Module) return std::make_shared<ModuleSugared>(value, info)->attr(c, r, field);
    if (info->kind == ClassInfo::Kind::Enum) {
      if (field == "name" || field == "value") {
        Node* n = c.node(field == "name" ? NodeKind::EnumName : NodeKind::EnumValue, r, {value});
        return simple(c.with_output(n, field == "name" ? TypeId(types::Str) : info->enum_value));
      }
    } else {
      Function* m = info->method(field);
      if (!m) m = c.host.find_method(p, *info, field);
      if (m) return std::make_shared<MethodSugared>(shared_from_this(), m);
      if (const Attribute* a = info->attribute(field)) return simple(c.get_attr(value, field, a->type, r));
      if (const ClassInfo::Constant* k2 = info->constant(field))
        if (k2->items.empty()) return std::make_shared<ConstantSugared>(k2->value, k2->type);
      if (SugaredPtr s = c.host.find_attribute(c, *info, field, value, r)) return s;
      if (info->is_open)
        c.error(r, "Tried to access nonexistent attribute or method '" + field + "' of type '" + c.text(t) +
                       "'. Did you forget to initialize an attribute in __init__()?");
      c.error(r, "Tried to access nonexistent attribute or method '" + field + "' of type '" + c.text(t) +
                     "'. Did you forget to initialize an attribute in __init__()?");
    }
  }
  if (t == types::Str && field == "format") return std::make_shared<FormatMethod>(value);
  // Methods of built-in types are operators.
  bool has_methods = t == types::Tensor || t == types::Str || k == TypeKind::List || k == TypeKind::Dict ||
                     k == TypeKind::Future || t == types::Number || t == types::Device;
  if (has_methods) {
    if (t == types::Tensor && field == "to") return std::make_shared<BuiltinFunction>("aten::to", shared_from_this());
    if (t == types::Tensor && field == "tolist")
      return std::make_shared<BuiltinFunction>("prim::tolist", shared_from_this());
    if (t == types::Tensor && cast_dtype(p, field))
      return std::make_shared<BuiltinFunction>("cast::" + field, shared_from_this());
    for (const char* space : {"aten::", "prim::"})
      for (const Operator* o : p.operators.find(space + field)) {
        if (o->schema.params.empty()) continue;
        const SchemaType& first = o->schema.params[0].type;
        bool fits = false;
        switch (first.kind) {
          case SchemaType::Kind::Concrete: fits = p.is_subtype(t, first.type); break;
          case SchemaType::Kind::List: fits = k == TypeKind::List; break;
          case SchemaType::Kind::Dict: fits = k == TypeKind::Dict; break;
          case SchemaType::Kind::Future: fits = k == TypeKind::Future; break;
          default: break;
        }
        if (fits) return std::make_shared<BuiltinFunction>(space + field, shared_from_this());
      }
    static const char* const kCompositeMethods[] = {"new_tensor"};
    for (const char* m : kCompositeMethods)
      if (field == m) c.error(r, "'" + c.text(t) + "' object has no attribute or method '" + field + "'.");
    if (t == types::Tensor)
      if (SugaredPtr s = c.host.resolve(c, c.function, "Tensor." + field, r))
        return std::make_shared<MethodSugared>(shared_from_this(), static_cast<FunctionSugared*>(s.get())->function);
  }
  if (k == TypeKind::Optional || k == TypeKind::Union) {
    c.error(r, "'" + c.text(t) + "' object has no attribute or method '" + field + "'.");
  }
  c.error(r, "'" + c.text(t) + "' object has no attribute or method '" + field + "'.");
}

bool SimpleValue::has_attr(Compiler& c, SourceRange r, const std::string& field) {
  ClassInfo* info = c.program.class_of(value->type);
  if (c.program.types.kind(value->type) == TypeKind::NamedTuple) {
    const auto& names = c.program.types[value->type].names;
    return std::find(names.begin(), names.end(), field) != names.end();
  }
  if (!info)
    c.error(r, "hasattr's first argument must be a object or NamedTuple, but got a normal Tuple or a value of type " +
                   c.text(value->type) + " instead");
  if (info->kind == ClassInfo::Kind::Module) return ModuleSugared(value, info).has_attr(c, r, field);
  return info->attribute(field) || info->method(field) || info->constant(field);
}

void SimpleValue::set_attr(Compiler& c, SourceRange r, const std::string& field, Value* v) {
  ClassInfo* info = c.program.class_of(value->type);
  if (!info || c.program.types.kind(value->type) != TypeKind::Class)
    c.error(r, "Tried to set an attribute: " + field + " on a non-class: " + c.text(value->type));
  if (info->kind == ClassInfo::Kind::Module) {
    ModuleSugared(value, info).set_attr(c, r, field, v);
    return;
  }
  const Attribute* a = info->attribute(field);
  if (!a) {
    bool in_init = info->is_open && c.function.owner == info && c.function.name == "__init__";
    if (!in_init)
      c.error(r, "Tried to set nonexistent attribute: " + field + ". Did you forget to initialize it in __init__()?");
    if (c.block != c.graph.block) c.error(r, "First assignment cannot be in a control-flow block");
    info->attributes.push_back({field, v->type});
    a = &info->attributes.back();
  }
  Value* fitting = c.convert(v, a->type, r, false);
  if (!fitting)
    c.error(r, "Wrong type for attribute assignment. Expected " + c.text(a->type) + " but got " + c.text(v->type));
  Node* n = c.node(NodeKind::SetAttr, r, {value, fitting});
  n->name = field;
}

SugaredPtr SimpleValue::call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t binders) {
  ClassInfo* info = c.program.class_of(value->type);
  if (info && c.program.types.kind(value->type) == TypeKind::Class) {
    if (info->kind == ClassInfo::Kind::Module) return ModuleSugared(value, info).call(c, r, args, binders);
    const char* name = info->kind == ClassInfo::Kind::Interface ? "forward" : "__call__";
    return attr(c, r, name)->call(c, r, args, binders);
  }
  return Sugared::call(c, r, args, binders);
}

std::vector<SugaredPtr> SimpleValue::as_tuple(Compiler& c, SourceRange r, std::optional<size_t> size) {
  TypeKind k = c.program.types.kind(value->type);
  std::vector<SugaredPtr> out;
  if (k == TypeKind::Tuple || k == TypeKind::NamedTuple) {
    if (value->node && value->node->kind == NodeKind::TupleConstruct) {
      for (Value* v : value->node->inputs) out.push_back(simple(v));
      return out;
    }
    const std::vector<TypeId> items = c.program.types[value->type].args;
    Node* n = c.node(NodeKind::TupleUnpack, r, {value});
    for (TypeId t : items) out.push_back(simple(c.with_output(n, t)));
    return out;
  }
  if (k == TypeKind::List) {
    if (!size) c.error(r, "cannot statically infer the expected size of a list in this context");
    Node* n = c.node(NodeKind::ListUnpack, r, {value});
    for (size_t i = 0; i < *size; i++) out.push_back(simple(c.with_output(n, c.program.element(value->type))));
    return out;
  }
  if (ClassInfo* info = c.program.class_of(value->type); info && info->kind == ClassInfo::Kind::Module)
    return ModuleSugared(value, info).as_tuple(c, r, size);
  c.error(r, c.text(value->type) + " cannot be used as a tuple");
}

SugaredPtr SimpleValue::get_item(Compiler& c, SourceRange r, Value* index, std::optional<int64_t> known) {
  Program& p = c.program;
  TypeKind k = p.types.kind(value->type);
  if (k == TypeKind::Tuple || k == TypeKind::NamedTuple) {
    if (index->type != types::I64) c.error(r, "tuple index must be an integer");
    const std::vector<TypeId> items = p.types[value->type].args;
    if (!known) {
      // All of one type: any index will do.
      if (items.empty()) c.error(r, "tuple index out of range");
      for (TypeId t : items)
        if (t != items[0])
          c.error(r, "Cannot index into a tuple with a non-integer literal because we cannot resolve the output type");
      Node* n = c.node(NodeKind::TupleIndex, r, {value, index});
      return simple(c.with_output(n, items[0]));
    }
    auto n = static_cast<int64_t>(items.size());
    int64_t i = *known < 0 ? *known + n : *known;
    if (i < 0 || i >= n)
      c.error(r, "Tuple index out of range: " + std::to_string(*known) + " is out of range of a tuple of length " +
                     std::to_string(n));
    return simple(c.tuple_index(value, i, r));
  }
  if (k == TypeKind::List || value->type == types::Str || k == TypeKind::Dict)
    return simple(c.call_value("aten::__getitem__", r, {value, index}));
  if (value->type == types::Tensor) {
    if (index->type == types::I64) return simple(c.call_value("aten::select", r, {value, c.integer(0, r), index}));
    return simple(c.call_value("aten::index", r, {value, c.list(p.types.optional(types::Tensor), {index}, r)}));
  }
  if (ClassInfo* info = p.class_of(value->type)) {
    if (info->kind == ClassInfo::Kind::Module) return ModuleSugared(value, info).get_item(c, r, index, known);
    if (info->method("__getitem__") || c.host.find_method(p, *info, "__getitem__"))
      return attr(c, r, "__getitem__")->call(c, r, {{"", r, simple(index)}}, 1);
  }
  c.error(r, "'" + c.text(value->type) + "' object is not subscriptable");
}

SugaredPtr SimpleValue::iter(Compiler& c, SourceRange r) {
  TypeKind k = c.program.types.kind(value->type);
  if (k == TypeKind::Dict) return simple(c.call_value("aten::keys", r, {value}));
  if (k == TypeKind::List || k == TypeKind::Tuple || k == TypeKind::NamedTuple || value->type == types::Tensor ||
      value->type == types::Str)
    return shared_from_this();
  if (ClassInfo* info = c.program.class_of(value->type); info && info->kind == ClassInfo::Kind::Module)
    return ModuleSugared(value, info).iter(c, r);
  c.error(r, "'" + c.text(value->type) + "' object is not iterable");
}

Value* SimpleValue::len(Compiler& c, SourceRange r) {
  ClassInfo* info = c.program.class_of(value->type);
  if (info && c.program.types.kind(value->type) == TypeKind::Class)
    return attr(c, r, "__len__")->call(c, r, {}, 1)->as_value(c, r);
  TypeKind k = c.program.types.kind(value->type);
  if (k == TypeKind::Tuple || k == TypeKind::NamedTuple)
    return c.integer(static_cast<int64_t>(c.program.types[value->type].args.size()), r);
  return c.call_value("aten::len", r, {value});
}

SugaredPtr SimpleValue::item(Compiler& c, SourceRange r, Value* index) {
  if (value->type == types::Tensor) return simple(c.call_value("aten::select", r, {value, c.integer(0, r), index}));
  return simple(c.call_value("aten::__getitem__", r, {value, index}));
}

std::optional<std::vector<SugaredPtr>> SimpleValue::static_items(Compiler& c, SourceRange r) {
  TypeKind k = c.program.types.kind(value->type);
  if (k == TypeKind::Tuple || k == TypeKind::NamedTuple) return as_tuple(c, r, std::nullopt);
  return std::nullopt;
}

// --- literals ---

std::string ConstantSugared::kind(Compiler& c) const { return "value of type '" + c.text(type) + "'"; }
Value* ConstantSugared::as_value(Compiler& c, SourceRange r) { return c.constant(value, type, r); }
SugaredPtr ConstantSugared::attr(Compiler& c, SourceRange r, const std::string& field) {
  return simple(as_value(c, r))->attr(c, r, field);
}
SugaredPtr ConstantSugared::get_item(Compiler& c, SourceRange r, Value* index, std::optional<int64_t> known) {
  return simple(as_value(c, r))->get_item(c, r, index, known);
}
SugaredPtr ConstantSugared::iter(Compiler& c, SourceRange r) { return simple(as_value(c, r))->iter(c, r); }

// --- functions ---

SugaredPtr BuiltinFunction::call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t binders) {
  std::vector<Arg> all;
  if (self) all.push_back({"", r, self});
  all.insert(all.end(), args.begin(), args.end());
  if (name.compare(0, 6, "cast::") == 0) {
    Value* v = self->as_value(c, r);
    return simple(c.call_value("aten::to", r,
                               {v, c.integer(*cast_dtype(c.program, name.substr(6)), r), c.boolean(false, r),
                                c.boolean(false, r), c.none(r)}));
  }
  if (name == "prim::tolist") c.error(r, "Expected type hint for result of tolist()");
  return c.call_operator(name, r, all, binders);
}

SugaredPtr FunctionSugared::call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t) {
  return c.call_function(*function, r, args, nullptr);
}

SugaredPtr MethodSugared::call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t) {
  return c.call_function(*function, r, args, self);
}

SugaredPtr ClassSugared::call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t) {
  if (info->kind == ClassInfo::Kind::Enum) {
    c.error(r, "Enum constructors are not supported");
  }
  Function* init = info->method("__init__");
  Node* n = c.node(NodeKind::CreateObject, r);
  n->type = info->type;
  Value* object = c.with_output(n, info->type);
  if (!init) {
    if (!args.empty()) c.error(r, "Class " + info->name + " takes no arguments");
    return simple(object);
  }
  c.call_function(*init, r, args, simple(object));
  return simple(object);
}

SugaredPtr ClassSugared::attr(Compiler& c, SourceRange r, const std::string& field) {
  if (info->kind == ClassInfo::Kind::Enum) {
    if (const ClassInfo::Constant* k = info->constant(field))
      return std::make_shared<ConstantSugared>(k->value, info->type);
    c.error(r, "Enum " + info->name + " has no member " + field);
  }
  if (field == "__new__") return std::make_shared<ClassSugared>(info);
  if (Function* m = info->method(field)) return std::make_shared<FunctionSugared>(m);
  if (Function* m = c.host.find_method(c.program, *info, field)) return std::make_shared<FunctionSugared>(m);
  if (const ClassInfo::Constant* k = info->constant(field))
    if (k->items.empty()) return std::make_shared<ConstantSugared>(k->value, k->type);
  if (SugaredPtr s = c.host.find_attribute(c, *info, field, nullptr, r)) return s;
  c.error(r, "Class " + info->name + " has no attribute " + field);
}

SugaredPtr NamedTupleSugared::call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t) {
  Function f;
  f.name = c.program.types[type].name;
  f.params = fields;
  f.result = type;
  std::vector<Value*> inputs = c.match_function(f, r, args, nullptr);
  return simple(c.with_output(c.node(NodeKind::TupleConstruct, r, inputs), type));
}

// --- tuples, ranges ---

Value* TupleSugared::as_value(Compiler& c, SourceRange r) {
  std::vector<Value*> items;
  for (const SugaredPtr& v : values) items.push_back(v->as_value(c, r));
  return c.tuple(std::move(items), r);
}
SugaredPtr TupleSugared::get_item(Compiler& c, SourceRange r, Value* index, std::optional<int64_t> known) {
  if (!known) return simple(as_value(c, r))->get_item(c, r, index, known);
  auto n = static_cast<int64_t>(values.size());
  int64_t i = *known < 0 ? *known + n : *known;
  if (i < 0 || i >= n) c.error(r, "tuple index out of range");
  return values[static_cast<size_t>(i)];
}
Value* TupleSugared::len(Compiler& c, SourceRange r) { return c.integer(static_cast<int64_t>(values.size()), r); }
SugaredPtr TupleSugared::attr(Compiler& c, SourceRange r, const std::string& field) {
  return simple(as_value(c, r))->attr(c, r, field);
}

Value* RangeSugared::len(Compiler& c, SourceRange r) {
  if (only_end) return end;
  return c.call_value("aten::__range_length", r, {start, end, step});
}
SugaredPtr RangeSugared::item(Compiler& c, SourceRange r, Value* index) {
  if (only_end) return simple(index);
  return simple(c.call_value("aten::__derive_index", r, {index, start, step}));
}

Value* IterableTree::len(Compiler& c, SourceRange r) {
  // The shortest child counts; enumerate's counter has no end.
  std::vector<Value*> lengths{};
  for (const SugaredPtr& child : children) {
    auto* range = dynamic_cast<RangeSugared*>(child.get());
    lengths.push_back(range && !range->end ? c.integer(INT64_MAX, r) : child->len(c, r));
  }
  if (lengths.size() == 1) return lengths[0];
  Value* all = c.list(types::I64, lengths, r);
  return c.call_value("prim::min", r, {all});
}
SugaredPtr IterableTree::item(Compiler& c, SourceRange r, Value* index) {
  std::vector<SugaredPtr> items;
  for (const SugaredPtr& child : children) {
    auto* range = dynamic_cast<RangeSugared*>(child.get());
    if (range && !range->end)
      items.push_back(range->start ? simple(c.call_value("aten::add", r, {index, range->start})) : simple(index));
    else
      items.push_back(child->item(c, r, index));
  }
  return std::make_shared<TupleSugared>(items);
}
std::optional<std::vector<SugaredPtr>> IterableTree::static_items(Compiler& c, SourceRange r) {
  std::vector<std::vector<SugaredPtr>> lists;
  std::vector<RangeSugared*> counters;
  size_t length = SIZE_MAX;
  bool any = false;
  for (const SugaredPtr& child : children) {
    auto* range = dynamic_cast<RangeSugared*>(child.get());
    if (range && !range->end) {
      lists.emplace_back();
      counters.push_back(range);
      continue;
    }
    counters.push_back(nullptr);
    auto items = child->static_items(c, r);
    if (!items) return std::nullopt;
    any = true;
    length = std::min(length, items->size());
    lists.push_back(std::move(*items));
  }
  if (!any) return std::nullopt;
  std::vector<SugaredPtr> out;
  for (size_t i = 0; i < length; i++) {
    std::vector<SugaredPtr> parts;
    for (size_t k = 0; k < lists.size(); k++) {
      if (!counters[k]) {
        parts.push_back(lists[k][i]);
        continue;
      }
      int64_t start = counters[k]->start ? Compiler::known_int(counters[k]->start).value_or(0) : 0;
      parts.push_back(std::make_shared<ConstantSugared>(Const::integer(start + static_cast<int64_t>(i)), types::I64));
    }
    out.push_back(std::make_shared<TupleSugared>(parts));
  }
  return out;
}

// --- exceptions ---

SugaredPtr ExceptionSugared::call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t) {
  auto made = std::make_shared<ExceptionSugared>(name);
  made->is_made = true;
  if (args.empty()) {
    made->message = c.string("", r);
  } else {
    Value* v = args[0].value->as_value(c, r);
    made->message = v->type == types::Str ? v : c.call_value("aten::str", r, {v});
  }
  return made;
}

}  // namespace tsvm::script
