// Tracing: the operators that a plain function runs on example inputs, as a straight graph.
//
// While a trace is recorded, the calls of operators on tensors report themselves (TorchTypes::trace). A tensor is known
// to the graph when it is an input, a member of the traced module (then it is read from the module), or the result of a
// recorded operator; any other tensor is a constant. Numbers are constants, and so are decisions that the program took.
// Calls of scripted functions are recorded as calls.
#include "stdlib/native/script/trace.h"

#include "base/check.h"
#include "ir/script/ssa.h"
#include "stdlib/native/torch/operators.h"
#include "stdlib/native/torch/values.h"
#include "vm/frame.h"
#include "vm/shape.h"
#include "vm/types/dict.h"

namespace tsvm::stdlib::script_host {

using namespace tsvm::vm;
using ir::TypeKind;
using script::ClassInfo;
using script::Const;
using script::Node;
using script::NodeKind;
using script::TypeId;
namespace types = ir::types;

namespace {

class Recorder {
 public:
  explicit Recorder(ScriptState& s) : s_(s), p_(*s.program) {
    f_ = p_.add_function();
    g_ = f_->graph.get();
  }

  script::Function* function() { return f_; }

  // --- inputs ---

  script::Value* input(const std::string& name, TypeId t) {
    script::Value* v = g_->new_value(t, name);
    v->block = g_->block;
    g_->block->params.push_back(v);
    script::FunctionParam p;
    p.name = name;
    p.type = t;
    f_->params.push_back(std::move(p));
    return v;
  }

  /// The tensors of an input, which may be a container of tensors.
  void bind(script::Value* v, Value value) {
    if (value.is_tensor()) {
      know(value, v);
      return;
    }
    TypeKind k = p_.types.kind(v->type);
    if (k == TypeKind::Tuple || k == TypeKind::NamedTuple) {
      Node* n = add(NodeKind::TupleUnpack, {v});
      auto* t = as<Tuple>(value);
      for (uint32_t i = 0; i < t->size; i++) bind(output(n, p_.element(v->type, i)), t->items[i]);
    } else if (k == TypeKind::List && is_kind(value, Kind::List)) {
      Node* n = add(NodeKind::ListUnpack, {v});
      for (Ref& item : list_snapshot(as<List>(value))) bind(output(n, p_.element(v->type)), *item);
    } else if (k == TypeKind::Dict && is_kind(value, Kind::Dict)) {
      uint32_t position = 0;
      while (DictEntry* e = dict_next(as<Dict>(value), position)) {
        Const c;
        TypeId t;
        if (!s_.as_const(e->key, c, t)) continue;
        Node* n = add(NodeKind::Op, {v, constant(c, t)});
        n->op = p_.operators.get("aten::__getitem__", "dict");
        bind(output(n, p_.element(v->type, 1)), e->value);
      }
    }
  }

  /// The members of a module, by paths of attributes.
  void bind_module(script::Value* self, Value module) {
    objects_.push_back({Ref::copy(module), self, {}});
    walk(self, module, {});
  }

  // --- what ran ---

  void ran(const OperatorOverload& o, const Value* args, size_t n, Value result) {
    std::string_view text = o.schema;
    size_t dot = text.find('.'), paren = text.find('(');
    std::string name(text.substr(0, std::min(dot, paren)));
    std::string overload = dot < paren ? std::string(text.substr(dot + 1, paren - dot - 1)) : "";
    const script::Operator* op = nullptr;
    for (const script::Operator* x : p_.operators.find(name))
      if (x->schema.overload == overload && x->tensor_op >= 0) op = x;
    TSVM_CHECK(op, "an operator that scripted code does not know");
    std::vector<script::Value*> inputs;
    for (size_t i = 0; i < op->schema.params.size(); i++) {
      const script::SchemaParam& p = op->schema.params[i];
      if (i < n && !args[i].is_unbound())
        inputs.push_back(value_of(args[i], p));
      else
        inputs.push_back(default_of(p));
    }
    Node* node = add(NodeKind::Op, inputs);
    node->op = op;
    results(node, op->schema.results, result);
  }

