// Writes pickles: protocols 0 to 5, opcode for opcode what CPython's pickler writes (so equal objects give equal
// bytes).
//
// `Writer.dump` walks the object graph and gives the bytes of one pickle. Built-in containers and scalars are written
// here; everything else says itself what it is made of (__reduce_ex__, copyreg.dispatch_table). The memo lasts from one
// dump to the next until it is cleared, and keeps what it knows alive, so that an address stands for one object.
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

#include "stdlib/native/pickle/opcodes.h"
#include "stdlib/native/pickle/pickle.h"
#include "vm/types/bigint.h"
#include "vm/types/common.h"

namespace tsvm::stdlib::pickle {
namespace {

using namespace tsvm::vm;

constexpr size_t kFrameTarget = 64 * 1024;
constexpr size_t kSmallestFrame = 4;
constexpr int kBatch = 1000;

struct WriterMemo {
  std::unordered_map<uint64_t, uint32_t> index;
  std::vector<Ref> alive;
};

/// What the memo knows a value by: its address; values without one (Ellipsis, dtypes) a number that is no address.
/// 0: not memoized.
uint64_t memo_key(Value v) {
  if (v.counted()) return v.bits;
  if (v.tag == Tag::Ellipsis || v.tag == Tag::NotImplemented || v.tag == Tag::DType)
    return static_cast<uint64_t>(v.tag) << 56 | v.bits << 1 | 1;
  return 0;
}
constexpr uint64_t kEncodeKey = ~uint64_t{0};  // the function that makes bytes of text

struct WriterObject : GcObject {
  WriterMemo* memo;
};

// Names that Python 2 knew by others, for protocols that it reads.
struct OldName {
  const char *module, *name, *old_module, *old_name;
};
constexpr OldName kOldNames[] = {
    {"builtins", "range", "__builtin__", "xrange"},
    {"builtins", "str", "__builtin__", "unicode"},
    {"builtins", "int", "__builtin__", "long"},
    {"builtins", "chr", "__builtin__", "unichr"},
    {"builtins", "map", "itertools", "imap"},
    {"builtins", "zip", "itertools", "izip"},
    {"builtins", "filter", "itertools", "ifilter"},
    {"functools", "reduce", "__builtin__", "reduce"},
    {"sys", "intern", "__builtin__", "intern"},
    {"collections", "UserDict", "UserDict", "IterableUserDict"},
    {"collections", "UserList", "UserList", "UserList"},
    {"collections", "UserString", "UserString", "UserString"},
    {"itertools", "filterfalse", "itertools", "ifilterfalse"},
    {"itertools", "zip_longest", "itertools", "izip_longest"},
};
constexpr const char* kOldModules[][2] = {
    {"builtins", "__builtin__"},      {"copyreg", "copy_reg"}, {"queue", "Queue"},    {"socketserver", "SocketServer"},
    {"configparser", "ConfigParser"}, {"reprlib", "repr"},     {"_thread", "thread"},
};

class Pickler {
 public:
  struct Options {
    int protocol;
    bool fix_imports;
    Value persistent_id, persistent_types, reducer_override, dispatch_table;  // borrowed; None when absent
  };

  Pickler(VM& vm, WriterMemo& memo, Options options) : vm_(vm), memo_(memo), o_(options) {}

  bool run(Value object) {
    if (o_.protocol >= 2) {
      op(kProto);
      byte(static_cast<uint8_t>(o_.protocol));
    }
    framing_ = o_.protocol >= 4;
    if (!save(object)) return false;
    op(kStop);
    close_frame();
    return true;
  }
  const std::string& bytes() const { return out_; }

 private:
  bool binary() const { return o_.protocol >= 1; }

  // --- output ------------------------------------------------------------------------------------------------------

