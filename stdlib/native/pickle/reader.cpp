// Reads pickles: protocols 0 to 5.
//
// A pickle is a program for a stack machine. Here it can build data and nothing else:
//  - every name that it asks for goes through `find_class`, a function of the language that knows what is allowed;
//  - REDUCE, NEWOBJ, INST and OBJ call only what came out of find_class in this pickle, never another object;
//  - a size that the pickle states is compared with the bytes that are there before anything is allocated for it, and
//    memo and stack hold no more than the opcodes read so far can have put there;
//  - the machine is a loop: nesting in the pickle is not nesting here.
// Bytes come from memory, or from a file object in blocks. A seekable file is read ahead and put back behind the
// pickle's end; any other gives exactly what is needed, opcode by opcode (a whole frame at once in protocol 4).
#include <cstdarg>
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

#include "stdlib/native/pickle/opcodes.h"
#include "stdlib/native/pickle/pickle.h"
#include "vm/shape.h"
#include "vm/text.h"
#include "vm/types/common.h"

namespace tsvm::stdlib::pickle {
namespace {

using namespace tsvm::vm;

constexpr size_t kBlock = 64 * 1024;
constexpr size_t kLargestRead = 16 * 1024 * 1024;

uint64_t little_endian(const uint8_t* p, int bytes) {
  uint64_t v = 0;
  for (int i = 0; i < bytes; i++) v |= static_cast<uint64_t>(p[i]) << (8 * i);
  return v;
}

/// The bytes of a pickle.
class Input {
 public:
  Input(VM& vm, std::string_view memory) : vm_(vm) { set(memory); }
  /// `ahead`: more than needed may be read.
  Input(VM& vm, Value file, bool ahead) : vm_(vm), file_(Ref::copy(file)), ahead_(ahead) {}

  /// The next opcode; -1: an exception is pending (EOFError when there is nothing more).
  int opcode() {
    if (p_ == end_ && !refill(1)) {
      clear_pending_if(vm_, as<Type>(pickle_types(vm_).unpickling_error));
      if (vm_.pending.is_unbound()) (void)raise(vm_, vm_.types.EOFError, "Ran out of input");
      return -1;
    }
    return *p_++;
  }

  /// n bytes, valid until the next call; null: an exception is pending.
  const uint8_t* take(uint64_t n) {
    if (static_cast<uint64_t>(end_ - p_) < n && !refill(n)) return nullptr;
    const uint8_t* r = p_;
    p_ += n;
    return r;
  }

  /// The text up to a newline, which is skipped.
  bool line(std::string_view& out) {
    size_t seen = 0;
    for (;;) {
      auto* newline = static_cast<const uint8_t*>(std::memchr(p_ + seen, '\n', static_cast<size_t>(end_ - p_) - seen));
      if (newline) {
        out = {reinterpret_cast<const char*>(p_), static_cast<size_t>(newline - p_)};
        p_ = newline + 1;
        return true;
      }
      seen = static_cast<size_t>(end_ - p_);
      if (file_->is_unbound()) {
        (void)unpickling_error(vm_, "pickle data was truncated");
        return false;
      }
      if (!refill(seen + 1)) return false;
    }
  }

  /// Bytes that were read and not used.
  size_t left() const { return static_cast<size_t>(end_ - p_); }
  size_t used() const { return used_before_ + static_cast<size_t>(p_ - begin_); }

 private:
  void set(std::string_view bytes) {
    begin_ = p_ = reinterpret_cast<const uint8_t*>(bytes.data());
    end_ = p_ + bytes.size();
  }

  bool refill(uint64_t n) {
    auto have = static_cast<size_t>(end_ - p_);
    used_before_ += static_cast<size_t>(p_ - begin_);
    std::string fresh(reinterpret_cast<const char*>(p_), have);
    set({});
    while (!file_->is_unbound() && fresh.size() < n) {
      uint64_t want = n - fresh.size();
      if (ahead_ && want < kBlock) want = kBlock;
      if (want > kLargestRead) want = kLargestRead;
      Value size = Value::integer(static_cast<int64_t>(want));
      Ref got(call_method(vm_, *file_, "read", {&size, 1}));
      if (got.is_error()) return false;
      if (!is_bytes_like(*got))
        return fail(vm_, vm_.types.TypeError, "read() returned non-bytes object (%s)", type_name(vm_, *got));
      std::string_view bytes = bytes_of(*got);
      if (bytes.empty()) break;
      if (bytes.size() > want) return fail(vm_, vm_.types.ValueError, "read() returned too many bytes");
      fresh.append(bytes);
    }
    buffer_ = std::move(fresh);
    set(buffer_);
    if (buffer_.size() >= n) return true;
    if (buffer_.empty() && used_before_ == 0) return fail(vm_, vm_.types.EOFError, "Ran out of input");
    (void)unpickling_error(vm_, "pickle data was truncated");
    return false;
  }

