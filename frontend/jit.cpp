// torch::jit: modules, methods, functions and compilation units over the virtual machine.
#include "torch/jit.h"

#include <fstream>
#include <iostream>
#include <sstream>

#include "frontend/convert.h"
#include "frontend/machine.h"
#include "ir/script/compiler.h"
#include "stdlib/native/script/archive.h"
#include "stdlib/native/script/graph_objects.h"
#include "torch/autograd.h"
#include "vm/make.h"
#include "vm/runtime.h"

namespace c10 {

std::ostream& operator<<(std::ostream& out, const FunctionSchema& schema) {
  out << schema.name();
  if (!schema.overload_name().empty()) out << "." << schema.overload_name();
  out << "(";
  bool keyword_only = false;
  for (size_t i = 0; i < schema.arguments().size(); i++) {
    const Argument& a = schema.arguments()[i];
    if (i) out << ", ";
    if (a.kwarg_only() && !keyword_only) out << "*, ";
    keyword_only = keyword_only || a.kwarg_only();
    out << a.type()->str() << " " << a.name();
    if (a.default_value()) a.default_value()->repr(out << "=");
  }
  out << ") -> ";
  const auto& returns = schema.returns();
  if (returns.size() == 1) return out << returns[0].type()->str();
  out << "(";
  for (size_t i = 0; i < returns.size(); i++) out << (i ? ", " : "") << returns[i].type()->str();
  return out << ")";
}

}  // namespace c10

