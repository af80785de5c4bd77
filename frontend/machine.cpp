#include "frontend/machine.h"

#include <iostream>
#include <map>
#include <mutex>
#include <thread>

#include "frontend/convert.h"
#include "jit/scalar/install.h"
#include "stdlib/library.h"
#include "stdlib/native/torch/values.h"
#include "torch/jit.h"
#include "vm/interpreter.h"
#include "vm/make.h"
#include "vm/runtime.h"
#include "vm/traceback.h"
#include "vm/types/file.h"

namespace tsvm::frontend {

using c10::IValue;
using ir::TypeKind;
using script::ClassInfo;
using script::TypeId;
using vm::Ref;
using vm::Value;
namespace types = ir::types;

namespace {

void write_stream(void*, int stream, const char* text, size_t size) {
  (stream == 1 ? std::cout : std::cerr).write(text, static_cast<std::streamsize>(size));
}

vm::Options options() {
  vm::Options o;
  o.write = write_stream;
  o.argv.emplace_back("");
  return o;
}

struct Machine {
  Machine() : vm(options()) {
    vm::install_interpreter(vm);
    stdlib::install_library(vm);
    jit::install_scalar(vm);
  }
  vm::VM vm;
  std::map<script::Function*, FunctionHandle> functions;
  bool ready = false;
};

// Never destroyed: objects of the program's with static lifetime may hold values.
std::recursive_mutex& machine_mutex() {
  static auto& mutex = *new std::recursive_mutex;
  return mutex;
}
int depth = 0;
std::thread::id last_thread;

Machine& machine() {
  static Machine& m = *new Machine;
  return m;
}

vm::VM& enter() {
  machine_mutex().lock();
  Machine& m = machine();
  if (depth++ == 0 && last_thread != std::this_thread::get_id()) {
    m.vm.use_this_thread();
    last_thread = std::this_thread::get_id();
  }
  return m.vm;
}

void leave() {
  if (--depth == 0 && !vm::flush_standard_streams(machine().vm)) vm::clear_pending(machine().vm);
  machine_mutex().unlock();
}

/// The library must be there before its types are asked for.
stdlib::script_host::ScriptState& ready_state(vm::VM& vm) {
  Machine& m = machine();
  if (!m.ready) {
    Ref module(vm.callbacks.import_module(vm, "torch.jit"));
    if (module.is_error()) {
      try {
        throw_pending(vm);
      } catch (...) {
        leave();
        throw;
      }
    }
    m.ready = true;
  }
  return stdlib::script_host::state(vm);
}

std::string message_of(vm::VM& vm, Value exception) {
  std::string text;
  if (!vm::str_to(vm, exception, text)) vm::clear_pending(vm);
  return text;
}

constexpr std::string_view kFailed = "The following operation failed in the TorchScript interpreter.";

}  // namespace

MachineLock::MachineLock() : vm(enter()), state(ready_state(vm)) {}
MachineLock::~MachineLock() { leave(); }

const FunctionHandle* handle_of(MachineLock&, script::Function* f) {
  return &machine().functions.try_emplace(f, FunctionHandle{f, f->name}).first->second;
}

void throw_pending(vm::VM& vm) {
  Ref e(vm::take_pending(vm));
  const std::string text = message_of(vm, *e);
  const vm::Type* type = vm::type_of(vm, *e);
  if (text.compare(0, kFailed.size(), kFailed) != 0) {
    const std::string where = "Exception raised from the library (most recent call first):\n";
    if (type == vm.types.IndexError) throw c10::IndexError(text, where);
    if (type == vm.types.TypeError) throw c10::TypeError(text, where);
    if (type == vm.types.ValueError) throw c10::ValueError(text, where);
    if (type == vm.types.NotImplementedError) throw c10::NotImplementedError(text, where);
    throw c10::Error(text, where);
  }
  if (type == vm.types.NotImplementedError) throw c10::NotImplementedError(text, "");
  if (type == vm.types.RuntimeError) throw std::runtime_error(text);
  // A raise or an assert.
  auto text_attribute = [&](const char* name) -> c10::optional<std::string> {
    Ref v(vm::get_attr_or_unbound(vm, *e, vm.name(name)));
    if (v.is_error()) vm::clear_pending(vm);
    if (!vm::is_str(*v) || vm::text_of(*v).empty()) return c10::nullopt;
    return std::string(vm::text_of(*v));
  };
  throw torch::jit::JITException(text, text_attribute("_script_class"), text_attribute("_script_message"));
}

void throw_report(vm::VM& vm) {
  Ref e(vm::take_pending(vm));
  throw torch::jit::ErrorReport(message_of(vm, *e));
}

Ref call_library(MachineLock& m, const char* name, std::vector<Value> args) {
  Ref module = checked(m.vm, m.vm.callbacks.import_module(m.vm, "torch.jit._embedding"));
  return checked(m.vm, vm::call_method(m.vm, *module, name, args));
}

// --- types -----------------------------------------------------------------------------------------------------------

c10::TypePtr type_of(MachineLock& m, TypeId t) {
  if (!t) return c10::AnyType::get();
  const ir::Type& type = m.state.types[t];
  std::vector<c10::TypePtr> inside;
  for (TypeId a : type.args) inside.push_back(type_of(m, a));
  switch (type.kind) {
    case TypeKind::List: return c10::Type::make(c10::TypeKind::ListType, std::move(inside));
    case TypeKind::Dict: return c10::Type::make(c10::TypeKind::DictType, std::move(inside));
    case TypeKind::Tuple: return c10::Type::make(c10::TypeKind::TupleType, std::move(inside));
    case TypeKind::NamedTuple: return c10::Type::make(c10::TypeKind::TupleType, std::move(inside), type.name);
    case TypeKind::Optional: return c10::Type::make(c10::TypeKind::OptionalType, std::move(inside));
    case TypeKind::Union: return c10::Type::make(c10::TypeKind::UnionType, std::move(inside));
    case TypeKind::Future: return c10::Type::make(c10::TypeKind::FutureType, std::move(inside));
    case TypeKind::Class: {
      const ClassInfo* info = m.state.program->class_of(t);
      return c10::Type::make(c10::TypeKind::ClassType, {}, type.name, info && info->kind == ClassInfo::Kind::Module);
    }
    default: return c10::Type::parse(m.state.program->type_text(t));
  }
}

TypeId type_of(MachineLock& m, const c10::TypePtr& t) {
  ir::TypeTable& table = m.state.types;
  auto inside = [&](size_t i) { return type_of(m, t->containedType(i)); };
  switch (t->kind()) {
    case c10::TypeKind::TensorType: return types::Tensor;
    case c10::TypeKind::IntType: return types::I64;
    case c10::TypeKind::FloatType: return types::F64;
    case c10::TypeKind::BoolType: return types::Bool;
    case c10::TypeKind::ComplexType: return types::Complex;
    case c10::TypeKind::StringType: return types::Str;
    case c10::TypeKind::NoneType: return types::None;
    case c10::TypeKind::DeviceObjType: return types::Device;
    case c10::TypeKind::AnyType: return types::ScriptAny;
    case c10::TypeKind::ListType: return table.list(inside(0));
    case c10::TypeKind::DictType: return table.dict(inside(0), inside(1));
    case c10::TypeKind::OptionalType: return table.optional(inside(0));
    case c10::TypeKind::TupleType: {
      std::vector<TypeId> items;
      for (size_t i = 0; i < t->containedTypeSize(); i++) items.push_back(inside(i));
      return table.tuple(items);
    }
    case c10::TypeKind::ClassType:
      if (const ClassInfo* info = m.state.program->find_class(t->name()->qualifiedName())) return info->type;
      break;
    default: break;
  }
  C10_THROW_ERROR(NotImplementedError, "attributes of type ", t->annotation_str(), " are not supported");
}

// --- values ----------------------------------------------------------------------------------------------------------

Ref to_value(MachineLock& m, const IValue& v) {
  vm::VM& vm = m.vm;
  switch (v.tag()) {
    case IValue::Tag::None: return Ref(Value::none());
    case IValue::Tag::Bool: return Ref(Value::boolean(v.toBool()));
    case IValue::Tag::Int: return Ref(Value::integer(v.toInt()));
    case IValue::Tag::Double: return Ref(Value::number(v.toDouble()));
    case IValue::Tag::Tensor: {
      const at::Tensor t = v.toTensor();
      return t.defined() ? Ref(stdlib::box(vm, raw(t))) : Ref(Value::none());
    }
    case IValue::Tag::ComplexDouble: {
      const c10::complex<double> z = v.toComplexDouble();
      return Ref(vm::make_complex(vm, z.real(), z.imag()));
    }
    case IValue::Tag::Device: return Ref(stdlib::box(vm, in(v.toDevice())));
    case IValue::Tag::String: return Ref(vm::make_str(vm, v.toStringRef()));
    case IValue::Tag::Tuple: {
      std::vector<Ref> items;
      std::vector<Value> borrowed;
      for (const IValue& x : v.toTupleRef().elements()) {
        items.push_back(to_value(m, x));
        borrowed.push_back(*items.back());
      }
      return Ref(vm::make_tuple(vm, std::span<const Value>(borrowed)));
    }
    case IValue::Tag::GenericList: {
      Ref list(vm::make_list(vm));
      for (const IValue& x : v.list_impl().items) vm::list_append(vm, vm::as<vm::List>(*list), *to_value(m, x));
      return list;
    }
    case IValue::Tag::GenericDict: {
      Ref dict(vm::make_dict(vm));
      for (const auto& e : v.dict_impl().entries)
        if (e.live && !vm::dict_set(vm, vm::as<vm::Dict>(*dict), *to_value(m, e.key), *to_value(m, e.value)))
          throw_pending(vm);
      return dict;
    }
    case IValue::Tag::Object: return v.toObjectRef().handle().value;
    case IValue::Tag::Capsule: break;
  }
  C10_THROW_ERROR(NotImplementedError, "objects of classes of the program cannot be given to scripted code");
}

Ref to_value(MachineLock& m, const IValue& v, TypeId t) {
  vm::VM& vm = m.vm;
  script::Program& program = *m.state.program;
  const ir::Type& type = m.state.types[t];
  switch (type.kind) {
    case TypeKind::Any:
    case TypeKind::ScriptAny: return to_value(m, v);
    case TypeKind::Optional:
      if (v.isNone()) return Ref(Value::none());
      return to_value(m, v, type.args[0]);
    case TypeKind::Union:
      for (TypeId a : program.alternatives(t))
        if (Ref out = to_value(m, v, a); !out->is_unbound()) return out;
      return Ref();
    case TypeKind::Tensor: return v.isTensor() ? to_value(m, v) : Ref();
    case TypeKind::None: return v.isNone() ? to_value(m, v) : Ref();
    case TypeKind::Bool: return v.isBool() ? to_value(m, v) : Ref();
    case TypeKind::I64: return v.isInt() ? to_value(m, v) : Ref();
    case TypeKind::F64: return v.isDouble() ? to_value(m, v) : Ref();
    case TypeKind::Complex: return v.isComplexDouble() ? to_value(m, v) : Ref();
    case TypeKind::Str: return v.isString() ? to_value(m, v) : Ref();
    case TypeKind::Device: return v.isDevice() ? to_value(m, v) : Ref();
    case TypeKind::List: {
      if (!v.isList()) return Ref();
      Ref list(vm::make_list(vm));
      for (const IValue& x : v.list_impl().items) {
        Ref item = to_value(m, x, type.args[0]);
        if (item->is_unbound()) return Ref();
        vm::list_append(vm, vm::as<vm::List>(*list), *item);
      }
      return list;
    }
    case TypeKind::Dict: {
      if (!v.isGenericDict()) return Ref();
      Ref dict(vm::make_dict(vm));
      for (const auto& e : v.dict_impl().entries) {
        if (!e.live) continue;
        Ref key = to_value(m, e.key, type.args[0]), item = to_value(m, e.value, type.args[1]);
        if (key->is_unbound() || item->is_unbound()) return Ref();
        if (!vm::dict_set(vm, vm::as<vm::Dict>(*dict), *key, *item)) throw_pending(vm);
      }
      return dict;
    }
    case TypeKind::Tuple:
    case TypeKind::NamedTuple: {
      if (!v.isTuple() || v.toTupleRef().size() != type.args.size()) return Ref();
      std::vector<Ref> items;
      std::vector<Value> borrowed;
      for (size_t i = 0; i < type.args.size(); i++) {
        items.push_back(to_value(m, v.toTupleRef().elements()[i], type.args[i]));
        if (items.back()->is_unbound()) return Ref();
        borrowed.push_back(*items.back());
      }
      if (type.kind == TypeKind::NamedTuple)
        for (auto& [cls, id] : m.state.tuple_types_)
          if (id == t) return checked(vm, vm::call(vm, Value::object(cls), borrowed));
      return Ref(vm::make_tuple(vm, std::span<const Value>(borrowed)));
    }
    case TypeKind::Class: {
      if (!v.isObject()) return Ref();
      const ClassInfo* info = class_of(m, value_of(v.toObjectRef()));
      return info && program.is_subtype(info->type, t) ? to_value(m, v) : Ref();
    }
    default:
      if (t == types::Number) return v.isScalar() && !v.isBool() ? to_value(m, v) : Ref();
      return to_value(m, v);
  }
}

IValue from_value(MachineLock& m, Value v, TypeId t) {
  vm::VM& vm = m.vm;
  v = vm::unbox(v);
  auto argument = [&](size_t i) { return t && i < m.state.types[t].args.size() ? m.state.types[t].args[i] : TypeId(); };
  if (t && (m.state.types.kind(t) == TypeKind::Optional || m.state.types.kind(t) == TypeKind::Union)) {
    if (v.is_none()) return IValue();
    t = m.state.types.kind(t) == TypeKind::Optional ? argument(0) : TypeId();
  }
  switch (v.tag) {
    case vm::Tag::None: return t == types::Tensor ? IValue(at::Tensor()) : IValue();
    case vm::Tag::Bool: return v.is_true();
    case vm::Tag::Int: return v.i;
    case vm::Tag::Float: return v.d;
    case vm::Tag::DType: return IValue(give(static_cast<ops::DType>(v.i)));
    case vm::Tag::Tensor: return give(stdlib::unpack_tensor(v));
    case vm::Tag::Object: break;
    default: C10_THROW_ERROR(NotImplementedError, "a value of this kind cannot leave scripted code");
  }
  if (vm::is_str(v)) return std::string(vm::text_of(v));
  if (vm::is_kind(v, vm::Kind::Complex))
    return c10::complex<double>(vm::as<vm::Complex>(v)->re, vm::as<vm::Complex>(v)->im);
  if (stdlib::is_device(vm, v)) return give(stdlib::unpack_device(v));
  if (vm::is_kind(v, vm::Kind::List)) {
    auto* in = vm::as<vm::List>(v);
    std::string why;
    if (!argument(0) && in->size) t = m.state.infer_type(v, why);
    auto out = c10::make_intrusive<c10::detail::ListImpl>(type_of(m, argument(0)));
    out->items.reserve(in->size);
    for (uint64_t i = 0; i < in->size; i++) {
      Ref item(vm::list_get(in, i));
      out->items.push_back(from_value(m, *item, argument(0)));
    }
    return out;
  }
  if (vm::is_kind(v, vm::Kind::Dict)) {
    auto* in = vm::as<vm::Dict>(v);
    std::string why;
    if (!argument(0) && in->size) t = m.state.infer_type(v, why);
    auto out = c10::make_intrusive<c10::detail::DictImpl>(type_of(m, argument(0)), type_of(m, argument(1)));
    uint32_t position = 0;
    while (vm::DictEntry* e = vm::dict_next(in, position))
      out->insert(from_value(m, e->key, argument(0)), from_value(m, e->value, argument(1)), true);
    return out;
  }
  if (vm::is_kind(v, vm::Kind::Tuple)) {
    if (TypeId named = m.state.named_tuple_type(v.o->type)) t = named;
    std::vector<IValue> items;
    const std::span<const Value> in = vm::as<vm::Tuple>(v)->span();
    for (size_t i = 0; i < in.size(); i++) items.push_back(from_value(m, in[i], argument(i)));
    if (t && m.state.types.kind(t) == TypeKind::NamedTuple)
      return c10::ivalue::Tuple::createNamed(std::move(items), m.state.types[t].names, m.state.types[t].name);
    return c10::ivalue::Tuple::create(std::move(items));
  }
  return object_of(v);
}

c10::intrusive_ptr<c10::ivalue::Object> object_of(Value v) {
  return c10::make_intrusive<c10::ivalue::Object>(new c10::ivalue::Object::Handle{Ref::copy(v)});
}

ClassInfo* class_of(MachineLock& m, Value object) {
  if (ClassInfo* info = m.state.type_of_script_module(object)) return info;
  return object.is_object() ? m.state.known_class(object.o->type) : nullptr;
}
Value value_of(const c10::ivalue::Object& o) { return *o.handle().value; }

// --- calls -----------------------------------------------------------------------------------------------------------

namespace {

/// Lists and dicts that scripted code may have changed: the program's own get what is in them then.
void give_back(MachineLock& m, const IValue& mine, Value theirs, TypeId t) {
  if (!mine.isList() && !mine.isGenericDict()) return;
  const IValue now = from_value(m, theirs, t);
  if (mine.isList())
    const_cast<c10::detail::ListImpl&>(mine.list_impl()).items = now.list_impl().items;
  else
    mine.to<c10::intrusive_ptr<c10::detail::DictImpl>>()->assign(now.dict_impl());
}

}  // namespace

IValue call(const FunctionHandle& handle, std::vector<IValue> args,
            const std::vector<std::pair<std::string, IValue>>& keywords) {
  MachineLock m;
  script::Function& f = *handle.function;
  const size_t n = f.params.size();
  auto schema = [&] {
    std::ostringstream text;
    text << torch::jit::Function(&handle).getSchema();
    return text.str();
  };
  size_t can_be_positional = 0;
  for (const script::FunctionParam& p : f.params) can_be_positional += !p.keyword_only;
  TORCH_CHECK(args.size() <= can_be_positional, "Expected at most ", can_be_positional, " argument(s) for operator '",
              handle.name, "', but received ", args.size(), " argument(s). Declaration: ", schema());
  stdlib::script_host::HostFunction& host = m.state.host_of(f);
  std::vector<Ref> values(n);
  std::vector<Value> borrowed;
  std::vector<bool> used(keywords.size(), false);
  std::vector<const IValue*> given(n, nullptr);
  for (size_t i = 0; i < n; i++) {
    const script::FunctionParam& p = f.params[i];
    if (i < args.size() && !p.keyword_only) given[i] = &args[i];
    for (size_t k = 0; k < keywords.size() && !given[i]; k++)
      if (keywords[k].first == p.name) {
        given[i] = &keywords[k].second;
        used[k] = true;
      }
    if (given[i]) {
      values[i] = to_value(m, *given[i], p.type);
      if (values[i]->is_unbound()) {
        const std::string expected = type_of(m, p.type)->repr_str();
        TORCH_CHECK(false, handle.name, "() Expected a value of type '", expected, p.is_inferred ? " (inferred)" : "",
                    "' for argument '", p.name, "' but instead found type '", given[i]->type()->repr_str(), "'.\n",
                    p.is_inferred ? "Inferred '" + p.name +
                                        "' to be of type 'Tensor' because it was not annotated with an explicit type.\n"
                                  : std::string(),
                    "Position: ", i, "\nDeclaration: ", schema());
      }
    } else if (i < host.defaults.size() && !host.defaults[i]->is_unbound()) {
      std::string why;
      values[i] = checked(m.vm, m.state.to_script(*host.defaults[i], p.type, why));
    } else {
      TORCH_CHECK(false, handle.name, "() is missing value for argument '", p.name, "'. Declaration: ", schema());
    }
    borrowed.push_back(*values[i]);
  }
  for (size_t k = 0; k < keywords.size(); k++)
    if (!used[k])
      throw std::runtime_error("Unknown keyword argument '" + keywords[k].first + "' for operator '" + handle.name +
                               "'. Schema: " + schema());
  Ref result = checked(m.vm, m.state.run(f, borrowed));
  for (size_t i = 0; i < n; i++)
    if (given[i]) give_back(m, *given[i], borrowed[i], f.params[i].type);
  return from_value(m, *result, f.result);
}

}  // namespace tsvm::frontend

