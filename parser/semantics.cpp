#include "parser/semantics.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "parser/print.h"

namespace tsvm {

using namespace ast;

namespace {

constexpr uint32_t kMaxBlocks = 20;  // loops, try, with ... inside each other in one function

constexpr std::string_view kFeatures[] = {"nested_scopes",  "generators",     "division",         "absolute_import",
                                          "with_statement", "print_function", "unicode_literals", "barry_as_FLUFL",
                                          "generator_stop", "annotations"};

void add(ScopeTree* tree, SourceRange range, std::string message) {
  tree->diagnostics.emplace_back(DiagnosticKind::kSyntaxError, range, std::move(message));
}

const ImportFrom* as_future_import(const Stmt* s) {
  const ImportFrom* import = s->as<ImportFrom>();
  return import != nullptr && import->level == 0 && import->module == "__future__" ? import : nullptr;
}

// The walk of CPython's code generator, as far as it finds errors.
class Checker {
 public:
  Checker(ScopeTree* tree, uint32_t future_end) : tree_(tree), future_end_(future_end) {}

  void module(const Module* node) { visit_all(node->body); }

 private:
  // What surrounds a statement in its own function.
  struct Context {
    bool in_function = false;
    bool in_loop = false;
    bool in_star = false;       // in a clause `except*`, and in no loop inside it
    bool in_star_loop = false;  // in one, and in a loop inside it: only `return` is an error
    uint32_t blocks = 0;
  };

  void leaves_star(const Node* node) {
    error(node, "'break', 'continue' and 'return' cannot appear in an except* block");
  }
  void error(const Node* node, std::string message) { add(tree_, node->range, std::move(message)); }

  template <class T>
  void visit_all(const List<T*>& nodes) {
    for (const T* n : nodes)
      if (n != nullptr) visit(n);
  }
  void visit_optional(const Node* n) {
    if (n != nullptr) visit(n);
  }

  // The body of a block that CPython counts, possibly as several.
  void block(const Node* owner, const List<Stmt*>& body, bool loop, uint32_t count = 1) {
    Context saved = context_;
    context_.blocks += count;
    if (context_.blocks > kMaxBlocks && saved.blocks <= kMaxBlocks) error(owner, "too many statically nested blocks");
    if (loop) {
      context_.in_loop = true;
      context_.in_star_loop |= std::exchange(context_.in_star, false);
    }
    visit_all(body);
    context_ = saved;
  }

  void check_name(const Node* where, Identifier name, ExprContext ctx) {
    if (ctx == ExprContext::kLoad || name != "__debug__") return;
    error(where, ctx == ExprContext::kDel ? "cannot delete __debug__" : "cannot assign to __debug__");
  }

  void check_parameters(const Node* owner, const Arguments* args) {
    auto check = [&](const Arg* a) {
      if (a != nullptr) check_name(owner, a->arg, ExprContext::kStore);
    };
    for (const Arg* a : args->posonlyargs) check(a);
    for (const Arg* a : args->args) check(a);
    check(args->vararg);
    for (const Arg* a : args->kwonlyargs) check(a);
    check(args->kwarg);
  }

  void check_keywords(const List<Keyword*>& keywords, const Node* call) {
    std::unordered_set<const char*> seen;
    for (const Keyword* k : keywords) {
      if (k->arg.empty()) continue;
      check_name(call, k->arg, ExprContext::kStore);
      if (keywords.size() > 1 && !seen.insert(k->arg.data()).second)
        error(k, "keyword argument repeated: " + std::string(k->arg));
    }
  }

  // The elements of a display, argument list or tuple, where a star is allowed.
  void elements(const List<Expr*>& items) {
    for (const Expr* e : items) {
      const Starred* starred = e->as<Starred>();
      visit(starred != nullptr ? starred->value : e);
    }
  }

