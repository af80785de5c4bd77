#include "ops/fusion/group.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "ops/autograd/engine.h"
#include "ops/autograd/saved.h"
#include "ops/autograd/variable.h"
#include "ops/fusion/program_node.h"
#include "ops/fusion/trace.h"
#include "ops/op_info.h"
#include "ops/operators.h"
#include "ops/scalar/pointwise.h"
#include "ops/tensor/error.h"
#include "ops/tensor/shape.h"

namespace tsvm::ops::fusion {

using namespace scalar;
using autograd::Edge;
using autograd::GradMode;
using autograd::NodeRef;
using autograd::SavedTensor;

namespace {
std::atomic<int64_t> made{0};
std::atomic<Group::Observer> observer{nullptr};
std::atomic<void*> observer_context{nullptr};
}  // namespace

/// What computes the gradients of operands from those of some results.
struct Backward {
  std::string why;  // not empty: cannot be
  OwnedProgram owned;
  Program program;
  struct Source {
    enum Kind : uint8_t { Input, Result, Grad } kind;
    uint32_t index;
    friend bool operator==(const Source&, const Source&) = default;
  };
  std::vector<Source> sources;  // the program's inputs
  std::vector<DType> source_dtypes, gradient_dtypes;
  struct Gradient {
    enum Kind : uint8_t { None, PassedOn, Computed } kind = None;
    uint32_t index = 0;  // of the result whose gradient it is; of the program's output
  };
  std::vector<Gradient> gradients;  // by tensor input
};

/// A group for operands of given dtypes.
struct Variant {
  VariantKey key;
  Variant* next = nullptr;
  std::string why;  // not empty: cannot be

  OwnedProgram forward;
  Program program;  // its view
  std::vector<FuseParam> params;
  std::vector<DType> inputs;  // of tensors, in order
  std::vector<DType> results;
  std::vector<uint32_t> depends;  // by result: the tensor inputs that its shape follows from

  // With gradients:
  bool records = false;
  std::vector<const char*> names;                               // of nodes, by result
  uint32_t history = 0;                                         // bit k: result k has one
  std::shared_ptr<const Backward> backward;                     // given the gradients of all of them
  std::map<uint32_t, std::shared_ptr<const Backward>> partial;  // of some, by bits; guarded by the group's mutex
};

/// The node of a group's results: an edge for each tensor input.
class FusedNode final : public autograd::VariadicNode {
 public:
  FusedNode(std::shared_ptr<Group> group, const Variant& variant, const Argument* inputs, const Tensor* outputs)
      : VariadicNode(static_cast<uint32_t>(variant.inputs.size()), static_cast<uint32_t>(variant.results.size())),
        group_(std::move(group)),
        variant_(variant),
        saved_(new SavedTensor[variant.backward->sources.size()]) {
    for (size_t i = 0; i < variant_.inputs.size(); i++) edges()[i] = autograd::gradient_edge(*inputs[i].tensor);
    const auto& sources = variant_.backward->sources;
    for (size_t i = 0; i < sources.size(); i++) {
      if (sources[i].kind == Backward::Source::Input) saved_[i].save(*inputs[sources[i].index].tensor);
      if (sources[i].kind == Backward::Source::Result)
        saved_[i].save_result(outputs[sources[i].index], sources[i].index);
    }
  }

  /// The node that the last of the operators would have made.
  const char* name() const override { return variant_.names.back(); }
  const char* name_of(uint32_t result) const override { return variant_.names[result]; }
  void release_saved() override {
    for (size_t i = 0; i < variant_.backward->sources.size(); i++) saved_[i].release();
  }
  void apply(const autograd::Gradients& g) override;

