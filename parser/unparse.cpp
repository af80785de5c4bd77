// Trees back to source text, in the form that Python's ast.unparse gives.
#include <algorithm>
#include <cstring>
#include <vector>

#include "base/repr.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "parser/print.h"

namespace tsvm {

using namespace ast;

namespace {

// Weakest first; an operand is put in brackets when its own level is below what its place asks for.
enum Level : int {
  kLevelNamed,
  kLevelTuple,
  kLevelYield,
  kLevelTest,  // conditional, lambda
  kLevelOr,
  kLevelAnd,
  kLevelNot,
  kLevelCompare,
  kLevelBitOr,
  kLevelBitXor,
  kLevelBitAnd,
  kLevelShift,
  kLevelSum,
  kLevelProduct,
  kLevelUnary,
  kLevelPower,
  kLevelAwait,
  kLevelAtom,
};

int level_of(Operator op) {
  switch (op) {
    case Operator::kBitOr: return kLevelBitOr;
    case Operator::kBitXor: return kLevelBitXor;
    case Operator::kBitAnd: return kLevelBitAnd;
    case Operator::kLShift:
    case Operator::kRShift: return kLevelShift;
    case Operator::kAdd:
    case Operator::kSub: return kLevelSum;
    case Operator::kPow: return kLevelPower;
    default: return kLevelProduct;
  }
}

class Unparser {
 public:
  std::string out;

  void node(const Node* n) {
    if (const Module* module = n->as<Module>()) {
      body(module->body, true);
      return;
    }
    switch (n->kind) {
#define AST_IS_Stmt(cpp_name)               \
  case NodeKind::k##cpp_name:               \
    statement(static_cast<const Stmt*>(n)); \
    return;
#define AST_IS_Expr(cpp_name)                      \
  case NodeKind::k##cpp_name:                      \
    expr(static_cast<const Expr*>(n), kLevelTest); \
    return;
#define AST_IS_Mod(cpp_name)
#define AST_IS_Aux(cpp_name)
#define AST_NODE(category, cpp_name, python_name, fields) AST_IS_##category(cpp_name)
#include "parser/ast_nodes.def"
#undef AST_IS_Stmt
#undef AST_IS_Expr
#undef AST_IS_Mod
#undef AST_IS_Aux
      case NodeKind::kArguments: arguments(n->cast<Arguments>()); return;
      default: return;
    }
  }

 private:
  void put(std::string_view text) { out += text; }
  void line() {
    if (!out.empty()) out += '\n';
    out.append(static_cast<size_t>(indent_) * 4, ' ');
  }

  // ---- statements ----

  static const Constant* docstring(const List<Stmt*>& body) {
    const ExprStmt* s = body.empty() ? nullptr : body[0]->as<ExprStmt>();
    const Constant* c = s == nullptr ? nullptr : s->value->as<Constant>();
    return c != nullptr && c->value.kind == ConstantKind::kStr ? c : nullptr;
  }

  void body(const List<Stmt*>& statements, bool may_have_docstring = false) {
    size_t i = 0;
    if (may_have_docstring && docstring(statements) != nullptr) {
      line();
      docstring_text(docstring(statements)->value.text);
      i = 1;
    }
    for (; i < statements.size(); i++) statement(statements[i]);
  }
  void block(const List<Stmt*>& statements, bool may_have_docstring = false) {
    put(":");
    indent_++;
    body(statements, may_have_docstring);
    indent_--;
  }

  void else_block(const List<Stmt*>& orelse) {
    if (orelse.empty()) return;
    line();
    put("else");
    block(orelse);
  }

  void names(const List<Identifier>& list) {
    for (uint32_t i = 0; i < list.size(); i++) {
      if (i > 0) put(", ");
      put(list[i]);
    }
  }
  void aliases(const List<Alias*>& list) {
    for (uint32_t i = 0; i < list.size(); i++) {
      if (i > 0) put(", ");
      put(list[i]->name);
      if (!list[i]->asname.empty()) {
        put(" as ");
        put(list[i]->asname);
      }
    }
  }
  void decorators(const List<Expr*>& list) {
    for (const Expr* e : list) {
      line();
      put("@");
      expr(e, kLevelTest);
    }
  }
  void type_comment(Text comment) {
    if (comment.empty()) return;
    put(" # type: ");
    put(comment);
  }

