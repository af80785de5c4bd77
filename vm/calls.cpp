// Calls of functions of the language: frames, binding of arguments, and calls of anything from bytecode.
#include <sys/mman.h>

#include <algorithm>

#include "base/check.h"
#include "vm/expansion.h"
#include "vm/interpreter.h"
#include "vm/make.h"
#include "vm/operations.h"
#include "vm/runtime.h"
#include "vm/shape.h"

namespace tsvm::vm {

// --- frames ---

Frame* push_frame_failed(VM& vm) {
  (void)raise(vm, vm.types.RecursionError, "maximum recursion depth exceeded");
  return nullptr;
}

void pop_frame(VM& vm, Frame* frame) {
  vm.frame_top = frame;
  vm.register_top = frame->regs;
  vm.raw_top = frame->raws;
  vm.depth--;
  vm.frame = frame->previous;
  release(Value::object(frame->function));
}

void clear_registers(Frame* frame) {
  uint32_t n = frame->state->code->num_registers;
  for (uint32_t i = 0; i < n; i++) {
    Value v = frame->regs[i];
    frame->regs[i] = Value();
    release(v);
  }
}

Value make_function(VM& vm, CodeState* state, Value module, std::span<const Value> cells) {
  size_t n = cells.size();
  size_t size = sizeof(Function) + (n ? n - 1 : 0) * sizeof(Value);
  auto* f = allocate_object<Function>(vm, vm.types.function, Kind::Function, size);
  const Code& code = *state->code;
  retain_code(state);
  f->code = state;
  f->name = vm.intern(code.name);
  f->qualified_name = vm.intern(code.qualified_name);
  f->module = new_ref(module);
  f->defaults = Value::none();
  f->keyword_defaults = Value::none();
  f->annotations = Value::none();
  f->doc = code.has_doc ? make_str(vm, code.doc) : Value::none();
  f->dict = Value::none();
  f->closure_size = static_cast<uint32_t>(n);
  for (size_t i = 0; i < n; i++) f->closure[i] = new_ref(cells[i]);
  vm.heap.track(f);
  return Value::object(f);
}

// --- binding ---

namespace {

// "'a'", "'a' and 'b'", "'a', 'b', and 'c'"
std::string quoted_list(const std::vector<std::string>& names) {
  std::string out;
  for (size_t i = 0; i < names.size(); i++) {
    if (i) out += names.size() == 2 ? " and " : i + 1 == names.size() ? ", and " : ", ";
    out += "'" + names[i] + "'";
  }
  return out;
}

class Binder {
 public:
  Binder(VM& vm, Function* f, Value* regs) : vm_(vm), f_(f), state_(*f->code), code_(*state_.code), regs_(regs) {}

  bool bind(std::span<const Value> args, std::span<Str* const> keywords) {
    size_t positional = args.size() - keywords.size();
    size_t named = code_.num_positional + code_.num_keyword_only;
    uint32_t varargs = code_.num_positional;                        // register of *args
    uint32_t keyword_only = varargs + (code_.has_varargs ? 1 : 0);  // of the first keyword-only parameter
    uint32_t varkeywords = keyword_only + code_.num_keyword_only;   // of **kwargs
    for (uint32_t i = 0; i < code_.num_params; i++) regs_[i] = Value();

    size_t n = std::min<size_t>(positional, code_.num_positional);
    for (size_t i = 0; i < n; i++) regs_[i] = new_ref(args[i]);
    if (code_.has_varargs) regs_[varargs] = make_tuple(vm_, args.subspan(n, positional - n));
    if (code_.has_varkeywords) regs_[varkeywords] = make_dict(vm_);

    for (size_t k = 0; k < keywords.size(); k++) {
      Value value = args[positional + k];
      int64_t param = find(keywords[k], code_.num_positional_only, named);
      if (param >= 0) {
        uint32_t r = param < code_.num_positional ? static_cast<uint32_t>(param)
                                                  : keyword_only + static_cast<uint32_t>(param) - code_.num_positional;
        if (!regs_[r].is_unbound())
          return error("got multiple values for argument '" + std::string(keywords[k]->view()) + "'");
        regs_[r] = new_ref(value);
      } else if (code_.has_varkeywords) {
        if (!dict_set(vm_, as<Dict>(regs_[varkeywords]), Value::object(keywords[k]), value)) return give_up();
      } else {
        return unexpected(keywords, keywords[k]);
      }
    }
    if (positional > code_.num_positional && !code_.has_varargs) return too_many(positional, keyword_only);

    std::vector<std::string> missing;
    size_t defaults = f_->defaults.is_none() ? 0 : as<Tuple>(f_->defaults)->size;
    for (size_t i = n; i < code_.num_positional; i++) {
      if (!regs_[i].is_unbound()) continue;
      if (i + defaults >= code_.num_positional)
        regs_[i] = new_ref(as<Tuple>(f_->defaults)->items[i + defaults - code_.num_positional]);
      else
        missing.push_back(code_.names[code_.params[i].name]);
    }
    if (!missing.empty()) return missing_arguments("positional", missing);
    for (uint32_t i = 0; i < code_.num_keyword_only; i++) {
      uint32_t r = keyword_only + i;
      if (!regs_[r].is_unbound()) continue;
      Str* name = state_.names[code_.params[r].name];
      Value v = f_->keyword_defaults.is_none() ? Value() : dict_get_borrow(as<Dict>(f_->keyword_defaults), name);
      if (v.is_unbound())
        missing.push_back(std::string(name->view()));
      else
        regs_[r] = new_ref(v);
    }
    if (!missing.empty()) return missing_arguments("keyword-only", missing);
    return true;
  }

