#include "ir/script/emit.h"

#include "base/check.h"
#include "ir/emit/ssa.h"
#include "ir/op_table.h"

namespace tsvm::script {

namespace {

using ir::ArithOp;
using ir::BlockId;
using ir::CompareOp;
using ir::Opcode;
using ir::UnaryOp;
using ir::ValueId;

constexpr uint32_t kVoid = 0;

class Emitter {
 public:
  Emitter(Program& p, Function& f, EmitHost& host) : p_(p), fn_(f), host_(host) {
    out_.module = std::make_unique<ir::Module>();
    ir::Module& m = *out_.module;
    m.name = f.qualified_name;
    m.source = f.source ? f.source : std::make_shared<const SourceFile>("<script>", "");
    m.types = &p.types;
    m.ops = host.op_table();
    ir::FuncId id = m.add_function();
    f_ = m.functions[id.index].get();
  }

  EmitResult run() {
    f_->name = fn_.name;
    f_->qualified_name = fn_.name;
    f_->module = out_.module.get();
    f_->range = fn_.def ? fn_.def->range : SourceRange{};
    f_->first_line = static_cast<int>(out_.module->source->locate(f_->range.begin).line);
    f_->is_typed = true;
    if (raw(fn_.result)) f_->result_type = fn_.result;
    ssa_ = std::make_unique<ir::SsaBuilder>(*f_);
    b_ = &ssa_->builder;
    scan(*fn_.graph->block);
    BlockId entry = ssa_->make_block();
    f_->entry = entry;
    std::vector<ValueId> arriving;
    for (const FunctionParam& param : fn_.params) {
      f_->params.push_back({out_.module->intern(param.name), ir::ParamKind::Positional, false, types::Any});
      arriving.push_back(ssa_->add_param(entry));
    }
    ssa_->enter_first(entry);
    b_->range = f_->range;
    for (size_t i = 0; i < arriving.size(); i++) {
      Value* v = fn_.graph->block->params[i];
      ValueId x = arriving[i];
      if (ir::TypeTable::is_raw(v->type)) x = b_->emit(Opcode::Unbox, {x}, v->type.index);
      values_[v] = x;
    }
    nodes(*fn_.graph->block);
    if (ssa_->live()) {
      // A graph without return statements (a trace) gives its block's result.
      if (!fn_.graph->block->results.empty())
        ssa_->terminate(Opcode::Return, {coerce(get(fn_.graph->block->results[0]), fn_.result)});
      else
        ssa_->terminate(Opcode::Return, {b_->none()});
    }
    ssa_->finish();
    return std::move(out_);
  }

 private:
  // --- values ---

  static bool raw(TypeId t) { return ir::TypeTable::is_raw(t); }
  TypeId type_of(ValueId v) const { return f_->type_of(v); }

  ValueId get(Value* v) {
    auto it = values_.find(v);
    TSVM_CHECK(it != values_.end(), "a value is used before it is made");
    return it->second;
  }
  ValueId boxed(Value* v) { return b_->box(get(v)); }

  /// In the bank that a value of the script type has.
  ValueId coerce(ValueId v, TypeId wanted) {
    TypeId have = type_of(v);
    if (raw(wanted)) {
      if (have == wanted) return v;
      TSVM_CHECK(!raw(have), "a raw value of another type");
      return b_->emit(Opcode::Unbox, {v}, wanted.index);
    }
    return raw(have) ? b_->box(v) : v;
  }
  /// The same for values that come from outside the checked program.
  ValueId checked(ValueId v, TypeId wanted) {
    if (!raw(wanted)) return v;
    if (type_of(v) == wanted) return v;
    return b_->emit(Opcode::CheckType, {v}, wanted.index);
  }
  void set(Node* n, ValueId v) { values_[n->outputs[0]] = coerce(v, n->outputs[0]->type); }

  ValueId to_f64(ValueId v) { return type_of(v) == types::I64 ? b_->emit(Opcode::I64ToF64, {v}) : v; }

  ValueId text(std::string_view s) {
    ir::Constant c;
    c.kind = ir::Constant::Kind::Str;
    c.text = s;
    return b_->constant(c);
  }

