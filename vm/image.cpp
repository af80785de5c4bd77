#include "vm/image.h"

#include <cstring>
#include <mutex>
#include <type_traits>
#include <unordered_map>

#include "base/arena.h"
#include "ir/emit/emit.h"
#include "parser/parser.h"
#include "parser/scope.h"
#include "vm/make.h"
#include "vm/modules.h"
#include "vm/runtime.h"

namespace tsvm::vm {

namespace {

// Changes with anything that the bytes depend on.
constexpr uint32_t kMagic = 0x314d4954, kVersion = 1 + (static_cast<uint32_t>(Bc::Count) << 8);

class Writer {
 public:
  std::vector<std::byte> bytes;

  void raw(const void* data, size_t size) {
    auto* p = static_cast<const std::byte*>(data);
    bytes.insert(bytes.end(), p, p + size);
  }
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void operator()(T& v) { raw(&v, sizeof v); }
  void operator()(std::string& s) {
    size(s.size());
    raw(s.data(), s.size());
  }
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void operator()(std::vector<T>& v) {
    size(v.size());
    raw(v.data(), v.size() * sizeof(T));
  }
  template <class T, class Fn>
  void each(std::vector<T>& v, Fn&& fn) {
    size(v.size());
    for (T& item : v) fn(item);
  }
  void size(size_t n) {
    auto v = static_cast<uint32_t>(n);
    raw(&v, 4);
  }
};

// Every size is checked against what is left before it is believed.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}
  bool ok() const { return ok_; }

  bool raw(void* data, size_t size) {
    if (!ok_ || size > static_cast<size_t>(end_ - at_)) return ok_ = false;
    std::memcpy(data, at_, size);
    at_ += size;
    return true;
  }
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void operator()(T& v) { raw(&v, sizeof v); }
  void operator()(std::string& s) {
    uint32_t n = size(1);
    s.assign(reinterpret_cast<const char*>(at_), n);
    at_ += n;
  }
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void operator()(std::vector<T>& v) {
    uint32_t n = size(sizeof(T));
    v.resize(n);
    raw(v.data(), n * sizeof(T));
  }
  template <class T, class Fn>
  void each(std::vector<T>& v, Fn&& fn) {
    uint32_t n = size(1);
    v.resize(n);
    for (T& item : v) fn(item);
  }
  // A count of things that take at least `least` bytes each.
  uint32_t size(size_t least) {
    uint32_t n = 0;
    if (!raw(&n, 4) || n > static_cast<size_t>(end_ - at_) / least) {
      ok_ = false;
      return 0;
    }
    return n;
  }
  std::span<const std::byte> slice(size_t size) {
    if (!ok_ || size > static_cast<size_t>(end_ - at_)) {
      ok_ = false;
      return {};
    }
    std::span<const std::byte> s(at_, size);
    at_ += size;
    return s;
  }

 private:
  const std::byte* at_;
  const std::byte* end_;
  bool ok_ = true;
};

// One list of fields for both directions.
template <class Archive>
void fields(Archive& a, Code& c) {
  a(c.is_simple);
  a(c.is_generator);
  a(c.is_class_body);
  a(c.is_module_body);
  a(c.is_typed);
  a(c.has_varargs);
  a(c.has_varkeywords);
  a(c.has_doc);
  a(c.num_params);
  a(c.num_slots);
  a(c.num_registers);
  a(c.num_raws);
  a(c.num_positional_only);
  a(c.num_positional);
  a(c.num_keyword_only);
  a(c.num_caches);
  a(c.first_line);
  a(c.words);
  a.each(c.constants, [&](ir::Constant& k) {
    a(k.kind);
    a(k.int_value);
    a(k.float_value);
    a(k.text);
    a(k.items);
  });
  a(c.raw_constants);
  a.each(c.names, [&](std::string& s) { a(s); });
  a(c.params);
  a.each(c.shapes, [&](CodeShape& s) {
    a(s.positional);
    a(s.keywords);
    a(s.starred);
    a(s.method);
  });
  a(c.children);
  a(c.handlers);
  a(c.keep);
  a(c.ranges);
  a.each(c.inlined, [&](CodeFrame& f) {
    a(f.name);
    a(f.parent);
    a(f.call);
  });
  a(c.slot_names);
  a(c.free_names);
  a(c.local_names);
  a(c.name);
  a(c.qualified_name);
  a(c.doc);
  a(c.range);
}

class ImageReader : public CodeReader {
 public:
  ImageReader(std::vector<std::span<const std::byte>> codes, std::string name, std::shared_ptr<const SourceFile> source)
      : codes_(std::move(codes)), name_(std::move(name)), source_(std::move(source)) {}

