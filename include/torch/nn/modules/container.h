// Containers of modules: AnyModule, Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict, Functional.
#pragma once

#include <any>
#include <functional>
#include <initializer_list>
#include <tuple>
#include <typeinfo>

#include "torch/nn/module.h"

namespace torch {
namespace nn {

/// A value of any type; get<T>() checks.
class AnyValue {
 public:
  AnyValue() = default;
  template <class T, class = std::enable_if_t<!std::is_same<std::decay_t<T>, AnyValue>::value>>
  explicit AnyValue(T&& v) : value_(std::decay_t<T>(std::forward<T>(v))) {}
  template <class T>
  T* try_get() {
    return std::any_cast<T>(&value_);
  }
  template <class T>
  T get() {
    if (T* p = try_get<T>()) return *p;
    fail_cast(typeid(T));
  }
  const std::type_info& type_info() const noexcept { return value_.type(); }
  static std::string demangled(const std::type_info& type);

 private:
  [[noreturn]] void fail_cast(const std::type_info& wanted) const;
  std::any value_;
};

namespace detail {
// What is wrong with a call or a cast of a forgotten type.
[[noreturn]] void fail_count(const std::type_info& module, size_t expected, size_t given, bool defaults);
[[noreturn]] void fail_argument(size_t i, const std::type_info& expected, const std::type_info& given);
[[noreturn]] void fail_module(const std::type_info& module, const std::type_info& wanted);
[[noreturn]] void fail_empty(const char* what);

template <class F>
struct Method;
template <class C, class R, class... Args>
struct Method<R (C::*)(Args...)> {
  using Result = R;
  using Arguments = std::tuple<std::decay_t<Args>...>;
  static constexpr size_t count = sizeof...(Args);
};
template <class C, class R, class... Args>
struct Method<R (C::*)(Args...) const> : Method<R (C::*)(Args...)> {};

template <class T>
constexpr bool may_miss = std::is_same<T, Tensor>::value;
template <class T>
constexpr bool may_miss<c10::optional<T>> = true;

/// A module whose type is forgotten.
struct AnyModulePlaceholder {
  virtual ~AnyModulePlaceholder() = default;
  virtual AnyValue call(std::vector<AnyValue>&& arguments) = 0;
  virtual std::shared_ptr<Module> ptr() const = 0;
  virtual std::shared_ptr<AnyModulePlaceholder> clone(const optional<Device>& device) const = 0;
  virtual const std::type_info& type() const = 0;
};
template <class M>
struct AnyModuleHolder final : AnyModulePlaceholder {
  using Forward = Method<decltype(&M::forward)>;
  explicit AnyModuleHolder(std::shared_ptr<M> m) : module(std::move(m)) {}
  AnyValue call(std::vector<AnyValue>&& arguments) override {
    if (arguments.size() > Forward::count) fail_count(typeid(M), Forward::count, arguments.size(), false);
    return call(arguments, std::make_index_sequence<Forward::count>());
  }
  std::shared_ptr<Module> ptr() const override { return module; }
  std::shared_ptr<AnyModulePlaceholder> clone(const optional<Device>& device) const override {
    return std::shared_ptr<AnyModulePlaceholder>(
        new AnyModuleHolder(std::dynamic_pointer_cast<M>(module->clone(device))));
  }
  const std::type_info& type() const override { return typeid(M); }

  std::shared_ptr<M> module;

