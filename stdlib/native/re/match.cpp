// The matcher: runs a Program with an explicit stack of choices, so that no pattern or text can exhaust the C++ stack
// (only lookarounds and atomic groups recurse, as deep as they are nested in the pattern).
#include "stdlib/native/re/program.h"

#include <algorithm>
#include <cstring>

namespace tsvm::re {
namespace {

enum class Kind : uint8_t { Choice, Undo, Greedy, Lazy };

struct Entry {
  Kind kind;
  uint32_t at;    // the instruction to go on with; Undo: the register
  int64_t value;  // position; Undo: the old value
  int64_t bound;  // Greedy: the least position; Lazy: how many more times
};

template <class C>
class Matcher {
 public:
  Matcher(const Program& p, const C* text, int64_t end, std::vector<int64_t>& registers, bool (*poll)(void*),
          void* context)
      : p_(p), text_(text), end_(end), r_(registers), poll_(poll), context_(context) {}

  bool stopped() const { return stopped_; }

  bool start(int64_t begin, bool to_end, int64_t not_empty_at) {
    to_end_ = to_end;
    not_empty_at_ = not_empty_at;
    std::fill(r_.begin(), r_.end(), -1);
    r_[0] = begin;
    stack_.clear();
    int64_t pos = begin;
    if (!run(0, pos, true)) return false;
    r_[1] = pos;
    return true;
  }

 private:
  void set(uint32_t reg, int64_t value) {
    stack_.push_back({Kind::Undo, reg, r_[reg], 0});
    r_[reg] = value;
  }

  bool one(const Instruction& i, C c) const {
    switch (i.op) {
      case Op::Char: return static_cast<char32_t>(c) == i.a;
      case Op::CharFold: return fold(c, i.ascii) == i.a;
      case Op::AnyButNewline: return c != '\n';
      case Op::Any: return true;
      case Op::Set: return p_.sets[i.a].has(c);
      default: return false;
    }
  }

  /// How often the one-character instruction matches from pos on, up to `most` times.
  int64_t run_of(const Instruction& i, int64_t pos, int64_t most) const {
    int64_t stop = most > end_ - pos ? end_ : pos + most, at = pos;
    switch (i.op) {
      case Op::Any: return stop - pos;
      case Op::Char:
        while (at < stop && static_cast<char32_t>(text_[at]) == i.a) at++;
        break;
      case Op::AnyButNewline:
        while (at < stop && text_[at] != '\n') at++;
        break;
      case Op::Set: {
        const CharSet& set = p_.sets[i.a];
        while (at < stop && set.has(text_[at])) at++;
        break;
      }
      default:
        while (at < stop && one(i, text_[at])) at++;
    }
    return at - pos;
  }

  bool boundary(int64_t pos, bool ascii) const {
    bool before = pos > 0 && is_word(text_[pos - 1], ascii);
    bool after = pos < end_ && is_word(text_[pos], ascii);
    return before != after;
  }

  bool same_text(int64_t from, int64_t to, int64_t pos, const Instruction& i) const {
    if (end_ - pos < to - from) return false;
    for (int64_t k = from; k < to; k++, pos++) {
      if (text_[k] == text_[pos]) continue;
      if (i.op != Op::BackReferenceFold || fold(text_[k], i.ascii) != fold(text_[pos], i.ascii)) return false;
    }
    return true;
  }

  /// Drops the choices above `base` and keeps what restores registers.
  void commit(size_t base) {
    size_t to = base;
    for (size_t i = base; i < stack_.size(); i++)
      if (stack_[i].kind == Kind::Undo) stack_[to++] = stack_[i];
    stack_.resize(to);
  }

  void undo_to(size_t base) {
    while (stack_.size() > base) {
      if (stack_.back().kind == Kind::Undo) r_[stack_.back().at] = stack_.back().value;
      stack_.pop_back();
    }
  }

