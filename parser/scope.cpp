#include "parser/scope.h"

#include <algorithm>
#include <string>

#include "parser/semantics.h"

namespace tsvm {

using namespace ast;

namespace {

constexpr size_t kIndexFrom = 12;  // scopes with more symbols get a hash index

size_t slot_of(Identifier name, size_t size) {
  uint64_t h = reinterpret_cast<uintptr_t>(name.data()) * 0x9e3779b97f4a7c15ull;
  return static_cast<size_t>(h >> 32) & (size - 1);
}

const char* scope_name(NodeKind kind) {
  switch (kind) {
    case NodeKind::kModule: return "<module>";
    case NodeKind::kLambda: return "<lambda>";
    case NodeKind::kListComp: return "<listcomp>";
    case NodeKind::kSetComp: return "<setcomp>";
    case NodeKind::kDictComp: return "<dictcomp>";
    default: return "<genexpr>";
  }
}

// Collects symbols in one walk over the tree, in the order in which CPython's symbol table visits it.
class Collector {
 public:
  Collector(ParseResult& parse, Arena& arena, ScopeTree& tree)
      : names_(parse.names),
        arena_(arena),
        tree_(tree),
        super_(names_.intern("super")),
        class_cell_(names_.intern("__class__")) {}

  void module(Module* node) {
    open(ScopeKind::kModule, node, names_.intern(scope_name(node->kind)), &node->scope);
    visit_all(node->body);
    close();
  }

 private:
  Scope& scope() { return tree_.scopes[current_]; }

  void error(SourceRange range, std::string message) {
    tree_.diagnostics.emplace_back(DiagnosticKind::kSyntaxError, range, std::move(message));
  }

  uint32_t open(ScopeKind kind, Node* node, Identifier name, uint32_t* field) {
    uint32_t index = static_cast<uint32_t>(tree_.scopes.size());
    Scope s;
    s.kind = kind;
    s.node = node;
    s.name = name;
    s.parent = current_;
    if (current_ != kNoScope) scope().children.push_back(index);
    tree_.scopes.push_back(std::move(s));
    *field = index;
    saved_.push_back({current_, class_name_, in_try_, in_handler_, in_iterable_});
    current_ = index;
    in_try_ = in_handler_ = in_iterable_ = 0;
    return index;
  }
  void close() {
    const Saved& s = saved_.back();
    current_ = s.scope;
    class_name_ = s.class_name;
    in_try_ = s.in_try;
    in_handler_ = s.in_handler;
    in_iterable_ = s.in_iterable;
    saved_.pop_back();
  }

  // ---- symbols ----

  Symbol& symbol_in(uint32_t scope_index, Identifier name) {
    Scope& s = tree_.scopes[scope_index];
    if (Symbol* found = s.find(name)) return *found;
    Symbol symbol;
    symbol.name = name;
    s.symbols.push_back(symbol);
    if (s.symbols.size() > kIndexFrom) {
      if (s.symbols.size() * 2 > s.index.size()) {
        s.index.assign(s.index.empty() ? 64 : s.index.size() * 2, 0);
        for (size_t i = 0; i < s.symbols.size(); i++) put_in_index(s, i);
      } else {
        put_in_index(s, s.symbols.size() - 1);
      }
    }
    return s.symbols.back();
  }
  static void put_in_index(Scope& s, size_t i) {
    size_t slot = slot_of(s.symbols[i].name, s.index.size());
    while (s.index[slot] != 0) slot = (slot + 1) & (s.index.size() - 1);
    s.index[slot] = static_cast<uint32_t>(i) + 1;
  }

  Symbol& symbol(Identifier name) {
    Symbol& s = symbol_in(current_, name);
    if (in_handler_ > 0) s.is_used_in_handler = true;
    return s;
  }
  Symbol& assign(Identifier name) {
    Symbol& s = symbol(name);
    s.is_assigned = true;
    if (in_try_ > 0) s.is_stored_in_try = true;
    return s;
  }
  void reference(Identifier name) { symbol(name).is_referenced = true; }

  // Private names of a class get the class's name in front.
  void mangle(Identifier& name) {
    if (class_name_.empty() || name.size() < 3 || name[0] != '_' || name[1] != '_') return;
    if (name.substr(name.size() - 2) == "__" || name.find('.') != std::string_view::npos) return;
    std::string_view stem = class_name_;
    stem.remove_prefix(std::min(stem.find_first_not_of('_'), stem.size()));
    if (stem.empty()) return;
    name = names_.intern_copy("_" + std::string(stem) + std::string(name), arena_);
  }

  // ---- statements ----

