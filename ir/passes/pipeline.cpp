#include "ir/passes/pipeline.h"

#include <cstdio>

#include "base/check.h"
#include "ir/passes/cse.h"
#include "ir/passes/dce.h"
#include "ir/passes/fuse.h"
#include "ir/passes/infer.h"
#include "ir/passes/inline.h"
#include "ir/passes/licm.h"
#include "ir/passes/promote_slots.h"
#include "ir/passes/range_loops.h"
#include "ir/passes/rewrite.h"
#include "ir/passes/simplify_cfg.h"
#include "ir/passes/sink_boxes.h"
#include "ir/print.h"
#include "ir/uses.h"
#include "ir/verify.h"

namespace tsvm::ir {

namespace {

bool run_compact(Function& f) {
  compact(f);
  return true;
}

constexpr Pass kPasses[] = {
    {"rewrite", run_rewrite, "local rewrites and folding"},
    {"simplify_cfg", run_simplify_cfg, "unreachable blocks, known branches, merging of blocks"},
    {"infer", run_infer, "generic operations on known types become typed ones"},
    {"inline", run_inline, "direct calls of small functions"},
    {"cse", run_cse, "common subexpressions, loads and guards"},
    {"licm", run_licm, "loop-invariant code"},
    {"promote_slots", run_promote_slots, "frame slots that no handler sees become values"},
    {"range_loops", run_range_loops, "for over a range becomes a loop over an int"},
    {"sink_boxes", run_sink_boxes, "boxes are made where they are needed"},
    {"fuse", run_fuse, "elementwise operators become calls of kernels"},
    {"dce", run_dce, "dead code and dead parameters"},
    {"drop_exits", run_drop_exits, "resume points, and exit states that are never taken"},
    {"compact", run_compact, "renumbers everything, drops what is not used"},
};

constexpr const char* kGeneric[] = {"simplify_cfg", "rewrite", "dce", "compact"};
constexpr const char* kTyped[] = {"simplify_cfg", "inline", "simplify_cfg", "rewrite",      "infer",  "rewrite",
                                  "cse",          "licm",   "dce",          "simplify_cfg", "fuse", "dce", "compact"};
constexpr const char* kNative[] = {
    "simplify_cfg", "range_loops", "infer", "rewrite",    "simplify_cfg", "cse", "rewrite",      "dce",
    "licm",         "cse",         "dce",   "sink_boxes", "drop_exits",   "dce", "simplify_cfg", "compact"};

}  // namespace

std::span<const Pass> all_passes() { return kPasses; }

const Pass* find_pass(std::string_view name) {
  for (const Pass& p : kPasses)
    if (p.name == name) return &p;
  return nullptr;
}

bool run_pass(const Pass& pass, Function& f, const PassOptions& options) {
  bool changed = pass.run(f);
  if (options.verify) {
    std::string errors = verify(f);
    if (!errors.empty()) {
      std::fprintf(stderr, "after the pass %s:\n%s%s", pass.name, errors.c_str(), print(f).c_str());
      TSVM_UNREACHABLE("a pass broke the function");
    }
  }
  if (options.dump != nullptr && (options.dump_pass == pass.name || options.dump_pass == "all")) {
    *options.dump += "# after ";
    *options.dump += pass.name;
    *options.dump += '\n';
    *options.dump += print(f);
  }
  return changed;
}

void run_passes(Function& f, PassLevel level, const PassOptions& options) {
  if (!options.enabled) return;
  std::span<const char* const> names = level == PassLevel::Generic ? std::span<const char* const>(kGeneric)
                                       : level == PassLevel::Typed ? std::span<const char* const>(kTyped)
                                                                   : std::span<const char* const>(kNative);
  for (const char* name : names) run_pass(*find_pass(name), f, options);
}

}  // namespace tsvm::ir