  void indexed(Value self, Value index, Value result) {
    script::Value* v = tensor(self);
    std::vector<Value> parts;
    if (is_kind(index, Kind::Tuple))
      for (Value x : as<Tuple>(index)->span()) parts.push_back(x);
    else
      parts.push_back(index);
    script::Value* out = apply_index(v, self, parts);
    know(result, out);
  }

  void stored(Value self, Value index, Value value) {
    script::Value* v = tensor(self);
    std::vector<Value> parts;
    if (is_kind(index, Kind::Tuple))
      for (Value x : as<Tuple>(index)->span()) parts.push_back(x);
    else
      parts.push_back(index);
    std::vector<script::Value*> picks;
    script::Value* view = views(v, self, parts, picks);
    script::Value* source;
    if (value.is_tensor()) {
      source = tensor(value);
    } else {
      Ref made(tensor_constant(value, self.t->dtype()));
      source = constant_tensor(*made);
    }
    if (picks.empty()) {
      Node* n = add(NodeKind::Op, {view, source, boolean(false)});
      n->op = p_.operators.get("aten::copy_", "");
      output(n, types::Tensor);
    } else {
      Node* n = add(NodeKind::Op, {view, optional_list(picks), source, boolean(false)});
      n->op = p_.operators.get("aten::index_put_", "");
      output(n, types::Tensor);
    }
  }

  /// The size of a dimension (-1: how many elements), which the trace follows.
  Value size(Value self, int64_t dim) {
    if (!known_.count(self.t) && !members_.count(self.t)) return Value::unbound();
    script::Value* v = tensor(self);
    int64_t n;
    Node* count;
    if (dim < 0) {
      n = self.t->numel();
      count = add(NodeKind::Op, {v});
      count->op = p_.operators.get("aten::numel", "");
    } else {
      n = self.t->sizes()[static_cast<size_t>(dim)];
      count = add(NodeKind::Op, {v, integer(dim)});
      count->op = p_.operators.get("aten::size", "int");
    }
    script::Value* number = output(count, types::I64);
    Node* made = add(NodeKind::Op, {number});
    made->op = p_.operators.get("prim::NumToTensor", "Scalar");
    Ref t(tensor_constant(Value::integer(n)));
    know(*t, output(made, types::Tensor));
    return t.take();
  }

  void attribute(const char* op, Value self, Value result) {
    Node* n = add(NodeKind::Op, {tensor(self)});
    n->op = p_.operators.get(op, "");
    know(result, output(n, types::Tensor));
  }

  /// A function of the library that is an operator of Torch Script.
  void ran_as(const std::string& op, std::span<const Value> args, Value result) {
    const script::Operator* o = p_.operators.get(op, "");
    std::vector<script::Value*> inputs;
    for (size_t i = 0; i < o->schema.params.size(); i++) {
      const script::SchemaParam& p = o->schema.params[i];
      inputs.push_back(i < args.size() ? value_of(args[i], p) : default_of(p));
    }
    Node* n = add(NodeKind::Op, inputs);
    n->op = o;
    results(n, o->schema.results, result);
  }

  void called(script::Function& callee, std::span<const Value> args, Value result) {
    std::vector<script::Value*> inputs;
    for (size_t i = 0; i < args.size(); i++) {
      if (i == 0 && callee.owner) {
        if (script::Value* self = object(args[0])) {
          inputs.push_back(self);
          continue;
        }
        inputs.push_back(constant(Const::object(Const::Kind::Object, s_.number_of(args[0])), callee.params[0].type));
        continue;
      }
      inputs.push_back(any_value(args[i], callee.params[i].type));
    }
    Node* n = add(callee.owner ? NodeKind::CallMethod : NodeKind::CallFunction, inputs);
    n->function = &callee;
    n->name = callee.name;
    know_all(output(n, callee.result), result);
  }

  // --- the end ---

  /// The function's result: a tensor, or a container of tensors. False: something else.
  bool finish(Value result, bool strict, std::string& why) {
    script::Value* v = result_value(result, strict, why);
    if (!v) return false;
    g_->block->results = {v};
    f_->result = v->type;
    f_->result_is_declared = true;
    f_->state = script::Function::State::Ready;
    return true;
  }

 private:
  struct Known {
    Ref hold;
    script::Value* value;
  };
  struct ObjectPath {
    Ref object;
    script::Value* root;
    std::vector<std::string> path;
  };