  VM& vm_;
  Ref file_;
  bool ahead_ = false;
  std::string buffer_;
  const uint8_t *begin_ = nullptr, *p_ = nullptr, *end_ = nullptr;
  size_t used_before_ = 0;
};

struct Memo {
  std::vector<Ref> dense;
  std::unordered_map<uint64_t, Ref> sparse;  // far out of order

  void set(uint64_t i, Value v) {
    if (i < dense.size())
      dense[i] = Ref::copy(v);
    else if (i == dense.size())
      dense.push_back(Ref::copy(v));
    else
      sparse[i] = Ref::copy(v);
  }
  /// Borrowed; Unbound when there is none.
  Value get(uint64_t i) const {
    if (i < dense.size()) return *dense[i];
    auto it = sparse.find(i);
    return it == sparse.end() ? Value::unbound() : *it->second;
  }
  size_t size() const { return dense.size() + sparse.size(); }
};

struct ReaderObject : GcObject {
  Memo* memo;
};

class Machine {
 public:
  Machine(VM& vm, Input& input, Memo& memo, Value find_class, Value persistent_load, std::string encoding,
          std::string errors)
      : vm_(vm),
        in_(input),
        memo_(memo),
        find_class_(find_class),
        persistent_load_(persistent_load),
        encoding_(std::move(encoding)),
        errors_(std::move(errors)) {}

  Value run() {
    for (;;) {
      int op = in_.opcode();
      if (op < 0) return Value::error();
      if (op == kStop) break;
      if (!step(static_cast<uint8_t>(op))) return Value::error();
      if (vm_.interrupted && !handle_interrupt(vm_)) return Value::error();
    }
    if (!marks_.empty()) return unpickling_error(vm_, "unexpected MARK found");
    if (!enough(1)) return Value::error();
    return stack_.back().take();
  }

 private:
  bool error(const char* text) {
    (void)unpickling_error(vm_, "%s", text);
    return false;
  }
  void push(Value owned) { stack_.emplace_back(owned); }
  bool push_checked(Value owned) {
    if (owned.is_error()) return false;
    push(owned);
    return true;
  }
  size_t bottom() const { return marks_.empty() ? 0 : marks_.back(); }
  bool enough(size_t n) {
    if (stack_.size() < bottom() + n) return error("unpickling stack underflow");
    return true;
  }
  Ref pop() {
    Ref r = std::move(stack_.back());
    stack_.pop_back();
    return r;
  }
  /// Where the items behind the last mark start; the mark goes.
  bool pop_mark(size_t& start) {
    if (marks_.empty()) return error("could not find MARK");
    start = marks_.back();
    marks_.pop_back();
    return true;
  }
  bool sized(int length_bytes, const uint8_t*& data, uint64_t& size) {
    const uint8_t* p = in_.take(static_cast<uint64_t>(length_bytes));
    if (!p) return false;
    size = little_endian(p, length_bytes);
    if (length_bytes == 8 && size > INT64_MAX) return error("size exceeds system's maximum");
    data = in_.take(size);
    return data != nullptr;
  }

  Value items_tuple(size_t start) {
    Tuple* t = new_tuple(vm_, stack_.size() - start);
    for (size_t i = start; i < stack_.size(); i++) t->items[i - start] = stack_[i].take();
    stack_.resize(start);
    return Value::object(t);
  }

