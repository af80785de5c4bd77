// torch::save and torch::load.
//
// An archive is a zip of `data.pkl` (the tree of objects), `data/N` (the storages), `code/` (one class per object, so
// that torch.jit.load reads it too) and `version`. Reading builds data only: of globals those are known that tensors
// and lists are made of, everything else is an object with attributes. Nothing read is believed before it is checked.
#include "torch/serialize.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "frontend/convert.h"
#include "stdlib/native/archive/zip_reader.h"
#include "stdlib/native/archive/zip_writer.h"

namespace torch {
namespace serialize {

using c10::IValue;

// --- writing ---------------------------------------------------------------------------------------------------------

struct OutputArchive::Node {
  struct Entry {
    std::string key;
    IValue value;
    std::shared_ptr<Node> child;  // instead of a value
    enum class Kind { Attribute, Parameter, Buffer } kind = Kind::Attribute;
  };
  std::vector<Entry> entries;

  void put(Entry e) {
    for (Entry& old : entries) {
      if (old.key != e.key) continue;
      old = std::move(e);
      return;
    }
    entries.push_back(std::move(e));
  }
};

OutputArchive::OutputArchive() : node_(std::make_shared<Node>()) {}
OutputArchive::~OutputArchive() = default;

void OutputArchive::write(const std::string& key, const IValue& value) { node_->put({key, value, nullptr, {}}); }
void OutputArchive::write(const std::string& key, const Tensor& tensor, bool is_buffer) {
  using Kind = Node::Entry::Kind;
  node_->put({key, IValue(tensor), nullptr, is_buffer ? Kind::Buffer : Kind::Parameter});
}
void OutputArchive::write(const std::string& key, OutputArchive& nested) {
  node_->put({key, IValue(), nested.node_, {}});
}

namespace {

const char* storage_name(ScalarType t) {
  switch (t) {
    case kByte: return "ByteStorage";
    case kChar: return "CharStorage";
    case kShort: return "ShortStorage";
    case kInt: return "IntStorage";
    case kLong: return "LongStorage";
    case kHalf: return "HalfStorage";
    case kFloat: return "FloatStorage";
    case kDouble: return "DoubleStorage";
    case kComplexFloat: return "ComplexFloatStorage";
    case kComplexDouble: return "ComplexDoubleStorage";
    case kBool: return "BoolStorage";
    case kBFloat16: return "BFloat16Storage";
    default: TORCH_CHECK(false, "tensors of type ", t, " cannot be saved");
  }
}

bool is_identifier(const std::string& s) {
  if (s.empty() || std::isdigit(static_cast<unsigned char>(s[0]))) return false;
  for (const char c : s)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  return true;
}

/// The type of a value as Torch Script writes it.
std::string type_text(const IValue& v) {
  if (v.isTensor()) return "Tensor";
  if (v.isInt()) return "int";
  if (v.isDouble()) return "float";
  if (v.isBool()) return "bool";
  if (v.isString()) return "str";
  if (v.isComplexDouble()) return "complex";
  if (v.isDevice()) return "Device";
  if (v.isList()) {
    const auto items = v.toListRef();
    return "List[" + (items.empty() ? std::string("Tensor") : type_text(items[0])) + "]";
  }
  if (v.isTuple()) {
    std::string s;
    for (const IValue& item : v.toTupleRef().elements()) s += (s.empty() ? "" : ", ") + type_text(item);
    return "Tuple[" + (s.empty() ? std::string("()") : s) + "]";
  }
  if (v.isGenericDict()) {
    const auto& dict = v.dict_impl();
    if (!dict.size) return "Dict[str, Tensor]";
    const auto& first = dict.entries[dict.next(0)];
    return "Dict[" + type_text(first.key) + ", " + type_text(first.value) + "]";
  }
  return "NoneType";
}

/// Protocol 2 of pickle.
class Pickler {
 public:
  std::string out = std::string("\x80\x02", 2);
  std::vector<Tensor> storages;  // by number: a tensor over it

