// What an expression of Torch Script can mean while it is compiled: a value of the program, or something that exists
// only for the compiler (a function, a module, a class, a range, a tuple that is never built ...).
#pragma once

#include <optional>

#include "ir/script/program.h"

namespace tsvm::script {

/// An argument of a call.
struct Arg {
  std::string name;  // keyword; empty: positional
  SourceRange range;
  SugaredPtr value;
};

struct Sugared : std::enable_shared_from_this<Sugared> {
  virtual ~Sugared() = default;
  /// "value of type 'int'", "module": for messages.
  virtual std::string kind(Compiler& c) const = 0;
  virtual Value* as_value(Compiler& c, SourceRange r);
  virtual SugaredPtr attr(Compiler& c, SourceRange r, const std::string& field);
  virtual bool has_attr(Compiler& c, SourceRange r, const std::string& field);
  virtual void set_attr(Compiler& c, SourceRange r, const std::string& field, Value* v);
  virtual SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t binders);
  virtual std::vector<SugaredPtr> as_tuple(Compiler& c, SourceRange r, std::optional<size_t> size);
  virtual SugaredPtr get_item(Compiler& c, SourceRange r, Value* index, std::optional<int64_t> known);
  /// For loops and comprehensions: something with `len` and `item`; its own for what is one.
  virtual SugaredPtr iter(Compiler& c, SourceRange r);
  virtual Value* len(Compiler& c, SourceRange r);
  virtual SugaredPtr item(Compiler& c, SourceRange r, Value* index);
  /// The items are known when compiled, and may differ in type: loops over it are unrolled.
  virtual std::optional<std::vector<SugaredPtr>> static_items(Compiler&, SourceRange) { return std::nullopt; }
  /// A value of the program and nothing else: its type; none otherwise.
  virtual Value* plain() const { return nullptr; }
  /// A value that is known when compiled.
  virtual const Const* known() const { return nullptr; }
};

/// Something that only running the program would tell: nothing about it is an error. Using it as a value ends the
/// check of a statement, without an error.
struct UnknownSugared : Sugared {
  std::string kind(Compiler&) const override { return "unknown value"; }
  Value* as_value(Compiler&, SourceRange) override { fail(); }
  SugaredPtr attr(Compiler&, SourceRange, const std::string&) override { return shared_from_this(); }
  bool has_attr(Compiler&, SourceRange, const std::string&) override { fail(); }
  void set_attr(Compiler&, SourceRange, const std::string&, Value*) override {}
  SugaredPtr call(Compiler&, SourceRange, const std::vector<Arg>&, size_t) override { return shared_from_this(); }
  std::vector<SugaredPtr> as_tuple(Compiler&, SourceRange, std::optional<size_t> size) override {
    if (!size) fail();
    return std::vector<SugaredPtr>(*size, shared_from_this());
  }
  SugaredPtr get_item(Compiler&, SourceRange, Value*, std::optional<int64_t>) override { return shared_from_this(); }
  SugaredPtr iter(Compiler&, SourceRange) override { return shared_from_this(); }
  Value* len(Compiler&, SourceRange) override { fail(); }
  SugaredPtr item(Compiler&, SourceRange, Value*) override { return shared_from_this(); }
  [[noreturn]] static void fail() {
    CompileError e;
    e.unknown = true;
    throw e;
  }
};

/// A value of the program.
struct SimpleValue : Sugared {
  explicit SimpleValue(Value* v) : value(v) {}
  Value* value;
  std::string kind(Compiler& c) const override;
  Value* as_value(Compiler&, SourceRange) override { return value; }
  SugaredPtr attr(Compiler& c, SourceRange r, const std::string& field) override;
  bool has_attr(Compiler& c, SourceRange r, const std::string& field) override;
  void set_attr(Compiler& c, SourceRange r, const std::string& field, Value* v) override;
  SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t binders) override;
  std::vector<SugaredPtr> as_tuple(Compiler& c, SourceRange r, std::optional<size_t> size) override;
  SugaredPtr get_item(Compiler& c, SourceRange r, Value* index, std::optional<int64_t> known) override;
  SugaredPtr iter(Compiler& c, SourceRange r) override;
  Value* len(Compiler& c, SourceRange r) override;
  SugaredPtr item(Compiler& c, SourceRange r, Value* index) override;
  std::optional<std::vector<SugaredPtr>> static_items(Compiler& c, SourceRange r) override;
  Value* plain() const override { return value; }
  const Const* known() const override;
};

