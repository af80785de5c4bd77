// Operators' schemas as Torch Script matches them: "aten::add.int(int a, int b) -> int".
//
// The operators on tensors come from the host (their declarations are elsewhere); those on numbers, strings and
// containers are declared in ir/script/builtins.def, each with a recipe that the emitter follows.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ir/script/graph.h"

namespace tsvm::script {

/// A type in a schema, where variables ("t") may stand for types.
struct SchemaType {
  enum class Kind : uint8_t { Concrete, Var, List, Optional, Dict, Tuple, Future } kind = Kind::Concrete;
  TypeId type;      // Concrete
  std::string var;  // Var
  std::vector<SchemaType> args;
};

struct SchemaParam {
  std::string name;
  SchemaType type;
  bool has_default = false;
  bool keyword_only = false;
  bool written = false;
  int list_size = 0;  // int[2]: one number may be given; -1: any list ("int[1]" is 1)
  Const default_value;
};

struct Schema {
  std::string name;      // "aten::add"
  std::string overload;  // "int"
  std::vector<SchemaParam> params;
  std::vector<SchemaType> results;
  std::vector<std::string> result_names;  // empty: none
  bool is_vararg = false;
  bool is_out = false;  // has an out= argument
};

/// False: the text is no schema.
bool parse_schema(std::string_view text, ir::TypeTable& types, Schema& out);

struct Operator {
  Schema schema;
  std::string text;
  int32_t tensor_op = -1;   // the host's number of an operator on tensors; -1: a recipe
  std::string_view recipe;  // how to do it otherwise
};

/// Where the operators on tensors come from.
class TensorOps {
 public:
  virtual ~TensorOps() = default;
  /// Calls add(schema text, number) for each overload of "aten::add" that there is.
  virtual void find(std::string_view name, void (*add)(void* context, std::string_view schema, int32_t number),
                    void* context) = 0;
  /// The number that schemas take for torch.`name`, where that is a dtype.
  virtual std::optional<int64_t> dtype(std::string_view name) const = 0;
};

/// All operators, by name; read when they are first asked for.
class OperatorSet {
 public:
  explicit OperatorSet(ir::TypeTable& types, TensorOps* tensor_ops) : types_(types), tensor_ops_(tensor_ops) {}
  /// The overloads of "aten::add", those on tensors first.
  const std::vector<const Operator*>& find(const std::string& name);
  /// "aten::add.int": aborts when there is none, for names that the compiler itself knows.
  const Operator* get(std::string_view name, std::string_view overload);
  std::optional<int64_t> dtype(std::string_view name) const {
    return tensor_ops_ ? tensor_ops_->dtype(name) : std::nullopt;
  }

 private:
  ir::TypeTable& types_;
  TensorOps* tensor_ops_;
  std::deque<Operator> operators_;
  std::unordered_map<std::string, std::vector<const Operator*>> by_name_;
};

}  // namespace tsvm::script
