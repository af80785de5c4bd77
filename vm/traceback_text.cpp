// The text of uncaught exceptions, as CPython 3.11 writes it.
#include <algorithm>

#include "base/arena.h"
#include "base/utf8.h"
#include "parser/parser.h"
#include "vm/make.h"
#include "vm/runtime.h"
#include "vm/traceback.h"

namespace tsvm::vm {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f'; }

// Where a binary operator, or the brackets of a subscript, stand in an expression: [left, right) in bytes.
bool find_anchors(std::string_view segment, size_t& left, size_t& right) {
  SourceFile file("<anchors>", std::string(segment));
  Arena arena;
  NameTable names;
  ExpressionResult parsed = parse_expression(file, arena, names);
  if (!parsed.expression) return false;
  if (auto* e = parsed.expression->as<ast::BinOp>()) {
    size_t end = e->right->range.begin;
    for (size_t i = e->left->range.end; i < end; i++) {
      if (is_blank(segment[i]) || segment[i] == ')' || segment[i] == '\\') continue;
      left = i;
      right = i + 1;
      if (right < end && !is_blank(segment[right]) && segment[right] != '(') right++;
      return true;
    }
    return false;
  }
  if (auto* e = parsed.expression->as<ast::Subscript>()) {
    left = e->value->range.end;
    right = e->slice->range.end + 1;
    return right <= segment.size() + 1;
  }
  return false;
}

// The part of a method call in front of its arguments: what is marked when there is no such method.
SourceRange callee_range(const SourceFile& source, SourceRange call) {
  std::string_view text = source.slice(call);
  size_t parenthesis = text.size();  // the last one that opens outside of all others
  int depth = 0;
  for (size_t i = 0; i < text.size(); i++) {
    char c = text[i];
    if (c == '#') {
      while (i + 1 < text.size() && text[i + 1] != '\n') i++;
    } else if (c == '"' || c == '\'') {
      bool triple = text.substr(i, 3) == std::string(3, c);
      size_t width = triple ? 3 : 1;
      i += width;
      while (i < text.size() && text.substr(i, width) != std::string(width, c)) i += text[i] == '\\' ? 2 : 1;
      i += width - 1;
    } else if (c == '(' || c == '[' || c == '{') {
      if (depth++ == 0 && c == '(') parenthesis = i;
    } else if (c == ')' || c == ']' || c == '}') {
      depth--;
    }
  }
  while (parenthesis > 0 && (is_blank(text[parenthesis - 1]) || text[parenthesis - 1] == '\n')) parenthesis--;
  return {call.begin, call.begin + static_cast<uint32_t>(parenthesis)};
}

// The marks below a line that shows `range`; empty: none.
std::string marks_below(const SourceFile& source, SourceRange range, std::string_view line, size_t indent) {
  LineColumn begin = source.locate(range.begin), end = source.locate(range.end);
  size_t from = begin.column, to = end.column;
  size_t left = 0, right = 0;
  bool anchored = false;
  std::string_view trimmed = line;
  while (!trimmed.empty() && (is_blank(trimmed.back()) || trimmed.back() == '\r')) trimmed.remove_suffix(1);
  if (begin.line == end.line) {
    if (from >= to || to > line.size()) return {};
    anchored = find_anchors(line.substr(from, to - from), left, right);
  } else {
    to = trimmed.size();
    if (from >= to) return {};
  }
  if (from < indent) from = indent;
  if (!anchored && from == indent && to == trimmed.size()) return {};
  std::string out(utf8::count(line.substr(indent, from - indent)), ' ');
  if (!anchored) {
    out.append(utf8::count(line.substr(from, to - from)), '^');
  } else {
    std::string_view segment = line.substr(from, to - from);
    right = std::min(right, segment.size());
    out.append(utf8::count(segment.substr(0, left)), '~');
    out.append(utf8::count(segment.substr(left, right - left)), '^');
    out.append(utf8::count(segment.substr(right)), '~');
  }
  return out;
}

std::string attribute_text(VM& vm, Value object, std::string_view name) {
  Ref key(Value::object(vm.intern(name)));
  Ref v(get_attr_or_unbound(vm, object, as<Str>(*key)));
  if (v.is_error()) clear_pending(vm);
  return is_str(*v) ? std::string(text_of(*v)) : std::string();
}

int64_t attribute_int(VM& vm, Value object, std::string_view name, int64_t fallback) {
  Ref key(Value::object(vm.intern(name)));
  Ref v(get_attr_or_unbound(vm, object, as<Str>(*key)));
  if (v.is_error()) clear_pending(vm);
  return v->is_int() ? v->i : fallback;
}

// The place of a syntax error, the line and a mark.
void append_syntax_place(VM& vm, Value e, std::string& out) {
  int64_t line = attribute_int(vm, e, "lineno", -1);
  if (line < 0) return;
  std::string file = attribute_text(vm, e, "filename");
  out += "  File \"" + (file.empty() ? "<string>" : file) + "\", line " + std::to_string(line) + "\n";
  std::string text = attribute_text(vm, e, "text");
  if (text.empty()) return;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  size_t indent = 0;
  while (indent < text.size() && is_blank(text[indent])) indent++;
  out += "    " + text.substr(indent) + "\n";
  int64_t offset = attribute_int(vm, e, "offset", -1), end = attribute_int(vm, e, "end_offset", -1);
  int64_t end_line = attribute_int(vm, e, "end_lineno", line);
  if (offset < 1) return;
  // Offsets count characters from 1.
  int64_t length = static_cast<int64_t>(utf8::count(text));
  if (end_line > line) end = length + 1;
  if (end <= offset || end < 1) end = offset + 1;
  int64_t start = std::max<int64_t>(offset - 1 - static_cast<int64_t>(indent), 0);
  int64_t count = std::max<int64_t>(end - std::max<int64_t>(offset, static_cast<int64_t>(indent) + 1), 1);
  out += "    " + std::string(static_cast<size_t>(start), ' ') + std::string(static_cast<size_t>(count), '^') + "\n";
}

std::string type_text(Type* type) {
  std::string out;
  std::string_view module = is_str(type->module) ? text_of(type->module) : std::string_view();
  if (!module.empty() && module != "builtins" && module != "__main__") out = std::string(module) + ".";
  return out + std::string(type->qualified_name->view());
}

// --- suggestions ---

constexpr int kMoveCost = 2, kCaseCost = 1;

int substitution_cost(char a, char b) {
  if (a == b) return 0;
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return lower(a) == lower(b) ? kCaseCost : kMoveCost;
}

int distance(std::string_view a, std::string_view b, int limit) {
  while (!a.empty() && !b.empty() && a.front() == b.front()) {
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  while (!a.empty() && !b.empty() && a.back() == b.back()) {
    a.remove_suffix(1);
    b.remove_suffix(1);
  }
  if (a.empty() || b.empty()) return static_cast<int>(a.size() + b.size()) * kMoveCost;
  if (a.size() > b.size()) std::swap(a, b);
  if (static_cast<int>(b.size() - a.size()) * kMoveCost > limit) return limit + 1;
  std::vector<int> row(a.size());
  for (size_t i = 0; i < a.size(); i++) row[i] = static_cast<int>(i + 1) * kMoveCost;
  int result = 0;
  for (size_t j = 0; j < b.size(); j++) {
    int diagonal = static_cast<int>(j) * kMoveCost;
    result = diagonal;
    int least = INT32_MAX;
    for (size_t i = 0; i < a.size(); i++) {
      int substituted = diagonal + substitution_cost(b[j], a[i]);
      diagonal = row[i];
      int moved = std::min(result, diagonal) + kMoveCost;
      result = std::min(substituted, moved);
      row[i] = result;
      least = std::min(least, result);
    }
    if (least > limit) return limit + 1;
  }
  return result;
}

std::string closest(std::string_view name, const std::vector<std::string>& candidates) {
  if (candidates.size() >= 750) return {};
  int best = INT32_MAX;
  std::string found;
  for (const std::string& c : candidates) {
    if (c == name) continue;
    int limit = static_cast<int>(c.size() + name.size() + 3) * kMoveCost / 6;
    limit = std::min(limit, best - 1);
    int d = distance(name, c, limit);
    if (d > limit) continue;
    if (found.empty() || d < best) {
      found = c;
      best = d;
    }
  }
  return found;
}

void add_keys(Dict* d, std::vector<std::string>& out) {
  uint32_t position = 0;
  while (DictEntry* e = dict_next(d, position))
    if (is_str(e->key)) out.emplace_back(text_of(e->key));
}

// " Did you mean: 'x'?", or nothing.
std::string suggestion(VM& vm, Value exception) {
  auto* e = as<Exception>(exception);
  Type* type = e->type;
  if (type == vm.types.NameError) {
    std::string name = attribute_text(vm, exception, "name");
    if (name.empty() || !is_kind(e->traceback, Kind::Native)) return {};
    auto* tb = as<Traceback>(e->traceback);
    while (!tb->next.is_none()) tb = as<Traceback>(tb->next);
    std::vector<std::string> candidates;
    const Code& code = *tb->state->code;
    for (uint32_t n : code.local_names) candidates.push_back(code.names[n]);
    std::string found = closest(name, candidates);
    if (found.empty()) {
      candidates.clear();
      add_keys(as<Module>(tb->function->module)->dict, candidates);
      found = closest(name, candidates);
    }
    if (found.empty()) {
      candidates.clear();
      add_keys(vm.builtins, candidates);
      for (const char* literal : {"None", "True", "False"}) candidates.emplace_back(literal);
      found = closest(name, candidates);
    }
    return found.empty() ? std::string() : ". Did you mean: '" + found + "'?";
  }
  if (type == vm.types.AttributeError) {
    std::string name = attribute_text(vm, exception, "name");
    if (name.empty()) return {};
    Ref key(Value::object(vm.intern("obj")));
    Ref object(get_attr_or_unbound(vm, exception, as<Str>(*key)));
    if (object.is_error()) clear_pending(vm);
    if (object->is_unbound() || object->is_error() || object->is_none()) return {};
    Value dir = dict_get_borrow(vm.builtins, vm.name("dir"));
    if (dir.is_unbound()) return {};
    Ref names(call(vm, dir, {*object}));
    if (!is_kind(*names, Kind::List)) {
      clear_pending(vm);
      return {};
    }
    std::vector<std::string> candidates;
    for (uint64_t i = 0; i < as<List>(*names)->size; i++) {
      Ref item(list_get(as<List>(*names), i));
      if (is_str(*item)) candidates.emplace_back(text_of(*item));
    }
    std::string found = closest(name, candidates);
    return found.empty() ? std::string() : ". Did you mean: '" + found + "'?";
  }
  return {};
}

/// How deep in groups of exceptions what is written stands: each has a margin of its own.
struct Margin {
  static constexpr uint32_t kMaxDepth = 10, kMaxMembers = 15;
  uint32_t depth = 0;
  bool needs_close = false;

  std::string indent() const { return std::string(2 * depth, ' '); }
  void put(std::string& out, std::string_view text, char mark = '|') const {
    if (!depth) {
      out += text;
      return;
    }
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
      out += indent();
      out += {mark, ' '};
      out += text.substr(0, end);
      text.remove_prefix(end);
    }
  }
};

void append_chain(VM& vm, Value exception, std::vector<Object*>& seen, Margin& margin, std::string& out);

void append_group(VM& vm, Exception* e, std::vector<Object*>& seen, Margin& margin, std::string& out) {
  if (margin.depth > Margin::kMaxDepth)
    return margin.put(out, "... (max_group_depth is " + std::to_string(Margin::kMaxDepth) + ")\n");
  const bool outermost = margin.depth == 0;
  if (outermost) margin.depth = 1;
  if (!e->traceback.is_none()) {
    margin.put(out, "Exception Group Traceback (most recent call last):\n", outermost ? '+' : '|');
    margin.put(out, format_traceback(vm, e->traceback));
  }
  margin.put(out, format_exception_only(vm, Value::object(e)));
  Ref key(Value::object(vm.intern("exceptions")));
  Ref members(get_attr_or_unbound(vm, Value::object(e), as<Str>(*key)));
  if (members.is_error()) clear_pending(vm);
  const uint32_t size = is_kind(*members, Kind::Tuple) ? as<Tuple>(*members)->size : 0;
  const uint32_t shown = std::min(size, Margin::kMaxMembers + 1);
  margin.needs_close = false;
  for (uint32_t i = 0; i < shown; i++) {
    const bool last = i + 1 == shown, rest = i >= Margin::kMaxMembers;
    if (last) margin.needs_close = true;
    out += margin.indent() + (i ? "  " : "+-") + "+---------------- " + (rest ? "..." : std::to_string(i + 1)) +
           " ----------------\n";
    margin.depth++;
    if (rest) {
      const uint32_t more = size - Margin::kMaxMembers;
      margin.put(out, "and " + std::to_string(more) + " more exception" + (more > 1 ? "s\n" : "\n"));
    } else {
      append_chain(vm, as<Tuple>(*members)->items[i], seen, margin, out);
    }
    if (last && margin.needs_close) {
      out += margin.indent() + "+------------------------------------\n";
      margin.needs_close = false;
    }
    margin.depth--;
  }
  if (outermost) margin.depth = 0;
}

void append_chain(VM& vm, Value exception, std::vector<Object*>& seen, Margin& margin, std::string& out) {
  auto* e = as<Exception>(exception);
  seen.push_back(e);
  auto known = [&](Value v) { return std::find(seen.begin(), seen.end(), v.o) != seen.end(); };
  if (is_kind(e->cause, Kind::Exception)) {
    if (!known(e->cause)) {
      append_chain(vm, e->cause, seen, margin, out);
      margin.put(out, "\nThe above exception was the direct cause of the following exception:\n\n");
    }
  } else if (is_kind(e->context, Kind::Exception) && !e->suppress_context && !known(e->context)) {
    append_chain(vm, e->context, seen, margin, out);
    margin.put(out, "\nDuring handling of the above exception, another exception occurred:\n\n");
  }
  if (is_subtype(e->type, vm.types.BaseExceptionGroup)) return append_group(vm, e, seen, margin, out);
  if (!e->traceback.is_none())
    margin.put(out, "Traceback (most recent call last):\n" + format_traceback(vm, e->traceback));
  margin.put(out, format_exception_only(vm, exception));
}

}  // namespace

