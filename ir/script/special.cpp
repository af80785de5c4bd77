// The names that the compiler treats by itself, and calls.
#include <cstring>

#include "ir/script/compiler.h"
#include "ir/script/scope.h"

namespace tsvm::script {

const Special* special_named(std::string_view name) {
  static const std::unordered_map<std::string_view, Special> kNames = {
      {"print", Special::Print},
      {"int", Special::Int},
      {"float", Special::Float},
      {"bool", Special::Bool},
      {"complex", Special::Complex},
      {"str", Special::Str},
      {"tuple", Special::Tuple},
      {"list", Special::List},
      {"dict", Special::Dict},
      {"range", Special::Range},
      {"zip", Special::Zip},
      {"enumerate", Special::Enumerate},
      {"isinstance", Special::IsInstance},
      {"getattr", Special::GetAttr},
      {"hasattr", Special::HasAttr},
      {"len", Special::Len},
      {"min", Special::Min},
      {"max", Special::Max},
      {"sum", Special::Sum},
      {"abs", Special::Abs},
      {"round", Special::Round},
      {"super", Special::Super},
      {"reversed", Special::Reversed},
      {"rangelist", Special::Rangelist},
      {"torch.jit.annotate", Special::Annotate},
      {"torch.jit.isinstance", Special::IsInstance},
      {"torch.jit.fork", Special::Fork},
      {"torch.jit._fork", Special::Fork},
      {"torch.jit.wait", Special::Wait},
      {"torch.jit._wait", Special::Wait},
      {"torch.jit.is_scripting", Special::IsScripting},
      {"torch.jit.is_tracing", Special::IsTracing},
      {"warnings.warn", Special::Warn},
      {"unchecked_cast", Special::UncheckedCast},
      {"uninitialized", Special::Uninitialized},
  };
  auto it = kNames.find(name);
  return it == kNames.end() ? nullptr : &it->second;
}

std::vector<Arg> Compiler::arguments(const ast::Call& call) {
  std::vector<Arg> out;
  for (const ast::Expr* e : call.args) {
    if (const auto* star = e->as<ast::Starred>()) {
      SugaredPtr v = sugared(star->value);
      for (const SugaredPtr& item : v->as_tuple(*this, star->range, std::nullopt))
        out.push_back({"", star->range, item});
      continue;
    }
    out.push_back({"", e->range, sugared(e)});
  }
  for (const ast::Keyword* k : call.keywords) {
    if (k->arg.empty()) error(k->range, "keyword-arg expansion is not supported", ErrorClass::NotSupported);
    out.push_back({std::string(k->arg), k->value->range, sugared(k->value)});
  }
  return out;
}

SugaredPtr Compiler::call_expression(const ast::Call& e, size_t binders, TypeId hint) {
  // x.tolist() takes the type that is wanted.
  if (const auto* a = e.func->as<ast::Attribute>(); a && a->attr == "tolist") {
    SugaredPtr object = sugared(a->value);
    if (object->plain() && object->plain()->type == types::Tensor) {
      if (!hint) error(e.range, "Expected type hint for result of tolist()");
      Node* n = node(NodeKind::ToList, e.range, {object->plain()});
      n->type = hint;
      return simple(with_output(n, hint));
    }
  }
  // super().f(...) and super(C, self).f(...)
  if (const auto* a = e.func->as<ast::Attribute>())
    if (const auto* inner = a->value->as<ast::Call>())
      if (const auto* n = inner->func->as<ast::Name>(); n && n->id == "super") {
        SugaredPtr method = host.resolve(*this, function, "super." + std::string(a->attr), e.range);
        if (!method) error(e.range, "super is not supported here");
        if (dynamic_cast<UnknownSugared*>(method.get())) return method;
        auto* f = dynamic_cast<FunctionSugared*>(method.get());
        if (!f) return simple(none(e.range));
        return call_function(*f->function, e.range, arguments(e), variable(function.params[0].name, e.range));
      }
  SugaredPtr callee = sugared(e.func);
  if (auto* s = dynamic_cast<SpecialForm*>(callee.get())) {
    // These look at the source of their arguments.
    switch (s->form) {
      case Special::Annotate: {
        if (e.args.size() != 2) error(e.range, "annotate() expected exactly 2 arguments");
        TypeId type = annotation(e.args[0]);
        Value* v = value(e.args[1], type);
        Value* converted = convert(v, type, e.range, true);
        if (!converted) error(e.range, "expected an expression of type " + text(type) + " but found " + text(v->type));
        // The annotated type is the value's from here on.
        if (converted->type != type) {
          if (converted->node && converted->node->outputs.size() == 1 &&
              converted->node->kind == NodeKind::ListConstruct && program.types.kind(type) == TypeKind::List)
            converted->type = type;
          else
            converted = cast(converted, type, e.range);
        }
        return simple(converted);
      }
      case Special::IsInstance:
      case Special::HasAttr:
      case Special::IsTracing:
      case Special::IsScripting: {
        Condition c = condition(&e);
        if (c.value) return simple(c.value);
        return std::make_shared<ConstantSugared>(Const::boolean(*c.known), types::Bool);
      }
      case Special::UncheckedCast: {
        TypeId type = annotation(e.args[0]);
        Node* n = node(NodeKind::UncheckedCast, e.range, {value(e.args[1])});
        n->type = type;
        return simple(with_output(n, type));
      }
      case Special::Uninitialized: {
        TypeId type = annotation(e.args[0]);
        Node* n = node(NodeKind::Uninitialized, e.range);
        n->type = type;
        return simple(with_output(n, type));
      }
      case Special::GetAttr: {
        if (e.args.size() != 2 && e.args.size() != 3) error(e.range, "getattr expected 2 or 3 arguments");
        SugaredPtr object = sugared(e.args[0]);
        const auto* name = e.args[1]->as<ast::Constant>();
        std::string field;
        if (name && name->value.kind == ast::ConstantKind::kStr) {
          field = name->value.text;
        } else {
          SugaredPtr v = sugared(e.args[1]);
          if (!v->known() || v->known()->kind != Const::Kind::Str)
            error(e.args[1]->range, "getattr's second argument must be a string literal");
          field = v->known()->s;
        }
        if (e.args.size() == 3 && !object->has_attr(*this, e.range, field)) return sugared(e.args[2]);
        return object->attr(*this, e.range, field);
      }
      default: break;
    }
    return special_call(s->form, &e, e.range, arguments(e), binders, hint);
  }
  std::vector<Arg> args = arguments(e);
  // What the call leads to is compiled because of this place; what it does is at the callee.
  if (!program.compiling.empty()) program.compiling.back().range = e.range;
  return callee->call(*this, e.func->range, args, binders);
}

SugaredPtr SpecialForm::call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t binders) {
  return c.special_call(form, nullptr, r, args, binders, TypeId());
}