  void statement(const Stmt* s) {
    switch (s->kind) {
      case NodeKind::kFunctionDef: {
        const FunctionDef* f = s->cast<FunctionDef>();
        blank_line();
        decorators(f->decorator_list);
        line();
        put("def ");
        put(f->name);
        put("(");
        arguments(f->args);
        put(")");
        if (f->returns != nullptr) {
          put(" -> ");
          expr(f->returns, kLevelTest);
        }
        put(":");
        type_comment(f->type_comment);
        indent_++;
        body(f->body, true);
        indent_--;
        return;
      }
      case NodeKind::kClassDef: {
        const ClassDef* c = s->cast<ClassDef>();
        blank_line();
        decorators(c->decorator_list);
        line();
        put("class ");
        put(c->name);
        if (!c->bases.empty() || !c->keywords.empty()) {
          put("(");
          call_arguments(c->bases, c->keywords);
          put(")");
        }
        return block(c->body, true);
      }
      case NodeKind::kIf: return if_statement(s->cast<If>());
      case NodeKind::kFor: {
        const For* f = s->cast<For>();
        line();
        put("for ");
        expr(f->target, kLevelTuple);
        put(" in ");
        expr(f->iter, kLevelTest);
        put(":");
        type_comment(f->type_comment);
        indent_++;
        body(f->body);
        indent_--;
        return else_block(f->orelse);
      }
      case NodeKind::kWhile: {
        const While* w = s->cast<While>();
        line();
        put("while ");
        expr(w->test, kLevelTest);
        block(w->body);
        return else_block(w->orelse);
      }
      case NodeKind::kWith: {
        const With* w = s->cast<With>();
        line();
        put("with ");
        for (uint32_t i = 0; i < w->items.size(); i++) {
          if (i > 0) put(", ");
          expr(w->items[i]->context_expr, kLevelTest);
          if (w->items[i]->optional_vars != nullptr) {
            put(" as ");
            expr(w->items[i]->optional_vars, kLevelTest);
          }
        }
        put(":");
        type_comment(w->type_comment);
        indent_++;
        body(w->body);
        indent_--;
        return;
      }
      case NodeKind::kMatch: {
        const Match* m = s->cast<Match>();
        line();
        put("match ");
        expr(m->subject, kLevelTuple);
        put(":");
        indent_++;
        for (const MatchCase* c : m->cases) {
          line();
          put("case ");
          pattern(c->pattern, false);
          if (c->guard != nullptr) {
            put(" if ");
            expr(c->guard, kLevelTest);
          }
          block(c->body);
        }
        indent_--;
        return;
      }
      case NodeKind::kTry: return try_statement(s->cast<Try>());
      case NodeKind::kTryStar: return try_statement(s->cast<TryStar>());
      default: break;
    }
    line();
    simple_statement(s);
  }

  void patterns(const List<Aux*>& list) {
    for (size_t i = 0; i < list.size(); i++) {
      if (i != 0) put(", ");
      pattern(list[i], false);
    }
  }

