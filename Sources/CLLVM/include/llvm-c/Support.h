#if __has_include("/usr/lib/llvm-19/include/llvm-c/Support.h")
#include "/usr/lib/llvm-19/include/llvm-c/Support.h"
#elif __has_include("/opt/homebrew/opt/llvm@19/include/llvm-c/Support.h")
#include "/opt/homebrew/opt/llvm@19/include/llvm-c/Support.h"
#else
#error "LLVM 19 headers not found: apt install llvm-19-dev, or build with --disable-default-traits"
#endif
