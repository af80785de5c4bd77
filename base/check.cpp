#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace tsvm {

void internal_error(const char* file, int line, const char* condition, const char* message) {
  std::fflush(stdout);
  std::fprintf(stderr,
               "tsvm: internal error at %s:%d: %s (%s)\nThis is a bug in tsvm: please report it with the program that "
               "shows it.\n",
               file, line, message, condition);
  std::abort();
}

}  // namespace tsvm