  void global(const std::string& module, const std::string& name) { out += "c" + module + "\n" + name + "\n"; }
  void text(const std::string& s) {
    out += 'X';
    u32(static_cast<uint32_t>(s.size()));
    out += s;
  }
  void integer(int64_t v) {
    if (v >= 0 && v < 256) {
      out += 'K';
      out += static_cast<char>(v);
    } else if (v >= INT32_MIN && v <= INT32_MAX) {
      out += 'J';
      u32(static_cast<uint32_t>(static_cast<int32_t>(v)));
    } else {
      out += "\x8a\x08";
      for (int i = 0; i < 8; i++) out += static_cast<char>(static_cast<uint64_t>(v) >> 8 * i);
    }
  }
  void ints(IntArrayRef list) {
    out += '(';
    for (const int64_t v : list) integer(v);
    out += 't';
  }
  void value(const IValue& v) {
    if (v.isNone()) {
      out += 'N';
    } else if (v.isTensor()) {
      tensor(v.toTensor());
    } else if (v.isBool()) {
      out += v.toBool() ? '\x88' : '\x89';
    } else if (v.isInt()) {
      integer(v.toInt());
    } else if (v.isDouble()) {
      out += 'G';
      uint64_t bits;
      const double d = v.toDouble();
      std::memcpy(&bits, &d, 8);
      for (int i = 7; i >= 0; i--) out += static_cast<char>(bits >> 8 * i);
    } else if (v.isString()) {
      text(v.toStringRef());
    } else if (v.isTuple()) {
      out += '(';
      for (const IValue& item : v.toTupleRef().elements()) value(item);
      out += 't';
    } else if (v.isList()) {
      const char* build = v.toListRef().empty() ? nullptr
                          : v.isIntList()       ? "build_intlist"
                          : v.isDoubleList()    ? "build_doublelist"
                          : v.isBoolList()      ? "build_boollist"
                          : v.isTensorList()    ? "build_tensorlist"
                                                : nullptr;
      if (build) global("torch.jit._pickle", build);
      if (build) out += '(';
      out += "](";
      for (const IValue& item : v.toListRef()) value(item);
      out += 'e';
      if (build) out += "tR";
    } else if (v.isGenericDict()) {
      out += "}(";
      for (const auto& e : v.dict_impl().entries) {
        if (!e.live) continue;
        value(e.key);
        value(e.value);
      }
      out += 'u';
    } else {
      TORCH_CHECK(false, "a value of kind ", v.tagKind(), " cannot be saved");
    }
  }
  void tensor(const Tensor& t) {
    if (!t.defined()) {
      out += 'N';
      return;
    }
    const Tensor cpu = t.detach().cpu();
    size_t number = 0;
    while (number < storages.size() &&
           !(storages[number].is_alias_of(cpu) && storages[number].scalar_type() == cpu.scalar_type()))
      number++;
    if (number == storages.size()) storages.push_back(cpu);
    global("torch._utils", "_rebuild_tensor_v2");
    out += "((";
    text("storage");
    global("torch", storage_name(cpu.scalar_type()));
    text(std::to_string(number));
    text("cpu");
    integer(static_cast<int64_t>(cpu.storage().nbytes() / cpu.itemsize()));
    out += "tQ";
    integer(cpu.storage_offset());
    ints(cpu.sizes());
    ints(cpu.strides());
    out += t.requires_grad() ? '\x88' : '\x89';
    global("collections", "OrderedDict");
    out += ")RtR";
  }

 private:
  void u32(uint32_t v) {
    for (int i = 0; i < 4; i++) out += static_cast<char>(v >> 8 * i);
  }
};

class ArchiveWriter {
 public:
  explicit ArchiveWriter(tsvm::archive::Sink& sink, std::string root) : zip_(sink), root_(std::move(root)) {}
  void add(const std::string& name, const void* data, size_t size) {
    TORCH_CHECK(zip_.add(root_ + "/" + name, data, size, {}), "the archive could not be written");
  }
  void add(const std::string& name, const std::string& text) { add(name, text.data(), text.size()); }
  void storages(const Pickler& p) {
    for (size_t i = 0; i < p.storages.size(); i++)
      add("data/" + std::to_string(i), p.storages[i].storage().data(), p.storages[i].storage().nbytes());
  }
  void finish() { TORCH_CHECK(zip_.finish(true), "the archive could not be written"); }

