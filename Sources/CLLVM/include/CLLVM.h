// LLVM 19's C API. The files under llvm-c and llvm/Config forward to the installed headers, so
// that a plain `swift build` finds them without flags: LLVM's own headers include one another as
// "llvm-c/X.h", which resolves back into this folder.
#include "llvm-c/Analysis.h"
#include "llvm-c/Core.h"
#include "llvm-c/LLJIT.h"
#include "llvm-c/Orc.h"
#include "llvm-c/Support.h"
#include "llvm-c/Target.h"
#include "llvm-c/TargetMachine.h"
#include "llvm-c/Transforms/PassBuilder.h"

// Registers the host's code generator, which LLVM offers as inline functions only.
// Returns 0 on success. Safe to call more than once.
int martlet_llvm_initialize_native(void);
