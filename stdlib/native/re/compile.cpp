// From a pattern's text to a Program: a recursive-descent parser of Python's syntax makes a tree, which is emitted.
//
// Error messages and positions are those of Python's re.
#include <algorithm>
#include <memory>

#include "base/unicode.h"
#include "base/utf8.h"
#include "stdlib/native/re/program.h"

namespace tsvm::re {

namespace {

char32_t one_case(char32_t c, unicode::Case to) {
  std::string text;
  unicode::append_case(text, c, to);
  size_t at = 0;
  char32_t mapped = utf8::decode(text, &at);
  return at == text.size() || to == unicode::Case::Lower ? mapped : c;
}

}  // namespace

char32_t fold(char32_t c, bool ascii) {
  if (c < 128) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  if (ascii) return c;
  return one_case(one_case(c, unicode::Case::Upper), unicode::Case::Lower);
}

bool is_word(char32_t c, bool ascii) {
  if (c < 128) return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  return !ascii && unicode::is(c, unicode::kAlpha | unicode::kNumeric | unicode::kDecimal | unicode::kDigit);
}

namespace {

bool is_digit(char32_t c, bool ascii) {
  return c < 128 ? c >= '0' && c <= '9' : !ascii && unicode::is(c, unicode::kDecimal);
}
bool is_space(char32_t c, bool ascii) {
  if (c < 128) return c == ' ' || (c >= 9 && c <= 13) || (!ascii && c >= 0x1c && c <= 0x1f);
  return !ascii && unicode::is(c, unicode::kSpace);
}

}  // namespace

bool CharSet::has_slow(char32_t c) const {
  auto plain = [this](char32_t x) {
    for (auto& [low, high] : ranges)
      if (x >= low && x <= high) return true;
    if ((classes & Digit) && is_digit(x, ascii)) return true;
    if ((classes & Space) && is_space(x, ascii)) return true;
    if ((classes & Word) && is_word(x, ascii)) return true;
    if ((negated_classes & Digit) && !is_digit(x, ascii)) return true;
    if ((negated_classes & Space) && !is_space(x, ascii)) return true;
    return (negated_classes & Word) && !is_word(x, ascii);
  };
  bool in = plain(c);
  if (!in && fold) {
    if (ascii) {
      if (c < 128) in = plain(re::fold(c, true)) || (c >= 'a' && c <= 'z' && plain(c - 32));
    } else {
      char32_t low = one_case(c, unicode::Case::Lower), up = one_case(c, unicode::Case::Upper);
      in = plain(low) || plain(up) || plain(one_case(up, unicode::Case::Lower));
    }
  }
  return in != negated;
}

void CharSet::finish() {
  for (char32_t c = 0; c < 256; c++)
    if (has_slow(c)) bitmap[c >> 6] |= uint64_t{1} << (c & 63);
}

namespace {

enum class Type : uint8_t { Empty, One, Concat, Alternate, Repeat, Group, Look, Atomic, IfGroup, BackReference, At };

struct Node {
  Type type = Type::Empty;
  Instruction one{Op::Fail};  // One, At, BackReference
  std::vector<Node> children;
  uint32_t group = 0;  // 0: does not capture
  uint32_t min = 0, max = 0;
  bool lazy = false, negative = false, behind = false;
  bool marked = false;  // Repeat: a repeat; At: an anchor that cannot be repeated

  /// The least and the greatest number of characters that match.
  void width(uint64_t& low, uint64_t& high) const {
    static constexpr uint64_t kMost = uint64_t{1} << 32;
    low = high = 0;
    auto add = [](uint64_t a, uint64_t b) { return std::min(a + b, kMost); };
    switch (type) {
      case Type::One: low = high = 1; break;
      case Type::Concat:
      case Type::Group:
      case Type::Atomic:
        for (const Node& c : children) {
          uint64_t l, h;
          c.width(l, h);
          low = add(low, l);
          high = add(high, h);
        }
        break;
      case Type::Alternate:
      case Type::IfGroup:
        low = kMost;
        for (const Node& c : children) {
          uint64_t l, h;
          c.width(l, h);
          low = std::min(low, l);
          high = std::max(high, h);
        }
        break;
      case Type::Repeat: {
        uint64_t l, h;
        children[0].width(l, h);
        low = std::min(l * min, kMost);
        high = max == kUnlimited ? (h ? kMost : 0) : std::min(h * std::min<uint64_t>(max, kMost), kMost);
        break;
      }
      case Type::BackReference: high = kMost; break;
      case Type::Empty:
      case Type::Look:
      case Type::At: break;
    }
  }
};

constexpr char32_t kEnd = 0xffffffff;
constexpr int kDeepest = 500;

struct Restart {};  // a global flag changed how the pattern is read

class Parser {
 public:
  Parser(std::u32string_view text, uint32_t flags, bool bytes, Program& out, Error& error)
      : text_(text), flags_(flags), bytes_(bytes), out_(out), error_(error) {}