 private:
  // The parameter of that name among [from, to), counted without *args; -1: none.
  int64_t find(Str* name, size_t from, size_t to) const {
    auto param_name = [&](size_t i) {
      size_t at = i < code_.num_positional ? i : i + (code_.has_varargs ? 1 : 0);
      return state_.names[code_.params[at].name];
    };
    for (size_t i = from; i < to; i++)
      if (param_name(i) == name) return static_cast<int64_t>(i);
    if (name->interned) return -1;
    for (size_t i = from; i < to; i++)
      if (str_equal(param_name(i), name)) return static_cast<int64_t>(i);
    return -1;
  }

  bool give_up() {
    for (uint32_t i = 0; i < code_.num_params; i++) {
      Value v = regs_[i];
      regs_[i] = Value();
      release(v);
    }
    return false;
  }

  bool error(const std::string& text) {
    (void)raise(vm_, vm_.types.TypeError, "%s() %s", f_->qualified_name->data, text.c_str());
    return give_up();
  }

  bool unexpected(std::span<Str* const> keywords, Str* name) {
    std::vector<std::string> positional_only;
    for (size_t i = 0; i < code_.num_positional_only; i++)
      for (Str* k : keywords)
        if (str_equal(state_.names[code_.params[i].name], k)) positional_only.emplace_back(k->view());
    if (!positional_only.empty()) {
      std::string list;
      for (const std::string& p : positional_only) list += (list.empty() ? "" : ", ") + p;
      return error("got some positional-only arguments passed as keyword arguments: '" + list + "'");
    }
    return error("got an unexpected keyword argument '" + std::string(name->view()) + "'");
  }

  bool too_many(size_t given, uint32_t keyword_only) {
    size_t most = code_.num_positional;
    size_t defaults = f_->defaults.is_none() ? 0 : as<Tuple>(f_->defaults)->size;
    uint32_t keyword_given = 0;
    for (uint32_t i = 0; i < code_.num_keyword_only; i++) keyword_given += !regs_[keyword_only + i].is_unbound();
    std::string text = "takes ";
    bool plural = most != 1;
    if (defaults) {
      text += "from " + std::to_string(most - defaults) + " to " + std::to_string(most);
      plural = true;
    } else {
      text += std::to_string(most);
    }
    text += std::string(" positional argument") + (plural ? "s" : "") + " but " + std::to_string(given);
    if (keyword_given)
      text += std::string(" positional argument") + (given != 1 ? "s" : "") + " (and " + std::to_string(keyword_given) +
              " keyword-only argument" + (keyword_given != 1 ? "s" : "") + ")";
    text += given == 1 && !keyword_given ? " was given" : " were given";
    return error(text);
  }

  bool missing_arguments(const char* what, const std::vector<std::string>& names) {
    return error("missing " + std::to_string(names.size()) + " required " + what + " argument" +
                 (names.size() == 1 ? "" : "s") + ": " + quoted_list(names));
  }

