#include "parser/ast.h"

namespace tsvm::ast {

const char* node_name(NodeKind kind) {
  static constexpr const char* kNames[] = {
#define AST_NODE(category, cpp_name, python_name, fields) #python_name,
#include "parser/ast_nodes.def"
  };
  return kNames[static_cast<size_t>(kind)];
}

const char* enum_name(Operator op) {
  static constexpr const char* kNames[] = {
#define AST_OPERATOR(name, text) #name,
#include "parser/ast_nodes.def"
  };
  return kNames[static_cast<size_t>(op)];
}

const char* enum_name(BoolOperator op) {
  static constexpr const char* kNames[] = {
#define AST_BOOL_OPERATOR(name, text) #name,
#include "parser/ast_nodes.def"
  };
  return kNames[static_cast<size_t>(op)];
}

const char* enum_name(UnaryOperator op) {
  static constexpr const char* kNames[] = {
#define AST_UNARY_OPERATOR(name, text) #name,
#include "parser/ast_nodes.def"
  };
  return kNames[static_cast<size_t>(op)];
}

const char* enum_name(CmpOperator op) {
  static constexpr const char* kNames[] = {
#define AST_CMP_OPERATOR(name, text) #name,
#include "parser/ast_nodes.def"
  };
  return kNames[static_cast<size_t>(op)];
}

const char* enum_name(ExprContext ctx) {
  static constexpr const char* kNames[] = {
#define AST_EXPR_CONTEXT(name, text) #name,
#include "parser/ast_nodes.def"
  };
  return kNames[static_cast<size_t>(ctx)];
}

const char* spelling(Operator op) {
  static constexpr const char* kTexts[] = {
#define AST_OPERATOR(name, text) text,
#include "parser/ast_nodes.def"
  };
  return kTexts[static_cast<size_t>(op)];
}

const char* spelling(BoolOperator op) {
  static constexpr const char* kTexts[] = {
#define AST_BOOL_OPERATOR(name, text) text,
#include "parser/ast_nodes.def"
  };
  return kTexts[static_cast<size_t>(op)];
}

const char* spelling(UnaryOperator op) {
  static constexpr const char* kTexts[] = {
#define AST_UNARY_OPERATOR(name, text) text,
#include "parser/ast_nodes.def"
  };
  return kTexts[static_cast<size_t>(op)];
}

const char* spelling(CmpOperator op) {
  static constexpr const char* kTexts[] = {
#define AST_CMP_OPERATOR(name, text) text,
#include "parser/ast_nodes.def"
  };
  return kTexts[static_cast<size_t>(op)];
}

}  // namespace tsvm::ast
