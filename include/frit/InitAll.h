//===- InitAll.h - everything frit registers -------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_INITALL_H
#define FRIT_INITALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace frit {

/// Adds frit's dialects, and the upstream dialects its passes create, to `registry`.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Registers frit's passes and pipelines. Call once a process.
void registerAllPasses();

} // namespace frit

#endif // FRIT_INITALL_H
