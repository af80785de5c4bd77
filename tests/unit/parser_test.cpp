// Trees, scopes and texts of good programs.
#include <gtest/gtest.h>

#include <string>

#include "parser/parser.h"
#include "parser/print.h"
#include "parser/scope.h"

namespace tsvm {
namespace {

std::string dump(std::string text) {
  SourceFile source("x.ts", std::move(text));
  Arena arena;
  ParseResult r = parse(source, arena);
  return r.ok() ? dump_ast(r.module) : render(r.diagnostics[0], source);
}

// The dump of a single expression.
std::string dump_expression(std::string text) {
  SourceFile source("x.ts", std::move(text));
  Arena arena;
  NameTable names;
  ExpressionResult r = parse_expression(source, arena, names);
  return r.expression != nullptr ? dump_ast(r.expression) : render(r.diagnostics[0], source);
}

TEST(Parser, DumpsAsPython) {
  EXPECT_EQ(dump(""), "Module(body=[], type_ignores=[])");
  EXPECT_EQ(dump("x: int = 1\n"),
            "Module(\n body=[\n  AnnAssign(\n   target=Name(id='x', ctx=Store()),\n   annotation=Name(id='int', "
            "ctx=Load()),\n   value=Constant(value=1),\n   simple=1)],\n type_ignores=[])");
  EXPECT_EQ(dump_expression("a < b not in c"),
            "Compare(\n left=Name(id='a', ctx=Load()),\n ops=[\n  Lt(),\n  NotIn()],\n comparators=[\n  Name(id='b', "
            "ctx=Load()),\n  Name(id='c', ctx=Load())])");
  EXPECT_EQ(
      dump_expression("{**a, 0x1_0000_0000_0000_0000: u'v'}"),
      "Dict(\n keys=[\n  None,\n  Constant(value=18446744073709551616)],\n values=[\n  Name(id='a', ctx=Load()),\n "
      " Constant(value='v', kind='u')])");
}

TEST(Parser, Precedence) {
  auto same = [](const char* a, const char* b) { EXPECT_EQ(dump_expression(a), dump_expression(b)) << a; };
  same("-a ** -b ** c", "-(a ** (-(b ** c)))");
  same("a + b * c - d", "(a + (b * c)) - d");
  same("not a == b and c or d", "((not (a == b)) and c) or d");
  same("a | b ^ c & d << e + f", "a | (b ^ (c & (d << (e + f))))");
  same("a if b else c if d else e", "a if b else (c if d else e)");
  same("lambda: a if b else c", "lambda: (a if b else c)");
  same("a @ b % c // d", "((a @ b) % c) // d");
}

TEST(Parser, FormatStrings) {
  EXPECT_EQ(
      dump_expression("f'{{a}}{x!r:>{w}}' 'b'"),
      "JoinedStr(\n values=[\n  Constant(value='{a}'),\n  FormattedValue(\n   value=Name(id='x', ctx=Load()),\n   "
      "conversion=114,\n   format_spec=JoinedStr(\n    values=[\n     Constant(value='>'),\n     FormattedValue(\n "
      "     value=Name(id='w', ctx=Load()),\n      conversion=-1)])),\n  Constant(value='b')])");
  EXPECT_EQ(
      dump_expression("f'{ x = }'"),
      "JoinedStr(\n values=[\n  Constant(value=' x = '),\n  FormattedValue(\n   value=Name(id='x', ctx=Load()),\n "
      "  conversion=114)])");
}

TEST(Parser, TypeComments) {
  SourceFile source(
      "x.ts",
      "def f(a,  # type: Tensor\n      b=1  # type: int\n      ):\n  # type: (...) -> Tensor\n  x = []  # type: "
      "List[int]\n  return a\ndef g(a): # type: (int) -> int\n  return a\n");
  Arena arena;
  ParseResult r = parse(source, arena);
  ASSERT_TRUE(r.ok());
  const ast::FunctionDef* f = r.module->body[0]->cast<ast::FunctionDef>();
  EXPECT_EQ(f->type_comment, "(...) -> Tensor");
  EXPECT_EQ(f->args->args[0]->type_comment, "Tensor");
  EXPECT_EQ(f->args->args[1]->type_comment, "int");
  EXPECT_EQ(f->body[0]->cast<ast::Assign>()->type_comment, "List[int]");
  EXPECT_EQ(r.module->body[1]->cast<ast::FunctionDef>()->type_comment, "(int) -> int");
}

TEST(Parser, Ranges) {
  SourceFile source("x.ts", "x = (a + b).c[1]\n");
  Arena arena;
  ParseResult r = parse(source, arena);
  ASSERT_TRUE(r.ok());
  const ast::Subscript* s = r.module->body[0]->cast<ast::Assign>()->value->cast<ast::Subscript>();
  EXPECT_EQ(source.slice(s->range), "(a + b).c[1]");
  EXPECT_EQ(source.slice(s->value->range), "(a + b).c");
  EXPECT_EQ(source.slice(s->value->cast<ast::Attribute>()->value->range), "a + b");
  EXPECT_EQ(source.slice(s->value->cast<ast::Attribute>()->attr_range), "c");
}

TEST(Parser, NamesAreInterned) {
  SourceFile source("x.ts", "value = value + other\n");
  Arena arena;
  ParseResult r = parse(source, arena);
  const ast::Assign* s = r.module->body[0]->cast<ast::Assign>();
  EXPECT_TRUE(
      ast::same_name(s->targets[0]->cast<ast::Name>()->id, s->value->cast<ast::BinOp>()->left->cast<ast::Name>()->id));
  EXPECT_TRUE(ast::same_name(r.names.intern("other"), s->value->cast<ast::BinOp>()->right->cast<ast::Name>()->id));
  EXPECT_TRUE(r.names.lookup("absent").empty());
}

TEST(Parser, Unparse) {
  auto round = [](std::string text) {
    SourceFile source("x.ts", std::move(text));
    Arena arena;
    ParseResult r = parse(source, arena);
    return r.ok() ? unparse(r.module) : render(r.diagnostics[0], source);
  };
  EXPECT_EQ(round("x=(a,b);y = (a+b)*c"), "x = (a, b)\ny = (a + b) * c");
  EXPECT_EQ(round("def f(a, /, b: int=1, *, c, **d)->None:\n  'doc'\n  return a if b else c"),
            "def f(a, /, b: int=1, *, c, **d) -> None:\n    \"\"\"doc\"\"\"\n    return a if b else c");
  EXPECT_EQ(round("if a:\n  b\nelif c:\n  d\nelse:\n  e"), "if a:\n    b\nelif c:\n    d\nelse:\n    e");
  EXPECT_EQ(round("f'{a!r:>{w}}{{'"), "f'{a!r:>{w}}{{'");
  EXPECT_EQ(round("[x for (x, y) in z if x]"), "[x for x, y in z if x]");
  EXPECT_EQ(round("(1).real; -(-1); (yield); a[1:2, ...]"), "1 .real\n--1\nyield\na[1:2, ...]");
}

// ---- scopes ----

struct Analysed {
  explicit Analysed(std::string text) : source("x.ts", std::move(text)), result(parse(source, arena)) {
    EXPECT_TRUE(result.ok());
    tree = analyze_scopes(result, arena);
  }
  const Scope& scope(std::string_view name) const {
    for (const Scope& s : tree.scopes)
      if (s.name == name) return s;
    ADD_FAILURE() << "no scope " << name;
    return tree.scopes[0];
  }
  const Symbol& symbol(std::string_view scope_name, std::string_view name) {
    const Symbol* s = scope(scope_name).find(result.names.intern(name));
    EXPECT_NE(s, nullptr) << name;
    return *s;
  }
  Binding binding(std::string_view scope_name, std::string_view name) { return symbol(scope_name, name).binding; }