  Node* add(NodeKind kind, std::vector<script::Value*> inputs) {
    Node* n = g_->new_node(kind, SourceRange{});
    n->inputs = std::move(inputs);
    n->owner = g_->block;
    g_->block->nodes.push_back(n);
    return n;
  }
  script::Value* output(Node* n, TypeId t) {
    script::Value* v = g_->new_value(t);
    v->node = n;
    n->outputs.push_back(v);
    return v;
  }
  script::Value* constant(const Const& c, TypeId t) {
    Node* n = add(NodeKind::Constant, {});
    n->constant = c;
    return output(n, t);
  }
  script::Value* boolean(bool b) { return constant(Const::boolean(b), types::Bool); }
  script::Value* integer(int64_t i) { return constant(Const::integer(i), types::I64); }
  script::Value* none() { return constant(Const{}, types::None); }
  script::Value* list(TypeId element, std::vector<script::Value*> items) {
    return output(add(NodeKind::ListConstruct, std::move(items)), p_.types.list(element));
  }
  script::Value* optional_list(const std::vector<script::Value*>& items) {
    return list(p_.types.optional(types::Tensor), items);
  }

  void know(Value t, script::Value* v) {
    if (!t.is_tensor()) return;
    known_[t.t] = {Ref::copy(t), v};
  }
  void know_all(script::Value* v, Value value) {
    if (value.is_tensor())
      know(value, v);
    else
      bind(v, value);
  }

  void walk(script::Value* root, Value module, std::vector<std::string> path) {
    Attributes* a = attributes_of(module.o);
    std::vector<ShapeField> fields = shape_fields(a->shape);
    for (const ShapeField& f : fields) {
      Value v = attribute_find_borrow(a, f.name);
      std::vector<std::string> inner = path;
      inner.push_back(std::string(f.name->view()));
      if (f.kind == SlotKind::Submodule && v.is_object()) {
        objects_.push_back({Ref::copy(v), root, inner});
        walk(root, v, inner);
      } else if (v.is_tensor() && (f.kind == SlotKind::Parameter || f.kind == SlotKind::Buffer)) {
        if (!members_.count(v.t)) members_[v.t] = {Ref::copy(v), root, inner};
      }
    }
  }
  script::Value* follow(const ObjectPath& p, TypeId leaf) {
    script::Value* v = p.root;
    for (size_t i = 0; i < p.path.size(); i++) {
      ClassInfo* info = p_.class_of(v->type);
      const script::Attribute* a = info ? info->attribute(p.path[i]) : nullptr;
      if (!a) return nullptr;
      Node* n = add(NodeKind::GetAttr, {v});
      n->name = p.path[i];
      v = output(n, a->type);
      v->name = p.path[i];
    }
    (void)leaf;
    return v;
  }
  script::Value* object(Value o) {
    for (const ObjectPath& p : objects_)
      if (p.object->same(o)) return follow(p, TypeId());
    return nullptr;
  }

  script::Value* constant_tensor(Value t) {
    return constant(Const::object(Const::Kind::Tensor, s_.number_of(t)), types::Tensor);
  }
  script::Value* tensor(Value t) {
    auto it = known_.find(t.t);
    if (it != known_.end()) return it->second.value;
    auto m = members_.find(t.t);
    if (m != members_.end()) {
      if (script::Value* v = follow(m->second, types::Tensor)) return v;
    }
    // A number that stands as a tensor for the moment keeps its value.
    return constant_tensor(t);
  }
  /// A tensor of a number, or of lists of them; not recorded.
  Value tensor_constant(Value number, std::optional<ops::DType> dtype = std::nullopt) {
    TracePause pause(*s_.vm);
    Ref module(s_.vm->callbacks.import_module(*s_.vm, "torch"));
    if (module.is_error()) throw_pending();
    Value args[] = {number};
    Ref t(call_method(*s_.vm, *module, "tensor", args));
    if (t.is_error()) throw_pending();
    if (!dtype) return t.take();
    Ref type(box(*s_.vm, *dtype));
    Value to[] = {*type};
    Ref converted(call_method(*s_.vm, *t, "to", to));
    if (converted.is_error()) throw_pending();
    return converted.take();
  }