  // `closed`: where alternatives and `as` need parentheses.
  void pattern(const Aux* p, bool closed) {
    switch (p->kind) {
      case NodeKind::kMatchValue: return expr(p->cast<MatchValue>()->value, kLevelTest);
      case NodeKind::kMatchSingleton: {
        ConstantKind k = p->cast<MatchSingleton>()->value.kind;
        return put(k == ConstantKind::kNone ? "None" : k == ConstantKind::kTrue ? "True" : "False");
      }
      case NodeKind::kMatchSequence:
        put("[");
        patterns(p->cast<MatchSequence>()->patterns);
        return put("]");
      case NodeKind::kMatchMapping: {
        const MatchMapping* m = p->cast<MatchMapping>();
        put("{");
        for (size_t i = 0; i < m->keys.size(); i++) {
          if (i != 0) put(", ");
          expr(m->keys[i], kLevelTest);
          put(": ");
          pattern(m->patterns[i], false);
        }
        if (!m->rest.empty()) {
          put(m->keys.empty() ? "**" : ", **");
          put(m->rest);
        }
        return put("}");
      }
      case NodeKind::kMatchClass: {
        const MatchClass* c = p->cast<MatchClass>();
        expr(c->cls, kLevelTest);
        put("(");
        patterns(c->patterns);
        for (size_t i = 0; i < c->kwd_attrs.size(); i++) {
          if (i != 0 || !c->patterns.empty()) put(", ");
          put(c->kwd_attrs[i]);
          put("=");
          pattern(c->kwd_patterns[i], false);
        }
        return put(")");
      }
      case NodeKind::kMatchStar:
        put("*");
        return put(p->cast<MatchStar>()->name.empty() ? "_" : p->cast<MatchStar>()->name);
      case NodeKind::kMatchAs: {
        const MatchAs* as = p->cast<MatchAs>();
        if (as->pattern == nullptr) return put(as->name.empty() ? "_" : as->name);
        if (closed) put("(");
        pattern(as->pattern, as->pattern->is<MatchAs>());
        put(" as ");
        put(as->name);
        if (closed) put(")");
        return;
      }
      case NodeKind::kMatchOr: {
        const List<Aux*>& list = p->cast<MatchOr>()->patterns;
        if (closed) put("(");
        for (size_t i = 0; i < list.size(); i++) {
          if (i != 0) put(" | ");
          pattern(list[i], true);
        }
        if (closed) put(")");
        return;
      }
      default: return;
    }
  }

  template <class T>
  void try_statement(const T* t) {
    line();
    put("try");
    block(t->body);
    for (const ExceptHandler* h : t->handlers) {
      line();
      put(std::is_same_v<T, TryStar> ? "except*" : "except");
      if (h->type != nullptr) {
        put(" ");
        expr(h->type, kLevelTest);
      }
      if (!h->name.empty()) {
        put(" as ");
        put(h->name);
      }
      block(h->body);
    }
    else_block(t->orelse);
    if (!t->finalbody.empty()) {
      line();
      put("finally");
      block(t->finalbody);
    }
  }

  // Functions and classes are set off by an empty line.
  void blank_line() {
    if (!out.empty()) out += '\n';
  }

  void if_statement(const If* s) {
    line();
    put("if ");
    expr(s->test, kLevelTest);
    block(s->body);
    while (s->orelse.size() == 1 && s->orelse[0]->is<If>()) {
      s = s->orelse[0]->cast<If>();
      line();
      put("elif ");
      expr(s->test, kLevelTest);
      block(s->body);
    }
    else_block(s->orelse);
  }

  void simple_statement(const Stmt* s) {
    switch (s->kind) {
      case NodeKind::kExprStmt: return expr(s->cast<ExprStmt>()->value, kLevelYield);
      case NodeKind::kAssign: {
        const Assign* a = s->cast<Assign>();
        for (const Expr* target : a->targets) {
          expr(target, kLevelTuple);
          put(" = ");
        }
        expr(a->value, kLevelTest);
        return type_comment(a->type_comment);
      }
      case NodeKind::kAugAssign: {
        const AugAssign* a = s->cast<AugAssign>();
        expr(a->target, kLevelTest);
        put(" ");
        put(spelling(a->op));
        put("= ");
        return expr(a->value, kLevelTest);
      }
      case NodeKind::kAnnAssign: {
        const AnnAssign* a = s->cast<AnnAssign>();
        bool brackets = !a->simple && a->target->is<Name>();
        if (brackets) put("(");
        expr(a->target, kLevelTest);
        if (brackets) put(")");
        put(": ");
        expr(a->annotation, kLevelTest);
        if (a->value != nullptr) {
          put(" = ");
          expr(a->value, kLevelTest);
        }
        return;
      }
      case NodeKind::kReturn:
        put("return");
        if (const Expr* value = s->cast<Return>()->value) {
          put(" ");
          expr(value, kLevelTest);
        }
        return;
      case NodeKind::kDelete: put("del "); return list(s->cast<Delete>()->targets, kLevelTest);
      case NodeKind::kRaise: {
        const Raise* r = s->cast<Raise>();
        put("raise");
        if (r->exc != nullptr) {
          put(" ");
          expr(r->exc, kLevelTest);
        }
        if (r->cause != nullptr) {
          put(" from ");
          expr(r->cause, kLevelTest);
        }
        return;
      }
      case NodeKind::kAssert: {
        const Assert* a = s->cast<Assert>();
        put("assert ");
        expr(a->test, kLevelTest);
        if (a->msg != nullptr) {
          put(", ");
          expr(a->msg, kLevelTest);
        }
        return;
      }
      case NodeKind::kImport: put("import "); return aliases(s->cast<Import>()->names);
      case NodeKind::kImportFrom: {
        const ImportFrom* i = s->cast<ImportFrom>();
        put("from ");
        out.append(static_cast<size_t>(i->level), '.');
        put(i->module);
        put(" import ");
        return aliases(i->names);
      }
      case NodeKind::kGlobal: put("global "); return names(s->cast<Global>()->names);
      case NodeKind::kNonlocal: put("nonlocal "); return names(s->cast<Nonlocal>()->names);
      case NodeKind::kPass: return put("pass");
      case NodeKind::kBreak: return put("break");
      case NodeKind::kContinue: return put("continue");
      default: TSVM_UNREACHABLE("not a simple statement");
    }
  }

