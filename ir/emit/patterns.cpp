// The match statement. Literals, names and alternatives of literals are tested in place; other patterns become values
// that an object of the language matches (stdlib/python/_match.ts), which gives what their names stand for.
#include <algorithm>
#include <vector>

#include "ir/emit/emitter.h"

namespace tsvm::ir {

namespace {

/// The names that a pattern binds, in order, each once.
void collect_names(const ast::Aux* p, std::vector<Identifier>& out) {
  auto add = [&](Identifier name) {
    if (!name.empty() && std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
  };
  switch (p->kind) {
    case ast::NodeKind::kMatchSequence:
      for (const ast::Aux* c : p->cast<ast::MatchSequence>()->patterns) collect_names(c, out);
      return;
    case ast::NodeKind::kMatchOr:
      for (const ast::Aux* c : p->cast<ast::MatchOr>()->patterns) collect_names(c, out);
      return;
    case ast::NodeKind::kMatchMapping:
      for (const ast::Aux* c : p->cast<ast::MatchMapping>()->patterns) collect_names(c, out);
      return add(p->cast<ast::MatchMapping>()->rest);
    case ast::NodeKind::kMatchClass:
      for (const ast::Aux* c : p->cast<ast::MatchClass>()->patterns) collect_names(c, out);
      for (const ast::Aux* c : p->cast<ast::MatchClass>()->kwd_patterns) collect_names(c, out);
      return;
    case ast::NodeKind::kMatchStar: return add(p->cast<ast::MatchStar>()->name);
    case ast::NodeKind::kMatchAs:
      if (p->cast<ast::MatchAs>()->pattern != nullptr) collect_names(p->cast<ast::MatchAs>()->pattern, out);
      return add(p->cast<ast::MatchAs>()->name);
    default: return;
  }
}

/// Tested without help: nothing is taken apart.
bool is_plain(const ast::Aux* p) {
  if (const auto* as = p->as<ast::MatchAs>()) return as->pattern == nullptr || is_plain(as->pattern);
  if (const auto* either = p->as<ast::MatchOr>()) {
    return std::all_of(either->patterns.begin(), either->patterns.end(), [](const ast::Aux* c) {
      std::vector<Identifier> names;
      collect_names(c, names);
      return names.empty() && is_plain(c);
    });
  }
  return p->is<ast::MatchValue>() || p->is<ast::MatchSingleton>();
}

}  // namespace

void FunctionEmitter::match_statement(const ast::Match& s) {
  ValueId subject = value(s.subject);
  BlockId after = block();
  for (const ast::MatchCase* c : s.cases) {
    if (!live()) break;
    BlockId next = block();
    match_pattern(c->pattern, subject, next);
    if (c->guard != nullptr && live()) {
      BlockId then = block();
      SourceRange range = c->guard->range;
      branch_on(c->guard, then, next, range);
      ssa_.enter(then);
    }
    body(c->body);
    if (live()) ssa_.jump(after);
    ssa_.enter(next);
  }
  if (live()) ssa_.jump(after);
  ssa_.enter(after);
}

// Goes on here when the pattern matches, its names bound; else at `fail`.
void FunctionEmitter::match_pattern(const ast::Aux* p, ValueId subject, BlockId fail) {
  auto go_on_if = [&](ValueId condition) {
    BlockId matched = block();
    ssa_.branch(emit(p->range, Opcode::Truth, {condition}), matched, fail);
    ssa_.enter(matched);
  };
  if (is_plain(p)) {
    switch (p->kind) {
      case ast::NodeKind::kMatchValue: {
        ValueId v = value(p->cast<ast::MatchValue>()->value);
        return go_on_if(emit(p->range, Opcode::Compare, {subject, v}, CompareOp::Eq));
      }
      case ast::NodeKind::kMatchSingleton: {
        at(p->range);
        ValueId v = ssa_.builder.constant(to_constant(p->cast<ast::MatchSingleton>()->value));
        return go_on_if(emit(p->range, Opcode::Compare, {subject, v}, CompareOp::Is));
      }
      case ast::NodeKind::kMatchAs: {
        const auto* as = p->cast<ast::MatchAs>();
        if (as->pattern != nullptr) match_pattern(as->pattern, subject, fail);
        if (!as->name.empty() && live()) store_name(as->name, subject, p->range);
        return;
      }
      default: {
        BlockId matched = block();
        for (const ast::Aux* c : p->cast<ast::MatchOr>()->patterns) {
          BlockId next = block();
          match_pattern(c, subject, next);
          if (live()) ssa_.jump(matched);
          ssa_.enter(next);
        }
        if (live()) ssa_.jump(fail);
        return ssa_.enter(matched);
      }
    }
  }
  ValueId nothing = none();
  ValueId module = emit(p->range, Opcode::ImportName, {nothing, integer(0)}, m_.module->intern("_match"));
  ValueId function = emit(p->range, Opcode::LoadAttr, {module}, m_.module->intern("match"));
  ValueId description = pattern_value(p);
  ValueId found = call(p->range, function, {subject, description});
  go_on_if(emit(p->range, Opcode::Compare, {found, none()}, CompareOp::IsNot));
  std::vector<Identifier> names;
  collect_names(p, names);
  for (Identifier name : names) {
    at(p->range);
    store_name(name, emit(p->range, Opcode::LoadItem, {found, text(name)}), p->range);
  }
}

// A pattern as a tuple whose first item says what it is: see _match.ts.
ValueId FunctionEmitter::pattern_value(const ast::Aux* p) {
  auto tuple = [&](std::span<const ValueId> items) { return emit(p->range, Opcode::MakeTuple, items); };
  auto all = [&](const ast::List<ast::Aux*>& list) {
    std::vector<ValueId> items;
    for (const ast::Aux* c : list) items.push_back(pattern_value(c));
    return tuple(items);
  };
  auto name_or_none = [&](Identifier name) { return name.empty() ? none() : text(name); };
  auto made = [&](int64_t what, std::vector<ValueId> rest) {
    at(p->range);
    rest.insert(rest.begin(), integer(what));
    return tuple(rest);
  };
  at(p->range);
  switch (p->kind) {
    case ast::NodeKind::kMatchValue: return made(0, {value(p->cast<ast::MatchValue>()->value)});
    case ast::NodeKind::kMatchSingleton:
      return made(1, {ssa_.builder.constant(to_constant(p->cast<ast::MatchSingleton>()->value))});
    case ast::NodeKind::kMatchAs: {
      const auto* as = p->cast<ast::MatchAs>();
      ValueId inner = as->pattern != nullptr ? pattern_value(as->pattern) : none();
      at(p->range);
      return made(2, {inner, name_or_none(as->name)});
    }
    case ast::NodeKind::kMatchOr: return made(3, {all(p->cast<ast::MatchOr>()->patterns)});
    case ast::NodeKind::kMatchSequence: return made(4, {all(p->cast<ast::MatchSequence>()->patterns)});
    case ast::NodeKind::kMatchMapping: {
      const auto* m = p->cast<ast::MatchMapping>();
      std::vector<ValueId> keys;
      for (const ast::Expr* key : m->keys) keys.push_back(value(key));
      ValueId key_tuple = tuple(keys), patterns = all(m->patterns);
      at(p->range);
      return made(5, {key_tuple, patterns, name_or_none(m->rest)});
    }
    case ast::NodeKind::kMatchClass: {
      const auto* c = p->cast<ast::MatchClass>();
      ValueId cls = value(c->cls);
      std::vector<ValueId> names;
      at(p->range);
      for (Identifier name : c->kwd_attrs) names.push_back(text(name));
      ValueId patterns = all(c->patterns), name_tuple = tuple(names), keyword_patterns = all(c->kwd_patterns);
      return made(6, {cls, patterns, name_tuple, keyword_patterns});
    }
    case ast::NodeKind::kMatchStar: return made(7, {name_or_none(p->cast<ast::MatchStar>()->name)});
    default: TSVM_UNREACHABLE("a pattern that is none");
  }
}

}  // namespace tsvm::ir