SourceRange range_in_frame(const Code& code, uint32_t pc, uint32_t frame) {
  // From the innermost frame outwards: the place in a frame is where the one inside was called.
  SourceRange range = code.range_at(pc);
  for (uint32_t at = code.frame_at(pc); at != frame && at != 0; at = code.inlined[at].parent)
    range = code.inlined[at].call;
  return range;
}

TracebackPlace place_of(const Traceback& entry) {
  TracebackPlace p;
  const Code& code = *entry.state->code;
  const SourceFile& source = entry.state->unit->source();
  SourceRange range = range_in_frame(code, entry.pc, entry.frame);
  if (entry.in_lookup) range = callee_range(source, range);
  p.file = source.name();
  p.function = entry.frame ? code.inlined[entry.frame].name : code.name;
  LineColumn at = source.locate(range.begin);
  p.line = at.line;
  if (p.file.starts_with('<') && p.file.ends_with('>')) return p;  // text that was never a file
  std::string_view line = source.line(at.line);
  size_t indent = 0;
  while (indent < line.size() && is_blank(line[indent])) indent++;
  std::string_view shown = line.substr(indent);
  while (!shown.empty() && (is_blank(shown.back()) || shown.back() == '\r')) shown.remove_suffix(1);
  p.text = shown;
  if (!p.text.empty()) p.marks = marks_below(source, range, line, indent);
  return p;
}