  bool parse(Node& root) {
    if (!alternatives(root, flags_, 0, true)) return false;
    if (peek() == kEnd) return true;
    return fail("unbalanced parenthesis", at_);
  }

  uint32_t flags() const { return flags_; }
  bool restart() const { return restart_; }
  uint32_t groups() const { return groups_; }

 private:
  char32_t peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : kEnd; }
  bool take(char32_t c) {
    if (peek() != c) return false;
    at_++;
    return true;
  }
  bool fail(std::string message, size_t position) {
    error_ = {std::move(message), static_cast<int64_t>(position)};
    return false;
  }
  std::string slice(size_t from, size_t to) const {
    std::string out;
    for (size_t i = from; i < to && i < text_.size(); i++) utf8::append(out, text_[i]);
    return out;
  }
  bool ascii(uint32_t flags) const { return bytes_ || (flags & kAscii); }

  void skip_verbose(uint32_t flags) {
    if (!(flags & kVerbose)) return;
    for (;;) {
      char32_t c = peek();
      if (c == ' ' || (c >= 9 && c <= 13)) {
        at_++;
      } else if (c == '#') {
        while (peek() != kEnd && peek() != '\n') at_++;
      } else {
        return;
      }
    }
  }

  bool alternatives(Node& out, uint32_t flags, int depth, bool top) {
    if (depth > kDeepest) return fail("the pattern is nested too deeply", at_);
    std::vector<Node> branches;
    for (bool first = top;; first = false) {
      branches.emplace_back();
      if (!sequence(branches.back(), flags, depth, first)) return false;
      if (!take('|')) break;
    }
    if (branches.size() == 1) {
      out = std::move(branches[0]);
    } else {
      out.type = Type::Alternate;
      out.children = std::move(branches);
    }
    return true;
  }

  bool sequence(Node& out, uint32_t& flags, int depth, bool first) {
    out.type = Type::Concat;
    for (;;) {
      skip_verbose(flags);
      char32_t c = peek();
      if (c == kEnd || c == '|' || c == ')') return true;
      size_t here = at_;
      if (c == '*' || c == '+' || c == '?' || c == '{') {
        at_++;
        uint32_t min = 0, max = kUnlimited;
        if (c == '+') min = 1;
        if (c == '?') max = 1;
        if (c == '{') {
          bool literal = false;
          if (!counts(here, min, max, literal)) return false;
          if (literal) {
            out.children.push_back(literal_node('{', flags));
            continue;
          }
        }
        if (out.children.empty() || (out.children.back().type == Type::At) || out.children.back().type == Type::Empty)
          return fail("nothing to repeat", here);
        Node& last = out.children.back();
        if (last.type == Type::Repeat || (last.type == Type::Atomic && last.marked))
          return fail("multiple repeat", here);
        Node repeat;
        repeat.type = Type::Repeat;
        repeat.min = min;
        repeat.max = max;
        repeat.children.push_back(std::move(last));
        if (take('?')) {
          repeat.lazy = true;
          last = std::move(repeat);
        } else if (take('+')) {
          Node atomic;
          atomic.type = Type::Atomic;
          atomic.marked = true;
          atomic.children.push_back(std::move(repeat));
          last = std::move(atomic);
        } else {
          last = std::move(repeat);
        }
        continue;
      }
      at_++;
      Node node;
      bool skip = false;
      switch (c) {
        case '.':
          node.type = Type::One;
          node.one.op = (flags & kDotAll) ? Op::Any : Op::AnyButNewline;
          break;
        case '^':
          node.type = Type::At;
          node.one.op = (flags & kMultiLine) ? Op::BeginLine : Op::BeginText;
          break;
        case '$':
          node.type = Type::At;
          node.one.op = (flags & kMultiLine) ? Op::EndLine : Op::EndOrNewline;
          break;
        case '[':
          if (!set(node, flags, here)) return false;
          break;
        case '(':
          if (!group(node, flags, depth, here, first && out.children.empty(), skip)) return false;
          break;
        case '\\':
          if (!escape(node, flags, here)) return false;
          break;
        default: node = literal_node(c, flags);
      }
      if (!skip) out.children.push_back(std::move(node));
    }
  }

