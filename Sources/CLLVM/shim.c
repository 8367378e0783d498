// Empty without the LLVM trait, so that the package builds where LLVM is not installed.
#ifdef MARTLET_LLVM
#include "CLLVM.h"

int martlet_llvm_initialize_native(void) {
    return LLVMInitializeNativeTarget() || LLVMInitializeNativeAsmPrinter() ||
           LLVMInitializeNativeAsmParser();
}
#endif
