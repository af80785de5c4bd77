// Torch Script in the virtual machine: the Program of a VM, and what its names, functions, classes and modules mean to
// the checker (ir/script).
//
//   host.h/.cpp      the state of a VM, names to meanings           values.cpp     values in and out of scripted code
//   functions.cpp    functions: parse, declare, emit, call          classes.cpp    script classes, enums, named tuples
//   modules.cpp      nn.Modules: their types                        graph_objects.cpp  Graph and Node as objects
//   script_module.cpp  the native module `_script`
//
// Rules: the checker throws CompileError; it ends in `guarded_compile`, which makes it the pending exception. Code of
// the language that is run while something is compiled (attribute loads) may leave an exception pending: then a
// CompileError with `pending` is thrown.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ir/script/compiler.h"
#include "ir/script/emit.h"
#include "parser/parser.h"
#include "vm/code.h"
#include "vm/native.h"

namespace tsvm::stdlib::script_host {

namespace script = tsvm::script;

/// A source file's tree, kept while functions made from it are.
struct ParsedUnit {
  std::shared_ptr<const SourceFile> source;
  Arena arena;
  ParseResult tree;
};

class Importer;

/// What the host keeps about a function of the program.
struct HostFunction {
  vm::Ref python;                 // the function of the language it was made from; Unbound: none
  vm::Ref code;                   // the compiled function, once it is emitted
  vm::Ref object;                 // its ScriptFunction, once one was made
  std::vector<vm::Ref> defaults;  // default values by parameter, Unbound where there is none
  vm::Type* owner = nullptr;      // methods: the class in whose body it stands
  Importer* importer = nullptr;   // code of an archive: what its names mean
};

struct HostClass {
  vm::Type* type = nullptr;  // the class of the language
  vm::Ref hold;
  vm::Ref original;  // modules: the nn.Module it was described from
  std::shared_ptr<ParsedUnit> unit;
  const ast::ClassDef* def = nullptr;
  vm::Ref script_type;  // modules: the class of their script modules; Unbound: none yet
};

/// A ScriptFunction: what torch.jit.script gives for a function, and methods in the classes of script modules.
struct FunctionObject : vm::Object {
  script::Function* function;
};

class ScriptState;
ScriptState& state(vm::VM& vm);

class ScriptState : public vm::Extension, public script::Host, public script::EmitHost {
 public:
  explicit ScriptState(vm::VM& vm);
  ~ScriptState() override;
  void clear(vm::VM& vm) override;

  vm::VM* vm;
  ir::TypeTable types;
  std::unique_ptr<script::TensorOps> tensor_ops;
  std::unique_ptr<script::Program> program;

  vm::Type* function_type = nullptr;                                                              // ScriptFunction
  bool (*module_set_attr)(vm::VM& vm, vm::Value self, vm::Str* name, vm::Value value) = nullptr;  // nn.Module's

  // --- objects ---
  int64_t number_of(vm::Value object);
  vm::Value object(int64_t number) const { return *objects_[static_cast<size_t>(number)]; }

  // --- script::Host ---
  script::SugaredPtr resolve(script::Compiler& c, script::Function& f, const std::string& name,
                             SourceRange range) override;
  script::TypeId resolve_type(script::Program& p, script::Function& f, const std::string& name) override;
  script::Function* find_method(script::Program& p, script::ClassInfo& c, const std::string& name) override;
  std::vector<script::Function*> find_overloads(script::Program& p, script::ClassInfo& c,
                                                const std::string& name) override;
  script::SugaredPtr find_attribute(script::Compiler& c, script::ClassInfo& info, const std::string& name,
                                    script::Value* self, SourceRange range) override;
  std::string describe_object(const script::Const& c) override;

  // --- script::EmitHost ---
  const void* function_object(script::Function& f) override;
  const void* library_function(std::string_view name) override;
  const ir::OpTable* op_table() override;

  // --- meanings (host.cpp) ---
  /// What a value of the language means in scripted code. `is_constant`: numbers and strings may be used as values.
  script::SugaredPtr sugar(script::Compiler& c, vm::Value v, SourceRange range, bool is_constant);
  /// A name where a function of the language sees it: Unbound when there is none. Owned.
  vm::Ref lookup(vm::Function* f, const std::string& name);
  /// The type that a class or a typing object of the language stands for; none: no type.
  script::TypeId type_of_annotation(vm::Value v);

  // --- functions (functions.cpp) ---
  std::shared_ptr<ParsedUnit> parsed(vm::CodeState* code);
  /// The function of the program for one of the language: declared, not compiled.
  script::Function* declare(vm::Function* f, script::ClassInfo* owner, vm::Type* class_type);
  void declare_defaults(script::Function& f, vm::Function* python);
  /// One function for each signature of an overloaded one; empty for others.
  std::vector<script::Function*> declare_overloads(vm::Function* body, script::ClassInfo* owner, vm::Type* class_type);
  /// Whether all parameters and the result have annotations.
  bool is_annotated(vm::Function* f);
  void emit(script::Function& f);
  HostFunction& host_of(script::Function& f);
  script::Function* declared_for(vm::Function* f);
  vm::Value script_function_object(script::Function& f);
  /// The function of a ScriptFunction; null for other values.
  script::Function* function_of(vm::Value v) const {
    return v.is_object() && v.o->type == function_type ? static_cast<FunctionObject*>(v.o)->function : nullptr;
  }
  /// Calls a compiled function with values of the language.
  vm::Value call(script::Function& f, std::span<const vm::Value> args, std::span<vm::Str* const> keywords);
  /// Calls it with values of scripted code, which it may change; so is the result.
  vm::Value run(script::Function& f, std::span<const vm::Value> args);
  bool is_library(vm::Function* f) const;