 private:
  tsvm::archive::ZipWriter zip_;
  std::string root_;
};

/// Writes an object and gives its class, "__torch__.Module" or a mangled one.
std::string write_object(const OutputArchive::Node& node, Pickler& pickle,
                         std::vector<std::pair<std::string, std::string>>& classes) {
  using Kind = OutputArchive::Node::Entry::Kind;
  const size_t number = classes.size();
  const std::string module = number ? "__torch__.___torch_mangle_" + std::to_string(number - 1) : "__torch__";
  classes.emplace_back(module, "");
  pickle.global(module, "Module");
  pickle.out += ")\x81}(";
  std::string parameters, buffers, attributes;
  bool annotations = false;
  for (const auto& e : node.entries) {
    pickle.text(e.key);
    std::string type;
    if (e.child) {
      type = write_object(*e.child, pickle, classes);
    } else {
      pickle.value(e.value);
      type = type_text(e.value);
      if (e.kind == Kind::Parameter) parameters += "\"" + e.key + "\", ";
      if (e.kind == Kind::Buffer) buffers += "\"" + e.key + "\", ";
    }
    if (is_identifier(e.key)) {
      attributes += "  " + e.key + " : " + type + "\n";
    } else {
      if (!annotations) attributes += "  __annotations__ = []\n";
      annotations = true;
      attributes += "  __annotations__[\"" + e.key + "\"] = " + type + "\n";
    }
  }
  pickle.out += "ub";
  classes[number].second = "class Module(Module):\n  __parameters__ = [" + parameters + "]\n  __buffers__ = [" +
                           buffers + "]\n" + attributes;
  return module + ".Module";
}

void write_archive(const OutputArchive::Node& node, tsvm::archive::Sink& sink, const std::string& root) {
  Pickler pickle;
  std::vector<std::pair<std::string, std::string>> classes;
  write_object(node, pickle, classes);
  pickle.out += '.';
  ArchiveWriter writer(sink, root);
  writer.storages(pickle);
  writer.add("data.pkl", pickle.out);
  for (const auto& [module, text] : classes) {
    std::string path = module;
    for (char& c : path)
      if (c == '.') c = '/';
    writer.add("code/" + path + ".py", text);
  }
  writer.add("constants.pkl", std::string("\x80\x02).", 4));
  writer.add("version", "3\n");
  writer.finish();
}

class FunctionSink final : public tsvm::archive::Sink {
 public:
  explicit FunctionSink(const std::function<size_t(const void*, size_t)>& f) : f_(f) {}
  bool write(const void* data, size_t size) override { return f_(data, size) == size; }

 private:
  const std::function<size_t(const void*, size_t)>& f_;
};

}  // namespace

void OutputArchive::save_to(const std::function<size_t(const void*, size_t)>& f) {
  FunctionSink sink(f);
  write_archive(*node_, sink, "archive");
}
void OutputArchive::save_to(std::ostream& stream) {
  save_to([&](const void* data, size_t size) {
    stream.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
    return stream ? size : size_t{0};
  });
}
void OutputArchive::save_to(const std::string& filename) {
  // A new file that takes the old one's place when it is complete.
  const std::string temporary = filename + ".tmp";
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    TORCH_CHECK(file, "open file failed because the file ", filename, " cannot be written");
    const std::function<size_t(const void*, size_t)> put = [&](const void* data, size_t size) {
      file.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
      return file ? size : size_t{0};
    };
    std::string root = filename.substr(filename.rfind('/') + 1);
    if (const size_t dot = root.rfind('.'); dot != std::string::npos && dot > 0) root.resize(dot);
    FunctionSink sink(put);
    write_archive(*node_, sink, root.empty() ? "archive" : root);
    file.flush();
    TORCH_CHECK(file, "the file ", filename, " could not be written");
  }
  if (std::rename(temporary.c_str(), filename.c_str()) != 0) {
    std::remove(temporary.c_str());
    TORCH_CHECK(false, "the file ", filename, " could not be written");
  }
}

// --- reading ---------------------------------------------------------------------------------------------------------

namespace {

[[noreturn]] void corrupt(const char* what) { TORCH_CHECK(false, "the archive is damaged: ", what); }

/// An archive in memory.
struct Archive {
  std::vector<uint8_t> bytes;
  tsvm::archive::ZipReader zip;
  std::string root;
  std::map<std::string, Tensor> storages;  // by key: all of its elements
  c10::optional<Device> device;