SugaredPtr Compiler::fork(SourceRange r, const std::vector<Arg>& args) {
  if (args.empty()) error(r, "Expected at least one argument to fork()");
  std::vector<Arg> rest(args.begin() + 1, args.end());
  // The call is made as any other, and what it was is moved into the node.
  size_t mark = block->nodes.size();
  SugaredPtr callee = args[0].value;
  SugaredPtr result;
  if (auto* m = dynamic_cast<ModuleSugared*>(callee.get()))
    result = m->attr(*this, r, "forward")->call(*this, r, rest, 1);
  else
    result = callee->call(*this, r, rest, 1);
  Value* v = result->as_value(*this, r);
  Node* made = v->node;
  (void)mark;
  if (made && (made->kind == NodeKind::CallFunction || made->kind == NodeKind::CallMethod) &&
      block->nodes.back() == made) {
    block->nodes.pop_back();
    Node* n = node(NodeKind::Fork, r, made->inputs);
    n->function = made->function;
    n->name = made->function->name;
    return simple(with_output(n, program.types.future(v->type)));
  }
  // An operator: it is done already when it is forked.
  Node* n = node(NodeKind::Fork, r, {v});
  return simple(with_output(n, program.types.future(v->type)));
}

SugaredPtr Compiler::special_call(Special s, const ast::Call* call, SourceRange r, const std::vector<Arg>& args,
                                  size_t binders, TypeId hint) {
  auto need = [&](size_t least, size_t most, const char* name) {
    if (args.size() < least || args.size() > most)
      error(r, std::string(name) + " expected " + std::to_string(least) + " argument" + (least == 1 ? "" : "s") +
                   ", but got " + std::to_string(args.size()));
  };
  auto arg = [&](size_t i) { return args[i].value->as_value(*this, args[i].range); };
  (void)call;
  switch (s) {
    case Special::Print: {
      std::vector<Value*> inputs;
      for (size_t i = 0; i < args.size(); i++) {
        if (!args[i].name.empty()) error(r, "print doesn't accept any keyword arguments");
        inputs.push_back(arg(i));
      }
      node(NodeKind::Print, r, inputs);
      return simple(none(r));
    }
    case Special::Int:
    case Special::Float:
    case Special::Bool:
    case Special::Complex: {
      const char* name = s == Special::Int     ? "aten::Int"
                         : s == Special::Float ? "aten::Float"
                         : s == Special::Bool  ? "aten::Bool"
                                               : "aten::Complex";
      TypeId type = s == Special::Int     ? types::I64
                    : s == Special::Float ? types::F64
                    : s == Special::Bool  ? types::Bool
                                          : types::Complex;
      if (args.empty()) {
        if (s == Special::Int) return simple(integer(0, r));
        if (s == Special::Float) return simple(constant(Const::number(0), types::F64, r));
        if (s == Special::Bool) return simple(boolean(false, r));
      }
      if (args.size() == 1) {
        Value* v = arg(0);
        if (v->type == type) return simple(v);
        // Text of literals that int() and float() know: float("inf").
        if (ClassInfo* c = program.class_of(v->type); c && c->kind == ClassInfo::Kind::Script) {
          const char* magic = s == Special::Int     ? "__int__"
                              : s == Special::Float ? "__float__"
                              : s == Special::Bool  ? "__bool__"
                                                    : "__complex__";
          return simple(v)->attr(*this, r, magic)->call(*this, r, {}, 1);
        }
        if (s == Special::Complex) {
          if (v->type != types::Tensor && v->type != types::Number)
            return simple(call_value(
                name, r, {v, v->type == types::F64 ? constant(Const::number(0), types::F64, r) : integer(0, r)}));
        }
        return simple(call_value(name, r, {v}));
      }
      return call_operator(name, r, args);
    }
    case Special::Str: {
      need(0, 1, "str()");
      if (args.empty()) return simple(string("", r));
      Value* v = arg(0);
      if (ClassInfo* c = program.class_of(v->type); c && c->kind == ClassInfo::Kind::Script && c->method("__str__"))
        return simple(v)->attr(*this, r, "__str__")->call(*this, r, {}, 1);
      return simple(call_value("aten::str", r, {v}));
    }
    case Special::Tuple: {
      need(0, 1, "tuple()");
      if (args.empty()) return std::make_shared<TupleSugared>(std::vector<SugaredPtr>{});
      SugaredPtr v = args[0].value->iter(*this, r);
      if (auto items = v->static_items(*this, r)) return std::make_shared<TupleSugared>(*items);
      if (Value* value = v->plain())
        if (value->node && value->node->kind == NodeKind::ListConstruct) {
          std::vector<SugaredPtr> items;
          for (Value* x : value->node->inputs) items.push_back(simple(x));
          return std::make_shared<TupleSugared>(items);
        }
      error(r, "cannot statically infer the expected size of a list in this context");
    }
    case Special::List: {
      need(0, 1, "list()");
      TypeId element = hint && program.types.kind(hint) == TypeKind::List ? program.element(hint) : TypeId();
      if (args.empty()) return simple(list(element ? element : types::Tensor, {}, r));
      SugaredPtr v = args[0].value->iter(*this, r);
      if (Value* value = v->plain())
        if (program.types.kind(value->type) == TypeKind::List || value->type == types::Str)
          return simple(call_value("aten::list", r, {value}));
      if (auto items = v->static_items(*this, r)) {
        std::vector<Value*> values;
        for (const SugaredPtr& x : *items) values.push_back(x->as_value(*this, r));
        TypeId common = element;
        for (Value* x : values) common = common ? program.unify(common, x->type) : x->type;
        if (!common && !values.empty()) error(r, "list() of values of different types");
        return simple(list(common ? common : types::Tensor, values, r));
      }
      // list(range(n)), list(zip(a, b)): a loop fills it.
      Value* result = list(element ? element : types::Tensor, {}, r);
      bool typed = static_cast<bool>(element);
      emit_loop(r, v, [&](SugaredPtr item) {
        Value* x = item->as_value(*this, r);
        if (!typed) {
          result->type = program.types.list(x->type);
          typed = true;
        }
        call_value("aten::append", r, {result, x});
      });
      return simple(result);
    }
    case Special::Dict: {
      if (args.empty()) {
        bool known = hint && program.types.kind(hint) == TypeKind::Dict;
        return simple(with_output(node(NodeKind::DictConstruct, r),
                                  known ? hint : program.types.dict(types::Str, types::Tensor)));
      }
      if (args[0].name.empty()) {
        SugaredPtr source = args[0].value;
        Value* v = source->plain() && program.types.kind(source->plain()->type) == TypeKind::Dict
                       ? source->plain()
                       : special_call(Special::List, nullptr, r, {args[0]}, 1, TypeId())->as_value(*this, r);
        Value* d = call_value("aten::dict", r, {v});
        for (size_t i = 1; i < args.size(); i++) call_value("aten::_set_item", r, {d, string(args[i].name, r), arg(i)});
        return simple(d);
      }
      std::vector<Value*> inputs;
      TypeId item;
      for (size_t i = 0; i < args.size(); i++) {
        Value* v = arg(i);
        inputs.push_back(string(args[i].name, r));
        inputs.push_back(v);
        item = item ? program.unify(item, v->type) : v->type;
        if (!item) error(r, "Dict values must contain only a single type");
      }
      return simple(with_output(node(NodeKind::DictConstruct, r, inputs), program.types.dict(types::Str, item)));
    }
    case Special::Range: {
      need(1, 3, "range()");
      auto out = std::make_shared<RangeSugared>();
      std::vector<Value*> v;
      for (size_t i = 0; i < args.size(); i++) {
        Value* x = arg(i);
        Value* n = convert(x, types::I64, r, true);
        if (!n)
          error(r, "Argument " + std::to_string(i) + " passed to range must be of type int, but got type " +
                       text(x->type) + " instead");
        v.push_back(n);
      }
      out->only_end = v.size() == 1;
      out->start = v.size() > 1 ? v[0] : nullptr;
      out->end = v.size() > 1 ? v[1] : v[0];
      out->step = v.size() > 2 ? v[2] : nullptr;
      if (!out->only_end && !out->step) out->step = integer(1, r);
      if (auto step = out->step ? known_int(out->step) : std::nullopt; step && *step == 0)
        error(r, "range() arg 3 must not be zero");
      return out;
    }
    case Special::Zip:
    case Special::Enumerate: {
      auto out = std::make_shared<IterableTree>();
      if (s == Special::Enumerate) {
        need(1, 2, "enumerate()");
        auto counter = std::make_shared<RangeSugared>();
        if (args.size() == 2) counter->start = arg(1);
        out->children.push_back(counter);
        out->children.push_back(args[0].value->iter(*this, r));
      } else {
        if (args.empty()) error(r, "zip expected at least 1 arguments, but found 0");
        for (const Arg& a : args) out->children.push_back(a.value->iter(*this, r));
      }
      return out;
    }
    case Special::Len: need(1, 1, "len()"); return simple(args[0].value->len(*this, r));
    case Special::Min:
    case Special::Max: {
      const char* name = s == Special::Min ? "prim::min" : "prim::max";
      if (args.size() == 2 && arg(0)->type == types::Tensor)
        return call_operator(s == Special::Min ? "aten::min" : "aten::max", r, args);
      if (args.size() == 1 && args[0].value->plain() && args[0].value->plain()->type == types::Tensor)
        return call_operator(s == Special::Min ? "aten::min" : "aten::max", r, args);
      if (args.size() > 2) {
        Value* v = arg(0);
        for (size_t i = 1; i < args.size(); i++) v = call_value(name, r, {v, arg(i)});
        return simple(v);
      }
      return call_operator(name, r, args);
    }
    case Special::Sum: return call_operator("aten::sum", r, args);
    case Special::Abs: return call_operator("prim::abs", r, args);
    case Special::Round: return call_operator("aten::round", r, args);
    case Special::Rangelist: return call_operator("prim::rangelist", r, args);
    case Special::Fork: return fork(r, args);
    case Special::Wait: return call_operator("aten::wait", r, args);
    case Special::IsScripting: return simple(boolean(true, r));
    case Special::Warn: {
      std::vector<Arg> list;
      for (const Arg& a : args) {
        if (a.name == "category" || (a.name.empty() && list.size() == 1 && !a.value->known() && !a.value->plain()))
          continue;
        list.push_back(a);
      }
      return call_operator("aten::warn", r, list);
    }
    case Special::Reversed: error(r, "reversed is not supported");
    case Special::Super: error(r, "super is only supported with a method of it that is called");
    default: break;
  }
  (void)binders;
  error(r, "this name cannot be called here");
}

}  // namespace tsvm::script
