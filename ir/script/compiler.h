// The checker: one function's syntax tree to a typed graph.
//
// It follows Torch Script's rules: variables have one type in a scope and its inner blocks, `if` joins the types of its
// branches, tests against None and isinstance refine types, overloads of operators are chosen by the types of the
// arguments (first without conversions, then with), branches that are known to be dead are not checked.
//
//   compiler.cpp       functions, statements       environment.cpp  scopes and refinement
//   expressions.cpp    expressions                 matching.cpp     calls and overloads
//   sugared.cpp        what things mean            modules.cpp      nn.Modules
//   special.cpp        the compiler's own names    annotations.cpp  types in the source
//   unsupported.cpp    syntax that Torch Script has not
#pragma once

#include <optional>

#include "ir/script/sugared.h"

namespace tsvm::script {

/// One thing that is known of a variable where a condition holds.
struct Refinement {
  std::string name;
  TypeId type;
};
using Refinements = std::vector<Refinement>;

struct Condition {
  Value* value = nullptr;
  Refinements when_true, when_false;
  std::optional<bool> known;
};

class Compiler {
 public:
  Compiler(Program& p, Host& h, Function& f) : program(p), host(h), function(f), graph(*f.graph) {}

  Program& program;
  Host& host;
  Function& function;
  Graph& graph;
  Block* block = nullptr;  // where nodes go

  void run();

  [[noreturn]] void error(SourceRange r, const std::string& message, ErrorClass kind = ErrorClass::RuntimeError) const {
    report(program, function, r, message, kind);
  }
  std::string text(TypeId t) const { return program.type_text(t); }

  // --- nodes ---
  Node* node(NodeKind kind, SourceRange r, std::vector<Value*> inputs = {});
  Value* with_output(Node* n, TypeId type);
  Value* constant(const Const& c, TypeId type, SourceRange r);
  Value* none(SourceRange r) { return constant(Const{}, types::None, r); }
  Value* integer(int64_t i, SourceRange r) { return constant(Const::integer(i), types::I64, r); }
  Value* boolean(bool b, SourceRange r) { return constant(Const::boolean(b), types::Bool, r); }
  Value* string(std::string_view s, SourceRange r) { return constant(Const::text(s), types::Str, r); }
  Value* op(const Operator* o, SourceRange r, std::vector<Value*> inputs, TypeId type);
  Value* list(TypeId element, std::vector<Value*> items, SourceRange r);
  Value* tuple(std::vector<Value*> items, SourceRange r);
  Value* tuple_index(Value* tuple, int64_t i, SourceRange r);
  Value* cast(Value* v, TypeId type, SourceRange r);
  Value* get_attr(Value* object, const std::string& name, TypeId type, SourceRange r);
  /// A literal value's constant, when the value is one.
  static const Const* known(const Value* v);
  static std::optional<int64_t> known_int(const Value* v);

  // --- calls (matching.cpp) ---
  /// An operator by name, overloads resolved.
  SugaredPtr call_operator(const std::string& name, SourceRange r, const std::vector<Arg>& args, size_t binders = 1);
  Value* call_value(const std::string& name, SourceRange r, std::vector<Value*> args);
  Value* number_and_tensor(const std::string& name, SourceRange r, Value* number, Value* tensor);
  /// A compiled function with arguments: the inputs of its call.
  std::vector<Value*> match_function(Function& f, SourceRange r, const std::vector<Arg>& args, SugaredPtr self);
  SugaredPtr call_function(Function& f, SourceRange r, const std::vector<Arg>& args, SugaredPtr self);
  /// `v` as a value of that type, converting where Torch Script does; null when it is none.
  Value* convert(Value* v, TypeId type, SourceRange r, bool conversions);
  std::string schema_text(const Function& f) const;
  Value* default_of(const FunctionParam& p, SourceRange r);

  // --- variables (environment.cpp) ---
  void push_scope(Block* b);
  struct Scope;
  std::shared_ptr<Scope> pop_scope();
  void set_variable(const std::string& name, Value* v, SourceRange r, TypeId annotated = TypeId());
  void set_sugared(const std::string& name, SugaredPtr v, SourceRange r, TypeId annotated = TypeId());
  SugaredPtr find_local(const std::string& name, SourceRange r);
  SugaredPtr variable(const std::string& name, SourceRange r, bool required = true);

  // --- expressions ---
  SugaredPtr sugared(const ast::Expr* e, size_t binders = 1, TypeId hint = TypeId());
  Value* value(const ast::Expr* e, TypeId hint = TypeId());
  Condition condition(const ast::Expr* e);
  Value* condition_value(const ast::Expr* e);
  /// A condition as a bool: bool() of tensors, ints and floats.
  Value* to_bool(Value* v, SourceRange r);
  SugaredPtr subscript(SugaredPtr object, const ast::Expr* index, SourceRange r, TypeId hint);
  std::vector<Arg> arguments(const ast::Call& call);
  SugaredPtr fork(SourceRange r, const std::vector<Arg>& args);
  Value* is_instance(SourceRange r, const ast::Call& call, Condition& out);