 private:
  std::shared_ptr<Group> group_;  // keeps the variant
  const Variant& variant_;
  std::unique_ptr<SavedTensor[]> saved_;  // by source of the whole backward
};

void FusedNode::apply(const autograd::Gradients& g) {
  uint32_t given = 0;
  for (size_t k = 0; k < g.in.size(); k++) given |= static_cast<uint32_t>(g.in[k].defined()) << k;
  given &= variant_.history;
  if (given == 0) return;
  const std::shared_ptr<const Backward> b =
      given == variant_.history ? variant_.backward : group_->partial_backward(variant_, given);
  if (!b->why.empty())
    fail(ErrorKind::NotImplementedError, "gradients of some results of a fused group: ", std::string_view(b->why));
  Tensor operands[kMaxOperands], computed[kMaxOperands];
  for (size_t i = 0; i < b->sources.size(); i++) {
    const Backward::Source s = b->sources[i];
    if (s.kind == Backward::Source::Grad) {
      operands[i] = g.in[s.index];
      continue;
    }
    const auto& all = variant_.backward->sources;
    const auto at = static_cast<size_t>(std::find(all.begin(), all.end(), s) - all.begin());
    TSVM_CHECK(at < all.size(), "part of a gradient needs what the whole does not");
    operands[i] = saved_[at].unpack(this);
  }
  if (b->program.output_count > 0)
    run_recorded(b, b->program, {operands, b->sources.size()}, b->gradient_dtypes.data(), computed);
  for (size_t i = 0; i < b->gradients.size(); i++) {
    if (!g.wants(i)) continue;
    const Backward::Gradient d = b->gradients[i];
    if (d.kind == Backward::Gradient::PassedOn) g.out[i] = g.in[d.index];
    if (d.kind == Backward::Gradient::Computed) g.out[i] = computed[d.index];
  }
}

Group::Group(std::vector<Step> steps, std::vector<OpValue> constants, std::vector<Input> inputs,
             std::vector<uint32_t> outputs, std::string name)
    : steps_(std::move(steps)),
      constants_(std::move(constants)),
      inputs_(std::move(inputs)),
      outputs_(std::move(outputs)),
      name_(std::move(name)) {
  TSVM_CHECK(inputs_.size() <= kMaxInputs && outputs_.size() <= kMaxOutputs && !outputs_.empty(),
             "operands of a fused group");
  for (const Step& s : steps_)
    TSVM_CHECK(call_of(s.op) != nullptr && s.args.size() == info(s.op).args.size(), "a step of a fused group");
}

Group::~Group() {
  for (Variant* v = variants_.load(); v != nullptr;) {
    Variant* next = v->next;
    delete v;
    v = next;
  }
}

int64_t Group::variants_made() { return made.load(); }

void Group::observe(Observer fn, void* context) {
  observer_context.store(context);
  observer.store(fn);
}

std::vector<Tensor> Group::run_steps(std::span<const OpValue> inputs) const {
  std::vector<Tensor> values;
  for (const Step& s : steps_) {
    std::vector<OpValue> args;
    for (const StepArg& a : s.args)
      args.push_back(a.kind == StepArg::Kind::Input  ? inputs[a.index]
                     : a.kind == StepArg::Kind::Step ? OpValue(values[a.index])
                                                     : constants_[a.index]);
    values.push_back(call_of(s.op)(args.data()));
  }
  std::vector<Tensor> out;
  for (uint32_t o : outputs_) out.push_back(values[o]);
  return out;
}

// --- making a variant

namespace {

// One byte of a key for each input.
constexpr uint8_t kNumberBit = 0x80, kGradBit = 0x40, kClassShift = 4;
enum Class : uint8_t { kHasDims, kZeroDim, kWrapped };

uint8_t& key_byte(uint64_t* words, size_t i) { return reinterpret_cast<uint8_t*>(words)[i]; }
uint8_t key_byte(const uint64_t* words, size_t i) { return reinterpret_cast<const uint8_t*>(words)[i]; }
constexpr size_t kDefaultDTypeByte = 15;
static_assert(kMaxInputs <= kDefaultDTypeByte);

class Maker {
 public:
  /// `roots`: the results whose gradients will be given, by bits.
  Maker(const Group& group, const uint64_t* key, Variant& v, uint32_t roots = ~0u)
      : group_(group), key_(key), v_(v), roots_(roots) {}