  /// Runs from `pc` to an Accept. False: no match, and the stack is as it was.
  bool run(uint32_t pc, int64_t& pos, bool top) {
    size_t base = stack_.size();
    for (;;) {
      const Instruction& i = p_.code[pc];
      switch (i.op) {
        case Op::Char:
          if (pos < end_ && static_cast<char32_t>(text_[pos]) == i.a) {
            pos++;
            pc++;
            continue;
          }
          break;
        case Op::CharFold:
        case Op::AnyButNewline:
        case Op::Any:
        case Op::Set:
          if (pos < end_ && one(i, text_[pos])) {
            pos++;
            pc++;
            continue;
          }
          break;
        case Op::Split:
          stack_.push_back({Kind::Choice, i.b, pos, 0});
          pc = i.a;
          continue;
        case Op::Jump: pc = i.a; continue;
        case Op::Save:
          set(i.a, pos);
          pc++;
          continue;
        case Op::Close:
          set(2 * i.a + 1, pos);
          set(p_.last_index_register(), i.a);
          pc++;
          continue;
        case Op::BeginText:
          if (pos != 0) break;
          pc++;
          continue;
        case Op::BeginLine:
          if (pos != 0 && text_[pos - 1] != '\n') break;
          pc++;
          continue;
        case Op::EndText:
          if (pos != end_) break;
          pc++;
          continue;
        case Op::EndOrNewline:
          if (pos != end_ && !(pos == end_ - 1 && text_[pos] == '\n')) break;
          pc++;
          continue;
        case Op::EndLine:
          if (pos != end_ && text_[pos] != '\n') break;
          pc++;
          continue;
        case Op::Boundary:
          if (!boundary(pos, i.ascii)) break;
          pc++;
          continue;
        case Op::NotBoundary:
          if (end_ == 0 || boundary(pos, i.ascii)) break;  // CPython: \B does not match in an empty text
          pc++;
          continue;
        case Op::BackReference:
        case Op::BackReferenceFold: {
          int64_t from = r_[2 * i.a], to = r_[2 * i.a + 1];
          if (from < 0 || to < from || !same_text(from, to, pos, i)) break;
          pos += to - from;
          pc++;
          continue;
        }
        case Op::Look: {
          int64_t at = i.behind ? pos - i.b : pos;
          size_t mark = stack_.size();
          if (at < 0 || !run(pc + 1, at, false)) break;
          commit(mark);
          pc = i.a;
          continue;
        }
        case Op::LookNot: {
          int64_t at = i.behind ? pos - i.b : pos;
          size_t mark = stack_.size();
          if (at >= 0 && run(pc + 1, at, false)) {
            undo_to(mark);
            break;
          }
          if (stopped_) break;
          pc = i.a;
          continue;
        }
        case Op::Atomic: {
          size_t mark = stack_.size();
          if (!run(pc + 1, pos, false)) break;
          commit(mark);
          pc = i.a;
          continue;
        }
        case Op::IfGroup: pc = r_[2 * i.a] >= 0 && r_[2 * i.a + 1] >= 0 ? pc + 1 : i.b; continue;
        case Op::RepeatOne: {
          const Instruction& body = p_.code[pc + 1];
          int64_t least = i.min, most = i.max == kUnlimited ? INT64_MAX : i.max;
          if (least > end_ - pos) break;
          int64_t n = run_of(body, pos, i.lazy ? least : most);
          if (n < least) break;
          if (i.lazy) {
            if (most > n) stack_.push_back({Kind::Lazy, pc, pos + n, most - n});
          } else if (n > least) {
            stack_.push_back({Kind::Greedy, pc + 2, pos + n, pos + least});
          }
          pos += n;
          pc += 2;
          continue;
        }
        case Op::LoopInit:
          set(i.a, 0);
          set(i.a + 1, -1);
          pc++;
          continue;
        case Op::LoopEnter:
          set(i.a, r_[i.a] + 1);
          set(i.a + 1, pos);
          pc++;
          continue;
        case Op::Loop: {
          int64_t count = r_[i.a];
          if (count < static_cast<int64_t>(i.min)) {
            set(i.a, count + 1);
            pc = i.b + 1;
            continue;
          }
          bool more = (i.max == kUnlimited || count < static_cast<int64_t>(i.max)) && r_[i.a + 1] != pos;
          if (more) stack_.push_back({Kind::Choice, i.lazy ? i.b : pc + 1, pos, 0});
          pc = more && !i.lazy ? i.b : pc + 1;
          continue;
        }
        case Op::Fail: break;
        case Op::Accept:
          if (!top || ((!to_end_ || pos == end_) && pos != not_empty_at_)) return true;
          break;
      }
      if (!go_back(base, pc, pos)) return false;
    }
  }

