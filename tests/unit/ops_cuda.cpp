// CUDA text: its form, its results when compiled as C++, and NVRTC's judgement where the library is present.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "ops/cuda/emit.h"
#include "ops/cuda/nvrtc.h"
#include "ops/scalar/kernels.h"
#include "tests/unit/scalar_programs.h"

namespace tsvm::ops::cuda {
namespace {

using namespace scalar;

std::string temporary_folder() {
  char path[] = "/tmp/tsvm_cuda_XXXXXX";
  const char* made = ::mkdtemp(path);
  return made != nullptr ? made : "";
}

/// The last lines: the prelude is the same for all.
std::string kernel_only(const std::string& text) { return text.substr(text.find("extern \"C\"")); }

TEST(CudaText, GoldenKernel) {
  Builder b;
  const uint16_t x = b.input(CType::F32), y = b.input(CType::F32), alpha = b.param(CType::F32);
  const uint16_t sum = b.op(Op::Fma, alpha, y, x);
  const OwnedProgram owned = b.finish({b.op(Op::Max, sum, b.constant(CType::F32, 0.0))});
  const KernelOperand operands[] = {{DType::Float16, DType::Float16, Layout::Dense},
                                    {DType::Float16, DType::Float16, Layout::Dense},
                                    {DType::Float16, DType::Float16, Layout::Strided}};
  EXPECT_EQ(
      kernel_only(emit_kernel(owned.view(), operands, "axpy")),
      R"(extern "C" __global__ void axpy(long long n, unsigned short* o0, const unsigned short* i0, const unsigned short* i1, float p0, int* fault, tsvm_strides strides) {
  long long step = (long long)gridDim.x * blockDim.x;
  for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step) {
    long long s2 = 0;
    long long rest = i;
    for (int d = 0; d < strides.ndim; d++) {
      long long at = rest % strides.sizes[d];
      rest /= strides.sizes[d];
      s2 += at * strides.strides[2][d];
    }
    float v0 = tsvm_from_half(i0[i]);
    float v1 = tsvm_from_half(i1[s2]);
    float v2 = p0;
    float v3 = fmaf(v2, v1, v0);
    float v4 = __int_as_float((int)0x0u);
    unsigned char v5 = (unsigned char)(v3 != v3);
    unsigned char v6 = (unsigned char)(v3 > v4);
    unsigned char v7 = v6 | v5;
    float v8 = v7 ? v3 : v4;
    o0[i] = tsvm_to_half(v8);
  }
}
)");
}

/// One random kernel with what it needs to be called.
struct Case {
  OwnedProgram owned;
  std::vector<DType> inputs, outputs;
  std::vector<KernelOperand> operands;
  std::vector<ParamValue> params;
};

std::vector<Case> random_cases(int count) {
  std::mt19937 random(11);
  const DType types[] = {DType::Float32,  DType::Float64,   DType::Int64,     DType::Int32,
                         DType::Int8,     DType::UInt8,     DType::Bool,      DType::Float16,
                         DType::BFloat16, DType::Complex64, DType::Complex128};
  std::vector<Case> cases;
  for (int n = 0; n < count; n++) {
    Case c;
    const int inputs = 1 + static_cast<int>(random() % 3), outputs = 1 + static_cast<int>(random() % 2);
    for (int k = 0; k < inputs; k++) c.inputs.push_back(types[random() % 11]);
    c.owned = random_program(random, c.inputs, 4 + static_cast<int>(random() % 25), outputs);
    for (int k = 0; k < outputs; k++) {
      c.outputs.push_back(types[random() % 11]);
      c.operands.push_back({c.outputs.back(), c.outputs.back(), random() % 4 ? Layout::Dense : Layout::Strided});
    }
    for (int k = 0; k < inputs; k++)
      c.operands.push_back(
          {c.inputs[static_cast<size_t>(k)], c.inputs[static_cast<size_t>(k)], static_cast<Layout>(random() % 3)});
    const Program p = c.owned.view();
    for (int k = 0; k < p.params; k++)
      c.params.push_back(
          param_value(p.param_type(k), Scalar(std::complex<double>(1.5, is_complex(p.param_type(k)) ? 2 : 0))));
    cases.push_back(std::move(c));
  }
  return cases;
}

