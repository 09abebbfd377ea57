//===- Plugin.cpp - frit as a plug-in of mlir-opt --------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "frit/InitAll.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Config/llvm-config.h"

/// A pass of ours: when the host knows it, it has them all, and registering them again is fatal.
static constexpr llvm::StringLiteral anyPass = "frit-normalize-rope";

extern "C" LLVM_ATTRIBUTE_WEAK LLVM_ALWAYS_EXPORT mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "frit", LLVM_VERSION_STRING,
          [](mlir::DialectRegistry *registry) {
            // The host may contain us already (frit-opt): a second copy of a dialect is fatal.
            if (registry->getDialectAllocator(frit::graph::GraphDialect::getDialectNamespace()))
              return;
            frit::registerAllDialects(*registry);
            if (!mlir::PassInfo::lookup(anyPass))
              frit::registerAllPasses();
          }};
}

extern "C" LLVM_ATTRIBUTE_WEAK LLVM_ALWAYS_EXPORT mlir::PassPluginLibraryInfo
mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "frit", LLVM_VERSION_STRING, [] {
            if (!mlir::PassInfo::lookup(anyPass))
              frit::registerAllPasses();
          }};
}
