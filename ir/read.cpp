#include "ir/read.h"

#include <charconv>
#include <cstring>
#include <optional>
#include <unordered_map>

#include "ir/op_table.h"

namespace tsvm::ir {

namespace {

constexpr uint32_t kLargestNumber = 1u << 20;  // of a value, a block, an exit: tables are as long as that
constexpr int kDeepest = 64;                   // nesting of types and constants

/// Names of one sort of thing in one function. Things are numbered as they appear; at the end those with a number for a
/// name get that one.
class Symbols {
 public:
  uint32_t get(std::string_view name) {
    auto [it, added] = index_.try_emplace(std::string(name), static_cast<uint32_t>(names_.size()));
    if (added) names_.emplace_back(name);
    return it->second;
  }
  /// Final ids by first appearance, and how long a table for them must be; nothing when a number is too large.
  std::optional<uint32_t> number(std::vector<uint32_t>& ids) const {
    uint32_t size = 0;
    ids.assign(names_.size(), 0);
    for (size_t i = 0; i < names_.size(); i++) {
      if (!is_number(names_[i])) continue;
      uint32_t n = 0;
      auto r = std::from_chars(names_[i].data(), names_[i].data() + names_[i].size(), n);
      if (r.ec != std::errc() || n >= kLargestNumber) return std::nullopt;
      ids[i] = n;
      if (n + 1 > size) size = n + 1;
    }
    for (size_t i = 0; i < names_.size(); i++)
      if (!is_number(names_[i])) ids[i] = size++;
    return size;
  }
  const std::string& name(uint32_t i) const { return names_[i]; }
  uint32_t count() const { return static_cast<uint32_t>(names_.size()); }

 private:
  // "007" is a name of its own, so that two names never mean one number.
  static bool is_number(std::string_view s) {
    if (s.size() > 1 && s[0] == '0') return false;
    for (char c : s)
      if (c < '0' || c > '9') return false;
    return true;
  }
  std::unordered_map<std::string, uint32_t> index_;
  std::vector<std::string> names_;
};

const std::unordered_map<std::string_view, Opcode>& opcodes() {
  static const auto map = [] {
    std::unordered_map<std::string_view, Opcode> m;
    for (uint32_t i = 0; i < static_cast<uint32_t>(Opcode::Count); i++) {
      Opcode op = static_cast<Opcode>(i);
      m.emplace(info(op).text, op);
    }
    return m;
  }();
  return map;
}

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }
bool is_label(char c) { return is_word(c) || c == '.' || c == '$' || c == '<' || c == '>'; }

class Reader {
 public:
  Reader(std::string_view text, TypeTable& types, const OpTable* ops)
      : p_(text.data()), begin_(text.data()), end_(text.data() + text.size()), types_(types), ops_(ops) {}

  ReadResult run() {
    module_ = std::make_unique<Module>();
    module_->types = &types_;
    module_->ops = ops_;
    bool braces = false;
    if (accept_word("module")) {
      module_->name = quoted();
      expect('{');
      braces = true;
    }
    while (!failed_ && peek_word() == "func") function();
    if (braces) expect('}');
    skip();
    if (!failed_ && p_ != end_) fail("expected a function");
    if (!failed_ && module_->functions.empty()) fail("there is no function");
    resolve_functions();
    ReadResult r;
    if (failed_) {
      r.error = error_;
      r.line = 1;
      for (const char* c = begin_; c < error_at_; c++) r.line += *c == '\n';
    } else {
      r.module = std::move(module_);
    }
    return r;
  }