  script::Value* value_of(Value v, const script::SchemaParam& p) {
    TypeId wanted = p.type.kind == script::SchemaType::Kind::Concrete ? p.type.type : TypeId(types::Tensor);
    TypeId inner = p_.is_optional(wanted) ? p_.element(wanted) : wanted;
    if (p_.types.kind(inner) == TypeKind::List) {
      TypeId element = p_.element(inner);
      std::vector<script::Value*> items;
      if (is_kind(v, Kind::List) || is_kind(v, Kind::Tuple)) {
        Ref l(make_list_from_sequence(*s_.vm, v));
        for (Ref& item : list_snapshot(as<List>(*l))) items.push_back(any_value(*item, element));
      } else if (!v.is_none()) {
        script::Value* one = any_value(v, element);
        items.assign(static_cast<size_t>(std::max(1, p.list_size)), one);
      } else {
        return none();
      }
      return list(element, items);
    }
    return any_value(v, inner);
  }

  script::Value* any_value(Value v, TypeId wanted) {
    if (v.is_tensor()) {
      script::Value* t = tensor(v);
      TypeId inner = wanted && p_.is_optional(wanted) ? p_.element(wanted) : wanted;
      if (inner != types::Number && inner != types::I64 && inner != types::F64) return t;
      const char* op = inner == types::I64 ? "aten::Int" : inner == types::F64 ? "aten::Float" : "aten::ScalarImplicit";
      Node* n = add(NodeKind::Op, {t});
      n->op = p_.operators.get(op, inner == types::Number ? "" : "Tensor");
      return output(n, inner);
    }
    Const c;
    TypeId t;
    if (s_.as_const(v, c, t)) {
      TypeId inner = wanted && p_.is_optional(wanted) ? p_.element(wanted) : wanted;
      if (inner == types::F64 && c.kind == Const::Kind::Int) {
        c = Const::number(static_cast<double>(c.i));
        t = types::F64;
      }
      if (inner == types::Device && c.kind == Const::Kind::Str) {
        c.kind = Const::Kind::Device;
        t = types::Device;
      }
      return constant(c, t);
    }
    if (script::Value* o = object(v)) return o;
    std::string why;
    if (is_kind(v, Kind::Tuple)) {
      std::vector<script::Value*> items;
      std::vector<TypeId> kinds;
      for (Value x : as<Tuple>(v)->span()) {
        items.push_back(any_value(x, TypeId()));
        kinds.push_back(items.back()->type);
      }
      if (wanted && p_.types.kind(wanted) == TypeKind::List) return list(p_.element(wanted), items);
      return output(add(NodeKind::TupleConstruct, items), p_.types.tuple(kinds));
    }
    if (is_kind(v, Kind::List)) {
      std::vector<script::Value*> items;
      TypeId element = wanted && p_.types.kind(wanted) == TypeKind::List ? p_.element(wanted) : TypeId();
      for (Ref& item : list_snapshot(as<List>(v))) items.push_back(any_value(*item, element));
      if (!element) element = items.empty() ? TypeId(types::Tensor) : items[0]->type;
      return list(element, items);
    }
    TypeId known = s_.infer_type(v, why);
    return constant(Const::object(Const::Kind::Object, s_.number_of(v)), known ? known : TypeId(types::ScriptAny));
  }

  script::Value* default_of(const script::SchemaParam& p) {
    const Const& d = p.default_value;
    TypeId wanted = p.type.kind == script::SchemaType::Kind::Concrete ? p.type.type : TypeId(types::None);
    TypeId inner = p_.is_optional(wanted) ? p_.element(wanted) : wanted;
    if (!p.has_default || d.kind == Const::Kind::None) return none();
    if (p_.types.kind(inner) == TypeKind::List) {
      std::vector<script::Value*> items;
      if (d.kind == Const::Kind::IntList)
        for (int64_t i : d.ints) items.push_back(integer(i));
      else if (d.kind == Const::Kind::Int)
        items.assign(static_cast<size_t>(std::max(1, p.list_size)), integer(d.i));
      return list(p_.element(inner), items);
    }
    if (inner == types::F64 && d.kind == Const::Kind::Int)
      return constant(Const::number(static_cast<double>(d.i)), types::F64);
    TypeId t = d.kind == Const::Kind::Bool    ? types::Bool
               : d.kind == Const::Kind::Int   ? types::I64
               : d.kind == Const::Kind::Float ? types::F64
                                              : types::Str;
    return constant(d, t);
  }

