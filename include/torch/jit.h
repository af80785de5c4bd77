// torch::jit: Torch Script in C++ programs. Modules and functions are the virtual machine's; what is here are handles.
#pragma once

#include <functional>
#include <istream>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ATen/core/ivalue.h"

namespace c10 {

/// A parameter of a function, or one of its results.
struct Argument {
  const std::string& name() const { return name_; }
  const TypePtr& type() const { return type_; }
  const optional<IValue>& default_value() const { return default_value_; }
  bool kwarg_only() const { return kwarg_only_; }
  bool is_inferred_type() const { return is_inferred_; }
  std::string name_;
  TypePtr type_;
  optional<IValue> default_value_;
  bool kwarg_only_ = false, is_inferred_ = false;
};

/// What a function takes and gives.
struct FunctionSchema {
  const std::string& name() const { return name_; }
  const std::string& overload_name() const { return overload_name_; }
  const std::vector<Argument>& arguments() const { return arguments_; }
  const std::vector<Argument>& returns() const { return returns_; }
  std::string name_, overload_name_;
  std::vector<Argument> arguments_, returns_;
};
std::ostream& operator<<(std::ostream& out, const FunctionSchema& schema);

}  // namespace c10

namespace tsvm {
namespace frontend {
struct FunctionHandle;
}
}  // namespace tsvm

namespace torch {
namespace jit {

using c10::Argument;
using c10::FunctionSchema;
using Stack = std::vector<IValue>;
using Kwargs = std::unordered_map<std::string, IValue>;
using ExtraFilesMap = std::unordered_map<std::string, std::string>;
using ObjectPtr = c10::intrusive_ptr<c10::ivalue::Object>;
using ModulePtr = ObjectPtr;

/// An exception that scripted code raised.
struct JITException : std::runtime_error {
  explicit JITException(const std::string& message, c10::optional<std::string> python_class_name = c10::nullopt,
                        c10::optional<std::string> original_message = c10::nullopt)
      : std::runtime_error(message),
        python_class_name_(std::move(python_class_name)),
        original_message_(std::move(original_message)) {}
  c10::optional<std::string> getPythonClassName() const { return python_class_name_; }
  c10::optional<std::string> getOriginalMsg() const { return original_message_; }

 private:
  c10::optional<std::string> python_class_name_, original_message_;
};

/// Source that is no Torch Script; the text marks the place.
struct ErrorReport : std::exception {
  explicit ErrorReport(std::string text) : text_(std::move(text)) {}
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

/// An attribute that an object does not have.
struct ObjectAttributeError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A graph: its text.
struct Graph {
  explicit Graph(std::string text) : text_(std::move(text)) {}
  std::string toString(bool print_source_locations = true) const;
  void dump() const;

 private:
  std::string text_;
};
std::ostream& operator<<(std::ostream& out, const Graph& g);

/// A compiled function.
struct Function {
  explicit Function(const tsvm::frontend::FunctionHandle* handle) : handle_(handle) {}
  const std::string& name() const;
  c10::QualifiedName qualname() const;
  size_t num_inputs() const;
  FunctionSchema getSchema() const;
  std::shared_ptr<Graph> graph() const;
  IValue operator()(std::vector<IValue> stack, const Kwargs& kwargs = Kwargs()) const;
  /// Takes the arguments off the stack and puts the result there.
  void run(Stack& stack) const;
  const tsvm::frontend::FunctionHandle* handle() const { return handle_; }

 private:
  const tsvm::frontend::FunctionHandle* handle_;
};

/// A function with the object it belongs to.
struct Method {
  Method(ObjectPtr owner, Function function) : owner_(std::move(owner)), function_(function) {}
  const std::string& name() const { return function_.name(); }
  size_t num_inputs() const { return function_.num_inputs(); }
  Module owner() const;
  Function& function() const { return function_; }
  std::shared_ptr<Graph> graph() const { return function_.graph(); }
  IValue operator()(std::vector<IValue> stack, const Kwargs& kwargs = Kwargs()) const;
  void run(Stack& stack) const;

 private:
  ObjectPtr owner_;
  mutable Function function_;
};

/// An object of a script class, or a module.
struct Object {
  Object() = default;
  Object(ObjectPtr value) : value_(std::move(value)) {}
  ObjectPtr _ivalue() const;
  c10::TypePtr type() const { return _ivalue()->type(); }
  IValue attr(const std::string& name) const;
  IValue attr(const std::string& name, IValue or_else) const;
  void setattr(const std::string& name, IValue v);
  bool hasattr(const std::string& name) const { return _ivalue()->hasAttr(name); }
  Method get_method(const std::string& name) const;
  c10::optional<Method> find_method(const std::string& name) const;
  std::vector<Method> get_methods() const;
  template <class... Args>
  IValue run_method(const std::string& name, Args&&... args) {
    return get_method(name)({IValue(std::forward<Args>(args))...});
  }
  /// Adds the methods of a source text.
  void define(const std::string& source);
  size_t num_slots() const;
  Object copy() const;
  Object deepcopy() const;

 protected:
  ObjectPtr value_;
};

template <class T>
struct Named {
  std::string name;
  T value;
};
using NameTensor = Named<at::Tensor>;
using NameValue = Named<IValue>;
using NameModule = Named<Module>;

/// What parameters(), named_modules() and the like give: a list, to be looped over.
template <class T>
class slot_list_impl {
 public:
  using value_type = T;
  using iterator = typename std::vector<T>::const_iterator;
  using const_iterator = iterator;
  explicit slot_list_impl(std::vector<T> items) : items_(std::move(items)) {}
  iterator begin() const { return items_.begin(); }
  iterator end() const { return items_.end(); }
  size_t size() const { return items_.size(); }