 private:
  template <size_t I>
  static auto argument(std::vector<AnyValue>& arguments) {
    using T = std::tuple_element_t<I, typename Forward::Arguments>;
    if (I >= arguments.size()) {
      if constexpr (may_miss<T>)
        return T();
      else
        fail_count(typeid(M), Forward::count, arguments.size(), true);
    }
    if (T* p = arguments[I].template try_get<T>()) return std::move(*p);
    if constexpr (may_miss<T> && !std::is_same<T, Tensor>::value) {
      if (auto* p = arguments[I].template try_get<typename T::value_type>()) return T(std::move(*p));
    }
    fail_argument(I, typeid(T), arguments[I].type_info());
  }
  template <size_t... I>
  AnyValue call(std::vector<AnyValue>& arguments, std::index_sequence<I...>) {
    return AnyValue(module->forward(argument<I>(arguments)...));
  }
};
}  // namespace detail

#define FORWARD_HAS_DEFAULT_ARGS(...)                 \
  template <class ModuleType, class... ArgumentTypes> \
  friend struct torch::nn::detail::AnyModuleHolder;

/// Any module with a forward that is no template.
class AnyModule {
 public:
  AnyModule() = default;
  template <class M, class = decltype(&M::forward)>
  explicit AnyModule(std::shared_ptr<M> module) : content_(new detail::AnyModuleHolder<M>(std::move(module))) {}
  template <class M, class = std::enable_if_t<!std::is_base_of<AnyModule, std::decay_t<M>>::value &&
                                              std::is_base_of<Module, std::decay_t<M>>::value>>
  explicit AnyModule(M&& module)
      : AnyModule(std::shared_ptr<std::decay_t<M>>(new std::decay_t<M>(std::forward<M>(module)))) {}
  template <class M>
  explicit AnyModule(const ModuleHolder<M>& holder) : AnyModule(holder.ptr()) {}
  template <class M>
  AnyModule& operator=(std::shared_ptr<M> module) {
    return *this = AnyModule(std::move(module));
  }

  AnyModule clone(const optional<Device>& device = nullopt) const {
    AnyModule copy;
    if (content_) copy.content_ = content_->clone(device);
    return copy;
  }
  template <class... Args>
  AnyValue any_forward(Args&&... arguments) {
    if (is_empty()) detail::fail_empty("forward");
    std::vector<AnyValue> values;
    values.reserve(sizeof...(Args));
    (values.push_back(as_value(std::forward<Args>(arguments))), ...);
    return content_->call(std::move(values));
  }
  template <class Result = Tensor, class... Args>
  Result forward(Args&&... arguments) {
    return any_forward(std::forward<Args>(arguments)...).template get<Result>();
  }
  template <class T, class = std::enable_if_t<torch::detail::is_module_holder<T>::value>>
  T get() const {
    return T(pointer_to<typename T::ContainedType>());
  }
  template <class T, class = std::enable_if_t<!torch::detail::is_module_holder<T>::value>, class = void>
  T& get() const {
    return *pointer_to<T>();
  }
  std::shared_ptr<Module> ptr() const {
    if (is_empty()) detail::fail_empty("ptr");
    return content_->ptr();
  }
  template <class T>
  std::shared_ptr<T> ptr() const {
    return pointer_to<T>();
  }
  const std::type_info& type_info() const {
    if (is_empty()) detail::fail_empty("type_info");
    return content_->type();
  }
  bool is_empty() const noexcept { return content_ == nullptr; }

 private:
  static AnyValue as_value(AnyValue&& v) { return std::move(v); }
  template <class T>
  static AnyValue as_value(T&& v) {
    return AnyValue(std::forward<T>(v));
  }
  template <class T>
  std::shared_ptr<T> pointer_to() const {
    if (is_empty()) detail::fail_empty("get");
    auto* holder = dynamic_cast<detail::AnyModuleHolder<T>*>(content_.get());
    if (!holder) detail::fail_module(type_info(), typeid(T));
    return holder->module;
  }
  std::shared_ptr<detail::AnyModulePlaceholder> content_;
};

/// A module with its name, for braces: {{"fc", Linear(3, 4)}, ...}.
class NamedAnyModule {
 public:
  template <class M>
  NamedAnyModule(std::string name, std::shared_ptr<M> module) : name_(std::move(name)), module_(std::move(module)) {}
  template <class M, class = std::enable_if_t<!torch::detail::is_module_holder<M>::value &&
                                              !std::is_same<std::decay_t<M>, AnyModule>::value>>
  NamedAnyModule(std::string name, M&& module)
      : NamedAnyModule(std::move(name), std::make_shared<std::decay_t<M>>(std::forward<M>(module))) {}
  template <class M>
  NamedAnyModule(std::string name, const ModuleHolder<M>& holder) : NamedAnyModule(std::move(name), holder.ptr()) {}
  NamedAnyModule(std::string name, AnyModule module) : name_(std::move(name)), module_(std::move(module)) {}
  const std::string& name() const noexcept { return name_; }
  AnyModule& module() noexcept { return module_; }
  const AnyModule& module() const noexcept { return module_; }

