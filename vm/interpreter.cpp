// The interpreter's loop.
//
// Rules for whoever edits it:
//  1. `pc` is the start of the instruction being executed until NEXT moves it. Before anything that may run other code
//     or raise, SAVE() stores it to the frame.
//  2. An instruction reads all its operands before it writes a result: a result register may be the register of an
//     operand that dies here.
//  3. A register that is written holds nothing: no release before a write (frame slots are the exception).
//  4. On an error, operands stay in their registers: the unwinder releases all that the handler does not keep.
//  5. Ints, floats, bools and None own nothing, so fast paths on them ignore last-use marks; a stale one may stay in a
//     dead register.
//  6. Anything long is a function in vm/operations.h. Hot state (frame, regs, pc) lives in locals, and is read back
//  from
//     the frame only when another frame is entered.
//  7. Interrupts, collections and hot counters are looked at on back edges (`loop`) and when a function is entered.
#include "vm/interpreter.h"

#include <cmath>

#include "base/check.h"
#include "vm/iterators.h"
#include "vm/jit_callbacks.h"
#include "vm/make.h"
#include "vm/native_fast.h"
#include "vm/operations.h"
#include "vm/runtime.h"
#include "vm/shape.h"

namespace tsvm::vm {

namespace {

inline bool both(Tag tag, const Value& x, const Value& y) { return x.tag == tag && y.tag == tag; }

inline int64_t floor_div(int64_t x, int64_t y) {
  int64_t q = x / y;
  return q - ((x % y != 0) & ((x ^ y) < 0));
}
inline int64_t floor_mod(int64_t x, int64_t y) {
  int64_t r = x % y;
  return r + ((r != 0) & ((r ^ y) < 0) ? y : 0);
}

template <class T>
inline bool compare_raw(ir::CompareOp op, T x, T y) {
  switch (op) {
    case ir::CompareOp::Lt: return x < y;
    case ir::CompareOp::Le: return x <= y;
    case ir::CompareOp::Eq: return x == y;
    case ir::CompareOp::Ne: return x != y;
    case ir::CompareOp::Gt: return x > y;
    case ir::CompareOp::Ge: return x >= y;
    default: TSVM_UNREACHABLE("comparison of raw values");
  }
}

inline double as_double(uint64_t bits) {
  double d;
  std::memcpy(&d, &bits, 8);
  return d;
}
inline uint64_t as_bits(double d) {
  uint64_t bits;
  std::memcpy(&bits, &d, 8);
  return bits;
}

// An item of a list or tuple by an int in range; Unbound: let the slow path do it.
inline Value item_at(VM& vm, Value object, int64_t i) {
  if (object.tag != Tag::Object) return Value();
  Object* o = object.o;
  if (o->type == vm.types.list) {
    auto* l = static_cast<List*>(o);
    if (i < 0) i += static_cast<int64_t>(l->size);
    if (static_cast<uint64_t>(i) >= l->size) return Value();
    switch (l->element) {
      case ElementKind::Any: return new_ref(l->values[i]);
      case ElementKind::Int: return Value::integer(l->ints[i]);
      case ElementKind::Float: return Value::number(l->floats[i]);
      case ElementKind::Bool: return Value::boolean(l->bools[i]);
      case ElementKind::Empty: return Value();
    }
  }
  if (o->type == vm.types.tuple) {
    auto* t = static_cast<Tuple*>(o);
    if (i < 0) i += t->size;
    if (static_cast<uint64_t>(i) >= t->size) return Value();
    return new_ref(t->items[i]);
  }
  return Value();
}

// Stores to a list in place when the kind of element stays. False: let the slow path do it.
inline bool store_at(VM& vm, Value object, int64_t i, Value item, Value& old) {
  if (object.tag != Tag::Object || object.o->type != vm.types.list) return false;
  auto* l = static_cast<List*>(object.o);
  if (i < 0) i += static_cast<int64_t>(l->size);
  if (static_cast<uint64_t>(i) >= l->size) return false;
  switch (l->element) {
    case ElementKind::Any:
      old = l->values[i];
      l->values[i] = new_ref(item);
      return true;
    case ElementKind::Int:
      if (item.tag != Tag::Int) return false;
      l->ints[i] = item.i;
      return true;
    case ElementKind::Float:
      if (item.tag != Tag::Float) return false;
      l->floats[i] = item.d;
      return true;
    case ElementKind::Bool:
      if (item.tag != Tag::Bool) return false;
      l->bools[i] = static_cast<uint8_t>(item.i);
      return true;
    case ElementKind::Empty: return false;
  }
  return false;
}

inline void note_item(VM& vm, Cache& c, Value object, int64_t i) {
  uint32_t bits = Cache::kFromOther;
  if (object.o->type == vm.types.list) bits = 1u << static_cast<uint32_t>(static_cast<List*>(object.o)->element);
  if (i < 0) bits |= Cache::kFromNegative;
  c.from |= static_cast<uint16_t>(bits);
}

inline Instance* cached_instance(Value v, const Cache& c) {
  if (v.tag != Tag::Object || v.o->kind != Kind::Instance) return nullptr;
  auto* i = static_cast<Instance*>(v.o);
  return reinterpret_cast<uint64_t>(i->shape) == c.key && i->type->version == c.version ? i : nullptr;
}

[[gnu::noinline]] void enter_hot(VM& vm, Frame* frame) {
  frame->state->calls = 0;
  if (vm.jit && vm.jit->function_hot) vm.jit->function_hot(vm, frame);
}

}  // namespace

Value run_frame(VM& vm_ref, Frame* frame) {
  static const void* const kLabels[] = {
#define BYTECODE(name, text, fields) &&L_##name,
#include "vm/bytecode.def"
  };
  VM* const vm = &vm_ref;
  Value* regs = frame->regs;
  const Instr* pc = frame->pc;
  Value result;
  vm->frame = frame;

#define DISPATCH() goto* kLabels[pc->op]
#define NEXT(n) \
  do {          \
    pc += (n);  \
    DISPATCH(); \
  } while (0)
#define CASE(name) L_##name:
#define R(id) regs[(id)&kRegisterMask]
#define RAW(id) frame->raws[id]
#define SAVE() frame->pc = pc
#define EXT() (*reinterpret_cast<const ExtensionWord*>(pc + 1))
#define NAME(i) frame->state->names[i]
#define CACHE() frame->state->caches[static_cast<uint32_t>(EXT().low)]
#define WIDE() (static_cast<uint32_t>(pc->b) | static_cast<uint32_t>(pc->c) << 16)
#define DROP(id) drop_operand(regs, id)
// Native code has left: with the frames of functions that were inlined there.
#define TOP_FRAME()     \
  do {                  \
    frame = vm->frame;  \
    regs = frame->regs; \
    pc = frame->pc;     \
  } while (0)
// An instruction that is a function.
#define CALL_OP(call, n)     \
  do {                       \
    SAVE();                  \
    if (!(call)) goto error; \
    NEXT(n);                 \
  } while (0)

  if (vm->pending.is_unbound()) DISPATCH();
  goto error;  // a generator that is resumed by throw()

  // --- registers and constants ---

  CASE(Move) {
    regs[pc->a] = take_operand(regs, pc->b);
    NEXT(1);
  }
  CASE(MoveRaw) {
    RAW(pc->a) = RAW(pc->b);
    NEXT(1);
  }
  CASE(Swap) {
    std::swap(regs[pc->a], regs[pc->b]);
    NEXT(1);
  }
  CASE(SwapRaw) {
    std::swap(RAW(pc->a), RAW(pc->b));
    NEXT(1);
  }
  CASE(Drop3) {
    SAVE();
    DROP(pc->a);
    DROP(pc->b);
    DROP(pc->c);
    NEXT(1);
  }
  CASE(Drop2) {
    SAVE();
    DROP(pc->a);
    DROP(pc->b);
    NEXT(1);
  }
  CASE(Drop) {
    SAVE();
    DROP(pc->a);
    NEXT(1);
  }
  CASE(LoadConst) {
    regs[pc->a] = new_ref(frame->state->constants[WIDE()]);
    NEXT(1);
  }
  CASE(LoadInt) {
    regs[pc->a] = Value::integer(static_cast<int32_t>(WIDE()));
    NEXT(1);
  }
  CASE(LoadUnbound) {
    regs[pc->a] = Value();
    NEXT(1);
  }
  CASE(LoadRaw) {
    RAW(pc->a) = frame->state->code->raw_constants[WIDE()];
    NEXT(1);
  }
  CASE(LoadRawInt) {
    RAW(pc->a) = static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(WIDE())));
    NEXT(1);
  }
  CASE(CheckBound) {
    if (R(pc->b).is_unbound()) {
      op_unbound_local(*vm, frame, pc->c);
      goto error;
    }
    regs[pc->a] = take_operand(regs, pc->b);
    NEXT(1);
  }
  CASE(CheckBoundIn) {
    if (R(pc->a).is_unbound()) {
      op_unbound_local(*vm, frame, pc->b);
      goto error;
    }
    NEXT(1);
  }
  CASE(StoreSlot) {
    Value old = regs[pc->a];
    regs[pc->a] = take_operand(regs, pc->b);
    SAVE();
    release(old);
    NEXT(1);
  }

  // --- cells, globals, names ---

  CASE(MakeCell) {
    Value cell = make_cell(*vm, R(pc->b));
    DROP(pc->b);
    regs[pc->a] = cell;
    NEXT(1);
  }
  CASE(LoadClosure) {
    regs[pc->a] = new_ref(frame->function->closure[pc->b]);
    NEXT(1);
  }
  CASE(LoadClosureCell) {
    Value cell = frame->function->closure[pc->b];
    Value v = as<Cell>(cell)->value;
    if (v.is_unbound()) {
      op_load_cell(*vm, frame, pc, cell, pc->c);
      goto error;
    }
    regs[pc->a] = new_ref(v);
    NEXT(1);
  }
  CASE(LoadCell) {
    Value cell = R(pc->b);
    Value v = as<Cell>(cell)->value;
    if (v.is_unbound()) {
      op_load_cell(*vm, frame, pc, cell, pc->c);
      goto error;
    }
    retain(v);
    DROP(pc->b);
    regs[pc->a] = v;
    NEXT(1);
  }
  CASE(StoreCell) {
    Cell* cell = as<Cell>(R(pc->a));
    Value old = cell->value;
    cell->value = take_operand(regs, pc->b);
    SAVE();
    release(old);
    DROP(pc->a);
    NEXT(1);
  }
  CASE(LoadGlobal) {
    const Cache& c = CACHE();
    if (c.kind == Cache::Global && c.key == frame->globals->keys_version) {
      regs[pc->a] = new_ref(frame->globals->entries[c.index].value);
      NEXT(2);
    }
    if (c.kind == Cache::Builtin && c.key == frame->globals->keys_version && c.key2 == vm->builtins->keys_version) {
      regs[pc->a] = new_ref(vm->builtins->entries[c.index].value);
      NEXT(2);
    }
    CALL_OP(op_load_global(*vm, frame, pc), 2);
  }
  CASE(StoreGlobal) {
    const Cache& c = CACHE();
    if (c.kind == Cache::Global && c.key == frame->globals->keys_version) {
      Value& place = frame->globals->entries[c.index].value;
      Value old = place;
      place = take_operand(regs, pc->a);
      SAVE();
      release(old);
      NEXT(2);
    }
    CALL_OP(op_store_global(*vm, frame, pc), 2);
  }
  CASE(DeleteGlobal) CALL_OP(op_delete_global(*vm, frame, pc), 1);
  CASE(LoadName) CALL_OP(op_load_name(*vm, frame, pc), 1);
  CASE(LoadNameCell) CALL_OP(op_load_name_cell(*vm, frame, pc), 2);
  CASE(StoreName) CALL_OP(op_store_name(*vm, frame, pc), 1);
  CASE(DeleteName) CALL_OP(op_delete_name(*vm, frame, pc), 1);
  CASE(LoadGlobals) {
    regs[pc->a] = new_ref(Value::object(frame->globals));
    NEXT(1);
  }

  // --- generic operators ---