  bool text(int length_bytes) {
    const uint8_t* p;
    uint64_t n;
    if (!sized(length_bytes, p, n)) return false;
    return push_checked(utf8(p, n));
  }
  Value utf8(const uint8_t* p, uint64_t n) {
    return decode_bytes(vm_, {reinterpret_cast<const char*>(p), n}, "utf-8", "surrogatepass");
  }
  bool bytes(int length_bytes, bool array) {
    const uint8_t* p;
    uint64_t n;
    if (!sized(length_bytes, p, n)) return false;
    std::string_view view(reinterpret_cast<const char*>(p), n);
    push(array ? make_bytearray(vm_, view) : make_bytes(vm_, view));
    return true;
  }
  /// A str of Python 2: bytes or text, as the reader was told.
  Value old_string(std::string_view raw) {
    if (encoding_ == "bytes") return make_bytes(vm_, raw);
    return decode_bytes(vm_, raw, encoding_, errors_);
  }
  bool old_string(int length_bytes) {
    const uint8_t* p = in_.take(static_cast<uint64_t>(length_bytes));
    if (!p) return false;
    uint64_t n = little_endian(p, length_bytes);
    if (length_bytes == 4 && n > INT32_MAX) return error("BINSTRING pickle has negative byte count");
    p = in_.take(n);
    return p && push_checked(old_string({reinterpret_cast<const char*>(p), n}));
  }

  /// Two's complement, least significant byte first.
  bool long_int(int length_bytes) {
    const uint8_t* p = in_.take(static_cast<uint64_t>(length_bytes));
    if (!p) return false;
    uint64_t n = little_endian(p, length_bytes);
    if (length_bytes == 4 && n > INT32_MAX) return error("LONG pickle has negative byte count");
    p = in_.take(n);
    if (!p) return false;
    if (n <= 8) {
      uint64_t v = little_endian(p, static_cast<int>(n));
      if (n && n < 8 && (p[n - 1] & 0x80)) v |= ~uint64_t{0} << (8 * n);
      push(Value::integer(static_cast<int64_t>(v)));
      return true;
    }
    bool negative = p[n - 1] & 0x80;
    std::string hex;
    if (negative) hex.push_back('-');
    std::vector<uint8_t> magnitude(p, p + n);
    if (negative) {
      unsigned carry = 1;
      for (uint8_t& b : magnitude) {
        unsigned v = static_cast<uint8_t>(~b) + carry;
        b = static_cast<uint8_t>(v);
        carry = v >> 8;
      }
    }
    static const char* kDigits = "0123456789abcdef";
    for (size_t i = magnitude.size(); i-- > 0;) {
      hex.push_back(kDigits[magnitude[i] >> 4]);
      hex.push_back(kDigits[magnitude[i] & 15]);
    }
    return push_checked(make_int_from_digits(vm_, hex, 16));
  }

  /// The int that a line says in decimal digits.
  bool digits(std::string_view line) {
    bool ok = false;
    for (size_t i = 0; i < line.size(); i++) {
      if (line[i] >= '0' && line[i] <= '9')
        ok = true;
      else if (i != 0 || (line[i] != '-' && line[i] != '+'))
        return fail(vm_, vm_.types.ValueError, "invalid literal for int() with base 10: '%.*s'",
                    static_cast<int>(line.size()), line.data());
    }
    if (!ok || line.size() > 4300) return fail(vm_, vm_.types.ValueError, "could not convert string to int");
    return push_checked(make_int_from_digits(vm_, line));
  }

  bool float_line(std::string_view line) {
    Ref text(make_str(vm_, line));
    Ref type = Ref::copy(Value::object(vm_.types.float_));
    return push_checked(call(vm_, *type, {*text}));
  }

  /// 'text' in quotes with escapes, as repr printed the str of Python 2.
  bool quoted(std::string_view line) {
    if (line.size() < 2 || (line[0] != '\'' && line[0] != '"') || line.back() != line[0])
      return error("the STRING opcode argument must be quoted");
    line = line.substr(1, line.size() - 2);
    std::string out;
    for (size_t i = 0; i < line.size(); i++) {
      if (line[i] != '\\') {
        out.push_back(line[i]);
        continue;
      }
      if (++i == line.size()) return error("the STRING opcode argument ends in a backslash");
      uint32_t code = 0;
      switch (line[i]) {
        case 'n': out.push_back('\n'); break;
        case 'r': out.push_back('\r'); break;
        case 't': out.push_back('\t'); break;
        case 'x':
          if (!hex_digits(line, i + 1, 2, code)) return error("invalid \\x escape in a STRING opcode");
          out.push_back(static_cast<char>(code));
          i += 2;
          break;
        case '\\':
        case '\'':
        case '"': out.push_back(line[i]); break;
        default: return error("invalid escape in a STRING opcode");
      }
    }
    return push_checked(old_string(out));
  }

