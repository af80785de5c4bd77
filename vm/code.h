// Code: what a function of the language is made of.
//
// A CodeUnit is everything made from one source file: it is immutable as seen from outside and shared by VMs in several
// threads. Its functions are made on demand, by lowering the IR or by reading the image of the standard library; the IR
// stays reachable for the compiler of native code. Code is flat: words, descriptors of constants, names, tables.
//
// A CodeState is what one VM needs to run a Code: constants as values, names as interned strings, inline caches, type
// feedback, counters and the entries into native code. Functions and frames refer to it; it is counted (refs), and it
// lives at least as long as they do.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/source.h"
#include "ir/function.h"
#include "vm/bytecode.h"
#include "vm/object.h"

namespace tsvm::ops::fusion {
class Group;
}

namespace tsvm::vm {

class VM;
class CodeUnit;

/// Instructions [begin, end) go to `target` when they raise. The registers in `keep` stay, all others are released.
struct Handler {
  uint32_t begin, end, target;
  uint32_t keep_begin, keep_count;  // in Code::keep
};

/// From this instruction on, code was made from that place of the source.
struct RangeEntry {
  uint32_t pc;
  SourceRange range;
  uint32_t frame = 0;  // in Code::inlined: whose code it is
};

/// A function whose code was put into this one (entry 0: the function itself). Tracebacks show it.
struct CodeFrame {
  std::string name;
  uint32_t parent = 0;
  SourceRange call;
};

struct CodeParam {
  uint32_t name;
  ir::ParamKind kind;
  bool has_default;
};

/// As ir::CallShape; names are indices into Code::names.
struct CodeShape {
  uint32_t positional = 0;
  std::vector<uint32_t> keywords;
  std::string starred;
  uint32_t method = 0;
};

struct Code {
  // What calls look at.
  /// Every parameter is positional, none is collected: a call with that many positional arguments needs no binding.
  bool is_simple = false;
  bool is_generator = false;
  bool is_class_body = false;
  bool is_module_body = false;
  bool is_typed = false;
  bool has_varargs = false;
  bool has_varkeywords = false;
  bool has_doc = false;
  // Registers: parameters first, then frame slots, then the rest.
  uint32_t num_params = 0;
  uint32_t num_slots = 0;
  uint32_t num_registers = 0;
  uint32_t num_raws = 0;
  uint32_t num_positional_only = 0;
  uint32_t num_positional = 0;  // positional-only ones too
  uint32_t num_keyword_only = 0;
  uint32_t num_caches = 0;
  uint32_t first_line = 1;

  std::vector<uint64_t> words;
  std::vector<ir::Constant> constants;  // items of tuples are indices into this table
  std::vector<uint64_t> raw_constants;
  std::vector<std::string> names;
  std::vector<CodeParam> params;
  std::vector<CodeShape> shapes;
  std::vector<uint32_t> children;  // functions of the unit
  std::vector<Handler> handlers;   // sorted, not overlapping
  std::vector<uint16_t> keep;
  std::vector<RangeEntry> ranges;  // sorted by pc
  std::vector<CodeFrame> inlined;
  std::vector<const void*> direct;  // what call_direct calls: Functions that the owner of this code keeps alive
  std::vector<std::shared_ptr<ops::fusion::Group>> kernels;  // what call_kernel runs
  std::vector<uint32_t> slot_names, free_names, local_names;
  std::string name;
  std::string qualified_name;
  std::string doc;
  SourceRange range;

  CodeUnit* unit = nullptr;
  uint32_t index = 0;  // in the unit

  /// The source range of the instruction that contains word `pc`.
  SourceRange range_at(uint32_t pc) const;
  uint32_t frame_at(uint32_t pc) const;
  const Handler* handler_at(uint32_t pc) const;
};

/// Gives functions of an image as they are asked for.
class CodeReader {
 public:
  virtual ~CodeReader() = default;
  virtual std::unique_ptr<Code> read(uint32_t index) = 0;
  virtual std::unique_ptr<ir::Module> read_ir() = 0;
};

class CodeUnit {
 public:
  explicit CodeUnit(std::unique_ptr<ir::Module> module, bool passes = true);
  CodeUnit(std::string name, std::shared_ptr<const SourceFile> source, uint32_t count,
           std::unique_ptr<CodeReader> reader);
  ~CodeUnit();

