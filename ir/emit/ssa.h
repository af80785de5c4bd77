// Makes SSA form while code is emitted, without a pass over the finished graph.
//
// Emission works on *variables*; `write` notes which value a variable has at the end of the current block and `read`
// finds the value that reaches the current place. Where several values meet, a block parameter is made on demand
// (Braun et al., "Simple and Efficient Construction of Static Single Assignment Form"); parameters that turn out to
// merge one value only are removed. While emission runs, edges carry only the arguments that the emitter itself gives
// them; `finish` adds those of the parameters made here.
//
// Rules:
//  - A block is *entered* once, when all edges to it are known; loop headers are entered open and sealed at the loop's
//    end. A block that nothing leads to is not entered and vanishes.
//  - A handler block has one place of origin, the block that jumped into the protected region: variables that are
//    stored in the region must not be read by the handler as variables (they are frame slots), so all others have there
//    the value that they had at that place.
//  - Whether a variable certainly has a value is followed separately, for any kind of local (`set_bound`): the sets of
//    all edges into a block are intersected; at loop headers and handlers only what is never deleted anywhere counts.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/small_vector.h"
#include "ir/function.h"

namespace tsvm::ir {

struct VariableTag;
using VariableId = Id<VariableTag>;

/// A set of variables.
class VariableSet {
 public:
  bool contains(VariableId v) const {
    return (v.index >> 6) < words_.size() && ((words_[v.index >> 6] >> (v.index & 63)) & 1);
  }
  void add(VariableId v) {
    if ((v.index >> 6) >= words_.size()) words_.resize((v.index >> 6) + 1);
    words_[v.index >> 6] |= uint64_t{1} << (v.index & 63);
  }
  void remove(VariableId v) {
    if ((v.index >> 6) < words_.size()) words_[v.index >> 6] &= ~(uint64_t{1} << (v.index & 63));
  }
  void intersect(const VariableSet& other) {
    if (words_.size() > other.words_.size()) words_.resize(other.words_.size());
    for (size_t i = 0; i < words_.size(); i++) words_[i] &= other.words_[i];
  }
  void subtract(const VariableSet& other) {
    for (size_t i = 0; i < words_.size() && i < other.words_.size(); i++) words_[i] &= ~other.words_[i];
  }

 private:
  std::vector<uint64_t> words_;
};

class SsaBuilder {
 public:
  explicit SsaBuilder(Function& f) : builder(f), f_(f) {}

  /// Makes plain instructions at the current place; edges go through the functions below.
  Builder builder;

  /// A new block, protected by `builder.handler`.
  BlockId make_block();
  /// A parameter whose arguments the emitter gives itself; only before the block has edges.
  ValueId add_param(BlockId block) { return builder.add_param(block, types::Any); }
  /// Starts the function: its first block.
  void enter_first(BlockId block);
  /// Goes on in a block to which all edges are made. Does nothing but end the current place when there are none.
  void enter(BlockId block);
  /// Goes on in a loop's header; `seal` follows when its back edges are made.
  void enter_loop(BlockId header);
  void seal(BlockId block);
  /// The next jump leads into a region that is protected by `handler`.
  void open_region(BlockId handler);
  /// Goes on in the handler of a region that was opened.
  void enter_handler(BlockId handler);

  /// Code emitted here can be reached. When not, nothing may be emitted.
  bool live() const { return live_; }
  /// Some edge leads to the block.
  bool reached(BlockId block) const { return !info_[block.index].preds.empty(); }
  BlockId block() const { return builder.block(); }

  void jump(BlockId target, std::span<const ValueId> args = {});
  void jump(BlockId target, ValueId arg) { jump(target, std::span(&arg, 1)); }
  void branch(ValueId condition, BlockId then, BlockId otherwise, std::span<const ValueId> then_args = {},
              std::span<const ValueId> else_args = {});
  ValueId for_iter(ValueId iterator, BlockId body, BlockId end);
  /// An instruction that ends the block without successors.
  void terminate(Opcode op, std::initializer_list<ValueId> operands);

  /// All values of a variable have its type: `any`, or a raw one in typed code (which reads no variable without a
  /// value).
  VariableId add_variable(TypeId type = types::Any) {
    variable_types_.push_back(type);
    return VariableId(variables_++);
  }
  void write(VariableId variable, ValueId value);
  /// The variable has no value (which takes no instruction unless it is read).
  void write_unbound(VariableId variable);
  ValueId read(VariableId variable);
  /// The marker of a local without a value, made once at the function's start.
  ValueId unbound();

  bool is_bound(VariableId v) const { return bound_.contains(v); }
  void set_bound(VariableId v) { bound_.add(v); }
  void set_unbound(VariableId v) { bound_.remove(v); }
  /// Variables that some statement of the function deletes.
  VariableSet deleted;

  /// The value that stands for `v` now (a removed parameter stands for another value).
  ValueId resolve(ValueId v) const;

  /// Completes edges, drops what was not entered, orders blocks as they were entered and makes all ids dense.
  void finish();

 private:
  struct Phi {
    ValueId value;
    VariableId variable;
    BlockId block;
    uint32_t operands_begin = 0, operands_count = 0;  // in phi_operands_
  };
  struct BlockInfo {
    SmallVector<BlockId, 2> preds;
    std::vector<uint32_t> open;  // phis that wait for the block to be sealed
    std::vector<uint32_t> phis;
    VariableSet bound;
    bool sealed = false;
    bool entered = false;
  };
  // Hash table of (block, variable) -> value.
  struct Definition {
    uint64_t key = kNoKey;
    ValueId value;
  };
  static constexpr uint64_t kNoKey = ~uint64_t{0};

  void begin(BlockId block);
  void add_pred(BlockId target);
  void define(BlockId block, VariableId variable, ValueId value);
  ValueId defined(BlockId block, VariableId variable) const;
  ValueId value_at_end(BlockId block, VariableId variable);
  uint32_t make_phi(BlockId block, VariableId variable);
  void complete_phis();
  void fill(uint32_t phi);
  bool remove_if_trivial(uint32_t phi);
  void remove_remaining();
  void complete_edges();
  void order_blocks();

  Function& f_;
  std::vector<BlockInfo> info_;
  std::vector<BlockId> order_;  // as entered
  bool live_ = false;
  uint32_t variables_ = 0;
  std::vector<TypeId> variable_types_;
  VariableSet bound_;
  ValueId unbound_;

  std::vector<Definition> definitions_;
  size_t definition_count_ = 0;
  std::vector<Phi> phis_;
  std::vector<ValueId> phi_operands_;
  std::vector<uint32_t> waiting_;          // phis to be filled
  mutable std::vector<ValueId> replaced_;  // by value id; none: stands for itself
};

}  // namespace tsvm::ir