namespace c10::ivalue {

using tsvm::frontend::MachineLock;

Object::~Object() {
  MachineLock m;
  delete handle_;
}
std::string Object::name() const {
  MachineLock m;
  const tsvm::script::ClassInfo* info = tsvm::frontend::class_of(m, *handle_->value);
  return info ? info->name : std::string(tsvm::vm::type_of(m.vm, *handle_->value)->name->view());
}
TypePtr Object::type() const {
  MachineLock m;
  const tsvm::script::ClassInfo* info = tsvm::frontend::class_of(m, *handle_->value);
  if (info) return tsvm::frontend::type_of(m, info->type);
  return Type::make(TypeKind::ClassType, {}, std::string(tsvm::vm::type_of(m.vm, *handle_->value)->name->view()));
}
IValue Object::getAttr(const std::string& name) const {
  MachineLock m;
  const tsvm::script::ClassInfo* info = tsvm::frontend::class_of(m, *handle_->value);
  tsvm::script::TypeId type;
  if (info) {
    if (const tsvm::script::Attribute* a = info->attribute(name)) type = a->type;
    if (const auto* k = info->constant(name)) type = k->type;
  }
  const tsvm::vm::Ref v = tsvm::frontend::checked(m.vm, tsvm::vm::get_attr(m.vm, *handle_->value, m.vm.name(name)));
  return tsvm::frontend::from_value(m, *v, type);
}
bool Object::hasAttr(const std::string& name) const {
  MachineLock m;
  const tsvm::script::ClassInfo* info = tsvm::frontend::class_of(m, *handle_->value);
  return info && (info->attribute(name) || info->constant(name));
}
void Object::setAttr(const std::string& name, IValue v) {
  MachineLock m;
  const tsvm::script::ClassInfo* info = tsvm::frontend::class_of(m, *handle_->value);
  const tsvm::script::Attribute* a = info ? info->attribute(name) : nullptr;
  TORCH_CHECK(a, "Module has no attribute '", name, "'");
  const tsvm::vm::Ref value = tsvm::frontend::to_value(m, v, a->type);
  TORCH_CHECK(!value->is_unbound(), "Expected a value of type '", tsvm::frontend::type_of(m, a->type)->repr_str(),
              "' for field '", name, "', but found '", v.type()->repr_str(), "'");
  const tsvm::script::ClassInfo* inner = m.state.program->class_of(a->type);
  const char* kind = a->is_parameter                                                 ? "parameter"
                     : a->is_buffer                                                  ? "buffer"
                     : inner && inner->kind == tsvm::script::ClassInfo::Kind::Module ? "module"
                                                                                     : "attribute";
  const tsvm::vm::Ref text(tsvm::vm::make_str(m.vm, name)), kind_text(tsvm::vm::make_str(m.vm, kind));
  (void)tsvm::frontend::call_library(m, "set_member", {*handle_->value, *text, *kind_text, *value});
}
bool Object::is_module() const {
  MachineLock m;
  return m.state.type_of_script_module(*handle_->value) != nullptr;
}
bool Object::same(const Object& other) const { return handle_->value->same(*other.handle_->value); }

}  // namespace c10::ivalue