  uint32_t object(const void* pointer, const std::string& name) {
    for (uint32_t i = 0; i < f_->objects.size(); i++)
      if (f_->objects[i].pointer == pointer) return i;
    ir::ObjectRef ref;
    ref.kind = ir::ObjectRef::Kind::Function;
    ref.name = name;
    ref.pointer = pointer;
    f_->objects.push_back(std::move(ref));
    return static_cast<uint32_t>(f_->objects.size() - 1);
  }
  ValueId library(std::string_view name, std::span<const ValueId> args, TypeId type = types::Any) {
    const void* pointer = host_.library_function(name);
    TSVM_CHECK(pointer, "a function of torch.jit._ops is missing");
    ValueId v = b_->emit(Opcode::CallDirect, args, object(pointer, std::string(name)), types::Any);
    return checked(v, type);
  }
  ValueId library(std::string_view name, std::initializer_list<ValueId> args, TypeId type = types::Any) {
    return library(name, std::span(args.begin(), args.size()), type);
  }
  ValueId cell(const CellContent& c) {
    size_t i = 0;
    while (i < out_.cells.size() && !(out_.cells[i] == c)) i++;
    if (i == out_.cells.size()) {
      out_.cells.push_back(c);
      f_->free_names.push_back(out_.module->intern("object" + std::to_string(i)));
    }
    ValueId closure = b_->emit(Opcode::LoadClosure, {}, static_cast<uint32_t>(i));
    return b_->emit(Opcode::LoadCell, {closure}, f_->free_names[i].index);
  }
  ValueId constant(const Const& c, TypeId type) {
    switch (c.kind) {
      case Const::Kind::None: return b_->none();
      case Const::Kind::Bool: return b_->const_bool(c.i != 0);
      case Const::Kind::Int: return b_->const_i64(c.i);
      case Const::Kind::Float: return b_->const_f64(c.d);
      case Const::Kind::Str: return text(c.s);
      case Const::Kind::Device: return library("device", {text(c.s)});
      case Const::Kind::Complex:
        return library("Complex", {b_->box(b_->const_f64(c.d)), b_->box(b_->const_f64(c.imag))});
      case Const::Kind::IntList:
      case Const::Kind::FloatList: {
        std::vector<ValueId> items;
        for (int64_t i : c.ints) items.push_back(b_->box(b_->const_i64(i)));
        for (double d : c.floats) items.push_back(b_->box(b_->const_f64(d)));
        return b_->emit(Opcode::MakeList, items);
      }
      case Const::Kind::Tensor:
      case Const::Kind::Object: {
        CellContent content;
        content.number = c.i;
        return cell(content);
      }
    }
    (void)type;
    TSVM_UNREACHABLE("constant");
  }

  // --- variables ---

  struct Local {
    TypeId type = TypeId();  // none: not seen; Any: tagged
    ir::VariableId id;
    bool declared = false;
  };
  void note(const std::string& name, TypeId t) {
    Local& l = locals_[name];
    TypeId bank = raw(t) ? t : types::Any;
    if (!l.type)
      l.type = bank;
    else if (l.type != bank)
      l.type = types::Any;
  }
  void scan(const Block& b) {
    for (const Node* n : b.nodes) {
      if (n->kind == NodeKind::Load) note(n->name, n->outputs[0]->type);
      if (n->kind == NodeKind::Store) note(n->name, n->inputs[0]->type);
      for (const Block* inner : n->blocks) scan(*inner);
    }
  }
  Local& local(const std::string& name) {
    Local& l = locals_[name];
    if (!l.declared) {
      l.id = ssa_->add_variable(l.type);
      l.declared = true;
    }
    return l;
  }

  // --- blocks and nodes ---

  /// False: the end of the block cannot be reached.
  void nodes(const Block& b) {
    for (Node* n : b.nodes) {
      if (!ssa_->live()) return;
      b_->range = n->range;
      node(n);
    }
  }

  struct Loop {
    BlockId next, end;
    size_t withs;
  };
  struct With {
    Node* node;
    ValueId object;
    BlockId outer_handler;
  };