  // {m}, {m,}, {,n}, {m,n}; anything else is an ordinary brace.
  bool counts(size_t here, uint32_t& min, uint32_t& max, bool& literal) {
    if (peek() == '}') {
      literal = true;
      return true;
    }
    size_t start = at_;
    uint64_t low = 0, high = kUnlimited;
    bool has_low = false, has_high = false, comma = false;
    auto number = [&](uint64_t& n, bool& has) {
      uint64_t value = 0;
      while (peek() >= '0' && peek() <= '9') {
        value = std::min<uint64_t>(value * 10 + (peek() - '0'), kUnlimited);
        has = true;
        at_++;
      }
      if (has) n = value;
    };
    number(low, has_low);
    if (take(',')) {
      comma = true;
      number(high, has_high);
    } else {
      high = low;
    }
    if (!take('}') || (!has_low && !comma)) {
      at_ = start;
      literal = true;
      return true;
    }
    if (low >= kUnlimited || (has_high && high >= kUnlimited)) return fail("the repetition number is too large", here);
    if (high < low) return fail("min repeat greater than max repeat", here + 1);
    min = static_cast<uint32_t>(low);
    max = static_cast<uint32_t>(high);
    return true;
  }

  Node literal_node(char32_t c, uint32_t flags) {
    Node n;
    n.type = Type::One;
    n.one.op = Op::Char;
    n.one.a = c;
    if (flags & kIgnoreCase) {
      bool only = ascii(flags);
      bool cased = only ? c < 128 && ((c | 32) >= 'a' && (c | 32) <= 'z')
                        : one_case(c, unicode::Case::Lower) != c || one_case(c, unicode::Case::Upper) != c;
      if (cased) {
        n.one.op = Op::CharFold;
        n.one.ascii = only;
        n.one.a = fold(c, only);
      }
    }
    return n;
  }

  Node class_node(char32_t letter, uint32_t flags) {
    CharSet s;
    s.ascii = ascii(flags);
    add_class(s, letter);
    return set_node(std::move(s));
  }

  static void add_class(CharSet& s, char32_t letter) {
    switch (letter) {
      case 'd': s.classes |= CharSet::Digit; break;
      case 's': s.classes |= CharSet::Space; break;
      case 'w': s.classes |= CharSet::Word; break;
      case 'D': s.negated_classes |= CharSet::Digit; break;
      case 'S': s.negated_classes |= CharSet::Space; break;
      default: s.negated_classes |= CharSet::Word; break;
    }
  }

  Node set_node(CharSet s) {
    s.finish();
    Node n;
    n.type = Type::One;
    n.one.op = Op::Set;
    n.one.a = static_cast<uint32_t>(out_.sets.size());
    out_.sets.push_back(std::move(s));
    return n;
  }

  static bool is_octal(char32_t c) { return c >= '0' && c <= '7'; }
  static bool is_decimal(char32_t c) { return c >= '0' && c <= '9'; }
  static bool is_ascii_letter(char32_t c) { return c < 128 && ((c | 32) >= 'a' && (c | 32) <= 'z'); }

