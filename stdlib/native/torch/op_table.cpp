#include "stdlib/native/torch/op_table.h"

#include <memory>
#include <string_view>
#include <unordered_map>

#include "ops/op_call.h"
#include "ops/op_info.h"
#include "stdlib/native/torch/operators.h"

namespace tsvm::stdlib {

namespace {

namespace types = ir::types;

ir::TypeId type_of(const ops::OpArg& a) {
  if (a.optional) return types::Any;
  switch (a.kind) {
    case ops::ArgKind::Tensor: return types::Tensor;
    case ops::ArgKind::Scalar: return types::Number;
    case ops::ArgKind::Int: return types::I64;
    case ops::ArgKind::Float: return types::F64;
    case ops::ArgKind::Bool: return types::Bool;
    case ops::ArgKind::Str: return types::Str;
    case ops::ArgKind::DType: return types::DType;
    case ops::ArgKind::Device: return types::Device;
    case ops::ArgKind::Layout: return types::Layout;
    case ops::ArgKind::Generator: return types::Generator;
    case ops::ArgKind::TensorList:
    case ops::ArgKind::IntList:
    case ops::ArgKind::FloatList:
    case ops::ArgKind::BoolList:
    case ops::ArgKind::StrList:
    case ops::ArgKind::ScalarList: return types::AnyList;
    default: return types::Any;
  }
}
ir::TypeId type_of(const ops::OpResult& r) {
  ops::OpArg a{};
  a.kind = r.kind;
  return type_of(a);
}

class Table final : public ir::OpTable {
 public:
  Table() {
    size_t args = 0, results = 0;
    for (int i = 0; i < ops::kOpIdCount; i++) {
      args += ops::kOps[i].args.size();
      results += ops::kOps[i].results.size();
    }
    params_.reserve(args);
    results_.reserve(results);
    for (int i = 0; i < ops::kOpIdCount; i++) add(static_cast<uint32_t>(i), ops::kOps[i]);
  }
  uint32_t size() const override { return static_cast<uint32_t>(rows_.size()); }
  const ir::OpRow& row(ir::OpId id) const override { return rows_[id.index]; }
  ir::OpId find(std::string_view name, std::string_view overload) const override {
    auto it = by_name_.find(name);
    if (it == by_name_.end()) return ir::OpId();
    for (ir::OpId id : it->second)
      if (rows_[id.index].overload == overload) return id;
    return ir::OpId();
  }
  std::vector<ir::OpId> overloads(std::string_view name) const override {
    auto it = by_name_.find(name);
    return it == by_name_.end() ? std::vector<ir::OpId>() : it->second;
  }

 private:
  void add(uint32_t index, const ops::OpRow& op) {
    ir::OpRow row;
    // The name is that of the schema: "aten::add_.Tensor(".
    std::string_view head = op.schema;
    head = head.substr(0, head.find('('));
    const size_t dot = head.find('.');
    row.name = head.substr(0, dot);
    if (dot != std::string_view::npos) row.overload = head.substr(dot + 1);
    row.kind = static_cast<ir::OpKind>(op.kind);
    static_assert(static_cast<int>(ir::OpKind::Primitive) == static_cast<int>(ops::OpKind::Primitive) &&
                  static_cast<int>(ir::OpKind::Composite) == static_cast<int>(ops::OpKind::Composite));
    const size_t first = params_.size();
    for (const ops::OpArg& a : op.args) {
      ir::OpParam p;
      p.name = a.name;
      p.type = type_of(a);
      p.has_default = a.default_value.kind != ops::DefaultValue::Kind::Missing;
      p.keyword_only = a.keyword_only;
      p.is_written = a.written;
      p.is_operand = a.promotes;
      params_.push_back(p);
    }
    row.params = {params_.data() + first, op.args.size()};
    const size_t first_result = results_.size();
    for (const ops::OpResult& r : op.results) results_.push_back(type_of(r));
    row.results = {results_.data() + first_result, op.results.size()};
    row.is_random = op.random;
    row.view_of = op.view_of;
    row.is_elementwise = ops::kOpCalls[index] != nullptr;
    rows_.push_back(row);
    by_name_[row.name].push_back(ir::OpId(index));
  }

  std::vector<ir::OpParam> params_;
  std::vector<ir::TypeId> results_;
  std::vector<ir::OpRow> rows_;
  std::unordered_map<std::string_view, std::vector<ir::OpId>> by_name_;
};

}  // namespace

const ir::OpTable& operator_table() {
  static const Table& table = *new Table();
  return table;
}

const vm::OpDispatch kOperatorDispatch{kOperatorThunks, ops::kOpIdCount, operator_table, raise_error};

}  // namespace tsvm::stdlib