  VM& vm_;
  Function* f_;
  const CodeState& state_;
  const Code& code_;
  Value* regs_;
};

}  // namespace

bool bind_arguments(VM& vm, Function* f, Value* regs, std::span<const Value> args, std::span<Str* const> keywords) {
  const Code& code = *f->code->code;
  if (keywords.empty() && !code.has_varargs && !code.has_varkeywords && !code.num_keyword_only &&
      args.size() <= code.num_positional) {
    // Positional arguments only; the rest from the defaults.
    size_t missing = code.num_positional - args.size();
    auto* defaults = f->defaults.is_none() ? nullptr : as<Tuple>(f->defaults);
    if (missing <= (defaults ? defaults->size : 0)) {
      size_t i = 0;
      for (; i < args.size(); i++) regs[i] = new_ref(args[i]);
      for (size_t d = missing; d > 0; d--) regs[i++] = new_ref(defaults->items[defaults->size - d]);
      return true;
    }
  }
  return Binder(vm, f, regs).bind(args, keywords);
}

namespace {

// A frame with bound arguments; null: an exception is pending.
Frame* prepare(VM& vm, Function* f, std::span<const Value> args, std::span<Str* const> keywords) {
  Frame* frame = push_frame(vm, f);
  if (!frame) return nullptr;
  f->refs++;
  frame->previous = vm.frame;
  if (!bind_arguments(vm, f, frame->regs, args, keywords)) {
    pop_frame(vm, frame);
    return nullptr;
  }
  return frame;
}

/// The arguments of a method: its object (borrowed, as they are) in front of those given.
class WithSelf {
 public:
  WithSelf(Value self, std::span<const Value> args) : size_(args.size() + 1) {
    if (size_ > std::size(small_)) large_.resize(size_);
    Value* all = large_.empty() ? small_ : large_.data();
    all[0] = self;
    std::copy(args.begin(), args.end(), all + 1);
  }
  operator std::span<const Value>() const { return {large_.empty() ? small_ : large_.data(), size_}; }

 private:
  size_t size_;
  Value small_[9];
  std::vector<Value> large_;
};

}  // namespace

Function* plain_constructor(VM& vm, Type* type) {
  if (!type->is_heap || type->type != vm.types.type || type->slots.create != vm.types.object->slots.create)
    return nullptr;
  Value init = lookup_in_type_borrow(type, vm.names.init);
  return is_kind(init, Kind::Function) ? as<Function>(init) : nullptr;
}

Called call_any(VM& vm, Value callee, std::span<const Value> args, std::span<Str* const> keywords) {
  if (callee.tag != Tag::Object) return {nullptr, call(vm, callee, args, keywords)};
  switch (callee.o->kind) {
    case Kind::Function: {
      auto* f = static_cast<Function*>(callee.o);
      Frame* frame = prepare(vm, f, args, keywords);
      if (!frame) return {nullptr, Value::error()};
      if (f->code->code->is_generator) return {nullptr, make_generator(vm, frame)};
      return {frame, Value()};
    }
    case Kind::BoundMethod: {
      auto* m = static_cast<BoundMethod*>(callee.o);
      if (!is_kind(m->function, Kind::Function)) break;
      return call_any(vm, m->function, WithSelf(m->self, args), keywords);
    }
    case Kind::Instance: {
      // A module's forward, unless the module has hooks or a `forward` of its own.
      Str* method = callee.o->type->called_method;
      if (!method || callee.o->flags & kHasHooks || vm.module_hooks) break;
      Value forward = lookup_in_type_borrow(callee.o->type, method);
      if (!is_kind(forward, Kind::Function) || shape_find(attributes_of(callee.o)->shape, method) >= 0 ||
          attributes_of(callee.o)->shape->dictionary >= 0)
        break;
      return call_any(vm, forward, WithSelf(callee, args), keywords);
    }
    case Kind::Type: {
      auto* type = static_cast<Type*>(callee.o);
      Function* init = plain_constructor(vm, type);
      if (!init || init->code->code->is_generator) break;
      Ref self(make_instance(vm, type));
      if (self.is_error()) return {nullptr, Value::error()};
      Frame* frame = prepare(vm, init, WithSelf(*self, args), keywords);
      if (!frame) return {nullptr, Value::error()};
      frame->flags = kConstructFrame;
      frame->self = self.take();
      return {frame, Value()};
    }
    default: break;
  }
  return {nullptr, call(vm, callee, args, keywords)};
}

Value call_function(VM& vm, Function* f, std::span<const Value> args, std::span<Str* const> keywords) {
  StackGuard guard(vm);
  if (guard.failed()) return Value::error();
  Frame* frame = prepare(vm, f, args, keywords);
  if (!frame) return Value::error();
  if (f->code->code->is_generator) return make_generator(vm, frame);
  frame->flags |= kEntryFrame;
  return run_frame(vm, frame);
}

// --- the call instructions ---

namespace {

// Arguments of a call instruction as a contiguous array of borrowed values, behind room for `extra` more.
class Arguments {
 public:
  Arguments(Frame* f, const Instr* pc, uint32_t extra) {
    uint32_t count = pc->c;
    values_ = count + extra > kSmall ? new Value[count + extra] : reinterpret_cast<Value*>(small_);
    const auto* ids = reinterpret_cast<const uint16_t*>(pc + 2);
    for (uint32_t i = 0; i < count; i++) values_[i + extra] = f->regs[ids[i] & kRegisterMask];
  }
  ~Arguments() {
    if (values_ != reinterpret_cast<Value*>(small_)) delete[] values_;
  }
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;
  Value* data() { return values_; }

