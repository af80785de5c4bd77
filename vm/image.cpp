#include "vm/image.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <type_traits>
#include <unordered_map>

#include "base/arena.h"
#include "base/deflate.h"
#include "ir/emit/emit.h"
#include "parser/parser.h"
#include "parser/scope.h"
#include "vm/make.h"
#include "vm/modules.h"
#include "vm/runtime.h"

namespace tsvm::vm {

namespace {

// Changes with anything that the bytes depend on.
constexpr uint32_t kMagic = 0x314d4954, kVersion = 2 + (static_cast<uint32_t>(Bc::Count) << 8);

uint64_t zigzag(int64_t v) { return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63); }
int64_t unzigzag(uint64_t v) { return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1); }

// A word of code is four numbers of 16 bits, most of them small (a register's top bit goes to the bottom for that). A
// byte in front says for each how many bytes follow, in two bits.
uint16_t to_small(uint16_t v) { return static_cast<uint16_t>(v << 1 | v >> 15); }
uint16_t from_small(uint16_t v) { return static_cast<uint16_t>(v >> 1 | v << 15); }

/// The texts of a module, each once: its functions name them by number.
class TextWriter {
 public:
  uint32_t number(const std::string& s) {
    auto [it, is_new] = numbers_.try_emplace(s, static_cast<uint32_t>(texts.size()));
    if (is_new) texts.push_back(s);
    return it->second;
  }
  std::vector<std::string> texts;

 private:
  std::unordered_map<std::string, uint32_t> numbers_;
};
using Texts = std::vector<std::string_view>;

/// Without a table of texts, these are written where they are.
class Writer {
 public:
  explicit Writer(TextWriter* texts = nullptr) : texts_(texts) {}
  std::vector<std::byte> bytes;

  void raw(const void* data, size_t size) {
    auto* p = static_cast<const std::byte*>(data);
    bytes.insert(bytes.end(), p, p + size);
  }
  void byte(uint64_t v) { bytes.push_back(static_cast<std::byte>(v)); }
  void number(uint64_t v) {
    for (; v >= 0x80; v >>= 7) byte(v | 0x80);
    byte(v);
  }
  template <class T>
  requires std::is_integral_v<T> || std::is_enum_v<T>
  void operator()(T& v) {
    if constexpr (std::is_signed_v<T>)
      number(zigzag(v));
    else
      number(static_cast<uint64_t>(v));
  }
  void operator()(double& v) { raw(&v, sizeof v); }
  void operator()(std::string& s) {
    if (texts_) return number(texts_->number(s));
    number(s.size());
    raw(s.data(), s.size());
  }
  void part(std::span<const std::byte> p) {
    number(p.size());
    raw(p.data(), p.size());
  }
  template <class T, class Fn>
  void each(std::vector<T>& v, Fn&& fn) {
    number(v.size());
    for (T& item : v) fn(item);
  }
  void words(std::vector<uint64_t>& v) {
    each(v, [this](uint64_t& word) {
      uint16_t parts[4];
      std::memcpy(parts, &word, sizeof word);
      uint64_t sizes = 0;
      for (int i = 0; i < 4; i++) {
        parts[i] = to_small(parts[i]);
        sizes |= static_cast<uint64_t>(parts[i] == 0 ? 0 : parts[i] < 0x100 ? 1 : 2) << (2 * i);
      }
      byte(sizes);
      for (int i = 0; i < 4; i++) raw(&parts[i], sizes >> (2 * i) & 3);
    });
  }

 private:
  TextWriter* texts_;
};

// Every size is checked against what is left before it is believed; past the end all numbers are 0.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes, const Texts* texts = nullptr)
      : at_(bytes.data()), end_(at_ + bytes.size()), texts_(texts) {}
  bool ok() const { return ok_; }

  void raw(void* data, size_t size) {
    if (size > static_cast<size_t>(end_ - at_)) return fail();
    std::memcpy(data, at_, size);
    at_ += size;
  }
  uint64_t number() {
    uint64_t v = 0;
    for (int shift = 0; shift < 64 && at_ < end_; shift += 7) {
      auto b = static_cast<uint64_t>(*at_++);
      v |= (b & 0x7f) << shift;
      if (b < 0x80) return v;
    }
    fail();
    return 0;
  }
  template <class T>
  requires std::is_integral_v<T> || std::is_enum_v<T>
  void operator()(T& v) {
    if constexpr (std::is_signed_v<T>)
      v = static_cast<T>(unzigzag(number()));
    else
      v = static_cast<T>(number());
  }
  void operator()(double& v) { raw(&v, sizeof v); }
  void operator()(std::string& s) {
    if (texts_) {
      uint64_t n = number();
      if (n >= texts_->size()) return fail();
      s = (*texts_)[n];
    } else {
      s = text();
    }
  }
  std::string_view text() {
    std::span<const std::byte> s = part();
    return {reinterpret_cast<const char*>(s.data()), s.size()};
  }
  template <class T, class Fn>
  void each(std::vector<T>& v, Fn&& fn) {
    v.resize(size());
    for (T& item : v) fn(item);
  }
  void words(std::vector<uint64_t>& v) {
    each(v, [this](uint64_t& word) {
      uint8_t sizes = 0;
      raw(&sizes, 1);
      uint16_t parts[4] = {};
      for (int i = 0; i < 4; i++) {
        raw(&parts[i], std::min(sizes >> (2 * i) & 3, 2));
        parts[i] = from_small(parts[i]);
      }
      std::memcpy(&word, parts, sizeof word);
    });
  }
  // A count of things that take at least a byte each.
  size_t size() {
    uint64_t n = number();
    if (n > static_cast<size_t>(end_ - at_)) {
      fail();
      return 0;
    }
    return n;
  }
  /// What Writer::part wrote.
  std::span<const std::byte> part() {
    size_t n = size();
    std::span<const std::byte> s(at_, n);
    at_ += n;
    return s;
  }

 private:
  void fail() {
    ok_ = false;
    at_ = end_;
  }

  const std::byte* at_;
  const std::byte* end_;
  const Texts* texts_;
  bool ok_ = true;
};

