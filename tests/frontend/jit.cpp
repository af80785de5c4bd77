// torch::jit: values, compiled functions, modules made by hand, archives.
#include <torch/csrc/jit/frontend/error_report.h>
#include <torch/csrc/jit/runtime/jit_exception.h>
#include <torch/jit.h>
#include <torch/script.h>

#include <iostream>
#include <sstream>
#include <unordered_map>

namespace {

template <class F>
void expect_error(const char* what, F&& f) {
  try {
    f();
    std::cout << what << ": nothing\n";
  } catch (const torch::jit::JITException& e) {
    std::cout << what << ": raised " << *e.getOriginalMsg() << "\n";
  } catch (const torch::jit::ErrorReport& e) {
    std::cout << what << ": report " << e.what() << "\n";
  } catch (const c10::Error& e) {
    std::cout << what << ": " << e.msg() << "\n";
  } catch (const std::exception& e) {
    std::cout << what << ": " << e.what() << "\n";
  }
}

void values() {
  c10::Dict<std::string, int64_t> dict;
  dict.insert("a", 1);
  for (const c10::IValue& v :
       {c10::IValue(1), c10::IValue(2.5), c10::IValue(true), c10::IValue("text"), c10::IValue(),
        c10::IValue(std::vector<int64_t>{1, 2}), c10::IValue(std::make_tuple(1, 2.0)), c10::IValue(dict),
        c10::IValue(c10::complex<double>(1, -2)), c10::IValue(c10::Device("cpu")),
        c10::IValue(std::unordered_map<std::string, double>{{"x", 0.1}}), c10::IValue(torch::ones({2}))})
    std::cout << v.tagKind() << " " << v.type()->str() << " " << v.type()->annotation_str() << " " << v << "\n";

  // Views of a list are one list.
  c10::IValue list(std::vector<int64_t>{3, 4});
  list.toIntList().push_back(5);
  c10::List<int64_t> view = list.toIntList();
  view[0] = 30;
  for (int64_t i : view) std::cout << i << " ";
  std::cout << list << " " << (list == c10::IValue(std::vector<int64_t>{30, 4, 5})) << "\n";

  // Dicts keep their order, also over deletions and growth.
  c10::Dict<int64_t, std::string> many;
  for (int64_t i = 0; i < 100; i++) many.insert(i * 7 % 100, std::to_string(i));
  for (int64_t i = 0; i < 100; i += 3) many.erase(i);
  many.insert_or_assign(1, "one");
  size_t n = 0;
  for (const auto& e : many) n += many.at(e.key()) == e.value();
  std::cout << many.size() << " " << n << " " << many.contains(3) << many.at(1) << " " << many.begin()->key() << "\n";
  const auto back = c10::IValue(dict).to<std::unordered_map<std::string, int64_t>>();
  std::cout << back.at("a") << " "
            << std::get<1>(c10::IValue(std::make_tuple(1, 2.5)).to<std::tuple<int64_t, double>>()) << "\n";
  expect_error("no tensor", [&] { (void)list.toTensor(); });
  expect_error("no key", [&] { (void)dict.at("z"); });
}

void functions() {
  auto unit = torch::jit::compile(R"(
    def scaled(x, n: int = 3):
      assert n != 4, "four"
      return x.view(n) * n

    def change(a: Dict[str, int], l: List[int]) -> Tuple[int, List[int]]:
      l.append(7)
      return a["k"], l

    def maybe(x: Optional[Tensor], s: str) -> Optional[str]:
      print("called with", s)
      if x is None:
        return None
      return s
  )");
  const auto x = torch::ones({3});
  std::cout << unit->run_method("scaled", x).toTensor() << "\n";
  torch::jit::Function& f = unit->get_function("scaled");
  std::cout << f.getSchema() << " " << f.num_inputs() << " " << f({x}, {{"n", 3}}).toTensor().sum().item<float>()
            << "\n";
  c10::Dict<std::string, int64_t> d;
  d.insert("k", 5);
  c10::List<int64_t> l({1, 2});
  const c10::IValue changed = unit->run_method("change", d, l);
  std::cout << changed << " " << l.size() << "\n";
  std::cout << unit->run_method("maybe", c10::nullopt, "a") << unit->run_method("maybe", x, "b") << "\n";
  expect_error("assert", [&] { unit->run_method("scaled", x, 4); });
  expect_error("operator", [&] { unit->run_method("scaled", x, 5); });
  expect_error("type", [&] { unit->run_method("scaled", 1, 5); });
  expect_error("missing", [&] { unit->run_method("scaled"); });
  expect_error("many", [&] { unit->run_method("scaled", x, 1, 2); });
  expect_error("keyword", [&] { unit->get_function("scaled")({x}, {{"z", 3}}); });
  expect_error("undefined", [&] { unit->run_method("nope"); });
  expect_error("source", [&] { torch::jit::compile("def bad(x: int) -> str:\n  return x\n"); });
}

void modules() {
  torch::jit::Module inner("Inner");
  inner.register_parameter("w", torch::full({2}, 3.0), /*is_buffer=*/false);
  inner.register_buffer("b", torch::zeros({2}));
  inner.register_attribute("calls", c10::IntType::get(), 0);
  inner.define(R"(
    def forward(self, x):
      self.calls = self.calls + 1
      return x * self.w + self.b
  )");
  torch::jit::Module outer("Outer");
  outer.register_module("inner", inner);
  outer.register_attribute("names", c10::ListType::ofStrings(), std::vector<std::string>{"a"});
  outer.register_attribute("training", c10::BoolType::get(), true);
  outer.define("def forward(self, x, k: int = 1):\n  return self.inner.forward(x) * k + len(self.names)\n");
  std::cout << outer.forward({torch::ones({2})}) << outer.forward({torch::ones({2})}, {{"k", 2}}) << "\n";
  std::cout << inner.attr("calls") << " " << outer.type()->str() << " " << outer.get_method("forward").num_inputs()
            << "\n";
  for (const auto& p : outer.named_parameters()) std::cout << p.name << p.value.sizes() << " ";
  for (const auto& p : outer.named_buffers()) std::cout << p.name << p.value.sizes() << " ";
  for (const auto& m : outer.named_modules()) std::cout << "[" << m.name << "] ";
  for (const auto& a : inner.named_attributes()) std::cout << a.name << " ";
  std::cout << outer.parameters().size() << outer.children().size() << "\n";
  std::cout << inner.dump_to_str(false, false, true);
  outer.eval();
  std::cout << outer.is_training() << outer.hasattr("names") << outer.find_method("nope").has_value() << "\n";

  std::stringstream archive;
  torch::jit::ExtraFilesMap written{{"note.txt", "hello"}}, read{{"note.txt", ""}, {"none.txt", ""}};
  outer.save(archive, written);
  torch::jit::Module back = torch::jit::load(archive, torch::kCPU, read);
  std::cout << read["note.txt"] << "|" << read["none.txt"] << "|"
            << back.forward({torch::ones({2})}).toTensor().sum().item<float>() << "\n";
  back.to(torch::kDouble);
  const torch::jit::Module copy = back.deepcopy(), other = back.clone();
  auto weight = [](const torch::jit::Module& m) { return m.attr("inner").toModule().attr("w").toTensor(); };
  std::cout << weight(back).scalar_type() << (copy == back) << (back == back) << weight(copy).is_same(weight(back))
            << weight(other).is_same(weight(back)) << "\n";
  back.setattr("names", std::vector<std::string>{"x", "y"});
  std::cout << back.attr("names") << " " << back.attr("nothing", 3) << "\n";
  torch::jit::Module frozen = torch::jit::freeze(copy);
  std::cout << frozen.parameters().size() << frozen.hasattr("inner")
            << frozen.forward({torch::ones({2}, torch::kDouble)}) << "\n";
  expect_error("attribute", [&] { back.attr("zz"); });
  expect_error("set type", [&] { back.setattr("names", 1); });
  expect_error("set unknown", [&] { back.setattr("zz", 1); });
  expect_error("method", [&] { back.get_method("zz"); });
  expect_error("argument", [&] { back.forward({1}); });
  expect_error("file", [&] { torch::jit::load("does-not-exist.pt"); });
  expect_error("no archive", [&] {
    std::istringstream text("this is no archive");
    torch::jit::load(text);
  });
  expect_error("empty", [&] { torch::jit::Module().forward({}); });
}

void gradients() {
  auto unit = torch::jit::compile("def f(x, y):\n  return (x * y + x).sum()\n");
  const auto x = torch::tensor({1.0, 2.0}, torch::requires_grad()), y = torch::tensor({3.0, 4.0});
  unit->run_method("f", x, y).toTensor().backward();
  std::cout << x.grad() << "\n";
  torch::NoGradGuard off;
  std::cout << unit->run_method("f", x, y).toTensor().requires_grad() << "\n";
}

}  // namespace

int main() {
  std::cout << std::boolalpha;
  values();
  functions();
  modules();
  gradients();
}