  void begin() {
    if (framing_ && frame_ == std::string::npos) {
      frame_ = out_.size();
      out_.append(9, '\0');
    }
  }
  void op(uint8_t code) {
    begin();
    out_.push_back(static_cast<char>(code));
  }
  void byte(uint8_t b) { out_.push_back(static_cast<char>(b)); }
  void number(uint64_t v, int bytes) {
    for (int i = 0; i < bytes; i++) out_.push_back(static_cast<char>(v >> (8 * i)));
  }
  /// Opcode (with its length field) and data; large data stands outside of frames.
  void sized(const std::string& header, std::string_view data) {
    bool large = data.size() >= kFrameTarget;
    bool framing = framing_;
    if (large) {
      close_frame();
      framing_ = false;
    }
    begin();
    out_ += header;
    out_ += data;
    framing_ = framing;
  }
  void close_frame() {
    if (frame_ == std::string::npos) return;
    size_t length = out_.size() - frame_ - 9;
    if (length >= kSmallestFrame) {
      out_[frame_] = static_cast<char>(kFrame);
      for (int i = 0; i < 8; i++) out_[frame_ + 1 + static_cast<size_t>(i)] = static_cast<char>(length >> (8 * i));
    } else {
      out_.erase(frame_, 9);
    }
    frame_ = std::string::npos;
  }
  /// Between two objects: a full frame ends.
  void boundary() {
    if (framing_ && frame_ != std::string::npos && out_.size() - frame_ - 9 >= kFrameTarget) close_frame();
  }
  static std::string header(uint8_t code, uint64_t size, int bytes) {
    std::string h(1, static_cast<char>(code));
    for (int i = 0; i < bytes; i++) h.push_back(static_cast<char>(size >> (8 * i)));
    return h;
  }

  // --- memo --------------------------------------------------------------------------------------------------------

  bool known(Value v) const { return memo_.index.contains(memo_key(v)); }
  void get(Value v) { get_key(memo_key(v)); }
  void get_key(uint64_t key) {
    uint32_t i = memo_.index.find(key)->second;
    if (!binary()) {
      op(kGet);
      out_ += std::to_string(i) + "\n";
    } else if (i < 256) {
      op(kBinGet);
      byte(static_cast<uint8_t>(i));
    } else {
      op(kLongBinGet);
      number(i, 4);
    }
  }
  void memoize(Value v) {
    uint64_t key = memo_key(v);
    if (!key) return;
    if (v.counted()) memo_.alive.push_back(Ref::copy(v));
    memoize_key(key);
  }
  void memoize_key(uint64_t key) {
    auto i = static_cast<uint32_t>(memo_.index.size());
    memo_.index.emplace(key, i);
    if (o_.protocol >= 4) {
      op(kMemoize);
    } else if (!binary()) {
      op(kPut);
      out_ += std::to_string(i) + "\n";
    } else if (i < 256) {
      op(kBinPut);
      byte(static_cast<uint8_t>(i));
    } else {
      op(kLongBinPut);
      number(i, 4);
    }
  }

  // --- scalars and text ----------------------------------------------------------------------------------------------

  void save_bool(bool b) {
    if (o_.protocol >= 2)
      op(b ? kNewTrue : kNewFalse);
    else {
      op(kInt);
      out_ += b ? "01\n" : "00\n";
    }
  }

  void save_int(int64_t v) {
    if (v >= INT32_MIN && v <= INT32_MAX) {
      if (!binary()) {
        op(kInt);
        out_ += std::to_string(v) + "\n";
      } else if (v >= 0 && v < 256) {
        op(kBinInt1);
        byte(static_cast<uint8_t>(v));
      } else if (v >= 0 && v < 65536) {
        op(kBinInt2);
        number(static_cast<uint64_t>(v), 2);
      } else {
        op(kBinInt);
        number(static_cast<uint64_t>(v), 4);
      }
      return;
    }
    if (o_.protocol < 2) {
      op(kLong);
      out_ += std::to_string(v) + "L\n";
      return;
    }
    int bytes = 5;
    while (bytes < 8 && v >> (8 * bytes - 1) != 0 && v >> (8 * bytes - 1) != -1) bytes++;
    op(kLong1);
    byte(static_cast<uint8_t>(bytes));
    number(static_cast<uint64_t>(v), bytes);
  }

  bool save_big(Value v) {
    if (o_.protocol < 2) {
      Ref text(repr(vm_, v));
      if (text.is_error()) return false;
      op(kLong);
      out_ += std::string(text_of(*text)) + "L\n";
      return true;
    }
    MpzView z(v);
    Mpz magnitude;
    bool negative = mpz_sgn(static_cast<mpz_srcptr>(z)) < 0;
    size_t size = mpz_sizeinbase(z, 2) / 8 + 1;
    if (negative) {
      // As many bytes as the two's complement needs: -2^(8n-1) still fits n.
      Mpz minus_one;
      mpz_neg(magnitude, z);
      mpz_sub_ui(minus_one, magnitude, 1);
      size = mpz_sgn(static_cast<mpz_srcptr>(minus_one)) == 0 ? 1 : mpz_sizeinbase(minus_one, 2) / 8 + 1;
      Mpz power;
      mpz_set_ui(power, 1);
      mpz_mul_2exp(power, power, 8 * size);
      mpz_add(magnitude, power, z);
    } else {
      mpz_set(magnitude, z);
    }
    std::string bytes(size, '\0');
    size_t count = 0;
    mpz_export(bytes.data(), &count, -1, 1, 0, 0, magnitude);
    if (size < 256) {
      op(kLong1);
      byte(static_cast<uint8_t>(size));
    } else {
      op(kLong4);
      number(size, 4);
    }
    out_ += bytes;
    return true;
  }