  const std::string& name() const { return name_; }
  const SourceFile& source() const { return *source_; }
  std::shared_ptr<const SourceFile> shared_source() const { return source_; }
  uint32_t size() const { return static_cast<uint32_t>(codes_.size()); }
  /// Made at the first call. Null: the function is too large (limit_message() says for what).
  const Code* code(uint32_t index);
  const std::string& limit_message() const { return limit_; }
  /// The IR that function was lowered from; null when there is none.
  const ir::Function* ir(uint32_t index);
  ir::Module* module();
  /// Passes add names, constants, shapes and types to the module: whoever compiles its functions holds this, since VMs
  /// of other threads may do the same.
  std::unique_lock<std::recursive_mutex> lock_module() { return std::unique_lock(mutex_); }

 private:
  std::string name_;
  std::shared_ptr<const SourceFile> source_;
  std::unique_ptr<ir::Module> module_;
  std::unique_ptr<CodeReader> reader_;
  std::vector<std::atomic<const Code*>> codes_;
  bool passes_ = true;
  std::recursive_mutex mutex_;
  std::string limit_;
};

/// What an inline cache remembers. `key` and `version` say when it holds.
struct Cache {
  enum Kind : uint8_t {
    Empty,
    Field,        // own attribute of an instance: key = shape, version = the type's, index = field
    TypeValue,    // found in the type, given as it is (function, class attribute): value is borrowed from the type
    AddField,     // store that adds a field: value.bits = the new shape
    ModuleValue,  // entry of a module's dict: key = keys_version, index = entry
    Global,       // LoadGlobal: key = keys_version of the globals, index = entry
    Builtin,      // LoadGlobal: key and version2 = keys_versions of globals and builtins, index = entry of builtins
    Construct,    // call of a class: key = the class, version its own, value = its __init__
    Other,        // call_method of a built-in object: key = its class, version its own, value = the method
  };
  uint64_t key = 0;
  uint64_t key2 = 0;
  Value value;
  uint32_t version = 0;
  uint32_t index = 0;
  uint16_t seen = 0;  // type feedback: bit per Tag of the results
  uint16_t from = 0;  // type feedback of items and iterations: what they came from, as below
  /// Bits of `from`: bit n: a list that kept its elements as ElementKind n.
  static constexpr uint16_t kFromOther = 1 << 8;
  static constexpr uint16_t kFromNegative = 1 << 9;  // an index counted from the end
  static constexpr uint16_t kFromRange = 1 << 10;    // ForIter: a range iterator, whose step is in `key`
  Kind kind = Empty;
  uint8_t misses = 0;
  uint32_t count = 0;  // Loop: how often
};

/// Keywords of a call site as interned names (borrowed from CodeState::names).
struct ShapeState {
  std::vector<Str*> keywords;
};

struct CodeState {
  uint32_t refs = 1;
  const Code* code = nullptr;
  std::shared_ptr<CodeUnit> unit;
  std::vector<Value> constants;  // owned
  std::vector<Str*> names;       // owned
  std::vector<Cache> caches;
  std::vector<ShapeState> shapes;
  std::vector<CodeState*> children;  // owned, null until a function is made of it
  uint32_t calls = 0;                // counts towards `hot`
  uint16_t returned = 0;             // type feedback: bit per Tag of results
  /// Native code of the whole function, and what belongs to it; owned by whoever set it (JitCallbacks::release).
  void* native_entry = nullptr;
  void* native = nullptr;
};

/// A new state for a function of a unit, owned; null: an exception is pending.
CodeState* make_code_state(VM& vm, std::shared_ptr<CodeUnit> unit, uint32_t index);
inline void retain_code(CodeState* s) { s->refs++; }
void release_code(VM& vm, CodeState* s);

}  // namespace tsvm::vm