  /// Leaves the with blocks above `depth`: their objects' __exit__ run outside of their own protection.
  void leave_withs(size_t depth) {
    for (size_t i = withs_.size(); i-- > depth;) {
      b_->handler = withs_[i].outer_handler;
      BlockId outside = ssa_->make_block();
      ssa_->jump(outside);
      ssa_->enter(outside);
      exit_with(withs_[i]);
    }
  }
  void exit_with(const With& w) {
    ValueId nothing = b_->none();
    std::vector<ValueId> args{w.object};
    for (size_t i = 1; i < w.node->leave->params.size(); i++) args.push_back(nothing);
    call(*w.node->leave, args);
  }
  ValueId call(Function& callee, std::span<const ValueId> args) {
    const void* pointer = host_.function_object(callee);
    TSVM_CHECK(pointer, "a function that is not compiled is called");
    TypeId result = raw(callee.result) ? callee.result : types::Any;
    return b_->emit(Opcode::CallDirect, args, object(pointer, callee.qualified_name), result);
  }

  void node(Node* n) {
    switch (n->kind) {
      case NodeKind::Op: return operation(n);
      case NodeKind::Constant: return set(n, constant(n->constant, n->outputs[0]->type));
      case NodeKind::If: return if_node(n);
      case NodeKind::Loop: return loop(n);
      case NodeKind::Load: {
        Local& l = local(n->name);
        values_[n->outputs[0]] = coerce(ssa_->read(l.id), n->outputs[0]->type);
        return;
      }
      case NodeKind::Store: {
        Local& l = local(n->name);
        ValueId v = get(n->inputs[0]);
        ssa_->write(l.id, l.type == types::Any ? b_->box(v) : v);
        return;
      }
      case NodeKind::Return: {
        ValueId v = coerce(get(n->inputs[0]), fn_.result);
        BlockId handler = b_->handler;
        leave_withs(0);
        ssa_->terminate(Opcode::Return, {v});
        b_->handler = handler;
        return;
      }
      case NodeKind::Break:
      case NodeKind::Continue: {
        BlockId handler = b_->handler;
        leave_withs(loops_.back().withs);
        ssa_->jump(n->kind == NodeKind::Break ? loops_.back().end : loops_.back().next);
        b_->handler = handler;
        return;
      }
      case NodeKind::GetAttr:
        return set(n, checked(b_->emit(Opcode::LoadAttr, {boxed(n->inputs[0])}, out_.module->intern(n->name).index),
                              n->outputs[0]->type));
      case NodeKind::SetAttr:
        b_->emit(Opcode::StoreAttr, {boxed(n->inputs[0]), boxed(n->inputs[1])}, out_.module->intern(n->name).index);
        return;
      case NodeKind::CallFunction:
      case NodeKind::CallMethod: {
        std::vector<ValueId> args;
        for (Value* v : n->inputs) args.push_back(get(v));
        ClassInfo* owner = n->function->owner;
        if (owner && owner->kind == ClassInfo::Kind::Interface)
          return set(n, call_by_name(n->name, args, n->outputs[0]->type));
        return set(n, call(*n->function, args));
      }
      case NodeKind::CreateObject: {
        CellContent c;
        c.kind = CellContent::Kind::Class;
        c.type = n->type;
        return set(n, library("new_object", {cell(c)}));
      }
      case NodeKind::ListConstruct: return make(n, Opcode::MakeList);
      case NodeKind::DictConstruct: return make(n, Opcode::MakeDict);
      case NodeKind::TupleConstruct: {
        TypeId t = n->outputs[0]->type;
        if (p_.types.kind(t) == TypeKind::NamedTuple && !p_.types[t].name.empty()) {
          CellContent c;
          c.kind = CellContent::Kind::Class;
          c.type = t;
          std::vector<ValueId> args{cell(c)};
          for (Value* v : n->inputs) args.push_back(boxed(v));
          ir::CallShape shape;
          shape.positional = static_cast<uint32_t>(n->inputs.size());
          return set(n, b_->emit(Opcode::Call, args, out_.module->intern(shape)));
        }
        return make(n, Opcode::MakeTuple);
      }
      case NodeKind::TupleIndex: {
        if (const Value* i = n->inputs[1]; !(i->node && i->node->kind == NodeKind::Constant))
          return set(n, b_->emit(Opcode::LoadItem, {boxed(n->inputs[0]), boxed(n->inputs[1])}));
        return set(n, b_->emit(Opcode::TupleItem, {boxed(n->inputs[0])},
                               static_cast<uint32_t>(n->inputs[1]->node->constant.i)));
      }
      case NodeKind::TupleUnpack: {
        ValueId t = boxed(n->inputs[0]);
        for (size_t i = 0; i < n->outputs.size(); i++)
          values_[n->outputs[i]] =
              coerce(b_->emit(Opcode::TupleItem, {t}, static_cast<uint32_t>(i)), n->outputs[i]->type);
        return;
      }
      case NodeKind::ListUnpack: {
        ValueId t = library("unpack_list",
                            {boxed(n->inputs[0]), b_->box(b_->const_i64(static_cast<int64_t>(n->outputs.size())))});
        for (size_t i = 0; i < n->outputs.size(); i++)
          values_[n->outputs[i]] =
              coerce(b_->emit(Opcode::TupleItem, {t}, static_cast<uint32_t>(i)), n->outputs[i]->type);
        return;
      }
      case NodeKind::IsInstance: {
        ValueId result;
        for (TypeId t : n->types) {
          ValueId one = library("fits", {boxed(n->inputs[0]), b_->box(b_->const_i64(t.index))}, types::Bool);
          result = result ? or_bool(result, one) : one;
        }
        return set(n, result);
      }
      case NodeKind::UncheckedCast: {
        ValueId v = get(n->inputs[0]);
        if (raw(n->type) && !raw(type_of(v))) v = b_->emit(Opcode::CheckType, {v}, n->type.index);
        return set(n, v);
      }
      case NodeKind::Uninitialized: {
        TypeId t = n->outputs[0]->type;
        values_[n->outputs[0]] = t == types::Bool  ? b_->const_bool(false)
                                 : t == types::I64 ? b_->const_i64(0)
                                 : t == types::F64 ? b_->const_f64(0)
                                                   : b_->none();
        return;
      }
      case NodeKind::RaiseException: {
        library("raise_", {boxed(n->inputs[0]), text(n->name)});
        ssa_->terminate(Opcode::Unreachable, {});
        return;
      }
      case NodeKind::Print: {
        variadic(n, "print_");
        return;
      }
      case NodeKind::Format: return set(n, variadic(n, "format_"));
      case NodeKind::PercentFormat: return set(n, variadic(n, "percent_format"));
      case NodeKind::Fork: {
        std::vector<ValueId> args;
        if (n->function) {
          CellContent c;
          c.kind = CellContent::Kind::Function;
          c.function = n->function;
          host_.function_object(*n->function);
          args.push_back(cell(c));
        }
        for (Value* v : n->inputs) args.push_back(boxed(v));
        return set(n, library(n->function ? "fork" : "done", args));
      }
      case NodeKind::With: return with(n);
      case NodeKind::Enter: return set(n, call(*n->function, std::vector<ValueId>{get(n->inputs[0])}));
      case NodeKind::Exit: {
        std::vector<ValueId> args{get(n->inputs[0])};
        for (size_t i = 1; i < n->function->params.size(); i++) args.push_back(b_->none());
        call(*n->function, args);
        return;
      }
      case NodeKind::EnumName:
      case NodeKind::EnumValue:
        return set(n, checked(b_->emit(Opcode::LoadAttr, {boxed(n->inputs[0])},
                                       out_.module->intern(n->kind == NodeKind::EnumName ? "name" : "value").index),
                              n->outputs[0]->type));
      case NodeKind::PythonOp: {
        CellContent c;
        c.number = n->constant.i;
        std::vector<ValueId> args{cell(c)};
        for (Value* v : n->inputs) args.push_back(boxed(v));
        ir::CallShape shape;
        shape.positional = static_cast<uint32_t>(n->inputs.size() - n->keywords.size());
        for (const std::string& k : n->keywords) shape.keywords.push_back(out_.module->intern(k));
        ValueId v = b_->emit(Opcode::Call, args, out_.module->intern(shape));
        if (n->outputs.empty()) return;
        TypeId t = n->outputs[0]->type;
        if (t == types::None) return set(n, b_->none());
        return set(n, checked(library("from_python", {v, b_->box(b_->const_i64(t.index))}), t));
      }
      case NodeKind::ToList:
        return set(n, library("tolist", {boxed(n->inputs[0]), b_->box(b_->const_i64(n->outputs[0]->type.index))}));
      case NodeKind::ModuleContainerIndex:
        return set(n, b_->emit(Opcode::LoadItem, {boxed(n->inputs[0]), boxed(n->inputs[1])}));
      case NodeKind::FunctionConstant: {
        values_[n->outputs[0]] = b_->none();
        return;
      }
    }
  }