#define OVERFLOWING(name, builtin, expression)                                   \
  CASE(name) {                                                                   \
    Value x = R(pc->b), y = R(pc->c);                                            \
    if (both(Tag::Int, x, y)) {                                                  \
      int64_t r;                                                                 \
      if (!builtin(x.i, y.i, &r)) {                                              \
        regs[pc->a] = Value::integer(r);                                         \
        NEXT(1);                                                                 \
      }                                                                          \
    } else if (both(Tag::Float, x, y)) {                                         \
      regs[pc->a] = Value::number(expression);                                   \
      NEXT(1);                                                                   \
    }                                                                            \
    CALL_OP(op_binary(*vm, frame, pc, ir::ArithOp::name), 1);                    \
  }                                                                              \
  CASE(Inplace##name) {                                                          \
    Value x = R(pc->b), y = R(pc->c);                                            \
    if (both(Tag::Int, x, y)) {                                                  \
      int64_t r;                                                                 \
      if (!builtin(x.i, y.i, &r)) {                                              \
        regs[pc->a] = Value::integer(r);                                         \
        NEXT(1);                                                                 \
      }                                                                          \
    } else if (both(Tag::Float, x, y)) {                                         \
      regs[pc->a] = Value::number(expression);                                   \
      NEXT(1);                                                                   \
    }                                                                            \
    CALL_OP(op_inplace(*vm, frame, pc, ir::ArithOp::name), 1);                   \
  }                                                                              \
  CASE(name##Int) {                                                              \
    Value x = R(pc->b);                                                          \
    int64_t r;                                                                   \
    if (x.is_int() && !builtin(x.i, int64_t{static_cast<int16_t>(pc->c)}, &r)) { \
      regs[pc->a] = Value::integer(r);                                           \
      NEXT(1);                                                                   \
    }                                                                            \
    if (x.is_float()) {                                                          \
      Value y = Value::number(static_cast<int16_t>(pc->c));                      \
      regs[pc->a] = Value::number(expression);                                   \
      NEXT(1);                                                                   \
    }                                                                            \
    CALL_OP(op_binary_int(*vm, frame, pc, ir::ArithOp::name), 1);                \
  }                                                                              \
  CASE(Inplace##name##Int) {                                                     \
    Value x = R(pc->b);                                                          \
    int64_t r;                                                                   \
    if (x.is_int() && !builtin(x.i, int64_t{static_cast<int16_t>(pc->c)}, &r)) { \
      regs[pc->a] = Value::integer(r);                                           \
      NEXT(1);                                                                   \
    }                                                                            \
    CALL_OP(op_inplace_int(*vm, frame, pc, ir::ArithOp::name), 1);               \
  }
  OVERFLOWING(Add, __builtin_add_overflow, x.d + y.d)
  OVERFLOWING(Sub, __builtin_sub_overflow, x.d - y.d)
  OVERFLOWING(Mul, __builtin_mul_overflow, x.d * y.d)
