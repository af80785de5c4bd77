// torch::nn::Module: parameters, buffers and submodules by name; ModuleHolder and TORCH_MODULE.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "torch/autograd.h"
#include "torch/ordered_dict.h"
#include "torch/types.h"

namespace torch {

namespace serialize {
class OutputArchive;
class InputArchive;
}  // namespace serialize

namespace detail {
struct ModuleHolderIndicator {};
[[noreturn]] void fail_empty_holder();
template <class T>
using is_module_holder = std::is_base_of<ModuleHolderIndicator, std::decay_t<T>>;
}  // namespace detail

namespace nn {

template <class Contained>
class ModuleHolder;

class Module : public std::enable_shared_from_this<Module> {
 public:
  using ModuleApplyFunction = std::function<void(Module&)>;
  using ConstModuleApplyFunction = std::function<void(const Module&)>;
  using NamedModuleApplyFunction = std::function<void(const std::string&, Module&)>;
  using ConstNamedModuleApplyFunction = std::function<void(const std::string&, const Module&)>;
  using ModulePointerApplyFunction = std::function<void(const std::shared_ptr<Module>&)>;
  using NamedModulePointerApplyFunction = std::function<void(const std::string&, const std::shared_ptr<Module>&)>;

  Module();
  explicit Module(std::string name);
  Module(const Module&) = default;
  Module& operator=(const Module&) = default;
  Module(Module&&) noexcept = default;
  Module& operator=(Module&&) noexcept = default;
  virtual ~Module();

  /// The given name, or the class's.
  const std::string& name() const noexcept;
  virtual std::shared_ptr<Module> clone(const optional<Device>& device = nullopt) const;

  void apply(const ModuleApplyFunction& f);
  void apply(const ConstModuleApplyFunction& f) const;
  void apply(const NamedModuleApplyFunction& f, const std::string& name_prefix = std::string());
  void apply(const ConstNamedModuleApplyFunction& f, const std::string& name_prefix = std::string()) const;
  void apply(const ModulePointerApplyFunction& f) const;
  void apply(const NamedModulePointerApplyFunction& f, const std::string& name_prefix = std::string()) const;

  std::vector<Tensor> parameters(bool recurse = true) const;
  OrderedDict<std::string, Tensor> named_parameters(bool recurse = true) const;
  std::vector<Tensor> buffers(bool recurse = true) const;
  OrderedDict<std::string, Tensor> named_buffers(bool recurse = true) const;
  std::vector<std::shared_ptr<Module>> modules(bool include_self = true) const;
  OrderedDict<std::string, std::shared_ptr<Module>> named_modules(const std::string& name_prefix = std::string(),
                                                                  bool include_self = true) const;
  std::vector<std::shared_ptr<Module>> children() const;
  OrderedDict<std::string, std::shared_ptr<Module>> named_children() const;

  virtual void train(bool on = true);
  void eval() { train(false); }
  virtual bool is_training() const noexcept { return is_training_; }
  virtual void to(Device device, Dtype dtype, bool non_blocking = false);
  virtual void to(Dtype dtype, bool non_blocking = false);
  virtual void to(Device device, bool non_blocking = false);
  virtual void zero_grad(bool set_to_none = false);
  virtual void save(serialize::OutputArchive& archive) const;
  virtual void load(serialize::InputArchive& archive);
  virtual void pretty_print(std::ostream& stream) const;
  virtual bool is_serializable() const { return true; }

  template <class ModuleType>
  typename ModuleType::ContainedType* as() noexcept {
    return as<typename ModuleType::ContainedType>();
  }
  template <class ModuleType>
  const typename ModuleType::ContainedType* as() const noexcept {
    return as<typename ModuleType::ContainedType>();
  }
  template <class ModuleType, class = std::enable_if_t<!torch::detail::is_module_holder<ModuleType>::value>>
  ModuleType* as() noexcept {
    return dynamic_cast<ModuleType*>(this);
  }
  template <class ModuleType, class = std::enable_if_t<!torch::detail::is_module_holder<ModuleType>::value>>
  const ModuleType* as() const noexcept {
    return dynamic_cast<const ModuleType*>(this);
  }

  Tensor& register_parameter(std::string name, Tensor tensor, bool requires_grad = true);
  Tensor& register_buffer(std::string name, Tensor tensor);
  template <class ModuleType>
  std::shared_ptr<ModuleType> register_module(std::string name, std::shared_ptr<ModuleType> module) {
    add_module(std::move(name), module);
    return module;
  }
  template <class ModuleType>
  std::shared_ptr<ModuleType> register_module(std::string name, ModuleHolder<ModuleType> holder) {
    return register_module(std::move(name), holder.ptr());
  }
  template <class ModuleType>
  std::shared_ptr<ModuleType> replace_module(const std::string& name, std::shared_ptr<ModuleType> module) {
    set_module(name, module);
    return module;
  }
  template <class ModuleType>
  std::shared_ptr<ModuleType> replace_module(const std::string& name, ModuleHolder<ModuleType> holder) {
    return replace_module(name, holder.ptr());
  }
  void unregister_module(const std::string& name);

 protected:
  OrderedDict<std::string, Tensor> parameters_;
  OrderedDict<std::string, Tensor> buffers_;
  OrderedDict<std::string, std::shared_ptr<Module>> children_;

