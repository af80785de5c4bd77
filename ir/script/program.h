// What a compiled Torch Script program consists of: functions, classes, and where names lead.
//
// The checker (ir/script/compiler.h) works on a Program. It knows nothing of running values: what a name of the
// surroundings means, which classes and modules there are and what an attribute holds is asked of a Host. One host is
// the virtual machine (its functions, classes and modules); another reads the code of an archive.
//
// Functions are compiled on demand: a Host declares a function (its syntax tree and signature), and `Program::compile`
// checks it when it is first called or asked for.
//
// Errors are C++ exceptions of one type, CompileError, that end at the entry points of the host. Their text is
// complete: message, marked source, and the chain of functions that led there.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ir/script/graph.h"
#include "ir/script/schema.h"
#include "parser/ast.h"

namespace tsvm::script {

class Compiler;
class Program;
struct Sugared;
using SugaredPtr = std::shared_ptr<Sugared>;

/// Which exception a rejected program raises.
enum class ErrorClass : uint8_t { RuntimeError, TypeError, NotSupported, UnsupportedNode, NotImplemented, ValueError };

struct CompileError {
  ErrorClass kind = ErrorClass::RuntimeError;
  std::string text;
  bool pending = false;  // the host has an exception of its own pending, which is the one to raise
  bool unknown = false;  // no error: something is not known before the program runs (hosts that only check)
  std::string message;   // the text without its place
  std::shared_ptr<const SourceFile> source;
  SourceRange range;
};

struct FunctionParam {
  std::string name;
  TypeId type;
  bool has_default = false;
  bool keyword_only = false;
  bool is_inferred = false;  // no annotation: a tensor
  Const default_value;       // scalars and None
  std::vector<Const> items;  // a default that is a list or a tuple: its items
  bool default_is_sequence = false;
};

struct Function {
  std::string name;            // "forward"
  std::string qualified_name;  // "__torch__.Net.forward"
  ClassInfo* owner = nullptr;  // methods
  std::shared_ptr<const SourceFile> source;
  const ast::FunctionDef* def = nullptr;  // null: the graph is given (a trace)
  std::vector<FunctionParam> params;      // self included
  TypeId result;                          // none: not known yet
  bool result_is_declared = false;
  bool is_library = false;  // a function of this program's own library: laxer, imports allowed
  std::unique_ptr<Graph> graph;
  enum class State : uint8_t { Declared, Compiling, Ready, Failed } state = State::Declared;
  CompileError failure;
  bool result_is_unknown = false;  // checking could not find it out
  bool is_archive = false;         // code of an archive: __forked_function may be defined in it
  bool exported = false;
  std::map<std::string, SugaredPtr> fixed;  // parameters of a library function that are known where it is called
  void* host = nullptr;                     // what the host keeps about it
  std::shared_ptr<void> keep;               // what `def` and the host's data live in
};

struct Attribute {
  std::string name;
  TypeId type;
  bool is_parameter = false;
  bool is_buffer = false;
};

struct ClassInfo {
  enum class Kind : uint8_t { Script, Module, Enum, Interface, NamedTuple } kind = Kind::Script;
  std::string name;  // "__torch__.Net"
  TypeId type;
  std::vector<Attribute> attributes;
  struct Constant {
    std::string name;
    TypeId type;
    Const value;
    std::vector<Const> items;  // of a list or tuple
  };
  std::vector<Constant> constants;  // Module: Final and __constants__; Enum: the members and their values
  std::vector<Function*> methods;   // in order of definition
  std::vector<std::string> hooks, pre_hooks;
  TypeId enum_value;                    // Enum: type of the values
  std::vector<std::string> submodules;  // Module: names of attributes that are modules, in order
  enum class Container : uint8_t {
    None,
    List,
    Sequential,
    Dict,
    ParameterList,
    ParameterDict
  } container = Container::None;
  std::map<std::string, std::vector<Function*>> overloads;  // methods with several signatures, once they are known
  std::map<std::string, std::string> missing;               // attributes that cannot be had, and why
  bool of_modules = false;                                  // Interface: of modules
  bool is_open = false;      // a script class whose __init__ is being compiled: attributes may be added
  int64_t host_object = -1;  // the class itself, in the host
  void* host = nullptr;