#undef OVERFLOWING

#define DIVIDING(name, expression)                                \
  CASE(name) {                                                    \
    Value x = R(pc->b), y = R(pc->c);                             \
    if (both(Tag::Int, x, y) && y.i != 0 && y.i != -1) {          \
      regs[pc->a] = Value::integer(expression(x.i, y.i));         \
      NEXT(1);                                                    \
    }                                                             \
    CALL_OP(op_binary(*vm, frame, pc, ir::ArithOp::name), 1);     \
  }                                                               \
  CASE(Inplace##name) {                                           \
    Value x = R(pc->b), y = R(pc->c);                             \
    if (both(Tag::Int, x, y) && y.i != 0 && y.i != -1) {          \
      regs[pc->a] = Value::integer(expression(x.i, y.i));         \
      NEXT(1);                                                    \
    }                                                             \
    CALL_OP(op_inplace(*vm, frame, pc, ir::ArithOp::name), 1);    \
  }                                                               \
  CASE(name##Int) {                                               \
    Value x = R(pc->b);                                           \
    int64_t y = static_cast<int16_t>(pc->c);                      \
    if (x.is_int() && y > 0) {                                    \
      regs[pc->a] = Value::integer(expression(x.i, y));           \
      NEXT(1);                                                    \
    }                                                             \
    CALL_OP(op_binary_int(*vm, frame, pc, ir::ArithOp::name), 1); \
  }
  DIVIDING(FloorDiv, floor_div)
  DIVIDING(Mod, floor_mod)
#undef DIVIDING

  CASE(TrueDiv) {
    Value x = R(pc->b), y = R(pc->c);
    if (both(Tag::Float, x, y) && y.d != 0) {
      regs[pc->a] = Value::number(x.d / y.d);
      NEXT(1);
    }
    CALL_OP(op_binary(*vm, frame, pc, ir::ArithOp::TrueDiv), 1);
  }
  CASE(InplaceTrueDiv) {
    Value x = R(pc->b), y = R(pc->c);
    if (both(Tag::Float, x, y) && y.d != 0) {
      regs[pc->a] = Value::number(x.d / y.d);
      NEXT(1);
    }
    CALL_OP(op_inplace(*vm, frame, pc, ir::ArithOp::TrueDiv), 1);
  }

#define BITWISE(name, op)                                      \
  CASE(name) {                                                 \
    Value x = R(pc->b), y = R(pc->c);                          \
    if (both(Tag::Int, x, y)) {                                \
      regs[pc->a] = Value::integer(x.i op y.i);                \
      NEXT(1);                                                 \
    }                                                          \
    CALL_OP(op_binary(*vm, frame, pc, ir::ArithOp::name), 1);  \
  }                                                            \
  CASE(Inplace##name) {                                        \
    Value x = R(pc->b), y = R(pc->c);                          \
    if (both(Tag::Int, x, y)) {                                \
      regs[pc->a] = Value::integer(x.i op y.i);                \
      NEXT(1);                                                 \
    }                                                          \
    CALL_OP(op_inplace(*vm, frame, pc, ir::ArithOp::name), 1); \
  }
  BITWISE(And, &)
  BITWISE(Or, |)
  BITWISE(Xor, ^)
#undef BITWISE