  void run() {
    try {
      trace();
    } catch (const Error& e) {
      trace_.give_up(e.message());
    }
    v_.why = trace_.why();
  }

 private:
  void trace() {
    bool wants_grad = false;
    std::vector<Tensor> tensors;
    std::vector<OpValue> inputs(group_.input_count());
    std::vector<uint32_t> masks;  // by record
    for (size_t i = 0; i < inputs.size(); i++) {
      const uint8_t b = key_byte(key_, i);
      if (b & kNumberBit) {
        const auto c = static_cast<DTypeCategory>(b & 0xf);
        inputs[i] = OpValue(c == DTypeCategory::Bool       ? Scalar(true)
                            : c == DTypeCategory::Integral ? Scalar(int64_t{3})
                                                           : Scalar(1.5));
        has_numbers_ = true;
        continue;
      }
      const auto dtype = static_cast<DType>(b & 0xf);
      const auto cls = static_cast<Class>(b >> kClassShift & 3);
      const int64_t two = 2;
      Tensor t = ops::empty(cls == kHasDims ? IntSpan(two) : IntSpan(), dtype, Device(DeviceType::Meta));
      t->set_flag(TensorImpl::kWrappedNumber, cls == kWrapped);
      if (b & kGradBit) {
        autograd::set_requires_grad(t, true);
        wants_grad = true;
      }
      trace_.bind(t, {ValueRef::kInput, static_cast<int32_t>(tensors.size())});
      trace_.input_dtypes.push_back(dtype);
      v_.inputs.push_back(dtype);
      inputs[i] = OpValue(t);
      tensors.push_back(std::move(t));
    }
    GradMode mode(wants_grad);
    const std::vector<Tensor> results = forward(inputs);
    if (!trace_.why().empty()) return;
    std::vector<ValueRef> outputs;
    for (const Tensor& r : results) {
      const auto ref = trace_.find(r.get());
      if (!ref) return trace_.give_up("a result comes from an operator that is not elementwise");
      if (ref->step < 0) return trace_.give_up("a result is an operand itself");
      outputs.push_back(*ref);
      v_.results.push_back(r.dtype());
    }
    const size_t forward_records = trace_.records().size();
    for (const Trace::Record& r : trace_.records()) {
      uint32_t mask = 0;
      for (const ValueRef in : r.inputs)
        if (in.step == ValueRef::kInput)
          mask |= 1u << in.index;
        else if (in.step >= 0)
          mask |= masks[static_cast<size_t>(in.step)];
      masks.push_back(mask);
    }
    for (const ValueRef o : outputs) v_.depends.push_back(masks[static_cast<size_t>(o.step)]);
    v_.forward = join(trace_.input_dtypes, forward_records, outputs, &v_.params);
    v_.program = v_.forward.view();
    if (wants_grad) gradients(tensors, results, outputs, forward_records);
  }

  std::vector<Tensor> forward(std::span<const OpValue> inputs) {
    std::vector<Tensor> values;
    // The addresses of numbers must last: Trace goes by them.
    std::vector<std::unique_ptr<OpValue[]>> keep;
    int32_t index = 0;
    std::vector<int32_t> number_of(inputs.size(), -1);
    for (size_t i = 0; i < inputs.size(); i++)
      if (inputs[i].kind == OpValue::Kind::Number) number_of[i] = index++;
    for (const Step& s : group_.steps()) {
      keep.emplace_back(new OpValue[s.args.size()]);
      OpValue* args = keep.back().get();
      for (size_t k = 0; k < s.args.size(); k++) {
        const StepArg a = s.args[k];
        args[k] = a.kind == StepArg::Kind::Input  ? inputs[a.index]
                  : a.kind == StepArg::Kind::Step ? OpValue(values[a.index])
                                                  : group_.constants()[a.index];
        if (a.kind == StepArg::Kind::Input && number_of[a.index] >= 0) {
          // A number that the operator's function looks at would decide for all calls.
          const OpRow& row = info(s.op);
          if (row.kind != ops::OpKind::Pointwise || !row.args[k].promotes) {
            trace_.give_up(std::string("a number given at run time is no operand of ") + row.name);
            return {};
          }
          trace_.bind(&args[k].number, number_of[a.index]);
        }
      }
      values.push_back(call_of(s.op)(args));
    }
    std::vector<Tensor> out;
    for (uint32_t o : group_.outputs()) {
      out.push_back(values[o]);
      const autograd::Node* node = values[o].requires_grad() ? autograd::grad_fn(values[o]) : nullptr;
      v_.names.push_back(node != nullptr ? node->name() : "");
      if (node != nullptr) v_.history |= 1u << (out.size() - 1);
    }
    return out;
  }