  template <class T>
  void visit_all(const List<T*>& nodes) {
    for (T* n : nodes)
      if (n != nullptr) visit(n);
  }
  void visit_optional(Node* n) {
    if (n != nullptr) visit(n);
  }

  void visit(Node* node) {
    switch (node->kind) {
      case NodeKind::kFunctionDef: return function(node->cast<FunctionDef>());
      case NodeKind::kClassDef: return class_definition(node->cast<ClassDef>());
      case NodeKind::kLambda: return lambda(node->cast<Lambda>());
      case NodeKind::kListComp: {
        ListComp* e = node->cast<ListComp>();
        return comprehension(e, &e->scope, e->elt, nullptr, e->generators);
      }
      case NodeKind::kSetComp: {
        SetComp* e = node->cast<SetComp>();
        return comprehension(e, &e->scope, e->elt, nullptr, e->generators);
      }
      case NodeKind::kDictComp: {
        DictComp* e = node->cast<DictComp>();
        return comprehension(e, &e->scope, e->key, e->value, e->generators);
      }
      case NodeKind::kGeneratorExp: {
        GeneratorExp* e = node->cast<GeneratorExp>();
        return comprehension(e, &e->scope, e->elt, nullptr, e->generators);
      }
      case NodeKind::kName: return name(node->cast<Name>());
      case NodeKind::kNamedExpr: return named_expression(node->cast<NamedExpr>());
      case NodeKind::kAttribute: mangle(node->cast<Attribute>()->attr); break;
      case NodeKind::kAnnAssign: return annotated_assignment(node->cast<AnnAssign>());
      case NodeKind::kReturn:
        if (node->cast<Return>()->value != nullptr) scope().returns_value = true;
        break;
      case NodeKind::kYield:
      case NodeKind::kYieldFrom: yield(node); break;
      case NodeKind::kImport:
        for (Alias* alias : node->cast<Import>()->names) {
          Identifier bound = alias->asname;
          if (bound.empty()) {
            size_t dot = alias->name.find('.');
            bound =
                dot == std::string_view::npos ? alias->name : names_.intern_copy(alias->name.substr(0, dot), arena_);
          }
          import(alias, bound);
        }
        return;
      case NodeKind::kImportFrom:
        for (Alias* alias : node->cast<ImportFrom>()->names) {
          if (alias->name == "*") {
            scope().has_import_star = true;
            if (scope().kind != ScopeKind::kModule) error(alias->range, "import * only allowed at module level");
          } else {
            import(alias, alias->asname.empty() ? alias->name : alias->asname);
          }
        }
        return;
      case NodeKind::kGlobal: return declare(node, node->cast<Global>()->names, true);
      case NodeKind::kNonlocal: return declare(node, node->cast<Nonlocal>()->names, false);
      case NodeKind::kMatchAs: bind_in_pattern(node->cast<MatchAs>()->name); break;
      case NodeKind::kMatchStar: bind_in_pattern(node->cast<MatchStar>()->name); break;
      case NodeKind::kMatchMapping: bind_in_pattern(node->cast<MatchMapping>()->rest); break;
      case NodeKind::kTry: return try_statement(node->cast<Try>());
      case NodeKind::kTryStar: return try_statement(node->cast<TryStar>());
      case NodeKind::kWith: {
        With* s = node->cast<With>();
        scope().has_try = true;
        // All but the first manager is inside of the first one's protection, and so are the targets.
        uint32_t outer = in_try_;
        for (WithItem* item : s->items) {
          visit(item->context_expr);
          in_try_ = outer + 1;
          visit_optional(item->optional_vars);
        }
        visit_all(s->body);
        in_try_ = outer;
        return;
      }
      default: break;
    }
    for_each_child(node, [this](Node* child) { visit(child); });
  }

  void name(Name* e) {
    mangle(e->id);
    switch (e->ctx) {
      case ExprContext::kLoad:
        reference(e->id);
        if (same_name(e->id, super_) && scope().is_function()) reference(class_cell_);
        break;
      case ExprContext::kStore: {
        Symbol& s = assign(e->id);
        if (in_comprehension_target_) {
          if (s.is_nonlocal || s.binding == Binding::kGlobalExplicit) {
            error(e->range,
                  "comprehension inner loop cannot rebind assignment expression target '" + std::string(e->id) + "'");
          }
          s.is_iteration_variable = true;
        }
        break;
      }
      case ExprContext::kDel: assign(e->id).is_deleted = true; break;
    }
  }