 private:
  // --- characters ---
  void fail(std::string message) {
    if (failed_) return;
    failed_ = true;
    error_ = std::move(message);
    error_at_ = p_;
    p_ = end_;
  }
  void skip() {
    while (p_ != end_) {
      if (*p_ == ' ' || *p_ == '\n' || *p_ == '\t' || *p_ == '\r') {
        p_++;
      } else if (*p_ == '#') {
        while (p_ != end_ && *p_ != '\n') p_++;
      } else {
        break;
      }
    }
  }
  bool at(char c) {
    skip();
    return p_ != end_ && *p_ == c;
  }
  bool accept(char c) {
    if (!at(c)) return false;
    p_++;
    return true;
  }
  bool accept(std::string_view s) {
    skip();
    if (static_cast<size_t>(end_ - p_) < s.size() || std::string_view(p_, s.size()) != s) return false;
    p_ += s.size();
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(std::string("expected '") + c + "'");
  }
  std::string_view peek_word() {
    skip();
    const char* e = p_;
    while (e != end_ && is_word(*e)) e++;
    return {p_, static_cast<size_t>(e - p_)};
  }
  std::string_view word() {
    std::string_view w = peek_word();
    p_ += w.size();
    if (w.empty()) fail("expected a word");
    return w;
  }
  bool accept_word(std::string_view w) {
    if (peek_word() != w) return false;
    p_ += w.size();
    return true;
  }
  uint32_t number() {
    std::string_view w = peek_word();
    uint32_t n = 0;
    auto r = std::from_chars(w.data(), w.data() + w.size(), n);
    if (w.empty() || r.ec != std::errc() || r.ptr != w.data() + w.size()) {
      fail("expected a number");
      return 0;
    }
    p_ += w.size();
    return n;
  }
  /// A word after a mark, as in o12, r3, $4.
  uint32_t numbered(char mark) {
    skip();
    if (p_ == end_ || *p_ != mark) {
      fail(std::string("expected ") + mark + " and a number");
      return 0;
    }
    p_++;
    return p_ != end_ && is_word(*p_) ? number() : (fail("expected a number"), 0);
  }
  std::string quoted() {
    std::string out;
    if (!accept('"')) {
      fail("expected a quoted text");
      return out;
    }
    while (p_ != end_ && *p_ != '"') {
      char c = *p_++;
      if (c != '\\') {
        out += c;
        continue;
      }
      if (p_ == end_) break;
      c = *p_++;
      if (c == 'n') {
        out += '\n';
      } else if (c == 't') {
        out += '\t';
      } else if (c == 'x') {
        unsigned u = 0;
        if (end_ - p_ < 2 || std::from_chars(p_, p_ + 2, u, 16).ptr != p_ + 2) {
          fail("expected two hexadecimal digits");
          return out;
        }
        p_ += 2;
        out += static_cast<char>(u);
      } else if (c == '"' || c == '\\') {
        out += c;
      } else {
        fail("unknown escape");
        return out;
      }
    }
    if (p_ == end_)
      fail("the text has no end");
    else
      p_++;
    return out;
  }
  /// A plain or a quoted name.
  std::string name() {
    skip();
    if (at('"')) return quoted();
    const char* b = p_;
    while (p_ != end_ && is_label(*p_)) p_++;
    if (p_ == b) fail("expected a name");
    return {b, p_};
  }
  std::vector<NameId> quoted_names() {
    std::vector<NameId> out;
    if (!at('"')) return out;
    do out.push_back(module_->intern(quoted()));
    while (!failed_ && accept(','));
    return out;
  }

  // --- types and constants ---
  TypeId type(int depth = 0) {
    if (depth > kDeepest) {
      fail("types are nested too deeply");
      return types::Any;
    }
    skip();
    if (at('"')) return types_.class_named(quoted());
    std::string_view w = word();
    if (failed_) return types::Any;
    constexpr std::string_view kSimple[] = {
#define TYPE(name, text) text,
        TSVM_IR_SIMPLE_TYPES(TYPE)
#undef TYPE
    };
    for (uint32_t i = 0; i < std::size(kSimple); i++)
      if (w == kSimple[i]) return TypeId(i);
    std::vector<TypeId> args;
    std::vector<std::string> names;
    std::string title;
    if (!accept('[')) {
      fail("unknown type '" + std::string(w) + "'");
      return types::Any;
    }
    if (w == "NamedTuple") {
      title = quoted();
      while (!failed_ && accept(',')) {
        names.push_back(quoted());
        expect(':');
        args.push_back(type(depth + 1));
      }
    } else if (!at(']')) {
      do args.push_back(type(depth + 1));
      while (!failed_ && accept(','));
    }
    expect(']');
    if (failed_) return types::Any;
    size_t wanted = w == "Dict" ? 2 : 1;
    if (w == "NamedTuple") return types_.named_tuple(title, names, args);
    if (w == "Tuple") return types_.tuple(args);
    if (w == "Union") return types_.union_of(args);
    if (args.size() != wanted) {
      fail("wrong number of type arguments");
      return types::Any;
    }
    if (w == "List") return types_.list(args[0]);
    if (w == "Dict") return types_.dict(args[0], args[1]);
    if (w == "Set") return types_.set(args[0]);
    if (w == "Optional") return types_.optional(args[0]);
    if (w == "Future") return types_.future(args[0]);
    fail("unknown type '" + std::string(w) + "'");
    return types::Any;
  }

