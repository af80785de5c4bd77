// Bad programs: CPython's words, all errors of a file, limits, mutated sources; and that all recorded scripts parse.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "parser/parser.h"
#include "parser/print.h"
#include "parser/scope.h"

namespace tsvm {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<Diagnostic> diagnose(const SourceFile& source, bool compile) {
  if (compile) return check_syntax(source);
  Arena arena;
  return parse(source, arena).diagnostics;
}

std::string unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    char c = text[++i];
    out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'f' ? '\f' : '\\';
  }
  return out;
}

// The tables under tests/unit/data: source, exception, message, line.
void check_table(const char* name, bool compile) {
  std::istringstream table(read_file(std::filesystem::path(TSVM_TEST_DATA) / name));
  size_t cases = 0;
  for (std::string row; std::getline(table, row);) {
    if (row.empty() || (row[0] == '#' && row.find('\t') == std::string::npos)) continue;
    std::vector<std::string> cells;
    std::istringstream in(row);
    for (std::string cell; std::getline(in, cell, '\t');) cells.push_back(cell);
    if (cells.size() != 4) {
      ADD_FAILURE() << "bad row: " << row;
      continue;
    }
    cases++;
    SourceFile source("x.ts", unescape(cells[0]));
    std::vector<Diagnostic> found = diagnose(source, compile);
    if (cells[1] == "OK") {
      EXPECT_TRUE(found.empty()) << cells[0] << "\n" << render(found[0], source);
      continue;
    }
    if (found.empty()) {
      ADD_FAILURE() << cells[0] << "\nis accepted, but: " << cells[2];
      continue;
    }
    std::string rendered = render(found[0], source);
    std::string last = std::string(exception_name(found[0].kind)) + ": " + found[0].message;
    EXPECT_EQ(last, cells[1] + ": " + unescape(cells[2])) << cells[0];
    EXPECT_NE(rendered.find("line " + cells[3] + "\n"), std::string::npos) << cells[0] << "\n" << rendered;
  }
  EXPECT_GT(cases, 80u);
}

TEST(SyntaxErrors, AreCPythons) { check_table("syntax_errors.txt", false); }
TEST(SyntaxErrors, OfTheCompiler) { check_table("compile_errors.txt", true); }

TEST(SyntaxErrors, RenderAsCPython) {
  SourceFile source("x.ts", "def f(x):\n    return g(x y)\n");
  std::vector<Diagnostic> found = diagnose(source, false);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(render(found[0], source),
            "  File \"x.ts\", line 2\n    return g(x y)\n             ^^^\nSyntaxError: invalid syntax. Perhaps you "
            "forgot a comma?\n");
}

TEST(SyntaxErrors, AllOfAFile) {
  SourceFile source("x.ts",
                    "x = 1 +\n"
                    "def f(x) y:\n"
                    "    y = (1 2)\n"
                    "    return y\n"
                    "if x\n"
                    "    z = ]\n"
                    "else:\n"
                    "    pass\n"
                    "ok = 1\n"
                    "print 'a'\n"
                    "  indented = 1\n"
                    "def g():\n"
                    "pass\n");
  std::vector<Diagnostic> found = diagnose(source, false);
  std::string lines;
  for (const Diagnostic& d : found) lines += std::to_string(source.locate(d.range.begin).line) + " ";
  // The first is CPython's: an error of the tokenizer outranks those of the grammar before it.
  EXPECT_EQ(lines, "6 1 2 3 5 10 11 13 ");
  EXPECT_EQ(found[0].message, "unmatched ']'");
}

TEST(SyntaxErrors, UnsupportedIsNamed) {
  auto message = [](std::string text) {
    SourceFile source("x.ts", std::move(text));
    std::vector<Diagnostic> found = diagnose(source, false);
    return found.empty() ? "" : std::string(exception_name(found[0].kind)) + ": " + found[0].message;
  };
  EXPECT_EQ(message("async def f():\n  pass\n"), "NotImplementedError: 'async' is not supported");
  EXPECT_EQ(message("match x:\n  case 1:\n    pass\n"), "");
  EXPECT_EQ(message("match x:\n  case 1 as _:\n    pass\n"), "SyntaxError: cannot use '_' as a target");
  EXPECT_EQ(message("x = await y\n"), "NotImplementedError: 'await' is not supported");
  EXPECT_EQ(message("try:\n  pass\nexcept* E:\n  pass\n"), "");
  EXPECT_EQ(message("try:\n  pass\nexcept*:\n  pass\n"), "SyntaxError: expected one or more exception types");
}

std::string repeat(std::string_view text, int n) {
  std::string out;
  for (int i = 0; i < n; i++) out += text;
  return out;
}

