#include <fcntl.h>

#include <cstdio>

#include "jit/fuse/fuse.h"
#include "ops/cuda/emit.h"
#include "ops/fusion/group.h"
#include "ops/op_info.h"
#include "repl/dump.h"
#include "repl/run.h"

namespace tsvm::repl {

namespace {

using ops::fusion::Group;
using ops::fusion::StepArg;

std::string constant_text(const ops::OpValue& v) {
  switch (v.kind) {
    case ops::OpValue::Kind::Missing: return "_";
    case ops::OpValue::Kind::Text: return "'" + v.text + "'";
    case ops::OpValue::Kind::Tensor: return "tensor";
    case ops::OpValue::Kind::Number: break;
  }
  if (v.number.is_bool()) return v.number.to_bool() ? "True" : "False";
  if (v.number.is_int()) return std::to_string(v.number.to_int());
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", v.number.to_double());
  return text;
}

std::string group_text(const Group& g) {
  std::string out = "kernel " + g.name() + " (";
  for (size_t i = 0; i < g.input_count(); i++)
    out += (i ? ", " : "") + std::string(g.inputs()[i] == Group::Input::Tensor ? "Tensor" : "Scalar") + " i" +
           std::to_string(i);
  out += ")\n";
  for (size_t s = 0; s < g.steps().size(); s++) {
    const ops::OpRow& row = ops::info(g.steps()[s].op);
    out += "  s" + std::to_string(s) + " = " + row.name + (*row.overload ? "." : "") + row.overload + "(";
    bool first = true;
    for (const StepArg& a : g.steps()[s].args) {
      out += first ? "" : ", ";
      first = false;
      out += a.kind == StepArg::Kind::Input  ? "i" + std::to_string(a.index)
             : a.kind == StepArg::Kind::Step ? "s" + std::to_string(a.index)
                                             : constant_text(g.constants()[a.index]);
    }
    out += ")\n";
  }
  out += "  return";
  for (size_t k = 0; k < g.output_count(); k++) out += (k ? ", s" : " s") + std::to_string(g.outputs()[k]);
  return out + "\n";
}

void show_program(const KernelDump& dump, const std::string& name, const ops::scalar::Program& p,
                  const std::vector<ops::DType>& inputs, const std::vector<ops::DType>& results) {
  switch (dump.form) {
    case KernelDump::Form::Program: std::fputs(ops::scalar::to_string(p).c_str(), stdout); break;
    case KernelDump::Form::Assembly: {
      std::vector<ops::scalar::NativeOperand> operands;
      for (ops::DType t : results) operands.push_back({t, ops::scalar::Access::Dense});
      for (ops::DType t : inputs) operands.push_back({t, ops::scalar::Access::Dense});
      std::string why, text;
      if (jit::fuse::compile(p, operands.data(), &why, &text))
        std::fputs(text.c_str(), stdout);
      else
        std::printf("no native code: %s\n", why.c_str());
      break;
    }
    case KernelDump::Form::Cuda: {
      std::vector<ops::cuda::KernelOperand> operands;
      for (ops::DType t : results) operands.push_back({t, t, ops::cuda::Layout::Dense});
      for (ops::DType t : inputs) operands.push_back({t, t, ops::cuda::Layout::Dense});
      std::fputs(ops::cuda::emit_kernel(p, operands.data(), name).c_str(), stdout);
      break;
    }
  }
}

std::string dtypes_text(const std::vector<ops::DType>& list) {
  std::string out;
  for (size_t i = 0; i < list.size(); i++) out += (i ? ", " : "") + std::string(ops::name(list[i]));
  return out;
}

void show(void* context, const Group& group, const Group::View& v) {
  const KernelDump& dump = *static_cast<const KernelDump*>(context);
  const std::string function = group.name().substr(0, group.name().rfind('.'));
  const std::string plain = function.substr(function.rfind('.') + 1);
  if (!dump.function.empty() && dump.function != function && dump.function != plain) return;
  std::fputs(group_text(group).c_str(), stdout);
  if (!v.fits) {
    std::printf("not fused: %s\n\n", v.why.c_str());
    return;
  }
  std::printf("forward (%s) -> %s\n", dtypes_text(v.inputs).c_str(), dtypes_text(v.results).c_str());
  show_program(dump, "forward", v.forward, v.inputs, v.results);
  if (v.has_backward) {
    std::string names;
    for (size_t i = 0; i < v.backward_names.size(); i++) names += (i ? ", " : "") + v.backward_names[i];
    std::printf("backward (%s) -> %s\n", names.c_str(), dtypes_text(v.backward_results).c_str());
    if (v.backward.output_count > 0)
      show_program(dump, "backward", v.backward, v.backward_inputs, v.backward_results);
    else
      std::puts("the gradients of the results are passed on");
  }
  std::puts("");
  std::fflush(stdout);
}

}  // namespace

int dump_kernels(const std::string& path, KernelDump dump) {
  RunOptions options;
  options.program = path;
  options.vm.stdout_fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  Group::observe(show, &dump);
  const int status = run_program(options);
  Group::observe(nullptr, nullptr);
  return status;
}

}  // namespace tsvm::repl
