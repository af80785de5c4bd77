#include "ops/scalar/block.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>

#include "ops/cpu/parallel.h"
#include "ops/scalar/kernels.h"
#include "ops/tensor/allocator.h"

namespace tsvm::ops::scalar {

namespace {

std::atomic<const NativeCompiler*> g_compiler{nullptr};

/// Lines shorter than this are packed into blocks instead of being run one by one.
constexpr int64_t kShortLine = 256;

int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

/// Repeats the element at p (bytes wide) over kSplatBytes.
void spread(char* p, int bytes) {
  uint64_t word;
  std::memcpy(&word, p, 8);
  splat_word(p, word, bytes);
}

/// Whether converting an element straight from one type to the other skips a rounding that promotion asks for.
bool rounds(DType from, DType seen) {
  if (from == seen || is_bool(from) || stored_as(seen, compute_type(seen))) return false;
  return !(is_integral(from) && is_integral(seen) && item_size(from) < item_size(seen));
}

/// How one operand passes between tensor and native kernel.
enum class Pass : uint8_t {
  Direct,     // the kernel works on the tensor's memory
  Gathered,   // through a buffer of the tensor's dtype
  Converted,  // through a buffer of the compute type
  Uniform,
};

/// What a run's native kernel needs to know, the same for all its chunks.
struct NativePlan {
  NativeFn fn = nullptr;
  Pass pass[kMaxOperands];
  NativeOperand operands[kMaxOperands];
};

/// The dtype whose elements are those of a block buffer.
DType dtype_of_buffer(CType t) {
  constexpr DType kTypes[] = {DType::Bool,    DType::Int32,     DType::Int64,     DType::Float32,
                              DType::Float64, DType::Complex64, DType::Complex128};
  return kTypes[static_cast<int>(t)];
}

template <class T>
void copy_elements(const char* from, int64_t from_stride, char* to, int64_t to_stride, int64_t n) {
  for (int64_t i = 0; i < n; i++) std::memcpy(to + i * to_stride, from + i * from_stride, sizeof(T));
}
void copy_elements(int size, const char* from, int64_t from_stride, char* to, int64_t to_stride, int64_t n) {
  switch (size) {
    case 1: return copy_elements<uint8_t>(from, from_stride, to, to_stride, n);
    case 2: return copy_elements<uint16_t>(from, from_stride, to, to_stride, n);
    case 4: return copy_elements<uint32_t>(from, from_stride, to, to_stride, n);
    case 8: return copy_elements<uint64_t>(from, from_stride, to, to_stride, n);
    default: return copy_elements<std::complex<double>>(from, from_stride, to, to_stride, n);
  }
}

bool everywhere_same(const Loop& loop, int operand) {
  for (int d = 0; d < loop.ndim(); d++)
    if (loop.stride(d, operand) != 0) return false;
  return true;
}
bool one_line(const Loop& loop, int operand) {
  for (int d = 1; d < loop.ndim(); d++)
    if (loop.stride(d, operand) != loop.size(d - 1) * loop.stride(d - 1, operand)) return false;
  return true;
}
/// Whether blocks cut across lines, because those are short.
bool is_packed(const Loop& loop) { return loop.ndim() > 1 && loop.size(0) < kShortLine; }

/// Looks for a native kernel. Leaves plan.fn null where there is none.
void plan_native(const Run& r, NativePlan& plan) {
  const NativeCompiler* compiler = native_compiler();
  const Program& p = *r.program;
  const Loop& loop = *r.loop;
  if (compiler == nullptr || p.operations < 2) return;
  const bool packed = is_packed(loop);
  for (int k = 0; k < loop.operands(); k++) {
    const bool output = k < p.output_count;
    const OperandType t = r.operands[k];
    const CType type = output ? p.output_type(k) : p.input_type(k - p.output_count);
    const bool natural = compute_type(t.stored) == type && !rounds(t.stored, t.seen);
    if (!natural && is_complex(type)) return;
    plan.operands[k] = {natural ? t.stored : dtype_of_buffer(type), Access::Dense};
    if (!output && (everywhere_same(loop, k) || (!packed && loop.stride(0, k) == 0))) {
      plan.pass[k] = Pass::Uniform;
      plan.operands[k] = {dtype_of_buffer(type), Access::Uniform};
    } else if (!natural) {
      plan.pass[k] = Pass::Converted;
    } else if ((!packed || one_line(loop, k)) && loop.stride(0, k) == static_cast<int64_t>(item_size(t.stored))) {
      plan.pass[k] = Pass::Direct;
    } else {
      plan.pass[k] = Pass::Gathered;
    }
  }
  plan.fn = compiler->find(p, plan.operands, loop.numel());
}

/// A thread's run over elements [begin, end) of the loop.
class BlockRun {
 public:
  BlockRun(const Run& r, const KernelTable& kernels, const NativePlan& native)
      : r_(r), p_(*r.program), loop_(*r.loop), kernels_(kernels), native_(native) {}