 private:
  std::string name_;
  AnyModule module_;
};

/// Runs its modules one after the other.
class SequentialImpl : public Cloneable<SequentialImpl> {
 public:
  using Iterator = std::vector<AnyModule>::iterator;
  using ConstIterator = std::vector<AnyModule>::const_iterator;
  SequentialImpl() = default;
  template <class... Modules, class = std::enable_if_t<(sizeof...(Modules) > 0)>>
  explicit SequentialImpl(Modules&&... modules) {
    (push_back(std::forward<Modules>(modules)), ...);
  }
  explicit SequentialImpl(OrderedDict<std::string, AnyModule>&& modules) {
    for (auto& item : modules) push_back(item.key(), std::move(item.value()));
  }
  explicit SequentialImpl(std::initializer_list<NamedAnyModule> modules) {
    for (const NamedAnyModule& m : modules) push_back(m.name(), m.module());
  }
  SequentialImpl(const SequentialImpl&) = default;
  SequentialImpl& operator=(const SequentialImpl&) = default;
  SequentialImpl(SequentialImpl& o) : SequentialImpl(const_cast<const SequentialImpl&>(o)) {}
  std::shared_ptr<Module> clone(const optional<Device>& device = nullopt) const override;
  void reset() override {}
  void pretty_print(std::ostream& stream) const override;

  template <class Result = Tensor, class... Args>
  Result forward(Args&&... arguments) {
    TORCH_CHECK(!is_empty(), "Cannot call forward() on an empty Sequential");
    auto it = modules_.begin();
    AnyValue value = it->any_forward(std::forward<Args>(arguments)...);
    for (++it; it != modules_.end(); ++it) value = it->any_forward(std::move(value));
    if (auto* result = value.template try_get<Result>()) return std::move(*result);
    AT_ERROR("The type of the return value is ", AnyValue::demangled(value.type_info()), ", but you asked for type ",
             AnyValue::demangled(typeid(Result)));
  }

  template <class M>
  void push_back(std::shared_ptr<M> module) {
    push_back(std::to_string(modules_.size()), std::move(module));
  }
  template <class M>
  void push_back(std::string name, std::shared_ptr<M> module) {
    push_back(std::move(name), AnyModule(std::move(module)));
  }
  template <class M, class = std::enable_if_t<std::is_base_of<Module, std::decay_t<M>>::value>>
  void push_back(M&& module) {
    push_back(AnyModule(std::forward<M>(module)));
  }
  template <class M, class = std::enable_if_t<std::is_base_of<Module, std::decay_t<M>>::value>>
  void push_back(std::string name, M&& module) {
    push_back(std::move(name), AnyModule(std::forward<M>(module)));
  }
  template <class M>
  void push_back(const ModuleHolder<M>& holder) {
    push_back(holder.ptr());
  }
  template <class M>
  void push_back(std::string name, const ModuleHolder<M>& holder) {
    push_back(std::move(name), holder.ptr());
  }
  void push_back(AnyModule module) { push_back(std::to_string(modules_.size()), std::move(module)); }
  void push_back(std::string name, AnyModule module) {
    modules_.push_back(std::move(module));
    register_module(std::move(name), modules_.back().ptr());
  }
  template <class Container>
  void extend(const Container& container) {
    for (const auto& module : container) push_back(module);
  }
  Iterator begin() { return modules_.begin(); }
  Iterator end() { return modules_.end(); }
  ConstIterator begin() const { return modules_.begin(); }
  ConstIterator end() const { return modules_.end(); }
  template <class T>
  T& at(size_t i) {
    TORCH_CHECK(i < size(), "Index out of range");
    return modules_[i].get<T>();
  }
  template <class T>
  const T& at(size_t i) const {
    TORCH_CHECK(i < size(), "Index out of range");
    return modules_[i].get<T>();
  }
  std::shared_ptr<Module> ptr(size_t i) const {
    TORCH_CHECK(i < size(), "Index out of range");
    return modules_[i].ptr();
  }
  template <class T>
  std::shared_ptr<T> ptr(size_t i) const {
    TORCH_CHECK(i < size(), "Index out of range");
    return modules_[i].ptr<T>();
  }
  std::shared_ptr<Module> operator[](size_t i) const { return ptr(i); }
  size_t size() const noexcept { return modules_.size(); }
  bool is_empty() const noexcept { return modules_.empty(); }