  // ---- expressions ----

  void list(const List<Expr*>& items, int level) {
    for (uint32_t i = 0; i < items.size(); i++) {
      if (i > 0) put(", ");
      expr(items[i], level);
    }
  }

  template <class Fn>
  void bracketed(bool needed, Fn&& fn) {
    if (needed) put("(");
    fn();
    if (needed) put(")");
  }

  void expr(const Expr* e, int level) {
    switch (e->kind) {
      case NodeKind::kName: return put(e->cast<Name>()->id);
      case NodeKind::kConstant: return constant(e->cast<Constant>());
      case NodeKind::kBoolOp: {
        const BoolOp* b = e->cast<BoolOp>();
        int own = b->op == BoolOperator::kOr ? kLevelOr : kLevelAnd;
        return bracketed(level > own, [&] {
          for (uint32_t i = 0; i < b->values.size(); i++) {
            if (i > 0) {
              put(" ");
              put(spelling(b->op));
              put(" ");
            }
            // Python asks for one level more with each operand.
            expr(b->values[i], std::min(own + 1 + static_cast<int>(i), static_cast<int>(kLevelAtom)));
          }
        });
      }
      case NodeKind::kNamedExpr: {
        const NamedExpr* n = e->cast<NamedExpr>();
        return bracketed(level > kLevelNamed, [&] {
          expr(n->target, kLevelAtom);
          put(" := ");
          expr(n->value, kLevelAtom);
        });
      }
      case NodeKind::kBinOp: {
        const BinOp* b = e->cast<BinOp>();
        int own = level_of(b->op);
        bool power = b->op == Operator::kPow;
        return bracketed(level > own, [&] {
          expr(b->left, power ? own + 1 : own);
          put(" ");
          put(spelling(b->op));
          put(" ");
          expr(b->right, power ? own : own + 1);
        });
      }
      case NodeKind::kUnaryOp: {
        const UnaryOp* u = e->cast<UnaryOp>();
        int own = u->op == UnaryOperator::kNot ? kLevelNot : kLevelUnary;
        return bracketed(level > own, [&] {
          put(spelling(u->op));
          if (u->op == UnaryOperator::kNot) put(" ");
          expr(u->operand, own);
        });
      }
      case NodeKind::kLambda: {
        const Lambda* l = e->cast<Lambda>();
        return bracketed(level > kLevelTest, [&] {
          put("lambda");
          size_t before = out.size();
          put(" ");
          arguments(l->args);
          if (out.size() == before + 1) out.resize(before);
          put(": ");
          expr(l->body, kLevelTest);
        });
      }
      case NodeKind::kIfExp: {
        const IfExp* c = e->cast<IfExp>();
        return bracketed(level > kLevelTest, [&] {
          expr(c->body, kLevelTest + 1);
          put(" if ");
          expr(c->test, kLevelTest + 1);
          put(" else ");
          expr(c->orelse, kLevelTest);
        });
      }
      case NodeKind::kDict: {
        const Dict* d = e->cast<Dict>();
        put("{");
        for (uint32_t i = 0; i < d->values.size(); i++) {
          if (i > 0) put(", ");
          if (d->keys[i] == nullptr) {
            put("**");
            expr(d->values[i], kLevelBitOr);
          } else {
            expr(d->keys[i], kLevelTest);
            put(": ");
            expr(d->values[i], kLevelTest);
          }
        }
        return put("}");
      }
      case NodeKind::kSet:
        put("{");
        if (e->cast<Set>()->elts.empty()) put("*()");
        list(e->cast<Set>()->elts, kLevelTest);
        return put("}");
      case NodeKind::kListComp:
        put("[");
        expr(e->cast<ListComp>()->elt, kLevelTest);
        clauses(e->cast<ListComp>()->generators);
        return put("]");
      case NodeKind::kSetComp:
        put("{");
        expr(e->cast<SetComp>()->elt, kLevelTest);
        clauses(e->cast<SetComp>()->generators);
        return put("}");
      case NodeKind::kDictComp:
        put("{");
        expr(e->cast<DictComp>()->key, kLevelTest);
        put(": ");
        expr(e->cast<DictComp>()->value, kLevelTest);
        clauses(e->cast<DictComp>()->generators);
        return put("}");
      case NodeKind::kGeneratorExp:
        put("(");
        expr(e->cast<GeneratorExp>()->elt, kLevelTest);
        clauses(e->cast<GeneratorExp>()->generators);
        return put(")");
      case NodeKind::kYield:
        return bracketed(level > kLevelYield, [&] {
          put("yield");
          if (const Expr* value = e->cast<Yield>()->value) {
            put(" ");
            expr(value, kLevelAtom);
          }
        });
      case NodeKind::kYieldFrom:
        return bracketed(level > kLevelYield, [&] {
          put("yield from ");
          expr(e->cast<YieldFrom>()->value, kLevelAtom);
        });
      case NodeKind::kCompare: {
        const Compare* c = e->cast<Compare>();
        return bracketed(level > kLevelCompare, [&] {
          expr(c->left, kLevelCompare + 1);
          for (uint32_t i = 0; i < c->ops.size(); i++) {
            put(" ");
            put(spelling(c->ops[i]));
            put(" ");
            expr(c->comparators[i], kLevelCompare + 1);
          }
        });
      }
      case NodeKind::kCall: {
        const Call* c = e->cast<Call>();
        expr(c->func, kLevelAtom);
        if (c->args.size() == 1 && c->keywords.empty() && c->args[0]->is<GeneratorExp>()) {
          put("(");
          expr(c->args[0], kLevelTest);
          return put(")");
        }
        put("(");
        call_arguments(c->args, c->keywords);
        return put(")");
      }
      case NodeKind::kFormattedValue:
      case NodeKind::kJoinedStr: return joined_string(e);
      case NodeKind::kAttribute: {
        const Attribute* a = e->cast<Attribute>();
        expr(a->value, kLevelAtom);
        // `1 .real`: a dot right behind the digits would belong to the number.
        const Constant* c = a->value->as<Constant>();
        if (c != nullptr && (c->value.kind == ConstantKind::kInt || c->value.kind == ConstantKind::kBigInt)) put(" ");
        put(".");
        return put(a->attr);
      }
      case NodeKind::kSubscript: {
        const Subscript* s = e->cast<Subscript>();
        expr(s->value, kLevelAtom);
        put("[");
        const Tuple* tuple = s->slice->as<Tuple>();
        if (tuple != nullptr && !tuple->elts.empty())
          tuple_items(tuple->elts);
        else
          expr(s->slice, kLevelTest);
        return put("]");
      }
      case NodeKind::kStarred: put("*"); return expr(e->cast<Starred>()->value, kLevelBitOr);
      case NodeKind::kListExpr:
        put("[");
        list(e->cast<ListExpr>()->elts, kLevelTest);
        return put("]");
      case NodeKind::kTuple:
        return bracketed(level > kLevelTuple || e->cast<Tuple>()->elts.empty(),
                         [&] { tuple_items(e->cast<Tuple>()->elts); });
      case NodeKind::kSlice: {
        const Slice* s = e->cast<Slice>();
        if (s->lower != nullptr) expr(s->lower, kLevelTest);
        put(":");
        if (s->upper != nullptr) expr(s->upper, kLevelTest);
        if (s->step != nullptr) {
          put(":");
          expr(s->step, kLevelTest);
        }
        return;
      }
      default: TSVM_UNREACHABLE("not an expression");
    }
  }