  void gradients(const std::vector<Tensor>& tensors, const std::vector<Tensor>& results,
                 const std::vector<ValueRef>& outputs, size_t forward_records) {
    if (has_numbers_) return trace_.give_up("gradients with a number given at run time");
    std::vector<Tensor> roots, grads, wanted;
    std::vector<size_t> places;
    const size_t n = tensors.size(), m = results.size();
    // Inputs of the backward: the operands, the results, the results' gradients.
    for (size_t k = 0; k < m; k++) trace_.input_dtypes.push_back(v_.results[k]);
    for (size_t k = 0; k < m; k++) {
      trace_.input_dtypes.push_back(v_.results[k]);
      if (!(v_.history & roots_ & 1u << k)) continue;
      Tensor g = ops::empty(results[k].sizes(), results[k].dtype(), Device(DeviceType::Meta));
      trace_.bind(g, {ValueRef::kInput, static_cast<int32_t>(n + m + k)});
      roots.push_back(results[k]);
      grads.push_back(std::move(g));
    }
    for (size_t i = 0; i < n; i++)
      if (tensors[i].requires_grad()) {
        wanted.push_back(tensors[i]);
        places.push_back(i);
      }
    if (roots.empty()) return;
    auto back = std::make_shared<Backward>();
    Backward& b = *back;
    b.gradients.resize(n);
    const std::vector<Tensor> found =
        autograd::grad(roots, wanted, grads, {.keep_graph = true, .create_graph = false, .allow_unused = true});
    if (!trace_.why().empty()) return;
    std::vector<ValueRef> out;
    for (size_t i = 0; i < found.size(); i++) {
      if (!found[i].defined()) continue;
      const auto ref = trace_.find(found[i].get());
      if (!ref) return trace_.give_up("a gradient comes from an operator that is not elementwise");
      Backward::Gradient& d = b.gradients[places[i]];
      if (ref->step == ValueRef::kInput && static_cast<size_t>(ref->index) >= n + m) {
        d = {Backward::Gradient::PassedOn, static_cast<uint32_t>(static_cast<size_t>(ref->index) - n - m)};
        continue;
      }
      d = {Backward::Gradient::Computed, static_cast<uint32_t>(out.size())};
      out.push_back(*ref);
      b.gradient_dtypes.push_back(found[i].dtype());
    }
    // The forward's results are given.
    auto known = [&](ValueRef r) {
      if (r.step >= 0 && static_cast<size_t>(r.step) < forward_records)
        for (size_t k = 0; k < m; k++)
          if (outputs[k] == r) return ValueRef{ValueRef::kInput, static_cast<int32_t>(n + k)};
      return r;
    };
    // What is needed, backwards from the gradients.
    const auto& records = trace_.records();
    std::vector<bool> needed(records.size()), used(trace_.input_dtypes.size());
    auto need = [&](ValueRef r) {
      r = known(r);
      if (r.step == ValueRef::kInput) used[static_cast<size_t>(r.index)] = true;
      if (r.step >= 0) needed[static_cast<size_t>(r.step)] = true;
    };
    for (ValueRef r : out) need(r);
    for (size_t i = records.size(); i-- > 0;)
      if (needed[i])
        for (ValueRef r : records[i].inputs) need(r);
    std::vector<int32_t> input_number(used.size(), -1), record_number(records.size(), -1);
    for (size_t i = 0; i < used.size(); i++) {
      if (!used[i]) continue;
      input_number[i] = static_cast<int32_t>(b.sources.size());
      b.sources.push_back(i < n       ? Backward::Source{Backward::Source::Input, static_cast<uint32_t>(i)}
                          : i < n + m ? Backward::Source{Backward::Source::Result, static_cast<uint32_t>(i - n)}
                                      : Backward::Source{Backward::Source::Grad, static_cast<uint32_t>(i - n - m)});
      b.source_dtypes.push_back(trace_.input_dtypes[i]);
    }
    if (b.sources.size() + out.size() > kMaxOperands) return trace_.give_up("a gradient with too many operands");
    std::vector<Trace::Record> kept;
    auto renamed = [&](ValueRef r) {
      r = known(r);
      if (r.step == ValueRef::kInput) r.index = input_number[static_cast<size_t>(r.index)];
      if (r.step >= 0) r.step = record_number[static_cast<size_t>(r.step)];
      return r;
    };
    for (size_t i = 0; i < records.size(); i++) {
      if (!needed[i]) continue;
      record_number[i] = static_cast<int32_t>(kept.size());
      kept.push_back(records[i]);
      for (ValueRef& r : kept.back().inputs) r = renamed(r);
    }
    for (ValueRef& r : out) r = renamed(r);
    b.owned = join(b.source_dtypes, kept, out, nullptr);
    b.program = b.owned.view();
    v_.backward = std::move(back);
    v_.records = true;
  }