 private:
  std::vector<T> items_;
};
using parameter_list = slot_list_impl<at::Tensor>;
using named_parameter_list = slot_list_impl<NameTensor>;
using buffer_list = slot_list_impl<at::Tensor>;
using named_buffer_list = slot_list_impl<NameTensor>;
using attribute_list = slot_list_impl<IValue>;
using named_attribute_list = slot_list_impl<NameValue>;
using module_list = slot_list_impl<Module>;
using named_module_list = slot_list_impl<NameModule>;

struct Module : Object {
  Module() = default;
  /// A new module of a new class, to be filled: register_parameter, define ...
  explicit Module(const c10::QualifiedName& class_name);
  explicit Module(const std::string& class_name) : Module(c10::QualifiedName(class_name)) {}
  explicit Module(const char* class_name) : Module(c10::QualifiedName(class_name)) {}
  Module(ModulePtr value) : Object(std::move(value)) {}

  IValue forward(std::vector<IValue> inputs, const Kwargs& kwargs = Kwargs()) {
    return get_method("forward")(std::move(inputs), kwargs);
  }
  /// forward with its hooks.
  IValue operator()(std::vector<IValue> inputs);

  void register_buffer(const std::string& name, at::Tensor v);
  void register_parameter(const std::string& name, at::Tensor v, bool is_buffer);
  void register_attribute(const std::string& name, const c10::TypePtr& type, IValue v, bool is_param = false,
                          bool is_buffer = false);
  void register_module(const std::string& name, const Module& module);
  void apply(const std::function<void(Module&)>& fn);

  buffer_list buffers(bool recurse = true) const;
  named_buffer_list named_buffers(bool recurse = true) const;
  parameter_list parameters(bool recurse = true) const;
  named_parameter_list named_parameters(bool recurse = true) const;
  attribute_list attributes(bool recurse = true) const;
  named_attribute_list named_attributes(bool recurse = true) const;
  module_list children() const;
  named_module_list named_children() const;
  module_list modules() const;
  named_module_list named_modules() const;

  void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const { return attr("training", true).toBool(); }
  void to(at::Device device, at::ScalarType dtype, bool non_blocking = false);
  void to(at::ScalarType dtype, bool non_blocking = false);
  void to(at::Device device, bool non_blocking = false);

  void save(std::ostream& out, const ExtraFilesMap& extra_files = ExtraFilesMap()) const;
  void save(const std::string& filename, const ExtraFilesMap& extra_files = ExtraFilesMap()) const;
  std::string dump_to_str(bool print_method_bodies, bool print_attr_values, bool print_param_values) const;
  void dump(bool print_method_bodies, bool print_attr_values, bool print_param_values) const;
  Module copy() const { return Module(Object::copy()._ivalue()); }
  Module deepcopy() const { return Module(Object::deepcopy()._ivalue()); }
  /// inplace: the same tensors.
  Module clone(bool inplace = false) const { return inplace ? copy() : deepcopy(); }

  friend bool operator==(const Module& a, const Module& b) { return a._ivalue()->same(*b._ivalue()); }
  friend bool operator!=(const Module& a, const Module& b) { return !(a == b); }
};

/// Functions that were compiled together.
struct CompilationUnit {
  CompilationUnit();
  explicit CompilationUnit(const std::string& source);
  ~CompilationUnit();
  CompilationUnit(CompilationUnit&&) = default;
  CompilationUnit& operator=(CompilationUnit&&) = default;
  /// Adds the functions of a text, which see those that are there.
  std::vector<Function*> define(const std::string& source);
  Function* find_function(const c10::QualifiedName& name) const;
  Function& get_function(const c10::QualifiedName& name) const;
  std::vector<Function*> get_functions() const;
  template <class... Args>
  IValue run_method(const c10::QualifiedName& name, Args&&... args) {
    return get_function(name)({IValue(std::forward<Args>(args))...});
  }

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Compiles a text of functions.
std::shared_ptr<CompilationUnit> compile(const std::string& source);

/// Reads an archive. Of extra_files, the contents of the names in it are filled in.
Module load(const std::string& filename, c10::optional<at::Device> device = c10::nullopt);
Module load(std::istream& in, c10::optional<at::Device> device = c10::nullopt);
Module load(const std::string& filename, c10::optional<at::Device> device, ExtraFilesMap& extra_files);
Module load(std::istream& in, c10::optional<at::Device> device, ExtraFilesMap& extra_files);

inline void ExportModule(const Module& module, std::ostream& out, const ExtraFilesMap& extra_files = ExtraFilesMap()) {
  module.save(out, extra_files);
}
inline void ExportModule(const Module& module, const std::string& filename,
                         const ExtraFilesMap& extra_files = ExtraFilesMap()) {
  module.save(filename, extra_files);
}

/// A copy whose attributes no longer change, but those named.
Module freeze(const Module& module, c10::optional<std::vector<std::string>> preserved_attrs = c10::nullopt,
              bool optimize_numerics = true);
Module optimize_for_inference(Module& module, const std::vector<std::string>& other_methods = {});

// How code is run is the virtual machine's own business: results do not depend on it.
void setGraphExecutorOptimize(bool on);
bool getGraphExecutorOptimize();
bool& getProfilingMode();
bool& getExecutorMode();
void setTensorExprFuserEnabled(bool on);
bool tensorExprFuserEnabled();

namespace script {
using CompilationUnit = ::torch::jit::CompilationUnit;
using Method = ::torch::jit::Method;
using Module = ::torch::jit::Module;
using Object = ::torch::jit::Object;
using ExtraFilesMap = ::torch::jit::ExtraFilesMap;
}  // namespace script

}  // namespace jit
}  // namespace torch
