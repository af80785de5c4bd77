// The walk over the tree; internal to ir/emit (emit.h says what is decided where).
//
// A FunctionEmitter emits one ir::Function. Its parts, one file each: names.cpp (where names live, loads and stores),
// functions.cpp (functions, classes, comprehensions), statements.cpp, exceptions.cpp (regions with handlers and the
// ways out of them), expressions.cpp.
//
// Rules:
//  - Emitting a statement or an expression needs a live place (`ssa_.live()`); expressions leave a live place,
//  statements
//    may not, and then what follows them is skipped.
//  - `regions_` lists what a jump out of the current place has to undo; `ssa_.builder.handler` is the handler of the
//    current place, and a block is only ever continued under the handler that it was made with.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "ir/emit/emit.h"
#include "ir/emit/ssa.h"

namespace tsvm::ir {

using ast::Identifier;

/// A map from interned names.
template <class T>
class NameMap {
 public:
  T* find(Identifier name) {
    if (slots_.empty()) return nullptr;
    for (size_t i = start(name);; i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i].key == nullptr) return nullptr;
      if (slots_[i].key == name.data()) return &slots_[i].value;
    }
  }
  T& add(Identifier name, T value) {
    if ((count_ + 1) * 2 > slots_.size()) grow();
    count_++;
    return place(name.data(), value);
  }

 private:
  struct Slot {
    const char* key = nullptr;
    T value{};
  };
  size_t start(Identifier name) const { return hash(name.data()) & (slots_.size() - 1); }
  static size_t hash(const char* key) {
    uint64_t h = reinterpret_cast<uintptr_t>(key) * 0x9e3779b97f4a7c15u;
    return static_cast<size_t>(h >> 32);
  }
  T& place(const char* key, T value) {
    size_t i = hash(key) & (slots_.size() - 1);
    while (slots_[i].key != nullptr) i = (i + 1) & (slots_.size() - 1);
    slots_[i] = {key, value};
    return slots_[i].value;
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 16 : slots_.size() * 2);
    old.swap(slots_);
    for (Slot& s : old)
      if (s.key != nullptr) place(s.key, s.value);
  }
  std::vector<Slot> slots_;
  size_t count_ = 0;
};

ArithOp arith_of(ast::Operator op);

class FunctionEmitter;

/// What the emitters of a module's functions share.
class ModuleEmitter {
 public:
  ModuleEmitter(const NameTable& identifiers, const ScopeTree& scopes, std::shared_ptr<const SourceFile> source,
                std::string name);

  /// A function of the source that was emitted. Bodies of `finally` are emitted several times: their functions once.
  struct Emitted {
    FuncId id;
    std::vector<Identifier> free_names;  // as in Function::free_names
  };

  NameId name(Identifier identifier);
  uint32_t line_of(uint32_t offset) const { return source.locate(offset).line; }

  const NameTable& identifiers;
  const ScopeTree& scopes;
  const SourceFile& source;
  std::unique_ptr<Module> module;
  EmitOptions options;
  std::unordered_map<const ast::Node*, Emitted> emitted;

 private:
  NameMap<NameId> names_;
};

/// Where a name lives, seen from a scope.
struct Place {
  enum class Kind : uint8_t {
    Local,    // a local of the function: `index` into locals_
    Closure,  // a variable of an outer function: `index` into closure_
    Global,
    Namespace  // the namespace of the class body being emitted; `index`: the cell to look in next, when not kNoCell
  } kind = Kind::Global;
  uint32_t index = 0;
  static constexpr uint32_t kNoCell = 0xffffffffu;
};

/// A scope of the source whose code goes into the current function: the function's own, or that of a comprehension.
struct NameScope {
  uint32_t scope;               // in ScopeTree::scopes
  NameScope* parent = nullptr;  // of a comprehension
  NameMap<Place> places = {};
};

