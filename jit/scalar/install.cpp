// When to compile what.
//
// A function is compiled after some calls. A loop is compiled so that it can be entered at its header; the outermost
// loop around a hot one comes first, because code that holds the whole nest is entered once and not once a round. While
// it waits for its next round the inner one goes on in the interpreter, but not for long.
//
// Code whose guards fail again and again is made anew, with what has been seen since; after a few times it is given up.
// Old code stays in memory as long as its function: it may be running further down the stack.
#include "jit/scalar/install.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "jit/code_memory.h"
#include "jit/scalar/compile.h"
#include "vm/interpreter.h"

namespace tsvm::jit {

namespace {

using vm::CodeState;
using vm::Frame;
using vm::NativeEntry;
using vm::VM;

constexpr uint32_t kMaxVersions = 4;
constexpr uint32_t kMaxExits = 100;  // failed guards after which code is made anew

/// One place where native code can be entered.
struct Entry {
  std::vector<std::unique_ptr<NativeCode>> versions;
  uint32_t asked = 0;
  bool given_up = false;
  NativeCode* current() const { return versions.empty() ? nullptr : versions.back().get(); }
};

struct FunctionCode {
  Entry whole;
  std::map<uint32_t, Entry> loops;        // by pc of the header
  std::map<uint32_t, uint32_t> outer_of;  // pc of a header -> of the outermost loop around it
  bool nest_known = false;
};

class Scalar : public vm::Extension {
 public:
  ~Scalar() override {
    if (stats)
      std::fprintf(stderr, "jit: %u compiled, %u refused, %zu bytes, %u versions made anew\n", compiled, refused, bytes,
                   again);
  }

  /// The VM closes: no native code any more, and nothing that it kept alive.
  void clear(VM& vm) override {
    vm.jit = nullptr;
    std::vector<vm::Value> kept;
    for (CodeState* state : std::exchange(states, {})) take_apart(state, kept);
    for (vm::Value v : kept) release(v);
  }

  /// Frees what a function's code is; `kept` gets the references that it held.
  void take_apart(CodeState* state, std::vector<vm::Value>& kept) {
    std::unique_ptr<FunctionCode> f(static_cast<FunctionCode*>(state->native));
    state->native = nullptr;
    state->native_entry = nullptr;
    auto drop = [&](Entry& e) {
      for (auto& v : e.versions) {
        kept.insert(kept.end(), v->kept.begin(), v->kept.end());
        if (v->entry) remove_code(reinterpret_cast<void*>(v->entry));
      }
    };
    drop(f->whole);
    for (auto& [pc, e] : f->loops) drop(e);
  }