  void annotated_assignment(AnnAssign* s) {
    Name* target = s->target->as<Name>();
    if (target != nullptr) {
      mangle(target->id);
      const Symbol* old = scope().find(target->id);
      if (old != nullptr && s->simple && scope().kind != ScopeKind::kModule &&
          (old->binding == Binding::kGlobalExplicit || old->is_nonlocal)) {
        error(s->range, "annotated name '" + std::string(target->id) + "' can't be " +
                            (old->is_nonlocal ? "nonlocal" : "global"));
      }
      Symbol& symbol = s->simple || s->value != nullptr ? assign(target->id) : this->symbol(target->id);
      if (s->simple) symbol.is_annotated = true;
    } else {
      visit(s->target);
    }
    visit_annotation(s->annotation);
    visit_optional(s->value);
  }

  void import(Alias* alias, Identifier bound) {
    Identifier mangled = bound;
    mangle(mangled);
    if (!same_name(mangled, bound)) alias->asname = mangled;
    assign(mangled).is_imported = true;
  }

  void declare(Node* node, List<Identifier>& names, bool global) {
    std::string word = global ? "global" : "nonlocal";
    for (Identifier& n : names) {
      mangle(n);
      const Symbol* old = scope().find(n);
      std::string quoted = "'" + std::string(n) + "'";
      if (old != nullptr && old->is_parameter)
        error(node->range, "name " + quoted + " is parameter and " + word);
      else if (old != nullptr && old->is_referenced)
        error(node->range, "name " + quoted + " is used prior to " + word + " declaration");
      else if (old != nullptr && old->is_annotated)
        error(node->range, "annotated name " + quoted + " can't be " + word);
      else if (old != nullptr && old->is_assigned)
        error(node->range, "name " + quoted + " is assigned to before " + word + " declaration");
      Symbol& s = symbol(n);
      if (global) {
        if (s.is_nonlocal) error(node->range, "name " + quoted + " is nonlocal and global");
        s.binding = Binding::kGlobalExplicit;
      } else {
        if (s.binding == Binding::kGlobalExplicit) error(node->range, "name " + quoted + " is nonlocal and global");
        s.is_nonlocal = true;
        nonlocals_.push_back({current_, n, node->range});
      }
    }
  }

  void bind_in_pattern(Identifier& name) {
    if (name.empty()) return;
    mangle(name);
    assign(name);
  }

  template <class T>
  void try_statement(T* s) {
    scope().has_try = true;
    bool finally = !s->finalbody.empty();
    in_try_++;
    visit_all(s->body);
    if (!finally) in_try_--;
    for (ExceptHandler* handler : s->handlers) {
      visit_optional(handler->type);
      in_handler_++;
      if (!handler->name.empty()) {
        mangle(handler->name);
        // The handler unbinds its name on every way out.
        Symbol& symbol = assign(handler->name);
        symbol.is_deleted = symbol.is_stored_in_try = true;
      }
      visit_all(handler->body);
      in_handler_--;
    }
    visit_all(s->orelse);
    if (finally) in_try_--;
    in_handler_++;
    visit_all(s->finalbody);
    in_handler_--;
  }

  void yield(Node* node) {
    scope().is_generator = true;
    if (scope().kind != ScopeKind::kComprehension) return;
    const char* what = scope().node->is<ListComp>()   ? "list comprehension"
                       : scope().node->is<SetComp>()  ? "set comprehension"
                       : scope().node->is<DictComp>() ? "dict comprehension"
                                                      : "generator expression";
    error(node->range, std::string("'yield' inside ") + what);
  }

  // ---- scopes ----

  // Annotations are not evaluated after `from __future__ import annotations`.
  void visit_annotation(Expr* annotation) {
    if (annotation != nullptr && !tree_.future_annotations) visit(annotation);
  }
  void annotations(Arguments* args) {
    for (const List<Arg*>* list : {&args->posonlyargs, &args->args})
      for (Arg* a : *list) visit_annotation(a->annotation);
    if (args->vararg != nullptr) visit_annotation(args->vararg->annotation);
    if (args->kwarg != nullptr) visit_annotation(args->kwarg->annotation);
    for (Arg* a : args->kwonlyargs) visit_annotation(a->annotation);
  }

  void parameter(Arg* arg) {
    mangle(arg->arg);
    Symbol& s = symbol(arg->arg);
    if (s.is_parameter) error(arg->range, "duplicate argument '" + std::string(arg->arg) + "' in function definition");
    s.is_parameter = true;
  }

  void parameters(Arguments* args) {
    for (Arg* a : args->posonlyargs) parameter(a);
    for (Arg* a : args->args) parameter(a);
    for (Arg* a : args->kwonlyargs) parameter(a);
    if (args->vararg != nullptr) parameter(args->vararg);
    if (args->kwarg != nullptr) parameter(args->kwarg);
    scope().parameter_count = static_cast<uint32_t>(scope().symbols.size());
  }