  void sequence(const Node* node, const List<Expr*>& items, ExprContext ctx) {
    if (ctx == ExprContext::kStore) {
      uint32_t stars = 0;
      for (const Expr* e : items) stars += e->is<Starred>();
      if (stars > 1) error(node, "multiple starred expressions in assignment");
    }
    elements(items);
  }

  void visit(const Node* node) {
    switch (node->kind) {
      case NodeKind::kFunctionDef: {
        const FunctionDef* s = node->cast<FunctionDef>();
        visit_all(s->decorator_list);
        visit_all(s->args->defaults);
        visit_all(s->args->kw_defaults);
        check_parameters(s, s->args);
        visit_annotations(s->args);
        visit_optional(s->returns);
        check_name(s, s->name, ExprContext::kStore);
        inside({true, false, 0}, [&] { visit_all(s->body); });
        return;
      }
      case NodeKind::kLambda: {
        const Lambda* e = node->cast<Lambda>();
        check_parameters(e, e->args);
        visit_all(e->args->defaults);
        visit_all(e->args->kw_defaults);
        inside({true, false, 0}, [&] { visit(e->body); });
        return;
      }
      case NodeKind::kClassDef: {
        const ClassDef* s = node->cast<ClassDef>();
        visit_all(s->decorator_list);
        check_name(s, s->name, ExprContext::kStore);
        inside({false, false, 0}, [&] { visit_all(s->body); });
        elements(s->bases);
        check_keywords(s->keywords, s);
        visit_all(s->keywords);
        return;
      }
      case NodeKind::kListComp:
      case NodeKind::kSetComp:
      case NodeKind::kDictComp:
      case NodeKind::kGeneratorExp: {
        // Comprehensions are functions; the first iterable is evaluated outside.
        Context inner = context_;
        inner.in_loop = false;
        inner.in_function = true;
        inside(inner, [&] { for_each_child(node, [this](const Node* child) { visit(child); }); });
        return;
      }
      case NodeKind::kReturn:
        if (!context_.in_function)
          error(node, "'return' outside function");
        else if (context_.in_star || context_.in_star_loop)
          leaves_star(node);
        break;
      case NodeKind::kYield:
      case NodeKind::kYieldFrom:
        if (!context_.in_function) error(node, "'yield' outside function");
        break;
      case NodeKind::kBreak:
        if (context_.in_star)
          leaves_star(node);
        else if (!context_.in_loop)
          error(node, "'break' outside loop");
        return;
      case NodeKind::kContinue:
        if (context_.in_star)
          leaves_star(node);
        else if (!context_.in_loop)
          error(node, "'continue' not properly in loop");
        return;
      case NodeKind::kFor: {
        const For* s = node->cast<For>();
        visit(s->iter);
        visit(s->target);
        block(s, s->body, true);
        return visit_all(s->orelse);
      }
      case NodeKind::kWhile: {
        const While* s = node->cast<While>();
        visit(s->test);
        block(s, s->body, true);
        return visit_all(s->orelse);
      }
      case NodeKind::kWith: {
        const With* s = node->cast<With>();
        visit_all(s->items);
        return block(s, s->body, false, s->items.size());
      }
      case NodeKind::kMatch: {
        const Match* s = node->cast<Match>();
        for (size_t i = 0; i < s->cases.size(); i++) {
          std::vector<Identifier> names;
          check_pattern(s->cases[i]->pattern, &names, i + 1 == s->cases.size() || s->cases[i]->guard != nullptr);
        }
        break;
      }
      case NodeKind::kTry: return try_statement(node->cast<Try>());
      case NodeKind::kTryStar: return try_statement(node->cast<TryStar>());
      case NodeKind::kName: return check_name(node, node->cast<Name>()->id, node->cast<Name>()->ctx);
      case NodeKind::kAttribute: check_name(node, node->cast<Attribute>()->attr, node->cast<Attribute>()->ctx); break;
      case NodeKind::kAnnAssign: {
        const AnnAssign* s = node->cast<AnnAssign>();
        const Name* name = s->target->as<Name>();
        const Attribute* attribute = s->target->as<Attribute>();
        if (s->value == nullptr && (name != nullptr || attribute != nullptr)) {
          check_name(s, name != nullptr ? name->id : attribute->attr, ExprContext::kStore);
          visit(s->annotation);
          if (attribute != nullptr) visit(attribute->value);
          return;
        }
        break;
      }
      case NodeKind::kImport:
        for (const Alias* alias : node->cast<Import>()->names)
          check_name(node, alias->asname.empty() ? alias->name : alias->asname, ExprContext::kStore);
        return;
      case NodeKind::kImportFrom:
        if (as_future_import(node->cast<ImportFrom>()) != nullptr && node->range.begin >= future_end_)
          error(node, "from __future__ imports must occur at the beginning of the file");
        for (const Alias* alias : node->cast<ImportFrom>()->names)
          check_name(node, alias->asname.empty() ? alias->name : alias->asname, ExprContext::kStore);
        return;
      case NodeKind::kStarred: {
        const Starred* e = node->cast<Starred>();
        error(e, e->ctx == ExprContext::kStore ? "starred assignment target must be in a list or tuple"
                                               : "can't use starred expression here");
        break;
      }
      case NodeKind::kTuple: return sequence(node, node->cast<Tuple>()->elts, node->cast<Tuple>()->ctx);
      case NodeKind::kListExpr: return sequence(node, node->cast<ListExpr>()->elts, node->cast<ListExpr>()->ctx);
      case NodeKind::kSet: return elements(node->cast<Set>()->elts);
      case NodeKind::kCall: {
        const Call* e = node->cast<Call>();
        visit(e->func);
        check_keywords(e->keywords, e);
        elements(e->args);
        return visit_all(e->keywords);
      }
      default: break;
    }
    for_each_child(node, [this](const Node* child) { visit(child); });
  }