  Arena arena;
  SourceFile source;
  ParseResult result;
  ScopeTree tree;
};

TEST(Scope, Closures) {
  Analysed a(
      "def f(x):\n  y = 1\n  def g():\n    def h():\n      nonlocal y\n      y = x + z\n    return h\n  return g\n");
  EXPECT_EQ(a.binding("f", "x"), Binding::kCell);
  EXPECT_TRUE(a.symbol("f", "x").is_parameter);
  EXPECT_EQ(a.binding("f", "y"), Binding::kCell);
  EXPECT_EQ(a.binding("h", "x"), Binding::kFree);
  EXPECT_EQ(a.binding("h", "y"), Binding::kFree);
  EXPECT_EQ(a.binding("h", "z"), Binding::kGlobalImplicit);
  EXPECT_EQ(a.scope("g").frees.size(), 2u);  // passed on
  EXPECT_EQ(a.binding("g", "h"), Binding::kLocal);
}

TEST(Scope, ClassesAreSkippedAndHaveTheirCell) {
  Analysed a("class C:\n  x = 1\n  def f(self):\n    return x\n  def g(self):\n    super().g()\n");
  EXPECT_EQ(a.binding("C", "x"), Binding::kLocal);
  EXPECT_EQ(a.binding("f", "x"), Binding::kGlobalImplicit);
  ASSERT_EQ(a.scope("C").cells.size(), 1u);
  EXPECT_EQ(a.scope("C").cells[0], "__class__");
  EXPECT_EQ(a.binding("g", "__class__"), Binding::kFree);
}

TEST(Scope, Comprehensions) {
  Analysed a("def f(n):\n  return [(y := i) for i in range(n) if n]\n");
  EXPECT_EQ(a.binding("<listcomp>", "i"), Binding::kLocal);
  EXPECT_EQ(a.binding("<listcomp>", "n"), Binding::kFree);
  EXPECT_EQ(a.binding("<listcomp>", "y"), Binding::kFree);
  EXPECT_EQ(a.binding("f", "y"), Binding::kCell);
  EXPECT_EQ(a.binding("f", "range"), Binding::kGlobalImplicit);
}

TEST(Scope, PrivateNamesAreMangled) {
  Analysed a("class _C:\n  def __f(self, __x):\n    self.__y = __x\n    return f(__x=1)\n");
  EXPECT_EQ(unparse(a.result.module),
            "class _C:\n\n    def _C__f(self, _C__x):\n        self._C__y = _C__x\n        return f(__x=1)");
  EXPECT_EQ(a.tree.scopes[2].name, "__f");
}

TEST(Scope, TryBodies) {
  Analysed a(
      "def f():\n  a = 1\n  try:\n    b = 2\n    c = 3\n  except E as e:\n    print(b)\n  with x as y:\n    d = 4\n  "
      "yield a\n");
  EXPECT_FALSE(a.symbol("f", "a").is_stored_in_try);
  EXPECT_TRUE(a.symbol("f", "b").is_stored_in_try);
  EXPECT_TRUE(a.symbol("f", "b").is_used_in_handler);
  EXPECT_FALSE(a.symbol("f", "c").is_used_in_handler);
  EXPECT_TRUE(a.symbol("f", "d").is_stored_in_try);
  EXPECT_TRUE(a.symbol("f", "e").is_stored_in_try);
  EXPECT_TRUE(a.symbol("f", "y").is_stored_in_try);  // the items of a with are inside its region
  EXPECT_TRUE(a.scope("f").is_generator);
  EXPECT_TRUE(a.scope("f").has_try);
}

TEST(Scope, ManySymbols) {
  std::string text = "def f():\n";
  for (int i = 0; i < 500; i++) text += "  v" + std::to_string(i) + " = v" + std::to_string(i / 2) + "\n";
  Analysed a(text);
  EXPECT_EQ(a.scope("f").symbols.size(), 500u);
  for (int i = 0; i < 500; i++) EXPECT_EQ(a.binding("f", "v" + std::to_string(i)), Binding::kLocal);
}

// ---- the prompt ----

TEST(Interactive, KnowsWhatIsIncomplete) {
  auto state = [](std::string text) -> std::string {
    SourceFile source("<stdin>", std::move(text));
    Arena arena;
    InteractiveResult r = parse_interactive(source, arena);
    if (r.incomplete) return "incomplete";
    return r.parse.ok() ? "ok" : r.parse.diagnostics[0].message;
  };
  EXPECT_EQ(state("x = 1\n"), "ok");
  EXPECT_EQ(state("\n"), "ok");
  EXPECT_EQ(state("f(1,\n"), "incomplete");
  EXPECT_EQ(state("f(1,\n2)\n"), "ok");
  EXPECT_EQ(state("if x:\n"), "incomplete");
  EXPECT_EQ(state("if x:\n  y\n"), "incomplete");
  EXPECT_EQ(state("if x:\n  y\n\n"), "ok");
  EXPECT_EQ(state("if x: y\n"), "incomplete");
  EXPECT_EQ(state("if x: y\n\n"), "ok");
  EXPECT_EQ(state("try:\n  x\n"), "incomplete");
  EXPECT_EQ(state("@d\n"), "incomplete");
  EXPECT_EQ(state("x = '''a\n"), "incomplete");
  EXPECT_EQ(state("x = 1 + \\\n"), "incomplete");
  EXPECT_EQ(state("x = 'a\n"), "unterminated string literal (detected at line 1)");
  EXPECT_EQ(state("1 +\n"), "invalid syntax");
  EXPECT_EQ(state("def f(:\n"), "invalid syntax");
}

}  // namespace
}  // namespace tsvm