  bool go_back(size_t base, uint32_t& pc, int64_t& pos) {
    if ((++steps_ & 0xffff) == 0 && poll_ && !poll_(context_)) stopped_ = true;
    if (stopped_) {
      undo_to(base);
      return false;
    }
    while (stack_.size() > base) {
      Entry& e = stack_.back();
      switch (e.kind) {
        case Kind::Undo:
          r_[e.at] = e.value;
          stack_.pop_back();
          continue;
        case Kind::Choice:
          pc = e.at;
          pos = e.value;
          stack_.pop_back();
          return true;
        case Kind::Greedy: {
          pc = e.at;
          int64_t at = e.value - 1;
          const Instruction& next = p_.code[pc];
          if (next.op == Op::Char)  // only where the character that follows is there
            while (at >= e.bound && (at >= end_ || static_cast<char32_t>(text_[at]) != next.a)) at--;
          if (at < e.bound) {
            stack_.pop_back();
            continue;
          }
          e.value = pos = at;
          if (at == e.bound) stack_.pop_back();
          return true;
        }
        case Kind::Lazy: {
          if (e.value >= end_ || !one(p_.code[e.at + 1], text_[e.value])) {
            stack_.pop_back();
            continue;
          }
          pc = e.at + 2;
          pos = ++e.value;
          if (--e.bound == 0) stack_.pop_back();
          return true;
        }
      }
    }
    return false;
  }

  const Program& p_;
  const C* text_;
  int64_t end_;
  std::vector<int64_t>& r_;
  std::vector<Entry> stack_;
  bool to_end_ = false;
  int64_t not_empty_at_ = -1;
  uint64_t steps_ = 0;
  bool (*poll_)(void*);
  void* context_;
  bool stopped_ = false;
};

template <class C>
Outcome find(const Program& p, const C* text, int64_t begin, int64_t end, Mode mode, bool not_empty,
             std::vector<int64_t>& registers, bool (*poll)(void*), void* context) {
  registers.resize(p.registers);
  Matcher<C> m(p, text, end, registers, poll, context);
  int64_t last = mode == Mode::Search && !(p.anchored && begin == 0) ? end : begin;
  if (p.anchored && begin > 0 && mode == Mode::Search) return Outcome::No;
  const Instruction& head = p.code[0];
  for (int64_t at = begin; at <= last; at++) {
    if (mode == Mode::Search && p.has_first) {
      if constexpr (sizeof(C) == 1) {
        if (head.op == Op::Char) {
          if (at >= end) return Outcome::No;
          const void* hit =
              head.a < 256 ? std::memchr(text + at, static_cast<int>(head.a), static_cast<size_t>(end - at)) : nullptr;
          if (!hit) return Outcome::No;
          at = static_cast<const C*>(hit) - text;
        }
      }
      while (at < end && text[at] < 256 && !((p.first[text[at] >> 6] >> (text[at] & 63)) & 1)) at++;
      if (at >= end) return Outcome::No;
    }
    if (m.start(at, mode == Mode::FullMatch, not_empty ? begin : -1)) return Outcome::Yes;
    if (m.stopped()) return Outcome::Stopped;
  }
  return Outcome::No;
}

}  // namespace

Outcome match(const Program& program, const Text& text, int64_t begin, int64_t end, Mode mode, bool not_empty_at_begin,
              std::vector<int64_t>& registers, bool (*poll)(void* context), void* context) {
  if (begin > end) return Outcome::No;
  if (text.wide) return find(program, text.wide, begin, end, mode, not_empty_at_begin, registers, poll, context);
  return find(program, text.bytes, begin, end, mode, not_empty_at_begin, registers, poll, context);
}

}  // namespace tsvm::re