  void tuple_items(const List<Expr*>& items) {
    list(items, kLevelTest);
    if (items.size() == 1) put(",");
  }

  void clauses(const List<Comprehension*>& generators) {
    for (const Comprehension* c : generators) {
      put(" for ");
      expr(c->target, kLevelTuple);
      put(" in ");
      expr(c->iter, kLevelTest + 1);
      for (const Expr* condition : c->ifs) {
        put(" if ");
        expr(condition, kLevelTest + 1);
      }
    }
  }

  void call_arguments(const List<Expr*>& args, const List<Keyword*>& keywords) {
    bool comma = false;
    auto separate = [&] {
      if (comma) put(", ");
      comma = true;
    };
    for (const Expr* a : args) {
      separate();
      expr(a, kLevelTest);
    }
    for (const Keyword* k : keywords) {
      separate();
      if (k->arg.empty()) {
        put("**");
      } else {
        put(k->arg);
        put("=");
      }
      expr(k->value, kLevelTest);
    }
  }

  void argument(const Arg* a) {
    put(a->arg);
    if (a->annotation != nullptr) {
      put(": ");
      expr(a->annotation, kLevelTest);
    }
  }

  void arguments(const Arguments* args) {
    bool comma = false;
    auto separate = [&] {
      if (comma) put(", ");
      comma = true;
    };
    uint32_t positional = args->posonlyargs.size() + args->args.size();
    uint32_t first_default = positional - args->defaults.size();
    for (uint32_t i = 0; i < positional; i++) {
      separate();
      bool only = i < args->posonlyargs.size();
      argument(only ? args->posonlyargs[i] : args->args[i - args->posonlyargs.size()]);
      if (i >= first_default) {
        put("=");
        expr(args->defaults[i - first_default], kLevelTest);
      }
      if (i + 1 == args->posonlyargs.size()) put(", /");
    }
    if (args->vararg != nullptr || !args->kwonlyargs.empty()) {
      separate();
      put("*");
      if (args->vararg != nullptr) argument(args->vararg);
    }
    for (uint32_t i = 0; i < args->kwonlyargs.size(); i++) {
      separate();
      argument(args->kwonlyargs[i]);
      if (args->kw_defaults[i] != nullptr) {
        put("=");
        expr(args->kw_defaults[i], kLevelTest);
      }
    }
    if (args->kwarg != nullptr) {
      separate();
      put("**");
      argument(args->kwarg);
    }
  }