  ValueId or_bool(ValueId a, ValueId b) {
    return b_->emit(Opcode::Select, {a, b_->const_bool(true), b}, kVoid, types::Bool);
  }

  void make(Node* n, Opcode op) {
    std::vector<ValueId> items;
    for (Value* v : n->inputs) items.push_back(boxed(v));
    set(n, b_->emit(op, items));
  }
  ValueId variadic(Node* n, std::string_view name) {
    std::vector<ValueId> args;
    for (Value* v : n->inputs) args.push_back(boxed(v));
    return library(name, args);
  }
  ValueId call_by_name(const std::string& method, std::vector<ValueId> args, TypeId type) {
    for (ValueId& v : args) v = b_->box(v);
    ir::CallShape shape;
    shape.positional = static_cast<uint32_t>(args.size() - 1);
    shape.method = out_.module->intern(method);
    return checked(b_->emit(Opcode::CallMethod, args, out_.module->intern(shape)), type);
  }

  void if_node(Node* n) {
    ValueId condition = get(n->inputs[0]);
    BlockId then = ssa_->make_block(), otherwise = ssa_->make_block(), join = ssa_->make_block();
    std::vector<ir::VariableId> results;
    for (Value* v : n->outputs) results.push_back(ssa_->add_variable(raw(v->type) ? v->type : types::Any));
    ssa_->branch(condition, then, otherwise);
    for (int i = 0; i < 2; i++) {
      ssa_->enter(i ? otherwise : then);
      if (!ssa_->live()) continue;
      nodes(*n->blocks[static_cast<size_t>(i)]);
      if (!ssa_->live()) continue;
      for (size_t k = 0; k < n->outputs.size(); k++)
        ssa_->write(results[k], coerce(get(n->blocks[static_cast<size_t>(i)]->results[k]), n->outputs[k]->type));
      ssa_->jump(join);
    }
    ssa_->enter(join);
    if (!ssa_->live()) return;
    for (size_t k = 0; k < n->outputs.size(); k++) values_[n->outputs[k]] = ssa_->read(results[k]);
  }