  ConstId constant(int depth = 0) {
    Constant c;
    if (depth > kDeepest) {
      fail("constants are nested too deeply");
      return ConstId(0);
    }
    skip();
    if (accept("...")) {
      c.kind = Constant::Kind::Ellipsis;
    } else if (at('"')) {
      c.kind = Constant::Kind::Str;
      c.text = quoted();
    } else if (accept("b\"")) {
      p_--;
      c.kind = Constant::Kind::Bytes;
      c.text = quoted();
    } else if (at('(') || peek_word() == "frozenset") {
      c.kind = accept_word("frozenset") ? Constant::Kind::FrozenSet : Constant::Kind::Tuple;
      expect('(');
      if (!at(')')) {
        do c.items.push_back(constant(depth + 1));
        while (!failed_ && accept(','));
      }
      expect(')');
    } else if (accept_word("None")) {
    } else if (accept_word("True")) {
      c.kind = Constant::Kind::Bool;
      c.int_value = 1;
    } else if (accept_word("False")) {
      c.kind = Constant::Kind::Bool;
    } else {
      numeric(c);
    }
    return failed_ ? ConstId(0) : module_->intern(c);
  }

  void numeric(Constant& c) {
    const char* b = p_;
    if (p_ != end_ && *p_ == '-') p_++;
    while (p_ != end_ && (is_word(*p_) || *p_ == '.' || *p_ == ':' || ((*p_ == '+' || *p_ == '-') && p_[-1] == 'e')))
      p_++;
    std::string_view s(b, static_cast<size_t>(p_ - b));
    std::string_view digits = s.starts_with('-') ? s.substr(1) : s;
    if (digits.empty()) return fail("expected a constant");
    if (digits.find_first_not_of("0123456789") == std::string_view::npos) {
      auto r = std::from_chars(s.data(), s.data() + s.size(), c.int_value);
      c.kind = Constant::Kind::Int;
      if (r.ec == std::errc::result_out_of_range) {
        c.int_value = 0;
        c.kind = Constant::Kind::BigInt;
        c.text = s;
      }
      return;
    }
    c.kind = Constant::Kind::Float;
    if (s.ends_with('j')) {
      c.kind = Constant::Kind::Imaginary;
      s.remove_suffix(1);
    }
    if (s.starts_with("nan:")) {
      uint64_t bits = 0;
      auto r = std::from_chars(s.data() + 4, s.data() + s.size(), bits, 16);
      if (r.ec != std::errc() || r.ptr != s.data() + s.size()) return fail("expected a constant");
      std::memcpy(&c.float_value, &bits, 8);
      return;
    }
    if (s == "nan") {
      uint64_t bits = 0x7ff8000000000000u;
      std::memcpy(&c.float_value, &bits, 8);
      return;
    }
    auto r = std::from_chars(s.data(), s.data() + s.size(), c.float_value);
    if (r.ec != std::errc() || r.ptr != s.data() + s.size()) fail("expected a constant");
  }

  // --- functions ---
  void function() {
    word();  // func
    uint32_t index = module_->add_function().index;
    f_ = module_->functions[index].get();
    values_ = Symbols();
    blocks_ = Symbols();
    exits_ = Symbols();
    exit_defined_.clear();
    expect('@');
    f_->name = name();
    f_->qualified_name = f_->name;
    if (!failed_ && !labels_.try_emplace(f_->name, index).second) fail("the label is taken");
    params();
    if (!accept("->")) fail("expected '->'");
    f_->result_type = type();
    expect('{');
    while (!failed_ && header_line()) {
    }
    while (!failed_ && at('^')) block();
    while (!failed_ && at('!')) exit();
    expect('}');
    if (!failed_ && blocks_.count() == 0) fail("the function has no blocks");
    finish_function();
  }

  void params() {
    expect('(');
    if (accept(')')) return;
    ParamKind kind = ParamKind::Positional;
    do {
      Param p{NameId(), kind, false, types::Any};
      if (accept('/')) {
        for (Param& q : f_->params) q.kind = ParamKind::PositionalOnly;
        continue;
      }
      if (accept("**")) {
        p.kind = ParamKind::VarKeywords;
      } else if (accept('*')) {
        kind = ParamKind::KeywordOnly;
        if (at(',')) continue;
        p.kind = ParamKind::VarArgs;
      }
      p.name = module_->intern(name());
      if (accept(':')) p.type = type();
      if (accept('=')) {
        expect('?');
        p.has_default = true;
      }
      f_->params.push_back(p);
    } while (!failed_ && accept(','));
    expect(')');
  }

