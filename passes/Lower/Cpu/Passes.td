//===- Passes.td - passes that lower tiles to CPU code ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_LOWER_CPU_PASSES
#define FRIT_PASSES_LOWER_CPU_PASSES

include "mlir/Pass/PassBase.td"

def LowerTilesToCpu : Pass<"frit-lower-tiles-to-cpu", "::mlir::ModuleOp"> {
  let summary = "Turn tile phases into functions over vectors";
  let description = [{
    Each `tile.phase` becomes a `func.func` with the interface of include/frit/Runtime/Abi.h. Tiles get
    their place in the worker's scratch memory; loops stay scf; every tile op becomes loops over vectors of
    the target's width; products become micro-kernels around the target's matrix instruction
    (passes/Lower/Cpu/Instructions.def), fully unrolled over their registers. The order of all sums
    depends on shapes only, so results do not depend on the number of workers.

    The function carries `frit.packs`, the packs its table of addresses starts with, and the module
    `frit.scratch_bytes` and `frit.rope_tables`, which the manifest repeats.

    Before:
    ```mlir
    %s = tile.reduce add %x : !tile.tile<6x64> -> !tile.tile<6x1>
    ```
    After:
    ```mlir
    scf.for %r = %c0 to %c6 step %c1 {
      %0 = llvm.load %row {alignment = 4 : i64} : !llvm.ptr -> vector<16xf32>
      ...
    }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::func::FuncDialect", "::mlir::vector::VectorDialect",
                           "::mlir::math::MathDialect", "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect"];
}

#endif // FRIT_PASSES_LOWER_CPU_PASSES