  void loop(Node* n) {
    bool is_while = n->name == "while";
    BlockId header = ssa_->make_block(), body = ssa_->make_block(), end = ssa_->make_block();
    BlockId next = is_while ? header : ssa_->make_block();
    ir::VariableId trip = ssa_->add_variable(types::I64);
    Block& inner = *n->blocks[is_while ? 1 : 0];
    // Carried values (a loop in the form for printing, as archives have it) are variables here.
    std::vector<ir::VariableId> carried;
    ir::VariableId go = ssa_->add_variable(types::Bool);
    ValueId length;
    if (!is_while) {
      length = get(n->inputs[0]);
      ssa_->write(trip, b_->const_i64(0));
      for (size_t i = 2; i < n->inputs.size(); i++) {
        TypeId t = inner.params[i - 1]->type;
        carried.push_back(ssa_->add_variable(raw(t) ? t : types::Any));
        ssa_->write(carried.back(), coerce(get(n->inputs[i]), t));
      }
      if (!inner.results.empty()) ssa_->write(go, get(n->inputs[1]));
    }
    ssa_->jump(header);
    ssa_->enter_loop(header);
    loops_.push_back({next, end, withs_.size()});
    if (is_while) {
      nodes(*n->blocks[0]);
      ssa_->branch(get(n->blocks[0]->results[0]), body, end);
    } else {
      ValueId i = ssa_->read(trip);
      ValueId more = b_->emit(Opcode::CompareI64, {i, length}, CompareOp::Lt);
      if (!inner.results.empty()) {
        BlockId second = ssa_->make_block();
        ssa_->branch(more, second, end);
        ssa_->enter(second);
        ssa_->branch(ssa_->read(go), body, end);
      } else {
        ssa_->branch(more, body, end);
      }
    }
    ssa_->enter(body);
    if (!is_while) {
      values_[inner.params[0]] = ssa_->read(trip);
      for (size_t i = 0; i < carried.size(); i++) values_[inner.params[i + 1]] = ssa_->read(carried[i]);
    }
    nodes(inner);
    if (ssa_->live()) {
      if (!inner.results.empty() && !is_while) {
        ValueId again = get(inner.results[0]);
        std::vector<ValueId> values;
        for (size_t i = 0; i < carried.size(); i++)
          values.push_back(coerce(get(inner.results[i + 1]), inner.params[i + 1]->type));
        ssa_->write(go, again);
        for (size_t i = 0; i < carried.size(); i++) ssa_->write(carried[i], values[i]);
      }
      ssa_->jump(next);
    }
    if (!is_while) {
      ssa_->enter(next);
      if (ssa_->live()) {
        ssa_->write(trip, b_->emit(Opcode::ArithI64, {ssa_->read(trip), b_->const_i64(1)}, ArithOp::Add));
        ssa_->jump(header);
      }
    }
    ssa_->seal(header);
    loops_.pop_back();
    ssa_->enter(end);
    if (!is_while)
      for (size_t i = 0; i < carried.size(); i++)
        values_[n->outputs[i]] = coerce(ssa_->read(carried[i]), n->outputs[i]->type);
  }