  // The escapes that stand for one character, the same inside and outside of sets; the backslash and the letter have
  // been read. `known` false: it is none of them.
  bool character_escape(char32_t c, size_t here, char32_t& out, bool& known) {
    known = true;
    switch (c) {
      case 'a': out = 7; return true;
      case 'f': out = 12; return true;
      case 'n': out = 10; return true;
      case 'r': out = 13; return true;
      case 't': out = 9; return true;
      case 'v': out = 11; return true;
      case '\\': out = '\\'; return true;
      case 'x':
      case 'u':
      case 'U': {
        if (c != 'x' && bytes_) break;
        size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8, got = 0;
        uint64_t value = 0;
        for (; got < digits; got++, at_++) {
          char32_t d = peek();
          uint32_t v;
          if (d >= '0' && d <= '9')
            v = d - '0';
          else if (d < 128 && (d | 32) >= 'a' && (d | 32) <= 'f')
            v = (d | 32) - 'a' + 10;
          else
            break;
          value = value * 16 + v;
        }
        if (got < digits) return fail("incomplete escape " + slice(here, at_), here);
        if (value > 0x10ffff) return fail("bad escape " + slice(here, at_), here);
        out = static_cast<char32_t>(value);
        return true;
      }
      default: break;
    }
    known = false;
    return true;
  }

  bool escape(Node& node, uint32_t flags, size_t here) {
    char32_t c = peek();
    if (c == kEnd) return fail("bad escape (end of pattern)", here);
    at_++;
    auto anchor = [&](Op op, bool only = false) {
      node.type = Type::At;
      node.one.op = op;
      node.one.ascii = only;
      return true;
    };
    switch (c) {
      case 'A': return anchor(Op::BeginText);
      case 'Z': return anchor(Op::EndText);
      case 'b': return anchor(Op::Boundary, ascii(flags));
      case 'B': return anchor(Op::NotBoundary, ascii(flags));
      case 'd':
      case 'D':
      case 's':
      case 'S':
      case 'w':
      case 'W': node = class_node(c, flags); return true;
      default: break;
    }
    char32_t value = 0;
    bool known = false;
    if (!character_escape(c, here, value, known)) return false;
    if (known) {
      node = literal_node(value, flags);
      return true;
    }
    if (c == '0') {
      for (int i = 0; i < 2 && is_octal(peek()); i++) value = value * 8 + (text_[at_++] - '0');
      node = literal_node(value, flags);
      return true;
    }
    if (is_decimal(c)) {
      uint32_t group = c - '0';
      if (is_decimal(peek())) {
        if (is_octal(c) && is_octal(peek()) && is_octal(peek(1))) {
          value = (c - '0') * 64 + (peek() - '0') * 8 + (peek(1) - '0');
          at_ += 2;
          if (value > 0377) return fail("octal escape value " + slice(here, at_) + " outside of range 0-0o377", here);
          node = literal_node(value, flags);
          return true;
        }
        group = group * 10 + (text_[at_++] - '0');
      }
      if (group > groups_) return fail("invalid group reference " + std::to_string(group), here + 1);
      return reference(node, group, flags, here);
    }
    if (is_ascii_letter(c)) return fail("bad escape " + slice(here, at_), here);
    node = literal_node(c, flags);
    return true;
  }

  bool reference(Node& node, uint32_t group, uint32_t flags, size_t here) {
    if (std::find(open_.begin(), open_.end(), group) != open_.end()) return fail("cannot refer to an open group", here);
    if (behind_from_ && group >= behind_from_)
      return fail("cannot refer to group defined in the same lookbehind subpattern", here);
    node.type = Type::BackReference;
    node.one.op = (flags & kIgnoreCase) ? Op::BackReferenceFold : Op::BackReference;
    node.one.ascii = ascii(flags);
    node.one.a = group;
    return true;
  }

  bool set(Node& node, uint32_t flags, size_t here) {
    CharSet s;
    s.ascii = ascii(flags);
    s.fold = (flags & kIgnoreCase) != 0;
    s.negated = take('^');
    size_t first = at_;
    for (;;) {
      char32_t c = peek();
      size_t start = at_;
      if (c == kEnd) return fail("unterminated character set", here);
      at_++;
      if (c == ']' && start != first) break;
      char32_t low = c;
      bool is_class = false;
      if (c == '\\' && !set_escape(s, start, low, is_class)) return false;
      if (peek() == '-') {
        at_++;
        if (peek() == kEnd) return fail("unterminated character set", here);
        if (take(']')) {
          if (!is_class) s.ranges.emplace_back(low, low);
          s.ranges.emplace_back('-', '-');
          break;
        }
        size_t second = at_;
        char32_t high = text_[at_++];
        bool high_class = false;
        if (high == '\\') {
          CharSet other;
          if (!set_escape(other, second, high, high_class)) return false;
        }
        if (is_class || high_class || high < low) return fail("bad character range " + slice(start, at_), start);
        s.ranges.emplace_back(low, high);
      } else if (!is_class) {
        s.ranges.emplace_back(low, low);
      }
    }
    node = set_node(std::move(s));
    return true;
  }