  bool save_float(double d) {
    if (binary()) {
      uint64_t bits;
      std::memcpy(&bits, &d, 8);
      op(kBinFloat);
      for (int i = 7; i >= 0; i--) byte(static_cast<uint8_t>(bits >> (8 * i)));
      return true;
    }
    Ref text(repr(vm_, Value::number(d)));
    if (text.is_error()) return false;
    op(kFloat);
    out_ += std::string(text_of(*text)) + "\n";
    return true;
  }

  void save_str(Value v) {
    std::string_view text = text_of(v);
    if (binary()) {
      if (text.size() < 256 && o_.protocol >= 4)
        sized(header(kShortBinUnicode, text.size(), 1), text);
      else if (text.size() <= UINT32_MAX)
        sized(header(kBinUnicode, text.size(), 4), text);
      else
        sized(header(kBinUnicode8, text.size(), 8), text);
    } else {
      op(kUnicode);
      raw_unicode(text);
      out_.push_back('\n');
    }
    memoize(v);
  }

  /// Latin-1, with escapes for the rest and for what would end the line.
  void raw_unicode(std::string_view text) {
    for (size_t i = 0; i < text.size();) {
      auto b = static_cast<uint8_t>(text[i]);
      int more = b < 0x80 ? 0 : b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
      uint32_t c = more == 0 ? b : b & (0x3f >> more);
      for (int k = 1; k <= more; k++) c = c << 6 | (static_cast<uint8_t>(text[i + static_cast<size_t>(k)]) & 0x3f);
      i += static_cast<size_t>(more) + 1;
      char buffer[12];
      if (c > 0xffff) {
        std::snprintf(buffer, sizeof buffer, "\\U%08x", c);
        out_ += buffer;
      } else if (c > 0xff || c == '\\' || c == 0 || c == '\n' || c == '\r' || c == 0x1a) {
        std::snprintf(buffer, sizeof buffer, "\\u%04x", c);
        out_ += buffer;
      } else {
        out_.push_back(static_cast<char>(c));
      }
    }
  }

  Value latin1_text(std::string_view bytes) {
    std::string out;
    for (char ch : bytes) {
      auto b = static_cast<uint8_t>(ch);
      if (b < 0x80) {
        out.push_back(ch);
      } else {
        out.push_back(static_cast<char>(0xc0 | b >> 6));
        out.push_back(static_cast<char>(0x80 | (b & 63)));
      }
    }
    return make_str(vm_, out);
  }

  bool save_bytes(Value v) {
    std::string_view data = bytes_of(v);
    if (o_.protocol < 3) {
      // Python 2 has no bytes: an empty one is made by the type, any other from Latin-1 text.
      if (data.empty()) {
        Ref args(make_tuple(vm_, std::span<const Value>()));
        return save_reduce(Value::object(vm_.types.bytes), *args, Value::none(), Value::none(), Value::none(), v);
      }
      Ref text(latin1_text(data)), name(make_ascii(vm_, "latin1"));
      Ref args(make_tuple(vm_, {*text, *name}));
      if (memo_.index.contains(kEncodeKey)) {
        get_key(kEncodeKey);
      } else {
        if (!write_global("_codecs", "encode")) return false;
        memoize_key(kEncodeKey);
      }
      if (!save(*args)) return false;
      op(kReduce);
      memoize(v);
      return true;
    }
    if (data.size() < 256)
      sized(header(kShortBinBytes, data.size(), 1), data);
    else if (data.size() <= UINT32_MAX)
      sized(header(kBinBytes, data.size(), 4), data);
    else
      sized(header(kBinBytes8, data.size(), 8), data);
    memoize(v);
    return true;
  }

