//===- Passes.td - passes of the step 'cache' ------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_CACHE_PASSES
#define FRIT_PASSES_CACHE_PASSES

include "mlir/Pass/PassBase.td"

def PlanCache : Pass<"frit-plan-cache", "::mlir::ModuleOp"> {
  let summary = "Choose how keys and values are stored";
  let description = [{
    Gives every `!kv.cache` that has no stores yet an element type for keys and values.

    Before: `!kv.cache<3x64>`. After: `!kv.cache<3x64, k = <f16>, v = <f16>>`.
  }];
  let options = [
    Option<"type", "type", "std::string", "\"f16\"", "Element type of keys and values: f16 or f32">];
  let dependentDialects = ["::frit::graph::GraphDialect", "::frit::kv::KVDialect"];
}

#endif // FRIT_PASSES_CACHE_PASSES
