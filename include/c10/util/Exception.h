// Errors and warnings: c10::Error and its kinds, TORCH_CHECK, TORCH_WARN.
#pragma once

#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "c10/util/StringUtil.h"

namespace c10 {

class Error : public std::exception {
 public:
  Error(SourceLocation where, std::string message);
  Error(std::string message, std::string backtrace, const void* caller = nullptr);
  Error(const char* file, uint32_t line, const char* condition, const std::string& message,
        const std::string& backtrace, const void* caller = nullptr);
  ~Error() override;

  /// Says more about where the error came from.
  void add_context(std::string message);
  const std::string& msg() const { return message_; }
  const std::vector<std::string>& context() const { return context_; }
  const std::string& backtrace() const { return backtrace_; }
  /// The message, its context and where it was raised.
  const char* what() const noexcept override { return what_.c_str(); }
  const char* what_without_backtrace() const noexcept { return what_without_backtrace_.c_str(); }
  const void* caller() const noexcept { return caller_; }

 private:
  void refresh();
  std::string message_, backtrace_;
  std::vector<std::string> context_;
  std::string what_, what_without_backtrace_;
  const void* caller_ = nullptr;
};

#define C10_ERROR_KIND(Name)  \
  class Name : public Error { \
   public:                    \
    using Error::Error;       \
    ~Name() override;         \
  }
C10_ERROR_KIND(IndexError);
C10_ERROR_KIND(ValueError);
C10_ERROR_KIND(TypeError);
C10_ERROR_KIND(NotImplementedError);
C10_ERROR_KIND(EnforceFiniteError);
C10_ERROR_KIND(OnnxfiBackendSystemError);
C10_ERROR_KIND(LinAlgError);
C10_ERROR_KIND(OutOfMemoryError);
#undef C10_ERROR_KIND

/// Gets what TORCH_WARN says.
class WarningHandler {
 public:
  virtual ~WarningHandler() = default;
  /// Without an own one: printed on stderr.
  virtual void process(const SourceLocation& where, const std::string& message, const bool verbatim);
};

namespace Warning {
void warn(const SourceLocation& where, const std::string& message, bool verbatim = false);
/// Null: the default one.
void set_warning_handler(WarningHandler* handler) noexcept;
WarningHandler* get_warning_handler() noexcept;
void set_warnAlways(bool on) noexcept;
bool get_warnAlways() noexcept;
}  // namespace Warning

/// Another handler for the life of this object.
class WarningHandlerGuard {
 public:
  explicit WarningHandlerGuard(WarningHandler* handler) : before_(Warning::get_warning_handler()) {
    Warning::set_warning_handler(handler);
  }
  ~WarningHandlerGuard() { Warning::set_warning_handler(before_); }

 private:
  WarningHandler* before_;
};

namespace detail {
[[noreturn]] void torchCheckFail(const char* function, const char* file, uint32_t line, const std::string& message);
[[noreturn]] void torchInternalAssertFail(const char* function, const char* file, uint32_t line, const char* condition,
                                          const std::string& message);
inline std::string torchCheckMsgImpl(const char* standard) { return standard; }
template <class... Args>
std::string torchCheckMsgImpl(const char*, const Args&... args) {
  return c10::str(args...);
}
}  // namespace detail

}  // namespace c10

#define TORCH_CHECK_MSG(cond, type, ...)                                              \
  (::c10::detail::torchCheckMsgImpl("Expected " #cond " to be true, but got false.  " \
                                    "(Could this error message be improved?  If so, " \
                                    "please report an enhancement request to PyTorch.)" __VA_OPT__(, ) __VA_ARGS__))
#define C10_THROW_ERROR(kind, ...) \
  throw ::c10::kind({__func__, __FILE__, static_cast<uint32_t>(__LINE__)}, ::c10::str(__VA_ARGS__))
#define TORCH_CHECK(cond, ...)                                                             \
  do {                                                                                     \
    if (C10_UNLIKELY(!(cond)))                                                             \
      ::c10::detail::torchCheckFail(__func__, __FILE__, static_cast<uint32_t>(__LINE__),   \
                                    TORCH_CHECK_MSG(cond, "" __VA_OPT__(, ) __VA_ARGS__)); \
  } while (false)
#define TORCH_CHECK_WITH(kind, cond, ...)                                      \
  do {                                                                         \
    if (C10_UNLIKELY(!(cond)))                                                 \
      throw ::c10::kind({__func__, __FILE__, static_cast<uint32_t>(__LINE__)}, \
                        TORCH_CHECK_MSG(cond, "" __VA_OPT__(, ) __VA_ARGS__)); \
  } while (false)
#define TORCH_CHECK_INDEX(cond, ...) TORCH_CHECK_WITH(IndexError, cond __VA_OPT__(, ) __VA_ARGS__)
#define TORCH_CHECK_VALUE(cond, ...) TORCH_CHECK_WITH(ValueError, cond __VA_OPT__(, ) __VA_ARGS__)
#define TORCH_CHECK_TYPE(cond, ...) TORCH_CHECK_WITH(TypeError, cond __VA_OPT__(, ) __VA_ARGS__)
#define TORCH_CHECK_LINALG(cond, ...) TORCH_CHECK_WITH(LinAlgError, cond __VA_OPT__(, ) __VA_ARGS__)
#define TORCH_CHECK_NOT_IMPLEMENTED(cond, ...) TORCH_CHECK_WITH(NotImplementedError, cond __VA_OPT__(, ) __VA_ARGS__)
#define TORCH_CHECK_ARG(cond, argument, ...) \
  TORCH_CHECK(cond, "invalid argument " #argument ": " __VA_OPT__(, ) __VA_ARGS__)
#define TORCH_INTERNAL_ASSERT(cond, ...)                                                                 \
  do {                                                                                                   \
    if (C10_UNLIKELY(!(cond)))                                                                           \
      ::c10::detail::torchInternalAssertFail(__func__, __FILE__, static_cast<uint32_t>(__LINE__), #cond, \
                                             ::c10::str(__VA_ARGS__));                                   \
  } while (false)
#ifdef NDEBUG
#define TORCH_INTERNAL_ASSERT_DEBUG_ONLY(...) \
  while (false) TORCH_INTERNAL_ASSERT(__VA_ARGS__)
#else
#define TORCH_INTERNAL_ASSERT_DEBUG_ONLY(...) TORCH_INTERNAL_ASSERT(__VA_ARGS__)
#endif
#define TORCH_WARN(...) \
  ::c10::Warning::warn({__func__, __FILE__, static_cast<uint32_t>(__LINE__)}, ::c10::str(__VA_ARGS__))
#define TORCH_WARN_ONCE(...)                                                               \
  do {                                                                                     \
    static const bool torch_warned_once = [&] { return TORCH_WARN(__VA_ARGS__), true; }(); \
    (void)torch_warned_once;                                                               \
  } while (false)
#define AT_ERROR(...) \
  ::c10::detail::torchCheckFail(__func__, __FILE__, static_cast<uint32_t>(__LINE__), ::c10::str(__VA_ARGS__))
#define AT_ASSERT(...) TORCH_INTERNAL_ASSERT(__VA_ARGS__)
#define AT_ASSERTM(cond, ...) TORCH_CHECK(cond, __VA_ARGS__)
#define AT_WARN(...) TORCH_WARN(__VA_ARGS__)