  static bool hex_digits(std::string_view text, size_t at, size_t count, uint32_t& out) {
    if (at + count > text.size()) return false;
    out = 0;
    for (size_t i = at; i < at + count; i++) {
      char c = text[i];
      uint32_t d = c >= '0' && c <= '9'   ? c - '0'
                   : c >= 'a' && c <= 'f' ? c - 'a' + 10
                   : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                          : 16;
      if (d == 16) return false;
      out = out << 4 | d;
    }
    return true;
  }

  /// Latin-1 with \uXXXX and \UXXXXXXXX.
  bool raw_unicode(std::string_view line) {
    std::string out;
    for (size_t i = 0; i < line.size(); i++) {
      uint32_t c = static_cast<uint8_t>(line[i]);
      if (c == '\\' && i + 1 < line.size() && (line[i + 1] == 'u' || line[i + 1] == 'U')) {
        size_t digits = line[i + 1] == 'u' ? 4 : 8;
        if (!hex_digits(line, i + 2, digits, c) || c > 0x10ffff) return error("invalid escape in a UNICODE opcode");
        i += 1 + digits;
      }
      if (c < 0x80) {
        out.push_back(static_cast<char>(c));
      } else if (c < 0x800) {
        out.push_back(static_cast<char>(0xc0 | c >> 6));
        out.push_back(static_cast<char>(0x80 | (c & 63)));
      } else if (c < 0x10000) {
        out.push_back(static_cast<char>(0xe0 | c >> 12));
        out.push_back(static_cast<char>(0x80 | (c >> 6 & 63)));
        out.push_back(static_cast<char>(0x80 | (c & 63)));
      } else {
        out.push_back(static_cast<char>(0xf0 | c >> 18));
        out.push_back(static_cast<char>(0x80 | (c >> 12 & 63)));
        out.push_back(static_cast<char>(0x80 | (c >> 6 & 63)));
        out.push_back(static_cast<char>(0x80 | (c & 63)));
      }
    }
    push(make_str(vm_, out));
    return true;
  }

  // --- names and calls -------------------------------------------------------------------------------------------

  /// Owned. A class may be called by this pickle then; a function only if find_class's own `may_call` (where it has
  /// one) says so.
  Value global(Value module, Value name) {
    Ref found(call(vm_, find_class_, {module, name}));
    if (found.is_error() || !found->counted()) return found.take();
    bool callable = true;
    if (!is_kind(*found, Kind::Type)) {
      Ref ask(get_attr_or_unbound(vm_, find_class_, vm_.name("may_call")));
      if (ask.is_error()) return Value::error();
      if (!ask->is_unbound()) {
        Ref answer(call(vm_, *ask, {*found}));
        if (answer.is_error()) return Value::error();
        callable = truth(vm_, *answer) == 1;
      }
    }
    if (callable) callable_.emplace(found->bits, found);
    return found.take();
  }
  bool may_call(Value f, const char* opcode) {
    if (f.counted() && callable_.contains(f.bits)) return true;
    (void)unpickling_error(vm_, "%s calls an object of type '%s' that is no class or function named in the pickle",
                           opcode, type_name(vm_, f));
    return false;
  }

  /// A class within a class that may be called, got by getattr(class, name), may be called too.
  void allow_inner_class(Value args, Value made) {
    auto* t = as<Tuple>(args);
    if (!is_kind(made, Kind::Type) || t->size != 2 || !is_kind(t->items[0], Kind::Type) ||
        !callable_.contains(t->items[0].bits))
      return;
    std::string prefix(as<Type>(t->items[0])->qualified_name->view());
    if (as<Type>(made)->qualified_name->view().starts_with(prefix + "."))
      callable_.emplace(made.bits, Ref::copy(made));
  }

  Value new_object(Value cls, Value args, Value kwargs) {
    if (!is_kind(cls, Kind::Type))
      return unpickling_error(vm_, "NEWOBJ class argument must be a type, not %s", type_name(vm_, cls));
    if (!is_kind(args, Kind::Tuple))
      return unpickling_error(vm_, "NEWOBJ expected an arg tuple, got %s", type_name(vm_, args));
    if (!may_call(cls, "NEWOBJ")) return Value::error();
    Ref make(get_attr(vm_, cls, vm_.name("__new__")));
    if (make.is_error()) return Value::error();
    auto* t = as<Tuple>(args);
    Tuple* full = new_tuple(vm_, t->size + 1);
    full->items[0] = new_ref(cls);
    for (uint32_t i = 0; i < t->size; i++) full->items[i + 1] = new_ref(t->items[i]);
    Ref all(Value::object(full));
    return call_with(vm_, *make, *all, kwargs);
  }