/// A literal, which becomes a value where it is used.
struct ConstantSugared : Sugared {
  ConstantSugared(Const c, TypeId t) : value(std::move(c)), type(t) {}
  Const value;
  TypeId type;
  std::string kind(Compiler& c) const override;
  Value* as_value(Compiler& c, SourceRange r) override;
  SugaredPtr attr(Compiler& c, SourceRange r, const std::string& field) override;
  SugaredPtr get_item(Compiler& c, SourceRange r, Value* index, std::optional<int64_t> known) override;
  SugaredPtr iter(Compiler& c, SourceRange r) override;
  const Const* known() const override { return &value; }
};

/// An operator, perhaps with a first argument: torch.add, x.add.
struct BuiltinFunction : Sugared {
  BuiltinFunction(std::string n, SugaredPtr s) : name(std::move(n)), self(std::move(s)) {}
  std::string name;  // "aten::add"
  SugaredPtr self;   // null: none
  std::string kind(Compiler&) const override { return "builtin"; }
  SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t binders) override;
};

/// A compiled function.
struct FunctionSugared : Sugared {
  explicit FunctionSugared(Function* f) : function(f) {}
  Function* function;
  std::string kind(Compiler&) const override { return "function"; }
  SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t binders) override;
};

/// A method of a class with its object.
struct MethodSugared : Sugared {
  MethodSugared(SugaredPtr s, Function* f) : self(std::move(s)), function(f) {}
  SugaredPtr self;
  Function* function;
  std::string kind(Compiler&) const override { return "method"; }
  SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t binders) override;
};

/// A function or method with several signatures: a call takes the first that fits.
struct OverloadedSugared : Sugared {
  OverloadedSugared(std::vector<Function*> f, SugaredPtr s) : functions(std::move(f)), self(std::move(s)) {}
  std::vector<Function*> functions;
  SugaredPtr self;  // null: functions
  std::string kind(Compiler&) const override { return self ? "method" : "function"; }
  SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t binders) override;
};

/// A class: calling it makes an object.
struct ClassSugared : Sugared {
  explicit ClassSugared(ClassInfo* c) : info(c) {}
  ClassInfo* info;
  std::string kind(Compiler&) const override { return info->name; }
  SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t binders) override;
  SugaredPtr attr(Compiler& c, SourceRange r, const std::string& field) override;
};

/// A named tuple's class.
struct NamedTupleSugared : Sugared {
  NamedTupleSugared(TypeId t, std::vector<FunctionParam> d) : type(t), fields(std::move(d)) {}
  TypeId type;
  std::vector<FunctionParam> fields;  // with defaults
  std::string kind(Compiler&) const override { return "named tuple constructor"; }
  SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t binders) override;
};

/// Several values that are not put into a tuple unless that is needed.
struct TupleSugared : Sugared {
  explicit TupleSugared(std::vector<SugaredPtr> v) : values(std::move(v)) {}
  std::vector<SugaredPtr> values;
  std::string kind(Compiler&) const override { return "Tuple"; }
  Value* as_value(Compiler& c, SourceRange r) override;
  std::vector<SugaredPtr> as_tuple(Compiler&, SourceRange, std::optional<size_t>) override { return values; }
  SugaredPtr get_item(Compiler& c, SourceRange r, Value* index, std::optional<int64_t> known) override;
  SugaredPtr iter(Compiler&, SourceRange) override { return shared_from_this(); }
  std::optional<std::vector<SugaredPtr>> static_items(Compiler&, SourceRange) override { return values; }
  Value* len(Compiler& c, SourceRange r) override;
  SugaredPtr attr(Compiler& c, SourceRange r, const std::string& field) override;
};