  bool set_escape(CharSet& s, size_t here, char32_t& value, bool& is_class) {
    char32_t c = peek();
    if (c == kEnd) return fail("bad escape (end of pattern)", here);
    at_++;
    if (c == 'd' || c == 'D' || c == 's' || c == 'S' || c == 'w' || c == 'W') {
      add_class(s, c);
      is_class = true;
      return true;
    }
    if (c == 'b') {
      value = 8;
      return true;
    }
    bool known = false;
    if (!character_escape(c, here, value, known)) return false;
    if (known) return true;
    if (is_octal(c)) {
      value = c - '0';
      for (int i = 0; i < 2 && is_octal(peek()); i++) value = value * 8 + (text_[at_++] - '0');
      if (value > 0377) return fail("octal escape value " + slice(here, at_) + " outside of range 0-0o377", here);
      return true;
    }
    if (is_decimal(c) || is_ascii_letter(c)) return fail("bad escape " + slice(here, at_), here);
    value = c;
    return true;
  }

  static uint32_t flag_of(char32_t c) {
    switch (c) {
      case 'i': return kIgnoreCase;
      case 'L': return kLocale;
      case 'm': return kMultiLine;
      case 's': return kDotAll;
      case 'x': return kVerbose;
      case 'a': return kAscii;
      case 'u': return kUnicode;
      default: return 0;
    }
  }

  /// A name up to `stop`.
  bool name(char32_t stop, const char* missing_stop, std::u32string& out) {
    size_t start = at_;
    while (peek() != kEnd && peek() != stop) out.push_back(text_[at_++]);
    if (peek() == kEnd) return out.empty() ? fail("missing group name", at_) : fail(missing_stop, start);
    at_++;
    if (out.empty()) return fail("missing group name", at_ - 1);
    return true;
  }

  bool check_identifier(const std::u32string& text, size_t position) {
    bool ok = unicode::is(text[0], unicode::kIdentifierStart) || text[0] == '_';
    for (char32_t c : text) ok = ok && (c == '_' || unicode::is(c, unicode::kIdentifier));
    if (ok) return true;
    std::string shown;
    for (char32_t c : text) utf8::append(shown, c);
    return fail("bad character in group name '" + shown + "'", position);
  }

  uint32_t find_name(const std::u32string& text) const {
    for (auto& [n, g] : out_.names)
      if (n == text) return g;
    return 0;
  }

  static std::string shown(const std::u32string& text) {
    std::string s = "'";
    for (char32_t c : text) utf8::append(s, c);
    return s + "'";
  }

  bool close(size_t here) { return take(')') || fail("missing ), unterminated subpattern", here); }

