//===- InitAll.cpp - everything frit registers -----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frit/InitAll.h"

#include "dialects/Check/Check.h"
#include "dialects/Graph/Graph.h"
#include "dialects/KV/KV.h"
#include "dialects/Kernel/Kernel.h"
#include "dialects/Machine/Machine.h"
#include "dialects/Tile/Tile.h"
#include "frit/Pipeline/Pipeline.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Algebra/Passes.h"
#include "passes/Cache/Passes.h"
#include "passes/Fuse/Passes.h"
#include "passes/Lower/Cpu/Passes.h"
#include "passes/Normalize/Passes.h"
#include "passes/Quantize/Passes.h"
#include "passes/Schedule/Passes.h"

void frit::registerAllDialects(mlir::DialectRegistry &registry) {
  registry.insert<check::CheckDialect, graph::GraphDialect, kernel::KernelDialect, kv::KVDialect,
                  machine::MachineDialect, tile::TileDialect>();
  registry.insert<mlir::arith::ArithDialect, mlir::func::FuncDialect, mlir::LLVM::LLVMDialect,
                  mlir::math::MathDialect, mlir::scf::SCFDialect, mlir::vector::VectorDialect>();
}

void frit::registerAllPasses() {
  algebra::registerAlgebraPasses();
  normalize::registerNormalizePasses();
  quantize::registerQuantizePasses();
  cache::registerCachePasses();
  fuse::registerFusePasses();
  schedule::registerSchedulePasses();
  lower::cpu::registerLowerCpuPasses();
  registerPipelinePasses();
}
