// Runs tests/ir/*.ir: functions in text form, the passes to run, and the text that must come out.
//
//   # RUN: pass rewrite, dce
//   func @f(...) -> any {
//   ...
//   }
//   # CHECK: ^0(%0: any):
//   # CHECK: return %0
//
// The lines behind a function are its blocks after the passes and compact, all of them. `TSVM_UPDATE_TESTS=1 test_ir`
// writes them anew; read the difference before it is committed. Every function is verified before and after each pass.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "ir/op_table.h"
#include "ir/passes/pipeline.h"
#include "ir/print.h"
#include "ir/read.h"
#include "ir/uses.h"
#include "ir/verify.h"

namespace tsvm::ir {
namespace {

/// A few operators with each sort of effect.
class TestOps : public OpTable {
 public:
  TestOps() {
    add("aten::relu", "", {{"self", types::Tensor}}, [](OpRow&) {});
    add("aten::add_", "Tensor", {{"self", types::Tensor, false, false, true}, {"other", types::Tensor}}, [](OpRow&) {});
    add("aten::rand_like", "", {{"self", types::Tensor}}, [](OpRow& r) { r.is_random = true; });
    add("test::hook", "", {{"self", types::Tensor}}, [](OpRow& r) { r.is_world = true; });
    add("aten::tanh", "", {{"self", types::Tensor}}, elementwise);
    add("aten::add", "Tensor", {{"self", types::Tensor}, {"other", types::Tensor}, {"alpha", types::Number, true, true}},
        elementwise);
    add("aten::mul", "Tensor", {{"self", types::Tensor}, {"other", types::Tensor}}, elementwise);
    add("aten::mul", "Scalar", {{"self", types::Tensor}, {"other", types::Number, false, false, false, true}},
        elementwise);
    add("aten::mm", "", {{"self", types::Tensor}, {"other", types::Tensor}}, [](OpRow&) {});
    add("test::size", "", {{"self", types::Tensor}}, [](OpRow& r) { r.may_raise = false; });
  }
  uint32_t size() const override { return static_cast<uint32_t>(rows_.size()); }
  const OpRow& row(OpId id) const override { return rows_[id.index]; }
  OpId find(std::string_view name, std::string_view overload) const override {
    for (uint32_t i = 0; i < rows_.size(); i++)
      if (rows_[i].name == name && rows_[i].overload == overload) return OpId(i);
    return OpId();
  }
  std::vector<OpId> overloads(std::string_view name) const override {
    std::vector<OpId> out;
    for (uint32_t i = 0; i < rows_.size(); i++)
      if (rows_[i].name == name) out.push_back(OpId(i));
    return out;
  }

 private:
  static void elementwise(OpRow& r) {
    r.kind = OpKind::Pointwise;
    r.is_elementwise = true;
  }
  template <class Fn>
  void add(std::string_view name, std::string_view overload, std::vector<OpParam> params, Fn&& more) {
    params_.push_back(std::make_unique<std::vector<OpParam>>(std::move(params)));
    OpRow row;
    row.name = name;
    row.overload = overload;
    row.params = *params_.back();
    static constexpr TypeId kTensor[] = {types::Tensor};
    row.results = kTensor;
    more(row);
    rows_.push_back(row);
  }
  std::vector<std::unique_ptr<std::vector<OpParam>>> params_;
  std::vector<OpRow> rows_;
};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream s;
  s << in.rdbuf();
  return s.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::stringstream s(text);
  for (std::string line; std::getline(s, line);) out.push_back(line);
  return out;
}

std::string stripped(const std::string& line) {
  size_t at = line.find_first_not_of(" \t");
  return at == std::string::npos ? "" : line.substr(at);
}

/// The blocks and exits of a function's text.
std::vector<std::string> body_lines(const std::string& text) {
  std::vector<std::string> out;
  bool inside = false;
  for (const std::string& line : lines_of(text)) {
    if (line.starts_with("^")) inside = true;
    if (line == "}") break;
    if (line.starts_with("  kernel ")) out.push_back(stripped(line));
    if (inside) out.push_back(stripped(line));
  }
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& l : lines) out += l + "\n";
  return out;
}