 private:
  std::vector<AnyModule> modules_;
};
class Sequential : public ModuleHolder<SequentialImpl> {
 public:
  using ModuleHolder<SequentialImpl>::ModuleHolder;
  using Impl = SequentialImpl;
  Sequential() : ModuleHolder() {}
  Sequential(std::initializer_list<NamedAnyModule> modules) : ModuleHolder(std::make_shared<SequentialImpl>(modules)) {}
};
TORCH_LIBRARY_INSTANCE class Cloneable<SequentialImpl>;

class ModuleListImpl : public Cloneable<ModuleListImpl> {
 public:
  using Iterator = std::vector<std::shared_ptr<Module>>::iterator;
  using ConstIterator = std::vector<std::shared_ptr<Module>>::const_iterator;
  ModuleListImpl() = default;
  template <class... Modules, class = std::enable_if_t<(sizeof...(Modules) > 0)>>
  explicit ModuleListImpl(Modules&&... modules) {
    (push_back(std::forward<Modules>(modules)), ...);
  }
  ModuleListImpl(const ModuleListImpl&) = default;
  ModuleListImpl& operator=(const ModuleListImpl&) = default;
  ModuleListImpl(ModuleListImpl& o) : ModuleListImpl(const_cast<const ModuleListImpl&>(o)) {}
  std::shared_ptr<Module> clone(const optional<Device>& device = nullopt) const override;
  void reset() override {}
  void pretty_print(std::ostream& stream) const override;

  void push_back(std::shared_ptr<Module> module) {
    modules_.push_back(std::move(module));
    register_module(std::to_string(modules_.size() - 1), modules_.back());
  }
  template <class M, class = std::enable_if_t<std::is_base_of<Module, std::decay_t<M>>::value>>
  void push_back(M&& module) {
    push_back(std::static_pointer_cast<Module>(std::make_shared<std::decay_t<M>>(std::forward<M>(module))));
  }
  template <class M>
  void push_back(const ModuleHolder<M>& holder) {
    push_back(std::static_pointer_cast<Module>(holder.ptr()));
  }
  template <class M>
  void push_back(std::shared_ptr<M> module) {
    push_back(std::static_pointer_cast<Module>(std::move(module)));
  }
  template <class Container>
  void extend(const Container& container) {
    for (const auto& module : container) push_back(module);
  }
  void insert(size_t index, std::shared_ptr<Module> module);
  template <class M>
  void insert(size_t index, const ModuleHolder<M>& holder) {
    insert(index, std::static_pointer_cast<Module>(holder.ptr()));
  }
  Iterator begin() { return modules_.begin(); }
  Iterator end() { return modules_.end(); }
  ConstIterator begin() const { return modules_.begin(); }
  ConstIterator end() const { return modules_.end(); }
  template <class T>
  T& at(size_t i) {
    return *ptr<T>(i);
  }
  template <class T>
  const T& at(size_t i) const {
    return *ptr<T>(i);
  }
  std::shared_ptr<Module> ptr(size_t i) const {
    TORCH_CHECK(i < size(), "Index out of range");
    return modules_[i];
  }
  template <class T>
  std::shared_ptr<T> ptr(size_t i) const {
    auto module = std::dynamic_pointer_cast<T>(ptr(i));
    TORCH_CHECK(module, "Unable to cast module[", i, "] to ", AnyValue::demangled(typeid(T)));
    return module;
  }
  std::shared_ptr<Module> operator[](size_t i) const { return ptr(i); }
  size_t size() const noexcept { return modules_.size(); }
  bool is_empty() const noexcept { return modules_.empty(); }