  void function(FunctionDef* s) {
    Identifier own_name = s->name;
    mangle(s->name);
    assign(s->name);
    visit_all(s->args->defaults);
    visit_all(s->args->kw_defaults);
    annotations(s->args);
    visit_annotation(s->returns);
    visit_all(s->decorator_list);
    open(ScopeKind::kFunction, s, own_name, &s->scope);
    parameters(s->args);
    visit_all(s->body);
    close();
  }

  void lambda(Lambda* e) {
    visit_all(e->args->defaults);
    visit_all(e->args->kw_defaults);
    open(ScopeKind::kLambda, e, names_.intern(scope_name(e->kind)), &e->scope);
    parameters(e->args);
    visit(e->body);
    close();
  }

  void class_definition(ClassDef* s) {
    Identifier own_name = s->name;
    mangle(s->name);
    assign(s->name);
    visit_all(s->bases);
    visit_all(s->keywords);
    visit_all(s->decorator_list);
    open(ScopeKind::kClass, s, own_name, &s->scope);
    class_name_ = own_name;
    visit_all(s->body);
    close();
  }

  void comprehension(Node* node, uint32_t* field, Expr* element, Expr* value, const List<Comprehension*>& clauses) {
    auto iterable = [&](Comprehension* c) {
      in_iterable_++;
      visit(c->iter);
      in_iterable_--;
    };
    iterable(clauses[0]);  // belongs to the scope around
    uint32_t outer_iterable = in_iterable_;
    open(ScopeKind::kComprehension, node, names_.intern(scope_name(node->kind)), field);
    in_iterable_ = outer_iterable;
    if (node->is<GeneratorExp>()) scope().is_generator = true;
    for (uint32_t i = 0; i < clauses.size(); i++) {
      bool outer_target = std::exchange(in_comprehension_target_, true);
      visit(clauses[i]->target);
      in_comprehension_target_ = outer_target;
      if (i > 0) iterable(clauses[i]);
      bool in_target = std::exchange(in_comprehension_target_, false);
      visit_all(clauses[i]->ifs);
      in_comprehension_target_ = in_target;
    }
    bool in_target = std::exchange(in_comprehension_target_, false);
    if (value != nullptr) visit(value);
    visit(element);
    in_comprehension_target_ = in_target;
    close();
  }

  // `x := e`; in a comprehension the name belongs to the function or module around it.
  void named_expression(NamedExpr* e) {
    Name* target = e->target->cast<Name>();
    mangle(target->id);
    std::string quoted = "'" + std::string(target->id) + "'";
    if (in_iterable_ > 0) {
      error(e->range, "assignment expression cannot be used in a comprehension iterable expression");
    } else if (scope().kind == ScopeKind::kComprehension) {
      uint32_t owner = current_;
      for (; tree_.scopes[owner].kind == ScopeKind::kComprehension; owner = tree_.scopes[owner].parent) {
        const Symbol* s = tree_.scopes[owner].find(target->id);
        if (s != nullptr && s->is_iteration_variable) {
          error(target->range, "assignment expression cannot rebind comprehension iteration variable " + quoted);
          return;
        }
      }
      if (tree_.scopes[owner].kind == ScopeKind::kClass) {
        error(target->range, "assignment expression within a comprehension cannot be used in a class body");
        return;
      }
      Symbol& outer = symbol_in(owner, target->id);
      bool global = tree_.scopes[owner].kind == ScopeKind::kModule || outer.binding == Binding::kGlobalExplicit;
      outer.is_assigned = true;
      for (uint32_t s = current_; s != owner; s = tree_.scopes[s].parent) {
        Symbol& inner = symbol_in(s, target->id);
        inner.is_assigned = true;
        if (global)
          inner.binding = Binding::kGlobalExplicit;
        else
          inner.is_nonlocal = true;
      }
      visit(e->value);
      return;
    }
    visit(e->value);
    visit(target);
  }

 public:
  struct NonlocalDeclaration {
    uint32_t scope;
    Identifier name;
    SourceRange range;
  };
  std::vector<NonlocalDeclaration> nonlocals_;

 private:
  struct Saved {
    uint32_t scope;
    Identifier class_name;
    uint32_t in_try;
    uint32_t in_handler;
    uint32_t in_iterable;
  };

