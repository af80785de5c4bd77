// Printing against texts that PyTorch 1.13 printed (data/print_expected.txt).
//
// A record: form, dtype, sizes, "hex" or "lin:a:b", precision, threshold, edgeitems, linewidth, sci_mode, number of
// lines; then the bytes (hex only), then the lines.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "ops/cpu/kernels.h"
#include "ops/tensor/print.h"

using namespace tsvm::ops;
namespace cpu = tsvm::ops::cpu;

namespace {

int check_file(const std::string& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in.good()) << path;
  std::string head;
  int n = 0;
  while (std::getline(in, head)) {
    std::istringstream fields(head);
    std::string form, dtype_name, sizes_text, source, threshold, sci;
    PrintOptions options;
    int lines;
    fields >> form >> dtype_name >> sizes_text >> source >> options.precision >> threshold >> options.edgeitems >>
        options.linewidth >> sci >> lines;
    options.threshold = std::strtod(threshold.c_str(), nullptr);
    if (sci != "none") options.sci_mode = sci == "on";
    const DType dtype = *dtype_from_name(dtype_name);
    DimVector sizes;
    if (sizes_text != "-") {
      std::istringstream parts(sizes_text);
      for (std::string part; std::getline(parts, part, ',');) sizes.push_back(std::atoll(part.c_str()));
    }
    Tensor t = empty(sizes, dtype);
    if (source == "hex") {
      std::string hex;
      std::getline(in, hex);
      uint8_t* bytes = t.data_ptr<uint8_t>();
      for (size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes[i / 2] = static_cast<uint8_t>(std::strtol(hex.substr(i, 2).c_str(), nullptr, 16));
    } else {
      const size_t colon = source.rfind(':');
      const double a = std::strtod(source.c_str() + 4, nullptr), b = std::strtod(source.c_str() + colon + 1, nullptr);
      Tensor doubles = empty(sizes, DType::Float64);
      for (int64_t i = 0; i < t.numel(); i++) doubles.data_ptr<double>()[i] = static_cast<double>(i) * a + b;
      cpu::copy_(t, doubles);
    }
    std::string want;
    for (int i = 0; i < lines; i++) {
      std::string line;
      std::getline(in, line);
      want += (i ? "\n" : "") + line;
    }
    n++;
    const std::string got = form == "cpp" ? to_cpp_string(t) : to_string(t, {}, options);
    EXPECT_EQ(got, want) << "record " << n << ": " << head;
  }
  return n;
}

}  // namespace

TEST(Print, Recorded) {
  EXPECT_GT(check_file(TSVM_TEST_DATA "/print_expected.txt"), 100);
  if (const char* more = std::getenv("TSVM_PRINT_RECORDS")) check_file(more);
}

TEST(Print, Suffixes) {
  Tensor t = cpu::ones({2}, DType::Float32);
  EXPECT_EQ(to_string(t, {.grad_fn = "AddBackward0"}), "tensor([1., 1.], grad_fn=<AddBackward0>)");
  EXPECT_EQ(to_string(t, {.requires_grad = true}), "tensor([1., 1.], requires_grad=True)");
  Tensor wide = cpu::full({9}, Scalar(1.5), DType::Float64);
  EXPECT_EQ(to_string(wide, {.requires_grad = true}),
            "tensor([1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000],\n"
            "       dtype=torch.float64, requires_grad=True)");
  EXPECT_EQ(to_string(cpu::empty({2, 3}, DType::Float64, Device(DeviceType::Meta))),
            "tensor(..., device='meta', size=(2, 3), dtype=torch.float64)");
  EXPECT_EQ(to_string(cpu::empty({3}, DType::Float32, Device(DeviceType::Meta))),
            "tensor(..., device='meta', size=(3,))");
}

TEST(Print, CppForm) {
  EXPECT_EQ(to_cpp_string(cpu::to(cpu::full({}, Scalar(7), DType::Int64), DType::Int64)), "7\n[ CPULongType{} ]");
  Tensor x = cpu::linspace(Scalar(1), Scalar(3.5), 6);
  EXPECT_EQ(to_cpp_string(x), " 1.0000\n 1.5000\n 2.0000\n 2.5000\n 3.0000\n 3.5000\n[ CPUFloatType{6} ]");
  Tensor t = empty({2, 2}, DType::Float32);
  const float v[] = {1.5f, 2, 3.25f, -4};
  std::memcpy(t.data(), v, sizeof v);
  EXPECT_EQ(to_cpp_string(t), " 1.5000  2.0000\n 3.2500 -4.0000\n[ CPUFloatType{2,2} ]");
  EXPECT_EQ(to_cpp_string(Tensor()), "[ Tensor (undefined) ]");
}