  void results(Node* n, const std::vector<script::SchemaType>& schema, Value result) {
    if (schema.size() == 1) {
      TypeId t = schema[0].kind == script::SchemaType::Kind::Concrete ? schema[0].type : TypeId(types::Tensor);
      script::Value* v = output(n, t);
      if (result.is_tensor()) {
        know(result, v);
      } else if (p_.types.kind(t) == TypeKind::List && (is_kind(result, Kind::Tuple) || is_kind(result, Kind::List)) &&
                 p_.element(t) == types::Tensor) {
        Node* unpack = add(NodeKind::ListUnpack, {v});
        Ref l(make_list_from_sequence(*s_.vm, result));
        for (Ref& item : list_snapshot(as<List>(*l))) know(*item, output(unpack, types::Tensor));
      }
      return;
    }
    for (size_t i = 0; i < schema.size(); i++) {
      TypeId t = schema[i].kind == script::SchemaType::Kind::Concrete ? schema[i].type : TypeId(types::Tensor);
      script::Value* v = output(n, t);
      if (is_kind(result, Kind::Tuple) && i < as<Tuple>(result)->size) know(as<Tuple>(result)->items[i], v);
    }
  }

  // --- indices ---

  script::Value* optional_int(Value v) { return v.is_none() || v.is_unbound() ? none() : any_value(v, types::I64); }

  script::Value* views(script::Value* v, Value self, const std::vector<Value>& parts,
                       std::vector<script::Value*>& picks) {
    int64_t dims = self.t->dim(), taken = 0;
    for (Value p : parts)
      if (!p.is_none() && p.tag != Tag::Ellipsis && !p.is_bool())
        taken +=
            p.is_tensor() && (p.t->dtype() == ops::DType::Bool || p.t->dtype() == ops::DType::UInt8) ? p.t->dim() : 1;
    int64_t dim = 0;
    std::vector<std::pair<int64_t, script::Value*>> found;
    for (Value p : parts) {
      Value x = unbox(p);
      if (x.tag == Tag::Ellipsis) {
        dim += dims - taken;
      } else if (x.is_none()) {
        Node* n = add(NodeKind::Op, {v, integer(dim++)});
        n->op = p_.operators.get("aten::unsqueeze", "");
        v = output(n, types::Tensor);
      } else if (x.is_int()) {
        Node* n = add(NodeKind::Op, {v, integer(dim), integer(x.i)});
        n->op = p_.operators.get("aten::select", "int");
        v = output(n, types::Tensor);
      } else if (is_kind(x, Kind::Slice)) {
        auto* s = as<Slice>(x);
        if (!(s->start.is_none() && s->stop.is_none() && s->step.is_none())) {
          Node* n = add(NodeKind::Op, {v, integer(dim), optional_int(s->start), optional_int(s->stop),
                                       s->step.is_none() ? integer(1) : optional_int(s->step)});
          n->op = p_.operators.get("aten::slice", "Tensor");
          v = output(n, types::Tensor);
        }
        dim++;
      } else {
        Ref made;
        if (!x.is_tensor()) {
          made = Ref(tensor_constant(p));
          x = *made;
          found.push_back({dim++, constant_tensor(x)});
        } else {
          found.push_back({dim, tensor(x)});
          bool mask = x.t->dtype() == ops::DType::Bool || x.t->dtype() == ops::DType::UInt8;
          dim += mask ? x.t->dim() : 1;
        }
      }
    }
    size_t next = 0;
    for (int64_t d = 0; next < found.size(); d++)
      picks.push_back(found[next].first == d ? found[next++].second : none());
    return v;
  }
  script::Value* apply_index(script::Value* v, Value self, const std::vector<Value>& parts) {
    std::vector<script::Value*> picks;
    script::Value* view = views(v, self, parts, picks);
    if (picks.empty()) return view;
    Node* n = add(NodeKind::Op, {view, optional_list(picks)});
    n->op = p_.operators.get("aten::index", "Tensor");
    return output(n, types::Tensor);
  }