 private:
  template <class Derived>
  friend class Cloneable;
  friend std::ostream& operator<<(std::ostream& stream, const Module& module);
  void add_module(std::string name, std::shared_ptr<Module> module);
  void set_module(const std::string& name, std::shared_ptr<Module> module);
  void pretty_print_recursive(std::ostream& stream, const std::string& indentation) const;
  virtual void clone_(Module& other, const optional<Device>& device);
  void begin_clone(Module& copy) const;
  void end_clone(Module& copy, const optional<Device>& device) const;
  [[noreturn]] static void fail_clone();
  void copy_state_from(const Module& other, const optional<Device>& device);
  std::shared_ptr<Module> shared_from_this_checked() const;

  mutable optional<std::string> name_;
  bool is_training_ = true;
};

std::ostream& operator<<(std::ostream& stream, const Module& module);
serialize::OutputArchive& operator<<(serialize::OutputArchive& archive, const std::shared_ptr<nn::Module>& module);
serialize::InputArchive& operator>>(serialize::InputArchive& archive, const std::shared_ptr<nn::Module>& module);

/// A module that can be cloned: reset() makes its parameters anew.
template <class Derived>
class Cloneable : public Module {
 public:
  using Module::Module;
  virtual void reset() = 0;
  std::shared_ptr<Module> clone(const optional<Device>& device = nullopt) const override {
    // The copy starts empty; reset() fills it.
    NoGradGuard no_grad;
    auto* copy = new Derived(static_cast<const Derived&>(*this));
    std::shared_ptr<Module> owned(copy);
    begin_clone(*copy);
    static_cast<Cloneable*>(copy)->reset();
    end_clone(*copy, device);
    return owned;
  }

 private:
  void clone_(Module& other, const optional<Device>& device) final {
    const std::shared_ptr<Module> copy = other.clone(device);
    auto* same = dynamic_cast<Derived*>(copy.get());
    if (!same) fail_clone();
    static_cast<Derived&>(*this) = *same;
  }
};

/// Shares a module: a shared pointer that calls forward.
template <class Contained>
class ModuleHolder : torch::detail::ModuleHolderIndicator {
  // Whether an argument is the module itself, not something to make one from.
  template <class Head, size_t others>
  static constexpr bool is_module() {
    if constexpr (others > 0)
      return false;
    else if constexpr (torch::detail::is_module_holder<Head>::value)
      return true;
    else
      return std::is_convertible<Head, std::shared_ptr<Contained>>::value;
  }

 public:
  using ContainedType = Contained;

  ModuleHolder() : module_(make_default()) {}
  ModuleHolder(std::nullptr_t) {}
  template <class Head, class... Tail, class = std::enable_if_t<!is_module<Head, sizeof...(Tail)>()>>
  explicit ModuleHolder(Head&& head, Tail&&... tail)
      : module_(new Contained(std::forward<Head>(head), std::forward<Tail>(tail)...)) {}
  template <class = void>
  ModuleHolder(std::shared_ptr<Contained> module) : module_(std::move(module)) {}

  explicit operator bool() const noexcept { return !is_empty(); }
  Contained* operator->() { return get(); }
  const Contained* operator->() const { return get(); }
  Contained& operator*() { return *get(); }
  const Contained& operator*() const { return *get(); }
  std::shared_ptr<Contained> ptr() const {
    if (C10_UNLIKELY(is_empty())) torch::detail::fail_empty_holder();
    return std::static_pointer_cast<Contained>(module_);
  }
  Contained* get() {
    if (C10_UNLIKELY(is_empty())) torch::detail::fail_empty_holder();
    return static_cast<Contained*>(module_.get());
  }
  const Contained* get() const { return const_cast<ModuleHolder*>(this)->get(); }
  template <class C = Contained, class... Args>
  auto operator()(Args&&... args) -> decltype(std::declval<C&>().forward(std::forward<Args>(args)...)) {
    return get()->forward(std::forward<Args>(args)...);
  }
  template <class Arg>
  decltype(auto) operator[](Arg&& arg) {
    return (*get())[std::forward<Arg>(arg)];
  }
  bool is_empty() const noexcept { return module_ == nullptr; }

 private:
  static Module* make_default() {
    if constexpr (std::is_default_constructible<Contained>::value)
      return new Contained();
    else
      return nullptr;
  }
  // Of one type for all holders: a type of pointer for each would be most of what this header costs to compile.
  std::shared_ptr<Module> module_;
};

template <class Contained>
std::ostream& operator<<(std::ostream& stream, const ModuleHolder<Contained>& module) {
  return stream << *module;
}
template <class Contained>
serialize::OutputArchive& operator<<(serialize::OutputArchive& archive, const ModuleHolder<Contained>& module) {
  return archive << std::static_pointer_cast<Module>(module.ptr());
}
template <class Contained>
serialize::InputArchive& operator>>(serialize::InputArchive& archive, ModuleHolder<Contained>& module) {
  return archive >> std::static_pointer_cast<Module>(module.ptr());
}

}  // namespace nn
}  // namespace torch

/// Makes `Name` the holder of `ImplType`.
#define TORCH_MODULE_IMPL(Name, ImplType)                  \
  class Name : public torch::nn::ModuleHolder<ImplType> {  \
   public:                                                 \
    using torch::nn::ModuleHolder<ImplType>::ModuleHolder; \
    using Impl [[maybe_unused]] = ImplType;                \
  }
#define TORCH_MODULE(Name) TORCH_MODULE_IMPL(Name, Name##Impl)

// What the library's own modules need of templates is in the library: frontend/nn/instances.cpp makes it.
#ifndef TORCH_LIBRARY_INSTANCE
#define TORCH_LIBRARY_INSTANCE extern template
#endif
#define TORCH_LIBRARY_MODULE(Name) \
  TORCH_MODULE(Name);              \
  TORCH_LIBRARY_INSTANCE class Cloneable<Name##Impl>