  void visit_annotations(const Arguments* args) {
    auto annotation = [&](const Arg* a) {
      if (a == nullptr || a->annotation == nullptr) return;
      const Starred* starred = a->annotation->as<Starred>();  // *args: *Ts
      visit(starred != nullptr ? starred->value : a->annotation);
    };
    for (const Arg* a : args->posonlyargs) annotation(a);
    for (const Arg* a : args->args) annotation(a);
    annotation(args->vararg);
    for (const Arg* a : args->kwonlyargs) annotation(a);
    annotation(args->kwarg);
  }

  void check_pattern_keys(const MatchMapping* m) {
    std::unordered_set<std::string> seen;
    for (const Expr* key : m->keys)
      if (key->is<Constant>() && !seen.insert(unparse(key)).second)
        return error(m, "mapping pattern checks duplicate key (" + unparse(key) + ")");
  }

  // `last`: nothing would be tried behind it.
  void check_pattern(const Aux* p, std::vector<Identifier>* names, bool last) {
    auto bind = [&](Identifier name) {
      if (name.empty()) return;
      if (std::find(names->begin(), names->end(), name) != names->end())
        error(p, "multiple assignments to name '" + std::string(name) + "' in pattern");
      names->push_back(name);
      check_name(p, name, ExprContext::kStore);
    };
    switch (p->kind) {
      case NodeKind::kMatchAs: {
        const MatchAs* as = p->cast<MatchAs>();
        if (as->pattern != nullptr) {
          check_pattern(as->pattern, names, last);
        } else if (!last) {
          error(p, as->name.empty()
                       ? "wildcard makes remaining patterns unreachable"
                       : "name capture '" + std::string(as->name) + "' makes remaining patterns unreachable");
        }
        return bind(as->name);
      }
      case NodeKind::kMatchOr: {
        const List<Aux*>& patterns = p->cast<MatchOr>()->patterns;
        std::vector<Identifier> first;
        for (size_t i = 0; i < patterns.size(); i++) {
          std::vector<Identifier> own;
          check_pattern(patterns[i], &own, i + 1 == patterns.size() && last);
          std::sort(own.begin(), own.end());
          if (i == 0)
            first = own;
          else if (own != first)
            return error(p, "alternative patterns bind different names");
        }
        for (Identifier name : first) bind(name);
        return;
      }
      case NodeKind::kMatchSequence: {
        uint32_t stars = 0;
        for (const Aux* c : p->cast<MatchSequence>()->patterns) {
          stars += c->is<MatchStar>();
          check_pattern(c, names, true);
        }
        if (stars > 1) error(p, "multiple starred names in sequence pattern");
        return;
      }
      case NodeKind::kMatchMapping:
        check_pattern_keys(p->cast<MatchMapping>());
        for (const Aux* c : p->cast<MatchMapping>()->patterns) check_pattern(c, names, true);
        return bind(p->cast<MatchMapping>()->rest);
      case NodeKind::kMatchClass: {
        const MatchClass* c = p->cast<MatchClass>();
        for (const Aux* inner : c->patterns) check_pattern(inner, names, true);
        for (const Aux* inner : c->kwd_patterns) check_pattern(inner, names, true);
        for (size_t i = 0; i < c->kwd_attrs.size(); i++)
          for (size_t k = 0; k < i; k++)
            if (c->kwd_attrs[i] == c->kwd_attrs[k])
              error(c->kwd_patterns[i], "attribute name repeated in class pattern: " + std::string(c->kwd_attrs[i]));
        return;
      }
      case NodeKind::kMatchStar: return bind(p->cast<MatchStar>()->name);
      default: return;
    }
  }