  void open() {
    std::string error;
    TORCH_CHECK(zip.open(bytes, error), "PytorchStreamReader failed reading zip archive: ", error);
    for (const auto& e : zip.entries()) {
      const size_t at = e.name.rfind("/data.pkl");
      if (at != std::string::npos && at + 9 == e.name.size()) root = e.name.substr(0, at);
    }
    if (root.empty()) corrupt("it has no data.pkl");
  }
  std::vector<uint8_t> entry(const std::string& name) {
    const auto* e = zip.find(root + "/" + name);
    if (!e) corrupt("an entry is missing");
    std::vector<uint8_t> out(e->size);
    std::string error;
    TORCH_CHECK(zip.read(*e, out.data(), error), "the archive is damaged: ", error);
    return out;
  }
  Tensor storage(const std::string& key, ScalarType type) {
    auto found = storages.find(key);
    if (found != storages.end()) return found->second;
    const std::vector<uint8_t> data = entry("data/" + key);
    const size_t size = c10::elementSize(type);
    Tensor t = at::empty({static_cast<int64_t>(data.size() / size)}, type);
    if (t.numel()) std::memcpy(t.data_ptr(), data.data(), t.nbytes());
    return storages[key] = t;
  }
};

/// What pickle has on its stack: a value, or the name of a global.
struct Item {
  IValue value;
  std::string global;  // "module name"
  bool mark = false;
  ScalarType type = ScalarType::Undefined;  // of a storage
};

class Unpickler {
 public:
  Unpickler(Archive& archive, std::vector<uint8_t> bytes) : archive_(archive), bytes_(std::move(bytes)) {}
  IValue run() {
    for (;;) {
      const uint8_t op = byte();
      switch (op) {
        case 0x80: byte(); break;
        case '.': return pop().value;
        case 'c': {
          const std::string module = line();
          push_global(module + " " + line());
          break;
        }
        case 'q': memo_[byte()] = top(); break;
        case 'r': memo_[u32()] = top(); break;
        case 'h': recall(byte()); break;
        case 'j': recall(u32()); break;
        case ')': push(IValue(c10::ivalue::Tuple::create(std::vector<IValue>()))); break;
        case ']': push(IValue(c10::List<IValue>())); break;
        case '}': push(IValue(c10::Dict<IValue, IValue>())); break;
        case '(': {
          Item m;
          m.mark = true;
          stack_.push_back(std::move(m));
          break;
        }
        case 'N': push(IValue()); break;
        case 0x88: push(IValue(true)); break;
        case 0x89: push(IValue(false)); break;
        case 'K': push(IValue(static_cast<int64_t>(byte()))); break;
        case 'M': {
          const int64_t low = byte();
          push(IValue(low | static_cast<int64_t>(byte()) << 8));
          break;
        }
        case 'J': push(IValue(static_cast<int64_t>(static_cast<int32_t>(u32())))); break;
        case 0x8a: {
          const size_t n = byte();
          if (n > 8) corrupt("an integer is too large");
          uint64_t v = 0;
          for (size_t i = 0; i < n; i++) v |= static_cast<uint64_t>(byte()) << 8 * i;
          if (n && n < 8 && v >> (8 * n - 1) & 1) v |= ~uint64_t{0} << 8 * n;
          push(IValue(static_cast<int64_t>(v)));
          break;
        }
        case 'G': {
          uint64_t v = 0;
          for (int i = 0; i < 8; i++) v = v << 8 | byte();
          double d;
          std::memcpy(&d, &v, 8);
          push(IValue(d));
          break;
        }
        case 'X': push(IValue(take(u32()))); break;
        case 0x8c: push(IValue(take(byte()))); break;
        case 't': push(IValue(c10::ivalue::Tuple::create(values_to_mark()))); break;
        case 0x85:
        case 0x86:
        case 0x87: {
          std::vector<IValue> items(op - 0x84u);
          for (size_t i = items.size(); i-- > 0;) items[i] = pop_value();
          push(IValue(c10::ivalue::Tuple::create(std::move(items))));
          break;
        }
        case 'a': {
          IValue v = pop_value();
          append({std::move(v)});
          break;
        }
        case 'e': append(values_to_mark()); break;
        case 's': {
          IValue v = pop_value(), k = pop_value();
          set({std::move(k), std::move(v)});
          break;
        }
        case 'u': set(values_to_mark()); break;
        case 'Q': persistent(pop_value()); break;
        case 'R': reduce(); break;
        case 0x81:  // NEWOBJ: an object of some class, whose attributes BUILD gives
          pop();
          pop();
          push(IValue(c10::Dict<IValue, IValue>()));
          break;
        case 'b': {
          IValue state = pop_value();
          if (!state.isGenericDict()) corrupt("an object's state is no dict");
          pop();
          push(std::move(state));
          break;
        }
        default: corrupt("it has an unknown instruction");
      }
    }
  }