struct Local {
  enum class Kind : uint8_t { Value, Slot, Cell } kind = Kind::Value;
  NameId name;
  uint32_t slot = 0;
  ValueId cell;
};

/// Something that a jump out of the current place has to undo.
struct Region {
  enum class Kind : uint8_t {
    Loop,
    Finally,      // the body of `statement` is run
    Handled,      // `value`: the exception that was being handled before
    HandlerName,  // `except ... as name`: the name is deleted
    With          // `value` (__exit__) is called
  } kind;
  BlockId handler;  // of the place around it
  BlockId on_break = {}, on_continue = {};
  const ast::List<ast::Stmt*>* finally_body = nullptr;
  ValueId value = {};
  Identifier name = {};
  SourceRange range = {};
};

class FunctionEmitter {
 public:
  FunctionEmitter(ModuleEmitter& m, uint32_t scope, Function& f);

  void emit_module(const ast::Module& tree);

 private:
  // --- names.cpp ---
  void declare_locals(NameScope& names);
  VariableId add_local(Identifier name, NameScope& names);
  Place place_of(Identifier name) { return place_of(name, *names_); }
  Place place_of(Identifier name, NameScope& names);
  Place find_place(Identifier name, NameScope& names);
  Place captured_place(Identifier name, NameScope& names);
  ValueId cell_at(Place place) const;
  ValueId load_name(Identifier name, SourceRange range);
  void store_name(Identifier name, ValueId value, SourceRange range);
  void delete_name(Identifier name, SourceRange range);
  void unset_name(Identifier name, SourceRange range);
  ValueId load_local(VariableId v, SourceRange range);
  void store_at_top_level(std::string_view name, ValueId value, SourceRange range);
  ValueId locals_value(SourceRange range);
  void add_to_locals(ValueId dict, Identifier name, Place place, SourceRange range);
  ValueId introspecting_call(const ast::Call& e);
  void store_local(VariableId v, ValueId value, SourceRange range);

  // --- functions.cpp ---
  struct FunctionParts {
    const ast::Node* node;
    uint32_t scope;
    std::string_view name;
    const ast::Arguments* args;
    std::span<ast::Stmt* const> body;
    const ast::Expr* result = nullptr;  // lambda
    const ast::Expr* returns = nullptr;
    SourceRange range;
    uint32_t first_offset;  // where its first line is
  };
  Function& add_function(std::string_view name, SourceRange range, uint32_t first_offset, bool is_global,
                         ModuleEmitter::Emitted& emitted);
  std::string qualified(std::string_view name, bool is_global) const;
  void begin_body(std::span<const Identifier> params);
  void end_body();
  void return_value(ValueId result);
  void keep(const ast::Expr* target, const ast::Expr* source);
  void keep(VariableId v);
  ValueId held_by(VariableId v);
  bool is_kept(VariableId v) const;
  bool is_in_loop() const;
  void keep_until_here(VariableId v);
  void make_cell(VariableId local, ValueId value);
  const ModuleEmitter::Emitted& emit_child(const FunctionParts& parts);
  void emit_function_body(const FunctionParts& parts);
  void emit_generator_body(const ast::GeneratorExp& e);
  void emit_class_body(const ast::ClassDef& s);
  ValueId make_function(const ModuleEmitter::Emitted& child, ValueId defaults, ValueId keyword_defaults,
                        ValueId annotations, SourceRange range);
  ValueId function_value(const FunctionParts& parts);
  ValueId annotations_value(const ast::Arguments& args, const ast::Expr* returns, SourceRange range);
  ValueId annotation_value(const ast::Expr* annotation);
  std::vector<ValueId> decorator_values(ast::List<ast::Expr*> decorators);
  ValueId apply_decorators(ast::List<ast::Expr*> decorators, std::span<const ValueId> values, ValueId decorated);
  void function_statement(const ast::FunctionDef& s);
  void class_statement(const ast::ClassDef& s);
  ValueId super_value(const ast::Call& e);
  /// What a loop goes over; a list of constants can be a tuple.
  ValueId iterable_value(const ast::Expr* e);
  uint16_t add_inlined_frame(const char* name, SourceRange call);
  ValueId generator_value(const ast::GeneratorExp& e);
  ValueId comprehension_value(const ast::Expr& e, uint32_t scope, ast::List<ast::Comprehension*> generators,
                              const char* name);
  void comprehension_loops(const ast::Expr& e, ast::List<ast::Comprehension*> generators, size_t i, ValueId iterator,
                           ValueId result);
  void comprehension_item(const ast::Expr& e, ValueId result);