  bool save_bytearray(Value v) {
    std::string data(bytes_of(v));
    if (o_.protocol >= 5) {
      sized(header(kByteArray8, data.size(), 8), data);
      memoize(v);
      return true;
    }
    Ref content(make_bytes(vm_, data));
    Ref args(data.empty() ? make_tuple(vm_, std::span<const Value>()) : make_tuple(vm_, {*content}));
    return save_reduce(Value::object(v.o->type), *args, Value::none(), Value::none(), Value::none(), v);
  }

  // --- containers ----------------------------------------------------------------------------------------------------

  bool save_tuple(Value v) {
    auto* t = as<Tuple>(v);
    uint32_t n = t->size;
    if (n == 0) {
      if (binary()) {
        op(kEmptyTuple);
      } else {
        op(kMark);
        op(kTuple);
      }
      return true;
    }
    if (n <= 3 && o_.protocol >= 2) {
      for (uint32_t i = 0; i < n; i++)
        if (!save(t->items[i])) return false;
      if (known(v)) {  // it holds itself: what was put is dropped, the memo's one taken
        for (uint32_t i = 0; i < n; i++) op(kPop);
        get(v);
        return true;
      }
      op(static_cast<uint8_t>(kTuple1 + n - 1));
      memoize(v);
      return true;
    }
    op(kMark);
    for (uint32_t i = 0; i < n; i++)
      if (!save(t->items[i])) return false;
    if (known(v)) {
      if (binary()) {
        op(kPopMark);
      } else {
        for (uint32_t i = 0; i <= n; i++) op(kPop);
      }
      get(v);
      return true;
    }
    op(kTuple);
    memoize(v);
    return true;
  }

  bool save_list(Value v) {
    if (binary()) {
      op(kEmptyList);
    } else {
      op(kMark);
      op(kList);
    }
    memoize(v);
    auto* list = as<List>(v);
    if (!binary()) {
      for (uint64_t i = 0; i < list->size; i++) {
        Ref item(list_get(list, i));
        if (!save(*item)) return false;
        op(kAppend);
      }
      return true;
    }
    if (list->size == 1) {
      Ref item(list_get(list, 0));
      if (!save(*item)) return false;
      op(kAppend);
      return true;
    }
    for (uint64_t i = 0; i < list->size;) {
      op(kMark);
      for (int n = 0; n < kBatch && i < list->size; n++) {
        Ref item(list_get(list, i++));
        if (!save(*item)) return false;
      }
      op(kAppends);
    }
    return true;
  }

  bool save_dict(Value v) {
    if (binary()) {
      op(kEmptyDict);
    } else {
      op(kMark);
      op(kDict);
    }
    memoize(v);
    auto* d = as<Dict>(v);
    uint32_t position = 0, size = d->size, done = 0;
    auto pair = [&](DictEntry* e) {
      Ref key = Ref::copy(e->key), value = Ref::copy(e->value);
      if (!save(*key) || !save(*value)) return false;
      return d->size == size || fail(vm_, vm_.types.RuntimeError, "dictionary changed size during iteration");
    };
    if (!binary() || size == 1) {
      while (DictEntry* e = dict_next(d, position)) {
        if (!pair(e)) return false;
        op(kSetItem);
      }
      return true;
    }
    while (done < size) {
      op(kMark);
      for (int n = 0; n < kBatch; n++) {
        DictEntry* e = dict_next(d, position);
        if (!e) break;
        done++;
        if (!pair(e)) return false;
      }
      op(kSetItems);
    }
    return true;
  }

  bool save_set(Value v, bool frozen) {
    if (o_.protocol < 4) {
      Ref items(make_list_from(vm_, v));
      if (items.is_error()) return false;
      Ref args(make_tuple(vm_, {*items}));
      return save_reduce(Value::object(v.o->type), *args, Value::none(), Value::none(), Value::none(), v);
    }
    Ref items(make_list_from(vm_, v));
    if (items.is_error()) return false;
    auto* list = as<List>(*items);
    if (frozen) {
      op(kMark);
      for (uint64_t i = 0; i < list->size; i++) {
        Ref item(list_get(list, i));
        if (!save(*item)) return false;
      }
      if (known(v)) {
        op(kPopMark);
        get(v);
        return true;
      }
      op(kFrozenSet);
      memoize(v);
      return true;
    }
    op(kEmptySet);
    memoize(v);
    for (uint64_t i = 0; i < list->size;) {
      op(kMark);
      for (int n = 0; n < kBatch && i < list->size; n++) {
        Ref item(list_get(list, i++));
        if (!save(*item)) return false;
      }
      op(kAddItems);
    }
    return true;
  }