  /// INST and OBJ: classes of old, called with the items behind the mark.
  bool instantiate(Value cls, Value args) {
    if (!may_call(cls, "INST")) return false;
    return push_checked(call_with(vm_, cls, args, Value::none()));
  }

  bool set_state_dict(Value object, Value state) {
    if (!is_kind(state, Kind::Dict)) return error("state is not a dictionary");
    auto* d = as<Dict>(state);
    Attributes* a = object.is_object() ? attributes_of(object.o) : nullptr;
    uint32_t position = 0;
    while (DictEntry* e = dict_next(d, position)) {
      if (!is_str(e->key)) return fail(vm_, vm_.types.TypeError, "keywords must be strings");
      Str* name = vm_.intern(as<Str>(e->key));
      Ref hold(Value::object(name)), value = Ref::copy(e->value);
      if (a && object.o->type->has_dict) {
        if (a->shape->dictionary >= 0)
          dict_set(vm_, as<Dict>(a->fields[a->shape->dictionary]), name, *value);
        else
          attribute_set(vm_, a, name, *value);
      } else if (!set_attr(vm_, object, name, *value)) {
        return false;
      }
    }
    return true;
  }

  bool build() {
    if (!enough(2)) return false;
    Ref state = pop();
    Value object = *stack_.back();
    Ref set_state(get_attr_or_unbound(vm_, object, vm_.name("__setstate__")));
    if (set_state.is_error()) return false;
    if (!set_state->is_unbound()) {
      Ref r(call(vm_, *set_state, {*state}));
      return !r.is_error();
    }
    Value plain = *state, slots = Value::none();
    if (is_kind(plain, Kind::Tuple) && as<Tuple>(plain)->size == 2) {
      slots = as<Tuple>(*state)->items[1];
      plain = as<Tuple>(*state)->items[0];
    }
    if (!plain.is_none() && !set_state_dict(object, plain)) return false;
    if (slots.is_none()) return true;
    if (!is_kind(slots, Kind::Dict)) return error("slot state is not a dictionary");
    uint32_t position = 0;
    while (DictEntry* e = dict_next(as<Dict>(slots), position)) {
      if (!is_str(e->key)) return fail(vm_, vm_.types.TypeError, "attribute name must be string");
      Ref name(Value::object(vm_.intern(as<Str>(e->key)))), value = Ref::copy(e->value);
      if (!set_attr(vm_, object, as<Str>(*name), *value)) return false;
    }
    return true;
  }

  bool append_items(size_t start) {
    if (start == bottom() || start > stack_.size()) return error("unpickling stack underflow");
    Value list = *stack_[start - 1];
    if (is_kind(list, Kind::List) && list.o->type == vm_.types.list) {
      for (size_t i = start; i < stack_.size(); i++) list_append(vm_, as<List>(list), *stack_[i]);
    } else {
      Ref items(make_list(vm_));
      for (size_t i = start; i < stack_.size(); i++) list_append(vm_, as<List>(*items), *stack_[i]);
      Ref extend(get_attr_or_unbound(vm_, list, vm_.name("extend")));
      if (extend.is_error()) return false;
      if (!extend->is_unbound()) {
        Ref r(call(vm_, *extend, {*items}));
        if (r.is_error()) return false;
      } else {
        for (size_t i = start; i < stack_.size(); i++) {
          Value item = *stack_[i];
          Ref r(call_method(vm_, list, "append", {&item, 1}));
          if (r.is_error()) return false;
        }
      }
    }
    stack_.resize(start);
    return true;
  }

  bool set_items(size_t start) {
    if (start == bottom() || start > stack_.size()) return error("unpickling stack underflow");
    if ((stack_.size() - start) % 2) return error("odd number of items for SETITEMS");
    Value mapping = *stack_[start - 1];
    bool plain = is_kind(mapping, Kind::Dict) && mapping.o->type == vm_.types.dict;
    for (size_t i = start; i < stack_.size(); i += 2)
      if (plain ? !dict_set(vm_, as<Dict>(mapping), *stack_[i], *stack_[i + 1])
                : !set_item(vm_, mapping, *stack_[i], *stack_[i + 1]))
        return false;
    stack_.resize(start);
    return true;
  }