  // --- statements.cpp ---
  void body(std::span<ast::Stmt* const> statements);
  void body(const ast::List<ast::Stmt*>& list) { body(std::span<ast::Stmt* const>(list.data(), list.size())); }
  void statement(const ast::Stmt* s);
  void assign_statement(const ast::Assign& s);
  void augmented_statement(const ast::AugAssign& s);
  void annotated_statement(const ast::AnnAssign& s);
  void if_statement(const ast::If& s);
  void while_statement(const ast::While& s);
  void for_statement(const ast::For& s);
  void assert_statement(const ast::Assert& s);
  void import_statement(const ast::Import& s);
  void import_from_statement(const ast::ImportFrom& s);
  void expression_statement(const ast::ExprStmt& s);
  void return_statement(const ast::Return& s);
  void leave_loop(bool again);
  void store(const ast::Expr* target, ValueId value);
  void unpack(const ast::Expr& target, ast::List<ast::Expr*> items, ValueId value);
  void delete_target(const ast::Expr* target);
  void setup_annotations(std::span<ast::Stmt* const> statements, SourceRange range);

  // --- patterns.cpp ---
  void match_statement(const ast::Match& s);
  void match_pattern(const ast::Aux* p, ValueId subject, BlockId fail);
  ValueId pattern_value(const ast::Aux* p);

  // --- exceptions.cpp ---
  template <class T>
  void try_statement(const T& s);
  template <class T>
  void try_finally(const T& s);
  /// In a handler: the exception caught, the one that was being handled before; and where the statement ends.
  struct Caught {
    ValueId exception, previous;
    BlockId after;
  };
  template <class T>
  Caught guarded_body(const T& s);
  void try_except(const ast::Try& s);
  void try_except(const ast::TryStar& s);
  void with_statement(const ast::With& s, size_t item);
  void raise_statement(const ast::Raise& s);
  void except_clause(const ast::ExceptHandler& h, ValueId exception, ValueId previous, BlockId outer, BlockId cleanup,
                     BlockId after);
  /// Enters a new block under another handler, unless the current block has that one already.
  void switch_handler(BlockId handler);
  /// Opens a region under `handler` and goes on in its first block.
  void enter_region(BlockId handler);
  /// Emits a handler that goes back to the exception handled before, and on with the one it caught.
  void restore_handled(BlockId handler, ValueId previous);
  /// Undoes the regions above `depth`, runs `last` if that place can be reached, and takes the regions up again.
  template <class Fn>
  void leave_regions(size_t depth, Fn&& last);
  void undo(const Region& r);
  void call_exit(ValueId exit, SourceRange range);