  bool group(Node& node, uint32_t& flags, int depth, size_t here, bool at_start, bool& skip) {
    bool capture = true;
    std::u32string group_name;
    uint32_t inner = flags;
    node.type = Type::Group;
    if (take('?')) {
      char32_t c = peek();
      if (c == kEnd) return fail("unexpected end of pattern", at_);
      at_++;
      switch (c) {
        case 'P':
          if (take('<')) {
            size_t start = at_;
            if (!name('>', "missing >, unterminated name", group_name) || !check_identifier(group_name, start))
              return false;
            if (uint32_t was = find_name(group_name)) {
              return fail("redefinition of group name " + shown(group_name) + " as group " +
                              std::to_string(groups_ + 1) + "; was group " + std::to_string(was),
                          start);
            }
            break;
          }
          if (take('=')) {
            size_t start = at_;
            std::u32string target;
            if (!name(')', "missing ), unterminated name", target) || !check_identifier(target, start)) return false;
            uint32_t g = find_name(target);
            if (!g) return fail("unknown group name " + shown(target), start);
            return reference(node, g, flags, start);
          }
          if (peek() == kEnd) return fail("unexpected end of pattern", at_);
          at_++;
          return fail("unknown extension ?P" + slice(at_ - 1, at_), here + 1);
        case ':': capture = false; break;
        case '#':
          while (peek() != kEnd && peek() != ')') at_++;
          if (!take(')')) return fail("missing ), unterminated comment", here);
          skip = true;
          return true;
        case '=':
        case '!':
        case '<': return look(node, flags, depth, here, c);
        case '(': return condition(node, flags, depth, here);
        case '>':
          node.type = Type::Atomic;
          node.children.emplace_back();
          return alternatives(node.children[0], flags, depth + 1, false) && close(here);
        default:
          if (c == '-' || flag_of(c)) {
            at_--;
            bool scoped = false;
            if (!flag_letters(flags, inner, here, at_start, scoped)) return false;
            if (!scoped) {
              skip = true;
              return true;
            }
            capture = false;
            break;
          }
          return fail("unknown extension ?" + slice(at_ - 1, at_), here + 1);
      }
    }
    if (capture) {
      node.group = ++groups_;
      open_.push_back(node.group);
      if (!group_name.empty()) out_.names.emplace_back(group_name, node.group);
    }
    node.children.emplace_back();
    if (!alternatives(node.children[0], inner, depth + 1, false) || !close(here)) return false;
    if (capture) open_.pop_back();
    return true;
  }

  bool look(Node& node, uint32_t flags, int depth, size_t here, char32_t c) {
    node.type = Type::Look;
    uint32_t outer = behind_from_;
    if (c == '<') {
      c = peek();
      if (c == kEnd) return fail("unexpected end of pattern", at_);
      at_++;
      if (c != '=' && c != '!') return fail("unknown extension ?<" + slice(at_ - 1, at_), here + 1);
      node.behind = true;
      if (!behind_from_) behind_from_ = groups_ + 1;
    }
    node.negative = c == '!';
    node.children.emplace_back();
    if (!alternatives(node.children[0], flags, depth + 1, false)) return false;
    behind_from_ = outer;
    if (!close(here)) return false;
    if (node.behind) {
      uint64_t low, high;
      node.children[0].width(low, high);
      if (low != high) {
        error_ = {"look-behind requires fixed-width pattern", -1};
        return false;
      }
      node.min = static_cast<uint32_t>(low);
    }
    return true;
  }

  bool condition(Node& node, uint32_t flags, int depth, size_t here) {
    size_t start = at_;
    std::u32string target;
    if (!name(')', "missing ), unterminated name", target)) return false;
    uint32_t g = 0;
    if (std::all_of(target.begin(), target.end(), is_decimal)) {
      for (char32_t c : target) g = std::min<uint32_t>(g * 10 + (c - '0'), 1u << 20);
      if (!g) return fail("bad group number", start);
      if (g >= 1u << 20) return fail("invalid group reference " + slice(start, at_ - 1), start);
      highest_condition_ = std::max(highest_condition_, g);
      condition_place_ = start;
    } else {
      if (!check_identifier(target, start)) return false;
      g = find_name(target);
      if (!g) return fail("unknown group name " + shown(target), start);
    }
    node.type = Type::IfGroup;
    node.group = g;
    node.children.resize(2);
    uint32_t inner = flags;
    if (!sequence(node.children[0], inner, depth + 1, false)) return false;
    if (take('|')) {
      if (!sequence(node.children[1], inner, depth + 1, false)) return false;
      if (peek() == '|') return fail("conditional backref with more than two branches", at_);
    }
    return close(here);
  }

 public:
  /// Conditions may name groups that come later: they are checked at the end.
  bool check_conditions() {
    if (highest_condition_ <= groups_) return true;
    return fail("invalid group reference " + std::to_string(highest_condition_), condition_place_);
  }