  bool add_items(size_t start) {
    if (start == bottom() || start > stack_.size()) return error("unpickling stack underflow");
    Value set = *stack_[start - 1];
    for (size_t i = start; i < stack_.size(); i++) {
      Value item = *stack_[i];
      if (is_kind(set, Kind::Set)) {
        if (!set_add(vm_, as<Set>(set), item)) return false;
      } else {
        Ref r(call_method(vm_, set, "add", {&item, 1}));
        if (r.is_error()) return false;
      }
    }
    stack_.resize(start);
    return true;
  }

  bool persistent(Value id) {
    if (persistent_load_.is_none())
      return error("A load persistent id instruction was encountered, but no persistent_load function was specified.");
    return push_checked(call(vm_, persistent_load_, {id}));
  }

  bool get(uint64_t i) {
    Value v = memo_.get(i);
    if (v.is_unbound()) {
      (void)unpickling_error(vm_, "Memo value not found at index %llu", static_cast<unsigned long long>(i));
      return false;
    }
    push(new_ref(v));
    return true;
  }
  bool put(uint64_t i) {
    if (!enough(1)) return false;
    memo_.set(i, *stack_.back());
    return true;
  }
  bool memo_line(uint64_t& i) {
    std::string_view line;
    if (!in_.line(line)) return false;
    i = 0;
    if (line.empty() || line.size() > 18) return fail(vm_, vm_.types.ValueError, "invalid memo index");
    for (char c : line) {
      if (c < '0' || c > '9') return fail(vm_, vm_.types.ValueError, "invalid memo index");
      i = i * 10 + static_cast<uint64_t>(c - '0');
    }
    return true;
  }

  bool tuple(size_t n) {
    if (!enough(n)) return false;
    push(items_tuple(stack_.size() - n));
    return true;
  }

