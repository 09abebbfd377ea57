//===- Emitter.h - short names for the ops lowering creates ----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_LOWER_CPU_EMITTER_H
#define FRIT_PASSES_LOWER_CPU_EMITTER_H

#include "dialects/Machine/Machine.h"
#include "frit/Formats/Formats.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace frit::lower::cpu {

/// Creates scalar, vector and memory ops at the builder's place. Addresses are LLVM pointers and
/// byte offsets are `index` or constants, so that no memref descriptors appear.
class Emitter {
public:
  Emitter(mlir::OpBuilder &builder, mlir::Location loc, machine::TargetAttr target)
      : builder(builder), loc(loc), target(target) {}

  int64_t lanes() const { return target.vectorLanes(); }
  mlir::VectorType floats(int64_t count) {
    return mlir::VectorType::get(count, builder.getF32Type());
  }
  mlir::VectorType ints(int64_t count, unsigned bits = 32) {
    return mlir::VectorType::get(count, builder.getIntegerType(bits));
  }
  mlir::Type pointer() { return mlir::LLVM::LLVMPointerType::get(builder.getContext()); }

  /// A constant at the start of the function, made once: thousands of equal ones would be folded
  /// one by one later.
  mlir::Value constant(mlir::TypedAttr value);
  mlir::Value index(int64_t value);
  mlir::Value integer(int64_t value, unsigned bits = 32);
  mlir::Value real(double value);
  /// `value` (a scalar) in every element when `type` is a vector.
  mlir::Value splat(mlir::Value value, mlir::Type type);
  /// An f32 constant of type f32 or a vector of f32.
  mlir::Value realLike(double value, mlir::Type type);
  mlir::Value intLike(int64_t value, mlir::Type type);

  mlir::Value address(mlir::Value base, mlir::Value offsetBytes);
  mlir::Value address(mlir::Value base, int64_t offsetBytes);
  mlir::Value load(mlir::Type type, mlir::Value base, unsigned alignment = 1);
  void store(mlir::Value value, mlir::Value base, unsigned alignment = 1);

  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, int64_t b) { return b == 1 ? a : mul(a, index(b)); }
  mlir::Value shiftRight(mlir::Value a, int64_t bits); ///< of unsigned integers
  mlir::Value shiftLeft(mlir::Value a, int64_t bits);
  mlir::Value bitAnd(mlir::Value a, int64_t mask);
  mlir::Value bitOr(mlir::Value a, mlir::Value b); ///< `a` may be null
  /// The larger or smaller one; `b` when one is a NaN: a single instruction on x86.
  mlir::Value maximum(mlir::Value a, mlir::Value b);
  mlir::Value minimum(mlir::Value a, mlir::Value b);
  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c);
  mlir::Value cast(mlir::Value value,
                   unsigned bits); ///< index or integer to a wider or equal integer
  mlir::Value toIndex(mlir::Value value);

  /// Entry `index` of an array of i32, as an index.
  mlir::Value loadIndex(mlir::Value array, mlir::Value index);
  /// f16 or bf16 bits in memory to f32; `count` elements (1: scalar).
  mlir::Value loadAsFloat(mlir::Type element, int64_t count, mlir::Value base);
  /// Integers of 8 bits to f32.
  mlir::Value bytesToFloat(mlir::Value bytes, bool isSigned);
  /// f32 to f16 elements.
  mlir::Value toHalf(mlir::Value value);

  /// for i = 0 to upper (exclusive) step; unrolls nothing. The body gets the index.
  void loop(mlir::Value upper, int64_t step, llvm::function_ref<void(mlir::Value)> body);
  /// As above with a constant bound; a single iteration needs no loop.
  void loop(int64_t upper, int64_t step, llvm::function_ref<void(mlir::Value)> body);
  /// Carries `state` through the iterations.
  llvm::SmallVector<mlir::Value>
  loop(int64_t upper, int64_t step, mlir::ValueRange state,
       llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)> body);

  /// Combines all lanes in a fixed tree.
  mlir::Value reduce(mlir::Value vector, bool maximum);

  /// Levels of a quantized format (Codes.cpp): the bytes of columns 4 * quad to 4 * quad + 3 of 32.
  /// `load` gives the bytes that lie `offset` bytes behind the first codes of the 32 columns.
  mlir::Value levels(const FormatInfo &format, int64_t quad,
                     llvm::function_ref<mlir::Value(int64_t offset)> load);
  /// What the format's table says of each byte of `codes`.
  mlir::Value lookUpLevels(const FormatInfo &format, mlir::Value codes);

  /// exp, tanh and erf of f32 or vectors of f32 (Math.cpp).
  mlir::Value exp(mlir::Value x);
  mlir::Value tanh(mlir::Value x);
  mlir::Value erf(mlir::Value x);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  machine::TargetAttr target;

private:
  /// The result of `op`, or what it folds to. Whatever the canonicalizer would fold in a long loop
  /// body costs it a walk over that body.
  mlir::Value folded(mlir::Operation *op);

  llvm::DenseMap<mlir::Attribute, mlir::Value> constants;
};

/// How a matrix instruction sums a block; see Instructions.def.
class MatrixInstruction {
public:
  /// Null when no row of the table has that name.
  static std::unique_ptr<MatrixInstruction> get(llvm::StringRef name);
  virtual ~MatrixInstruction() = default;

  int64_t lanes = 0;

  /// Sums of products of some columns for each lane. Vector q of `levels` holds the unsigned bytes,
  /// at most `maxLevel`, of columns 4q to 4q + 3 for each lane; `activations` is the address of the
  /// signed bytes of the first column; `initial` the i32 sums to start from.
  virtual mlir::Value emitSum(Emitter &emit, int maxLevel, llvm::ArrayRef<mlir::Value> levels,
                              mlir::Value activations, mlir::Value initial) = 0;
};

} // namespace frit::lower::cpu

#endif // FRIT_PASSES_LOWER_CPU_EMITTER_H
