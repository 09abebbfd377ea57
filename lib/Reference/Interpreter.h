//===- Interpreter.h - the reference: graph, kv and check ops, plainly -----===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What every generated program is compared with. Simple loops, sums in the order of the indices, no
// state but the caches. All activations are computed in T, float or double, whatever element types
// the IR has; int8 products are computed in i32 and f32 as graph.linear says, for either T (but see
// wideBlockSums).
//
//   WeightReader weights(directoryOfTheModel);
//   Interpreter<double> interpreter(module, weights);
//   FailureOr<std::vector<KVCache<double>>> caches = interpreter.createCaches("forward", 128);
//   FailureOr<Tensor<double>> logits = interpreter.run("forward", batch, *caches);
//
// Errors are diagnostics at the op that could not be computed: a weight whose file is missing or
// too short, an id outside the vocabulary, a position beyond the capacity, keys never written, an
// op that is not known here.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_REFERENCE_INTERPRETER_H
#define FRIT_LIB_REFERENCE_INTERPRETER_H

#include "dialects/Check/Check.h"
#include "dialects/Graph/Graph.h"
#include "dialects/KV/KV.h"
#include "dialects/Kernel/Kernel.h"
#include "lib/Reference/Values.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

#include <deque>
#include <functional>

namespace frit::reference {

/// Bytes between phases and memory: activations as the IR has them, f32 or int8 with f32 scales,
/// each value once a phase; of weights and caches, what ops read and write, once an op.
struct Traffic {
  int64_t weightBytes = 0, inputBytes = 0, outputBytes = 0, cacheBytes = 0;
  int64_t phases = 0;
};

template <typename T>
class Interpreter {
public:
  using Value = RuntimeValue<T>;

  Interpreter(mlir::ModuleOp module, WeightReader &weights) : module(module), weights(weights) {}

  /// Called with each SSA value as soon as it is computed; may change it before others read it.
  /// Failure ends the run.
  std::function<mlir::LogicalResult(mlir::Value, Value &)> afterValue;
  /// The same for the residual stream after each layer of a graph.repeat; `layer` counts from 0.
  std::function<mlir::LogicalResult(int64_t layer, Tensor<T> &stream)> afterLayer;
  /// Sum the blocks of int8 products in T instead of f32: what a program that sums them in f32, in
  /// whatever order, is measured against.
  bool wideBlockSums = false;
  /// What is run is added to it, if it is not null.
  Traffic *traffic = nullptr;

  /// One empty cache for each layer `function` runs, or has written out, of the type it takes.
  mlir::FailureOr<std::vector<KVCache<T>>> createCaches(llvm::StringRef function, int64_t capacity,
                                                        int64_t slots = 1);

  /// Runs a graph.func that takes tokens and caches and gives one tensor: the logits of the wanted
  /// tokens, [wanted, vocabulary].
  mlir::FailureOr<Tensor<T>> run(llvm::StringRef function, const Batch &batch,
                                 llvm::MutableArrayRef<KVCache<T>> caches);

  /// Runs each graph.func without arguments, in order. Fails when there is none or an expectation
  /// (`check`) does not hold; the others are checked all the same.
  mlir::LogicalResult runTests();

  /// Runs the ops of a block, whatever op it belongs to, and gives the operands of its terminator.
  /// `arguments` must have the block's argument types.
  mlir::FailureOr<std::vector<Value>> runBlock(mlir::Block &block, llvm::ArrayRef<Value> arguments);

private:
  // Interpreter.cpp: values, functions, layers.
  mlir::LogicalResult evalOp(mlir::Operation *op);
  mlir::LogicalResult eval(mlir::arith::ConstantOp op);
  mlir::LogicalResult eval(graph::BatchOp op);
  mlir::LogicalResult eval(graph::ParamOp op);
  mlir::LogicalResult eval(graph::RepeatOp op);
  mlir::LogicalResult eval(kv::LayerOp op);
  mlir::LogicalResult eval(kernel::CallOp op);
  // RowOps.cpp: each row of the result depends on one row of each input.
  mlir::LogicalResult eval(graph::EmbedOp op);
  mlir::LogicalResult eval(graph::NormOp op);
  mlir::LogicalResult eval(graph::RowFactorOp op);
  mlir::LogicalResult eval(graph::ScaleRowsOp op);
  mlir::LogicalResult eval(graph::ScaleColumnsOp op);
  mlir::LogicalResult eval(graph::RopeOp op);
  mlir::LogicalResult eval(graph::ActivationOp op);
  mlir::LogicalResult eval(graph::GluOp op);
  mlir::LogicalResult eval(graph::ResidualOp op);
  mlir::LogicalResult eval(graph::SelectOp op);
  // Products.cpp
  mlir::LogicalResult eval(graph::QuantizeOp op);
  mlir::LogicalResult eval(graph::LinearOp op);
  mlir::LogicalResult eval(graph::LogitsOp op);
  // Experts.cpp
  mlir::LogicalResult eval(graph::RouteOp op);
  mlir::LogicalResult eval(graph::ExpertsOp op);
  // Attention.cpp
  mlir::LogicalResult eval(kv::CreateOp op);
  mlir::LogicalResult eval(kv::AppendOp op);
  mlir::LogicalResult eval(kv::EvictOp op);
  mlir::LogicalResult eval(graph::AttentionOp op);
  // Expectations.cpp
  mlir::LogicalResult eval(check::ExpectCloseOp op);
  mlir::LogicalResult eval(check::ExpectEqOp op);

  mlir::FailureOr<graph::FuncOp> findFunction(llvm::StringRef name);
  /// Gives `value` its runtime value; an error when the two do not fit.
  mlir::LogicalResult bind(mlir::Value value, Value runtimeValue);
  template <typename Kind>
  const Kind &get(mlir::Value value) const {
    return *std::get_if<Kind>(&values.find(value)->second);
  }
  const Tensor<T> &tensor(mlir::Value value) const { return get<Tensor<T>>(value); }
  const Batch &batch(mlir::Value value) const { return get<Batch>(value); }
  const Weight &weight(mlir::Value value) const { return get<Weight>(value); }
  KVCache<T> &cache(mlir::Value value) const { return *get<KVCache<T> *>(value); }
  /// A weight of rank 1; empty without one.
  std::vector<T> vector(mlir::Value value);
  /// So many rows of a weight were read.
  void countRows(const Weight &weight, int64_t rows) {
    if (traffic)
      traffic->weightBytes += weight.format().rowBytes(weight.columns()) * rows;
  }
  Tensor<T> multiply(mlir::Value input, const Weight &weight);
  Tensor<T> multiply(const QuantizedTensor &x, const Weight &weight);
  Tensor<T> multiply(const Tensor<T> &x, const Weight &weight);

  mlir::ModuleOp module;
  WeightReader &weights;
  mlir::SymbolTableCollection tables;
  llvm::DenseMap<mlir::Value, Value> values;
  std::deque<KVCache<T>> createdCaches; ///< by kv.create
  int64_t depth = 0;                    ///< of blocks that run
  bool expectationFailed = false;
};

/// What graph.quantize computes.
template <typename T>
QuantizedTensor quantize(const Tensor<T> &x, int64_t block);

extern template class Interpreter<float>;
extern template class Interpreter<double>;

} // namespace frit::reference

#endif // FRIT_LIB_REFERENCE_INTERPRETER_H