  bool step(uint8_t op) {
    const uint8_t* p;
    std::string_view line;
    size_t start;
    uint64_t index;
    switch (op) {
      case kProto:
        if (!(p = in_.take(1))) return false;
        if (*p > kHighestProtocol) return fail(vm_, vm_.types.ValueError, "unsupported pickle protocol: %d", *p);
        return true;
      case kFrame: return in_.take(8) != nullptr;  // a hint for reading ahead
      case kMark: marks_.push_back(stack_.size()); return true;
      case kPop:
        if (!marks_.empty() && stack_.size() == marks_.back()) {
          marks_.pop_back();
          return true;
        }
        if (!enough(1)) return false;
        stack_.pop_back();
        return true;
      case kPopMark:
        if (!pop_mark(start)) return false;
        stack_.resize(start);
        return true;
      case kDup:
        if (!enough(1)) return false;
        push(new_ref(*stack_.back()));
        return true;

      case kNone: push(Value::none()); return true;
      case kNewTrue: push(Value::boolean(true)); return true;
      case kNewFalse: push(Value::boolean(false)); return true;
      case kBinInt:
        if (!(p = in_.take(4))) return false;
        push(Value::integer(static_cast<int32_t>(little_endian(p, 4))));
        return true;
      case kBinInt1:
        if (!(p = in_.take(1))) return false;
        push(Value::integer(*p));
        return true;
      case kBinInt2:
        if (!(p = in_.take(2))) return false;
        push(Value::integer(static_cast<int64_t>(little_endian(p, 2))));
        return true;
      case kLong1: return long_int(1);
      case kLong4: return long_int(4);
      case kInt:
        if (!in_.line(line)) return false;
        if (line == "00" || line == "01") {
          push(Value::boolean(line == "01"));
          return true;
        }
        return digits(line);
      case kLong:
        if (!in_.line(line)) return false;
        if (!line.empty() && line.back() == 'L') line.remove_suffix(1);
        return digits(line);
      case kFloat: return in_.line(line) && float_line(line);
      case kBinFloat: {
        if (!(p = in_.take(8))) return false;
        uint64_t bits = 0;
        for (int i = 0; i < 8; i++) bits = bits << 8 | p[i];
        double d;
        std::memcpy(&d, &bits, 8);
        push(Value::number(d));
        return true;
      }

      case kBinUnicode: return text(4);
      case kShortBinUnicode: return text(1);
      case kBinUnicode8: return text(8);
      case kUnicode: return in_.line(line) && raw_unicode(line);
      case kString: return in_.line(line) && quoted(line);
      case kBinString: return old_string(4);
      case kShortBinString: return old_string(1);
      case kBinBytes: return bytes(4, false);
      case kShortBinBytes: return bytes(1, false);
      case kBinBytes8: return bytes(8, false);
      case kByteArray8: return bytes(8, true);
      case kNextBuffer:
      case kReadOnlyBuffer:
        return error("pickle stream refers to out-of-band data but no *buffers* argument was given");

      case kEmptyTuple: return tuple(0);
      case kTuple1: return tuple(1);
      case kTuple2: return tuple(2);
      case kTuple3: return tuple(3);
      case kTuple:
        if (!pop_mark(start)) return false;
        push(items_tuple(start));
        return true;
      case kEmptyList: push(make_list(vm_)); return true;
      case kList: {
        if (!pop_mark(start)) return false;
        Ref list(make_list(vm_));
        for (size_t i = start; i < stack_.size(); i++) list_append(vm_, as<List>(*list), *stack_[i]);
        stack_.resize(start);
        push(list.take());
        return true;
      }
      case kEmptyDict: push(make_dict(vm_)); return true;
      case kDict: {
        if (!pop_mark(start)) return false;
        if ((stack_.size() - start) % 2) return error("odd number of items for DICT");
        Ref d(make_dict(vm_));
        for (size_t i = start; i < stack_.size(); i += 2)
          if (!dict_set(vm_, as<Dict>(*d), *stack_[i], *stack_[i + 1])) return false;
        stack_.resize(start);
        push(d.take());
        return true;
      }
      case kEmptySet: push(make_set(vm_)); return true;
      case kFrozenSet: {
        if (!pop_mark(start)) return false;
        Ref items(items_tuple(start));
        return push_checked(make_set_from(vm_, *items, true));
      }
      case kAppend:
        if (!enough(2)) return false;
        return append_items(stack_.size() - 1);
      case kAppends: return pop_mark(start) && append_items(start);
      case kSetItem:
        if (!enough(3)) return false;
        return set_items(stack_.size() - 2);
      case kSetItems: return pop_mark(start) && set_items(start);
      case kAddItems: return pop_mark(start) && add_items(start);

      case kBinGet: return (p = in_.take(1)) && get(*p);
      case kLongBinGet: return (p = in_.take(4)) && get(little_endian(p, 4));
      case kGet: return memo_line(index) && get(index);
      case kBinPut: return (p = in_.take(1)) && put(*p);
      case kLongBinPut: return (p = in_.take(4)) && put(little_endian(p, 4));
      case kPut: return memo_line(index) && put(index);
      case kMemoize: return put(memo_.size());

      case kGlobal: {
        if (!in_.line(line)) return false;
        Ref module(utf8(reinterpret_cast<const uint8_t*>(line.data()), line.size()));
        if (module.is_error() || !in_.line(line)) return false;
        Ref name(utf8(reinterpret_cast<const uint8_t*>(line.data()), line.size()));
        return !name.is_error() && push_checked(global(*module, *name));
      }
      case kStackGlobal: {
        if (!enough(2)) return false;
        Ref name = pop(), module = pop();
        if (!is_str(*name) || !is_str(*module)) return error("STACK_GLOBAL requires str");
        return push_checked(global(*module, *name));
      }
      case kExt1:
      case kExt2:
      case kExt4: return error("extension codes (copyreg.add_extension) are not supported");
      case kReduce: {
        if (!enough(2)) return false;
        Ref args = pop(), f = pop();
        if (!may_call(*f, "REDUCE")) return false;
        if (!is_kind(*args, Kind::Tuple)) {
          // Archives of scripted modules give the value of an enum's member as it is; their classes say so.
          Ref takes(get_attr_or_unbound(vm_, *f, vm_.name("_takes_value")));
          if (takes.is_error()) return false;
          if (!takes->is_true()) return error("argument list must be a tuple");
          return push_checked(call(vm_, *f, {*args}));
        }
        Ref made(call_with(vm_, *f, *args, Value::none()));
        allow_inner_class(*args, *made);
        return push_checked(made.take());
      }
      case kNewObj: {
        if (!enough(2)) return false;
        Ref args = pop(), cls = pop();
        return push_checked(new_object(*cls, *args, Value::none()));
      }
      case kNewObjEx: {
        if (!enough(3)) return false;
        Ref kwargs = pop(), args = pop(), cls = pop();
        if (!is_kind(*kwargs, Kind::Dict)) return error("NEWOBJ_EX kwargs argument must be a dict");
        return push_checked(new_object(*cls, *args, *kwargs));
      }
      case kInst: {
        if (!in_.line(line)) return false;
        Ref module(utf8(reinterpret_cast<const uint8_t*>(line.data()), line.size()));
        if (module.is_error() || !in_.line(line)) return false;
        Ref name(utf8(reinterpret_cast<const uint8_t*>(line.data()), line.size()));
        if (name.is_error() || !pop_mark(start)) return false;
        Ref args(items_tuple(start)), cls(global(*module, *name));
        return !cls.is_error() && instantiate(*cls, *args);
      }
      case kObj: {
        if (!pop_mark(start)) return false;
        if (stack_.size() <= start) return error("unpickling stack underflow");
        Ref args(items_tuple(start + 1)), cls = pop();
        return instantiate(*cls, *args);
      }
      case kBuild: return build();
      case kPersId: {
        if (!in_.line(line)) return false;
        Ref id(decode_bytes(vm_, line, "ascii", "strict"));
        if (id.is_error()) {
          clear_pending(vm_);
          return error("persistent IDs in protocol 0 must be ASCII strings");
        }
        return persistent(*id);
      }
      case kBinPersId: {
        if (!enough(1)) return false;
        Ref id = pop();
        return persistent(*id);
      }
      default:
        if (op >= 0x20 && op < 0x7f && op != '\'' && op != '\\')
          (void)unpickling_error(vm_, "invalid load key, '%c'.", op);
        else
          (void)unpickling_error(vm_, "invalid load key, '\\x%02x'.", op);
        return false;
    }
  }