  vm::JitCallbacks callbacks;
  ScalarOptions options;
  std::unordered_set<CodeState*> states;  // with a FunctionCode
  bool stats = false;
  uint32_t compiled = 0, refused = 0, again = 0;
  size_t bytes = 0;
};

FunctionCode& code_of(VM& vm, CodeState* state) {
  if (!state->native) {
    auto* f = new FunctionCode();
    state->native = f;
    vm.extension<Scalar>().states.insert(state);
  }
  return *static_cast<FunctionCode*>(state->native);
}

/// The entry's code, compiled if it is time; null: there is none.
NativeCode* code_for(VM& vm, Frame* frame, Entry& e, int64_t header_pc) {
  auto& scalar = vm.extension<Scalar>();
  NativeCode* now = e.current();
  if (e.given_up) return nullptr;
  if (now && now->exits < kMaxExits) return now;
  if (e.versions.size() >= kMaxVersions) {
    e.given_up = true;
    return nullptr;
  }
  if (now) scalar.again++;
  CompileRequest request{vm, frame, header_pc, false};
  const vm::Code& code = *frame->state->code;
  const std::string& wanted = scalar.options.dump;
  request.want_text = !wanted.empty() && (wanted == code.name || wanted == code.qualified_name);
  auto start = std::chrono::steady_clock::now();
  std::unique_ptr<NativeCode> made = compile(request);
  if (scalar.stats) {
    std::string where = header_pc < 0 ? "" : " loop at " + std::to_string(header_pc);
    if (made->entry)
      std::fprintf(
          stderr, "jit: %s%s: %zu bytes, %lld us\n", code.qualified_name.c_str(), where.c_str(), made->size,
          static_cast<long long>(
              std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start).count()));
    else
      std::fprintf(stderr, "jit: %s%s: refused: %s\n", code.qualified_name.c_str(), where.c_str(),
                   made->reason.c_str());
  }
  if (request.want_text) {
    std::printf("# %s at %lld\n%s", code.qualified_name.c_str(), static_cast<long long>(header_pc), made->text.c_str());
    if (!made->entry) std::printf("# refused: %s\n", made->reason.c_str());
    std::fflush(stdout);
  }
  if (made->entry) {
    if (scalar.options.perf_map)
      if (std::FILE* map = std::fopen(("/tmp/perf-" + std::to_string(::getpid()) + ".map").c_str(), "a")) {
        std::string loop = header_pc < 0 ? "" : " loop " + std::to_string(code.range_at(header_pc).begin);
        std::fprintf(map, "%llx %zx %s%s\n", reinterpret_cast<unsigned long long>(made->entry), made->size,
                     code.qualified_name.c_str(), loop.c_str());
        std::fclose(map);
      }
    scalar.compiled++;
    scalar.bytes += made->size;
  } else {
    scalar.refused++;
    e.given_up = true;
  }
  e.versions.push_back(std::move(made));
  return e.given_up ? nullptr : e.current();
}

void function_hot(VM& vm, Frame* frame) {
  CodeState* state = frame->state;
  if (state->code->is_generator || (frame->flags & vm::kConstructFrame)) return;
  NativeCode* code = code_for(vm, frame, code_of(vm, state).whole, -1);
  state->native_entry = code ? reinterpret_cast<void*>(code->entry) : nullptr;
}

/// The counter of a `loop` instruction.
vm::Cache& counter(Frame* frame, const vm::Instr* loop) {
  return frame->state->caches[reinterpret_cast<const vm::ExtensionWord*>(loop + 1)->high];
}

uint32_t target_of(Frame* frame, const vm::Instr* loop) {
  return static_cast<uint32_t>(loop - frame->words() + reinterpret_cast<const vm::ExtensionWord*>(loop + 1)->low);
}

template <class Fn>
void each_loop(Frame* frame, Fn&& fn) {
  const vm::Code& code = *frame->state->code;
  for (uint32_t pc = 0; pc < code.words.size();) {
    const vm::Instr* p = frame->words() + pc;
    auto op = static_cast<vm::Bc>(p->op);
    if (op == vm::Bc::Loop) fn(p);
    pc += length(vm::info(op), *p);
  }
}

NativeEntry loop_hot(VM& vm, Frame* frame) {
  uint32_t header = target_of(frame, frame->pc);
  FunctionCode& f = code_of(vm, frame->state);
  if (!f.nest_known) {
    f.outer_of = outermost_loops(*frame->state);
    f.nest_known = true;
  }
  Entry& e = f.loops[header];
  uint32_t soon = vm.jit->loop_threshold - 1;
  auto outer = f.outer_of.find(header);
  if (!e.current() && !e.given_up && outer != f.outer_of.end() && outer->second != header &&
      !f.loops[outer->second].given_up && ++e.asked <= 3) {
    each_loop(frame, [&](const vm::Instr* loop) {
      if (target_of(frame, loop) == outer->second) counter(frame, loop).count = soon;
    });
    return nullptr;
  }
  NativeCode* code = code_for(vm, frame, e, header);
  if (!code) return nullptr;
  counter(frame, frame->pc).count = soon;
  return code->entry;
}

void release_code(VM& vm, CodeState* state) {
  auto& scalar = vm.extension<Scalar>();
  std::vector<vm::Value> kept;
  scalar.states.erase(state);
  scalar.take_apart(state, kept);
  for (vm::Value v : kept) release(v);
}

}  // namespace

void install_scalar(VM& vm, const ScalarOptions& options) {
  if (vm.options.jit_mode == vm::JitMode::Off) return;
  auto& scalar = vm.extension<Scalar>();
  scalar.options = options;
  scalar.stats = std::getenv("TSVM_JIT_STATS") != nullptr;
  scalar.callbacks.function_hot = function_hot;
  scalar.callbacks.loop_hot = loop_hot;
  scalar.callbacks.release = release_code;
  if (vm.options.jit_mode == vm::JitMode::Force) {
    scalar.callbacks.function_threshold = 1;
    scalar.callbacks.loop_threshold = 1;
  }
  // For tests: "calls,iterations" after which code is compiled.
  if (const char* thresholds = std::getenv("TSVM_JIT_THRESHOLDS"))
    std::sscanf(thresholds, "%u,%u", &scalar.callbacks.function_threshold, &scalar.callbacks.loop_threshold);
  vm.jit = &scalar.callbacks;
}

}  // namespace tsvm::jit