  // --- types (annotations.cpp) ---
  TypeId annotation(const ast::Expr* e);
  TypeId annotation_text(std::string_view text, SourceRange where);

  std::vector<TypeId> isinstance_types(const ast::Expr* e);
  /// Loops over something: `body` is called with each item as it is bound.
  void emit_loop(SourceRange r, const SugaredPtr& iterable, const std::function<void(SugaredPtr)>& body);
  void assign(const ast::Expr* target, SugaredPtr value, SourceRange r, TypeId annotated = TypeId());

  void statement(const ast::Stmt* s);

 private:
  void single_statement(const ast::Stmt* s);
  /// What a variable holds is not known from here on.
  void forget(const std::string& name);
  bool is_incomplete_ = false;  // something was wrong, or unknown
  friend struct SpecialForm;
  // --- functions and statements ---
  void declare_parameters();
  void statements(ast::List<ast::Stmt*> body);
  void assignment(const ast::Assign& s);
  void augmented(const ast::AugAssign& s);
  void annotated(const ast::AnnAssign& s);
  void if_statement(const ast::If& s);
  void for_statement(const ast::For& s);
  void while_statement(const ast::While& s);
  void return_statement(const ast::Return& s);
  void raise_statement(const ast::Raise& s);
  void assert_statement(const ast::Assert& s);
  void with_statement(const ast::With& s);
  void delete_statement(const ast::Delete& s);
  void import_statement(const ast::Stmt& s);
  void add_return(Value* v, SourceRange r);
  void raise(const std::string& exception, Value* message, SourceRange r);
  void branches(SourceRange r, Value* condition, const Refinements& when_true, const Refinements& when_false,
                const std::function<void()>& then, const std::function<void()>& otherwise);
  void refine(const Refinements& list, SourceRange r);
  void assign_subscript(const ast::Subscript& target, Value* v, SourceRange r);
  void assign_tuple(ast::List<ast::Expr*> targets, SugaredPtr v, SourceRange r);
  bool exited() const;

  SugaredPtr binary(const ast::BinOp& e);
  SugaredPtr compare(const ast::Compare& e);
  Value* compare_pair(ast::CmpOperator o, SugaredPtr left, SugaredPtr right, SourceRange r);
  SugaredPtr unary(const ast::UnaryOp& e);
  SugaredPtr conditional(const ast::IfExp& e, TypeId hint);
  Value* short_circuit(const ast::BoolOp& e, size_t from, Condition& out);
  SugaredPtr call_expression(const ast::Call& e, size_t binders, TypeId hint);
  SugaredPtr list_display(const ast::ListExpr& e, TypeId hint);
  SugaredPtr dict_display(const ast::Dict& e, TypeId hint);
  void comprehension(const ast::List<ast::Comprehension*>& generators, SourceRange r,
                     const std::function<void()>& body);
  SourceRange comprehension_range(const ast::List<ast::Comprehension*>& generators, SourceRange r);
  SugaredPtr list_comprehension(const ast::ListComp& e, TypeId hint);
  SugaredPtr dict_comprehension(const ast::DictComp& e, TypeId hint);
  SugaredPtr formatted(const ast::JoinedStr& e);
  SugaredPtr literal(const ast::Constant& e);
  Value* tensor_index(Value* tensor, const std::vector<const ast::Expr*>& indices, SourceRange r);
  Value* slice(Value* v, const ast::Slice& s, std::optional<int64_t> dim, SourceRange r);
  void index_parts(Value*& sliced, const std::vector<const ast::Expr*>& indices, std::vector<Value*>& tensors,
                   SourceRange r);
  SugaredPtr binary_values(const std::string& op, const char* magic, SugaredPtr left, SugaredPtr right, SourceRange r);
  SugaredPtr special_call(Special s, const ast::Call* call, SourceRange r, const std::vector<Arg>& args, size_t binders,
                          TypeId hint);
  TypeId annotated_return();

  std::shared_ptr<Scope> scope_;
  TypeId merged_result_;
  int loop_depth_ = 0;
  std::set<const Block*> exits_;
  std::unordered_map<std::string, SugaredPtr> outside_;  // resolved names
};

/// The function that archive code defines where something is forked.
struct ForkedBlock : Sugared {
  explicit ForkedBlock(const ast::FunctionDef* d) : def(d) {}
  const ast::FunctionDef* def;
  std::string kind(Compiler&) const override { return "function"; }
  SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t binders) override;
};

/// Narrows the ranges of calls, literals and what they stand in to those that PyTorch's reports mark: a call ends with
/// its last argument, a string without its closing quote. For trees that only the checker reads.
void set_script_ranges(ast::Module& tree);

/// FrontendErrors: syntax that no function may have.
/// Refuses syntax that Torch Script has not: in the signature, and with `with_body` in the statements too.
void check_supported(const Program& p, const Function& f, bool with_body = true);
void check_supported_statement(const Program& p, const Function& f, const ast::Stmt* s);

/// The compiler's own name for a spelled one: "print", "torch.jit.annotate"; null: none.
const Special* special_named(std::string_view name);

}  // namespace tsvm::script