 private:
  std::vector<std::shared_ptr<Module>> modules_;
};
TORCH_LIBRARY_MODULE(ModuleList);

class ModuleDictImpl : public Cloneable<ModuleDictImpl> {
 public:
  using Iterator = OrderedDict<std::string, std::shared_ptr<Module>>::Iterator;
  using ConstIterator = OrderedDict<std::string, std::shared_ptr<Module>>::ConstIterator;
  ModuleDictImpl() = default;
  explicit ModuleDictImpl(const std::vector<std::pair<std::string, std::shared_ptr<Module>>>& modules) {
    update(modules);
  }
  explicit ModuleDictImpl(const OrderedDict<std::string, std::shared_ptr<Module>>& modules) { update(modules); }
  std::shared_ptr<Module> clone(const optional<Device>& device = nullopt) const override;
  void reset() override {}
  void pretty_print(std::ostream& stream) const override;
  std::vector<std::pair<std::string, std::shared_ptr<Module>>> items() const { return modules_.pairs(); }
  std::vector<std::string> keys() const { return modules_.keys(); }
  std::vector<std::shared_ptr<Module>> values() const { return modules_.values(); }
  Iterator begin() { return modules_.begin(); }
  Iterator end() { return modules_.end(); }
  ConstIterator begin() const { return modules_.begin(); }
  ConstIterator end() const { return modules_.end(); }
  size_t size() const noexcept { return modules_.size(); }
  bool empty() const noexcept { return modules_.is_empty(); }
  bool contains(const std::string& key) const noexcept { return modules_.contains(key); }
  void clear();
  std::shared_ptr<Module> operator[](const std::string& key) const { return modules_[key]; }
  template <class T>
  T& at(const std::string& key) {
    return *ptr<T>(key);
  }
  template <class T>
  std::shared_ptr<T> ptr(const std::string& key) const {
    auto module = std::dynamic_pointer_cast<T>(modules_[key]);
    TORCH_CHECK(module, "Unable to cast module[", key, "] to ", AnyValue::demangled(typeid(T)));
    return module;
  }
  std::shared_ptr<Module> pop(const std::string& key);
  void update(const std::vector<std::pair<std::string, std::shared_ptr<Module>>>& modules);
  void update(const OrderedDict<std::string, std::shared_ptr<Module>>& modules) { update(modules.pairs()); }
  template <class Container>
  void update(const Container& container) {
    for (const auto& item : container) insert(item.key(), item.value());
  }
  void insert(const std::string& key, std::shared_ptr<Module> module);