 private:
  bool flag_letters(uint32_t& flags, uint32_t& inner, size_t here, bool at_start, bool& scoped) {
    uint32_t on = 0, off = 0;
    bool minus = false;
    for (;;) {
      char32_t c = peek();
      if (c == kEnd) return fail(minus ? "missing flag" : "missing -, : or )", at_);
      at_++;
      if (c == ')' && !minus) {
        if (!at_start) return fail("global flags not at the start of the expression", here);
        if ((on & kVerbose) && !(flags & kVerbose)) restart_ = true;
        flags_ |= on;
        flags |= on;
        if (restart_) return fail("", here);
        return true;
      }
      if (c == ':') {
        if (minus && !off) return fail("missing flag", at_ - 1);
        break;
      }
      if (c == '-' && !minus) {
        minus = true;
        continue;
      }
      uint32_t f = flag_of(c);
      if (!f) {
        if (is_ascii_letter(c)) return fail("unknown flag", at_ - 1);
        return fail(minus ? (off ? "missing :" : "missing flag") : "missing -, : or )", at_ - 1);
      }
      constexpr uint32_t kTypes = kAscii | kLocale | kUnicode;
      if (f & kTypes) {
        if (minus) return fail("bad inline flags: cannot turn off flags 'a', 'u' and 'L'", at_);
        if (bytes_ && f == kUnicode) return fail("bad inline flags: cannot use 'u' flag with a bytes pattern", at_);
        if (!bytes_ && f == kLocale) return fail("bad inline flags: cannot use 'L' flag with a str pattern", at_);
        if (on & kTypes & ~f) return fail("bad inline flags: flags 'a', 'u' and 'L' are incompatible", at_);
      }
      (minus ? off : on) |= f;
    }
    if (on & off) return fail("bad inline flags: flag turned on and off", at_ - 1);
    inner = flags;
    if (on & (kAscii | kLocale | kUnicode)) inner &= ~(kAscii | kLocale | kUnicode);
    inner = (inner | on) & ~off;
    scoped = true;
    return true;
  }

  std::u32string_view text_;
  uint32_t flags_;
  bool bytes_;
  Program& out_;
  Error& error_;
  size_t at_ = 0;
  uint32_t groups_ = 0;
  std::vector<uint32_t> open_;
  uint32_t behind_from_ = 0;
  uint32_t highest_condition_ = 0;
  size_t condition_place_ = 0;
  bool restart_ = false;
};

class Emitter {
 public:
  explicit Emitter(Program& out) : out_(out) { out_.registers = out_.last_index_register() + 1; }

  void node(const Node& n) {
    switch (n.type) {
      case Type::Empty: break;
      case Type::One:
      case Type::At:
      case Type::BackReference: out_.code.push_back(n.one); break;
      case Type::Concat:
        for (const Node& c : n.children) node(c);
        break;
      case Type::Group:
        if (n.group) add(Op::Save, 2 * n.group);
        node(n.children[0]);
        if (n.group) add(Op::Close, n.group);
        break;
      case Type::Alternate: {
        std::vector<uint32_t> ends;
        for (size_t i = 0; i < n.children.size(); i++) {
          bool last = i + 1 == n.children.size();
          uint32_t split = last ? 0 : add(Op::Split);
          if (!last) out_.code[split].a = here();
          node(n.children[i]);
          if (last) break;
          ends.push_back(add(Op::Jump));
          out_.code[split].b = here();
        }
        for (uint32_t e : ends) out_.code[e].a = here();
        break;
      }
      case Type::Repeat: repeat(n); break;
      case Type::Look: {
        uint32_t look = add(n.negative ? Op::LookNot : Op::Look);
        out_.code[look].behind = n.behind;
        out_.code[look].b = n.min;
        node(n.children[0]);
        add(Op::Accept);
        out_.code[look].a = here();
        break;
      }
      case Type::Atomic: {
        uint32_t atomic = add(Op::Atomic);
        node(n.children[0]);
        add(Op::Accept);
        out_.code[atomic].a = here();
        break;
      }
      case Type::IfGroup: {
        uint32_t test = add(Op::IfGroup, n.group);
        node(n.children[0]);
        uint32_t jump = add(Op::Jump);
        out_.code[test].b = here();
        node(n.children[1]);
        out_.code[jump].a = here();
        break;
      }
    }
  }

  uint32_t add(Op op, uint32_t a = 0) {
    Instruction i{op};
    i.a = a;
    out_.code.push_back(i);
    return here() - 1;
  }

 private:
  uint32_t here() const { return static_cast<uint32_t>(out_.code.size()); }

  static const Node* single(const Node& n) {
    if (n.type == Type::One) return &n;
    if ((n.type == Type::Concat || (n.type == Type::Group && !n.group)) && n.children.size() == 1)
      return single(n.children[0]);
    return nullptr;
  }

