// Emission of IR from source text.
//
// tests/ir/emit/*.ts hold cases: a piece of source, and behind it the IR of the functions that its head names.
//
//   # CASE what it shows: f, <module>
//   def f(): ...
//   # CHECK: func @f() -> any {
//   # CHECK: ...
//
// `TSVM_UPDATE_TESTS=1 test_ir` writes the CHECK lines anew; read the difference before it is committed.
#include "ir/emit/emit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "ir/passes/pipeline.h"
#include "ir/print.h"
#include "ir/verify.h"

namespace tsvm::ir {
namespace {

struct Result {
  std::unique_ptr<Module> module;
  std::string error;  // of parser or scope analysis
};

Result emit(std::string text, const EmitOptions& options = {}) {
  auto source = std::make_shared<const SourceFile>("test.ts", std::move(text));
  Arena arena;
  ParseResult parsed = parse(*source, arena);
  if (!parsed.ok()) return {nullptr, parsed.diagnostics[0].message};
  ScopeTree scopes = analyze_scopes(parsed, arena);
  if (!scopes.diagnostics.empty()) return {nullptr, scopes.diagnostics[0].message};
  return {emit_module(parsed, scopes, source, "test", options), ""};
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream s;
  s << in.rdbuf();
  return s.str();
}

std::string function_text(const Module& m, const std::string& name) {
  for (const auto& f : m.functions)
    if (f->name == name) return print(*f);
  return "no function " + name + "\n";
}

constexpr std::string_view kCase = "# CASE ";
constexpr std::string_view kCheck = "# CHECK: ";

struct Case {
  std::string head, source, expected;
  std::vector<std::string> functions;
};

std::vector<Case> cases_of(const std::filesystem::path& path) {
  std::vector<Case> cases;
  std::stringstream text(read_file(path));
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with(kCase)) {
      cases.emplace_back().head = line;
      std::string names = line.substr(line.rfind(": ") + 2);
      std::replace(names.begin(), names.end(), ',', ' ');
      std::stringstream list(names);
      for (std::string name; list >> name;) cases.back().functions.push_back(name);
    } else if (line.starts_with(kCheck)) {
      cases.back().expected += line.substr(kCheck.size()) + "\n";
    } else {
      cases.back().source += line + "\n";
    }
  }
  return cases;
}

std::vector<std::filesystem::path> files_in(const std::string& folder, const char* extension) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == extension) out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

class EmitText : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(EmitText, Cases) {
  std::string updated;
  for (const Case& c : cases_of(GetParam())) {
    Result r = emit(c.source);
    ASSERT_TRUE(r.module) << c.head << "\n" << r.error;
    EXPECT_EQ(verify(*r.module), "") << c.head;
    std::string got;
    for (const std::string& name : c.functions) got += function_text(*r.module, name);
    updated += c.head + "\n" + c.source;
    std::stringstream lines(got);
    for (std::string line; std::getline(lines, line);) updated += std::string(kCheck) + line + "\n";
    if (std::getenv("TSVM_UPDATE_TESTS") == nullptr) {
      EXPECT_EQ(got, c.expected) << c.head;
    }
  }
  if (std::getenv("TSVM_UPDATE_TESTS") != nullptr) std::ofstream(GetParam()) << updated;
}

INSTANTIATE_TEST_SUITE_P(Ir, EmitText, ::testing::ValuesIn(files_in(TSVM_SOURCE_DIR "/tests/ir/emit", ".ts")),
                         [](const auto& info) { return info.param.stem().string(); });

// Every source there is gives valid IR, before and after the passes.
void check_all(const std::string& folder) {
  std::vector<std::filesystem::path> files = files_in(folder, ".ts");
  ASSERT_FALSE(files.empty()) << folder;
  for (const auto& path : files) {
    Result r = emit(read_file(path));
    if (!r.module) continue;  // scripts that are meant to be rejected
    ASSERT_EQ(verify(*r.module), "") << path;
    PassOptions options;
    options.verify = true;
    for (auto& f : r.module->functions) run_passes(*f, PassLevel::Generic, options);
  }
}

TEST(IrEmit, SharedSourcesVerify) { check_all(TSVM_SOURCE_DIR "/../shared"); }
TEST(IrEmit, OwnSourcesVerify) { check_all(TSVM_SOURCE_DIR "/tests"); }

