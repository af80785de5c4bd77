// Traceback, frame and code objects.
#include "vm/traceback.h"

#include <utility>

#include "base/check.h"
#include "vm/interpreter.h"
#include "vm/make.h"
#include "vm/native.h"
#include "vm/runtime.h"

namespace tsvm::vm {

namespace {

struct CodeObject : GcObject {
  CodeState* state;
};

/// Describes a frame as it stood when the object was made.
struct FrameObject : GcObject {
  Function* function;  // owned
  CodeState* state;    // kept alive by function
  uint32_t pc;
  Value back;  // None or the caller's frame object
};

uint32_t line_at(const CodeState& state, uint32_t pc) {
  return state.unit->source().locate(state.code->range_at(pc).begin).line;
}
uint32_t line_of(const Traceback& t) {
  return t.state->unit->source().locate(range_in_frame(*t.state->code, t.pc, t.frame).begin).line;
}

Value make_frame_at(VM& vm, Function* function, uint32_t pc, Value back) {
  auto* o = allocate_object<FrameObject>(vm, vm.types.frame, Kind::Native);
  o->function = function;
  function->refs++;
  o->state = function->code;
  o->pc = pc;
  o->back = back;
  vm.heap.track(o);
  return Value::object(o);
}

Traceback* tb(Value v) { return as<Traceback>(v); }
FrameObject* frame_of(Value v) { return as<FrameObject>(v); }
const Code& code_of(Value v) { return *as<CodeObject>(v)->state->code; }

Value names_tuple(VM& vm, const Code& code, std::span<const uint32_t> names) {
  Tuple* t = new_tuple(vm, names.size());
  for (size_t i = 0; i < names.size(); i++) t->items[i] = make_str(vm, code.names[names[i]]);
  return Value::object(t);
}

const GetSetDef kTracebackAttributes[] = {
    {"tb_next", [](VM&, Value s) { return new_ref(tb(s)->next); },
     [](VM& vm, Value s, Value v) {
       if (v.is_unbound() || (!v.is_none() && type_of(vm, v) != vm.types.traceback))
         return fail(vm, vm.types.TypeError, "expected traceback object, got '%s'",
                     v.is_unbound() ? "NULL" : type_of(vm, v)->name->data);
       for (Value at = v; !at.is_none(); at = tb(at)->next)
         if (at.same(s)) return fail(vm, vm.types.ValueError, "traceback loop detected");
       Value old = tb(s)->next;
       tb(s)->next = new_ref(v);
       release(old);
       return true;
     }},
    {"tb_lineno", [](VM&, Value s) { return Value::integer(line_of(*tb(s))); }},
    {"tb_lasti", [](VM&, Value s) { return Value::integer(int64_t{tb(s)->pc} * 8); }},
    {"tb_frame", [](VM& vm, Value s) { return make_frame_at(vm, tb(s)->function, tb(s)->pc, Value::none()); }},
};

const GetSetDef kFrameAttributes[] = {
    {"f_lineno", [](VM&, Value s) { return Value::integer(line_at(*frame_of(s)->state, frame_of(s)->pc)); }},
    {"f_lasti", [](VM&, Value s) { return Value::integer(int64_t{frame_of(s)->pc} * 8); }},
    {"f_code",
     [](VM& vm, Value s) {
       retain_code(frame_of(s)->state);
       return make_code_object(vm, frame_of(s)->state);
     }},
    {"f_globals", [](VM&, Value s) { return new_ref(Value::object(as<Module>(frame_of(s)->function->module)->dict)); }},
    {"f_builtins", [](VM& vm, Value) { return new_ref(Value::object(vm.builtins)); }},
    {"f_locals",
     [](VM& vm, Value s) {
       if (frame_of(s)->state->code->is_module_body)
         return new_ref(Value::object(as<Module>(frame_of(s)->function->module)->dict));
       return make_dict(vm);
     }},
    {"f_back", [](VM&, Value s) { return new_ref(frame_of(s)->back); }},
    {"f_trace", [](VM&, Value) { return Value::none(); }},
};

const GetSetDef kCodeAttributes[] = {
    {"co_name", [](VM& vm, Value s) { return make_str(vm, code_of(s).name); }},
    {"co_qualname", [](VM& vm, Value s) { return make_str(vm, code_of(s).qualified_name); }},
    {"co_filename", [](VM& vm, Value s) { return make_str(vm, as<CodeObject>(s)->state->unit->source().name()); }},
    {"co_firstlineno", [](VM&, Value s) { return Value::integer(code_of(s).first_line); }},
    {"co_argcount", [](VM&, Value s) { return Value::integer(code_of(s).num_positional); }},
    {"co_posonlyargcount", [](VM&, Value s) { return Value::integer(code_of(s).num_positional_only); }},
    {"co_kwonlyargcount", [](VM&, Value s) { return Value::integer(code_of(s).num_keyword_only); }},
    {"co_nlocals", [](VM&, Value s) { return Value::integer(static_cast<int64_t>(code_of(s).local_names.size())); }},
    {"co_varnames", [](VM& vm, Value s) { return names_tuple(vm, code_of(s), code_of(s).local_names); }},
    {"co_freevars", [](VM& vm, Value s) { return names_tuple(vm, code_of(s), code_of(s).free_names); }},
    {"co_flags",
     [](VM&, Value s) {
       const Code& c = code_of(s);
       return Value::integer((c.is_module_body || c.is_class_body ? 0 : 3) | (c.has_varargs ? 4 : 0) |
                             (c.has_varkeywords ? 8 : 0) | (c.is_generator ? 32 : 0));
     }},
    {"co_consts",
     [](VM& vm, Value s) {
       const auto& constants = as<CodeObject>(s)->state->constants;
       return vm::make_tuple(vm, std::span<const Value>(constants));
     }},
};

void traceback_dealloc(VM&, Object* o) {
  auto* t = static_cast<Traceback*>(o);
  release(t->next);
  release(Value::object(t->function));
}
void traceback_traverse(Object* o, void (*visit)(Value child, void* context), void* context) {
  auto* t = static_cast<Traceback*>(o);
  visit(t->next, context);
  visit(Value::object(t->function), context);
}
void frame_dealloc(VM&, Object* o) {
  auto* f = static_cast<FrameObject*>(o);
  release(f->back);
  release(Value::object(f->function));
}
void frame_traverse(Object* o, void (*visit)(Value child, void* context), void* context) {
  auto* f = static_cast<FrameObject*>(o);
  visit(f->back, context);
  visit(Value::object(f->function), context);
}

void set_up(VM& vm, Type* t, size_t size, std::span<const GetSetDef> getset) {
  t->instance_size = static_cast<uint32_t>(size);
  t->is_gc = true;
  t->is_final = true;
  TypeSpec spec;
  spec.getset = getset;
  finish_type(vm, t, spec);
}

}  // namespace

void add_traceback(VM& vm, Frame* frame, uint32_t pc) {
  if (!is_kind(vm.pending, Kind::Exception)) return;
  auto* e = as<Exception>(vm.pending);
  // Code that was put in place (comprehensions) shows as frames of its own, the innermost first.
  uint32_t inlined = frame->state->code->frame_at(pc);
  bool in_lookup = std::exchange(vm.method_lookup_failed, false);
  for (;;) {
    auto* t = allocate_object<Traceback>(vm, vm.types.traceback, Kind::Native);
    t->next = e->traceback;
    t->function = frame->function;
    t->function->refs++;
    t->state = frame->state;
    t->pc = pc;
    t->frame = inlined;
    t->in_lookup = std::exchange(in_lookup, false);
    e->traceback = Value::object(t);
    vm.heap.track(t);
    if (inlined == 0) return;
    inlined = frame->state->code->inlined[inlined].parent;
  }
}

Value make_frame_object(VM& vm, Frame* frame) {
  // Callers come as a chain of objects, outermost first.
  std::vector<Frame*> chain;
  for (Frame* f = frame; f; f = f->previous) {
    chain.push_back(f);
    if (f->generator && (f->flags & kGeneratorFrame) && !f->generator->running) break;
  }
  Value back = Value::none();
  while (!chain.empty()) {
    Frame* f = chain.back();
    chain.pop_back();
    back = make_frame_at(vm, f->function, f->pc_index(), back);
  }
  return back;
}

Value make_code_object(VM& vm, CodeState* state) {
  auto* o = allocate_object<CodeObject>(vm, vm.types.code, Kind::Native);
  o->state = state;
  vm.heap.track(o);
  return Value::object(o);
}

CodeState* code_of(VM& vm, Value v) {
  return v.tag == Tag::Object && v.o->type == vm.types.code ? as<CodeObject>(v)->state : nullptr;
}

void install_tracebacks(VM& vm) {
  Type* t = vm.types.traceback;
  t->slots.dealloc = traceback_dealloc;
  t->slots.traverse = traceback_traverse;
  set_up(vm, t, sizeof(Traceback), kTracebackAttributes);
  t = vm.types.frame;
  t->slots.dealloc = frame_dealloc;
  t->slots.traverse = frame_traverse;
  t->slots.repr = [](VM& v, Value s) {
    auto* f = frame_of(s);
    return make_str_format(v, "<frame at %p, file '%s', line %u, code %s>", static_cast<void*>(f),
                           f->state->unit->source().name().c_str(), line_at(*f->state, f->pc),
                           f->state->code->name.c_str());
  };
  set_up(vm, t, sizeof(FrameObject), kFrameAttributes);
  t = vm.types.code;
  t->slots.dealloc = [](VM& v, Object* o) { release_code(v, static_cast<CodeObject*>(o)->state); };
  t->slots.traverse = [](Object*, void (*)(Value, void*), void*) {};
  t->slots.repr = [](VM& v, Value s) {
    const Code& c = code_of(s);
    return make_str_format(v, "<code object %s at %p, file \"%s\", line %u>", c.name.c_str(), static_cast<void*>(s.o),
                           as<CodeObject>(s)->state->unit->source().name().c_str(), c.first_line);
  };
  set_up(vm, t, sizeof(CodeObject), kCodeAttributes);
}

}  // namespace tsvm::vm