  script::Value* result_value(Value r, bool strict, std::string& why) {
    if (r.is_tensor()) return tensor(r);
    if (is_kind(r, Kind::Tuple)) {
      std::vector<script::Value*> items;
      std::vector<TypeId> kinds;
      for (Value x : as<Tuple>(r)->span()) {
        script::Value* v = result_value(x, strict, why);
        if (!v) return nullptr;
        items.push_back(v);
        kinds.push_back(v->type);
      }
      TypeId t = p_.types.tuple(kinds);
      if (TypeId named = s_.named_tuple_type(r.o->type);
          named && p_.is_subtype(t, p_.types.tuple(p_.types[named].args)))
        t = named;
      return output(add(NodeKind::TupleConstruct, items), t);
    }
    if (is_kind(r, Kind::List) || is_kind(r, Kind::Dict)) {
      if (strict) {
        why =
            "Encountering a dict at the output of the tracer might cause the trace to be incorrect, this is only valid "
            "if the container structure does not change based on the module's inputs. Consider using a constant "
            "container instead (e.g. for `list`, use a `tuple` instead. for `dict`, use a `NamedTuple` instead). If "
            "you "
            "absolutely need this and know the side effects, pass strict=False to trace() to allow this behavior.";
        if (is_kind(r, Kind::List)) why.replace(why.find("a dict"), 6, "a list");
        return nullptr;
      }
      if (is_kind(r, Kind::List)) {
        std::vector<script::Value*> items;
        for (Ref& x : list_snapshot(as<List>(r))) {
          script::Value* v = result_value(*x, strict, why);
          if (!v) return nullptr;
          items.push_back(v);
        }
        return list(items.empty() ? TypeId(types::Tensor) : items[0]->type, items);
      }
      std::vector<script::Value*> items;
      TypeId key = types::Str, item = types::Tensor;
      uint32_t position = 0;
      while (DictEntry* e = dict_next(as<Dict>(r), position)) {
        Const c;
        TypeId t;
        if (!s_.as_const(e->key, c, t)) return nullptr;
        key = t;
        items.push_back(constant(c, t));
        script::Value* v = result_value(e->value, strict, why);
        if (!v) return nullptr;
        item = v->type;
        items.push_back(v);
      }
      return output(add(NodeKind::DictConstruct, items), p_.types.dict(key, item));
    }
    why = "Only tensors, lists, tuples of tensors, or dictionary of tensors can be output from traced functions";
    return nullptr;
  }