  bool header_line() {
    if (accept_word("name")) {
      f_->name = quoted();
      f_->qualified_name = f_->name;  // unless a line says otherwise
    } else if (accept_word("qualified")) {
      f_->qualified_name = quoted();
    } else if (accept_word("flags")) {
      for (bool more = true; more;) {
        if (accept_word("generator"))
          f_->is_generator = true;
        else if (accept_word("class_body"))
          f_->is_class_body = true;
        else if (accept_word("module_body"))
          f_->is_module_body = true;
        else if (accept_word("typed"))
          f_->is_typed = true;
        else
          more = false;
      }
    } else if (accept_word("doc")) {
      f_->doc = quoted();
      f_->has_doc = true;
    } else if (accept_word("line")) {
      f_->first_line = static_cast<int>(number());
    } else if (accept_word("slots")) {
      f_->num_slots = number();
      f_->slot_names = quoted_names();
    } else if (accept_word("free")) {
      f_->free_names = quoted_names();
    } else if (accept_word("locals")) {
      f_->local_names = quoted_names();
    } else if (accept_word("object")) {
      object();
    } else if (accept_word("kernel")) {
      kernel();
    } else if (accept_word("inlined")) {
      InlinedFunction n;
      if (number() != f_->inlined.size()) fail("inlined functions are numbered in order");
      n.name = quoted();
      if (!accept_word("parent")) fail("expected 'parent'");
      n.parent = number();
      if (accept_word("object")) n.object = numbered('o');
      f_->inlined.push_back(std::move(n));
    } else {
      return false;
    }
    return true;
  }

  void object() {
    constexpr std::string_view kKinds[] = {"value", "shape", "global", "function", "native"};
    static_assert(std::size(kKinds) == static_cast<size_t>(ObjectRef::Kind::Count));
    ObjectRef o;
    if (numbered('o') != f_->objects.size()) fail("objects are numbered in order");
    std::string_view w = word();
    size_t k = 0;
    while (k < std::size(kKinds) && kKinds[k] != w) k++;
    if (k == std::size(kKinds)) return fail("unknown kind of object");
    o.kind = static_cast<ObjectRef::Kind>(k);
    o.name = quoted();
    if (accept('(')) {
      o.has_signature = true;
      if (!at(')')) {
        do o.params.push_back(type());
        while (!failed_ && accept(','));
      }
      expect(')');
      if (!accept("->")) fail("expected '->'");
      o.result = type();
    }
    if (accept_word("pure")) o.is_pure = true;
    if (accept_word("body")) {
      expect('@');
      const char* where = p_;
      pending_bodies_.push_back({static_cast<uint32_t>(module_->functions.size() - 1),
                                 static_cast<uint32_t>(f_->objects.size()), name(), where});
    }
    f_->objects.push_back(std::move(o));
  }

  void kernel() {
    const uint32_t n = numbered('k');
    if (n >= kLargestNumber) return fail("too large a number");
    Kernel k;
    expect('(');
    if (!at(')')) {
      do k.inputs.push_back(type());
      while (!failed_ && accept(','));
    }
    expect(')');
    while (!failed_ && !accept("->")) {
      if (numbered('s') != k.steps.size()) return fail("steps are numbered in order");
      expect('=');
      KernelStep step{op(), {}};
      expect('(');
      if (!at(')')) {
        do step.args.push_back(kernel_arg());
        while (!failed_ && accept(','));
      }
      expect(')');
      expect(';');
      k.steps.push_back(std::move(step));
    }
    do k.outputs.push_back(numbered('s'));
    while (!failed_ && accept(','));
    if (failed_) return;
    if (module_->kernels.size() <= n) module_->kernels.resize(n + 1);
    module_->kernels[n] = std::move(k);
  }
  KernelArg kernel_arg() {
    skip();
    const bool numeral = end_ - p_ > 1 && p_[1] >= '0' && p_[1] <= '9';
    if (p_ != end_ && *p_ == 'i' && numeral) return {KernelArg::Kind::Input, numbered('i')};
    if (p_ != end_ && *p_ == 's' && numeral) return {KernelArg::Kind::Step, numbered('s')};
    if (accept('_')) return {KernelArg::Kind::Default};
    return {KernelArg::Kind::Constant, constant().index};
  }