 private:
  static constexpr uint32_t kSmall = 12;
  Value* values_;
  alignas(Value) std::byte small_[kSmall * sizeof(Value)];
};

// Releases what the call used the last time.
void finish(Frame* f, const Instr* pc) {
  const auto* ids = reinterpret_cast<const uint16_t*>(pc + 2);
  for (uint32_t i = 0; i < pc->c; i++) drop_operand(f->regs, ids[i]);
  drop_operand(f->regs, pc->b);
}

Called done(Frame* f, const Instr* pc, Called r) {
  if (!r.value.is_error()) finish(f, pc);
  return r;
}

const ExtensionWord& extension(const Instr* pc) { return *reinterpret_cast<const ExtensionWord*>(pc + 1); }

Called call_shaped(VM& vm, Value callee, const CodeShape& shape, const ShapeState& names, const Value* values,
                   uint32_t count, Value self) {
  if (shape.starred.empty()) return call_any(vm, callee, {values, count}, names.keywords);
  Expansion e(vm, callee);
  if (!self.is_unbound()) {
    e.args.push_back(self);
    values++;
  }
  if (!e.run(shape, names, values)) return {nullptr, Value::error()};
  return call_any(vm, callee, e.args, e.keywords);
}

Value find_method(VM& vm, Frame* f, const Instr* pc, Value object, Str* name, bool& bound) {
  Value found = cached_method(vm, f->state->caches[static_cast<uint32_t>(extension(pc).low)], object, name, bound);
  vm.method_lookup_failed = found.is_error();
  return found;
}

}  // namespace

Called op_call(VM& vm, Frame* f, const Instr* pc) {
  Arguments args(f, pc, 0);
  Ref callee = Ref::copy(f->regs[pc->b & kRegisterMask]);
  if (is_kind(*callee, Kind::Type)) {
    // A class whose instances are made by the interpreter alone: see its `call`.
    auto* type = as<Type>(*callee);
    Cache& c = f->state->caches[static_cast<uint32_t>(extension(pc).low)];
    if (Function* init = plain_constructor(vm, type); init && init->code->code->is_simple) {
      c.kind = Cache::Construct;
      c.key = reinterpret_cast<uint64_t>(type);
      c.version = type->version;
      c.value = Value::object(init);
    }
  }
  return done(f, pc, call_any(vm, *callee, {args.data(), pc->c}, {}));
}

Called op_call_shape(VM& vm, Frame* f, const Instr* pc) {
  Arguments args(f, pc, 0);
  Ref callee = Ref::copy(f->regs[pc->b & kRegisterMask]);
  uint32_t shape = extension(pc).high;
  return done(
      f, pc,
      call_shaped(vm, *callee, f->state->code->shapes[shape], f->state->shapes[shape], args.data(), pc->c, Value()));
}

Called op_call_method(VM& vm, Frame* f, const Instr* pc) {
  Arguments args(f, pc, 1);
  Value object = f->regs[pc->b & kRegisterMask];
  bool bound;
  Ref callee(find_method(vm, f, pc, object, f->state->names[extension(pc).high], bound));
  if (callee.is_error()) return {nullptr, Value::error()};
  args.data()[0] = object;
  return done(f, pc, call_any(vm, *callee, {args.data() + bound, pc->c + 1u - bound}, {}));
}

Called op_call_method_shape(VM& vm, Frame* f, const Instr* pc) {
  Arguments args(f, pc, 1);
  Value object = f->regs[pc->b & kRegisterMask];
  uint32_t index = extension(pc).high;
  const CodeShape& shape = f->state->code->shapes[index];
  bool bound;
  Ref callee(find_method(vm, f, pc, object, f->state->names[shape.method], bound));
  if (callee.is_error()) return {nullptr, Value::error()};
  args.data()[0] = object;
  return done(f, pc,
              call_shaped(vm, *callee, shape, f->state->shapes[index], args.data() + bound, pc->c + 1u - bound,
                          bound ? Value() : object));
}

bool op_load_method(VM& vm, Frame* f, const Instr* pc) {
  const auto* results = reinterpret_cast<const uint16_t*>(pc + 2);
  Value object = f->regs[pc->b & kRegisterMask];
  bool bound;
  Value callee = find_method(vm, f, pc, object, f->state->names[pc->a], bound);
  if (callee.is_error()) return false;
  Value self;
  if (bound)
    drop_operand(f->regs, pc->b);
  else
    self = take_operand(f->regs, pc->b);
  f->regs[results[0]] = callee;
  f->regs[results[1]] = self;
  return true;
}

Called op_call_loaded(VM& vm, Frame* f, const Instr* pc) {
  Arguments args(f, pc, 0);
  Ref callee = Ref::copy(f->regs[pc->b & kRegisterMask]);
  bool bound = args.data()[0].is_unbound();
  return done(f, pc, call_any(vm, *callee, {args.data() + bound, pc->c - (bound ? 1u : 0u)}, {}));
}

Called op_call_loaded_shape(VM& vm, Frame* f, const Instr* pc) {
  Arguments args(f, pc, 0);
  Ref callee = Ref::copy(f->regs[pc->b & kRegisterMask]);
  bool bound = args.data()[0].is_unbound();
  return done(f, pc,
              call_any(vm, *callee, {args.data() + bound, pc->c - (bound ? 1u : 0u)},
                       f->state->shapes[extension(pc).high].keywords));
}

Called op_call_direct(VM& vm, Frame* f, const Instr* pc) {
  Arguments args(f, pc, 0);
  const void* callee = f->state->code->direct[static_cast<uint32_t>(extension(pc).low)];
  auto* function = const_cast<Function*>(static_cast<const Function*>(callee));
  Called r = call_any(vm, Value::object(function), {args.data(), pc->c}, {});
  if (r.value.is_error()) return r;
  const auto* ids = reinterpret_cast<const uint16_t*>(pc + 2);
  for (uint32_t i = 0; i < pc->c; i++) drop_operand(f->regs, ids[i]);
  return r;
}

bool op_make_function(VM& vm, Frame* f, const Instr* pc) {
  const auto* ids = reinterpret_cast<const uint16_t*>(pc + 1);
  auto in = [&](uint32_t i) { return f->regs[ids[i] & kRegisterMask]; };
  CodeState*& child = f->state->children[pc->b];
  if (!child) child = make_code_state(vm, f->state->unit, f->state->code->children[pc->b]);
  if (!child) return false;
  std::vector<Value> cells;
  for (uint32_t i = 3; i < pc->c; i++) cells.push_back(in(i));
  Value v = make_function(vm, child, f->function->module, cells);
  auto* function = as<Function>(v);
  function->defaults = new_ref(in(0));
  function->keyword_defaults = new_ref(in(1));
  function->annotations = new_ref(in(2));
  for (uint32_t i = 0; i < pc->c; i++) drop_operand(f->regs, ids[i]);
  f->regs[pc->a] = v;
  return true;
}

}  // namespace tsvm::vm