  template <class T>
  void try_statement(const T* s) {
    bool finally = !s->finalbody.empty();
    Context saved = context_;
    context_.blocks += finally;
    block(s, s->body, false);
    for (size_t i = 0; i < s->handlers.size(); i++) {
      const ExceptHandler* handler = s->handlers[i];
      if (handler->type == nullptr && i + 1 < s->handlers.size()) error(handler, "default 'except:' must be last");
      visit_optional(handler->type);
      if (!handler->name.empty()) check_name(handler, handler->name, ExprContext::kStore);
      Context around = context_;
      if (std::is_same_v<T, TryStar>) context_.in_star = true;
      block(handler, handler->body, false, 2);
      context_ = around;
    }
    visit_all(s->orelse);
    context_ = saved;
    if (finally) block(s, s->finalbody, false);
  }

  template <class Fn>
  void inside(Context context, Fn&& fn) {
    Context saved = std::exchange(context_, context);
    fn();
    context_ = saved;
  }

  ScopeTree* tree_;
  uint32_t future_end_;
  Context context_;
};

// Where the statements end that a __future__ import may follow: other such imports, behind a docstring.
uint32_t end_of_future_imports(const Module* module) {
  bool first = true;
  for (const Stmt* s : module->body) {
    const ExprStmt* expression = s->as<ExprStmt>();
    const Constant* text = expression == nullptr ? nullptr : expression->value->as<Constant>();
    bool docstring = first && text != nullptr && text->value.kind == ConstantKind::kStr;
    if (!docstring && as_future_import(s) == nullptr) return s->range.begin;
    first = false;
  }
  return module->range.end + 1;
}

}  // namespace

void check_future_imports(const Module* module, ScopeTree* tree) {
  uint32_t end = end_of_future_imports(module);
  for (const Stmt* s : module->body) {
    const ImportFrom* import = as_future_import(s);
    if (import == nullptr || s->range.begin >= end) continue;
    for (const Alias* alias : import->names) {
      bool known = false;
      for (std::string_view feature : kFeatures) known |= feature == alias->name;
      if (alias->name == "annotations") tree->future_annotations = true;
      if (alias->name == "braces")
        add(tree, s->range, "not a chance");
      else if (!known)
        add(tree, s->range, "future feature " + std::string(alias->name) + " is not defined");
    }
  }
}

void check_semantics(const Module* module, ScopeTree* tree) {
  Checker(tree, end_of_future_imports(module)).module(module);
}

}  // namespace tsvm