  // ---- literals ----

  // Infinity has no literal; an overflowing one reads back as it.
  static std::string float_text(double value) {
    std::string text = float_repr(value);
    if (text == "inf") return "1e309";
    if (text == "-inf") return "-1e309";
    return text;
  }

  void constant(const Constant* c) {
    const ConstantValue& v = c->value;
    if (!c->kind.empty()) put(c->kind);
    switch (v.kind) {
      case ConstantKind::kNone: return put("None");
      case ConstantKind::kTrue: return put("True");
      case ConstantKind::kFalse: return put("False");
      case ConstantKind::kEllipsis: return put("...");
      case ConstantKind::kInt: return put(std::to_string(v.int_value));
      case ConstantKind::kBigInt: return put(decimal_digits(v.text));
      case ConstantKind::kFloat: return put(float_text(v.float_value));
      case ConstantKind::kImaginary: {
        std::string text = float_text(v.float_value);
        if (text.size() > 2 && text.compare(text.size() - 2, 2, ".0") == 0) text.resize(text.size() - 2);
        put(text);
        return put("j");
      }
      case ConstantKind::kStr: return put(str_repr(v.text));
      case ConstantKind::kBytes: return put(bytes_repr(v.text));
    }
  }

  // Text between given quotes: what cannot stand there is escaped.
  static std::string escaped(std::string_view text, bool keep_layout) {
    std::string result;
    for (size_t i = 0; i < text.size();) {
      size_t begin = i;
      char32_t c = utf8::decode(text, &i);
      if ((c == '\n' || c == '\t') && keep_layout) {
        result += static_cast<char>(c);
      } else if (c == '\\' || !unicode::is(c, unicode::kPrintable)) {
        std::string one = str_repr(text.substr(begin, i - begin));
        result += one.substr(1, one.size() - 2);
      } else {
        result += text.substr(begin, i - begin);
      }
    }
    return result;
  }