  void with(Node* n) {
    ValueId object = boxed(n->inputs[0]);
    ValueId entered = call(*n->function, std::vector<ValueId>{object});
    values_[n->outputs[0]] = coerce(entered, n->outputs[0]->type);
    BlockId outer = b_->handler;
    BlockId handler = ssa_->make_block();
    b_->handler = handler;
    BlockId inside = ssa_->make_block();
    ssa_->open_region(handler);
    ssa_->jump(inside);
    ssa_->enter(inside);
    With w{n, object, outer};
    withs_.push_back(w);
    nodes(*n->blocks[0]);
    withs_.pop_back();
    b_->handler = outer;
    BlockId after = ssa_->make_block();
    if (ssa_->live()) {
      ssa_->jump(after);
      // In a block of its own: the exit is not protected by itself.
    }
    ssa_->enter_handler(handler);
    if (ssa_->live()) {
      ValueId e = b_->emit(Opcode::Catch, {});
      exit_with(w);
      ssa_->terminate(Opcode::Reraise, {e});
    }
    ssa_->enter(after);
    if (ssa_->live()) exit_with(w);
  }

  // --- operators ---

  ValueId truth(ValueId v) {
    if (type_of(v) == types::Bool) return v;
    if (type_of(v) == types::I64) return b_->emit(Opcode::CompareI64, {v, b_->const_i64(0)}, CompareOp::Ne);
    if (type_of(v) == types::F64) return b_->emit(Opcode::CompareF64, {v, b_->const_f64(0)}, CompareOp::Ne);
    return b_->emit(Opcode::Truth, {v});
  }

  bool nonzero_constant(Value* v) {
    const Node* n = v->node;
    if (!n || n->kind != NodeKind::Constant) return false;
    return (n->constant.kind == Const::Kind::Int && n->constant.i != 0) ||
           (n->constant.kind == Const::Kind::Float && n->constant.d != 0);
  }

  ValueId arith(ArithOp op, Value* x, Value* y, TypeId result) {
    ValueId a = get(x), b = get(y);
    TypeId ta = type_of(a), tb = type_of(b);
    bool numbers = (ta == types::I64 || ta == types::F64) && (tb == types::I64 || tb == types::F64);
    if (numbers && ta == types::I64 && tb == types::I64 && result == types::I64)
      return b_->emit(Opcode::ArithI64, {a, b}, op);
    if (numbers && result == types::F64) return b_->emit(Opcode::ArithF64, {to_f64(a), to_f64(b)}, op);
    return b_->emit(Opcode::Binary, {b_->box(a), b_->box(b)}, op);
  }

  ValueId compare(CompareOp op, Value* x, Value* y) {
    ValueId a = get(x), b = get(y);
    TypeId ta = type_of(a), tb = type_of(b);
    if (ta == types::Bool && tb == types::Bool) {
      a = b_->emit(Opcode::BoolToI64, {a});
      b = b_->emit(Opcode::BoolToI64, {b});
      return b_->emit(Opcode::CompareI64, {a, b}, op);
    }
    bool numbers = (ta == types::I64 || ta == types::F64) && (tb == types::I64 || tb == types::F64);
    if (numbers && ta == types::I64 && tb == types::I64) return b_->emit(Opcode::CompareI64, {a, b}, op);
    if (numbers) return b_->emit(Opcode::CompareF64, {to_f64(a), to_f64(b)}, op);
    return b_->emit(Opcode::Compare, {b_->box(a), b_->box(b)}, op);
  }

