//===- CodeEmitter.h - from the LLVM dialect to machine code ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_TARGET_CPU_CODEEMITTER_H
#define FRIT_LIB_TARGET_CPU_CODEEMITTER_H

#include "dialects/Machine/Machine.h"
#include "frit/Support/Result.h"
#include "mlir/IR/BuiltinOps.h"

#include <memory>
#include <string>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace frit::target::cpu {

/// The llvm.func ops of a module after `lower`, translated and optimized for its machine.target.
Result<std::unique_ptr<llvm::Module>> emitLLVM(mlir::ModuleOp module, llvm::LLVMContext &context);

/// Assembly text or the bytes of an ELF object.
Result<std::string> emitCode(llvm::Module &module, machine::TargetAttr target, bool assembly);

/// Links one object into a shared object, in this process (liblld).
Result<std::string> linkShared(const std::string &object);

} // namespace frit::target::cpu

#endif // FRIT_LIB_TARGET_CPU_CODEEMITTER_H