  void split(uint32_t at, uint32_t inside, uint32_t behind, bool lazy) {
    out_.code[at].a = lazy ? behind : inside;
    out_.code[at].b = lazy ? inside : behind;
  }

  void repeat(const Node& n) {
    const Node& body = n.children[0];
    if (const Node* one = single(body)) {
      uint32_t at = add(Op::RepeatOne);
      out_.code[at].min = n.min;
      out_.code[at].max = n.max;
      out_.code[at].lazy = n.lazy;
      out_.code.push_back(one->one);
      return;
    }
    if (n.max == 0) return;
    if (n.max == 1) {
      if (n.min == 1) return node(body);
      uint32_t at = add(Op::Split);
      node(body);
      split(at, at + 1, here(), n.lazy);
      return;
    }
    uint64_t low, high;
    body.width(low, high);
    if (low > 0 && n.max == kUnlimited && n.min <= 1) {
      if (n.min == 1) {
        uint32_t start = here();
        node(body);
        uint32_t at = add(Op::Split);
        split(at, start, here(), n.lazy);
      } else {
        uint32_t at = add(Op::Split);
        node(body);
        add(Op::Jump, at);
        split(at, at + 1, here(), n.lazy);
      }
      return;
    }
    uint32_t reg = out_.registers;
    out_.registers += 2;
    add(Op::LoopInit, reg);
    uint32_t jump = add(Op::Jump);
    uint32_t enter = add(Op::LoopEnter, reg);
    node(body);
    out_.code[jump].a = here();
    uint32_t loop = add(Op::Loop, reg);
    out_.code[loop].b = enter;
    out_.code[loop].min = n.min;
    out_.code[loop].max = n.max;
    out_.code[loop].lazy = n.lazy;
  }

  Program& out_;
};

// The characters below 256 that a match of the node can begin with. False: it may be empty or is not known;
// `known` false: nothing is known.
bool first_of(const Program& p, const Node& n, uint64_t* bits, bool& known) {
  switch (n.type) {
    case Type::One:
      for (char32_t c = 0; c < 256; c++) {
        bool in = false;
        switch (n.one.op) {
          case Op::Char: in = c == n.one.a; break;
          case Op::CharFold: in = fold(c, n.one.ascii) == n.one.a; break;
          case Op::Set: in = p.sets[n.one.a].has(c); break;
          case Op::AnyButNewline: in = c != '\n'; break;
          default: in = true;
        }
        if (in) bits[c >> 6] |= uint64_t{1} << (c & 63);
      }
      return true;
    case Type::Concat:
    case Type::Group:
    case Type::Atomic:
      for (const Node& c : n.children)
        if (first_of(p, c, bits, known) || !known) return known;
      return false;
    case Type::Alternate: {
      bool all = true;
      for (const Node& c : n.children) all = first_of(p, c, bits, known) && all;
      return all;
    }
    case Type::Repeat:
      if (n.max == 0) return false;
      return first_of(p, n.children[0], bits, known) && n.min > 0;
    case Type::Empty:
    case Type::Look:
    case Type::At: return false;
    case Type::IfGroup:
    case Type::BackReference: known = false; return false;
  }
  return false;
}

}  // namespace

bool compile(std::u32string_view pattern, uint32_t flags, bool bytes, Program& out, Error& error) {
  Node root;
  for (;;) {
    out = Program();
    root = Node();
    Parser parser(pattern, flags, bytes, out, error);
    if (parser.parse(root) && parser.check_conditions()) {
      out.flags = parser.flags();
      out.groups = parser.groups();
      break;
    }
    if (!parser.restart()) return false;
    flags = parser.flags();
  }
  if (!bytes && !(out.flags & kAscii)) out.flags |= kUnicode;
  Emitter emitter(out);
  emitter.node(root);
  emitter.add(Op::Accept);
  bool known = true;
  out.has_first = first_of(out, root, out.first, known) && known;
  const Node* head = &root;
  while ((head->type == Type::Concat || head->type == Type::Group) && !head->children.empty())
    head = &head->children[0];
  out.anchored = head->type == Type::At && head->one.op == Op::BeginText;
  return true;
}

}  // namespace tsvm::re
