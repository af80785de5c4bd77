#include "ir/script/compiler.h"

#include "base/check.h"
#include "ir/script/scope.h"

namespace tsvm::script {

// --- nodes ---

Node* Compiler::node(NodeKind kind, SourceRange r, std::vector<Value*> inputs) {
  Node* n = graph.new_node(kind, r);
  n->inputs = std::move(inputs);
  n->owner = block;
  block->nodes.push_back(n);
  return n;
}

Value* Compiler::with_output(Node* n, TypeId type) {
  Value* v = graph.new_value(type);
  v->node = n;
  n->outputs.push_back(v);
  return v;
}

Value* Compiler::constant(const Const& c, TypeId type, SourceRange r) {
  Node* n = node(NodeKind::Constant, r);
  n->constant = c;
  return with_output(n, type);
}

Value* Compiler::op(const Operator* o, SourceRange r, std::vector<Value*> inputs, TypeId type) {
  Node* n = node(NodeKind::Op, r, std::move(inputs));
  n->op = o;
  return with_output(n, type);
}

Value* Compiler::list(TypeId element, std::vector<Value*> items, SourceRange r) {
  return with_output(node(NodeKind::ListConstruct, r, std::move(items)), program.types.list(element));
}

Value* Compiler::tuple(std::vector<Value*> items, SourceRange r) {
  std::vector<TypeId> types;
  for (Value* v : items) types.push_back(v->type);
  return with_output(node(NodeKind::TupleConstruct, r, std::move(items)), program.types.tuple(types));
}

Value* Compiler::tuple_index(Value* t, int64_t i, SourceRange r) {
  if (t->node && t->node->kind == NodeKind::TupleConstruct) return t->node->inputs[static_cast<size_t>(i)];
  Node* n = node(NodeKind::TupleIndex, r, {t, integer(i, r)});
  n->constant = Const::integer(i);
  return with_output(n, program.element(t->type, static_cast<size_t>(i)));
}

Value* Compiler::cast(Value* v, TypeId type, SourceRange r) {
  if (v->type == type) return v;
  Node* n = node(NodeKind::UncheckedCast, r, {v});
  n->type = type;
  return with_output(n, type);
}

Value* Compiler::get_attr(Value* object, const std::string& name, TypeId type, SourceRange r) {
  Node* n = node(NodeKind::GetAttr, r, {object});
  n->name = name;
  Value* v = with_output(n, type);
  v->name = name;
  return v;
}

const Const* Compiler::known(const Value* v) {
  return v->node && v->node->kind == NodeKind::Constant ? &v->node->constant : nullptr;
}

std::optional<int64_t> Compiler::known_int(const Value* v) {
  const Const* c = known(v);
  if (c && c->kind == Const::Kind::Int) return c->i;
  return std::nullopt;
}

// --- functions ---

void Compiler::run() {
  push_scope(graph.block);
  for (FunctionParam& p : function.params) {
    Value* v = graph.new_value(p.type, p.name);
    v->block = graph.block;
    graph.block->params.push_back(v);
    Node* n = node(NodeKind::Store, function.def->name_range, {v});
    n->name = p.name;
    scope_->types[p.name] = p.type;
  }
  // The object of a method of a module is known to the compiler as a module.
  if (function.owner && !function.params.empty() && function.owner->kind == ClassInfo::Kind::Module) {
    const std::string& self = function.params[0].name;
    scope_->types.erase(self);
    scope_->sugared[self] = std::make_shared<ModuleSugared>(graph.block->params[0], function.owner);
    graph.block->nodes.erase(graph.block->nodes.begin());
  }
  statements(function.def->body);
  if (is_incomplete_) {
    function.result_is_unknown = !function.result_is_declared;
    if (!function.result) function.result = types::None;
    pop_scope();
    return;
  }
  if (!exited()) {
    if (function.result_is_declared && function.result != types::None)
      error(function.def->range, "Function was not annotated as having type None, but does not return along all paths");
    add_return(none(function.def->range), function.def->range);
  }
  if (!function.result_is_declared) function.result = merged_result_ ? merged_result_ : types::None;
  pop_scope();
}

bool Compiler::exited() const { return exits_.count(block) != 0; }

void Compiler::statements(ast::List<ast::Stmt*> body) {
  for (const ast::Stmt* s : body) {
    if (exited()) return;
    statement(s);
  }
}

namespace {

/// The names that a statement assigns, itself or further in.
struct AssignedNames {
  std::set<std::string> names;
  template <class T>
  void operator()(T* n) {
    visit(n);
  }
  void visit(const ast::Node* n) {
    if (const auto* name = n->as<ast::Name>(); name && name->ctx == ast::ExprContext::kStore)
      names.insert(std::string(name->id));
    ast::for_each_child(n, *this);
  }
};

}  // namespace

void Compiler::statement(const ast::Stmt* s) {
  if (!host.collects_errors()) return single_statement(s);
  // What a wrong statement would have assigned is unknown from there on.
  std::shared_ptr<Scope> scope = scope_;
  Block* where = block;
  int depth = loop_depth_;
  try {
    bool compound = s->is<ast::If>() || s->is<ast::For>() || s->is<ast::While>() || s->is<ast::With>();
    if (!compound) check_supported_statement(program, function, s);
    single_statement(s);
  } catch (const CompileError& e) {
    if (e.pending) throw;
    if (!e.unknown) host.found(e);
    scope_ = scope;
    block = where;
    loop_depth_ = depth;
    AssignedNames assigned;
    assigned.visit(s);
    for (const std::string& name : assigned.names) forget(name);
    is_incomplete_ = true;
    if (s->is<ast::Return>() || s->is<ast::Raise>()) exits_.insert(block);
  }
}

void Compiler::forget(const std::string& name) {
  scope_->types.erase(name);
  scope_->errors.erase(name);
  scope_->sugared[name] = std::make_shared<UnknownSugared>();
}

void Compiler::single_statement(const ast::Stmt* s) {
  using ast::NodeKind;
  switch (s->kind) {
    case ast::NodeKind::kAssign: return assignment(*s->cast<ast::Assign>());
    case ast::NodeKind::kAugAssign: return augmented(*s->cast<ast::AugAssign>());
    case ast::NodeKind::kAnnAssign: return annotated(*s->cast<ast::AnnAssign>());
    case ast::NodeKind::kIf: return if_statement(*s->cast<ast::If>());
    case ast::NodeKind::kFor: return for_statement(*s->cast<ast::For>());
    case ast::NodeKind::kWhile: return while_statement(*s->cast<ast::While>());
    case ast::NodeKind::kReturn: return return_statement(*s->cast<ast::Return>());
    case ast::NodeKind::kRaise: return raise_statement(*s->cast<ast::Raise>());
    case ast::NodeKind::kAssert: return assert_statement(*s->cast<ast::Assert>());
    case ast::NodeKind::kWith: return with_statement(*s->cast<ast::With>());
    case ast::NodeKind::kDelete: return delete_statement(*s->cast<ast::Delete>());
    case ast::NodeKind::kImport:
    case ast::NodeKind::kImportFrom: return import_statement(*s);
    case ast::NodeKind::kPass: return;
    case ast::NodeKind::kFunctionDef:
      // Code of archives: what is forked further down, with the variables of this place.
      if (function.is_archive) {
        const auto* def = s->cast<ast::FunctionDef>();
        scope_->sugared[std::string(def->name)] = std::make_shared<ForkedBlock>(def);
        return;
      }
      break;
    case ast::NodeKind::kExprStmt: {
      const ast::Expr* e = s->cast<ast::ExprStmt>()->value;
      if (const auto* c = e->as<ast::Constant>())
        if (c->value.kind == ast::ConstantKind::kStr || c->value.kind == ast::ConstantKind::kEllipsis) return;
      sugared(e, 0);
      return;
    }
    case ast::NodeKind::kBreak:
    case ast::NodeKind::kContinue: {
      bool is_break = s->is<ast::Break>();
      if (loop_depth_ == 0)
        error(s->range, is_break ? "Syntax error: break must be in loop" : "continue must be in loop");
      node(is_break ? script::NodeKind::Break : script::NodeKind::Continue, s->range);
      exits_.insert(block);
      return;
    }
    default: break;
  }
  error(s->range, std::string(ast::node_name(s->kind)) + " aren't supported", ErrorClass::UnsupportedNode);
}

SugaredPtr ForkedBlock::call(Compiler& c, SourceRange r, const std::vector<Arg>&, size_t) {
  for (const ast::Stmt* s : def->body) {
    if (const auto* ret = s->as<ast::Return>()) return ret->value ? c.sugared(ret->value) : simple(c.none(r));
    c.statement(s);
  }
  return simple(c.none(r));
}

// --- assignments ---

void Compiler::assignment(const ast::Assign& s) {
  if (s.targets.size() == 1) {
    const ast::Expr* target = s.targets[0];
    size_t binders = 1;
    if (const auto* t = target->as<ast::Tuple>()) binders = t->elts.size();
    TypeId type;
    if (!s.type_comment.empty() && s.type_comment.substr(0, 6) != "ignore") {
      type = annotation_text(s.type_comment, s.range);
    }
    TypeId hint = type;
    if (!hint)
      if (const auto* name = target->as<ast::Name>())
        for (Scope* scope = scope_.get(); scope && !hint; scope = scope->outer.get()) {
          auto known = scope->types.find(std::string(name->id));
          if (known != scope->types.end()) hint = known->second;
        }
    SugaredPtr v = sugared(s.value, binders, type ? type : TypeId());
    return assign(target, v, s.range, type);
  }
  SugaredPtr v = sugared(s.value);
  if (!v->known() && !dynamic_cast<TupleSugared*>(v.get()))
    if (Value* simple_value = v->plain()) v = simple(simple_value);
  for (const ast::Expr* target : s.targets) assign(target, v, s.range);
}

void Compiler::assign(const ast::Expr* target, SugaredPtr v, SourceRange r, TypeId type) {
  if (const auto* name = target->as<ast::Name>()) {
    set_sugared(std::string(name->id), v, target->range, type);
    (void)r;
  } else if (const auto* attribute = target->as<ast::Attribute>()) {
    SugaredPtr object = sugared(attribute->value);
    object->set_attr(*this, target->range, std::string(attribute->attr), v->as_value(*this, r));
  } else if (const auto* subscript = target->as<ast::Subscript>()) {
    assign_subscript(*subscript, v->as_value(*this, r), target->range);
  } else if (const auto* t = target->as<ast::Tuple>()) {
    assign_tuple(t->elts, v, target->range);
  } else if (const auto* l = target->as<ast::ListExpr>()) {
    assign_tuple(l->elts, v, target->range);
  } else {
    error(target->range, "unexpected expression on left-hand side of assignment");
  }
}

void Compiler::assign_tuple(ast::List<ast::Expr*> targets, SugaredPtr v, SourceRange r) {
  size_t n = targets.size(), starred = n;
  for (size_t i = 0; i < n; i++)
    if (targets[i]->is<ast::Starred>()) {
      if (starred < n) error(r, "Only one starred expression is allowed on the lhs");
      starred = i;
    }
  std::vector<SugaredPtr> items =
      v->as_tuple(*this, r, starred < n ? std::optional<size_t>() : std::optional<size_t>(n));
  if (starred < n ? items.size() < n - 1 : items.size() > n)
    error(r, starred < n ? "need at least " + std::to_string(n - 1) + " values to unpack"
                         : "too many values to unpack: need " + std::to_string(n) + " but found " +
                               std::to_string(items.size()));
  if (starred == n && items.size() < n)
    error(r, "need " + std::to_string(n) + " values to unpack, but found only " + std::to_string(items.size()));
  size_t next = 0;
  for (size_t i = 0; i < n; i++) {
    if (i != starred) {
      assign(targets[i], items[next++], targets[i]->range);
      continue;
    }
    size_t count = items.size() - (n - 1);
    std::vector<SugaredPtr> middle(items.begin() + static_cast<ptrdiff_t>(next),
                                   items.begin() + static_cast<ptrdiff_t>(next + count));
    next += count;
    assign(targets[i]->cast<ast::Starred>()->value, std::make_shared<TupleSugared>(middle), targets[i]->range);
  }
}

void Compiler::annotated(const ast::AnnAssign& s) {
  if (!s.value) {
    // A declaration alone says nothing about a value.
    error(s.range, "Expected an assignment with the annotation: variables without a value are not supported",
          ErrorClass::UnsupportedNode);
  }
  TypeId type = annotation(s.annotation);
  if (const auto* attribute = s.target->as<ast::Attribute>()) {
    Value* v = value(s.value, type);
    v = convert(v, type, s.range, false);
    SugaredPtr object = sugared(attribute->value);
    if (!v) {
      Value* found = value(s.value, type);
      error(s.range, "Variable '" + std::string(attribute->attr) + "' is annotated with type " + text(type) +
                         " but is being assigned to a value of type " + text(found->type));
    }
    if (v->type != type) v = cast(v, type, s.range);
    object->set_attr(*this, s.target->range, std::string(attribute->attr), v);
    return;
  }
  const auto* name = s.target->as<ast::Name>();
  if (!name) error(s.target->range, "Only annotations of variables and attributes are supported");
  Value* v = value(s.value, type);
  Value* converted = convert(v, type, s.range, false);
  set_sugared(std::string(name->id), simple(converted ? converted : v), s.target->range, type);
}

namespace {

struct BinaryName {
  const char* op;        // "aten::add"
  const char* inplace;   // "aten::add_"
  const char* magic;     // "__add__"
  const char* in_magic;  // "__iadd__"
};

constexpr BinaryName kBinary[] = {
    {"aten::add", "aten::add_", "__add__", "__iadd__"},
    {"aten::sub", "aten::sub_", "__sub__", "__isub__"},
    {"aten::mul", "aten::mul_", "__mul__", "__imul__"},
    {"aten::matmul", nullptr, "__matmul__", "__imatmul__"},
    {"aten::div", "aten::div_", "__truediv__", "__itruediv__"},
    {"aten::remainder", "aten::remainder_", "__mod__", "__imod__"},
    {"aten::floordiv", "aten::floor_divide_", "__floordiv__", "__ifloordiv__"},
    {"aten::pow", "aten::pow_", "__pow__", "__ipow__"},
    {"aten::__lshift__", "aten::__ilshift__", "__lshift__", "__ilshift__"},
    {"aten::__rshift__", "aten::__irshift__", "__rshift__", "__irshift__"},
    {"aten::__or__", "aten::__ior__", "__or__", "__ior__"},
    {"aten::__xor__", "aten::__ixor__", "__xor__", "__ixor__"},
    {"aten::__and__", "aten::__iand__", "__and__", "__iand__"},
};

}  // namespace

void Compiler::augmented(const ast::AugAssign& s) {
  const BinaryName& names = kBinary[static_cast<int>(s.op)];
  auto combine = [&](Value* left, Value* right) -> Value* {
    if (ClassInfo* c = program.class_of(left->type); c && c->kind == ClassInfo::Kind::Script) {
      const char* magic = c->method(names.in_magic) ? names.in_magic : names.magic;
      if (!c->method(magic) && !host.find_method(program, *c, magic))
        error(s.range, "Cannot use augmented operators on '" + text(left->type) + "': it has no " + magic);
      return simple(left)
          ->attr(*this, s.range, magic)
          ->call(*this, s.range, {{"", s.value->range, simple(right)}}, 1)
          ->as_value(*this, s.range);
    }
    bool in_place = left->type == types::Tensor || (program.types.kind(left->type) == TypeKind::List);
    std::string name = in_place && names.inplace ? names.inplace : names.op;
    if (program.types.kind(left->type) == TypeKind::List && s.op != ast::Operator::kAdd && s.op != ast::Operator::kMult)
      name = names.op;
    if (name == "aten::floordiv" && left->type == types::Tensor) name = "aten::floor_divide";
    if (left->type == types::Tensor && !in_place) name = names.op;
    return call_value(name, s.range, {left, right});
  };
  if (const auto* name = s.target->as<ast::Name>()) {
    Value* left = value(s.target);
    Value* right = value(s.value, left->type);
    SugaredPtr result = simple(combine(left, right));
    set_sugared(std::string(name->id), result, s.range);
  } else if (const auto* attribute = s.target->as<ast::Attribute>()) {
    SugaredPtr object = sugared(attribute->value);
    Value* left = object->attr(*this, s.target->range, std::string(attribute->attr))->as_value(*this, s.range);
    Value* right = value(s.value, left->type);
    Value* result = combine(left, right);
    object->set_attr(*this, s.target->range, std::string(attribute->attr), result);
  } else if (const auto* subscript = s.target->as<ast::Subscript>()) {
    Value* object = value(subscript->value);
    if (object->type == types::Tensor) {
      // x[i] += y writes into the view that x[i] is, or puts the sum back where tensors index.
      std::vector<const ast::Expr*> indices;
      if (const auto* t = subscript->slice->as<ast::Tuple>())
        indices.assign(t->elts.begin(), t->elts.end());
      else
        indices.push_back(subscript->slice);
      std::vector<Value*> tensors;
      Value* sliced = object;
      index_parts(sliced, indices, tensors, s.range);
      Value* right = value(s.value);
      if (tensors.empty()) {
        combine(sliced, right);
        return;
      }
      Value* list_of = list(program.types.optional(types::Tensor), tensors, s.range);
      Value* picked = call_value("aten::index", s.range, {sliced, list_of});
      Value* result = combine(picked, right);
      call_value("aten::index_put_", s.range, {sliced, list_of, result, boolean(false, s.range)});
      return;
    }
    if (subscript->slice->is<ast::Slice>())
      error(s.range, "Tried to augmented assign to a slice of a " + text(object->type) +
                         ", but only tensors support augmented assignment of slices");
    Value* index = value(subscript->slice);
    Value* left = simple(object)->get_item(*this, s.range, index, known_int(index))->as_value(*this, s.range);
    Value* right = value(s.value, left->type);
    Value* result = call_value(names.op, s.range, {left, right});
    if (ClassInfo* c = program.class_of(object->type); c) {
      simple(object)
          ->attr(*this, s.range, "__setitem__")
          ->call(*this, s.range, {{"", s.range, simple(index)}, {"", s.range, simple(result)}}, 1);
      return;
    }
    call_value("aten::_set_item", s.range, {object, index, result});
  } else {
    error(s.target->range, "unexpected expression on left-hand side of augmented assignment");
  }
}

void Compiler::assign_subscript(const ast::Subscript& target, Value* v, SourceRange r) {
  Value* object = value(target.value);
  if (object->type == types::Tensor) {
    std::vector<const ast::Expr*> indices;
    if (const auto* t = target.slice->as<ast::Tuple>())
      indices.assign(t->elts.begin(), t->elts.end());
    else
      indices.push_back(target.slice);
    std::vector<Value*> tensors;
    Value* sliced = object;
    index_parts(sliced, indices, tensors, r);
    Value* source = v;
    if (v->type != types::Tensor) {
      // A number is as wide as what it is written to.
      if (v->type == types::None || !(program.is_subtype(v->type, types::Number) || v->type == types::Bool))
        error(r, "Expected a value of type 'Tensor' or a number on the right side, but found '" + text(v->type) + "'");
      Value* dtype = call_value("prim::dtype", r, {sliced});
      Value* device = call_value("prim::device", r, {sliced});
      std::vector<Arg> args = {{"", r, simple(v)}, {"dtype", r, simple(dtype)}, {"device", r, simple(device)}};
      source = call_operator("aten::tensor", r, args)->as_value(*this, r);
    }
    if (tensors.empty()) {
      call_value("aten::copy_", r, {sliced, source, boolean(false, r)});
      return;
    }
    Value* list_of = list(program.types.optional(types::Tensor), tensors, r);
    call_value("aten::index_put_", r, {sliced, list_of, source, boolean(false, r)});
    return;
  }
  if (ClassInfo* c = program.class_of(object->type)) {
    if (!c->method("__setitem__") && !host.find_method(program, *c, "__setitem__"))
      error(r, "Class does not define __setitem__");
    Value* index = value(target.slice);
    simple(object)->attr(*this, r, "__setitem__")->call(*this, r, {{"", r, simple(index)}, {"", r, simple(v)}}, 1);
    return;
  }
  if (target.slice->is<ast::Slice>())
    error(r, "Sliced expression not yet supported for subscripted assignment. File a bug if you want this");
  TypeKind kind = program.types.kind(object->type);
  if (kind != TypeKind::List && kind != TypeKind::Dict)
    error(r, "Subscripted assignment is not supported on '" + text(object->type) + "'");
  Value* index = value(target.slice);
  if (kind == TypeKind::List) {
    Value* fitting = convert(v, program.element(object->type), r, false);
    if (fitting) v = fitting;
  }
  call_value("aten::_set_item", r, {object, index, v});
}

// --- control flow ---

void Compiler::if_statement(const ast::If& s) {
  Condition c = condition(s.test);
  if (c.known) {
    refine(*c.known ? c.when_true : c.when_false, s.range);
    statements(*c.known ? s.body : s.orelse);
    return;
  }
  branches(
      s.range, c.value, c.when_true, c.when_false, [&] { statements(s.body); }, [&] { statements(s.orelse); });
}

void Compiler::emit_loop(SourceRange r, const SugaredPtr& iterable, const std::function<void(SugaredPtr)>& body) {
  if (auto items = iterable->static_items(*this, r)) {
    int depth = loop_depth_;
    loop_depth_ = 0;  // break and continue have nothing to act on
    for (const SugaredPtr& item : *items)
      if (!exited()) body(item);
    loop_depth_ = depth;
    return;
  }
  Value* length = iterable->len(*this, r);
  Node* n = node(NodeKind::Loop, r, {length, boolean(true, r)});
  Block* b = graph.new_block(n);
  n->blocks.push_back(b);
  Value* trip = graph.new_value(types::I64);
  trip->block = b;
  b->params.push_back(trip);
  push_scope(b);
  loop_depth_++;
  body(iterable->item(*this, r, trip));
  loop_depth_--;
  pop_scope();
}

void Compiler::for_statement(const ast::For& s) {
  if (!s.orelse.empty())
    error(s.orelse[0]->range, "else branches of for loops aren't supported", ErrorClass::UnsupportedNode);
  SugaredPtr iterable = sugared(s.iter)->iter(*this, s.iter->range);
  emit_loop(s.range, iterable, [&](SugaredPtr item) {
    assign(s.target, item, s.iter->range);
    statements(s.body);
  });
}

void Compiler::while_statement(const ast::While& s) {
  if (!s.orelse.empty())
    error(s.orelse[0]->range, "else branches of while loops aren't supported", ErrorClass::UnsupportedNode);
  Node* n = node(NodeKind::Loop, s.range);
  n->name = "while";
  n->blocks = {graph.new_block(n), graph.new_block(n)};
  push_scope(n->blocks[0]);
  Value* test = condition_value(s.test);
  n->blocks[0]->results = {test};
  pop_scope();
  push_scope(n->blocks[1]);
  loop_depth_++;
  statements(s.body);
  loop_depth_--;
  pop_scope();
}

void Compiler::add_return(Value* v, SourceRange r) {
  if (function.result_is_declared) {
    Value* converted = convert(v, function.result, r, true);
    if (!converted)
      error(r, "Return value was annotated as having type " + text(function.result) + " but is actually of type " +
                   text(v->type));
    v = converted;
  } else if (!merged_result_) {
    merged_result_ = v->type;
  } else {
    TypeId both = program.unify(merged_result_, v->type);
    if (!both)
      error(r, "Previous return statement returned a value of type " + text(merged_result_) +
                   " but this return statement returns a value of type " + text(v->type));
    merged_result_ = both;
  }
  node(NodeKind::Return, r, {v});
  exits_.insert(block);
}

void Compiler::return_statement(const ast::Return& s) {
  TypeId hint = function.result_is_declared ? function.result : TypeId();
  add_return(s.value ? value(s.value, hint) : none(s.range), s.range);
}

void Compiler::raise(const std::string& exception, Value* message, SourceRange r) {
  Node* n = node(NodeKind::RaiseException, r, {message});
  n->name = exception;
  exits_.insert(block);
}

void Compiler::raise_statement(const ast::Raise& s) {
  if (!s.exc) error(s.range, "raise without an exception is not supported");
  SugaredPtr e = sugared(s.exc);
  auto* x = dynamic_cast<ExceptionSugared*>(e.get());
  if (x) {
    raise(x->name, x->message ? x->message : string("", s.range), s.range);
    return;
  }
  if (Value* v = e->plain())
    if (ClassInfo* c = program.class_of(v->type)) {
      raise(c->name, string("", s.range), s.range);
      return;
    }
  error(s.range, "exceptions must derive from BaseException");
}

void Compiler::assert_statement(const ast::Assert& s) {
  Condition c = condition(s.test);
  auto fail = [&] {
    Value* message;
    if (s.msg) {
      message = value(s.msg);
      if (message->type != types::Str) error(s.msg->range, "Expected a string as the message of assert");
      Node* n = node(NodeKind::Format, s.range, {string("AssertionError: {}", s.range), message});
      if (const Const* k = known(message)) {
        block->nodes.pop_back();
        message = string("AssertionError: " + k->s, s.range);
      } else {
        message = with_output(n, types::Str);
      }
    } else {
      message = string("AssertionError: ", s.range);
    }
    raise("", message, s.range);
  };
  if (c.known) {
    if (*c.known)
      refine(c.when_true, s.range);
    else
      fail();
    return;
  }
  branches(
      s.range, c.value, c.when_true, c.when_false, [] {}, fail);
  // Behind it, what was tested holds.
  refine(c.when_true, s.range);
}

void Compiler::with_statement(const ast::With& s) {
  std::function<void(size_t)> open = [&](size_t i) {
    if (i == s.items.size()) {
      statements(s.body);
      return;
    }
    const ast::WithItem* item = s.items[i];
    SugaredPtr context = sugared(item->context_expr);
    Value* object = context->as_value(*this, item->context_expr->range);
    ClassInfo* c = program.class_of(object->type);
    if (!c) error(item->context_expr->range, "With item expression must return an object");
    Function* enter = c->method("__enter__");
    if (!enter) enter = host.find_method(program, *c, "__enter__");
    Function* leave = c->method("__exit__");
    if (!leave) leave = host.find_method(program, *c, "__exit__");
    if (!enter || !leave)
      error(item->context_expr->range,
            "Object returned by with item expression does not define __enter__ and __exit__");
    Node* n = node(NodeKind::With, s.range, {object});
    n->blocks.push_back(graph.new_block(n));
    program.compile(*enter, host);
    program.compile(*leave, host);
    n->function = enter;
    n->leave = leave;
    Value* result = graph.new_value(enter->result ? enter->result : types::None);
    result->node = n;
    n->outputs.push_back(result);
    // The body's variables are those of the surroundings: it always runs.
    Block* outer = block;
    block = n->blocks[0];
    Block* scope_block = scope_->block;
    scope_->block = block;
    if (item->optional_vars) assign(item->optional_vars, simple(result), item->optional_vars->range);
    open(i + 1);
    bool out = exits_.count(n->blocks[0]) != 0;
    scope_->block = scope_block;
    block = outer;
    if (out) exits_.insert(outer);
  };
  open(0);
}

void Compiler::delete_statement(const ast::Delete& s) {
  for (const ast::Expr* t : s.targets) {
    if (const auto* name = t->as<ast::Name>()) {
      std::string id(name->id);
      variable(id, t->range);
      scope_->types.erase(id);
      scope_->sugared.erase(id);
      scope_->deleted.insert(id);
    } else if (const auto* sub = t->as<ast::Subscript>()) {
      Value* object = value(sub->value);
      if (sub->slice->is<ast::Slice>())
        error(t->range, "del statements only support deletion at a single index, slicing is not supported");
      if (ClassInfo* c = program.class_of(object->type)) {
        if (!c->method("__delitem__")) error(t->range, "Class does not define __delitem__");
        simple(object)
            ->attr(*this, t->range, "__delitem__")
            ->call(*this, t->range, {{"", t->range, simple(value(sub->slice))}}, 1);
        continue;
      }
      TypeKind k = program.types.kind(object->type);
      if (k != TypeKind::List && k != TypeKind::Dict)
        error(t->range, "del statements are only supported for deleting elements from lists and dictionaries");
      Value* index = value(sub->slice);
      call_value("aten::Delete", t->range, {object, index});
    } else {
      error(t->range, "del statements are only supported for deleting elements of containers and variables");
    }
  }
}

void Compiler::import_statement(const ast::Stmt& s) {
  // The library's own functions import what they need; names lead to the modules.
  auto bind = [&](const std::string& path, const std::string& name) {
    SugaredPtr v = host.resolve(*this, function, "import " + path, s.range);
    if (!v) error(s.range, "cannot import " + path);
    scope_->sugared[name] = v;
  };
  if (const auto* i = s.as<ast::Import>()) {
    for (const ast::Alias* a : i->names)
      bind(std::string(a->name), std::string(a->asname.empty() ? a->name : a->asname));
  } else if (const auto* f = s.as<ast::ImportFrom>()) {
    for (const ast::Alias* a : f->names)
      bind(std::string(f->module) + ":" + std::string(a->name), std::string(a->asname.empty() ? a->name : a->asname));
  }
}

const char* binary_op_name(ast::Operator o) { return kBinary[static_cast<int>(o)].op; }
const char* binary_magic(ast::Operator o) { return kBinary[static_cast<int>(o)].magic; }

}  // namespace tsvm::script