// `v` as what it is more than `base`.
void difference(Writer& w, uint32_t& v, uint32_t base) { w.number(zigzag(static_cast<int64_t>(v) - base)); }
void difference(Reader& r, uint32_t& v, uint32_t base) { v = static_cast<uint32_t>(base + unzigzag(r.number())); }

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
  a(c.range.begin);
  a(c.range.end);
  auto numbers = [&](auto& v) { a.each(v, a); };
  auto range = [&](SourceRange& r) {
    a(r.begin);
    difference(a, r.end, r.begin);
  };
  a.words(c.words);
  a.each(c.constants, [&](ir::Constant& k) {
    a(k.kind);
    a(k.int_value);
    a(k.float_value);
    a(k.text);
    a.each(k.items, [&](ir::ConstId& id) { a(id.index); });
  });
  numbers(c.raw_constants);
  a.each(c.names, a);
  a.each(c.params, [&](CodeParam& p) {
    a(p.name);
    a(p.kind);
    a(p.has_default);
  });
  a.each(c.shapes, [&](CodeShape& s) {
    a(s.positional);
    numbers(s.keywords);
    a(s.starred);
    a(s.method);
  });
  numbers(c.children);
  a.each(c.handlers, [&](Handler& h) {
    a(h.begin);
    a(h.end);
    a(h.target);
    a(h.keep_begin);
    a(h.keep_count);
  });
  numbers(c.keep);
  RangeEntry last{0, c.range};
  a.each(c.ranges, [&](RangeEntry& r) {
    difference(a, r.pc, last.pc);
    difference(a, r.range.begin, last.range.begin);
    difference(a, r.range.end, r.range.begin);
    a(r.frame);
    last = r;
  });
  a.each(c.inlined, [&](CodeFrame& f) {
    a(f.name);
    a(f.parent);
    range(f.call);
  });
  numbers(c.slot_names);
  numbers(c.free_names);
  numbers(c.local_names);
  a(c.name);
  a(c.qualified_name);
  a(c.doc);
}

class ImageReader : public CodeReader {
 public:
  ImageReader(std::vector<std::span<const std::byte>> codes, Texts texts, std::string name,
              std::shared_ptr<const SourceFile> source)
      : codes_(std::move(codes)), texts_(std::move(texts)), name_(std::move(name)), source_(std::move(source)) {}

  std::unique_ptr<Code> read(uint32_t index) override {
    auto code = std::make_unique<Code>();
    Reader r(codes_[index], &texts_);
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
  Texts texts_;
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
  std::string name = unit.name(), file = unit.source().name();
  w(name);
  w(file);
  w.part(deflated(unit.source().text()));
  TextWriter texts;
  std::vector<Writer> codes;
  for (uint32_t i = 0; i < unit.size(); i++) {
    const Code* code = unit.code(i);
    if (!code) return {};
    Code copy = *code;
    fields(codes.emplace_back(&texts), copy);
  }
  w.each(texts.texts, w);
  w.number(codes.size());
  for (const Writer& code : codes) w.part(code.bytes);
  return std::move(w.bytes);
}

std::shared_ptr<CodeUnit> read_image(std::span<const std::byte> bytes, std::string& error) {
  Reader r(bytes);
  if (!check(r, error)) return nullptr;
  std::string name, file;
  r(name);
  r(file);
  std::span<const std::byte> text = r.part();
  Texts texts(r.size());
  for (std::string_view& t : texts) t = r.text();
  auto count = static_cast<uint32_t>(r.size());
  std::vector<std::span<const std::byte>> codes;
  codes.reserve(count);
  for (uint32_t i = 0; i < count; i++) codes.push_back(r.part());
  if (!r.ok() || count == 0) {
    error = "a damaged image";
    return nullptr;
  }
  auto source = std::make_shared<const SourceFile>(std::move(file), text, inflated);
  auto reader = std::make_unique<ImageReader>(std::move(codes), std::move(texts), name, source);
  return std::make_shared<CodeUnit>(std::move(name), source, count, std::move(reader));
}

std::vector<std::byte> write_archive(std::span<const ArchiveMember> members) {
  Writer w;
  begin(w);
  w.number(members.size());
  for (const ArchiveMember& m : members) {
    std::string name = m.name;
    w(name);
    bool is_package = m.is_package;
    w(is_package);
    w.part(m.image);
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
  size_t count = r.size();
  for (size_t i = 0; i < count && r.ok(); i++) {
    std::string name;
    Units::Member m;
    r(name);
    r(m.is_package);
    m.image = r.part();
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