  /// What an iterator gives, appended to (or set in) the object on the stack: `pairs` for mappings.
  bool save_iterated(Value iterable, bool pairs) {
    Ref it(get_iter(vm_, iterable));
    if (it.is_error()) return false;
    auto put = [&](Value item) {
      if (!pairs) return save(item);
      if (!is_kind(item, Kind::Tuple) || as<Tuple>(item)->size != 2)
        return fail(vm_, vm_.types.TypeError, "dict items iterator must return 2-tuples");
      return save(as<Tuple>(item)->items[0]) && save(as<Tuple>(item)->items[1]);
    };
    const uint8_t one = pairs ? kSetItem : kAppend, many = pairs ? kSetItems : kAppends;
    Ref next(iter_next(vm_, *it));
    for (;;) {
      if (next.is_error()) return false;
      if (next->is_unbound()) return true;
      Ref first = std::move(next);
      next = binary() ? Ref(iter_next(vm_, *it)) : Ref(Value::unbound());
      if (next.is_error()) return false;
      if (next->is_unbound()) {
        if (!put(*first)) return false;
        op(one);
        if (binary()) return true;
        next = Ref(iter_next(vm_, *it));
        continue;
      }
      op(kMark);
      if (!put(*first)) return false;
      int n = 1;
      while (!next->is_unbound()) {
        if (!put(*next)) return false;
        if (++n == kBatch) break;
        next = Ref(iter_next(vm_, *it));
        if (next.is_error()) return false;
      }
      op(many);
      if (n < kBatch) return true;
      next = Ref(iter_next(vm_, *it));
    }
  }

  // --- names ---------------------------------------------------------------------------------------------------------

  /// A global that is known to be there.
  bool save_named(const char* module, const char* name) {
    Ref m(Value::object(vm_.intern(module))), n(Value::object(vm_.intern(name)));
    Ref owner(vm_.callbacks.import_module(vm_, module));
    Ref v;
    if (!owner.is_error()) v = Ref(get_attr_or_unbound(vm_, *owner, as<Str>(*n)));
    if (owner.is_error()) clear_pending(vm_);
    if (v->counted() && known(*v)) {
      get(*v);
      return true;
    }
    if (!write_global(module, name)) return false;
    if (v->counted()) memoize(*v);
    return true;
  }

  bool write_global(std::string_view module, std::string_view name) {
    if (o_.protocol >= 4) {
      Ref m(Value::object(vm_.intern(module))), n(Value::object(vm_.intern(name)));
      if (!save(*m) || !save(*n)) return false;
      op(kStackGlobal);
      return true;
    }
    std::string old_module(module), old_name(name);
    if (o_.protocol < 3 && o_.fix_imports) {
      bool found = false;
      for (const OldName& o : kOldNames)
        if (module == o.module && name == o.name) {
          old_module = o.old_module;
          old_name = o.old_name;
          found = true;
        }
      if (!found && module == "builtins") {
        Value v = dict_get_borrow(vm_.builtins, vm_.name(name));
        if (is_kind(v, Kind::Type) && as<Type>(v)->is_exception) {
          old_module = "exceptions";
          found = true;
        }
      }
      if (!found)
        for (auto& m : kOldModules)
          if (module == m[0]) old_module = m[1];
    }
    op(kGlobal);
    out_ += old_module + "\n" + old_name + "\n";
    return true;
  }

  /// The module in which an object is found under its name; "__main__" when none says so.
  std::string module_of(Value v, std::string_view name) {
    Ref module(get_attr_or_unbound(vm_, v, vm_.names.module));
    if (module.is_error()) clear_pending(vm_);
    if (v.tag == Tag::DType) return "torch";
    if (!v.counted()) return "builtins";
    if (is_str(*module)) return std::string(text_of(*module));
    Str* first = vm_.name(name.substr(0, name.find('.')));
    uint32_t position = 0;
    while (DictEntry* e = dict_next(vm_.modules, position)) {
      if (!is_str(e->key) || text_of(e->key) == "__main__" || !is_kind(e->value, Kind::Module)) continue;
      Value found = dict_get_borrow(as<Module>(e->value)->dict, first);
      if (found.same(v)) return std::string(text_of(e->key));
    }
    return "__main__";
  }