struct RangeSugared : Sugared {
  Value *start = nullptr, *end = nullptr, *step = nullptr;
  bool only_end = false;
  std::optional<int64_t> known_length;
  std::string kind(Compiler&) const override { return "range"; }
  SugaredPtr iter(Compiler&, SourceRange) override { return shared_from_this(); }
  Value* len(Compiler& c, SourceRange r) override;
  SugaredPtr item(Compiler& c, SourceRange r, Value* index) override;
  SugaredPtr get_item(Compiler& c, SourceRange r, Value* index, std::optional<int64_t> known) override {
    (void)known;
    return item(c, r, index);
  }
};

/// zip(...) and enumerate(...).
struct IterableTree : Sugared {
  std::vector<SugaredPtr> children;
  std::string kind(Compiler&) const override { return "iterabletree"; }
  SugaredPtr iter(Compiler&, SourceRange) override { return shared_from_this(); }
  Value* len(Compiler& c, SourceRange r) override;
  SugaredPtr item(Compiler& c, SourceRange r, Value* index) override;
  std::optional<std::vector<SugaredPtr>> static_items(Compiler& c, SourceRange r) override;
};

/// An nn.Module whose type is known.
struct ModuleSugared : Sugared {
  ModuleSugared(Value* s, ClassInfo* c) : self(s), info(c) {}
  Value* self;
  ClassInfo* info;
  std::string kind(Compiler&) const override { return "module"; }
  Value* as_value(Compiler&, SourceRange) override { return self; }
  SugaredPtr attr(Compiler& c, SourceRange r, const std::string& field) override;
  SugaredPtr try_attr(Compiler& c, SourceRange r, const std::string& field);
  bool has_attr(Compiler& c, SourceRange r, const std::string& field) override;
  void set_attr(Compiler& c, SourceRange r, const std::string& field, Value* v) override;
  SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t binders) override;
  SugaredPtr get_item(Compiler& c, SourceRange r, Value* index, std::optional<int64_t> known) override;
  /// An item of a container whose key is known at run time only: all of them must be of that (interface's) type.
  SugaredPtr get_item_as(Compiler& c, SourceRange r, Value* index, TypeId type);
  SugaredPtr iter(Compiler& c, SourceRange r) override;
  std::optional<std::vector<SugaredPtr>> static_items(Compiler& c, SourceRange r) override;
  std::vector<SugaredPtr> as_tuple(Compiler& c, SourceRange r, std::optional<size_t> size) override;
  Value* len(Compiler& c, SourceRange r) override;
  SugaredPtr item(Compiler& c, SourceRange r, Value* index) override { return get_item(c, r, index, std::nullopt); }
  /// Its submodules by name.
  std::vector<std::pair<std::string, SugaredPtr>> children(Compiler& c, SourceRange r);
};

/// A name that the compiler treats by itself: print, isinstance, torch.jit.annotate ...
enum class Special : uint8_t {
  Print,
  Int,
  Float,
  Bool,
  Complex,
  Str,
  Tuple,
  List,
  Dict,
  Range,
  Zip,
  Enumerate,
  IsInstance,
  GetAttr,
  HasAttr,
  Len,
  Min,
  Max,
  Sum,
  Abs,
  Round,
  Annotate,
  Fork,
  Wait,
  IsScripting,
  IsTracing,
  UncheckedCast,
  Super,
  Uninitialized,
  Rangelist,
  Reversed,
  Warn,
  CurrentDevice,
};
struct SpecialForm : Sugared {
  explicit SpecialForm(Special s) : form(s) {}
  Special form;
  std::string kind(Compiler&) const override { return "builtin"; }
  SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t binders) override;
};

/// An exception's class, or one that was made: for `raise`.
struct ExceptionSugared : Sugared {
  explicit ExceptionSugared(std::string n) : name(std::move(n)) {}
  std::string name;          // "builtins.ValueError"
  Value* message = nullptr;  // null: not made yet
  bool is_made = false;
  std::string kind(Compiler&) const override { return "exception"; }
  SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t binders) override;
};

/// A method of a value that has not been called: xs.append.
SugaredPtr simple(Value* v);

}  // namespace tsvm::script