  ScriptState& s_;
  script::Program& p_;
  script::Function* f_;
  script::Graph* g_;
  std::unordered_map<ops::TensorImpl*, Known> known_;
  std::unordered_map<ops::TensorImpl*, ObjectPath> members_;
  std::vector<ObjectPath> objects_;
};

struct TraceState : Extension {
  std::unique_ptr<Recorder> recorder;
  void clear(VM&) override { recorder.reset(); }
};

Recorder* recorder(VM& vm) { return vm.extension<TraceState>().recorder.get(); }
void set_hooks(VM& vm, bool on);

const TraceHooks kHooks = {
    .ran = [](VM& vm, const OperatorOverload& o, const Value* args, size_t n,
              Value result) { recorder(vm)->ran(o, args, n, result); },
    .indexed =
        [](VM& vm, Value self, Value index, Value value, bool is_store) {
          if (is_store)
            recorder(vm)->stored(self, index, value);
          else
            recorder(vm)->indexed(self, index, value);
        },
    .size = [](VM& vm, Value self, int64_t dim) { return recorder(vm)->size(self, dim); },
    .attribute = [](VM& vm, const char* op, Value self, Value result) { recorder(vm)->attribute(op, self, result); },
    .left =
        [](VM& vm, const char* what) {
          // The library knows what it does.
          if (vm.frame && vm.frame->state->unit->source().name().compare(0, 7, "<tsvm>/") == 0) return true;
          Ref module(vm.callbacks.import_module(vm, "torch.jit._trace"));
          if (module.is_error()) return false;
          Ref text(make_str(vm, what));
          Value args[] = {*text};
          set_hooks(vm, false);
          Ref done(call_method(vm, *module, "_warn", args));
          set_hooks(vm, true);
          return !done.is_error();
        },
};

void set_hooks(VM& vm, bool on) { torch_types(vm).trace = on ? &kHooks : nullptr; }

const NativeDef kDefs[] = {
    {"trace(function, name, names, inputs, module, strict, /)",
     [](VM& vm, const Value* a) -> Value {
       // Runs function(*inputs) and gives the ScriptFunction of what it did; for a module the function is a method of
       // its type, which is given by its number.
       ScriptState& s = state(vm);
       TraceState& t = vm.extension<TraceState>();
       if (t.recorder) return raise(vm, vm.types.RuntimeError, "Tracing can't be nested");
       auto own = std::make_unique<Recorder>(s);
       Recorder* r = own.get();
       script::Function* f = r->function();
       f->name = text_of(a[1]);
       std::vector<Value> args;
       Ref list(make_list_from_sequence(vm, a[3]));
       std::vector<Ref> inputs = list_snapshot(as<List>(*list));
       std::vector<Ref> names;
       {
         Ref l(make_list_from_sequence(vm, a[2]));
         names = list_snapshot(as<List>(*l));
       }
       ClassInfo* info = nullptr;
       bool ok = guarded_compile(vm, [&] {
         if (is_kind(a[4], Kind::Tuple)) {
           info = s.program->class_of(TypeId(static_cast<uint32_t>(as<Tuple>(a[4])->items[0].i)));
           f->owner = info;
           script::Value* self = r->input("self", info->type);
           r->bind_module(self, as<Tuple>(a[4])->items[1]);
         }
         f->qualified_name = info ? info->name + "." + f->name : s.program->unique_name("__torch__." + f->name);
         for (size_t i = 0; i < inputs.size(); i++) {
           std::string why;
           TypeId type = s.infer_type(*inputs[i], why);
           if (!type) {
             script::CompileError e;
             e.text =
                 "Type '" + std::string(type_of(vm, *inputs[i])->name->view()) +
                 "' cannot be traced. Only Tensors and (possibly nested) Lists, Dicts, and Tuples of Tensors can be "
                 "traced";
             throw e;
           }
           std::string name = i < names.size() ? std::string(text_of(*names[i])) : "argument_" + std::to_string(i + 1);
           r->bind(r->input(name, type), *inputs[i]);
           args.push_back(*inputs[i]);
         }
       });
       if (!ok) return Value::error();
       t.recorder = std::move(own);
       set_hooks(vm, true);
       Ref result(vm::call(vm, a[0], args));
       set_hooks(vm, false);
       own = std::move(t.recorder);
       if (result.is_error()) return Value::error();
       std::string why;
       bool finished = false;
       int strict = truth(vm, a[5]);
       ok = guarded_compile(vm, [&] { finished = r->finish(*result, strict != 0, why); });
       if (!ok) return Value::error();
       if (!finished) return raise(vm, vm.types.RuntimeError, "%s", why.c_str());
       script::remove_dead(*f->graph);
       if (info) info->methods.push_back(f);
       ok = guarded_compile(vm, [&] { s.emit(*f); });
       if (!ok) return Value::error();
       Ref object(s.script_function_object(*f));
       return make_tuple(vm, {*object, *result});
     }},
    {"run_recorded(op, function, args, /)",
     [](VM& vm, const Value* a) -> Value {
       // function(*args), recorded as one operator when something is traced.
       Ref list(make_tuple_from(vm, a[2]));
       if (list.is_error()) return Value::error();
       std::span<const Value> args = as<Tuple>(*list)->span();
       bool recorded = torch_types(vm).trace != nullptr;
       Ref result;
       {
         TracePause pause(vm);
         result = Ref(vm::call(vm, a[1], args));
       }
       if (recorded && !result.is_error()) recorder(vm)->ran_as(std::string(text_of(a[0])), args, *result);
       return result.take();
     }},
    {"is_tracing()", [](VM& vm, const Value*) { return Value::boolean(recorder(vm) != nullptr); }},
};

}  // namespace

TracePause::TracePause(VM& v) : vm(v), active(recorder(v) != nullptr && torch_types(v).trace) {
  if (active) set_hooks(vm, false);
}
TracePause::~TracePause() {
  if (active) set_hooks(vm, true);
}

void trace_call(VM& vm, script::Function& f, std::span<const Value> args, Value result) {
  if (Recorder* r = recorder(vm)) r->called(f, args, result);
}

const std::span<const NativeDef> kTraceFunctions = kDefs;

}  // namespace tsvm::stdlib::script_host
