// One instruction each: constants, variables, guards, fields, lists.
#include <cstring>

#include "jit/scalar/generator.h"
#include "vm/iterators.h"

namespace tsvm::jit {

void Codegen::instruction(const Inst& i) {
  auto in = f_.operands(i);
  switch (i.op) {
    case Opcode::Const: return make_constant(i);
    case Opcode::Unbound: return fixed(i.result, Tag::Unbound, 0);
    case Opcode::CheckBound: {
      places_[i.result.index] = place(in[0]);
      Tag t;
      if (tag_is_known(in[0], t)) {
        if (t == Tag::Unbound) cc().jmp(way_out(i));
        return;
      }
      cc().cmp(place(in[0]).tag.r32(), imm(static_cast<uint32_t>(Tag::Unbound)));
      cc().je(way_out(i));
      return;
    }
    case Opcode::LoadSlot: {
      uint32_t r = in_.state->code->num_params + i.imm;
      load_value(i.result, regs_, 16 * size_t{r});
      return;
    }
    case Opcode::KeepAlive: return;
    case Opcode::StoreSlot: {
      uint32_t r = in_.state->code->num_params + i.imm;
      replace_value(in[0], regs_, 16 * size_t{r});
      return;
    }
    case Opcode::LoadClosure: {
      Gp function = gp();
      cc().mov(function, at(frame_, offsetof(vm::Frame, function)));
      Place p = new_place(types::Any);
      p.tag_known = true;
      cc().mov(p.bits, at(function, offsetof(vm::Function, closure) + 16 * size_t{i.imm} + 8));
      places_[i.result.index] = p;
      return;
    }
    case Opcode::LoadCell: {
      load_value(i.result, bits(in[0]), offsetof(vm::Cell, value), false);
      cc().cmp(place(i.result).tag.r32(), imm(static_cast<uint32_t>(Tag::Unbound)));
      cc().je(way_out(i));
      retain(i.result);
      return;
    }
    case Opcode::StoreCell: return replace_value(in[1], bits(in[0]), offsetof(vm::Cell, value));
    case Opcode::MakeCell: return support(i, rt_make_cell);
    case Opcode::LoadGlobal: return support(i, rt_load_global, name(i.imm));
    case Opcode::StoreGlobal: return support(i, rt_store_global, name(i.imm));

    case Opcode::Binary: return support(i, rt_binary, i.imm);
    case Opcode::Inplace: return support(i, rt_inplace, i.imm);
    case Opcode::Unary: return support(i, rt_unary, i.imm);
    case Opcode::Compare: return generic_compare(i);
    case Opcode::Truth: return support(i, rt_truth);
    case Opcode::LoadAttr: return support(i, rt_load_attr, name(i.imm));
    case Opcode::StoreAttr: return support(i, rt_store_attr, name(i.imm));
    case Opcode::LoadItem: return support(i, rt_load_item);
    case Opcode::StoreItem: return support(i, rt_store_item);
    case Opcode::DeleteItem: return support(i, rt_delete_item);
    case Opcode::Call: return call(i);
    case Opcode::CallMethod: return call_method(i);
    case Opcode::GetIter: return support(i, rt_get_iter);
    case Opcode::UnpackExact: return support(i, rt_unpack, i.imm);
    case Opcode::TupleItem: {
      load_value(i.result, bits(in[0]), offsetof(vm::Tuple, items) + 16 * size_t{i.imm});
      return;
    }
    case Opcode::MakeTuple: return support(i, rt_make_tuple, in.size());
    case Opcode::MakeList: return support(i, rt_make_list, in.size());
    case Opcode::MakeSlice: return support(i, rt_make_slice);
    case Opcode::ListAppend: return support(i, rt_list_append);
    case Opcode::FormatValue: return support(i, rt_format_value, i.imm, in.size() > 1);
    case Opcode::BuildString: return support(i, rt_build_string, in.size());

    case Opcode::ArithI64: return arith_i64(i);
    case Opcode::ArithF64: return arith_f64(i);
    case Opcode::UnaryI64: return unary_i64(i);
    case Opcode::UnaryF64: return unary_f64(i);
    case Opcode::CompareI64:
    case Opcode::CompareF64:
    case Opcode::NotBool: {
      Place p;
      p.kind = Place::Test;
      places_[i.result.index] = p;
      if (is_lazy(i)) return;
      Gp r = gp();
      materialise(i.result, r);
      return set_int(i.result, r);
    }
    case Opcode::I64ToF64: {
      Xmm x = cc().newXmmSd();
      cc().xorps(x, x);
      cc().cvtsi2sd(x, ints(in[0]));
      return set_double(i.result, x);
    }
    case Opcode::BoolToI64: places_[i.result.index] = place(in[0]); return;
    case Opcode::Box: {
      Place p;
      p.kind = Place::Boxed;
      p.of = in[0];
      places_[i.result.index] = p;
      return;
    }
    case Opcode::Unbox: return unbox(i.result, in[0]);
    case Opcode::Cast: places_[i.result.index] = place(in[0]); return;
    case Opcode::Select: return select(i);

    case Opcode::GuardType: return guard_type(i);
    case Opcode::GuardShape: return guard_shape(i);
    case Opcode::GuardIs: return guard_is(i);
    case Opcode::GuardTrue: return jump_if(in[0], false, way_out(i));
    case Opcode::GuardIndex: {
      Gp index = ints(in[0]);
      cc().cmp(index, ints(in[1]));
      cc().jae(way_out(i));
      return set_int(i.result, index);
    }
    case Opcode::ResumePoint: return;
    case Opcode::GuardRange: return guard_range(i);
    case Opcode::RangeField: {
      Gp iterator = bits(in[0]), r = gp();
      if (i.imm == 0) {
        cc().mov(r, at(iterator, offsetof(vm::RangeIterator, current)));
      } else {
        cc().mov(r, at(iterator, offsetof(vm::RangeIterator, remaining)));
        cc().imul(r, at(iterator, offsetof(vm::RangeIterator, step)));
        cc().add(r, at(iterator, offsetof(vm::RangeIterator, current)));
      }
      return set_int(i.result, r);
    }
    case Opcode::RangeIter: {
      Place p;
      p.kind = Place::Virtual;
      places_[i.result.index] = p;
      return;
    }
    case Opcode::MakeRange:
    case Opcode::MakeRangeIter:
    case Opcode::MakeListIter: {
      if (!is_virtual(i)) return support(i, maker_of(i.op), i.imm);
      Place p;
      p.kind = Place::Virtual;
      places_[i.result.index] = p;
      return;
    }
    case Opcode::FieldLoad: {
      Gp fields = gp();
      cc().mov(fields, at(bits(in[0]), fields_offset()));
      return load_value(i.result, fields, 16 * size_t{i.imm});
    }
    case Opcode::FieldStore: {
      Gp fields = gp();
      cc().mov(fields, at(bits(in[0]), fields_offset()));
      return replace_value(in[1], fields, 16 * size_t{i.imm});
    }
    case Opcode::GlobalLoad: return global_load(i);
    case Opcode::ListLength: {
      Gp r = gp();
      cc().mov(r, at(bits(in[0]), offsetof(vm::List, size)));
      return set_int(i.result, r);
    }
    case Opcode::ListLoad: return list_load(i);
    case Opcode::ListStore: return list_store(i);
    case Opcode::CallNative: return call_native(i);
    case Opcode::CallCompiled: return call_compiled(i);
    default:
      // What native code does not do is done by the interpreter, which comes back at the next round.
      if (in_.is_loop() && loops_.innermost(block_) != ir::Loops::kNone)
        return refuse(std::string("instruction ") + info(i.op).text);
      cc().jmp(way_out(i));
      define_anything(i);
      return;
  }
}

// After an instruction that always leaves: nothing of this runs, but registers are named by it.
void Codegen::define_anything(const Inst& i) {
  if (!i.result) return;
  Place p = new_place(f_.type_of(i.result));
  if (p.kind == Place::Double) cc().xorps(p.x, p.x);
  if (p.bits.isValid()) cc().xor_(p.bits.r32(), p.bits.r32());
  if (p.tag.isValid()) cc().xor_(p.tag.r32(), p.tag.r32());
  places_[i.result.index] = p;
}

void Codegen::make_constant(const Inst& i) {
  const ir::Constant& c = f_.module->constants[i.imm];
  using Kind = ir::Constant::Kind;
  switch (c.kind) {
    case Kind::None: return fixed(i.result, Tag::None, 0);
    case Kind::Ellipsis: return fixed(i.result, Tag::Ellipsis, 0);
    case Kind::Bool: return fixed(i.result, Tag::Bool, static_cast<uint64_t>(c.int_value));
    case Kind::Int: return fixed(i.result, Tag::Int, static_cast<uint64_t>(c.int_value));
    case Kind::Float: {
      uint64_t value;
      std::memcpy(&value, &c.float_value, 8);
      return fixed(i.result, Tag::Float, value);
    }
    default: break;
  }
  // Those of the bytecode, so that they are the same objects.
  const vm::CodeState& state = state_of(i.frame);
  const std::vector<ir::Constant>& table = state.code->constants;
  for (size_t k = 0; k < table.size(); k++)
    if (same_constant(c, table[k], state)) {
      vm::Value v = state.constants[k];
      return fixed(i.result, v.tag, v.bits);
    }
  refuse("a constant that the bytecode does not have");
}

bool Codegen::same_constant(const ir::Constant& ours, const ir::Constant& theirs, const vm::CodeState& state) const {
  if (ours.kind != theirs.kind || ours.items.size() != theirs.items.size()) return false;
  for (size_t k = 0; k < ours.items.size(); k++)
    if (!same_constant(f_.module->constants[ours.items[k].index], state.code->constants[theirs.items[k].index], state))
      return false;
  ir::Constant a = ours, b = theirs;
  a.items.clear();
  b.items.clear();
  return a == b;
}

void Codegen::load_value(ValueId v, const Gp& base, size_t offset, bool count) {
  Place p = new_place(types::Any);
  cc().mov(p.tag, at(base, offset));
  cc().mov(p.bits, at(base, offset + 8));
  places_[v.index] = p;
  if (count && root_[v.index]) retain(v);
}

void Codegen::generic_compare(const Inst& i) {
  auto in = f_.operands(i);
  auto op = static_cast<CompareOp>(i.imm);
  if (op != CompareOp::Is && op != CompareOp::IsNot) return support(i, rt_compare, i.imm);
  // Identity runs no code: the result is a bool in registers.
  for (size_t k = 0; k < 2; k++) store(in[k], window_tag(k), window_bits(k));
  Gp r = gp(), t = cc().newUInt32();
  Label no = cc().newLabel(), end = cc().newLabel();
  Mem tag0 = window_tag(0), tag1 = window_tag(1);
  tag0.setSize(4);
  tag1.setSize(4);
  cc().mov(t, tag0);
  cc().cmp(t, tag1);
  cc().mov(r, window_bits(0));
  cc().jne(no);
  cc().cmp(r, window_bits(1));
  cc().jne(no);
  cc().mov(r, imm(op == CompareOp::Is));
  cc().jmp(end);
  cc().bind(no);
  cc().mov(r, imm(op != CompareOp::Is));
  cc().bind(end);
  Place p;
  p.kind = Place::Tagged;
  p.tag_known = true;
  p.known = Tag::Bool;
  p.bits = r;
  places_[i.result.index] = p;
}

void Codegen::check_tag(const Inst& i, ValueId v, Tag wanted) {
  Tag t;
  if (tag_is_known(v, t)) {
    if (t != wanted) cc().jmp(way_out(i));
    return;
  }
  cc().cmp(place(v).tag.r32(), imm(static_cast<uint32_t>(wanted)));
  cc().jne(way_out(i));
}

void Codegen::unbox(ValueId result, ValueId v) {
  const Place p = place(v);
  if (p.kind == Place::Boxed) {
    places_[result.index] = place(p.of);
    return;
  }
  if (p.kind == Place::Fixed) {
    places_[result.index] = p;
    return;
  }
  if (f_.type_of(result) == types::F64) {
    Xmm x = cc().newXmmSd();
    cc().movq(x, p.bits);
    return set_double(result, x);
  }
  set_int(result, p.bits);
}

void Codegen::guard_type(const Inst& i) {
  ValueId v = f_.operands(i)[0];
  TypeId t{i.imm};
  if (TypeTable::is_raw(t)) {
    Tag wanted = t == types::F64 ? Tag::Float : t == types::I64 ? Tag::Int : Tag::Bool;
    Tag known;
    if (tag_is_known(v, known) && known != wanted) {
      cc().jmp(way_out(i));
      return define_anything(i);
    }
    check_tag(i, v, wanted);
    if (ValueId r = root_[v.index]) scalar_in_[r.index].emplace_back(block_, position_);
    return unbox(i.result, v);
  }
  Place p = place(v);
  if (t == types::None) {
    check_tag(i, v, Tag::None);
  } else if (t == types::Tensor) {
    check_tag(i, v, Tag::Tensor);
  } else if (f_.module->types->kind(t) == ir::TypeKind::List) {
    if (p.kind == Place::Boxed || p.kind == Place::Fixed) {
      cc().jmp(way_out(i));
      return define_anything(i);
    }
    check_tag(i, v, Tag::Object);
    cc().cmp(at(p.bits, offsetof(vm::Object, type)), address(in_.vm.types.list));
    cc().jne(way_out(i));
    TypeId element = (*f_.module->types)[t].args[0];
    vm::ElementKind kind = element == types::I64    ? vm::ElementKind::Int
                           : element == types::F64  ? vm::ElementKind::Float
                           : element == types::Bool ? vm::ElementKind::Bool
                                                    : vm::ElementKind::Any;
    // An empty one has no elements that are kept otherwise.
    Label fine = cc().newLabel(), other = cc().newLabel(), out = way_out(i);
    cc().cmp(at(p.bits, offsetof(vm::List, element), 1), imm(static_cast<uint32_t>(kind)));
    cc().jne(other);
    cc().bind(fine);
    later_.push_back([this, p, fine, other, out] {
      cc().bind(other);
      cc().cmp(at(p.bits, offsetof(vm::List, size)), imm(0));
      cc().je(fine);
      cc().jmp(out);
    });
    p.tag_known = true;
    p.known = Tag::Object;
  } else {
    return refuse("guard for the type " + f_.module->types->to_string(t));
  }
  places_[i.result.index] = p;
}

void Codegen::guard_shape(const Inst& i) {
  ValueId v = f_.operands(i)[0];
  Place p = place(v);
  const auto& s = *static_cast<const ShapeRef*>(object(i).pointer);
  if (p.kind == Place::Boxed || p.kind == Place::Fixed) {
    cc().jmp(way_out(i));
    return define_anything(i);
  }
  check_tag(i, v, Tag::Object);
  cc().cmp(at(p.bits, offsetof(vm::Object, kind), 1), imm(static_cast<uint32_t>(vm::Kind::Instance)));
  cc().jne(way_out(i));
  cc().cmp(at(p.bits, shape_offset()), address(s.shape));
  cc().jne(way_out(i));
  cc().cmp(at(address(s.type), offsetof(vm::Type, version), 4), imm(s.version));
  cc().jne(way_out(i));
  p.tag_known = true;
  p.known = Tag::Object;
  places_[i.result.index] = p;
}

void Codegen::guard_is(const Inst& i) {
  ValueId v = f_.operands(i)[0];
  check_tag(i, v, Tag::Object);
  auto pointer = reinterpret_cast<uint64_t>(object(i).pointer);
  const Place p = place(v);
  if (p.kind == Place::Fixed) {
    if (p.imm != pointer) cc().jmp(way_out(i));
  } else if (p.kind == Place::Tagged) {
    cc().cmp(p.bits, address(object(i).pointer));
    cc().jne(way_out(i));
  }
  fixed(i.result, Tag::Object, pointer);
}

void Codegen::guard_range(const Inst& i) {
  ValueId v = f_.operands(i)[0];
  Place p = place(v);
  if (p.kind != Place::Tagged) {
    cc().jmp(way_out(i));
    return define_anything(i);
  }
  auto step = static_cast<int32_t>(i.imm);
  check_tag(i, v, Tag::Object);
  cc().cmp(at(p.bits, offsetof(vm::Object, type)), address(in_.vm.types.range_iterator));
  cc().jne(way_out(i));
  cc().cmp(at(p.bits, offsetof(vm::Object, refs), 4), imm(1));
  cc().jne(way_out(i));
  cc().cmp(at(p.bits, offsetof(vm::RangeIterator, step)), imm(step));
  cc().jne(way_out(i));
  Gp stop = gp();
  cc().mov(stop, at(p.bits, offsetof(vm::RangeIterator, remaining)));
  cc().imul(stop, stop, imm(step));
  cc().jo(way_out(i));
  cc().add(stop, at(p.bits, offsetof(vm::RangeIterator, current)));
  cc().jo(way_out(i));
  cc().add(stop, imm(step));
  cc().jo(way_out(i));
  p.tag_known = true;
  p.known = Tag::Object;
  places_[i.result.index] = p;
}

void Codegen::global_load(const Inst& i) {
  const auto& g = *static_cast<const GlobalCell*>(object(i).pointer);
  auto check_version = [&](vm::Dict* d, uint64_t version) {
    Gp dict = address(d);
    if (version <= INT32_MAX) {
      cc().cmp(at(dict, offsetof(vm::Dict, keys_version)), imm(version));
    } else {
      Gp r = gp();
      cc().mov(r, imm(version));
      cc().cmp(at(dict, offsetof(vm::Dict, keys_version)), r);
    }
    cc().jne(way_out(i));
    return dict;
  };
  if (g.hidden_by) check_version(g.hidden_by, g.hidden_version);
  Gp dict = check_version(g.dict, g.keys_version), entries = gp();
  cc().mov(entries, at(dict, offsetof(vm::Dict, entries)));
  load_value(i.result, entries, sizeof(vm::DictEntry) * g.index + offsetof(vm::DictEntry, value));
}

Mem Codegen::element(const Gp& data, ValueId index, uint32_t shift, uint32_t offset) {
  if (auto k = small(index); k && *k < (1 << 24))
    return at(data, (static_cast<size_t>(*k) << shift) + offset, 1u << std::min(shift, 3u));
  if (shift == 4) {
    Gp scaled = gp();
    cc().mov(scaled, ints(index));
    cc().shl(scaled, imm(4));
    return Mem(data, scaled, 0, static_cast<int32_t>(offset), 8);
  }
  return Mem(data, ints(index), shift, static_cast<int32_t>(offset), 1u << shift);
}

void Codegen::list_load(const Inst& i) {
  auto in = f_.operands(i);
  Gp data = gp();
  cc().mov(data, at(bits(in[0]), offsetof(vm::List, data)));
  TypeId t{i.imm};
  if (t == types::F64) {
    Xmm x = cc().newXmmSd();
    cc().movsd(x, element(data, in[1], 3));
    return set_double(i.result, x);
  }
  Gp r = gp();
  if (t == types::I64) {
    cc().mov(r, element(data, in[1], 3));
    return set_int(i.result, r);
  }
  if (t == types::Bool) {
    cc().movzx(r.r32(), element(data, in[1], 0));
    return set_int(i.result, r);
  }
  cc().lea(r, element(data, in[1], 4));
  load_value(i.result, r, 0);
}

void Codegen::list_store(const Inst& i) {
  auto in = f_.operands(i);
  Gp data = gp();
  cc().mov(data, at(bits(in[0]), offsetof(vm::List, data)));
  TypeId t{i.imm};
  if (t == types::F64) {
    cc().movsd(element(data, in[1], 3), doubles(in[2]));
  } else if (t == types::I64) {
    cc().mov(element(data, in[1], 3), ints(in[2]));
  } else if (t == types::Bool) {
    if (place(in[2]).kind == Place::Fixed)
      cc().mov(element(data, in[1], 0), imm(place(in[2]).imm));
    else
      cc().mov(element(data, in[1], 0), ints(in[2]).r8());
  } else {
    Gp r = gp();
    cc().lea(r, element(data, in[1], 4));
    replace_value(in[2], r, 0);
  }
}

void Codegen::select(const Inst& i) {
  auto in = f_.operands(i);
  Place p = new_place(f_.type_of(i.result));
  Label other = cc().newLabel(), end = cc().newLabel();
  auto copy = [&](ValueId v) {
    if (p.kind == Place::Tagged) {
      if (root_[i.result.index]) retain(v);
      copy_tagged(p, v);
    } else if (p.kind == Place::Double) {
      cc().movapd(p.x, doubles(v));
    } else {
      cc().mov(p.bits, ints(v));
    }
  };
  jump_if(in[0], false, other);
  copy(in[1]);
  cc().jmp(end);
  cc().bind(other);
  copy(in[2]);
  cc().bind(end);
  places_[i.result.index] = p;
}

}  // namespace tsvm::jit