  static ArithOp arith_named(std::string_view name) {
    for (int i = 0; i < static_cast<int>(ArithOp::Count); i++)
      if (name == ir::to_text(static_cast<ArithOp>(i))) return static_cast<ArithOp>(i);
    TSVM_UNREACHABLE("no such operator in a recipe");
  }
  static CompareOp compare_named(std::string_view name) {
    for (int i = 0; i < static_cast<int>(CompareOp::Count); i++)
      if (name == ir::to_text(static_cast<CompareOp>(i))) return static_cast<CompareOp>(i);
    TSVM_UNREACHABLE("no such comparison in a recipe");
  }

  void operation(Node* n) {
    const Operator& op = *n->op;
    std::vector<Value*>& in = n->inputs;
    if (op.tensor_op >= 0) return tensor_operation(n);
    std::string_view recipe = op.recipe, rest;
    size_t colon = recipe.find(':');
    if (colon != std::string_view::npos) {
      rest = recipe.substr(colon + 1);
      recipe = recipe.substr(0, colon);
    }
    TypeId result = n->outputs.empty() ? types::None : n->outputs[0]->type;
    ValueId v;
    if (recipe == "arith") {
      v = arith(arith_named(rest), in[0], in[1], result);
    } else if (recipe == "inplace") {
      v = b_->emit(Opcode::Inplace, {boxed(in[0]), boxed(in[1])}, arith_named(rest));
    } else if (recipe == "cmp") {
      v = compare(compare_named(rest), in[0], in[1]);
    } else if (recipe == "neg" || recipe == "invert") {
      ValueId x = get(in[0]);
      UnaryOp u = recipe == "neg" ? UnaryOp::Neg : UnaryOp::Invert;
      v = type_of(x) == types::I64   ? b_->emit(Opcode::UnaryI64, {x}, u)
          : type_of(x) == types::F64 ? b_->emit(Opcode::UnaryF64, {x}, u)
                                     : b_->emit(Opcode::Unary, {b_->box(x)}, u);
    } else if (recipe == "not") {
      v = b_->emit(Opcode::NotBool, {get(in[0])});
    } else if (recipe == "is" || recipe == "isnot") {
      // A member of an enum that is named is an object of its own.
      auto is_member = [&](const Value* x) {
        ClassInfo* c = p_.class_of(x->type);
        return c && c->kind == ClassInfo::Kind::Enum && x->node && x->node->kind == NodeKind::Constant;
      };
      if (is_member(in[0]) || is_member(in[1]))
        v = b_->const_bool(recipe == "isnot");
      else
        v = b_->emit(Opcode::Compare, {boxed(in[0]), boxed(in[1])}, recipe == "is" ? CompareOp::Is : CompareOp::IsNot);
    } else if (recipe == "truth") {
      v = truth(get(in[0]));
    } else if (recipe == "to_int") {
      v = b_->emit(Opcode::BoolToI64, {get(in[0])});
    } else if (recipe == "to_float") {
      v = to_f64(get(in[0]));
    } else if (recipe == "same") {
      v = get(in[0]);
    } else if (recipe == "len") {
      v = library("builtins.len", {boxed(in[0])}, types::I64);
    } else if (recipe == "item") {
      v = b_->emit(Opcode::LoadItem, {boxed(in[0]), boxed(in[1])});
      if (type_of(v) == types::Any && raw(result)) v = b_->emit(Opcode::Unbox, {v}, result.index);
    } else if (recipe == "set_item") {
      b_->emit(Opcode::StoreItem, {boxed(in[0]), boxed(in[1]), boxed(in[2])});
      v = boxed(in[0]);
    } else if (recipe == "delete_item") {
      b_->emit(Opcode::DeleteItem, {boxed(in[0]), boxed(in[1])});
      return;
    } else if (recipe == "contains") {
      v = b_->emit(Opcode::Compare, {boxed(in[1]), boxed(in[0])}, CompareOp::In);
    } else if (recipe == "slice") {
      ValueId s = b_->emit(Opcode::MakeSlice, {boxed(in[1]), boxed(in[2]), boxed(in[3])});
      v = b_->emit(Opcode::LoadItem, {boxed(in[0]), s});
    } else if (recipe == "method") {
      std::vector<ValueId> args;
      for (Value* x : in) args.push_back(get(x));
      v = call_by_name(std::string(rest), args, n->outputs.empty() ? TypeId(types::Any) : result);
      // append and the like give None in the language, and their list here.
      if (!n->outputs.empty() && in[0]->type == result && p_.types.kind(result) == TypeKind::List && rest != "copy")
        v = boxed(in[0]);
    } else if (recipe == "attr") {
      v = checked(b_->emit(Opcode::LoadAttr, {boxed(in[0])}, out_.module->intern(rest).index), result);
    } else {
      v = python_recipe(n, rest, result);
    }
    if (n->outputs.empty()) return;
    if (n->outputs.size() > 1) {
      for (size_t i = 0; i < n->outputs.size(); i++)
        values_[n->outputs[i]] =
            coerce(b_->emit(Opcode::TupleItem, {v}, static_cast<uint32_t>(i)), n->outputs[i]->type);
      return;
    }
    set(n, v);
  }