#define GENERAL(name)                                                  \
  CASE(name) CALL_OP(op_binary(*vm, frame, pc, ir::ArithOp::name), 1); \
  CASE(Inplace##name) CALL_OP(op_inplace(*vm, frame, pc, ir::ArithOp::name), 1);
  GENERAL(Pow)
  GENERAL(MatMul)
#undef GENERAL
#define SHIFT(name, condition, expression)                     \
  CASE(name) {                                                 \
    Value x = R(pc->b), y = R(pc->c);                          \
    if (both(Tag::Int, x, y) && (condition)) {                 \
      regs[pc->a] = Value::integer(expression);                \
      NEXT(1);                                                 \
    }                                                          \
    CALL_OP(op_binary(*vm, frame, pc, ir::ArithOp::name), 1);  \
  }                                                            \
  CASE(Inplace##name) {                                        \
    Value x = R(pc->b), y = R(pc->c);                          \
    if (both(Tag::Int, x, y) && (condition)) {                 \
      regs[pc->a] = Value::integer(expression);                \
      NEXT(1);                                                 \
    }                                                          \
    CALL_OP(op_inplace(*vm, frame, pc, ir::ArithOp::name), 1); \
  }
  SHIFT(LShift, y.i >= 0 && y.i < 31 && x.i == static_cast<int32_t>(x.i), x.i << y.i)
  SHIFT(RShift, y.i >= 0 && y.i < 64, x.i >> y.i)
#undef SHIFT

  CASE(Neg) {
    Value x = R(pc->b);
    if (x.is_int() && x.i != INT64_MIN) {
      regs[pc->a] = Value::integer(-x.i);
      NEXT(1);
    }
    if (x.is_float()) {
      regs[pc->a] = Value::number(-x.d);
      NEXT(1);
    }
    CALL_OP(op_unary(*vm, frame, pc, ir::UnaryOp::Neg), 1);
  }
  CASE(Pos) CALL_OP(op_unary(*vm, frame, pc, ir::UnaryOp::Pos), 1);
  CASE(Invert) CALL_OP(op_unary(*vm, frame, pc, ir::UnaryOp::Invert), 1);
  CASE(Not) {
    Value x = R(pc->b);
    int t;
    if (x.is_bool()) {
      t = static_cast<int>(x.i);
    } else {
      SAVE();
      t = op_truth(*vm, frame, pc->b);
      if (t < 0) goto error;
    }
    regs[pc->a] = Value::boolean(!t);
    NEXT(1);
  }

#define COMPARE(name, op)                                                              \
  CASE(name) {                                                                         \
    Value x = R(pc->b), y = R(pc->c);                                                  \
    if (both(Tag::Int, x, y)) {                                                        \
      regs[pc->a] = Value::boolean(x.i op y.i);                                        \
      NEXT(1);                                                                         \
    }                                                                                  \
    if (both(Tag::Float, x, y)) {                                                      \
      regs[pc->a] = Value::boolean(x.d op y.d);                                        \
      NEXT(1);                                                                         \
    }                                                                                  \
    CALL_OP(op_compare(*vm, frame, pc, ir::CompareOp::name), 1);                       \
  }                                                                                    \
  CASE(Jump##name) {                                                                   \
    Value x = R(pc->a), y = R(pc->b);                                                  \
    int t;                                                                             \
    if (both(Tag::Int, x, y)) {                                                        \
      t = x.i op y.i;                                                                  \
    } else if (both(Tag::Float, x, y)) {                                               \
      t = x.d op y.d;                                                                  \
    } else {                                                                           \
      SAVE();                                                                          \
      t = op_compare_truth(*vm, frame, pc, ir::CompareOp::name);                       \
      if (t < 0) goto error;                                                           \
    }                                                                                  \
    NEXT(t == pc->c ? EXT().low : 2);                                                  \
  }                                                                                    \
  CASE(Jump##name##Int) {                                                              \
    Value x = R(pc->a);                                                                \
    int64_t k = static_cast<int16_t>(pc->b);                                           \
    int t;                                                                             \
    if (x.is_int()) {                                                                  \
      t = x.i op k;                                                                    \
    } else if (x.is_float()) {                                                         \
      t = x.d op static_cast<double>(k);                                               \
    } else {                                                                           \
      SAVE();                                                                          \
      t = op_compare_int_truth(*vm, frame, pc, ir::CompareOp::name);                   \
      if (t < 0) goto error;                                                           \
    }                                                                                  \
    NEXT(t == pc->c ? EXT().low : 2);                                                  \
  }                                                                                    \
  CASE(Jump##name##I64) {                                                              \
    int t = static_cast<int64_t>(RAW(pc->a)) op static_cast<int64_t>(RAW(pc->b));      \
    NEXT(t == pc->c ? EXT().low : 2);                                                  \
  }                                                                                    \
  CASE(Jump##name##F64) {                                                              \
    int t = as_double(RAW(pc->a)) op as_double(RAW(pc->b));                            \
    NEXT(t == pc->c ? EXT().low : 2);                                                  \
  }                                                                                    \
  CASE(name##I64) {                                                                    \
    RAW(pc->a) = static_cast<int64_t>(RAW(pc->b)) op static_cast<int64_t>(RAW(pc->c)); \
    NEXT(1);                                                                           \
  }                                                                                    \
  CASE(name##F64) {                                                                    \
    RAW(pc->a) = as_double(RAW(pc->b)) op as_double(RAW(pc->c));                       \
    NEXT(1);                                                                           \
  }
  COMPARE(Lt, <)
  COMPARE(Le, <=)
  COMPARE(Eq, ==)
  COMPARE(Ne, !=)
  COMPARE(Gt, >)
  COMPARE(Ge, >=)
#undef COMPARE
  CASE(Is) {
    bool t = R(pc->b).same(R(pc->c));
    DROP(pc->b);
    DROP(pc->c);
    regs[pc->a] = Value::boolean(t);
    NEXT(1);
  }
  CASE(IsNot) {
    bool t = !R(pc->b).same(R(pc->c));
    DROP(pc->b);
    DROP(pc->c);
    regs[pc->a] = Value::boolean(t);
    NEXT(1);
  }
  CASE(In) CALL_OP(op_compare(*vm, frame, pc, ir::CompareOp::In), 1);
  CASE(NotIn) CALL_OP(op_compare(*vm, frame, pc, ir::CompareOp::NotIn), 1);
  CASE(JumpIs) {
    int t = R(pc->a).same(R(pc->b));
    DROP(pc->a);
    DROP(pc->b);
    NEXT(t == pc->c ? EXT().low : 2);
  }
  CASE(JumpIsNot) {
    int t = !R(pc->a).same(R(pc->b));
    DROP(pc->a);
    DROP(pc->b);
    NEXT(t == pc->c ? EXT().low : 2);
  }
  CASE(JumpIn) {
    SAVE();
    int t = op_compare_truth(*vm, frame, pc, ir::CompareOp::In);
    if (t < 0) goto error;
    NEXT(t == pc->c ? EXT().low : 2);
  }
  CASE(JumpNotIn) {
    SAVE();
    int t = op_compare_truth(*vm, frame, pc, ir::CompareOp::NotIn);
    if (t < 0) goto error;
    NEXT(t == pc->c ? EXT().low : 2);
  }
  CASE(Truth) {
    Value x = R(pc->b);
    int t;
    if (x.is_bool()) {
      t = static_cast<int>(x.i);
    } else {
      SAVE();
      t = op_truth(*vm, frame, pc->b);
      if (t < 0) goto error;
    }
    RAW(pc->a) = static_cast<uint64_t>(t);
    NEXT(1);
  }

  // --- jumps ---

  CASE(JumpTruth) {
    Value x = R(pc->a);
    int t;
    if (x.is_bool()) {
      t = static_cast<int>(x.i);
    } else {
      SAVE();
      t = op_truth(*vm, frame, pc->a);
      if (t < 0) goto error;
    }
    NEXT(t == pc->c ? EXT().low : 2);
  }
  CASE(JumpRaw) {
    int t = static_cast<int>(RAW(pc->a));
    NEXT(t == pc->c ? EXT().low : 2);
  }
  CASE(JumpNone) {
    int t = R(pc->a).is_none();
    DROP(pc->a);
    NEXT(t == pc->c ? EXT().low : 2);
  }
  CASE(JumpMatch) {
    SAVE();
    int t = op_match_exception(*vm, frame, R(pc->a), R(pc->b));
    if (t < 0) goto error;
    DROP(pc->a);
    DROP(pc->b);
    NEXT(t == pc->c ? EXT().low : 2);
  }
  CASE(Jump) NEXT(EXT().low);
  CASE(Loop) {
    SAVE();
    if (vm->interrupted.load(std::memory_order_relaxed) && !poll(*vm)) goto error;
    Cache& c = frame->state->caches[EXT().high];
    if (vm->jit && ++c.count >= vm->jit->loop_threshold) {
      c.count = 0;
      if (NativeEntry native = vm->jit->loop_hot ? vm->jit->loop_hot(*vm, frame) : nullptr) {
        switch (native(vm, frame)) {
          case NativeStatus::Resume: TOP_FRAME(); DISPATCH();
          case NativeStatus::Raised: TOP_FRAME(); goto error;
          case NativeStatus::Returned: goto returned_natively;
        }
      }
    }
    NEXT(EXT().low);
  }
  CASE(ForIter) {
    Value it = R(pc->b);
    Value item;
    Cache& c = frame->state->caches[EXT().high];
    if (it.tag == Tag::Object) {
      if (it.o->type == vm->types.range_iterator) {
        auto* r = static_cast<RangeIterator*>(it.o);
        if (c.key != static_cast<uint64_t>(r->step)) {
          c.from |= c.from ? Cache::kFromOther : Cache::kFromRange;
          c.key = static_cast<uint64_t>(r->step);
        }
        c.seen |= 1u << static_cast<uint32_t>(Tag::Int);
        if (r->remaining <= 0) NEXT(EXT().low);
        r->remaining--;
        regs[pc->a] = Value::integer(r->current);
        r->current += r->step;
        NEXT(2);
      }
      if (it.o->type == vm->types.list_iterator) {
        auto* l = static_cast<ListIterator*>(it.o);
        auto* list = as<List>(l->list);
        if (!l->list.is_unbound() && static_cast<uint64_t>(l->i) < list->size) {
          int64_t i = l->i++;
          switch (list->element) {
            case ElementKind::Any: item = new_ref(list->values[i]); break;
            case ElementKind::Int: item = Value::integer(list->ints[i]); break;
            case ElementKind::Float: item = Value::number(list->floats[i]); break;
            case ElementKind::Bool: item = Value::boolean(list->bools[i]); break;
            case ElementKind::Empty: break;
          }
          c.seen |= static_cast<uint16_t>(1u << static_cast<uint32_t>(item.tag));
          c.from |= static_cast<uint16_t>(1u << static_cast<uint32_t>(list->element));
          regs[pc->a] = item;
          NEXT(2);
        }
      }
      SAVE();
      NextFn next = it.o->type->slots.next;
      item = next ? next(*vm, it) : iter_next(*vm, it);
    } else {
      SAVE();
      item = iter_next(*vm, it);
    }
    if (item.is_error()) goto error;
    if (item.is_unbound()) NEXT(EXT().low);
    c.seen |= static_cast<uint16_t>(1u << static_cast<uint32_t>(item.tag));
    c.from |= Cache::kFromOther;
    regs[pc->a] = item;
    NEXT(2);
  }

  // --- attributes and items ---

  CASE(LoadAttr) {
    Value o = R(pc->b);
    const Cache& c = CACHE();
    Value v;
    if (Instance* i = cached_instance(o, c)) {
      v = c.kind == Cache::Field ? i->fields[c.index] : c.value;
    } else if (c.kind == Cache::ModuleValue && o.tag == Tag::Object && o.o->kind == Kind::Module &&
               static_cast<Module*>(o.o)->dict->keys_version == c.key) {
      v = static_cast<Module*>(o.o)->dict->entries[c.index].value;
    }
    if (v.is_unbound()) CALL_OP(op_load_attr(*vm, frame, pc), 2);
    retain(v);
    const_cast<Cache&>(c).seen |= static_cast<uint16_t>(1u << static_cast<uint32_t>(v.tag));
    SAVE();
    DROP(pc->b);
    regs[pc->a] = v;
    NEXT(2);
  }
  CASE(StoreAttr) {
    Value o = R(pc->a);
    const Cache& c = CACHE();
    if (Instance* i = cached_instance(o, c)) {
      if (c.kind == Cache::Field && !i->fields[c.index].is_unbound()) {
        Value old = i->fields[c.index];
        i->fields[c.index] = take_operand(regs, pc->b);
        SAVE();
        release(old);
        DROP(pc->a);
        NEXT(2);
      }
      if (c.kind == Cache::AddField) {
        auto* to = reinterpret_cast<Shape*>(c.key2);
        if (c.index < i->capacity) {
          i->fields[c.index] = take_operand(regs, pc->b);
          i->shape = to;
        } else {
          attribute_append(*vm, i, to, R(pc->b));
          DROP(pc->b);
        }
        DROP(pc->a);
        NEXT(2);
      }
    }
    CALL_OP(op_store_attr(*vm, frame, pc), 2);
  }
  CASE(DeleteAttr) CALL_OP(op_delete_attr(*vm, frame, pc), 1);
  CASE(LoadItem) {
    Value o = R(pc->b), k = R(pc->c);
    if (k.is_int()) {
      Value v = item_at(*vm, o, k.i);
      if (!v.is_unbound()) {
        Cache& c = CACHE();
        c.seen |= static_cast<uint16_t>(1u << static_cast<uint32_t>(v.tag));
        note_item(*vm, c, o, k.i);
        SAVE();
        DROP(pc->b);
        regs[pc->a] = v;
        NEXT(2);
      }
    }
    CACHE().from |= Cache::kFromOther;
    CALL_OP(op_load_item(*vm, frame, pc), 2);
  }
  CASE(LoadItemInt) {
    Value v = item_at(*vm, R(pc->b), static_cast<int16_t>(pc->c));
    Cache& c = CACHE();
    if (v.is_unbound()) {
      c.from |= Cache::kFromOther;
      CALL_OP(op_load_item_int(*vm, frame, pc), 2);
    }
    c.seen |= static_cast<uint16_t>(1u << static_cast<uint32_t>(v.tag));
    note_item(*vm, c, R(pc->b), static_cast<int16_t>(pc->c));
    SAVE();
    DROP(pc->b);
    regs[pc->a] = v;
    NEXT(2);
  }
  CASE(StoreItem) {
    Value o = R(pc->a), k = R(pc->b), old;
    if (k.is_int() && store_at(*vm, o, k.i, R(pc->c), old)) {
      note_item(*vm, CACHE(), o, k.i);
      SAVE();
      release(old);
      DROP(pc->a);
      DROP(pc->c);
      NEXT(2);
    }
    CACHE().from |= Cache::kFromOther;
    CALL_OP(op_store_item(*vm, frame, pc), 2);
  }
  CASE(DeleteItem) CALL_OP(op_delete_item(*vm, frame, pc), 1);
  CASE(LoadSpecial) CALL_OP(op_load_special(*vm, frame, pc), 1);
  CASE(LoadSuper) CALL_OP(op_load_super(*vm, frame, pc), 1);

  // --- calls ---
  {
    Frame* callee;
    Called called;
    uint32_t words;
    Value args[kFastNativeArgs];

    CASE(Call) {
      SAVE();
      Value f = R(pc->b);
      uint32_t n = pc->c;
      words = 2 + list_words(n);
      if (is_kind(f, Kind::Function)) {
        auto* function = static_cast<Function*>(f.o);
        const Code* code = function->code->code;
        if (code->is_simple && code->num_params == n) {
          callee = push_frame(*vm, function);
          if (!callee) goto error;
          if (pc->b & kLastUse)
            R(pc->b) = Value();
          else
            function->refs++;
          const auto* ids = reinterpret_cast<const uint16_t*>(pc + 2);
          for (uint32_t i = 0; i < n; i++) callee->regs[i] = take_operand(regs, ids[i]);
          goto enter;
        }
      } else if (is_kind(f, Kind::NativeFunction) && is_fast_native(*vm, static_cast<NativeFunction*>(f.o), n, false)) {
        const auto* ids = reinterpret_cast<const uint16_t*>(pc + 2);
        for (uint32_t i = 0; i < n; i++) args[i] = R(ids[i]);
        Value v = call_fast_native(*vm, static_cast<NativeFunction*>(f.o), args, n);
        if (v.is_error()) goto error;
        for (uint32_t i = 0; i < n; i++) DROP(ids[i]);
        DROP(pc->b);
        regs[pc->a] = v;
        NEXT(words);
      }
      if (const Cache& c = CACHE(); c.kind == Cache::Construct && reinterpret_cast<uint64_t>(f.o) == c.key &&
                                    f.tag == Tag::Object && static_cast<Type*>(f.o)->version == c.version) {
        auto* init = as<Function>(c.value);
        if (init->code->code->num_params == n + 1) {
          Value self = make_instance(*vm, static_cast<Type*>(f.o));
          if (self.is_error()) goto error;
          callee = push_frame(*vm, init);
          if (!callee) {
            release(self);
            goto error;
          }
          init->refs++;
          const auto* ids = reinterpret_cast<const uint16_t*>(pc + 2);
          for (uint32_t i = 0; i < n; i++) callee->regs[i + 1] = take_operand(regs, ids[i]);
          callee->regs[0] = new_ref(self);
          callee->self = self;
          callee->flags = kConstructFrame;
          DROP(pc->b);
          goto enter;
        }
      }
      called = op_call(*vm, frame, pc);
      goto call_result;
    }
    CASE(CallMethod) {
      SAVE();
      uint32_t n = pc->c;
      words = 2 + list_words(n);
      Value o = R(pc->b);
      const Cache& c = CACHE();
      if (Instance* i = cached_instance(o, c); i && c.kind == Cache::TypeValue && is_kind(c.value, Kind::Function)) {
        auto* function = as<Function>(c.value);
        const Code* code = function->code->code;
        if (code->is_simple && code->num_params == n + 1) {
          callee = push_frame(*vm, function);
          if (!callee) goto error;
          function->refs++;
          const auto* ids = reinterpret_cast<const uint16_t*>(pc + 2);
          for (uint32_t k = 0; k < n; k++) callee->regs[k + 1] = take_operand(regs, ids[k]);
          callee->regs[0] = take_operand(regs, pc->b);
          goto enter;
        }
      }
      if (c.kind == Cache::Other && o.tag == Tag::Object && reinterpret_cast<uint64_t>(o.o->type) == c.key &&
          o.o->type->version == c.version && is_kind(c.value, Kind::NativeFunction) &&
          is_fast_native(*vm, as<NativeFunction>(c.value), n + 1, true)) {
        const auto* ids = reinterpret_cast<const uint16_t*>(pc + 2);
        args[0] = o;
        for (uint32_t i = 0; i < n; i++) args[i + 1] = R(ids[i]);
        Value v = call_fast_native(*vm, as<NativeFunction>(c.value), args, n + 1);
        if (v.is_error()) goto error;
        for (uint32_t i = 0; i < n; i++) DROP(ids[i]);
        DROP(pc->b);
        regs[pc->a] = v;
        NEXT(words);
      }
      called = op_call_method(*vm, frame, pc);
      goto call_result;
    }
    CASE(LoadMethod) CALL_OP(op_load_method(*vm, frame, pc), 3);
    CASE(CallLoaded) {
      SAVE();
      uint32_t n = pc->c;
      words = 2 + list_words(n);
      const auto* ids = reinterpret_cast<const uint16_t*>(pc + 2);
      Value f = R(pc->b);
      bool bound = R(ids[0]).is_unbound();
      if (is_kind(f, Kind::Function)) {
        auto* function = static_cast<Function*>(f.o);
        const Code* code = function->code->code;
        if (code->is_simple && code->num_params == n - bound) {
          callee = push_frame(*vm, function);
          if (!callee) goto error;
          if (pc->b & kLastUse)
            R(pc->b) = Value();
          else
            function->refs++;
          for (uint32_t i = bound; i < n; i++) callee->regs[i - bound] = take_operand(regs, ids[i]);
          goto enter;
        }
      } else if (is_kind(f, Kind::NativeFunction) &&
                 is_fast_native(*vm, static_cast<NativeFunction*>(f.o), n - bound, !bound)) {
        // What load_method gave unbound is a method of the object's class.
        for (uint32_t i = bound; i < n; i++) args[i - bound] = R(ids[i]);
        Value v = call_fast_native(*vm, static_cast<NativeFunction*>(f.o), args, n - bound);
        if (v.is_error()) goto error;
        for (uint32_t i = 0; i < n; i++) DROP(ids[i]);
        DROP(pc->b);
        regs[pc->a] = v;
        NEXT(words);
      }
      called = op_call_loaded(*vm, frame, pc);
      goto call_result;
    }
    CASE(CallLoadedShape) {
      SAVE();
      words = 2 + list_words(pc->c);
      called = op_call_loaded_shape(*vm, frame, pc);
      goto call_result;
    }
    CASE(CallShape) {
      SAVE();
      words = 2 + list_words(pc->c);
      called = op_call_shape(*vm, frame, pc);
      goto call_result;
    }
    CASE(CallMethodShape) {
      SAVE();
      words = 2 + list_words(pc->c);
      called = op_call_method_shape(*vm, frame, pc);
      goto call_result;
    }

    CASE(CallDirect) {
      SAVE();
      words = 2 + list_words(pc->c);
      called = op_call_direct(*vm, frame, pc);
      goto call_result;
    }

  call_result:
    if (!called.frame) {
      if (called.value.is_error()) goto error;
      regs[pc->a] = called.value;
      NEXT(words);
    }
    callee = called.frame;
  enter:
    callee->previous = frame;
    callee->result = pc->a;
    callee->resume = static_cast<uint16_t>(words);
    frame = callee;
    regs = frame->regs;
    pc = frame->pc;
    vm->frame = frame;
  }
  {
    CodeState* state = frame->state;
    if (vm->interrupted.load(std::memory_order_relaxed) && !poll(*vm)) goto error;
    if (vm->jit) {
      if (++state->calls >= vm->jit->function_threshold) enter_hot(*vm, frame);
      if (state->native_entry) {
        switch (reinterpret_cast<NativeEntry>(state->native_entry)(vm, frame)) {
          case NativeStatus::Resume: TOP_FRAME(); DISPATCH();
          case NativeStatus::Raised: TOP_FRAME(); goto error;
          case NativeStatus::Returned: goto returned_natively;
        }
      }
    }
    DISPATCH();
  }
  CASE(CallOp) CALL_OP(op_call_op(*vm, frame, pc), 2 + list_words(pc->c));
  CASE(CallKernel) CALL_OP(op_call_kernel(*vm, frame, pc), 2 + list_words(pc->c));

returned_natively:
  result = frame->self;
  frame->self = Value();
  goto leave;
  CASE(ReturnI64) {
    result = Value::integer(static_cast<int64_t>(RAW(pc->a)));
    goto leave;
  }
  CASE(ReturnF64) {
    result = Value::number(as_double(RAW(pc->a)));
    goto leave;
  }
  CASE(ReturnBool) {
    result = Value::boolean(RAW(pc->a) != 0);
    goto leave;
  }
  CASE(ReturnNone) {
    result = Value::none();
    goto drop_two;
  }
  CASE(Return) { result = take_operand(regs, pc->a); }
drop_two : {
  SAVE();
  DROP(pc->b);
  DROP(pc->c);
}
leave : {
  SAVE();
  Frame* done = frame;
  CodeState* state = done->state;
  if (uint32_t slots = state->code->num_slots) {
    Value* slot = regs + state->code->num_params;
    for (uint32_t i = 0; i < slots; i++) {
      Value v = slot[i];
      slot[i] = Value();
      release(v);
    }
  }
  state->returned |= static_cast<uint16_t>(1u << static_cast<uint32_t>(result.tag));
  uint8_t flags = done->flags;
  if (flags) {
    if (flags & kGeneratorFrame) {
      Generator* g = done->generator;
      release(g->result);
      g->result = result;
      return Value::unbound();
    }
    if (flags & kConstructFrame) {
      Value self = done->self;
      if (!result.is_none()) {
        (void)raise(*vm, vm->types.TypeError, "__init__() should return None, not '%s'",
                    type_of(*vm, result)->name->data);
        release(result);
        goto error;
      }
      done->self = Value();
      result = self;
    }
    if (flags & kEntryFrame) {
      pop_frame(*vm, done);
      return result;
    }
  }
  Function* function = done->function;
  uint16_t to = done->result, resume = done->resume;
  frame = done->previous;
  regs = frame->regs;
  pc = frame->pc;
  vm->frame = frame;
  vm->frame_top = done;
  vm->register_top = done->regs;
  vm->raw_top = done->raws;
  vm->depth--;
  if (--function->refs == 0) destroy(function);
  regs[to] = result;
  NEXT(resume);
}

  // --- iteration and containers ---

  CASE(GetIter) CALL_OP(op_get_iter(*vm, frame, pc), 1);
  CASE(Unpack) CALL_OP(op_unpack(*vm, frame, pc), 1);
  CASE(UnpackTo) {
    uint32_t n = pc->c;
    Value v = R(pc->b);
    if (v.tag == Tag::Object && v.o->type == vm->types.tuple && static_cast<Tuple*>(v.o)->size == n && v.o->refs > 1) {
      auto* t = static_cast<Tuple*>(v.o);
      if (pc->b & kLastUse) {
        t->refs--;
        R(pc->b) = Value();
      }
      const auto* ids = reinterpret_cast<const uint16_t*>(pc + 1);
      for (uint32_t i = 0; i < n; i++)
        if (ids[i] != kNoRegister) regs[ids[i]] = new_ref(t->items[i]);
      NEXT(1 + list_words(n));
    }
    CALL_OP(op_unpack_to(*vm, frame, pc), 1 + list_words(n));
  }
  CASE(UnpackStar) CALL_OP(op_unpack_star(*vm, frame, pc), 2);
  CASE(TupleItem) {
    Value v = new_ref(as<Tuple>(R(pc->b))->items[pc->c]);
    DROP(pc->b);
    regs[pc->a] = v;
    NEXT(1);
  }
  CASE(MakeTuple) CALL_OP(op_make_tuple(*vm, frame, pc), 1 + list_words(pc->c));
  CASE(MakeList) CALL_OP(op_make_list(*vm, frame, pc), 1 + list_words(pc->c));
  CASE(MakeSet) CALL_OP(op_make_set(*vm, frame, pc), 1 + list_words(pc->c));
  CASE(MakeDict) CALL_OP(op_make_dict(*vm, frame, pc), 1 + list_words(pc->c));
  CASE(MakeSlice) CALL_OP(op_make_slice(*vm, frame, pc), 1 + list_words(pc->c));
  CASE(ListAppend) CALL_OP(op_list_append(*vm, frame, pc), 1);
  CASE(ListExtend) CALL_OP(op_list_extend(*vm, frame, pc), 1);
  CASE(ListToTuple) CALL_OP(op_list_to_tuple(*vm, frame, pc), 1);
  CASE(SetAdd) CALL_OP(op_set_add(*vm, frame, pc), 1);
  CASE(SetUpdate) CALL_OP(op_set_update(*vm, frame, pc), 1);
  CASE(DictSet) CALL_OP(op_dict_set(*vm, frame, pc), 1);
  CASE(DictUpdate) CALL_OP(op_dict_update(*vm, frame, pc), 1);
  CASE(FormatValue) CALL_OP(op_format_value(*vm, frame, pc), 2);
  CASE(BuildString) CALL_OP(op_build_string(*vm, frame, pc), 1 + list_words(pc->c));

  // --- definitions and imports ---

  CASE(MakeFunction) CALL_OP(op_make_function(*vm, frame, pc), 1 + list_words(pc->c));
  CASE(BuildClass) CALL_OP(op_build_class(*vm, frame, pc), 2 + list_words(pc->c));
  CASE(ImportName) CALL_OP(op_import_name(*vm, frame, pc), 2);
  CASE(ImportFrom) CALL_OP(op_import_from(*vm, frame, pc), 1);
  CASE(ImportStar) CALL_OP(op_import_star(*vm, frame, pc), 1);

  // --- generators and exceptions ---

  CASE(Yield) {
    SAVE();
    return take_operand(regs, pc->b);  // resume_generator goes on behind it
  }
  CASE(YieldFrom) {
    SAVE();
    Generator* g = frame->generator;
    Value sent = g->sent, value = Value();
    g->sent = Value::none();
    Value item = delegate(*vm, R(pc->b), sent, value);
    release(sent);
    if (item.is_error()) goto error;
    if (!item.is_unbound()) return item;
    DROP(pc->b);
    regs[pc->a] = value;
    NEXT(1);
  }
  CASE(Catch) {
    regs[pc->a] = take_pending(*vm);
    NEXT(1);
  }
  CASE(PushHandled) {
    Value before = vm->handled;
    vm->handled = take_operand(regs, pc->b);
    regs[pc->a] = before;
    NEXT(1);
  }
  CASE(PopHandled) {
    Value now = vm->handled;
    vm->handled = take_operand(regs, pc->a);
    SAVE();
    release(now);
    NEXT(1);
  }
  CASE(MatchException) {
    SAVE();
    int t = op_match_exception(*vm, frame, R(pc->b), R(pc->c));
    if (t < 0) goto error;
    DROP(pc->b);
    DROP(pc->c);
    RAW(pc->a) = static_cast<uint64_t>(t);
    NEXT(1);
  }
  CASE(CurrentException) {
    regs[pc->a] = new_ref(vm->handled);
    NEXT(1);
  }
  CASE(Raise) {
    SAVE();
    op_raise(*vm, frame, pc);
    goto error;
  }
  CASE(Reraise) {
    SAVE();
    if (R(pc->a).is_none()) {  // a bare `raise` where nothing is handled
      (void)raise(*vm, vm->types.RuntimeError, "No active exception to reraise");
      goto error;
    }
    vm->pending = take_operand(regs, pc->a);
    goto unwind;
  }
  CASE(Unreachable) TSVM_UNREACHABLE("unreachable code was reached");

  // --- typed operations ---

#define WRAPPING(name, op)                 \
  CASE(name##I64) {                        \
    RAW(pc->a) = RAW(pc->b) op RAW(pc->c); \
    NEXT(1);                               \
  }
  WRAPPING(Add, +)
  WRAPPING(Sub, -)
  WRAPPING(Mul, *)
  WRAPPING(And, &)
  WRAPPING(Or, |)
  WRAPPING(Xor, ^)
#undef WRAPPING
#define TYPED(name) CASE(name##I64) CALL_OP(op_arith_i64(*vm, frame, pc, ir::ArithOp::name), 1);
  TYPED(TrueDiv)
  TYPED(FloorDiv)
  TYPED(Mod)
  TYPED(Pow)
  TYPED(MatMul)
  TYPED(LShift)
  TYPED(RShift)
#undef TYPED
#define TYPED(name, op)                                                   \
  CASE(name##F64) {                                                       \
    RAW(pc->a) = as_bits(as_double(RAW(pc->b)) op as_double(RAW(pc->c))); \
    NEXT(1);                                                              \
  }
  TYPED(Add, +)
  TYPED(Sub, -)
  TYPED(Mul, *)
#undef TYPED
#define TYPED(name) CASE(name##F64) CALL_OP(op_arith_f64(*vm, frame, pc, ir::ArithOp::name), 1);
  TYPED(TrueDiv)
  TYPED(FloorDiv)
  TYPED(Mod)
  TYPED(Pow)
#undef TYPED
  CASE(NegI64) {
    RAW(pc->a) = -RAW(pc->b);
    NEXT(1);
  }
  CASE(InvertI64) {
    RAW(pc->a) = ~RAW(pc->b);
    NEXT(1);
  }
  CASE(NegF64) {
    RAW(pc->a) = as_bits(-as_double(RAW(pc->b)));
    NEXT(1);
  }
  CASE(NotBool) {
    RAW(pc->a) = RAW(pc->b) ^ 1;
    NEXT(1);
  }
  CASE(I64ToF64) {
    RAW(pc->a) = as_bits(static_cast<double>(static_cast<int64_t>(RAW(pc->b))));
    NEXT(1);
  }
  CASE(F64ToI64) CALL_OP(op_f64_to_i64(*vm, frame, pc), 1);
  CASE(BoxI64) {
    regs[pc->a] = Value::integer(static_cast<int64_t>(RAW(pc->b)));
    NEXT(1);
  }
  CASE(BoxF64) {
    regs[pc->a] = Value::number(as_double(RAW(pc->b)));
    NEXT(1);
  }
  CASE(BoxBool) {
    regs[pc->a] = Value::boolean(RAW(pc->b) != 0);
    NEXT(1);
  }
  CASE(Unbox) {
    RAW(pc->a) = R(pc->b).bits;
    NEXT(1);
  }
  CASE(CheckType) CALL_OP(op_check_type(*vm, frame, pc), 2);
  CASE(Select) {
    const auto* ids = reinterpret_cast<const uint16_t*>(pc + 1);
    bool first = RAW(pc->b) != 0;
    // The value is copied before anything is dropped: both operands may be one register.
    Value v = new_ref(R(ids[first ? 0 : 1]));
    SAVE();
    DROP(ids[0]);
    DROP(ids[1]);
    regs[pc->a] = v;
    NEXT(2);
  }
  CASE(SelectRaw) {
    const auto* ids = reinterpret_cast<const uint16_t*>(pc + 1);
    RAW(pc->a) = RAW(ids[RAW(pc->b) ? 0 : 1]);
    NEXT(2);
  }

  // --- exceptions on their way ---

error:
  add_traceback(*vm, frame, static_cast<uint32_t>(pc - frame->words()));
unwind:
  for (;;) {
    const Code* code = frame->state->code;
    frame->pc = pc;
    if (const Handler* h = code->handler_at(static_cast<uint32_t>(pc - frame->words()))) {
      // Registers are sorted in `keep`; slots stay.
      const uint16_t* keep = code->keep.data() + h->keep_begin;
      const uint16_t* keep_end = keep + h->keep_count;
      for (uint32_t r = 0; r < code->num_registers; r++) {
        if (r == code->num_params) r += code->num_slots;
        if (r >= code->num_registers) break;
        while (keep < keep_end && *keep < r) keep++;
        if (keep < keep_end && *keep == r) continue;
        Value v = regs[r];
        regs[r] = Value();
        release(v);
      }
      pc = frame->words() + h->target;
      DISPATCH();
    }
    clear_registers(frame);
    uint8_t flags = frame->flags;
    if (flags & kGeneratorFrame) return Value::error();
    Value self = frame->self;
    frame->self = Value();
    Frame* done = frame;
    frame = done->previous;
    pop_frame(*vm, done);
    release(self);
    if (flags & kEntryFrame) return Value::error();
    regs = frame->regs;
    pc = frame->pc;
    vm->frame = frame;
    add_traceback(*vm, frame, static_cast<uint32_t>(pc - frame->words()));
  }
}

}  // namespace tsvm::vm