  /// Returns whether an integer was divided by zero.
  int over(int64_t begin, int64_t end) {
    packed_ = is_packed(loop_);
    plan(end - begin);
    alignas(64) char local[8192];
    const size_t bytes = static_cast<size_t>(scratch_bytes_);
    char* scratch = bytes <= sizeof local ? local : static_cast<char*>(allocate(bytes));
    lay_out(scratch);
    if (packed_)
      run_packed(begin, end);
    else
      loop_.run_range(begin, end, [this](char** data, const int64_t* strides, int64_t n) {
        char* at[kMaxOperands];
        for (int k = 0; k < loop_.operands(); k++) at[k] = data[k];
        while (n > 0) {
          const int64_t m = std::min(n, block_);
          block(at, strides, m);
          for (int k = 0; k < loop_.operands(); k++) at[k] += m * strides[k];
          n -= m;
        }
      });
    if (scratch != local) deallocate(scratch, bytes);
    return fault_;
  }

 private:
  int outputs() const { return p_.output_count; }
  /// Whether the operand can be read or written where it is.
  bool direct(int operand, CType type, int64_t stride) const {
    const OperandType t = r_.operands[operand];
    return !is_complex(type) && stored_as(t.stored, type) && stride == static_cast<int64_t>(item_size(t.stored)) &&
           !rounds(t.stored, t.seen);
  }

  /// Decides the size of blocks and of the memory they need.
  void plan(int64_t elements) {
    const bool native = native_.fn != nullptr;
    bool buffers = p_.operations > 1 && !native;
    for (int k = 0; k < loop_.operands(); k++) {
      constant_[k] = k >= outputs() && everywhere_same(loop_, k);
      line_[k] = !packed_ || one_line(loop_, k);
      const CType type = k < outputs() ? p_.output_type(k) : p_.input_type(k - outputs());
      buffers |= native ? native_.pass[k] != Pass::Direct && native_.pass[k] != Pass::Uniform
                        : !constant_[k] && !(line_[k] && direct(k, type, loop_.stride(0, k)));
    }
    block_ = buffers ? (p_.slot_width <= 4 ? 1024 : p_.slot_width == 8 ? 512 : 256) : elements;
    block_ = std::min(block_, elements);
    padded_ = buffers ? round_up(block_, 64) : 64;
    leaves_ = p_.inputs + p_.params;
    int64_t bytes = round_up(static_cast<int64_t>(sizeof(Value)) * p_.size, 64);
    splats_ = bytes;
    bytes += 2 * kSplatBytes * p_.size;
    slots_ = bytes;
    if (!native) bytes += padded_ * p_.slot_width * p_.slots;
    inputs_ = bytes;
    if (buffers) {
      for (int i = 0; i < p_.inputs; i++) bytes += padded_ * width(p_.input_type(i));
      for (int k = 0; k < outputs() && native; k++) bytes += padded_ * width(p_.output_type(k));
    }
    scratch_bytes_ = bytes;
  }

  /// Puts the constants and the operands that never change into the scratch memory.
  void lay_out(char* scratch) {
    values_ = reinterpret_cast<Value*>(scratch);
    splat_memory_ = scratch + splats_;
    slot_memory_ = scratch + slots_;
    char* buffer = scratch + inputs_;
    for (int i = 0; i < p_.size; i++) {
      const Inst& inst = p_.code[i];
      if (inst.op > Op::Const) continue;
      Value& v = values_[i];
      v = {splat_memory_ + 2 * kSplatBytes * i, kSplatBytes, 0};
      if (inst.op == Op::Input) {
        const int k = outputs() + i;
        if (constant_[k]) load_splat(i, loop_.data(k));
        buffer_[k] = buffer;
        buffer += padded_ * width(inst.type);
        continue;
      }
      const uint64_t* words = inst.op == Op::Param ? r_.params[inst.a].words : p_.constants + inst.a;
      const int bytes = is_complex(inst.type) ? width(inst.type) / 2 : width(inst.type);
      splat_word(v.p, words[0], bytes);
      if (is_complex(inst.type)) splat_word(v.p + kSplatBytes, words[1], bytes);
    }
    for (int k = 0; k < outputs(); k++) {
      buffer_[k] = buffer;
      buffer += padded_ * width(p_.output_type(k));
    }
  }