  bool save_global(Value v, std::string_view given = {}) {
    std::string name(given);
    if (name.empty()) {
      Ref q(get_attr_or_unbound(vm_, v, vm_.name("__qualname__")));
      if (q.is_error()) return false;
      if (!is_str(*q)) q = Ref(get_attr(vm_, v, vm_.name("__name__")));
      if (q.is_error()) return false;
      name = std::string(text_of(*q));
    }
    std::string module = module_of(v, name);
    std::string shown;
    if (!repr_to(vm_, v, shown)) return false;
    if (name.find("<locals>") != std::string::npos)
      return fail(vm_, vm_.types.AttributeError, "Can't pickle local object '%s'", name.c_str());
    Ref owner(vm_.callbacks.import_module(vm_, module));
    if (owner.is_error()) {
      clear_pending(vm_);
      (void)pickling_error(vm_, "Can't pickle %s: import of module '%s' failed", shown.c_str(), module.c_str());
      return false;
    }
    Ref parent = owner, found = owner;
    std::string_view rest = name;
    std::string_view last;
    while (!rest.empty()) {
      last = rest.substr(0, rest.find('.'));
      rest.remove_prefix(std::min(rest.size(), last.size() + 1));
      parent = found;
      Ref n(Value::object(vm_.intern(last)));
      found = Ref(get_attr_or_unbound(vm_, *parent, as<Str>(*n)));
      if (found.is_error()) return false;
      if (found->is_unbound()) {
        (void)pickling_error(vm_, "Can't pickle %s: attribute lookup %s on %s failed", shown.c_str(), name.c_str(),
                             module.c_str());
        return false;
      }
    }
    if (!found->same(v)) {
      (void)pickling_error(vm_, "Can't pickle %s: it's not the same object as %s.%s", shown.c_str(), module.c_str(),
                           name.c_str());
      return false;
    }
    if (o_.protocol < 4 && !is_kind(*parent, Kind::Module)) {
      // No opcode for a name within a class: an attribute of it.
      Ref n(Value::object(vm_.intern(last))), args(make_tuple(vm_, {*parent, *n}));
      if (!save_named("builtins", "getattr") || !save(*args)) return false;
      op(kReduce);
      memoize(v);
      return true;
    }
    if (!write_global(module, name)) return false;
    memoize(v);
    return true;
  }

  /// type(None) and its like have no name of their own.
  bool save_type(Value v) {
    Value of = Value::unbound();
    auto* t = as<Type>(v);
    if (t == type_of(vm_, Value::none())) of = Value::none();
    if (t == type_of(vm_, Value::ellipsis())) of = Value::ellipsis();
    if (t == type_of(vm_, Value::not_implemented())) of = Value::not_implemented();
    if (of.is_unbound()) return save_global(v);
    Ref args(make_tuple(vm_, {of}));
    return save_reduce(Value::object(vm_.types.type), *args, Value::none(), Value::none(), Value::none(), v);
  }

  // --- objects that say what they are made of
  // --------------------------------------------------------------------------

  bool save_reduce(Value f, Value args, Value state, Value items, Value pairs, Value object,
                   Value state_setter = Value::none()) {
    if (!is_callable(vm_, f)) {
      (void)pickling_error(vm_, "first item of the tuple returned by __reduce__ must be callable");
      return false;
    }
    if (!is_kind(args, Kind::Tuple)) {
      (void)pickling_error(vm_, "second item of the tuple returned by __reduce__ must be a tuple");
      return false;
    }
    auto* a = as<Tuple>(args);
    std::string maker;
    if (o_.protocol >= 2 && is_kind(f, Kind::Function)) maker = std::string(as<Function>(f)->name->view());
    if (maker == "__newobj_ex__" && o_.protocol >= 4 && a->size == 3) {
      if (!save(a->items[0]) || !save(a->items[1]) || !save(a->items[2])) return false;
      op(kNewObjEx);
    } else if (maker == "__newobj_ex__" && a->size == 3) {
      // Through functools.partial(cls.__new__, cls, *args, **kwargs)().
      Ref functools(vm_.callbacks.import_module(vm_, "functools"));
      if (functools.is_error()) return false;
      Ref partial(get_attr(vm_, *functools, vm_.name("partial"))),
          make(get_attr(vm_, a->items[0], vm_.name("__new__")));
      if (partial.is_error() || make.is_error()) return false;
      Ref all(make_list(vm_));
      list_append(vm_, as<List>(*all), *make);
      list_append(vm_, as<List>(*all), a->items[0]);
      if (!list_extend(vm_, as<List>(*all), a->items[1])) return false;
      Ref call_args(make_tuple_from(vm_, *all)), bound(call_with(vm_, *partial, *call_args, a->items[2]));
      if (bound.is_error()) return false;
      Ref none(make_tuple(vm_, std::span<const Value>()));
      if (!save(*bound) || !save(*none)) return false;
      op(kReduce);
    } else if (maker == "__newobj__" && a->size >= 1) {
      Value cls = a->items[0];
      if (!is_kind(cls, Kind::Type)) {
        (void)pickling_error(vm_, "args[0] from __newobj__ args is not a type");
        return false;
      }
      if (object.is_object() && object.o->type != as<Type>(cls)) {
        (void)pickling_error(vm_, "args[0] from __newobj__ args has the wrong class");
        return false;
      }
      Ref rest(make_tuple(vm_, std::span<const Value>(a->items + 1, a->size - 1)));
      if (!save(cls) || !save(*rest)) return false;
      op(kNewObj);
    } else {
      if (!save(f) || !save(args)) return false;
      op(kReduce);
    }
    if (!object.is_unbound()) {
      if (known(object)) {  // made while its own arguments were written
        op(kPop);
        get(object);
      } else {
        memoize(object);
      }
    }
    if (!items.is_none() && !save_iterated(items, false)) return false;
    if (!pairs.is_none() && !save_iterated(pairs, true)) return false;
    if (state.is_none()) return true;
    if (!state_setter.is_none()) {
      if (!save(state_setter) || !save(object) || !save(state)) return false;
      op(kTuple2);
      op(kReduce);
      op(kPop);
      return true;
    }
    if (!save(state)) return false;
    op(kBuild);
    return true;
  }

