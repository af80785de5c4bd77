// The ranges that PyTorch's reports mark, which are narrower than those of the syntax.
#include <algorithm>

#include "ir/script/compiler.h"

namespace tsvm::script {

namespace {

struct Narrow {
  uint32_t last = 0;  // the largest end of the children seen
  template <class T>
  void operator()(T* n) {
    last = std::max(last, visit(n));
  }
  /// Sets the ranges in a tree; gives the end of its own.
  static uint32_t visit(ast::Node* n) {
    Narrow inner;
    ast::for_each_child(n, inner);
    switch (n->kind) {
      case ast::NodeKind::kConstant: {
        const ast::ConstantValue& v = n->cast<ast::Constant>()->value;
        if (v.kind == ast::ConstantKind::kStr)
          n->range.end = std::min(n->range.end, n->range.begin + static_cast<uint32_t>(v.text.size()) + 1);
        break;
      }
      case ast::NodeKind::kCall:
      case ast::NodeKind::kBinOp:
      case ast::NodeKind::kCompare:
      case ast::NodeKind::kBoolOp:
      case ast::NodeKind::kUnaryOp:
      case ast::NodeKind::kIfExp:
      case ast::NodeKind::kAssign:
      case ast::NodeKind::kAugAssign:
      case ast::NodeKind::kReturn:
      case ast::NodeKind::kRaise:
      case ast::NodeKind::kAssert:
      case ast::NodeKind::kExprStmt:
        if (inner.last > n->range.begin) n->range.end = std::min(n->range.end, inner.last);
        break;
      default: break;
    }
    return n->range.end;
  }
};

}  // namespace

void set_script_ranges(ast::Module& tree) { Narrow::visit(&tree); }

}  // namespace tsvm::script