  NameTable& names_;
  Arena& arena_;
  ScopeTree& tree_;
  Identifier super_;
  Identifier class_cell_;
  uint32_t current_ = kNoScope;
  Identifier class_name_;  // of the innermost class around, for private names
  uint32_t in_try_ = 0;
  uint32_t in_handler_ = 0;
  uint32_t in_iterable_ = 0;
  bool in_comprehension_target_ = false;
  std::vector<Saved> saved_;
};

// Decides for each name of each scope where it lives. Parents come before children in the list, so a name that is free
// in a parent is known to be so.
class Resolver {
 public:
  Resolver(ScopeTree& tree, Identifier class_cell) : tree_(tree), class_cell_(class_cell) {}

  void run() {
    for (uint32_t i = 0; i < tree_.scopes.size(); i++)
      for (size_t k = 0; k < tree_.scopes[i].symbols.size(); k++) resolve(i, k);
  }

  /// Whether a function around `scope` binds `name`.
  bool bound_outside(uint32_t scope, Identifier name) const { return owner_of(scope, name) != kNoScope; }

 private:
  // The scope outside `from` that a free name comes from.
  uint32_t owner_of(uint32_t from, Identifier name) const {
    for (uint32_t i = tree_.scopes[from].parent; i != kNoScope; i = tree_.scopes[i].parent) {
      const Scope& s = tree_.scopes[i];
      if (s.kind == ScopeKind::kModule) break;
      if (s.kind == ScopeKind::kClass) {
        if (same_name(name, class_cell_)) return i;
        continue;
      }
      const Symbol* symbol = s.find(name);
      if (symbol == nullptr) continue;
      if (symbol->binding == Binding::kGlobalExplicit) break;
      if ((symbol->is_parameter || symbol->is_assigned) && !symbol->is_nonlocal) return i;
    }
    return kNoScope;
  }

  void resolve(uint32_t index, size_t k) {
    Scope& scope = tree_.scopes[index];
    Symbol& symbol = scope.symbols[k];
    if (symbol.binding == Binding::kGlobalExplicit) return;
    bool bound = (symbol.is_parameter || symbol.is_assigned || symbol.is_annotated) && !symbol.is_nonlocal;
    if (bound) {
      if (symbol.binding != Binding::kCell) symbol.binding = Binding::kLocal;
      return;
    }
    Identifier name = symbol.name;
    uint32_t owner = owner_of(index, name);
    if (owner == kNoScope) {
      symbol.binding = Binding::kGlobalImplicit;
      return;
    }
    symbol.binding = Binding::kFree;
    for (uint32_t i = index; i != owner; i = tree_.scopes[i].parent) add(tree_.scopes[i].frees, name);
    Scope& home = tree_.scopes[owner];
    add(home.cells, name);
    if (home.kind == ScopeKind::kClass) return;
    if (Symbol* captured = home.find(name)) captured->binding = Binding::kCell;
  }

  static void add(std::vector<Identifier>& names, Identifier name) {
    for (Identifier n : names)
      if (same_name(n, name)) return;
    names.push_back(name);
  }

  ScopeTree& tree_;
  Identifier class_cell_;
};

}  // namespace

const Symbol* Scope::find(Identifier identifier) const {
  if (index.empty()) {
    for (const Symbol& s : symbols)
      if (same_name(s.name, identifier)) return &s;
    return nullptr;
  }
  for (size_t slot = slot_of(identifier, index.size()); index[slot] != 0; slot = (slot + 1) & (index.size() - 1))
    if (same_name(symbols[index[slot] - 1].name, identifier)) return &symbols[index[slot] - 1];
  return nullptr;
}

ScopeTree analyze_scopes(ParseResult& parse, Arena& arena) {
  ScopeTree tree;
  check_future_imports(parse.module, &tree);
  Collector collector(parse, arena, tree);
  collector.module(parse.module);
  Resolver resolver(tree, parse.names.intern("__class__"));
  for (const auto& declaration : collector.nonlocals_) {
    const Scope& scope = tree.scopes[declaration.scope];
    if (scope.kind == ScopeKind::kModule) {
      tree.diagnostics.emplace_back(DiagnosticKind::kSyntaxError, declaration.range,
                                    "nonlocal declaration not allowed at module level");
    } else if (!resolver.bound_outside(declaration.scope, declaration.name)) {
      tree.diagnostics.emplace_back(DiagnosticKind::kSyntaxError, declaration.range,
                                    "no binding for nonlocal '" + std::string(declaration.name) + "' found");
    }
  }
  resolver.run();
  check_semantics(parse.module, &tree);
  return tree;
}

std::vector<Diagnostic> check_syntax(const SourceFile& source) {
  Arena arena;
  ParseResult parsed = parse(source, arena);
  return parsed.ok() ? analyze_scopes(parsed, arena).diagnostics : std::move(parsed.diagnostics);
}

}  // namespace tsvm
