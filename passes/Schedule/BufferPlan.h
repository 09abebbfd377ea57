//===- BufferPlan.h - which tensors share a buffer --------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_SCHEDULE_BUFFERPLAN_H
#define FRIT_PASSES_SCHEDULE_BUFFERPLAN_H

#include "dialects/Graph/Graph.h"
#include "dialects/Kernel/Kernel.h"
#include "dialects/Tile/Tile.h"
#include "llvm/ADT/StringMap.h"

namespace frit::schedule {

/// Gives each tensor that crosses a barrier a buffer. Layers run one after another on the same
/// buffers; a layer's input and output are one buffer, the residual stream.
class BufferPlan {
public:
  explicit BufferPlan(mlir::ModuleOp module) : module(module) {}

  mlir::LogicalResult planFunction(mlir::FunctionOpInterface function);
  mlir::FlatSymbolRefAttr lookup(mlir::Value value) const { return bufferOf.lookup(value); }
  /// What the rows of a buffer are; tokens without one.
  tile::Rows rowsOf(mlir::FlatSymbolRefAttr buffer) const;

private:
  mlir::FlatSymbolRefAttr create(llvm::StringRef name, mlir::Value value, tile::Rows rows);
  tile::Rows rowsOf(kernel::CallOp call) const;
  bool isStream(mlir::FlatSymbolRefAttr buffer) const;
  mlir::LogicalResult checkBody(mlir::Block &block);
  mlir::LogicalResult checkStream(graph::LayerOp layer);
  mlir::LogicalResult checkStream(llvm::ArrayRef<mlir::Value> values);

  mlir::ModuleOp module;
  llvm::DenseMap<mlir::Value, mlir::FlatSymbolRefAttr> bufferOf;
  llvm::StringMap<mlir::FlatSymbolRefAttr> streams;
  /// What the program leaves, in one buffer whatever the call.
  mlir::FlatSymbolRefAttr logits;
  /// Of all functions so far, and those of them that functions for other calls may use again: only
  /// one program runs at a time.
  mlir::SmallVector<tile::BufferOp> created, reusable;
  int64_t firstTokens = 1; ///< Of the calls that the last function served.
};

} // namespace frit::schedule

#endif // FRIT_PASSES_SCHEDULE_BUFFERPLAN_H