TEST(CudaText, ComputesWhatTheInterpreterComputes) {
  const std::vector<Case> cases = random_cases(60);
  const std::string folder = temporary_folder();
  std::ofstream source(folder + "/kernels.cpp");
  source << "#include \"" TSVM_TEST_DATA "/cuda_shim.h\"\n";
  for (size_t n = 0; n < cases.size(); n++) {
    const Program p = cases[n].owned.view();
    const std::string name = "kernel" + std::to_string(n), space = "space" + std::to_string(n);
    source << "namespace " << space << " {\n" << emit_kernel(p, cases[n].operands.data(), name);
    // A call with everything by address.
    bool strided = false;
    for (const KernelOperand& o : cases[n].operands) strided |= o.layout == Layout::Strided;
    source << "template <class... A> void call(void (*f)(A...), long long n, void** p, void* strides) {\n";
    source << "  auto at = [&]<unsigned long... I>(std::index_sequence<I...>) {\n    f([&]() -> A {\n"
              "      if constexpr (I == 0) return n;\n"
              "      else if constexpr (std::is_pointer_v<A>) return (A)p[I - 1];\n"
              "      else return *(A*)(I - 1 < "
           << (cases[n].operands.size() + p.params)
           << " ? p[I - 1] : strides);\n    }()...);\n  };\n  at(std::make_index_sequence<sizeof...(A)>());\n}\n}\n";
    source << "extern \"C\" void call" << n << "(long long n, void** p, void* s) { " << space << "::call(" << space
           << "::" << name << ", n, p, s); }\n";
    (void)strided;
  }
  source.close();
  const std::string command =
      "g++ -std=c++20 -O1 -w -include utility -include type_traits -fwrapv -ffp-contract=off "
      "-fno-strict-aliasing -shared -fPIC -o " +
      folder + "/kernels.so " + folder + "/kernels.cpp";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  void* library = dlopen((folder + "/kernels.so").c_str(), RTLD_NOW);
  ASSERT_NE(library, nullptr) << dlerror();

  std::mt19937 random(3);
  const int64_t rows = 7, columns = 11, n = rows * columns;
  for (size_t at = 0; at < cases.size(); at++) {
    const Case& c = cases[at];
    const Program p = c.owned.view();
    struct Strides {
      int ndim;
      long long sizes[kMaxKernelDims];
      long long strides[8][kMaxKernelDims];
    } strides{2, {columns, rows}, {}};
    std::vector<Tensor> tensors, expected;
    Loop loop({rows, columns});
    std::vector<OperandType> types;
    std::vector<void*> pointers;
    for (size_t k = 0; k < c.operands.size(); k++) {
      const bool output = k < c.outputs.size();
      Tensor t = c.operands[k].layout == Layout::Dense ? empty({rows, columns}, c.operands[k].stored)
                 : c.operands[k].layout == Layout::Uniform
                     ? empty({1, 1}, c.operands[k].stored)
                     : empty_strided({rows, columns}, {1, rows}, c.operands[k].stored);
      strides.strides[k][0] = rows;
      strides.strides[k][1] = 1;
      if (output) {
        tensors.push_back(t);
        expected.push_back(empty_strided(t.sizes(), t.strides(), t.dtype()));
        loop.add(expected.back());
      } else {
        fill_random(t, random);
        tensors.push_back(t);
        loop.add(t);
      }
      pointers.push_back(t.data());
      types.push_back({t.dtype(), t.dtype()});
    }
    loop.finish();
    run_interpreted(scalar::Run{&p, &loop, types.data(), c.params.data(), false}, kernels());
    struct {
      double d[2];
      float f[2];
      int64_t i;
      uint8_t b;
    } param[4];
    for (int k = 0; k < p.params; k++) {
      const ParamValue v = c.params[static_cast<size_t>(k)];
      void* to = &param[k];
      if (p.param_type(k) == CType::C64) {
        const uint32_t parts[] = {static_cast<uint32_t>(v.words[0]), static_cast<uint32_t>(v.words[1])};
        std::memcpy(to, parts, 8);
      } else {
        std::memcpy(to, v.words, 16);
      }
      pointers.push_back(to);
    }
    int fault = 0;
    pointers.push_back(&fault);
    auto call =
        reinterpret_cast<void (*)(long long, void**, void*)>(dlsym(library, ("call" + std::to_string(at)).c_str()));
    ASSERT_NE(call, nullptr);
    // Each kernel's struct has as many strides as it has operands, from the start: ours begins alike.
    call(n, pointers.data(), &strides);
    for (size_t k = 0; k < c.outputs.size(); k++)
      EXPECT_TRUE(same_bits(expected[k], tensors[k])) << "case " << at << "\n"
                                                      << to_string(p) << emit_kernel(p, c.operands.data(), "k");
  }
  dlclose(library);
  for (const char* name : {"/kernels.cpp", "/kernels.so"}) std::remove((folder + name).c_str());
  ::rmdir(folder.c_str());
}

TEST(CudaText, CompilesByNvrtcAndIsCached) {
  std::string why;
  if (!nvrtc_available(&why)) GTEST_SKIP() << why;
  const std::string folder = temporary_folder();
  ::setenv("XDG_CACHE_HOME", folder.c_str(), 1);
  const std::vector<Case> cases = random_cases(8);
  for (size_t n = 0; n < cases.size(); n++) {
    const std::string text = emit_kernel(cases[n].owned.view(), cases[n].operands.data(), "kernel");
    const Compiled first = compile(text, "sm_90");
    ASSERT_TRUE(first) << first.log << text;
    EXPECT_FALSE(first.from_cache);
    const Compiled second = compile(text, "sm_90");
    EXPECT_TRUE(second.from_cache);
    EXPECT_EQ(first.image, second.image);
  }
  const Compiled wrong = compile("this is no kernel", "sm_90");
  EXPECT_FALSE(wrong);
  EXPECT_NE(wrong.log.find("error"), std::string::npos);
  // A file cut short is not believed.
  const std::string text = emit_kernel(cases[0].owned.view(), cases[0].operands.data(), "kernel");
  ASSERT_EQ(std::system(("for f in " + folder + "/tsvm/kernels/*; do truncate -s 2000 $f; done").c_str()), 0);
  EXPECT_FALSE(compile(text, "sm_90").from_cache);
  std::system(("rm -r " + folder).c_str());
  ::unsetenv("XDG_CACHE_HOME");
}

TEST(CudaDriver, SaysWhatIsMissing) {
  std::string why;
  if (driver_available(&why)) {
    EXPECT_GT(device_count(), 0);
    EXPECT_EQ(architecture(0).substr(0, 3), "sm_");
  } else {
    EXPECT_FALSE(why.empty());
    EXPECT_EQ(device_count(), 0);
    EXPECT_EQ(architecture(0), "");
  }
}

}  // namespace
}  // namespace tsvm::ops::cuda
