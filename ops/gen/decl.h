// Declarations of operators as data: what ops/defs/*.ts says, read from its syntax tree.
//
// The head of ops/defs/pointwise.ts and docs/adding_an_operator.md describe the notation.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/source.h"
#include "parser/ast.h"

namespace tsvm::gen {

/// A problem in a declaration: printed with its place, ends the run.
struct GenError {
  const SourceFile* file;
  SourceRange range;
  std::string message;
};

enum class Base : uint8_t {
  Tensor,
  Operand,  // a Tensor or a number: makes two overloads
  Element,  // pointwise only: a tensor that takes no part in promotion; its class is Type::element
  Scalar,
  Int,
  Float,
  Bool,
  Str,
  DType,
  Device,
  Layout,
  MemoryFormat,
  Generator,
  Storage,
  None,
  Tuple,     // of Type::elements
  Function,  // something only bodies know
};

struct Type {
  Base base = Base::None;
  bool list = false;
  bool optional = false;
  bool element_optional = false;  // Tensor?[]
  bool promotes = false;          // a number that counts in type promotion
  int list_size = 0;              // int[2]
  std::string element;            // Base::Element: "Bool", "Int", "Float"
  std::vector<Type> elements;     // Base::Tuple

  static Type of(Base b) {
    Type t;
    t.base = b;
    return t;
  }
  static Type list_of(Base b) {
    Type t = of(b);
    t.list = true;
    return t;
  }
  Type as_optional() const {
    Type t = *this;
    t.optional = true;
    return t;
  }
  Type plain() const {
    Type t = *this;
    t.optional = false;
    return t;
  }
  bool is(Base b) const { return base == b && !list && !optional; }
  bool is_list(Base b) const { return base == b && list && !optional; }
  bool is_tensor() const { return base == Base::Tensor && !list; }  // optional or not
  bool is_tensor_list() const { return base == Base::Tensor && list; }
  bool operator==(const Type&) const = default;
};

/// PyTorch's name: "Tensor", "int[2]", "ScalarType?".
std::string schema_type(const Type& t);
/// As a C++ parameter: "const Tensor&".
std::string cpp_param_type(const Type& t);
/// As a C++ object that owns its value: "Tensor", "DimVector".
std::string cpp_value_type(const Type& t);

struct Param {
  std::string name;
  Type type;
  bool keyword_only = false;
  const ast::Expr* default_value = nullptr;
  SourceRange range;
  bool has_default() const { return default_value != nullptr; }
};

struct Result {
  std::string name;
  Type type;
};

enum class Kind : uint8_t { Pointwise, Reduction, Scan, Composite, Primitive };

struct Backward {
  const ast::FunctionDef* function = nullptr;
  std::string node;      // "AddBackward0"
  std::string cpp_node;  // what the C++ front end calls it, where that is another name
};

/// One entry.
struct Decl {
  const SourceFile* file = nullptr;
  const ast::FunctionDef* function = nullptr;
  Kind kind = Kind::Primitive;
  std::string name;
  std::string overload;
  std::string doc;
  std::vector<Param> params;
  std::vector<Result> results;
  bool has_function = true, has_method = false, has_inplace = false, has_out = false;
  std::string space = "torch";       // Python namespace of the function: torch, nn, linalg, special, fft, private
  std::vector<std::string> aliases;  // other Python names
  std::string operator_name;         // "add": __add__, __radd__, __iadd__
  std::string promote = "common";    // pointwise: common, float
  std::string classes;               // pointwise: the classes of dtypes it takes; empty: all that its body allows
  std::string kernel;                // primitive: function in ops::cpu; pointwise: the kernel's name in messages
  std::string check;                 // pointwise: what looks at the operands first, check_NAME in ops/body_support.h
  std::string cuda;                  // primitive: CUDA kernel
  bool view = false, multi_view = false;
  bool random = false;
  bool factory = false;
  bool differentiable = true;
  bool plain_tuple = false;  // several results come as an ordinary tuple in Python
  bool has_body = false;
  std::string samples;
  Backward backward;

  bool mutates_self = false;  // the name ends in _ and the first argument is written
  std::string cpp_name;       // name, or something else where that is a word of C++

  const Param* find(std::string_view n) const {
    for (const Param& p : params)
      if (p.name == n) return &p;
    return nullptr;
  }
};

/// Everything that was declared, in order.
struct Declarations {
  Arena arena;
  std::vector<std::unique_ptr<SourceFile>> files;
  std::vector<Decl> decls;
};

/// Reads one file's entries. Throws GenError.
void read_declarations(const std::string& path, Declarations& out);

/// The annotation as a type. Throws GenError.
Type read_type(const SourceFile& file, const ast::Expr* annotation);

/// "LogSoftmax" of "log_softmax", "Log1P" of "log1p".
std::string camel_case(std::string_view name);
/// A name that is no word of C++.
std::string cpp_identifier(std::string_view name);
/// A string literal of C++.
std::string cpp_string(std::string_view text);

}  // namespace tsvm::gen