  std::string_view symbol() {
    const char* b = p_;
    while (p_ != end_ && (is_word(*p_) || *p_ == '.')) p_++;
    if (p_ == b) fail("expected a name or a number");
    return {b, static_cast<size_t>(p_ - b)};
  }
  ValueId value() {
    expect('%');
    return failed_ ? ValueId(0) : ValueId(values_.get(symbol()));
  }
  BlockId block_ref() {
    expect('^');
    return failed_ ? BlockId(0) : BlockId(blocks_.get(symbol()));
  }
  ExitId exit_ref() {
    expect('!');
    return failed_ ? ExitId(0) : ExitId(exits_.get(symbol()));
  }
  // While reading, the tables of values, blocks and exits are in order of appearance; see finish_function.
  template <class T>
  T& grown(std::vector<T>& table, uint32_t index) {
    if (table.size() <= index) table.resize(index + 1);
    return table[index];
  }
  void define(ValueId v, TypeId type, InstId def, BlockId block) {
    if (failed_) return;
    Value& slot = grown(f_->values, v.index);
    if (slot.def || slot.block) return fail("%" + values_.name(v.index) + " is defined twice");
    slot = Value{type, def, block};
  }

  void block() {
    BlockId id = block_ref();
    if (failed_) return;
    if (!grown(f_->blocks, id.index).insts.empty()) return fail("the block is there already");
    if (!f_->entry) f_->entry = id;
    if (accept('(')) {
      if (!at(')')) {
        do {
          ValueId v = value();
          expect(':');
          TypeId t = type();
          define(v, t, InstId(), id);
          f_->blocks[id.index].params.push_back(v);
        } while (!failed_ && accept(','));
      }
      expect(')');
    }
    if (accept_word("handler")) {
      BlockId handler = block_ref();
      grown(f_->blocks, handler.index);
      f_->blocks[id.index].handler = handler;
    }
    expect(':');
    while (!failed_ && !at('^') && !at('!') && !at('}')) instruction(id);
    if (!failed_ && f_->blocks[id.index].insts.empty()) fail("the block is empty");
  }

  void instruction(BlockId block) {
    InstId id(static_cast<uint32_t>(f_->insts.size()));
    Inst inst{};
    if (at('%')) {
      inst.result = value();
      expect(':');
      TypeId t = type();
      expect('=');
      define(inst.result, t, id, BlockId());
    }
    std::string_view w = word();
    if (failed_) return;
    auto it = opcodes().find(w);
    if (it == opcodes().end()) return fail("unknown opcode '" + std::string(w) + "'");
    inst.op = it->second;
    std::vector<ValueId> operands;
    Immediate kind = info(inst.op).immediate;
    if (kind == Immediate::Call) {
      call(inst, operands);
    } else {
      inst.imm = immediate(kind, id);
      if (on_this_line() && at('%')) {
        do operands.push_back(value());
        while (!failed_ && accept(','));
      }
    }
    inst.operands_begin = static_cast<uint32_t>(f_->pool.size());
    inst.operands_count = static_cast<uint32_t>(operands.size());
    f_->pool.insert(f_->pool.end(), operands.begin(), operands.end());
    inst.edges_begin = static_cast<uint32_t>(f_->edges.size());
    bool arrow = accept("->");
    if (arrow || (on_this_line() && at('^'))) {
      do {
        Edge e;
        e.target = block_ref();
        std::vector<ValueId> args;
        if (accept('(')) {
          if (!at(')')) {
            do args.push_back(value());
            while (!failed_ && accept(','));
          }
          expect(')');
        }
        e.args_begin = static_cast<uint32_t>(f_->pool.size());
        e.args_count = static_cast<uint32_t>(args.size());
        f_->pool.insert(f_->pool.end(), args.begin(), args.end());
        f_->edges.push_back(e);
        if (++inst.edge_count == 255) fail("too many successors");
      } while (!failed_ && accept(','));
    }
    if (accept_word("exit")) inst.exit = exit_ref();
    if (accept_word("in")) {
      uint32_t n = number();
      if (n > 0xffff) fail("a frame's number has 16 bits");
      inst.frame = static_cast<uint16_t>(n);
    }
    if (failed_) return;
    f_->insts.push_back(inst);
    f_->blocks[block.index].insts.push_back(id);
  }

