// nn::Module and the containers.
#include "torch/nn/module.h"

#include <cstdlib>

#include "frontend/convert.h"
#include "torch/nn/modules/container.h"

namespace torch {
namespace detail {
void fail_empty_holder() { TORCH_CHECK(false, "Accessing empty ModuleHolder"); }
}  // namespace detail

namespace nn {

namespace {

std::string join(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

/// Calls f(name, module) for all below `module`, depth first.
template <class F>
void walk_children(const Module& module, const OrderedDict<std::string, std::shared_ptr<Module>>& children,
                   const std::string& prefix, const F& f) {
  (void)module;
  for (const auto& child : children) {
    TORCH_INTERNAL_ASSERT(child.value() != nullptr);
    const std::string name = join(prefix, child.key());
    f(name, child.value());
    walk_children(*child.value(), child.value()->named_children(), name, f);
  }
}

}  // namespace

std::string AnyValue::demangled(const std::type_info& type) { return tsvm::frontend::type_text(type); }
void AnyValue::fail_cast(const std::type_info& wanted) const {
  TORCH_CHECK(false, "Attempted to cast AnyValue to ", demangled(wanted), ", but its actual type is ",
              demangled(type_info()));
}

namespace detail {
void fail_count(const std::type_info& module, size_t expected, size_t given, bool defaults) {
  const std::string name = AnyValue::demangled(module);
  TORCH_CHECK(false, name, "'s forward() method expects ", expected, " argument(s), but received ", given, ".",
              defaults ? " If " + name +
                             "'s forward() method has default arguments, please make sure the forward() method is "
                             "declared with a corresponding `FORWARD_HAS_DEFAULT_ARGS` macro."
                       : std::string());
}
void fail_argument(size_t i, const std::type_info& expected, const std::type_info& given) {
  TORCH_CHECK(false, "Expected argument #", i, " to be of type ", AnyValue::demangled(expected),
              ", but received value of type ", AnyValue::demangled(given));
}
void fail_module(const std::type_info& module, const std::type_info& wanted) {
  TORCH_CHECK(false, "Attempted to cast module of type ", AnyValue::demangled(module), " to type ",
              AnyValue::demangled(wanted));
}
void fail_empty(const char* what) { TORCH_CHECK(false, "Cannot call ", what, "() on an empty AnyModule"); }
}  // namespace detail

Module::Module() : parameters_("Parameter"), buffers_("Buffer"), children_("Submodule") {}
Module::Module(std::string name) : Module() { name_ = std::move(name); }
Module::~Module() = default;

const std::string& Module::name() const noexcept {
  if (!name_) name_ = tsvm::frontend::type_text(typeid(*this));
  return *name_;
}

std::shared_ptr<Module> Module::clone(const optional<Device>&) const {
  TORCH_CHECK(false, "clone() has not been implemented for ", name(), ". Subclass torch::nn::Cloneable<", name(),
              "> instead of torch::nn::Module to inherit the ability to clone.");
}
void Module::clone_(Module&, const optional<Device>&) {}

void Module::begin_clone(Module& copy) const {
  copy.parameters_.clear();
  copy.buffers_.clear();
  copy.children_.clear();
}
void Module::fail_clone() {
  TORCH_CHECK(false,
              "Attempted to clone submodule, but it is of a different type than the submodule it was to be "
              "cloned into");
}
void Module::end_clone(Module& copy, const optional<Device>& device) const { copy.copy_state_from(*this, device); }
void Module::copy_state_from(const Module& other, const optional<Device>& device) {
  TORCH_CHECK(parameters_.size() == other.parameters_.size(),
              "The cloned module does not have the same number of parameters as the original module after calling "
              "reset(). Are you sure you called register_parameter() inside reset() and not the constructor?");
  for (const auto& p : other.named_parameters(/*recurse=*/false)) {
    Tensor& t = parameters_[p.key()];
    t.set_data(p.value().defined() ? p.value().data().clone().to(device ? *device : p.value().device()) : Tensor());
    t.set_requires_grad(p.value().requires_grad());
  }
  TORCH_CHECK(
      buffers_.size() == other.buffers_.size(),
      "The cloned module does not have the same number of buffers as the original module after calling reset(). "
      "Are you sure you called register_buffer() inside reset() and not the constructor?");
  for (const auto& b : other.named_buffers(/*recurse=*/false))
    if (b.value().defined())
      buffers_[b.key()].set_data(b.value().data().clone().to(device ? *device : b.value().device()));
  TORCH_CHECK(children_.size() == other.children_.size(),
              "The cloned module does not have the same number of child modules as the original module after calling "
              "reset(). Are you sure you called register_module() inside reset() and not the constructor?");
  for (const auto& c : other.children_) children_[c.key()]->clone_(*c.value(), device);
  is_training_ = other.is_training_;
}

std::shared_ptr<Module> Module::shared_from_this_checked() const {
  std::shared_ptr<const Module> p;
  try {
    p = shared_from_this();
  } catch (const std::bad_weak_ptr&) {
    TORCH_CHECK(false,
                "It looks like you attempted to retrieve your top-level module as a shared_ptr, but it is not "
                "stored in a shared_ptr. Use std::make_shared<",
                name(),
                "> instead of creating your module on "
                "the stack, or alternatively do not try to access your top-level module at all by passing "
                "/*include_self=*/false to modules() or named_modules()");
  }
  return std::const_pointer_cast<Module>(p);
}

void Module::apply(const ModuleApplyFunction& f) {
  f(*this);
  walk_children(*this, children_, {}, [&](const std::string&, const std::shared_ptr<Module>& m) { f(*m); });
}
void Module::apply(const ConstModuleApplyFunction& f) const {
  f(*this);
  walk_children(*this, children_, {}, [&](const std::string&, const std::shared_ptr<Module>& m) { f(*m); });
}
void Module::apply(const NamedModuleApplyFunction& f, const std::string& prefix) {
  f(prefix, *this);
  walk_children(*this, children_, prefix,
                [&](const std::string& name, const std::shared_ptr<Module>& m) { f(name, *m); });
}
void Module::apply(const ConstNamedModuleApplyFunction& f, const std::string& prefix) const {
  f(prefix, *this);
  walk_children(*this, children_, prefix,
                [&](const std::string& name, const std::shared_ptr<Module>& m) { f(name, *m); });
}
void Module::apply(const ModulePointerApplyFunction& f) const {
  f(shared_from_this_checked());
  walk_children(*this, children_, {}, [&](const std::string&, const std::shared_ptr<Module>& m) { f(m); });
}
void Module::apply(const NamedModulePointerApplyFunction& f, const std::string& prefix) const {
  f(prefix, shared_from_this_checked());
  walk_children(*this, children_, prefix, f);
}

std::vector<Tensor> Module::parameters(bool recurse) const { return named_parameters(recurse).values(); }
OrderedDict<std::string, Tensor> Module::named_parameters(bool recurse) const {
  OrderedDict<std::string, Tensor> out("Parameter");
  auto add = [&](const std::string& prefix, const Module& m) {
    for (const auto& p : m.parameters_)
      if (p.value().defined()) out.insert(join(prefix, p.key()), p.value());
  };
  add({}, *this);
  if (recurse)
    walk_children(*this, children_, {},
                  [&](const std::string& name, const std::shared_ptr<Module>& m) { add(name, *m); });
  return out;
}
std::vector<Tensor> Module::buffers(bool recurse) const { return named_buffers(recurse).values(); }
OrderedDict<std::string, Tensor> Module::named_buffers(bool recurse) const {
  OrderedDict<std::string, Tensor> out("Buffer");
  auto add = [&](const std::string& prefix, const Module& m) {
    for (const auto& b : m.buffers_)
      if (b.value().defined()) out.insert(join(prefix, b.key()), b.value());
  };
  add({}, *this);
  if (recurse)
    walk_children(*this, children_, {},
                  [&](const std::string& name, const std::shared_ptr<Module>& m) { add(name, *m); });
  return out;
}
std::vector<std::shared_ptr<Module>> Module::modules(bool include_self) const {
  return named_modules({}, include_self).values();
}
OrderedDict<std::string, std::shared_ptr<Module>> Module::named_modules(const std::string& prefix,
                                                                        bool include_self) const {
  OrderedDict<std::string, std::shared_ptr<Module>> out("Module");
  if (include_self) out.insert(prefix, shared_from_this_checked());
  walk_children(*this, children_, prefix,
                [&](const std::string& name, const std::shared_ptr<Module>& m) { out.insert(name, m); });
  return out;
}
std::vector<std::shared_ptr<Module>> Module::children() const { return children_.values(); }
OrderedDict<std::string, std::shared_ptr<Module>> Module::named_children() const { return children_; }

void Module::train(bool on) {
  for (auto& child : children_) child.value()->train(on);
  is_training_ = on;
}

namespace {
template <class... Args>
void convert(OrderedDict<std::string, Tensor>& tensors, bool floating_only, const Args&... args) {
  for (auto& t : tensors) {
    if (!t.value().defined()) continue;
    if (floating_only && !t.value().is_floating_point() && !t.value().is_complex()) continue;
    t.value().set_data(t.value().data().to(args...));
  }
}
}  // namespace

void Module::to(Device device, Dtype dtype, bool non_blocking) {
  for (auto& child : children_) child.value()->to(device, dtype, non_blocking);
  convert(parameters_, false, device, dtype, non_blocking);
  convert(buffers_, true, device, dtype, non_blocking);
}
void Module::to(Dtype dtype, bool non_blocking) {
  for (auto& child : children_) child.value()->to(dtype, non_blocking);
  convert(parameters_, false, dtype, non_blocking);
  convert(buffers_, true, dtype, non_blocking);
}
void Module::to(Device device, bool non_blocking) {
  for (auto& child : children_) child.value()->to(device, non_blocking);
  convert(parameters_, false, TensorOptions(device), non_blocking);
  convert(buffers_, false, TensorOptions(device), non_blocking);
}
void Module::zero_grad(bool set_to_none) {
  for (auto& child : children_) child.value()->zero_grad(set_to_none);
  for (auto& p : parameters_) {
    if (!p.value().defined()) continue;
    Tensor& grad = p.value().mutable_grad();
    if (!grad.defined()) continue;
    if (set_to_none) {
      grad.reset();
    } else {
      grad.detach_();
      grad.zero_();
    }
  }
}

void Module::pretty_print(std::ostream& stream) const { stream << name(); }
void Module::pretty_print_recursive(std::ostream& stream, const std::string& indentation) const {
  pretty_print(stream);
  if (children_.is_empty()) return;
  stream << "(\n";
  const std::string next = indentation + "  ";
  for (const auto& child : children_) {
    stream << next << "(" << child.key() << "): ";
    child.value()->pretty_print_recursive(stream, next);
    stream << '\n';
  }
  stream << indentation << ")";
}
std::ostream& operator<<(std::ostream& stream, const Module& module) {
  module.pretty_print_recursive(stream, "");
  return stream;
}

namespace {
void check_name(const char* what, const std::string& name) {
  TORCH_CHECK(!name.empty(), what, " name must not be empty");
  TORCH_CHECK(name.find('.') == std::string::npos, what, " name must not contain a dot (got '", name, "')");
}
}  // namespace

Tensor& Module::register_parameter(std::string name, Tensor tensor, bool requires_grad) {
  check_name("Parameter", name);
  if (!tensor.defined()) {
    if (requires_grad)
      TORCH_WARN("An undefined tensor cannot require grad. ", "Ignoring the `requires_grad=true` function parameter.");
  } else {
    tensor.set_requires_grad(requires_grad);
  }
  return parameters_.insert(std::move(name), std::move(tensor));
}
Tensor& Module::register_buffer(std::string name, Tensor tensor) {
  check_name("Buffer", name);
  return buffers_.insert(std::move(name), std::move(tensor));
}
void Module::add_module(std::string name, std::shared_ptr<Module> module) {
  check_name("Submodule", name);
  children_.insert(std::move(name), std::move(module));
}
void Module::set_module(const std::string& name, std::shared_ptr<Module> module) {
  children_[name] = std::move(module);
}
void Module::unregister_module(const std::string& name) {
  TORCH_CHECK(children_.contains(name), "No Module with name `", name, "` is registered");
  children_.erase(name);
}

// --- containers ------------------------------------------------------------------------------------------------------

std::shared_ptr<Module> SequentialImpl::clone(const optional<Device>& device) const {
  auto copy = std::make_shared<SequentialImpl>();
  for (size_t i = 0; i < modules_.size(); i++) copy->push_back(named_children()[i].key(), modules_[i].clone(device));
  return copy;
}
void SequentialImpl::pretty_print(std::ostream& stream) const { stream << "torch::nn::Sequential"; }

std::shared_ptr<Module> ModuleListImpl::clone(const optional<Device>& device) const {
  auto copy = std::make_shared<ModuleListImpl>();
  for (const auto& m : modules_) copy->push_back(m->clone(device));
  return copy;
}
void ModuleListImpl::pretty_print(std::ostream& stream) const { stream << "torch::nn::ModuleList"; }
void ModuleListImpl::insert(size_t index, std::shared_ptr<Module> module) {
  TORCH_CHECK(index <= size(), "Index out of range");
  if (index == size()) return push_back(std::move(module));
  modules_.insert(modules_.begin() + static_cast<ptrdiff_t>(index), std::move(module));
  for (size_t i = index; i < size() - 1; i++) replace_module(std::to_string(i), modules_[i]);
  register_module(std::to_string(size() - 1), modules_.back());
}

std::shared_ptr<Module> ModuleDictImpl::clone(const optional<Device>& device) const {
  auto copy = std::make_shared<ModuleDictImpl>();
  for (const auto& m : modules_) copy->insert(m.key(), m.value()->clone(device));
  return copy;
}
void ModuleDictImpl::pretty_print(std::ostream& stream) const { stream << "torch::nn::ModuleDict"; }
void ModuleDictImpl::clear() {
  for (const auto& key : modules_.keys()) unregister_module(key);
  modules_.clear();
}
std::shared_ptr<Module> ModuleDictImpl::pop(const std::string& key) {
  auto module = modules_[key];
  modules_.erase(key);
  unregister_module(key);
  return module;
}
void ModuleDictImpl::update(const std::vector<std::pair<std::string, std::shared_ptr<Module>>>& modules) {
  for (const auto& m : modules) insert(m.first, m.second);
}
void ModuleDictImpl::insert(const std::string& key, std::shared_ptr<Module> module) {
  if (contains(key)) {
    modules_[key] = module;
    replace_module(key, module);
  } else {
    modules_.insert(key, module);
    register_module(key, module);
  }
}

namespace {
void print_parameters(std::ostream& stream, const char* type, const OrderedDict<std::string, Tensor>& parameters) {
  stream << "torch::nn::" << type << "(" << std::endl;
  for (const auto& p : parameters)
    stream << "(" << p.key() << "): Parameter containing: [" << p.value().scalar_type() << " of size "
           << p.value().sizes() << "]" << std::endl;
  stream << ")";
}
}  // namespace
void ParameterListImpl::pretty_print(std::ostream& stream) const {
  print_parameters(stream, "ParameterList", parameters_);
}
void ParameterDictImpl::pretty_print(std::ostream& stream) const {
  print_parameters(stream, "ParameterDict", parameters_);
}
void FunctionalImpl::pretty_print(std::ostream& stream) const { stream << "torch::nn::Functional()"; }

}  // namespace nn
}  // namespace torch