  OwnedProgram join(std::span<const DType> inputs, size_t records, std::span<const ValueRef> outputs,
                    std::vector<FuseParam>* params) {
    return join(inputs,
                std::vector(trace_.records().begin(), trace_.records().begin() + static_cast<ptrdiff_t>(records)),
                outputs, params);
  }
  OwnedProgram join(std::span<const DType> inputs, const std::vector<Trace::Record>& records,
                    std::span<const ValueRef> outputs, std::vector<FuseParam>* params) {
    std::vector<FuseStep> steps;
    for (const Trace::Record& r : records) steps.push_back({r.program, r.inputs, r.outputs, r.seen, r.params});
    const std::vector<const Scalar*> numbers = trace_.numbers();
    return fuse(inputs, steps, outputs, numbers, params);
  }

  const Group& group_;
  const uint64_t* key_;
  Variant& v_;
  uint32_t roots_;
  Trace trace_;
  bool has_numbers_ = false;
};

}  // namespace

const Variant& Group::variant(const VariantKey& key) {
  for (const Variant* v = variants_.load(std::memory_order_acquire); v != nullptr; v = v->next)
    if (v->key == key) return *v;
  const std::lock_guard lock(mutex_);
  for (const Variant* v = variants_.load(std::memory_order_acquire); v != nullptr; v = v->next)
    if (v->key == key) return *v;
  auto fresh = std::make_unique<Variant>();
  fresh->key = key;
  Maker(*this, key.words, *fresh).run();
  made.fetch_add(1, std::memory_order_relaxed);
  if (Observer fn = observer.load()) fn(observer_context.load(), *this, view_of(*fresh));
  fresh->next = variants_.load(std::memory_order_relaxed);
  variants_.store(fresh.get(), std::memory_order_release);
  return *fresh.release();
}

std::shared_ptr<const Backward> Group::partial_backward(const Variant& variant, uint32_t results) {
  const std::lock_guard lock(mutex_);
  // The list and its entries only grow.
  auto& found = const_cast<Variant&>(variant).partial[results];
  if (!found) {
    Variant again;
    Maker(*this, variant.key.words, again, results).run();
    if (again.backward) {
      found = again.backward;
    } else {
      auto none = std::make_shared<Backward>();
      none->why = again.why;
      found = std::move(none);
    }
  }
  return found;
}

Group::View Group::view(std::span<const DType> dtypes, bool with_gradients) {
  VariantKey key{};
  size_t next = 0;
  for (size_t i = 0; i < inputs_.size(); i++) {
    if (inputs_[i] == Input::Number) {
      key_byte(key.words, i) = static_cast<uint8_t>(kNumberBit | static_cast<uint8_t>(DTypeCategory::Floating));
      continue;
    }
    const DType t = dtypes[next++];
    key_byte(key.words, i) =
        static_cast<uint8_t>(static_cast<uint8_t>(t) | (with_gradients && is_floating_or_complex(t) ? kGradBit : 0));
  }
  key_byte(key.words, kDefaultDTypeByte) = static_cast<uint8_t>(default_dtype());
  return view_of(variant(key));
}

Group::View Group::view_of(const Variant& v) const {
  View out;
  out.fits = v.why.empty();
  out.why = v.why;
  if (!out.fits) return out;
  out.forward = v.program;
  if (v.backward) {
    out.has_backward = true;
    out.backward = v.backward->program;
    out.backward_inputs = v.backward->source_dtypes;
    out.backward_results = v.backward->gradient_dtypes;
  }
  out.inputs = v.inputs;
  out.results = v.results;
  if (!v.backward) return out;
  for (const Backward::Source s : v.backward->sources)
    out.backward_names.push_back((s.kind == Backward::Source::Input    ? "input "
                                  : s.kind == Backward::Source::Result ? "result "
                                                                       : "grad ") +
                                 std::to_string(s.index));
  return out;
}

// --- running

namespace {

/// Strides that say no more than that the tensor is contiguous: those of dimensions of size 1 included.
bool plainly_contiguous(const TensorImpl& t) {
  if (!t.has(TensorImpl::kContiguous)) return false;
  int64_t expected = 1;
  for (int64_t d = t.dim(); d-- > 0;) {
    if (t.strides_data()[d] != expected) return false;
    expected *= t.sizes_data()[d];
  }
  return true;
}

bool same_geometry(const TensorImpl& a, const TensorImpl& b) {
  return a.sizes() == b.sizes() && a.strides() == b.strides();
}

/// Whether the operands broadcast, and whether results of one operator after another would have the strides of one
/// operator on all of them: all are plainly contiguous, or dense with the same sizes and strides.
bool plain_geometry(const Argument* inputs, size_t n) {
  const TensorImpl* first = nullptr;
  bool same_sizes = true, contiguous = true, plain = true, same = true;
  for (size_t i = 0; i < n; i++) {
    if (inputs[i].tensor == nullptr) continue;
    const TensorImpl& t = *inputs[i].tensor->get();
    if (first == nullptr) first = &t;
    same_sizes = same_sizes && t.sizes() == first->sizes();
    contiguous = contiguous && t.has(TensorImpl::kContiguous);
    if (!(same_sizes && contiguous)) break;
  }
  if (same_sizes && contiguous) return true;
  const TensorImpl* shaped = nullptr;
  for (size_t i = 0; i < n; i++) {
    if (inputs[i].tensor == nullptr) continue;
    const TensorImpl& t = *inputs[i].tensor->get();
    plain = plain && plainly_contiguous(t);
    if (t.dim() == 0) continue;
    if (shaped == nullptr)
      shaped = &t;
    else
      same = same && same_geometry(t, *shaped);
  }
  if (same && shaped != nullptr) {
    const Tensor t = Tensor::retain(const_cast<TensorImpl*>(shaped));
    return t.is_non_overlapping_and_dense();
  }
  if (!plain) return false;
  // They must broadcast.
  for (int64_t d = 1;; d++) {
    int64_t size = 1;
    bool some = false;
    for (size_t i = 0; i < n; i++) {
      if (inputs[i].tensor == nullptr || inputs[i].tensor->dim() < d) continue;
      some = true;
      const int64_t s = inputs[i].tensor->sizes()[static_cast<size_t>(inputs[i].tensor->dim() - d)];
      if (s == 1) continue;
      if (size != 1 && s != size) return false;
      size = s;
    }
    if (!some) return true;
  }
}

/// Whether the operands in `mask` alone broadcast to `sizes`.
bool fills(const Argument* tensors, uint32_t mask, IntSpan sizes) {
  for (size_t d = 1; d <= sizes.size(); d++) {
    int64_t size = -1;
    for (uint32_t m = mask; m != 0; m &= m - 1) {
      const Tensor& t = *tensors[__builtin_ctz(m)].tensor;
      if (static_cast<size_t>(t.dim()) < d) continue;
      const int64_t s = t.sizes()[static_cast<size_t>(t.dim()) - d];
      size = size < 0 || size == 1 ? s : size;
    }
    if (size != sizes[sizes.size() - d]) return false;
  }
  return true;
}

}  // namespace

bool Group::run(const Argument* inputs, Tensor* outputs) {
  VariantKey key{};
  Argument tensors[kMaxInputs];
  const Scalar* numbers[kMaxInputs];
  size_t n = 0, m = 0;
  const bool grad = autograd::grad_mode();
  bool mixed = false;
  for (size_t i = 0; i < inputs_.size(); i++) {
    if (inputs[i].tensor == nullptr) {
      if (inputs_[i] != Input::Number || inputs[i].number.is_complex()) return false;
      key_byte(key.words, i) = static_cast<uint8_t>(kNumberBit | static_cast<uint8_t>(inputs[i].number.category()));
      numbers[m++] = &inputs[i].number;
      continue;
    }
    if (inputs_[i] != Input::Tensor) return false;
    const Tensor& t = *inputs[i].tensor;
    if (!t.defined() || !t.is_cpu() || t.layout() != Layout::Strided) return false;
    const Class cls = t.dim() > 0 ? kHasDims : t.is_wrapped_number() ? kWrapped : kZeroDim;
    key_byte(key.words, i) = static_cast<uint8_t>(static_cast<uint8_t>(t.dtype()) | (cls << kClassShift) |
                                                  (grad && t.requires_grad() ? kGradBit : 0));
    mixed |= cls == kWrapped || (n > 0 && t.dtype() != tensors[0].tensor->dtype());
    tensors[n++].tensor = &t;
  }
  if (n == 0) return false;
  // Dimensions matter only where dtypes differ.
  if (!mixed)
    for (size_t i = 0; i < inputs_.size(); i++)
      if (!(key_byte(key.words, i) & kNumberBit)) key_byte(key.words, i) &= static_cast<uint8_t>(~(3u << kClassShift));
  key_byte(key.words, kDefaultDTypeByte) = static_cast<uint8_t>(default_dtype());
  const Variant& v = variant(key);
  if (!v.why.empty() || !plain_geometry(tensors, n)) return false;
  if (v.results.size() > 1) {
    DimVector sizes;
    for (size_t i = 0; i < n; i++)
      sizes = i == 0 ? DimVector(tensors[0].tensor->sizes()) : broadcast_sizes(sizes, tensors[i].tensor->sizes());
    for (uint32_t mask : v.depends)
      if (!fills(tensors, mask, sizes)) return false;
  }

  Operand operands[kMaxInputs];
  ParamValue params[kMaxInputs * 2];
  for (size_t i = 0; i < n; i++) operands[i] = *tensors[i].tensor;
  if (v.params.size() > std::size(params)) return false;
  for (size_t i = 0; i < v.params.size(); i++) params[i] = param_value(v.params[i].type, *numbers[v.params[i].number]);
  run_program(v.program, operands, nullptr, params, v.results.data(), outputs);
  if (v.records) {
    const NodeRef ref = NodeRef::steal(new FusedNode(shared_from_this(), v, tensors, outputs));
    for (size_t k = 0; k < v.results.size(); k++)
      if (v.history >> k & 1) autograd::set_history(outputs[k], ref, static_cast<uint32_t>(k));
  }
  return true;
}

}  // namespace tsvm::ops::fusion