constexpr std::string_view kCheck = "# CHECK: ";

class TextTest : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(TextTest, Passes) {
  std::string text = read_file(GetParam());
  ASSERT_TRUE(text.starts_with("# RUN: pass ")) << "the first line says which passes run";
  std::vector<const Pass*> passes;
  std::string run = text.substr(12, text.find('\n') - 12);
  std::replace(run.begin(), run.end(), ',', ' ');
  std::stringstream names(run);
  for (std::string name; names >> name;) {
    const Pass* pass = find_pass(name);
    ASSERT_NE(pass, nullptr) << "no pass " << name;
    passes.push_back(pass);
  }

  TypeTable types;
  TestOps ops;
  ReadResult r = read(text, types, &ops);
  ASSERT_TRUE(r.module) << GetParam() << ":" << r.line << ": " << r.error;
  ASSERT_EQ(verify(*r.module), "");
  std::vector<std::vector<std::string>> results;
  PassOptions options;
  options.verify = true;
  for (auto& f : r.module->functions) {
    for (const Pass* pass : passes) run_pass(*pass, *f, options);
    compact(*f);
    results.push_back(body_lines(print(*f)));
    // What comes out reads back.
  }
  std::string whole = print(*r.module);
  ReadResult again = read(whole, types, &ops);
  ASSERT_TRUE(again.module) << again.line << ": " << again.error << "\n" << whole;
  EXPECT_EQ(print(*again.module), whole);

  bool update = std::getenv("TSVM_UPDATE_TESTS") != nullptr;
  std::string updated;
  std::vector<std::string> expected;
  int function = -1;
  auto finish = [&] {
    if (function >= 0) {
      EXPECT_EQ(joined(expected), joined(results[static_cast<size_t>(function)]))
          << GetParam().filename() << ": @" << r.module->functions[static_cast<size_t>(function)]->name;
    }
    expected.clear();
  };
  for (const std::string& line : lines_of(text)) {
    if (line.starts_with("func @")) {
      if (!update) finish();
      function++;
    }
    if (line.starts_with(kCheck)) {
      expected.push_back(line.substr(kCheck.size()));
      continue;
    }
    updated += line + "\n";
    if (line == "}")
      for (const std::string& out : results[static_cast<size_t>(function)]) updated += std::string(kCheck) + out + "\n";
  }
  if (!update)
    finish();
  else
    std::ofstream(GetParam()) << updated;
}

std::vector<std::filesystem::path> test_files() {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(TSVM_SOURCE_DIR "/tests/ir"))
    if (entry.path().extension() == ".ir") out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

INSTANTIATE_TEST_SUITE_P(Ir, TextTest, ::testing::ValuesIn(test_files()), [](const auto& info) {
  std::string name = info.param.stem().string();
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

TEST(IrPipeline, DumpAndSwitch) {
  TypeTable types;
  ReadResult r =
      read("func @f() -> any {\n^0:\n %0: any = const 1\n jump ^1\n^1:\n %1: any = const 2\n return %1\n}", types);
  ASSERT_TRUE(r.module);
  Function& f = *r.module->functions[0];
  std::string before = print(f), dump;
  PassOptions options;
  options.enabled = false;
  run_passes(f, PassLevel::Generic, options);
  EXPECT_EQ(print(f), before);
  options.enabled = true;
  options.verify = true;
  options.dump = &dump;
  options.dump_pass = "dce";
  run_passes(f, PassLevel::Generic, options);
  EXPECT_EQ(dump, "# after dce\nfunc @f() -> any {\n^0:\n    %1: any = const 2\n    return %1\n}\n");
}

}  // namespace
}  // namespace tsvm::ir