namespace torch {
namespace jit {

using tsvm::frontend::call_library;
using tsvm::frontend::checked;
using tsvm::frontend::FunctionHandle;
using tsvm::frontend::handle_of;
using tsvm::frontend::MachineLock;
using tsvm::frontend::throw_report;
using tsvm::frontend::value_of;
using tsvm::stdlib::script_host::guarded_compile;
using tsvm::vm::Ref;
using tsvm::vm::Value;
namespace frontend = tsvm::frontend;
namespace script_ir = tsvm::script;
namespace vm = tsvm::vm;

// --- graphs ----------------------------------------------------------------------------------------------------------

std::string Graph::toString(bool print_source_locations) const {
  if (print_source_locations) return text_;
  std::string out;
  std::istringstream lines(text_);
  for (std::string line; std::getline(lines, line);) {
    const size_t at = line.rfind(" # ");
    out += (at == std::string::npos ? line : line.substr(0, at)) + "\n";
  }
  return out;
}
void Graph::dump() const { std::cout << text_; }
std::ostream& operator<<(std::ostream& out, const Graph& g) { return out << g.toString(); }

// --- functions -------------------------------------------------------------------------------------------------------

const std::string& Function::name() const { return handle_->name; }
c10::QualifiedName Function::qualname() const {
  const script_ir::Function& f = *handle_->function;
  return f.owner ? f.qualified_name : f.name;
}
size_t Function::num_inputs() const { return handle_->function->params.size(); }

FunctionSchema Function::getSchema() const {
  MachineLock m;
  script_ir::Function& f = *handle_->function;
  if (!guarded_compile(m.vm, [&] { m.state.emit(f); })) throw_report(m.vm);
  const tsvm::stdlib::script_host::HostFunction& host = m.state.host_of(f);
  FunctionSchema schema;
  schema.name_ = handle_->name;
  for (size_t i = 0; i < f.params.size(); i++) {
    const script_ir::FunctionParam& p = f.params[i];
    Argument a;
    a.name_ = p.name;
    a.type_ = frontend::type_of(m, p.type);
    a.kwarg_only_ = p.keyword_only;
    a.is_inferred_ = p.is_inferred;
    if (i < host.defaults.size() && !host.defaults[i]->is_unbound())
      a.default_value_ = frontend::from_value(m, *host.defaults[i], p.type);
    schema.arguments_.push_back(std::move(a));
  }
  Argument result;
  result.type_ = frontend::type_of(m, f.result);
  schema.returns_.push_back(std::move(result));
  return schema;
}

std::shared_ptr<Graph> Function::graph() const {
  MachineLock m;
  const Ref text = checked(m.vm, tsvm::stdlib::script_host::graph_text(m.vm, *handle_->function));
  return std::make_shared<Graph>(std::string(vm::text_of(*text)));
}
IValue Function::operator()(std::vector<IValue> stack, const Kwargs& kwargs) const {
  return frontend::call(*handle_, std::move(stack), {kwargs.begin(), kwargs.end()});
}
void Function::run(Stack& stack) const {
  Stack args(std::make_move_iterator(stack.end() - static_cast<std::ptrdiff_t>(std::min(stack.size(), num_inputs()))),
             std::make_move_iterator(stack.end()));
  stack.resize(stack.size() - args.size());
  stack.push_back((*this)(std::move(args)));
}

Module Method::owner() const { return Module(owner_); }
IValue Method::operator()(std::vector<IValue> stack, const Kwargs& kwargs) const {
  stack.insert(stack.begin(), IValue(owner_));
  return function_(std::move(stack), kwargs);
}
void Method::run(Stack& stack) const {
  stack.insert(stack.begin(), IValue(owner_));
  function_.run(stack);
}

// --- objects ---------------------------------------------------------------------------------------------------------

ObjectPtr Object::_ivalue() const {
  TORCH_CHECK(value_, "the module or object is empty: nothing was loaded into it");
  return value_;
}
IValue Object::attr(const std::string& name) const {
  if (!hasattr(name)) throw ObjectAttributeError(_ivalue()->name() + " does not have a field with name '" + name + "'");
  return _ivalue()->getAttr(name);
}
IValue Object::attr(const std::string& name, IValue or_else) const {
  return hasattr(name) ? _ivalue()->getAttr(name) : std::move(or_else);
}
void Object::setattr(const std::string& name, IValue v) {
  {
    MachineLock m;
    const script_ir::ClassInfo* info = frontend::class_of(m, value_of(*_ivalue()));
    if (info && info->constant(name))
      TORCH_CHECK(false, "Can't set constant '", name, "' which has value:", _ivalue()->getAttr(name));
  }
  _ivalue()->setAttr(name, std::move(v));
}
c10::optional<Method> Object::find_method(const std::string& name) const {
  MachineLock m;
  script_ir::ClassInfo* info = frontend::class_of(m, value_of(*_ivalue()));
  script_ir::Function* f = info ? info->method(name) : nullptr;
  if (!f) return c10::nullopt;
  return Method(_ivalue(), Function(handle_of(m, f)));
}
Method Object::get_method(const std::string& name) const {
  c10::optional<Method> method = find_method(name);
  TORCH_CHECK(method, "Method '", name, "' is not defined.");
  return *method;
}
std::vector<Method> Object::get_methods() const {
  MachineLock m;
  std::vector<Method> out;
  if (script_ir::ClassInfo* info = frontend::class_of(m, value_of(*_ivalue())))
    for (script_ir::Function* f : info->methods) out.emplace_back(_ivalue(), Function(handle_of(m, f)));
  return out;
}
size_t Object::num_slots() const {
  MachineLock m;
  const script_ir::ClassInfo* info = frontend::class_of(m, value_of(*_ivalue()));
  return info ? info->attributes.size() : 0;
}

namespace {

/// Sources: kept as long as the machine, as the functions that stand in them.
tsvm::stdlib::script_host::Importer* new_importer(MachineLock& m) {
  return new tsvm::stdlib::script_host::Importer(m.state, Value::none(), Value::none(), 10);
}

std::vector<script_ir::Function*> compile_source(MachineLock& m, tsvm::stdlib::script_host::Importer& importer,
                                                 const std::string& source, script_ir::ClassInfo* owner) {
  const Ref given(vm::make_str(m.vm, source));
  const Ref text = call_library(m, "dedent", {*given});
  std::vector<script_ir::Function*> functions;
  const bool ok = guarded_compile(m.vm, [&] {
    functions = importer.add_source(std::string(vm::text_of(*text)), owner);
    for (script_ir::Function* f : functions) m.state.emit(*f);
  });
  if (!ok) throw_report(m.vm);
  return functions;
}

ObjectPtr object_from(MachineLock& m, const char* function, std::vector<Value> args) {
  const Ref made = call_library(m, function, std::move(args));
  return frontend::object_of(*made);
}

}  // namespace

void Object::define(const std::string& source) {
  MachineLock m;
  const Value self = value_of(*_ivalue());
  compile_source(m, *new_importer(m), source, frontend::class_of(m, self));
  (void)call_library(m, "finish", {self});
}
Object Object::copy() const {
  MachineLock m;
  return object_from(m, "shallow_copy", {value_of(*_ivalue())});
}
Object Object::deepcopy() const {
  MachineLock m;
  return object_from(m, "deepcopy", {value_of(*_ivalue())});
}

// --- modules ---------------------------------------------------------------------------------------------------------

Module::Module(const c10::QualifiedName& class_name) {
  MachineLock m;
  const std::string& given = class_name.qualifiedName();
  script_ir::Program& program = *m.state.program;
  const std::string name = program.unique_name(given.rfind("__torch__", 0) == 0 ? given : "__torch__." + given);
  script_ir::ClassInfo* info = program.add_class(script_ir::ClassInfo::Kind::Module, name);
  const Ref text(vm::make_str(m.vm, class_name.name()));
  value_ = object_from(m, "new_module", {Value::integer(info->type.index), *text});
}

IValue Module::operator()(std::vector<IValue> inputs) {
  MachineLock m;
  const script_ir::ClassInfo* info = frontend::class_of(m, value_of(*_ivalue()));
  if (info->hooks.empty() && info->pre_hooks.empty()) return forward(std::move(inputs));
  const Ref args = frontend::to_value(m, IValue(c10::ivalue::Tuple::create(std::move(inputs))));
  const Ref result = call_library(m, "call", {value_of(*_ivalue()), *args});
  const script_ir::Function* forward = info->method("forward");
  return frontend::from_value(m, *result, forward ? forward->result : script_ir::TypeId());
}

void Module::register_attribute(const std::string& name, const c10::TypePtr& type, IValue v, bool is_param,
                                bool is_buffer) {
  MachineLock m;
  script_ir::ClassInfo* info = frontend::class_of(m, value_of(*_ivalue()));
  const script_ir::TypeId t = frontend::type_of(m, type);
  if (const script_ir::Attribute* known = info->attribute(name)) {
    TORCH_CHECK(known->type == t && known->is_parameter == is_param && known->is_buffer == is_buffer,
                "the module has an attribute '", name, "' of another kind");
  } else {
    info->attributes.push_back({name, t, is_param, is_buffer});
    if (type->is_module()) info->submodules.push_back(name);
  }
  // An undefined tensor stands for None.
  const bool is_none = v.isTensor() && !v.toTensor().defined();
  _ivalue()->setAttr(name, is_none && type->kind() != c10::TypeKind::TensorType ? IValue() : std::move(v));
}
void Module::register_buffer(const std::string& name, at::Tensor v) {
  register_attribute(name, c10::TensorType::get(), std::move(v), false, true);
}
void Module::register_parameter(const std::string& name, at::Tensor v, bool is_buffer) {
  register_attribute(name, c10::TensorType::get(), std::move(v), !is_buffer, is_buffer);
}
void Module::register_module(const std::string& name, const Module& module) {
  register_attribute(name, module.type(), IValue(module._ivalue()));
}
void Module::apply(const std::function<void(Module&)>& fn) {
  for (Module child : modules()) fn(child);
}

namespace {

enum class Slots { Parameters, Buffers, Attributes, Modules };

/// The attributes of a kind in order, those of submodules behind the submodule.
void collect(MachineLock& m, const Module& module, Slots kind, bool recurse, const std::string& prefix,
             std::vector<NameValue>& out) {
  const ObjectPtr object = module._ivalue();
  const script_ir::ClassInfo* info = frontend::class_of(m, value_of(*object));
  for (const script_ir::Attribute& a : info->attributes) {
    const script_ir::ClassInfo* inner = m.state.program->class_of(a.type);
    const bool is_module = inner && inner->kind == script_ir::ClassInfo::Kind::Module;
    const bool wanted = kind == Slots::Parameters ? a.is_parameter
                        : kind == Slots::Buffers  ? a.is_buffer
                        : kind == Slots::Modules  ? is_module
                                                  : true;
    if (!wanted && !(recurse && is_module)) continue;
    IValue value = object->getAttr(a.name);
    const bool tensors = kind == Slots::Parameters || kind == Slots::Buffers;
    if (wanted && (!tensors || value.isTensor())) out.push_back({prefix + a.name, value});
    if (recurse && is_module && value.isObject())
      collect(m, Module(value.toObject()), kind, true, prefix + a.name + ".", out);
  }
}

std::vector<NameValue> slots(const Module& module, Slots kind, bool recurse) {
  MachineLock m;
  std::vector<NameValue> out;
  collect(m, module, kind, recurse, "", out);
  return out;
}

at::Tensor convert(const IValue& v, at::Tensor*) { return v.toTensor(); }
Module convert(const IValue& v, Module*) { return Module(v.toObject()); }
IValue convert(const IValue& v, IValue*) { return v; }
template <class T>
Named<T> convert(const NameValue& v, Named<T>*) {
  return {v.name, convert(v.value, static_cast<T*>(nullptr))};
}
template <class T>
T convert(const NameValue& v, T* kind) {
  return convert(v.value, kind);
}
template <class T>
slot_list_impl<T> list_of(const std::vector<NameValue>& found) {
  std::vector<T> out;
  for (const NameValue& v : found) out.push_back(convert(v, static_cast<T*>(nullptr)));
  return slot_list_impl<T>(std::move(out));
}
std::vector<NameValue> with_root(const Module& module) {
  std::vector<NameValue> out = slots(module, Slots::Modules, true);
  out.insert(out.begin(), {"", IValue(module._ivalue())});
  return out;
}

}  // namespace

parameter_list Module::parameters(bool recurse) const {
  return list_of<at::Tensor>(slots(*this, Slots::Parameters, recurse));
}
named_parameter_list Module::named_parameters(bool recurse) const {
  return list_of<NameTensor>(slots(*this, Slots::Parameters, recurse));
}
buffer_list Module::buffers(bool recurse) const { return list_of<at::Tensor>(slots(*this, Slots::Buffers, recurse)); }
named_buffer_list Module::named_buffers(bool recurse) const {
  return list_of<NameTensor>(slots(*this, Slots::Buffers, recurse));
}
attribute_list Module::attributes(bool recurse) const {
  return list_of<IValue>(slots(*this, Slots::Attributes, recurse));
}
named_attribute_list Module::named_attributes(bool recurse) const {
  return named_attribute_list(slots(*this, Slots::Attributes, recurse));
}
module_list Module::children() const { return list_of<Module>(slots(*this, Slots::Modules, false)); }
named_module_list Module::named_children() const { return list_of<NameModule>(slots(*this, Slots::Modules, false)); }
module_list Module::modules() const { return list_of<Module>(with_root(*this)); }
named_module_list Module::named_modules() const { return list_of<NameModule>(with_root(*this)); }

void Module::train(bool on) {
  for (Module module : modules())
    if (module.hasattr("training")) module._ivalue()->setAttr("training", on);
}

namespace {
template <class F>
void each_tensor(const Module& module, F&& convert_tensor) {
  c10::AutoGradMode off(false);
  for (const Slots kind : {Slots::Parameters, Slots::Buffers})
    for (const NameValue& v : slots(module, kind, true)) {
      at::Tensor t = v.value.toTensor();
      if (t.defined()) t.set_data(convert_tensor(t));
    }
}
}  // namespace
void Module::to(at::Device device, at::ScalarType dtype, bool non_blocking) {
  each_tensor(*this, [&](const at::Tensor& t) { return t.to(device, dtype, non_blocking); });
}
void Module::to(at::ScalarType dtype, bool non_blocking) {
  each_tensor(*this, [&](const at::Tensor& t) { return t.to(dtype, non_blocking); });
}
void Module::to(at::Device device, bool non_blocking) {
  each_tensor(*this, [&](const at::Tensor& t) { return t.to(device, t.scalar_type(), non_blocking); });
}

namespace {

Ref dict_of(MachineLock& m, const ExtraFilesMap& files) {
  Ref dict(vm::make_dict(m.vm));
  for (const auto& [name, text] : files) {
    const Ref bytes(vm::make_bytes(m.vm, text));
    vm::dict_set(m.vm, vm::as<vm::Dict>(*dict), name, *bytes);
  }
  return dict;
}

std::string indented(const std::string& prefix, const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out += prefix + line + "\n";
  return out;
}

}  // namespace

void Module::save(std::ostream& out, const ExtraFilesMap& extra_files) const {
  MachineLock m;
  const Ref files = dict_of(m, extra_files);
  const Ref bytes = call_library(m, "save", {value_of(*_ivalue()), Value::none(), *files});
  const std::string_view text = vm::bytes_of(*bytes);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
}
void Module::save(const std::string& filename, const ExtraFilesMap& extra_files) const {
  MachineLock m;
  const Ref files = dict_of(m, extra_files), name(vm::make_str(m.vm, filename));
  (void)call_library(m, "save", {value_of(*_ivalue()), *name, *files});
}

std::string Module::dump_to_str(bool print_method_bodies, bool print_attr_values, bool print_param_values) const {
  std::ostringstream parameters, attributes, methods, out;
  for (const NameTensor& p : named_parameters(/*recurse=*/false)) {
    parameters << p.name << " = ";
    print_param_values ? parameters << p.value << "\n" : parameters << "...\n";
  }
  for (const NameValue& a : named_attributes(/*recurse=*/false)) {
    attributes << a.name << " = ";
    !a.value.isTensor() || print_attr_values ? attributes << a.value << "\n" : attributes << "...\n";
  }
  for (const Method& method : get_methods()) {
    methods << "  method " << method.name() << " {\n";
    if (print_method_bodies) methods << indented("    ", method.graph()->toString()) << "\n";
    methods << "  }\n";
  }
  out << "module " << _ivalue()->name() << " {\n";
  out << "  parameters {\n" << indented("    ", parameters.str()) << "  }\n";
  out << "  attributes {\n" << indented("    ", attributes.str()) << "  }\n";
  out << "  methods {\n" << indented("  ", methods.str()) << "  }\n";
  out << "  submodules {\n";
  for (const NameModule& s : named_children())
    out << indented("    ", s.value.dump_to_str(print_method_bodies, print_attr_values, print_param_values));
  out << "  }\n}\n";
  return out.str();
}
void Module::dump(bool print_method_bodies, bool print_attr_values, bool print_param_values) const {
  std::cout << dump_to_str(print_method_bodies, print_attr_values, print_param_values) << std::endl;
}

// --- archives --------------------------------------------------------------------------------------------------------

namespace {

Module load_from(MachineLock& m, Value data, c10::optional<at::Device> device, ExtraFilesMap& extra_files) {
  const Ref files = dict_of(m, extra_files);
  const Ref where = device ? frontend::to_value(m, IValue(*device)) : Ref(Value::none());
  Module module(object_from(m, "load", {data, *where, *files}));
  for (auto& [name, text] : extra_files) {
    const Value found = vm::dict_get_borrow(vm::as<vm::Dict>(*files), m.vm.name(name));
    if (vm::is_bytes_like(found)) text = vm::bytes_of(found);
    if (vm::is_str(found)) text = vm::text_of(found);
  }
  return module;
}

}  // namespace

Module load(const std::string& filename, c10::optional<at::Device> device, ExtraFilesMap& extra_files) {
  {
    const std::ifstream file(filename, std::ios::binary);
    TORCH_CHECK(file, "open file failed because of errno ", errno, " on fopen: , file path: ", filename);
  }
  MachineLock m;
  const Ref name(vm::make_str(m.vm, filename));
  return load_from(m, *name, device, extra_files);
}
Module load(std::istream& in, c10::optional<at::Device> device, ExtraFilesMap& extra_files) {
  std::ostringstream text;
  text << in.rdbuf();
  MachineLock m;
  const Ref bytes(vm::make_bytes(m.vm, text.str()));
  return load_from(m, *bytes, device, extra_files);
}
Module load(const std::string& filename, c10::optional<at::Device> device) {
  ExtraFilesMap none;
  return load(filename, device, none);
}
Module load(std::istream& in, c10::optional<at::Device> device) {
  ExtraFilesMap none;
  return load(in, device, none);
}

Module freeze(const Module& module, c10::optional<std::vector<std::string>> preserved_attrs, bool) {
  TORCH_CHECK(!module.hasattr("training") || !module.is_training(),
              "Freezing is currently only implemented for modules in eval mode. Please call .eval() before freezing");
  MachineLock m;
  const Value self = value_of(*module._ivalue());
  const Ref names = preserved_attrs ? frontend::to_value(m, IValue(*preserved_attrs)) : Ref(Value::none());
  if (module.hasattr("training")) return Module(object_from(m, "freeze", {self, *names}));
  // A module without the attribute counts as one in evaluation mode.
  const Module copy = module.deepcopy();
  const Ref name(vm::make_str(m.vm, "training")), kind(vm::make_str(m.vm, "attribute"));
  (void)call_library(m, "set_member", {value_of(*copy._ivalue()), *name, *kind, Value::boolean(false)});
  return Module(object_from(m, "freeze", {value_of(*copy._ivalue()), *names}));
}
Module optimize_for_inference(Module& module, const std::vector<std::string>& other_methods) {
  if (module.hasattr("training")) module.eval();
  return freeze(module, other_methods);
}

// --- compilation units -----------------------------------------------------------------------------------------------

struct CompilationUnit::State {
  std::vector<std::unique_ptr<Function>> functions;
  tsvm::stdlib::script_host::Importer* importer = nullptr;
};

CompilationUnit::CompilationUnit() : state_(std::make_shared<State>()) {}
CompilationUnit::CompilationUnit(const std::string& source) : CompilationUnit() { define(source); }
CompilationUnit::~CompilationUnit() = default;

std::vector<Function*> CompilationUnit::define(const std::string& source) {
  MachineLock m;
  if (!state_->importer) state_->importer = new_importer(m);
  std::vector<Function*> out;
  for (script_ir::Function* f : compile_source(m, *state_->importer, source, nullptr)) {
    state_->functions.push_back(std::make_unique<Function>(handle_of(m, f)));
    out.push_back(state_->functions.back().get());
  }
  return out;
}
Function* CompilationUnit::find_function(const c10::QualifiedName& name) const {
  for (const auto& f : state_->functions)
    if (f->name() == name.qualifiedName()) return f.get();
  return nullptr;
}
Function& CompilationUnit::get_function(const c10::QualifiedName& name) const {
  Function* f = find_function(name);
  TORCH_CHECK(f, "attempted to get undefined function ", name.name());
  return *f;
}
std::vector<Function*> CompilationUnit::get_functions() const {
  std::vector<Function*> out;
  for (const auto& f : state_->functions) out.push_back(f.get());
  return out;
}
std::shared_ptr<CompilationUnit> compile(const std::string& source) {
  return std::make_shared<CompilationUnit>(source);
}

// --- settings --------------------------------------------------------------------------------------------------------

namespace {
bool optimize = true, profiling = true, executor = true, fuser = true;
}
void setGraphExecutorOptimize(bool on) { optimize = on; }
bool getGraphExecutorOptimize() { return optimize; }
bool& getProfilingMode() { return profiling; }
bool& getExecutorMode() { return executor; }
void setTensorExprFuserEnabled(bool on) { fuser = on; }
bool tensorExprFuserEnabled() { return fuser; }

}  // namespace jit
}  // namespace torch