  ValueId python_recipe(Node* n, std::string_view name, TypeId result) {
    std::vector<Value*>& in = n->inputs;
    auto type = [&](size_t i) { return type_of(get(in[i])); };
    auto number = [&](size_t i) { return type(i) == types::I64 || type(i) == types::F64; };
    // Typed instructions where they mean the same.
    if (name == "div" && number(0) && number(1) && nonzero_constant(in[1]))
      return b_->emit(Opcode::ArithF64, {to_f64(get(in[0])), to_f64(get(in[1]))}, ArithOp::TrueDiv);
    if ((name == "floordiv" || name == "remainder") && result == types::I64 && type(0) == types::I64)
      return b_->emit(Opcode::ArithI64, {get(in[0]), get(in[1])},
                      name == "floordiv" ? ArithOp::FloorDiv : ArithOp::Mod);
    if ((name == "min_" || name == "max_") && in.size() == 2 && type(0) == type(1) && number(0)) {
      ValueId a = get(in[0]), b = get(in[1]);
      ValueId less = b_->emit(type(0) == types::I64 ? Opcode::CompareI64 : Opcode::CompareF64, {b, a},
                              name == "min_" ? CompareOp::Lt : CompareOp::Gt);
      return b_->emit(Opcode::Select, {less, b, a}, kVoid, type(0));
    }
    if (name == "derive_index") {
      ValueId step = b_->emit(Opcode::ArithI64, {get(in[0]), get(in[2])}, ArithOp::Mul);
      return b_->emit(Opcode::ArithI64, {get(in[1]), step}, ArithOp::Add);
    }
    std::vector<ValueId> args;
    for (Value* v : in) args.push_back(boxed(v));
    return library(name, args, n->outputs.size() == 1 ? result : TypeId(types::Any));
  }

  void tensor_operation(Node* n) {
    std::vector<ValueId> args;
    for (Value* v : n->inputs) args.push_back(boxed(v));
    const Schema& s = n->op->schema;
    size_t wanted = s.params.size();
    if (const ir::OpTable* ops = host_.op_table())
      wanted = ops->row(ir::OpId(static_cast<uint32_t>(n->op->tensor_op))).params.size();
    while (args.size() < wanted) args.push_back(b_->none());
    TypeId result = n->outputs.size() == 1 ? n->outputs[0]->type : TypeId(types::Any);
    ValueId v = b_->emit(Opcode::CallOp, args, static_cast<uint32_t>(n->op->tensor_op),
                         raw(result) ? result : TypeId(types::Any));
    if (n->outputs.empty()) return;
    if (n->outputs.size() > 1) {
      for (size_t i = 0; i < n->outputs.size(); i++)
        values_[n->outputs[i]] =
            coerce(b_->emit(Opcode::TupleItem, {v}, static_cast<uint32_t>(i)), n->outputs[i]->type);
      return;
    }
    if (p_.types.kind(result) == TypeKind::List) v = library("list_", {v});
    set(n, v);
  }

  Program& p_;
  Function& fn_;
  EmitHost& host_;
  EmitResult out_;
  ir::Function* f_ = nullptr;
  std::unique_ptr<ir::SsaBuilder> ssa_;
  ir::Builder* b_ = nullptr;
  std::unordered_map<Value*, ValueId> values_;
  std::unordered_map<std::string, Local> locals_;
  std::vector<Loop> loops_;
  std::vector<With> withs_;
};

}  // namespace

EmitResult emit_function(Program& p, Function& f, EmitHost& host) { return Emitter(p, f, host).run(); }

}  // namespace tsvm::script