  // --- expressions.cpp ---
  ValueId value(const ast::Expr* e);
  /// A literal, a negative number, or a tuple of such.
  bool as_constant(const ast::Expr* e, Constant& out);
  bool constant_items(ast::List<ast::Expr*> items, Constant& out);
  Constant to_constant(const ast::ConstantValue& c);
  ValueId binary_value(const ast::BinOp& e);
  ValueId bool_value(const ast::BoolOp& e);
  void bool_operand(const ast::Expr* e, bool stop_on, BlockId end, BlockId next, SourceRange range);
  ValueId conditional_value(const ast::IfExp& e);
  ValueId compare_value(const ast::Compare& e);
  ValueId comparator(const ast::Compare& e, size_t i);
  ValueId attribute_value(const ast::Attribute& e);
  ValueId subscript_value(const ast::Subscript& e);
  ValueId slice_value(const ast::Expr* e);
  ValueId call_value(const ast::Call& e);
  /// Evaluates arguments to `operands` and gives their shape.
  CallShape arguments(ast::List<ast::Expr*> args, ast::List<ast::Keyword*> keywords, std::vector<ValueId>& operands);
  ValueId tuple_value(const ast::Tuple& e);
  ValueId list_of(std::span<ast::Expr* const> items, SourceRange range);
  ValueId set_value(const ast::Set& e);
  ValueId dict_value(const ast::Dict& e);
  ValueId joined_value(const ast::JoinedStr& e);
  ValueId formatted_value(const ast::FormattedValue& e);
  ValueId yield_value(const ast::Expr& e, const ast::Expr* operand);
  /// Jumps to `then` or `otherwise` on the truth of an expression. `range` is what is marked when asking for the truth
  /// fails; as in CPython, a comparison in the condition changes it for what follows.
  void branch_on(const ast::Expr* e, BlockId then, BlockId otherwise, SourceRange& range);
  void branch_on_comparisons(const ast::Compare& e, BlockId then, BlockId otherwise);
  std::optional<bool> constant_truth(const ast::Expr* e);
  bool is_simple(const ast::Expr* e) const;
  SourceRange attribute_range(const ast::Attribute& e) const;
  SourceRange method_call_range(const ast::Call& e, const ast::Attribute& method) const;

  // --- instructions ---
  void at(SourceRange range) { ssa_.builder.range = range; }
  ValueId emit(SourceRange range, Opcode op, std::initializer_list<ValueId> operands, uint32_t imm = 0) {
    at(range);
    return ssa_.builder.emit(op, operands, imm);
  }
  ValueId emit(SourceRange range, Opcode op, std::span<const ValueId> operands, uint32_t imm = 0) {
    at(range);
    return ssa_.builder.emit(op, operands, imm);
  }
  template <class E>
  requires std::is_enum_v<E> ValueId emit(SourceRange range, Opcode op, std::initializer_list<ValueId> operands,
                                          E imm) {
    return emit(range, op, operands, static_cast<uint32_t>(imm));
  }
  ValueId emit(SourceRange range, Opcode op, std::initializer_list<ValueId> operands, NameId name) {
    return emit(range, op, operands, name.index);
  }
  ValueId none() { return ssa_.builder.none(); }
  ValueId text(std::string_view s);
  ValueId integer(int64_t i);
  ValueId call(SourceRange range, ValueId callee, std::initializer_list<ValueId> arguments);
  BlockId block() { return ssa_.make_block(); }
  bool live() const { return ssa_.live(); }
  bool is_function() const { return !f_.is_module_body && !f_.is_class_body; }

  ModuleEmitter& m_;
  Function& f_;
  SsaBuilder ssa_;
  NameScope own_names_;
  NameScope* names_;           // of the current place
  std::vector<Local> locals_;  // by VariableId
  std::vector<Identifier> free_names_;
  std::vector<ValueId> closure_;  // cells of free_names_
  ValueId namespace_;             // class bodies
  VariableId first_param_;
  std::vector<VariableId> kept_;  // variables that hold what they have until the function returns, see keep()
  std::vector<Region> regions_;
};

template <class Fn>
void FunctionEmitter::leave_regions(size_t depth, Fn&& last) {
  std::vector<Region> saved = regions_;
  BlockId handler = ssa_.builder.handler;
  while (regions_.size() > depth && live()) {
    Region r = regions_.back();
    regions_.pop_back();
    undo(r);
  }
  if (live()) last();
  regions_ = std::move(saved);
  ssa_.builder.handler = handler;
}

}  // namespace tsvm::ir