TEST(IrEmit, Modes) {
  EmitOptions options;
  options.mode = EmitMode::Interactive;
  std::string text = function_text(*emit("x\nx = 1\n", options).module, "<module>");
  EXPECT_NE(text.find("load_attr \"displayhook\""), std::string::npos) << text;
  options.mode = EmitMode::Eval;
  text = function_text(*emit("x + 1\n", options).module, "<module>");
  EXPECT_NE(text.find("return %2"), std::string::npos) << text;
  options.names_in_namespace = true;
  Result r = emit("x + 1\n", options);
  EXPECT_EQ(verify(*r.module), "");
  text = function_text(*r.module, "<module>");
  EXPECT_NE(text.find("load_name \"x\" %0"), std::string::npos) << text;
}

// The text that an instruction's range covers.
std::string marked(const Module& m, const char* function, Opcode op, int nth = 0) {
  for (const auto& f : m.functions) {
    if (f->name != function) continue;
    for (const Block& b : f->blocks)
      for (InstId i : b.insts)
        if ((*f)[i].op == op && nth-- == 0) return std::string(m.source->slice((*f)[i].range));
  }
  return "?";
}

TEST(IrEmit, Ranges) {
  Result r = emit(
      "def f(a, b, c):\n"
      "    x = a + b * c.d[1](2)\n"
      "    c.m(1,\n"
      "        2).n(x)\n"
      "    del c.d, c[0]\n"
      "    c.e += b\n"
      "    p, q = x\n"
      "    raise E(a) from b\n");
  ASSERT_TRUE(r.module);
  const Module& m = *r.module;
  EXPECT_EQ(marked(m, "f", Opcode::Binary, 0), "b * c.d[1](2)");
  EXPECT_EQ(marked(m, "f", Opcode::Binary, 1), "a + b * c.d[1](2)");
  EXPECT_EQ(marked(m, "f", Opcode::LoadAttr, 0), "c.d");
  EXPECT_EQ(marked(m, "f", Opcode::LoadItem), "c.d[1]");
  EXPECT_EQ(marked(m, "f", Opcode::Call, 0), "c.d[1](2)");
  EXPECT_EQ(marked(m, "f", Opcode::CallMethod, 0), "c.m(1,\n        2)");
  EXPECT_EQ(marked(m, "f", Opcode::CallMethod, 1), "n(x)");
  EXPECT_EQ(marked(m, "f", Opcode::DeleteAttr), "c.d");
  EXPECT_EQ(marked(m, "f", Opcode::DeleteItem), "c[0]");
  EXPECT_EQ(marked(m, "f", Opcode::Inplace), "c.e += b");
  EXPECT_EQ(marked(m, "f", Opcode::StoreAttr), "c.e");
  EXPECT_EQ(marked(m, "f", Opcode::UnpackExact), "p, q");
  EXPECT_EQ(marked(m, "f", Opcode::Raise), "raise E(a) from b");
}

// Long and deep sources: IR or a diagnostic, never a crash.
TEST(IrEmit, LongAndDeep) {
  auto repeat = [](const std::string& s, int n) {
    std::string out;
    for (int i = 0; i < n; i++) out += s;
    return out;
  };
  std::vector<std::string> sources = {
      "x = a" + repeat(" + a", 10000) + "\n",
      "x = a" + repeat(" + a", 2500) + "\n",
      "x = " + repeat("(", 10000) + "a" + repeat(")", 10000) + "\n",
      "x = " + repeat("-", 2500) + "a\n",
      "x = " + repeat("not ", 2500) + "a\n",
      "x = a" + repeat(".b", 2500) + "\n",
      "x = a" + repeat("(1)", 2500) + "\n",
      "x = a" + repeat(" and b", 5000) + "\n",
      "x = a" + repeat(" < b", 5000) + "\n",
      "x = " + repeat("a if b else ", 2500) + "c\n",
      "x = [" + repeat("a, ", 5000) + "]\n",
      "x = {" + repeat("a: b, ", 5000) + "}\n",
      "f(" + repeat("a, ", 5000) + ")\n",
      "x = f'" + repeat("{a}", 2000) + "'\n",
      "if a: b\n" + repeat("elif a: b\n", 10000),
      "if a: b\n" + repeat("elif a: b\n", 2500),
      "def f(a):\n" + repeat("    if a: b = a\n", 20000) + "    return b\n",
      "def f(a):\n    b = a\n" + repeat("    for i in a: b += i\n", 5000) + "    return b\n",
      "def f(a):\n" + repeat("    try: a = g(a)\n    except E: h()\n", 3000) + "    return a\n",
      repeat("a = b = ", 3000) + "c\n",
  };
  for (size_t i = 0; i < sources.size(); i++) {
    Result r = emit(sources[i]);
    if (r.module) {
      EXPECT_EQ(verify(*r.module), "") << i;
    }
  }
}

}  // namespace
}  // namespace tsvm::ir
