#include "stdlib/native/script/tensor_operators.h"

#include <string_view>
#include <unordered_map>
#include <vector>

#include "ops/op_info.h"
#include "ops/tensor/dtype.h"
#include "stdlib/native/torch/op_table.h"
#include "vm/vm.h"

namespace tsvm::stdlib::script_host {

namespace {

/// The operators on tensors, from the tables that the build makes.
class TensorOperators : public script::TensorOps {
 public:
  TensorOperators() {
    for (size_t i = 0; i < kOperatorDispatch.size; i++) {
      if (!kOperatorDispatch.thunks[i]) continue;
      std::string_view schema = ops::kOps[i].schema;
      by_name_[schema.substr(0, schema.find_first_of(".("))].push_back(static_cast<int32_t>(i));
    }
  }
  void find(std::string_view name, void (*add)(void*, std::string_view, int32_t), void* context) override {
    auto it = by_name_.find(name);
    if (it == by_name_.end()) return;
    for (int32_t i : it->second) add(context, ops::kOps[i].schema, i);
  }
  std::optional<int64_t> dtype(std::string_view name) const override {
    const auto type = ops::dtype_from_name(name);
    return type ? std::optional<int64_t>(ops::info(*type).torch_number) : std::nullopt;
  }

 private:
  std::unordered_map<std::string_view, std::vector<int32_t>> by_name_;
};

}  // namespace

std::unique_ptr<script::TensorOps> make_tensor_operators() { return std::make_unique<TensorOperators>(); }

}  // namespace tsvm::stdlib::script_host