  void load(int input, const char* from, int64_t stride, char* to, int64_t plane, int64_t n) {
    const OperandType t = r_.operands[outputs() + input];
    const CType type = p_.input_type(input);
    if (rounds(t.stored, t.seen)) {
      // By way of the dtype that promotion chose: its own compute type, its rounding, then the program's.
      const CType via = compute_type(t.seen);
      load_through(t, via, type, from, stride, to, plane, n);
      return;
    }
    kernels_.load[static_cast<int>(t.stored)][static_cast<int>(type)](from, stride, to, plane, n);
  }
  void load_through(OperandType t, CType via, CType type, const char* from, int64_t stride, char* to, int64_t plane,
                    int64_t n) {
    alignas(64) char part[64 * 8];
    const int bytes = is_complex(type) ? width(type) / 2 : width(type);
    for (int64_t i = 0; i < n; i += 64) {
      const int64_t m = std::min<int64_t>(64, n - i);
      kernels_.load[static_cast<int>(t.stored)][static_cast<int>(via)](from + i * stride, stride, part, 0, m);
      BlockArgs k{};
      k.out = part;
      k.in[0] = part;
      k.step[0] = 1;
      k.n = m;
      kernels_.narrow[static_cast<int>(t.seen)](k);
      k.out = to + i * bytes;
      k.out_plane = plane;
      kernels_.convert[static_cast<int>(via)][static_cast<int>(type)](k);
    }
  }
  /// One element for the whole block.
  void load_splat(int input, const char* from) {
    const CType type = p_.input_type(input);
    char* to = splat_memory_ + 2 * kSplatBytes * input;
    load(input, from, 0, to, kSplatBytes, 1);
    const int bytes = is_complex(type) ? width(type) / 2 : width(type);
    spread(to, bytes);
    if (is_complex(type)) spread(to + kSplatBytes, bytes);
    values_[input] = {to, kSplatBytes, 0};
  }

  int64_t buffer_plane(CType type) const { return padded_ * width(type) / 2; }

  /// A block whose operands each lie on one line.
  void block(char* const* data, const int64_t* strides, int64_t n) {
    if (native_.fn != nullptr) return native_block(data, strides, n);
    for (int i = 0; i < p_.inputs; i++) {
      const int k = outputs() + i;
      if (constant_[k]) continue;
      const CType type = p_.input_type(i);
      if (strides[k] == 0) {
        load_splat(i, data[k]);
      } else if (direct(k, type, strides[k])) {
        values_[i] = {data[k], 0, 1};
      } else {
        values_[i] = {buffer_[outputs() + i], buffer_plane(type), 1};
        load(i, data[k], strides[k], buffer_[outputs() + i], buffer_plane(type), n);
      }
    }
    compute(data, strides, n);
    for (int k = 0; k < outputs(); k++)
      if (!written_[k]) store(k, data[k], strides[k], 0, n);
  }

  /// The same by the native kernel.
  void native_block(char* const* data, const int64_t* strides, int64_t n) {
    for (int i = 0; i < p_.inputs; i++) {
      const int k = outputs() + i;
      if (native_.pass[k] == Pass::Uniform && !constant_[k])
        load_splat(i, data[k]);
      else if (native_.pass[k] == Pass::Gathered)
        gather(k, data[k], strides[k], 0, n);
      else if (native_.pass[k] == Pass::Converted)
        load(i, data[k], strides[k], buffer_[k], 0, n);
    }
    call(data, n);
    for (int k = 0; k < outputs(); k++)
      if (native_.pass[k] != Pass::Direct) scatter(k, data[k], strides[k], 0, n);
  }
  void call(char* const* data, int64_t n) {
    void* at[2 * kMaxOperands];
    for (int k = 0; k < loop_.operands(); k++)
      at[k] = native_.pass[k] == Pass::Direct    ? data[k]
              : native_.pass[k] == Pass::Uniform ? values_[k - outputs()].p
                                                 : buffer_[k];
    for (int j = 0; j < p_.params; j++) at[loop_.operands() + j] = values_[p_.inputs + j].p;
    call_native(native_.fn, p_, native_.operands, at, n);
  }
  void gather(int k, const char* from, int64_t stride, int64_t first, int64_t n) {
    const int size = static_cast<int>(item_size(r_.operands[k].stored));
    copy_elements(size, from, stride, buffer_[k] + first * size, size, n);
  }
  /// From a result's buffer to its tensor.
  void scatter(int k, char* to, int64_t stride, int64_t first, int64_t n) {
    if (native_.pass[k] == Pass::Gathered) {
      const int size = static_cast<int>(item_size(r_.operands[k].stored));
      copy_elements(size, buffer_[k] + first * size, size, to, stride, n);
      return;
    }
    values_[p_.outputs[k]] = {buffer_[k], 0, 1};
    store(k, to, stride, first, n);
  }