TEST(Limits, DeepNestingIsAnError) {
  const int n = 10000;
  std::string blocks;
  for (int i = 0; i < 300; i++) blocks += std::string(i, ' ') + "if x:\n";
  for (const std::string& text :
       {repeat("(", n) + repeat(")", n), repeat("[", n), repeat("-", n) + "1", repeat("not ", n) + "1",
        "x = " + repeat("lambda: ", n) + "1", "x = " + repeat("1 if 2 else ", n) + "1", "a" + repeat(".b", n),
        "f" + repeat("()", n), repeat("1**", n) + "1", repeat("1+", n) + "1",
        "if x: pass\n" + repeat("elif x: pass\n", n), blocks}) {
    SourceFile source("x.ts", text);
    std::vector<Diagnostic> found = diagnose(source, true);
    EXPECT_FALSE(found.empty()) << text.substr(0, 60);
  }
  for (const std::string& text : {repeat("x = ", n) + "1\n", repeat("1 and ", n) + "1\n", repeat("1 < ", n) + "1\n",
                                  repeat("[", 200) + repeat("]", 200), repeat("1+", 2500) + "1"}) {
    SourceFile source("x.ts", text);
    EXPECT_TRUE(diagnose(source, true).empty()) << text.substr(0, 60);
  }
}

TEST(Limits, TenMegabytes) {
  std::string text = repeat("def f(a, b=1):\n    return [x + a * 2 for x in range(b) if x] or {'k': f'{a}'}\n", 120000);
  SourceFile source("x.ts", std::move(text));
  EXPECT_TRUE(diagnose(source, true).empty());
}

TEST(Limits, StrangeInput) {
  for (std::string text : {std::string(), std::string("\n"), std::string("\xff\xfe"), std::string("a\0b", 3),
                           std::string("\\"), std::string("\xef\xbb\xbf"), std::string("'"), std::string("f'{"),
                           std::string("\t\f \\\n"), std::string("x = (")}) {
    SourceFile source("x.ts", text);
    for (const Diagnostic& d : diagnose(source, true)) EXPECT_FALSE(render(d, source).empty());
  }
}

// ---- the recorded scripts ----

std::vector<std::filesystem::path> recorded_scripts() {
  std::vector<std::filesystem::path> out;
  std::filesystem::path shared = std::filesystem::path(TSVM_SOURCE_DIR).parent_path() / "shared";
  for (std::filesystem::path dir = TSVM_SOURCE_DIR; !std::filesystem::exists(shared) && dir.has_relative_path();
       dir = dir.parent_path())
    shared = dir.parent_path() / "shared";
  if (!std::filesystem::exists(shared)) return out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(shared))
    if (entry.path().extension() == ".ts") out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

TEST(RecordedScripts, AllParse) {
  std::vector<std::filesystem::path> scripts = recorded_scripts();
  ASSERT_GT(scripts.size(), 1000u) << "the folder `shared` beside the repository is missing";
  for (const auto& path : scripts) {
    SourceFile source(path.string(), read_file(path));
    std::vector<Diagnostic> found = diagnose(source, true);
    bool meant = path.stem().string().rfind("syntax_", 0) == 0;
    EXPECT_EQ(!found.empty(), meant) << path << (found.empty() ? "" : render(found[0], source));
  }
}

// Sources with bytes and pieces changed at random (from a fixed seed) must give a tree or errors, never a crash, and
// the tree of what still parses must survive being printed and read again.
TEST(RecordedScripts, MutatedSourcesDoNotCrash) {
  std::vector<std::filesystem::path> scripts = recorded_scripts();
  ASSERT_FALSE(scripts.empty());
  std::mt19937 random(20240607);
  auto pick = [&](size_t n) { return static_cast<size_t>(random() % n); };
  const char* pieces[] = {
      "(",      ")",      "[",       "]",       "{",     "}",     ":",   ",",       "\n",           "\n    ",
      "\"",     "'''",    "f'{",     "\\",      "#",     "=",     ":=",  "lambda ", "if ",          " else ",
      "def ",   "yield ", "*",       "**",      "\t",    "0x",    "1e",  "\xc3",    "\xe2\x82\xac", "global ",
      "class ", "try:",   "except ", "import ", "with ", " for ", " in "};
  for (int round = 0; round < 3000; round++) {
    std::string text = read_file(scripts[pick(scripts.size())]);
    if (text.size() > 4000) text = text.substr(0, 4000);
    size_t changes = 1 + pick(4);
    for (size_t k = 0; k < changes && !text.empty(); k++) {
      size_t at = pick(text.size());
      switch (pick(5)) {
        case 0: text.erase(at, 1 + pick(20)); break;
        case 1: text.insert(at, pieces[pick(std::size(pieces))]); break;
        case 2: text[at] = static_cast<char>(pick(256)); break;
        case 3: text = text.substr(0, at); break;
        default: text.insert(at, text.substr(pick(text.size()), pick(60))); break;
      }
    }
    SourceFile source("x.ts", text);
    Arena arena;
    ParseResult r = parse(source, arena);
    for (const Diagnostic& d : r.diagnostics) render(d, source);
    if (!r.ok()) continue;
    std::string dumped = dump_ast(r.module);
    SourceFile again("y.ts", unparse(r.module));
    ParseResult second = parse(again, arena);
    ASSERT_TRUE(second.ok()) << text << "\n---\n" << again.text() << "\n" << render(second.diagnostics[0], again);
    // A u prefix that is not of the first of adjacent literals is lost, as in Python.
    ASSERT_EQ(dumped, dump_ast(second.module)) << text;
    analyze_scopes(r, arena);
  }
}

}  // namespace
}  // namespace tsvm