 private:
  uint8_t byte() {
    if (at_ >= bytes_.size()) corrupt("it ends too early");
    return bytes_[at_++];
  }
  uint32_t u32() {
    uint32_t v = 0;
    for (int i = 0; i < 4; i++) v |= static_cast<uint32_t>(byte()) << 8 * i;
    return v;
  }
  std::string take(size_t n) {
    if (n > bytes_.size() - at_) corrupt("it ends too early");
    std::string s(reinterpret_cast<const char*>(&bytes_[at_]), n);
    at_ += n;
    return s;
  }
  std::string line() {
    std::string s;
    for (char c; (c = static_cast<char>(byte())) != '\n';) s += c;
    return s;
  }
  Item pop() {
    if (stack_.empty() || stack_.back().mark) corrupt("its stack is empty");
    Item item = std::move(stack_.back());
    stack_.pop_back();
    return item;
  }
  IValue pop_value() { return pop().value; }
  Item& top() {
    if (stack_.empty() || stack_.back().mark) corrupt("its stack is empty");
    return stack_.back();
  }
  void push(IValue v) {
    Item item;
    item.value = std::move(v);
    stack_.push_back(std::move(item));
  }
  void push_global(std::string name) {
    Item item;
    item.global = std::move(name);
    stack_.push_back(std::move(item));
  }
  void recall(uint32_t n) {
    auto found = memo_.find(n);
    if (found == memo_.end()) corrupt("it uses what was not stored");
    stack_.push_back(found->second);
  }
  /// Globals inside become strings: storages name their class.
  std::vector<IValue> values_to_mark() {
    std::vector<IValue> items;
    while (!stack_.empty() && !stack_.back().mark) {
      Item item = pop();
      items.push_back(item.global.empty() ? std::move(item.value) : IValue("\n" + item.global));
    }
    if (stack_.empty()) corrupt("its stack is empty");
    stack_.pop_back();
    return {std::make_move_iterator(items.rbegin()), std::make_move_iterator(items.rend())};
  }
  void append(std::vector<IValue> items) {
    if (!top().value.isList()) corrupt("it appends to what is no list");
    const c10::List<IValue> list = top().value.toList();
    for (IValue& v : items) list.push_back(std::move(v));
  }
  void set(std::vector<IValue> items) {
    if (!top().value.isGenericDict() || items.size() % 2) corrupt("it sets items of what is no dict");
    const auto dict = top().value.toGenericDict();
    for (size_t i = 0; i < items.size(); i += 2) dict.insert_or_assign(std::move(items[i]), std::move(items[i + 1]));
  }
  void persistent(const IValue& id) {
    // ("storage", class, key, location, count)
    if (!id.isTuple() || id.toTupleRef().elements().size() != 5) corrupt("a storage's description is wrong");
    const auto& parts = id.toTupleRef().elements();
    if (!parts[1].isString() || !parts[2].isString()) corrupt("a storage's description is wrong");
    static const ScalarType kTypes[] = {kByte,  kChar,   kShort,        kInt,           kLong, kHalf,
                                        kFloat, kDouble, kComplexFloat, kComplexDouble, kBool, kBFloat16};
    Item item;
    for (const ScalarType t : kTypes)
      if (parts[1].toStringRef() == std::string("\ntorch ") + storage_name(t)) item.type = t;
    if (item.type == ScalarType::Undefined) corrupt("a storage is of an unknown type");
    item.value = IValue(archive_.storage(parts[2].toStringRef(), item.type));
    stack_.push_back(std::move(item));
  }
  void reduce() {
    const IValue arguments = pop_value();
    const Item callee = pop();
    if (!arguments.isTuple()) corrupt("a call has no arguments");
    const auto& a = arguments.toTupleRef().elements();
    if (callee.global == "torch._utils _rebuild_tensor_v2" || callee.global == "torch._utils _rebuild_parameter") {
      if (callee.global == "torch._utils _rebuild_parameter") {
        if (a.empty() || !a[0].isTensor()) corrupt("a parameter is wrong");
        return push(a[0]);
      }
      if (a.size() < 5 || !a[0].isTensor() || !a[1].isInt() || !a[2].isTuple() || !a[3].isTuple() || !a[4].isBool())
        corrupt("a tensor's description is wrong");
      const Tensor storage = a[0].toTensor();
      std::vector<int64_t> sizes, strides;
      for (const IValue& v : a[2].toTupleRef().elements()) sizes.push_back(v.toInt());
      for (const IValue& v : a[3].toTupleRef().elements()) strides.push_back(v.toInt());
      const int64_t offset = a[1].toInt();
      if (sizes.size() != strides.size() || sizes.size() > 64 || offset < 0) corrupt("a tensor's description is wrong");
      int64_t last = offset, n = 1;
      for (size_t i = 0; i < sizes.size(); i++) {
        int64_t reach = 0;
        if (sizes[i] < 0 || strides[i] < 0 || __builtin_mul_overflow(n, sizes[i], &n))
          corrupt("a tensor's sizes are wrong");
        if (sizes[i] > 0 &&
            (__builtin_mul_overflow(sizes[i] - 1, strides[i], &reach) || __builtin_add_overflow(last, reach, &last)))
          corrupt("a tensor's sizes are wrong");
      }
      if (n > 0 && last >= storage.numel()) corrupt("a tensor is larger than its storage");
      c10::AutoGradMode off(false);
      Tensor t = storage.as_strided(sizes, strides, offset).detach();
      if (archive_.device) t = t.to(*archive_.device);
      if (a[4].toBool()) t.set_requires_grad(true);
      return push(IValue(t));
    }
    if (callee.global == "collections OrderedDict") return push(IValue(c10::Dict<IValue, IValue>()));
    if (callee.global.rfind("torch.jit._pickle build_", 0) == 0 ||
        callee.global == "torch.jit._pickle restore_type_tag") {
      if (a.empty()) corrupt("a list is wrong");
      return push(a[0]);
    }
    corrupt("it calls what is not allowed");
  }