  /// What comes next is on the line of what came before: a `%` is an operand, a `^` a successor. On a line of its own
  /// it starts the next instruction or block.
  bool on_this_line() {
    skip();
    const char* c = p_;
    while (c != begin_ && (c[-1] == ' ' || c[-1] == '\t' || c[-1] == '\r')) c--;
    return c == begin_ || c[-1] != '\n';
  }

  void call(Inst& inst, std::vector<ValueId>& operands) {
    size_t fixed = std::strlen(info(inst.op).operands) - 2;
    for (size_t i = 0; i < fixed && !failed_; i++) {
      if (i) expect(',');
      skip();
      expect('%');
      // A dot belongs to the method's name here.
      const char* b = p_;
      while (p_ != end_ && is_word(*p_)) p_++;
      if (p_ == b) fail("expected a name or a number");
      if (!failed_) operands.push_back(ValueId(values_.get({b, static_cast<size_t>(p_ - b)})));
    }
    CallShape s;
    std::string letters;
    if (accept('.')) s.method = module_->intern(name());
    expect('(');
    if (!failed_ && !at(')')) {
      do {
        skip();
        if (accept("**")) {
          letters += 'd';
        } else if (accept('*')) {
          letters += '*';
        } else if (at('%')) {
          letters += 'p';
        } else {
          letters += 'k';
          s.keywords.push_back(module_->intern(name()));
          expect('=');
        }
        operands.push_back(value());
      } while (!failed_ && accept(','));
    }
    expect(')');
    if (letters.find_first_of("*d") != std::string::npos || letters.find("kp") != std::string::npos)
      s.starred = std::move(letters);
    else
      s.positional = static_cast<uint32_t>(letters.size() - s.keywords.size());
    if (!failed_) inst.imm = module_->intern(s);
  }

  template <class E>
  uint32_t enumerator() {
    std::string_view w = word();
    for (uint32_t i = 0; i < static_cast<uint32_t>(E::Count); i++)
      if (w == to_text(static_cast<E>(i))) return i;
    fail("unknown operator '" + std::string(w) + "'");
    return 0;
  }

  uint32_t immediate(Immediate kind, InstId inst) {
    switch (kind) {
      case Immediate::None:
      case Immediate::Call: return 0;
      case Immediate::Const: return constant().index;
      case Immediate::Name: return module_->intern(quoted()).index;
      case Immediate::Slot: return numbered('$');
      case Immediate::Index: return number();
      case Immediate::Func: {
        expect('@');
        const char* where = p_;
        pending_funcs_.push_back({static_cast<uint32_t>(module_->functions.size() - 1), inst.index, name(), where});
        return 0;
      }
      case Immediate::Op: return op();
      case Immediate::Kernel: return numbered('k');
      case Immediate::Type: return type().index;
      case Immediate::Arith: return enumerator<ArithOp>();
      case Immediate::Unary: return enumerator<UnaryOp>();
      case Immediate::Compare: return enumerator<CompareOp>();
      case Immediate::Object: return numbered('o');
    }
    return 0;
  }

  uint32_t op() {
    skip();
    const char* b = p_;
    while (p_ != end_ && (is_word(*p_) || *p_ == '.' || *p_ == ':')) p_++;
    std::string_view s(b, static_cast<size_t>(p_ - b));
    if (ops_ != nullptr) {
      size_t dot = s.rfind('.');
      OpId id = dot == std::string_view::npos ? ops_->find(s, "") : ops_->find(s.substr(0, dot), s.substr(dot + 1));
      if (id) return id.index;
    } else if (s.starts_with("op")) {
      uint32_t n = 0;
      auto r = std::from_chars(s.data() + 2, s.data() + s.size(), n);
      if (r.ec == std::errc() && r.ptr == s.data() + s.size()) return n;
    }
    fail("unknown operator '" + std::string(s) + "'");
    return 0;
  }