  bool save_reduced(Value reduced, Value object) {
    if (is_str(reduced)) return save_global(object, text_of(reduced));
    if (!is_kind(reduced, Kind::Tuple)) {
      (void)pickling_error(vm_, "__reduce__ must return a string or tuple");
      return false;
    }
    auto* t = as<Tuple>(reduced);
    if (t->size < 2 || t->size > 6) {
      (void)pickling_error(vm_, "tuple returned by __reduce__ must contain 2 through 6 elements");
      return false;
    }
    auto part = [&](uint32_t i) { return i < t->size ? t->items[i] : Value::none(); };
    return save_reduce(t->items[0], t->items[1], part(2), part(3), part(4), object, part(5));
  }

  bool wants_persistent_id(Value v) const {
    if (o_.persistent_id.is_none()) return false;
    if (o_.persistent_types.is_none()) return true;
    auto* types = as<Tuple>(o_.persistent_types);
    for (uint32_t i = 0; i < types->size; i++)
      if (is_subtype(type_of(vm_, v), as<Type>(types->items[i]))) return true;
    return false;
  }

  bool save(Value v) {
    boundary();
    if (wants_persistent_id(v)) {
      Ref id(call(vm_, o_.persistent_id, {v}));
      if (id.is_error()) return false;
      if (!id->is_none()) return save_persistent(*id);
    }
    return save_object(v);
  }

  bool save_persistent(Value id) {
    if (binary()) {
      // The id itself has none.
      Value before = o_.persistent_id;
      o_.persistent_id = Value::none();
      bool ok = save_object(id);
      o_.persistent_id = before;
      if (!ok) return false;
      op(kBinPersId);
      return true;
    }
    Ref text(str(vm_, id));
    if (text.is_error()) return false;
    if (!as<Str>(*text)->ascii) {
      (void)pickling_error(vm_, "persistent IDs in protocol 0 must be ASCII strings");
      return false;
    }
    op(kPersId);
    out_ += std::string(text_of(*text)) + "\n";
    return true;
  }