  void store(int k, char* to, int64_t stride, int64_t first, int64_t n) {
    const Value& v = values_[p_.outputs[k]];
    const OperandType t = r_.operands[k];
    const CType type = p_.output_type(k);
    const int bytes = is_complex(type) ? width(type) / 2 : width(type);
    const char* from = v.p + first * v.step * bytes;
    const StoreFn fn = kernels_.store[static_cast<int>(type)][static_cast<int>(t.stored)];
    if (!rounds(t.stored, t.seen) || compute_type(t.seen) != type) {
      fn(from, v.plane, v.step, to, stride, n);
      return;
    }
    // Into a wider target: first the rounding that the result's own dtype has.
    alignas(64) char part[64 * 8];
    BlockArgs a{};
    for (int64_t i = 0; i < n; i += 64) {
      a.in[0] = from + i * v.step * bytes;
      a.step[0] = v.step;
      a.out = part;
      a.n = std::min<int64_t>(64, n - i);
      kernels_.narrow[static_cast<int>(t.seen)](a);
      fn(part, 0, 1, to + i * stride, stride, a.n);
    }
  }

  /// Runs the instructions; results that lie dense in memory are written there.
  void compute(char* const* data, const int64_t* strides, int64_t n) {
    char* out[kMaxOperands];
    for (int k = 0; k < outputs(); k++) out[k] = direct(k, p_.output_type(k), strides[k]) ? data[k] : nullptr;
    interpret(p_, kernels_, values_, slot_memory_, splat_memory_, padded_, n, out, written_, first_in_place_, &fault_);
  }

  /// Short lines: blocks cut across them, and operands that do not go straight on are gathered.
  void run_packed(int64_t begin, int64_t end) {
    int64_t index[cpu::kMaxLoopDims];
    while (begin < end) {
      const int64_t n = std::min(block_, end - begin);
      int64_t rest = begin;
      for (int d = 0; d < loop_.ndim(); d++) {
        index[d] = rest % loop_.size(d);
        rest /= loop_.size(d);
      }
      char* data[kMaxOperands];
      int64_t strides[kMaxOperands];
      const bool native = native_.fn != nullptr;
      for (int i = 0; i < p_.inputs; i++) {
        const int k = outputs() + i;
        if (constant_[k]) continue;
        const CType type = p_.input_type(i);
        if (native) {
          data[k] = loop_.data(k) + begin * loop_.stride(0, k);
          if (native_.pass[k] == Pass::Direct) continue;
          each_line(k, index, n, [&](char* from, int64_t at, int64_t m) {
            if (native_.pass[k] == Pass::Gathered)
              gather(k, from, loop_.stride(0, k), at, m);
            else
              load(i, from, loop_.stride(0, k), buffer_[k] + at * width(type), 0, m);
          });
          continue;
        }
        if (line_[k]) {
          strides[k] = loop_.stride(0, k);
          data[k] = loop_.data(k) + begin * strides[k];
          if (direct(k, type, strides[k])) {
            values_[i] = {data[k], 0, 1};
            continue;
          }
        }
        values_[i] = {buffer_[outputs() + i], buffer_plane(type), 1};
        const int bytes = is_complex(type) ? width(type) / 2 : width(type);
        each_line(k, index, n, [&](char* from, int64_t at, int64_t m) {
          load(i, from, loop_.stride(0, k), buffer_[outputs() + i] + at * bytes, buffer_plane(type), m);
        });
      }
      for (int k = 0; k < outputs(); k++) {
        // A stride of 0 is no element size, so what is not one line is never written in place.
        strides[k] = line_[k] ? loop_.stride(0, k) : 0;
        data[k] = loop_.data(k) + (line_[k] ? begin * strides[k] : 0);
      }
      if (native) {
        call(data, n);
        for (int k = 0; k < outputs(); k++)
          if (native_.pass[k] != Pass::Direct)
            each_line(k, index, n, [&](char* to, int64_t at, int64_t m) { scatter(k, to, loop_.stride(0, k), at, m); });
        begin += n;
        continue;
      }
      compute(data, strides, n);
      for (int k = 0; k < outputs(); k++)
        if (!written_[k])
          each_line(k, index, n, [&](char* to, int64_t at, int64_t m) { store(k, to, loop_.stride(0, k), at, m); });
      begin += n;
    }
  }