  void exit() {
    ExitId id = exit_ref();
    if (failed_) return;
    if (exit_defined_.size() <= id.index) exit_defined_.resize(id.index + 1);
    if (exit_defined_[id.index]) return fail("the exit is there already");
    exit_defined_[id.index] = true;
    ExitState state;
    expect('=');
    do {
      ExitFrame frame;
      if (!accept_word("fn")) fail("expected 'fn'");
      frame.function = number();
      if (!accept_word("pc")) fail("expected 'pc'");
      frame.bytecode_pc = number();
      expect('{');
      if (!failed_ && !at('}')) {
        do {
          uint32_t reg = numbered('r');
          if (reg > 0xffff) fail("a register's number has 16 bits");
          expect(':');
          frame.registers.emplace_back(static_cast<uint16_t>(reg), value());
        } while (!failed_ && accept(','));
      }
      expect('}');
      state.frames.push_back(std::move(frame));
    } while (!failed_ && accept(','));
    grown(f_->exits, id.index) = std::move(state);
  }

  /// Moves values, blocks and exits from the order of appearance to their final numbers.
  void finish_function() {
    if (failed_) return;
    std::vector<uint32_t> value_ids, block_ids, exit_ids;
    std::optional<uint32_t> value_count = values_.number(value_ids), block_count = blocks_.number(block_ids),
                            exit_count = exits_.number(exit_ids);
    if (!value_count || !block_count || !exit_count) return fail("a number is too large");
    f_->values.resize(values_.count());
    f_->blocks.resize(blocks_.count());
    f_->exits.resize(exits_.count());
    exit_defined_.resize(exits_.count());
    for (uint32_t i = 0; i < values_.count(); i++)
      if (!f_->values[i].def && !f_->values[i].block) return fail("%" + values_.name(i) + " is not defined");
    for (uint32_t i = 0; i < blocks_.count(); i++)
      if (f_->blocks[i].insts.empty()) return fail("^" + blocks_.name(i) + " is not there");
    for (uint32_t i = 0; i < exits_.count(); i++)
      if (!exit_defined_[i]) return fail("!" + exits_.name(i) + " is not there");

    auto v = [&](ValueId& id) { id = ValueId(value_ids[id.index]); };
    auto b = [&](BlockId& id) {
      if (id) id = BlockId(block_ids[id.index]);
    };
    for (Value& x : f_->values) b(x.block);
    for (ValueId& x : f_->pool) v(x);
    for (Edge& x : f_->edges) b(x.target);
    for (Inst& x : f_->insts) {
      if (x.result) v(x.result);
      if (x.exit) x.exit = ExitId(exit_ids[x.exit.index]);
    }
    for (Block& x : f_->blocks) {
      b(x.handler);
      for (ValueId& p : x.params) v(p);
    }
    for (ExitState& x : f_->exits)
      for (ExitFrame& frame : x.frames)
        for (auto& [reg, value] : frame.registers) v(value);
    b(f_->entry);
    permute(f_->values, value_ids, *value_count);
    permute(f_->blocks, block_ids, *block_count);
    permute(f_->exits, exit_ids, *exit_count);
  }
  template <class T>
  static void permute(std::vector<T>& table, const std::vector<uint32_t>& ids, uint32_t count) {
    std::vector<T> out(count);
    for (size_t i = 0; i < table.size(); i++) out[ids[i]] = std::move(table[i]);
    table = std::move(out);
  }

  void resolve_functions() {
    if (failed_) return;
    for (const Pending& r : pending_funcs_) {
      auto it = labels_.find(r.label);
      if (it == labels_.end()) return fail_at(r.where, "there is no function @" + r.label);
      module_->functions[r.function]->insts[r.index].imm = it->second;
    }
    for (const Pending& r : pending_bodies_) {
      auto it = labels_.find(r.label);
      if (it == labels_.end()) return fail_at(r.where, "there is no function @" + r.label);
      module_->functions[r.function]->objects[r.index].body = module_->functions[it->second].get();
    }
  }
  void fail_at(const char* where, std::string message) {
    p_ = where;
    fail(std::move(message));
  }

  struct Pending {
    uint32_t function, index;
    std::string label;
    const char* where;
  };

  const char* p_;
  const char* begin_;
  const char* end_;
  TypeTable& types_;
  const OpTable* ops_;
  bool failed_ = false;
  std::string error_;
  const char* error_at_ = nullptr;
  std::unique_ptr<Module> module_;
  std::unordered_map<std::string, uint32_t> labels_;
  std::vector<Pending> pending_funcs_, pending_bodies_;
  // of the function being read
  Function* f_ = nullptr;
  Symbols values_, blocks_, exits_;
  std::vector<bool> exit_defined_;
};

}  // namespace

ReadResult read(std::string_view text, TypeTable& types, const OpTable* ops) { return Reader(text, types, ops).run(); }

}  // namespace tsvm::ir