  bool save_object(Value v) {
    switch (v.tag) {
      case Tag::None: op(kNone); return true;
      case Tag::Bool: save_bool(v.is_true()); return true;
      case Tag::Int: save_int(v.i); return true;
      case Tag::Float: return save_float(v.d);
      default: break;
    }
    if (known(v)) {
      get(v);
      return true;
    }
    if (v.tag == Tag::Ellipsis) return save_global(v, "Ellipsis");
    if (v.tag == Tag::NotImplemented) return save_global(v, "NotImplemented");
    StackGuard guard(vm_, " while pickling an object");
    if (guard.failed()) return false;
    if (v.is_object()) {
      Type* t = v.o->type;
      if (t == vm_.types.str) {
        save_str(v);
        return true;
      }
      if (t == vm_.types.bytes) return save_bytes(v);
      if (v.o->kind == Kind::BigInt && t == type_of(vm_, Value::integer(0))) return save_big(v);
      if (t == vm_.types.dict) return save_dict(v);
      if (t == vm_.types.list) return save_list(v);
      if (t == vm_.types.tuple) return save_tuple(v);
      if (t == vm_.types.set) return save_set(v, false);
      if (t == vm_.types.frozenset) return save_set(v, true);
      if (t == vm_.types.bytearray) return save_bytearray(v);
    }
    Ref reduced(Value::unbound());
    if (!o_.reducer_override.is_none()) {
      reduced = Ref(call(vm_, o_.reducer_override, {v}));
      if (reduced.is_error()) return false;
      if (reduced->tag != Tag::NotImplemented) return save_reduced(*reduced, v);
    }
    if (is_kind(v, Kind::Type) && v.o->type == vm_.types.type) return save_type(v);
    if (is_kind(v, Kind::Function)) return save_global(v);
    if (!o_.dispatch_table.is_none()) {
      Value type = Value::object(type_of(vm_, v));
      Ref own(get_item_or_unbound(o_.dispatch_table, type));
      if (own.is_error()) return false;
      if (!own->is_unbound()) {
        reduced = Ref(call(vm_, *own, {v}));
        return !reduced.is_error() && save_reduced(*reduced, v);
      }
    }
    if (is_kind(v, Kind::Type)) return save_type(v);
    Value protocol = Value::integer(o_.protocol);
    reduced = Ref(call_method(vm_, v, "__reduce_ex__", {&protocol, 1}));
    return !reduced.is_error() && save_reduced(*reduced, v);
  }

  Value get_item_or_unbound(Value table, Value key) {
    if (is_kind(table, Kind::Dict)) {
      Value found = dict_get_borrow(vm_, as<Dict>(table), key);
      return found.is_error() ? Value::error() : new_ref(found);
    }
    Ref found(get_item(vm_, table, key));
    if (found.is_error() && clear_pending_if(vm_, vm_.types.KeyError)) return Value::unbound();
    return found.take();
  }

  VM& vm_;
  WriterMemo& memo_;
  Options o_;
  std::string out_;
  bool framing_ = false;
  size_t frame_ = std::string::npos;  // where the open frame starts
};

WriterMemo& memo_of(Value v) { return *static_cast<WriterObject*>(v.o)->memo; }

Value dump(VM& vm, const Value* a) {
  int64_t protocol;
  if (!arg_int(vm, a[2], protocol)) return Value::error();
  Pickler::Options options{.protocol = static_cast<int>(protocol),
                           .fix_imports = truth(vm, a[3]) == 1,
                           .persistent_id = a[4],
                           .persistent_types = a[5],
                           .reducer_override = a[6],
                           .dispatch_table = a[7]};
  Pickler pickler(vm, memo_of(a[0]), options);
  if (!pickler.run(a[1])) return Value::error();
  return make_bytes(vm, pickler.bytes());
}

Value clear_memo(VM&, const Value* a) {
  memo_of(a[0]).index.clear();
  memo_of(a[0]).alive.clear();
  return Value::none();
}

const NativeDef kMethods[] = {
    {"dump(self, obj, protocol, fix_imports, persistent_id, persistent_types, reducer_override, dispatch_table, /)",
     dump},
    {"clear_memo(self, /)", clear_memo},
};

}  // namespace

Type* make_writer_type(VM& vm) {
  Type* t = new_type(vm, "Writer", "_pickle", vm.types.object, Kind::Native, sizeof(WriterObject));
  t->is_gc = true;
  t->slots.create = [](VM& v, Type* type, std::span<const Value>, std::span<Str* const>) {
    auto* w = allocate_object<WriterObject>(v, type, Kind::Native);
    w->memo = new WriterMemo();
    v.heap.track(w);
    return Value::object(w);
  };
  t->slots.dealloc = [](VM&, Object* o) { delete static_cast<WriterObject*>(o)->memo; };
  t->slots.traverse = [](Object* o, void (*visit)(Value, void*), void* context) {
    for (Ref& r : static_cast<WriterObject*>(o)->memo->alive) visit(*r, context);
  };
  t->slots.clear = [](VM&, Object* o) {
    static_cast<WriterObject*>(o)->memo->index.clear();
    static_cast<WriterObject*>(o)->memo->alive.clear();
  };
  finish_type(vm, t, {.methods = kMethods});
  return t;
}

}  // namespace tsvm::stdlib::pickle