  const Attribute* attribute(std::string_view name) const {
    for (const Attribute& a : attributes)
      if (a.name == name) return &a;
    return nullptr;
  }
  const Constant* constant(std::string_view name) const {
    for (const Constant& c : constants)
      if (c.name == name) return &c;
    return nullptr;
  }
  Function* method(std::string_view name) const {
    for (Function* f : methods)
      if (f->name == name) return f;
    return nullptr;
  }
};

class Host {
 public:
  virtual ~Host() = default;
  /// What a name means that is no local variable of `f`; null: nothing.
  virtual SugaredPtr resolve(Compiler& c, Function& f, const std::string& name, SourceRange range) = 0;
  /// The type that an expression of an annotation names which is none of the language's own ("Batch", "m.Batch"); none:
  /// there is no such.
  virtual TypeId resolve_type(Program& p, Function& f, const std::string& name) = 0;
  /// A method of a class that is not declared yet (modules: compiled when first used); null: there is none.
  virtual Function* find_method(Program&, ClassInfo&, const std::string&) { return nullptr; }
  /// The methods that stand for one with several signatures; empty: it has one.
  virtual std::vector<Function*> find_overloads(Program&, ClassInfo&, const std::string&) { return {}; }
  /// What an attribute means that is neither an attribute of the type nor a method (a function kept in a module, an
  /// ignored method ...); null: nothing.
  virtual SugaredPtr find_attribute(Compiler&, ClassInfo&, const std::string&, Value*, SourceRange) { return nullptr; }
  /// Text of a tensor constant and the like, for printing.
  virtual std::string describe_object(const Const&) { return "<object>"; }
  /// The type of an object constant.
  virtual TypeId type_of_object(Program&, const Const&) { return types::ScriptAny; }
  /// Whether checking goes on behind a statement that is wrong: then `found` is told of each error.
  virtual bool collects_errors() const { return false; }
  virtual void found(const CompileError&) {}
  /// A function was checked: it may be emitted.
  virtual void compiled(Program&, Function&) {}
};

/// All functions, classes and types of one VM.
class Program {
 public:
  Program(ir::TypeTable& types, TensorOps* tensor_ops) : types(types), operators(types, tensor_ops) {}

  ir::TypeTable& types;
  OperatorSet operators;
  std::vector<std::unique_ptr<Function>> functions;

  Function* add_function();
  /// A new class; its name must be free (see unique_name).
  ClassInfo* add_class(ClassInfo::Kind kind, const std::string& name);
  ClassInfo* find_class(std::string_view name) const;
  ClassInfo* class_of(TypeId type) const;
  /// `name`, or with a level "___torch_mangle_N" before its last part when it is taken.
  std::string unique_name(const std::string& name);
  void take_name(const std::string& name) { names_.insert(name); }

  /// Checks a function unless that is done: throws CompileError.
  void compile(Function& f, Host& host);

  // --- types ---
  bool is_subtype(TypeId a, TypeId b) const;
  /// The type of a value that is one or the other; none when there is no such. With `to_union` always one.
  TypeId unify(TypeId a, TypeId b, bool to_union = false);
  bool is_optional(TypeId t) const { return types.kind(t) == TypeKind::Optional; }
  TypeId element(TypeId t, size_t i = 0) const { return types[t].args[i]; }
  /// As annotations have it: List[int], Optional[Tensor], __torch__.Net.
  std::string type_text(TypeId t) const;
  /// As graphs have it: int[], Tensor?, Dict(str, int).
  std::string graph_type_text(TypeId t) const;
  /// Members of an Optional or Union, flat; the type itself otherwise.
  std::vector<TypeId> alternatives(TypeId t) const;
  /// What stays of a type when some of its alternatives are excluded; none: nothing.
  TypeId without(TypeId t, const std::vector<TypeId>& excluded);

  /// The chain of functions being compiled, outermost first: for messages.
  struct CallSite {
    std::string function;
    std::shared_ptr<const SourceFile> source;
    SourceRange range;
    SourceRange function_range;
  };
  std::vector<CallSite> compiling;

 private:
  std::unordered_map<std::string, std::unique_ptr<ClassInfo>> classes_;
  std::set<std::string> names_;
};

/// A function's place with its decorators: the lines that reports show.
SourceRange source_range(const Function& f);
/// Raises a CompileError whose text marks the range.
[[noreturn]] void report(const Program& p, const Function& f, SourceRange range, const std::string& message,
                         ErrorClass kind = ErrorClass::RuntimeError);
/// The marked source as PyTorch's reports show it: file, line, some lines of context and the mark.
std::string marked_source(const SourceFile& source, SourceRange function, SourceRange range,
                          const std::string& in_function = {});

}  // namespace tsvm::script
