// The syntax tree: what the parser makes and everything after it reads.
//
// Nodes live in an Arena (trivially destructible, never freed one by one) and are declared once, in
// parser/ast_nodes.def, with the names and fields of Python's `ast` module. A node is asked for its type with
// `node->is<Call>()` and `node->as<Call>()` (null when it is something else); `node->cast<Call>()` is for callers that
// know. Where two Python names would clash with ours: Python's statement `Expr` is `ExprStmt` here and its `List`
// display is `ListExpr`.
//
// Rules: every identifier is interned for its arena, so two names that are equal have the same data pointer
// (`same_name`); `height` is the height of the tree below a node and never exceeds kMaxTreeHeight, so that recursive
// walks need no checks of their own.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "base/arena.h"
#include "base/check.h"
#include "base/source.h"

namespace tsvm::ast {

template <class T>
using List = ArenaList<T>;
using Text = std::string_view;

/// An interned name; empty means "none".
using Identifier = std::string_view;

/// Equality of two identifiers of the same tree.
inline bool same_name(Identifier a, Identifier b) { return a.data() == b.data(); }

/// No tree is higher than this: higher ones are refused with a diagnostic (CPython's limit is about the same).
constexpr uint32_t kMaxTreeHeight = 2900;

/// A scope field that analyze_scopes has not filled yet.
constexpr uint32_t kNoScope = 0xffffffffu;

enum class NodeKind : uint8_t {
#define AST_NODE(category, cpp_name, python_name, fields) k##cpp_name,
#include "parser/ast_nodes.def"
};

enum class Operator : uint8_t {
#define AST_OPERATOR(name, text) k##name,
#include "parser/ast_nodes.def"
};
enum class BoolOperator : uint8_t {
#define AST_BOOL_OPERATOR(name, text) k##name,
#include "parser/ast_nodes.def"
};
enum class UnaryOperator : uint8_t {
#define AST_UNARY_OPERATOR(name, text) k##name,
#include "parser/ast_nodes.def"
};
enum class CmpOperator : uint8_t {
#define AST_CMP_OPERATOR(name, text) k##name,
#include "parser/ast_nodes.def"
};
enum class ExprContext : uint8_t {
#define AST_EXPR_CONTEXT(name, text) k##name,
#include "parser/ast_nodes.def"
};

enum class ConstantKind : uint8_t { kNone, kTrue, kFalse, kEllipsis, kInt, kBigInt, kFloat, kImaginary, kStr, kBytes };

/// The value of a literal.
struct ConstantValue {
  ConstantKind kind = ConstantKind::kNone;
  int64_t int_value = 0;   // kInt
  double float_value = 0;  // kFloat; kImaginary: the imaginary part
  Text text;               // kStr, kBytes: the bytes (a str is UTF-8; lone surrogates are encoded like any other code
                           // point). kBigInt: digits without underscores, with 0x/0o/0b in front when not decimal.
};

struct Node {
  NodeKind kind;
  uint16_t height = 0;  // 0 for a leaf
  SourceRange range;

  explicit Node(NodeKind k) : kind(k) {}

  template <class T>
  bool is() const {
    return kind == T::kKind;
  }
  /// This node as a T, or null when it is something else.
  template <class T>
  T* as() {
    return kind == T::kKind ? static_cast<T*>(this) : nullptr;
  }
  template <class T>
  const T* as() const {
    return kind == T::kKind ? static_cast<const T*>(this) : nullptr;
  }
  /// This node, which must be a T.
  template <class T>
  T* cast() {
    TSVM_CHECK(kind == T::kKind, "a syntax tree node of another kind was expected");
    return static_cast<T*>(this);
  }
  template <class T>
  const T* cast() const {
    TSVM_CHECK(kind == T::kKind, "a syntax tree node of another kind was expected");
    return static_cast<const T*>(this);
  }
};

struct Mod : Node {
  using Node::Node;
};
struct Stmt : Node {
  using Node::Node;
};
struct Expr : Node {
  using Node::Node;
};
struct Aux : Node {
  using Node::Node;
};

#define AST_NODE(category, cpp_name, python_name, fields) struct cpp_name;
#include "parser/ast_nodes.def"

#define F(type, name) type name{};
#define X(type, name) type name{};
#define AST_NODE(category, cpp_name, python_name, fields)    \
  struct cpp_name : category {                               \
    static constexpr NodeKind kKind = NodeKind::k##cpp_name; \
    cpp_name() : category(kKind) {}                          \
    fields                                                   \
  };
#include "parser/ast_nodes.def"
#undef F
#undef X

#define AST_NODE(category, cpp_name, python_name, fields) static_assert(std::is_trivially_destructible_v<cpp_name>);
#include "parser/ast_nodes.def"

/// Python's name of the kind: "FunctionDef", "arguments".
const char* node_name(NodeKind kind);
/// Python's class name of an operator or context: "Add", "NotIn", "Load".
const char* enum_name(Operator op);
const char* enum_name(BoolOperator op);
const char* enum_name(UnaryOperator op);
const char* enum_name(CmpOperator op);
const char* enum_name(ExprContext ctx);
/// How source spells an operator: "+", "not in".
const char* spelling(Operator op);
const char* spelling(BoolOperator op);
const char* spelling(UnaryOperator op);
const char* spelling(CmpOperator op);

/// Calls `visitor.field("name", value)` for each Python field of a node whose type is known, in order; value has the
/// field's own type.
#define F(type, name) visitor.field(#name, self->name);
#define X(type, name)
#define AST_NODE(category, cpp_name, python_name, fields)                                           \
  template <class Visitor>                                                                          \
  void visit_fields_of([[maybe_unused]] const cpp_name* self, [[maybe_unused]] Visitor&& visitor) { \
    fields                                                                                          \
  }
#include "parser/ast_nodes.def"
#undef F
#undef X

/// The same for any node.
template <class Visitor>
void visit_fields(const Node* node, Visitor&& visitor) {
  switch (node->kind) {
#define AST_NODE(category, cpp_name, python_name, fields)         \
  case NodeKind::k##cpp_name:                                     \
    visit_fields_of(static_cast<const cpp_name*>(node), visitor); \
    break;
#include "parser/ast_nodes.def"
  }
}

namespace detail {
template <class Fn>
struct ChildVisitor {
  Fn& fn;
  template <class T>
  void field(const char*, const T& value) {
    if constexpr (std::is_pointer_v<T>) {
      if (value != nullptr) fn(value);
    }
  }
  template <class T>
  void field(const char*, const ArenaList<T>& values) {
    if constexpr (std::is_pointer_v<T>) {
      for (T value : values)
        if (value != nullptr) fn(value);
    }
  }
};
}  // namespace detail

/// Calls `fn(child)` (a pointer of the child's static type: Expr*, Stmt*, Arguments* ...) for each direct child, in
/// field order.
template <class Fn>
void for_each_child(const Node* node, Fn&& fn) {
  visit_fields(node, detail::ChildVisitor<Fn>{fn});
}
/// The same for a node whose type is known.
template <class T, class Fn>
void for_each_child_of(const T* node, Fn&& fn) {
  visit_fields_of(node, detail::ChildVisitor<Fn>{fn});
}

}  // namespace tsvm::ast