  Archive& archive_;
  std::vector<uint8_t> bytes_;
  size_t at_ = 0;
  std::vector<Item> stack_;
  std::map<uint32_t, Item> memo_;
};

IValue read_archive(std::vector<uint8_t> bytes, c10::optional<Device> device) {
  Archive archive;
  archive.bytes = std::move(bytes);
  archive.device = device;
  archive.open();
  Unpickler reader(archive, archive.entry("data.pkl"));
  return reader.run();
}

}  // namespace

InputArchive::InputArchive() : object_(IValue(c10::Dict<IValue, IValue>())) {}
InputArchive::~InputArchive() = default;

bool InputArchive::try_read(const std::string& key, IValue& value) {
  if (!object_.isGenericDict()) return false;
  const auto& dict = object_.dict_impl();
  const size_t at = dict.find(IValue(key));
  if (at == c10::detail::DictImpl::kNone) return false;
  value = dict.entries[at].value;
  return true;
}
void InputArchive::read(const std::string& key, IValue& value) {
  TORCH_CHECK(try_read(key, value), "No such serialized IValue '", prefix_, key, "'");
}
bool InputArchive::try_read(const std::string& key, Tensor& tensor, bool) {
  IValue value;
  if (!try_read(key, value) || !value.isTensor()) return false;
  const Tensor read = value.toTensor();
  if (tensor.defined()) {
    NoGradGuard guard;
    tensor.set_data(tensor.device() == read.device() ? read : read.to(tensor.device()));
  } else {
    tensor = read;
  }
  return true;
}
void InputArchive::read(const std::string& key, Tensor& tensor, bool is_buffer) {
  TORCH_CHECK(try_read(key, tensor, is_buffer), "No such serialized tensor '", prefix_, key, "'");
}
bool InputArchive::try_read(const std::string& key, InputArchive& archive) {
  IValue value;
  if (!try_read(key, value) || !value.isGenericDict()) return false;
  archive.object_ = value;
  archive.prefix_ = prefix_ + key + ".";
  return true;
}
void InputArchive::read(const std::string& key, InputArchive& archive) {
  TORCH_CHECK(try_read(key, archive), "No such serialized submodule: '", prefix_, key, "'");
}
std::vector<std::string> InputArchive::keys() {
  std::vector<std::string> out;
  for (const auto& e : object_.dict_impl().entries)
    if (e.live && e.key.isString()) out.push_back(e.key.toStringRef());
  return out;
}
void InputArchive::load_from(const char* data, size_t size, c10::optional<Device> device) {
  object_ = read_archive(std::vector<uint8_t>(data, data + size), device);
}
void InputArchive::load_from(std::istream& stream, c10::optional<Device> device) {
  std::ostringstream text;
  text << stream.rdbuf();
  const std::string s = text.str();
  load_from(s.data(), s.size(), device);
}
void InputArchive::load_from(const std::string& filename, c10::optional<Device> device) {
  std::ifstream file(filename, std::ios::binary);
  TORCH_CHECK(file, "open file failed because of errno ", errno, " on fopen: ", std::strerror(errno),
              ", file path: ", filename);
  load_from(file, device);
}

OutputArchive& operator<<(OutputArchive& archive, const Tensor& tensor) {
  archive.write("0", tensor);
  return archive;
}
InputArchive& operator>>(InputArchive& archive, Tensor& tensor) {
  archive.read("0", tensor);
  return archive;
}

}  // namespace serialize

