// From generic code to speculative code, with what generic bytecode has seen.
//
// The steps for native code of a plain function, on a copy of the IR that was lowered to bytecode (same ids):
//   specialise(copy, sites, resume)   exit states, guards, field and list accesses, known callees; with a LoopStart for
//                                     a function that starts in the middle of a loop
//   inline_call(...)                  (ir/passes/inline.h) small known callees, specialised in the same way
//   run_passes(copy, Native)          infer makes it typed, then everything else
//
// Every generic instruction gets the exit state of its own start, so that later passes can make a typed one of it that
// leaves when it must. What a site has always given becomes a guard behind it, with the state of the next instruction,
// because the instruction itself has been done by then. In front of each loop stands a resume point, so that guards can
// be moved there, and one at the start of its header, where a round can be interrupted.
//
// Sites answer from recorded feedback; "do not know" is always a good answer. Positions of bytecode and registers come
// from the map that lowering makes.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "ir/function.h"

namespace tsvm::ir {

/// Where generic bytecode goes on, and which values are in its registers then.
struct ResumeState {
  uint32_t pc = 0;
  std::vector<std::pair<uint16_t, ValueId>> registers;
};

class ResumeMap {
 public:
  virtual ~ResumeMap() = default;
  /// The state just before an instruction; null when it has no bytecode of its own (it is part of a later one).
  virtual const ResumeState* before(InstId inst) const = 0;
};

/// What was seen where. All questions are about instructions of the generic function, by id.
class Sites {
 public:
  virtual ~Sites() = default;

  /// The type that a parameter has had in all calls; Any when they differ or nothing is known.
  virtual TypeId param(uint32_t) const { return types::Any; }
  /// The type of all results of an instruction (an item of a for_iter, a call, an attribute ...).
  virtual TypeId result(InstId) const { return types::Any; }
  /// The block has never been reached: it becomes a way out.
  virtual bool never_reached(BlockId) const { return false; }

  struct Attribute {
    ObjectRef shape;  // every instance had this shape
    uint32_t field;   // and keeps the attribute there
  };
  /// load_attr and store_attr of an attribute that exists.
  virtual std::optional<Attribute> attribute(InstId) const { return std::nullopt; }

  struct Global {
    ObjectRef cell;                  // the variable
    std::optional<ObjectRef> value;  // the function (or class, or module) that it has always held
  };
  virtual std::optional<Global> global(InstId) const { return std::nullopt; }

  struct ModuleValue {
    ObjectRef module;  // what the attribute was loaded from
    Global global;     // the variable of that module
  };
  /// load_attr of a module's variable; call_method of what is one.
  virtual std::optional<ModuleValue> module_value(InstId) const { return std::nullopt; }

  struct Item {
    TypeId element;               // how every list kept its elements: a raw type, or Any
    bool negative_index = false;  // some index counted from the end
  };
  /// load_item and store_item with a list and an int.
  virtual std::optional<Item> item(InstId) const { return std::nullopt; }
  struct Length {
    ObjectRef callee;  // the built-in len
    TypeId element;    // how every list kept its elements
  };
  /// A call of len with a list.
  virtual std::optional<Length> length(InstId) const { return std::nullopt; }

  struct Callee {
    /// Function: one entry; its body, when there is one, was specialised itself and may be inlined. Native: one entry
    /// for each signature that the C function has. With one parameter per argument; a method's receiver comes first.
    std::vector<ObjectRef> functions;
    std::optional<ObjectRef> shape;  // call_method: of the receiver, whose type has this function under that name
  };
  /// A call with positional arguments only, of what was always the same function.
  virtual std::optional<Callee> callee(InstId) const { return std::nullopt; }
  /// A call of the built-in range with one to three positional arguments: the class. `ascending`: which way the loop
  /// over it last went.
  struct RangeCall {
    ObjectRef range;
    bool ascending = true;
  };
  virtual std::optional<RangeCall> range_call(InstId) const { return std::nullopt; }
  /// A get_iter whose iterator only goes through one loop, and that was always one of a list which kept its elements as
  /// this.
  virtual std::optional<TypeId> iterated_list(InstId) const { return std::nullopt; }
  /// A for_iter over a range iterator that always had this step.
  virtual std::optional<int32_t> range_step(InstId) const { return std::nullopt; }
};

/// For a function that is entered in the middle of a running loop.
struct LoopStart {
  BlockId header;
  /// What is needed there (needed_at of ir/passes/loop_entry.h, of the generic function), with the types that the
  /// values have now (Any: none to rely on). They become the parameters, in this order.
  std::vector<std::pair<ValueId, TypeId>> arriving;
};

/// Rewrites a copy of a generic function. Needs Module::types. False only with a `start` that cannot be (see
/// enter_at_loop).
bool specialise(Function& f, const Sites& sites, const ResumeMap& resume, const LoopStart* start = nullptr);

}  // namespace tsvm::ir