  VM& vm_;
  Input& in_;
  Memo& memo_;
  Value find_class_, persistent_load_;
  std::string encoding_, errors_;
  std::vector<Ref> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, Ref> callable_;  // what find_class gave, by address
};

ReaderObject* reader_of(Value v) { return static_cast<ReaderObject*>(v.o); }

/// (source, ahead, find_class, persistent_load, encoding, errors) -> (value, bytes used, bytes read ahead)
Value load(VM& vm, const Value* a) {
  std::string_view encoding, errors;
  if (!arg_str(vm, a[5], "encoding", encoding) || !arg_str(vm, a[6], "errors", errors)) return Value::error();
  auto run = [&](Input& input) -> Value {
    Machine machine(vm, input, *reader_of(a[0])->memo, a[3], a[4], std::string(encoding), std::string(errors));
    Ref value(machine.run());
    if (value.is_error()) return Value::error();
    return make_tuple(vm, {*value, Value::integer(static_cast<int64_t>(input.used())),
                           Value::integer(static_cast<int64_t>(input.left()))});
  };
  if (is_bytes_like(a[1])) {
    if (is_kind(a[1], Kind::ByteArray)) {  // its memory may move while the pickle's classes are called
      std::string copy(bytes_of(a[1]));
      if (copy.empty()) return raise(vm, vm.types.EOFError, "Ran out of input");
      Input input(vm, copy);
      return run(input);
    }
    if (bytes_of(a[1]).empty()) return raise(vm, vm.types.EOFError, "Ran out of input");
    Input input(vm, bytes_of(a[1]));
    return run(input);
  }
  Input input(vm, a[1], truth(vm, a[2]) == 1);
  return run(input);
}

const NativeDef kMethods[] = {
    {"load(self, source, ahead, find_class, persistent_load, encoding, errors, /)", load},
};

}  // namespace

Type* make_reader_type(VM& vm) {
  Type* t = new_type(vm, "Reader", "_pickle", vm.types.object, Kind::Native, sizeof(ReaderObject));
  t->is_gc = true;
  t->slots.create = [](VM& v, Type* type, std::span<const Value>, std::span<Str* const>) {
    auto* r = allocate_object<ReaderObject>(v, type, Kind::Native);
    r->memo = new Memo();
    v.heap.track(r);
    return Value::object(r);
  };
  t->slots.dealloc = [](VM&, Object* o) { delete static_cast<ReaderObject*>(o)->memo; };
  t->slots.traverse = [](Object* o, void (*visit)(Value, void*), void* context) {
    Memo* memo = static_cast<ReaderObject*>(o)->memo;
    for (Ref& r : memo->dense) visit(*r, context);
    for (auto& [i, r] : memo->sparse) visit(*r, context);
  };
  t->slots.clear = [](VM&, Object* o) {
    Memo* memo = static_cast<ReaderObject*>(o)->memo;
    memo->dense.clear();
    memo->sparse.clear();
  };
  finish_type(vm, t, {.methods = kMethods});
  return t;
}

}  // namespace tsvm::stdlib::pickle