 private:
  OrderedDict<std::string, std::shared_ptr<Module>> modules_;
};
TORCH_LIBRARY_MODULE(ModuleDict);

class ParameterListImpl : public Cloneable<ParameterListImpl> {
 public:
  using Iterator = OrderedDict<std::string, Tensor>::Iterator;
  using ConstIterator = OrderedDict<std::string, Tensor>::ConstIterator;
  ParameterListImpl() = default;
  template <class... Tensors, class = std::enable_if_t<(sizeof...(Tensors) > 0) &&
                                                       (std::is_same<std::decay_t<Tensors>, Tensor>::value && ...)>>
  explicit ParameterListImpl(Tensors&&... tensors) {
    (append(Tensor(tensors)), ...);
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override;
  void append(Tensor parameter) {
    const bool grad = parameter.requires_grad();
    register_parameter(std::to_string(parameters_.size()), std::move(parameter), grad);
  }
  template <class Container>
  void extend(const Container& container) {
    for (const auto& t : container) append(t);
  }
  Iterator begin() { return parameters_.begin(); }
  Iterator end() { return parameters_.end(); }
  ConstIterator begin() const { return parameters_.begin(); }
  ConstIterator end() const { return parameters_.end(); }
  Tensor& at(size_t i) { return parameters_[std::to_string(i)]; }
  const Tensor& at(size_t i) const { return parameters_[std::to_string(i)]; }
  Tensor& operator[](size_t i) { return at(i); }
  const Tensor& operator[](size_t i) const { return at(i); }
  size_t size() const noexcept { return parameters_.size(); }
  bool is_empty() const noexcept { return parameters_.is_empty(); }
};
TORCH_LIBRARY_MODULE(ParameterList);

class ParameterDictImpl : public Cloneable<ParameterDictImpl> {
 public:
  using Iterator = OrderedDict<std::string, Tensor>::Iterator;
  using ConstIterator = OrderedDict<std::string, Tensor>::ConstIterator;
  ParameterDictImpl() = default;
  explicit ParameterDictImpl(const OrderedDict<std::string, Tensor>& parameters) { update(parameters); }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override;
  Tensor& insert(std::string key, Tensor parameter) {
    const bool grad = parameter.requires_grad();
    return register_parameter(std::move(key), std::move(parameter), grad);
  }
  Tensor pop(const std::string& key) {
    Tensor v = parameters_[key];
    parameters_.erase(key);
    return v;
  }
  std::vector<std::string> keys() const { return parameters_.keys(); }
  std::vector<Tensor> values() const { return parameters_.values(); }
  Iterator begin() { return parameters_.begin(); }
  Iterator end() { return parameters_.end(); }
  ConstIterator begin() const { return parameters_.begin(); }
  ConstIterator end() const { return parameters_.end(); }
  size_t size() const noexcept { return parameters_.size(); }
  bool empty() const noexcept { return parameters_.is_empty(); }
  void clear() { parameters_.clear(); }
  bool contains(const std::string& key) const noexcept { return parameters_.contains(key); }
  const Tensor& get(const std::string& key) const { return parameters_[key]; }
  Tensor& get(const std::string& key) { return parameters_[key]; }
  Tensor& operator[](const std::string& key) { return parameters_[key]; }
  const Tensor& operator[](const std::string& key) const { return parameters_[key]; }
  template <class Container>
  void update(const Container& container) {
    for (const auto& item : container) {
      if (contains(item.key()))
        parameters_[item.key()] = item.value();
      else
        insert(item.key(), item.value());
    }
  }
};
TORCH_LIBRARY_MODULE(ParameterDict);

/// A function as a module.
class FunctionalImpl : public Cloneable<FunctionalImpl> {
 public:
  using Function = std::function<Tensor(Tensor)>;
  explicit FunctionalImpl(Function function) : function_(std::move(function)) {}
  template <class F, class... Args, class = std::enable_if_t<(sizeof...(Args) > 0)>>
  explicit FunctionalImpl(F original, Args&&... args)
      : function_([original, bound = std::make_tuple(std::forward<Args>(args)...)](Tensor input) {
          return std::apply([&](const auto&... a) { return original(input, a...); }, bound);
        }) {}
  void reset() override {}
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(Tensor input) { return function_(std::move(input)); }
  Tensor operator()(Tensor input) { return forward(std::move(input)); }
  bool is_serializable() const override { return false; }

 private:
  Function function_;
};
TORCH_LIBRARY_MODULE(Functional);

}  // namespace nn
}  // namespace torch