std::string format_traceback(VM& vm, Value traceback) {
  (void)vm;
  constexpr int kShown = 3;  // of equal entries in a row
  std::string out;
  std::string_view last_file, last_function;
  uint32_t last_line = 0;
  int count = 0;
  auto flush = [&] {
    if (count > kShown) {
      int more = count - kShown;
      out += "  [Previous line repeated " + std::to_string(more) + " more time" + (more == 1 ? "" : "s") + "]\n";
    }
    count = 0;
  };
  while (is_kind(traceback, Kind::Native)) {
    auto* tb = as<Traceback>(traceback);
    traceback = tb->next;
    TracebackPlace p = place_of(*tb);
    if (count == 0 || p.file != last_file || p.line != last_line || p.function != last_function) {
      flush();
      last_file = p.file;
      last_line = p.line;
      last_function = p.function;
    }
    if (++count > kShown) continue;
    out += "  File \"" + std::string(p.file) + "\", line " + std::to_string(p.line) + ", in " +
           std::string(p.function) + "\n";
    if (!p.text.empty()) out += "    " + p.text + "\n";
    if (!p.marks.empty()) out += "    " + p.marks + "\n";
  }
  flush();
  return out;
}

std::string format_exception_only(VM& vm, Value exception) {
  std::string out;
  Type* type = type_of(vm, exception);
  bool syntax = is_subtype(type, vm.types.SyntaxError);
  if (syntax) append_syntax_place(vm, exception, out);
  out += type_text(type);
  std::string text;
  if (syntax) {
    text = attribute_text(vm, exception, "msg");
    if (text.empty()) text = "<no detail available>";
  } else if (!str_to(vm, exception, text)) {
    clear_pending(vm);
    text = "<exception str() failed>";
  }
  if (is_kind(exception, Kind::Exception)) text += suggestion(vm, exception);
  if (!text.empty()) out += ": " + text;
  out += "\n";
  Ref notes(get_attr_or_unbound(vm, exception, vm.names.notes));
  if (notes.is_error()) clear_pending(vm);
  if (is_kind(*notes, Kind::List) || is_kind(*notes, Kind::Tuple)) {
    bool ok = for_each(vm, *notes, [&](Value note) {
      std::string line;
      if (!str_to(vm, note, line)) {
        clear_pending(vm);
        line = "<note str() failed>";
      }
      out += line + "\n";
      return true;
    });
    if (!ok) clear_pending(vm);
  }
  return out;
}

std::string format_exception(VM& vm, Value exception) {
  std::string out;
  if (!is_kind(exception, Kind::Exception)) return out;
  std::vector<Object*> seen;
  Margin margin;
  append_chain(vm, exception, seen, margin, out);
  return out;
}

}  // namespace tsvm::vm