  std::unique_ptr<Code> read(uint32_t index) override {
    auto code = std::make_unique<Code>();
    Reader r(codes_[index]);
    fields(r, *code);
    return r.ok() ? std::move(code) : nullptr;
  }
  std::unique_ptr<ir::Module> read_ir() override {
    Arena arena;
    ParseResult tree = parse(*source_, arena);
    if (!tree.ok()) return nullptr;
    ScopeTree scopes = analyze_scopes(tree, arena);
    if (!scopes.diagnostics.empty()) return nullptr;
    return ir::emit_module(tree, scopes, source_, name_);
  }

 private:
  std::vector<std::span<const std::byte>> codes_;
  std::string name_;
  std::shared_ptr<const SourceFile> source_;
};

void begin(Writer& w) {
  uint32_t magic = kMagic, version = kVersion;
  w(magic);
  w(version);
}

bool check(Reader& r, std::string& error) {
  uint32_t magic = 0, version = 0;
  r(magic);
  r(version);
  if (!r.ok() || magic != kMagic) {
    error = "not an image";
    return false;
  }
  if (version != kVersion) {
    error = "an image of another version";
    return false;
  }
  return true;
}

}  // namespace

std::vector<std::byte> write_image(CodeUnit& unit) {
  Writer w;
  begin(w);
  std::string name = unit.name(), file = unit.source().name(), text = unit.source().text();
  w(name);
  w(file);
  w(text);
  w.size(unit.size());
  for (uint32_t i = 0; i < unit.size(); i++) {
    const Code* code = unit.code(i);
    if (!code) return {};
    Writer part;
    Code copy = *code;
    fields(part, copy);
    w.size(part.bytes.size());
    w.raw(part.bytes.data(), part.bytes.size());
  }
  return std::move(w.bytes);
}

std::shared_ptr<CodeUnit> read_image(std::span<const std::byte> bytes, std::string& error) {
  Reader r(bytes);
  if (!check(r, error)) return nullptr;
  std::string name, file, text;
  r(name);
  r(file);
  r(text);
  uint32_t count = r.size(4);
  std::vector<std::span<const std::byte>> codes;
  for (uint32_t i = 0; i < count; i++) codes.push_back(r.slice(r.size(1)));
  if (!r.ok() || count == 0) {
    error = "a damaged image";
    return nullptr;
  }
  auto source = std::make_shared<const SourceFile>(std::move(file), std::move(text));
  auto reader = std::make_unique<ImageReader>(std::move(codes), name, source);
  return std::make_shared<CodeUnit>(std::move(name), source, count, std::move(reader));
}

std::vector<std::byte> write_archive(std::span<const ArchiveMember> members) {
  Writer w;
  begin(w);
  w.size(members.size());
  for (const ArchiveMember& m : members) {
    std::string name = m.name;
    w(name);
    bool is_package = m.is_package;
    w(is_package);
    w.size(m.image.size());
    w.raw(m.image.data(), m.image.size());
  }
  return std::move(w.bytes);
}

// --- embedded modules ---

struct EmbeddedModules::Units {
  struct Member {
    bool is_package = false;
    std::span<const std::byte> image;
    std::shared_ptr<CodeUnit> unit;
  };
  std::mutex mutex;
  std::unordered_map<std::string, Member> members;
};

EmbeddedModules::EmbeddedModules(std::span<const std::byte> archive) : units_(std::make_unique<Units>()) {
  Reader r(archive);
  std::string error;
  if (!check(r, error)) return;
  uint32_t count = r.size(1);
  for (uint32_t i = 0; i < count && r.ok(); i++) {
    std::string name;
    Units::Member m;
    r(name);
    r(m.is_package);
    m.image = r.slice(r.size(1));
    if (r.ok()) units_->members.emplace(std::move(name), m);
  }
}

EmbeddedModules::~EmbeddedModules() = default;

bool EmbeddedModules::find(std::string_view name, bool& is_package) const {
  auto it = units_->members.find(std::string(name));
  if (it == units_->members.end()) return false;
  is_package = it->second.is_package;
  return true;
}

std::shared_ptr<CodeUnit> EmbeddedModules::unit(VM& vm, std::string_view name) const {
  std::lock_guard lock(units_->mutex);
  Units::Member& m = units_->members.find(std::string(name))->second;
  if (!m.unit) {
    std::string error;
    m.unit = read_image(m.image, error);
    if (!m.unit)
      (void)raise(vm, vm.types.ImportError, "cannot load module '%.*s': %s", static_cast<int>(name.size()), name.data(),
                  error.c_str());
  }
  return m.unit;
}

}  // namespace tsvm::vm