  /// f(pointer, elements before, elements) for each piece of a line among the n elements that start at `index`.
  template <class F>
  void each_line(int operand, const int64_t* index, int64_t n, const F& f) {
    int64_t at[cpu::kMaxLoopDims];
    char* p = loop_.data(operand);
    for (int d = 0; d < loop_.ndim(); d++) {
      at[d] = index[d];
      p += at[d] * loop_.stride(d, operand);
    }
    int64_t done = 0;
    while (true) {
      const int64_t m = std::min(loop_.size(0) - at[0], n - done);
      f(p, done, m);
      done += m;
      if (done >= n) return;
      p -= at[0] * loop_.stride(0, operand);
      at[0] = 0;
      for (int d = 1; d < loop_.ndim(); d++) {
        p += loop_.stride(d, operand);
        if (++at[d] < loop_.size(d)) break;
        p -= loop_.size(d) * loop_.stride(d, operand);
        at[d] = 0;
      }
    }
  }

 public:
  /// Outputs may be written in place from this instruction on.
  void set_first_in_place(int i) { first_in_place_ = i; }

 private:
  const Run& r_;
  const Program& p_;
  const Loop& loop_;
  const KernelTable& kernels_;
  const NativePlan& native_;
  bool packed_ = false;
  int leaves_ = 0;
  int first_in_place_ = 0;
  int fault_ = 0;
  int64_t block_ = 0, padded_ = 0;
  int64_t splats_ = 0, slots_ = 0, inputs_ = 0, scratch_bytes_ = 0;
  Value* values_ = nullptr;
  char* slot_memory_ = nullptr;
  char* splat_memory_ = nullptr;
  bool constant_[kMaxOperands];
  bool line_[kMaxOperands];
  bool written_[kMaxOperands];
  char* buffer_[kMaxOperands];
};

/// Elements that are worth a chunk: fewer for longer programs.
int64_t grain_of(const Program& p) {
  const int64_t work = std::max<int64_t>(1, p.operations / 2);
  return std::max<int64_t>(4096, cpu::kGrain / work / 1024 * 1024);
}

void run_with(const Run& r, const KernelTable& kernels, const NativePlan& native) {
  if (r.loop->numel() == 0) return;
  std::atomic<int> fault{0};
  const int first_in_place = r.aliased ? after_inputs(*r.program) : 0;
  cpu::parallel_for(r.loop->numel(), grain_of(*r.program), [&](int64_t begin, int64_t end) {
    BlockRun chunk(r, kernels, native);
    chunk.set_first_in_place(first_in_place);
    if (chunk.over(begin, end)) fault.store(1, std::memory_order_relaxed);
  });
  OPS_CHECK(fault.load(std::memory_order_relaxed) == 0, RuntimeError, "ZeroDivisionError");
}

}  // namespace

int after_inputs(const Program& p) {
  int last = 0;
  for (int i = 0; i < p.size; i++)
    for_each_operand(p.code[i], [&](uint16_t v) {
      if (p.code[v].op == Op::Input) last = i;
    });
  return last;
}

void interpret(const Program& p, const KernelTable& kernels, Value* values, char* slots, char* splats, int64_t padded,
               int64_t n, char* const* out, bool* written, int first_in_place, int* fault) {
  const int outputs = p.output_count;
  for (int o = 0; o < outputs; o++) written[o] = false;
  const int64_t slot_bytes = padded * p.slot_width;
  BlockArgs k;
  k.fault = fault;
  for (int i = p.inputs + p.params; i < p.size; i++) {
    const Inst& inst = p.code[i];
    if (inst.op == Op::Const) continue;
    const Value& a = values[inst.a];
    k.in[0] = a.p;
    k.plane[0] = a.plane;
    k.step[0] = a.step;
    int64_t step = a.step;
    CType type = p.code[inst.a].type;
    if (inst.b != kNoValue) {
      const Value& b = values[inst.b];
      k.in[1] = b.p;
      k.plane[1] = b.plane;
      k.step[1] = b.step;
      step |= b.step;
      if (inst.op == Op::Select) type = inst.type;
    }
    if (inst.c != kNoValue) {
      const Value& c = values[inst.c];
      k.in[2] = c.p;
      k.plane[2] = c.plane;
      k.step[2] = c.step;
      step |= c.step;
    }
    KernelFn fn = kernels.ops[static_cast<int>(inst.op)][static_cast<int>(type)];
    switch (inst.op) {
      case Op::Convert: fn = kernels.convert[static_cast<int>(type)][static_cast<int>(inst.type)]; break;
      case Op::Narrow: fn = kernels.narrow[inst.imm]; break;
      case Op::Libm:
        k.imm = inst.imm;
        if (inst.b == kNoValue) k.in[1] = nullptr;
        if (inst.c == kNoValue) {
          k.in[2] = nullptr;
        } else {
          k.in[3] = values[inst.d].p;
          k.step[3] = values[inst.d].step;
          step |= k.step[3];
        }
        break;
      default: break;
    }
    Value& v = values[i];
    v.step = step;
    const int real_width = is_complex(inst.type) ? width(inst.type) / 2 : width(inst.type);
    if (step != 0) {
      v.p = slots + slot_bytes * inst.slot;
      v.plane = padded * real_width;
    } else {
      v.p = splats + 2 * kSplatBytes * i;
      v.plane = kSplatBytes;
    }
    if (step != 0 && i >= first_in_place)
      for (int o = 0; o < outputs; o++)
        if (p.outputs[o] == i && out[o] != nullptr) {
          v.p = out[o];
          written[o] = true;
          break;
        }
    k.out = v.p;
    k.out_plane = v.plane;
    k.n = step != 0 ? n : kSplatBytes / real_width;
    fn(k);
  }
}

ParamValue param_value(CType type, const Scalar& value) {
  ParamValue r{};
  switch (type) {
    case CType::Bool: r.words[0] = value.to_bool(); break;
    case CType::I32: r.words[0] = static_cast<uint32_t>(value.to<int32_t>()); break;
    case CType::I64: r.words[0] = static_cast<uint64_t>(value.to_int()); break;
    case CType::F32: r.words[0] = std::bit_cast<uint32_t>(value.to<float>()); break;
    case CType::F64: r.words[0] = std::bit_cast<uint64_t>(value.to_double()); break;
    case CType::C64: {
      const auto z = value.to<std::complex<float>>();
      r = {{std::bit_cast<uint32_t>(z.real()), std::bit_cast<uint32_t>(z.imag())}};
      break;
    }
    case CType::C128: {
      const auto z = value.to_complex();
      r = {{std::bit_cast<uint64_t>(z.real()), std::bit_cast<uint64_t>(z.imag())}};
      break;
    }
  }
  return r;
}

void run(const Run& r) {
  NativePlan native;
  plan_native(r, native);
  run_with(r, kernels(), native);
}
void run_interpreted(const Run& r, const KernelTable& kernels) { run_with(r, kernels, NativePlan{}); }

void call_native(NativeFn fn, const Program& p, const NativeOperand* operands, void* const* data, int64_t n) {
  const int64_t whole = n / kNativeLanes * kNativeLanes, rest = n - whole;
  if (whole > 0) fn(data, whole);
  if (rest == 0) return;
  constexpr size_t kBytes = kNativeLanes * 16;
  const int count = p.output_count + p.inputs;
  alignas(32) char memory[kMaxOperands][kBytes];
  void* at[2 * kMaxOperands];
  for (int k = 0; k < count + p.params; k++) {
    at[k] = data[k];
    if (k >= count || operands[k].access == Access::Uniform) continue;
    const size_t size = item_size(operands[k].stored);
    at[k] = memory[k];
    if (k < p.output_count) continue;
    std::memset(memory[k], 0, kBytes);
    std::memcpy(memory[k], static_cast<char*>(data[k]) + static_cast<size_t>(whole) * size,
                static_cast<size_t>(rest) * size);
  }
  fn(at, kNativeLanes);
  for (int k = 0; k < p.output_count; k++) {
    const size_t size = item_size(operands[k].stored);
    std::memcpy(static_cast<char*>(data[k]) + static_cast<size_t>(whole) * size, memory[k],
                static_cast<size_t>(rest) * size);
  }
}

void install_native_compiler(const NativeCompiler* compiler) { g_compiler.store(compiler, std::memory_order_release); }
const NativeCompiler* native_compiler() { return g_compiler.load(std::memory_order_acquire); }

}  // namespace tsvm::ops::scalar