  // --- classes (classes.cpp) ---
  script::ClassInfo* class_for(vm::Type* t, bool compile = true);
  script::TypeId enum_type(vm::Type* t);
  script::TypeId named_tuple_type(vm::Type* t);
  script::SugaredPtr named_tuple_constructor(vm::Type* t);
  HostClass& host_of(script::ClassInfo& c);
  script::ClassInfo* known_class(vm::Type* t) const {
    auto it = classes_.find(t);
    return it == classes_.end() ? nullptr : it->second;
  }

  // --- modules (modules.cpp) ---
  /// `own`: a type that no other module shares (the methods of a trace belong to one module).
  script::ClassInfo* module_type(vm::Value module, bool own = false);
  script::ClassInfo* type_of_script_module(vm::Value v) const;

  // --- values (values.cpp) ---
  /// A value of the language as one of scripted code: owned; Error with an exception pending, or Unbound when it does
  /// not fit (`why` says how).
  vm::Value to_script(vm::Value v, script::TypeId t, std::string& why);
  /// The other way: containers that others hold too are copied.
  vm::Value from_script(vm::Value v, script::TypeId t);
  /// The type that a value has by itself; none: it has none (`why`).
  script::TypeId infer_type(vm::Value v, std::string& why);
  bool as_const(vm::Value v, script::Const& out, script::TypeId& type);
  /// The other way; owned.
  vm::Value value_of(const script::Const& c);

  std::map<vm::Type*, script::ClassInfo*> classes_;
  std::map<vm::Type*, script::ClassInfo*> script_types_;  // classes of script modules
  std::map<vm::Type*, script::TypeId> tuple_types_;
  std::map<std::string, script::ClassInfo*> module_types_;
  std::unordered_map<const vm::Function*, script::Function*> functions_;
  std::unordered_map<const vm::Function*, std::vector<script::Function*>> overloaded_functions_;
  std::map<std::string, script::Function*> specialised_;

 private:
  std::deque<vm::Ref> objects_;
  std::unordered_map<uint64_t, int64_t> object_numbers_;
  std::unordered_map<const vm::CodeUnit*, std::shared_ptr<ParsedUnit>> units_;
  std::deque<HostFunction> host_functions_;
  std::deque<HostClass> host_classes_;
  std::map<std::string, vm::Ref, std::less<>> library_;
};

/// Runs fn, which may throw CompileError; false with the exception pending.
bool guarded_compile(vm::VM& vm, const std::function<void()>& fn);
[[noreturn]] void throw_pending();

/// A function of the library, checked anew for the arguments of each call.
struct LibraryFunction : script::Sugared {
  LibraryFunction(ScriptState& s, vm::Function* f) : state(s), function(f) {}
  ScriptState& state;
  vm::Function* function;
  std::string kind(script::Compiler&) const override { return "function"; }
  script::SugaredPtr call(script::Compiler& c, SourceRange r, const std::vector<script::Arg>& args,
                          size_t binders) override;
};

/// A method of a module of the library other than forward: as LibraryFunction, with its object.
struct LibraryMethod : script::Sugared {
  LibraryMethod(ScriptState& s, vm::Function* f, script::Value* o) : function(s, f), self(o) {}
  LibraryFunction function;
  script::Value* self;
  std::string kind(script::Compiler&) const override { return "method"; }
  script::SugaredPtr call(script::Compiler& c, SourceRange r, const std::vector<script::Arg>& args,
                          size_t binders) override {
    std::vector<script::Arg> all{{"", r, script::simple(self)}};
    all.insert(all.end(), args.begin(), args.end());
    return function.call(c, r, all, binders);
  }
};

/// A function that is run in plain code: ignored ones, and what cannot be compiled.
struct PythonFunction : script::Sugared {
  PythonFunction(ScriptState& s, vm::Value v) : state(s), function(vm::Ref::copy(v)) {}
  ScriptState& state;
  vm::Ref function;
  script::Value* self = nullptr;
  std::string kind(script::Compiler&) const override { return "python function"; }
  script::SugaredPtr call(script::Compiler& c, SourceRange r, const std::vector<script::Arg>& args,
                          size_t binders) override;
};

/// The name that archives know a class or function of the language by: `__torch__.MODULE.NAME`, without __main__.
std::string qualified_name(std::string_view module, std::string_view name);
std::string qualified_name(vm::Type* t);

}  // namespace tsvm::stdlib::script_host
