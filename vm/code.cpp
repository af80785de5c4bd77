#include "vm/code.h"

#include "base/check.h"
#include "ir/passes/pipeline.h"
#include "vm/jit_callbacks.h"
#include "vm/lower/lower.h"
#include "vm/make.h"
#include "vm/runtime.h"

namespace tsvm::vm {

// --- units ---

CodeUnit::CodeUnit(std::unique_ptr<ir::Module> module, bool passes)
    : name_(module->name),
      source_(module->source),
      module_(std::move(module)),
      codes_(module_->functions.size()),
      passes_(passes) {}

CodeUnit::CodeUnit(std::string name, std::shared_ptr<const SourceFile> source, uint32_t count,
                   std::unique_ptr<CodeReader> reader)
    : name_(std::move(name)), source_(std::move(source)), reader_(std::move(reader)), codes_(count) {}

CodeUnit::~CodeUnit() {
  for (auto& c : codes_) delete c.load();
}

const Code* CodeUnit::code(uint32_t index) {
  if (const Code* c = codes_[index].load(std::memory_order_acquire)) return c;
  std::lock_guard lock(mutex_);
  if (const Code* c = codes_[index].load(std::memory_order_acquire)) return c;
  std::unique_ptr<Code> made;
  if (reader_) {
    made = reader_->read(index);
  } else {
    ir::PassOptions options;
    options.enabled = passes_;
    ir::Function& f = *module_->functions[index];
    ir::run_passes(f, f.is_typed ? ir::PassLevel::Typed : ir::PassLevel::Generic, options);
    LowerResult r = lower(f, index);
    made = std::move(r.code);
    limit_ = std::move(r.limit);
  }
  if (!made) return nullptr;
  made->unit = this;
  made->index = index;
  const Code* c = made.release();
  codes_[index].store(c, std::memory_order_release);
  return c;
}

ir::Module* CodeUnit::module() {
  std::lock_guard lock(mutex_);
  if (!module_ && reader_) module_ = reader_->read_ir();
  return module_.get();
}

const ir::Function* CodeUnit::ir(uint32_t index) {
  ir::Module* m = module();
  return m && index < m->functions.size() ? m->functions[index].get() : nullptr;
}

// --- states ---

namespace {

Value make_constant(VM& vm, const CodeState& s, const ir::Constant& c) {
  using Kind = ir::Constant::Kind;
  switch (c.kind) {
    case Kind::None: return Value::none();
    case Kind::Bool: return Value::boolean(c.int_value != 0);
    case Kind::Int: return Value::integer(c.int_value);
    case Kind::BigInt: {
      std::string_view digits = c.text;
      int base = 10;
      if (digits.size() > 2 && digits[0] == '0' && (digits[1] | 32) != 'e') {
        char letter = static_cast<char>(digits[1] | 32);
        base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
        if (base != 10) digits.remove_prefix(2);
      }
      return make_int_from_digits(vm, digits, base);
    }
    case Kind::Float: return Value::number(c.float_value);
    case Kind::Imaginary: return make_complex(vm, 0, c.float_value);
    case Kind::Str: {
      Value v = make_str(vm, c.text);
      // Short texts are often keys or names: interned, they compare by address.
      if (c.text.size() <= 32) {
        Str* interned = vm.intern(as<Str>(v));
        release(v);
        return Value::object(interned);
      }
      return v;
    }
    case Kind::Bytes: return make_bytes(vm, c.text);
    case Kind::Ellipsis: return Value::ellipsis();
    case Kind::Tuple:
    case Kind::FrozenSet: {
      std::vector<Value> items;
      for (ir::ConstId id : c.items) items.push_back(s.constants[id.index]);
      Value tuple = make_tuple(vm, std::span<const Value>(items));
      if (c.kind == Kind::Tuple) return tuple;
      Value set = make_set_from(vm, tuple, true);
      release(tuple);
      return set;
    }
  }
  TSVM_UNREACHABLE("constant");
}

}  // namespace

CodeState* make_code_state(VM& vm, std::shared_ptr<CodeUnit> unit, uint32_t index) {
  const Code* code = unit->code(index);
  if (!code) {
    (void)raise(vm, vm.types.SyntaxError, "%s", unit->limit_message().c_str());
    return nullptr;
  }
  auto* s = new CodeState();
  s->code = code;
  s->unit = std::move(unit);
  s->names.reserve(code->names.size());
  for (const std::string& n : code->names) s->names.push_back(vm.intern(n));
  s->constants.reserve(code->constants.size());
  for (const ir::Constant& c : code->constants) s->constants.push_back(make_constant(vm, *s, c));
  s->caches.resize(code->num_caches);
  for (const CodeShape& shape : code->shapes) {
    ShapeState& out = s->shapes.emplace_back();
    for (uint32_t k : shape.keywords) out.keywords.push_back(s->names[k]);
  }
  s->children.resize(code->children.size());
  return s;
}

void release_code(VM& vm, CodeState* s) {
  if (--s->refs != 0) return;
  if (s->native && vm.jit && vm.jit->release) vm.jit->release(vm, s);
  for (CodeState* c : s->children)
    if (c) release_code(vm, c);
  for (Value v : s->constants) release(v);
  for (Str* n : s->names) release(Value::object(n));
  delete s;
}

}  // namespace tsvm::vm
