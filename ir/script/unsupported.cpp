// Syntax that no function of Torch Script may have, refused before anything is checked.
#include "ir/script/compiler.h"

namespace tsvm::script {

namespace {

struct Walk {
  const Program& p;
  const Function& f;

  [[noreturn]] void unsupported(SourceRange r, const std::string& what, size_t marked) {
    r.end = r.begin + static_cast<uint32_t>(marked);
    report(p, f, r, what + " aren't supported", ErrorClass::UnsupportedNode);
  }
  [[noreturn]] void refuse(SourceRange r, const std::string& message) {
    report(p, f, r, message, ErrorClass::NotSupported);
  }

  template <class T>
  void operator()(T* node) {
    visit(node);
  }
  void visit(const ast::Node* n) {
    switch (n->kind) {
      case ast::NodeKind::kFunctionDef: unsupported(n->range, "function definitions", 3);
      case ast::NodeKind::kClassDef: unsupported(n->range, "class definitions", 5);
      case ast::NodeKind::kMatch: unsupported(n->range, "Match", 5);
      case ast::NodeKind::kTry:
      case ast::NodeKind::kTryStar: unsupported(n->range, "try blocks", 3);
      case ast::NodeKind::kGlobal: unsupported(n->range, "global variables", 6);
      case ast::NodeKind::kNonlocal: unsupported(n->range, "nonlocal variables", 8);
      case ast::NodeKind::kImport:
      case ast::NodeKind::kImportFrom:
        if (!f.is_library) unsupported(n->range, "import statements", n->is<ast::Import>() ? 6 : 4);
        break;
      case ast::NodeKind::kLambda: unsupported(n->range, "Lambda", 1);
      case ast::NodeKind::kYield: unsupported(n->range, "Yield", 1);
      case ast::NodeKind::kYieldFrom: unsupported(n->range, "YieldFrom", 1);
      case ast::NodeKind::kSet: unsupported(n->range, "Set", 1);
      case ast::NodeKind::kSetComp: unsupported(n->range, "SetComp", 1);
      case ast::NodeKind::kNamedExpr: unsupported(n->range, "NamedExpr", 1);
      default: break;
    }
    ast::for_each_child(n, *this);
  }
};

}  // namespace

void check_supported_statement(const Program& p, const Function& f, const ast::Stmt* s) {
  if (!f.is_archive) Walk{p, f}.visit(s);
}

void check_supported(const Program& p, const Function& f, bool with_body) {
  if (!f.def || f.is_archive) return;
  Walk w{p, f};
  const ast::Arguments& a = *f.def->args;
  if (!f.is_library) {
    if (a.vararg || a.kwarg) {
      const ast::Arg* bad = a.vararg ? a.vararg : a.kwarg;
      SourceRange r = bad->range;
      r.begin -= a.vararg ? 1 : 2;
      report(p, f, r,
             "Compiled functions can't take variable number of arguments or use keyword-only arguments with defaults",
             ErrorClass::NotSupported);
    }
    for (const ast::Expr* d : a.kw_defaults)
      if (d)
        report(p, f, d->range,
               "Compiled functions can't take variable number of arguments or use keyword-only arguments with defaults",
               ErrorClass::NotSupported);
  }
  if (!with_body) return;
  for (const ast::Stmt* s : f.def->body) w.visit(s);
}

}  // namespace tsvm::script