  void docstring_text(std::string_view text) {
    std::string body = escaped(text, true);
    const char* quotes = nullptr;
    for (const char* q : {"\"\"\"", "'''"}) {
      if (body.find(q) == std::string::npos) {
        quotes = q;
        break;
      }
    }
    if (quotes == nullptr) return put(str_repr(text));
    // A quote at the very end would run into the closing ones.
    if (!body.empty() && body.back() == quotes[0]) {
      body.pop_back();
      body += '\\';
      body += quotes[0];
    }
    put(quotes);
    put(body);
    put(quotes);
  }

  // An f-string's text with braces doubled, and its fields; the quotes are chosen so that they occur in neither.
  void joined_string(const Expr* e) {
    struct Piece {
      std::string text;
      bool is_field;
    };
    std::vector<Piece> pieces;
    if (const JoinedStr* joined = e->as<JoinedStr>()) {
      for (const Expr* value : joined->values) pieces.push_back({format_piece(value), !value->is<Constant>()});
    } else {
      pieces.push_back({format_piece(e), true});
    }
    for (const char* quotes : {"'", "\"", "\"\"\"", "'''"}) {
      bool triple = std::strlen(quotes) == 3;
      std::string body;
      bool fits = true;
      for (const Piece& piece : pieces) {
        std::string text = piece.is_field ? piece.text : escaped(piece.text, false);
        if (piece.is_field && !triple && text.find('\n') != std::string::npos) fits = false;
        body += text;
      }
      if (!fits || body.find(quotes) != std::string::npos) continue;
      if (triple && !body.empty() && body.back() == quotes[0]) continue;
      put("f");
      put(quotes);
      put(body);
      return put(quotes);
    }
    // No quotes are free: the text is written with its quotes as escapes, which only the constant parts may hold.
    put("f\"\"\"");
    for (const Piece& piece : pieces) {
      std::string text = piece.is_field ? piece.text : escaped(piece.text, false);
      for (char c : text) {
        if (!piece.is_field && c == '"') out += '\\';
        out += c;
      }
    }
    put("\"\"\"");
  }

  static std::string format_piece(const Expr* e) {
    std::string result;
    if (const Constant* c = e->as<Constant>()) {
      for (char ch : c->value.text) {
        result += ch;
        if (ch == '{' || ch == '}') result += ch;
      }
      return result;
    }
    if (const JoinedStr* joined = e->as<JoinedStr>()) {  // a format spec
      for (const Expr* value : joined->values) result += format_piece(value);
      return result;
    }
    const FormattedValue* field = e->cast<FormattedValue>();
    Unparser inner;
    inner.expr(field->value, kLevelTest + 1);
    result = "{";
    if (!inner.out.empty() && inner.out[0] == '{') result += " ";  // not a doubled brace
    result += inner.out;
    if (field->conversion != -1) {
      result += '!';
      result += static_cast<char>(field->conversion);
    }
    if (field->format_spec != nullptr) result += ":" + format_piece(field->format_spec);
    return result + "}";
  }

  int indent_ = 0;
};

}  // namespace

std::string unparse(const Node* node) {
  Unparser unparser;
  unparser.node(node);
  return std::move(unparser.out);
}

}  // namespace tsvm