// --- modules ---------------------------------------------------------------------------------------------------------

namespace nn {

void Module::save(serialize::OutputArchive& archive) const {
  for (const auto& p : named_parameters(/*recurse=*/false)) archive.write(p.key(), p.value());
  for (const auto& b : named_buffers(/*recurse=*/false)) archive.write(b.key(), b.value(), /*is_buffer=*/true);
  for (const auto& c : children_) {
    if (!c.value()->is_serializable()) continue;
    serialize::OutputArchive nested;
    c.value()->save(nested);
    archive.write(c.key(), nested);
  }
}
void Module::load(serialize::InputArchive& archive) {
  for (auto& p : named_parameters(/*recurse=*/false)) archive.read(p.key(), p.value());
  for (auto& b : named_buffers(/*recurse=*/false)) archive.read(b.key(), b.value(), /*is_buffer=*/true);
  for (const auto& c : children_) {
    if (!c.value()->is_serializable()) continue;
    serialize::InputArchive nested;
    archive.read(c.key(), nested);
    c.value()->load(nested);
  }
}
serialize::OutputArchive& operator<<(serialize::OutputArchive& archive, const std::shared_ptr<nn::Module>& module) {
  TORCH_CHECK(module != nullptr, "Cannot serialize empty module");
  module->save(archive);
  return archive;
}
serialize::InputArchive& operator>>(serialize::InputArchive& archive, const std::shared_ptr<nn::Module>& module) {
  TORCH_CHECK(module != nullptr, "Cannot deserialize empty module");
  module->load(archive);
  return archive;
}

}  // namespace nn

// --- Python's format -------------------------------------------------------------------------------------------------

std::vector<char> pickle_save(const c10::IValue& value) {
  serialize::Pickler pickle;
  pickle.value(value);
  pickle.out += '.';
  std::vector<char> bytes;
  const std::function<size_t(const void*, size_t)> put = [&](const void* data, size_t size) {
    const char* p = static_cast<const char*>(data);
    bytes.insert(bytes.end(), p, p + size);
    return size;
  };
  serialize::FunctionSink sink(put);
  serialize::ArchiveWriter writer(sink, "archive");
  writer.add("data.pkl", pickle.out);
  writer.storages(pickle);
  writer.add("version", "3\n");
  writer.finish();
  return bytes;
}
c10::IValue pickle_load(const std::vector<char>& data) {
  return serialize::read_archive(std::vector<uint8_t>(data.begin(), data.end()), c10::nullopt);
}

}  // namespace torch
