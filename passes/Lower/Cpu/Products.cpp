//===- Products.cpp - products as micro-kernels ----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A micro-kernel holds tokens x vectors accumulators in registers and runs along the whole depth.
// Lanes are rows of the matrix, so nothing is ever summed across lanes, and each result element is
// summed in the same order whatever the number of tokens.
//
//===----------------------------------------------------------------------===//

#include "passes/Lower/Cpu/PhaseLowering.h"

using namespace mlir;
using namespace frit;
using namespace frit::lower::cpu;

namespace {

/// Rows that lie apart by a constant number of bytes.
struct Rows {
  Value pointer;
  int64_t rowBytes;
};

/// One product of the module.
struct Product {
  Emitter &emit;
  tile::MatrixType matrix;
  Value matrixPointer;
  Rows lhs, out, accumulator;     ///< accumulator: null pointer for zeros
  MatrixInstruction *instruction; ///< null for f32 products
  int64_t lanes;                  ///< f32 lanes of a vector: rows of the matrix

  const FormatInfo &format() const { return formatInfo(matrix.getFormat()); }
  /// Vectors that cover a group of 16 rows.
  int64_t parts() const { return tile::groupRows / lanes; }

  void emitTile(Value row, int64_t tokens, Value group, int64_t groups);

private:
  using Values = SmallVector<Value>;
  Values dense(ArrayRef<Value> tokens, ArrayRef<Value> groups, Values sums);
  Values quantized(ArrayRef<Value> tokens, ArrayRef<Value> groups, Values sums);
  void addHalf(ArrayRef<Value> tokens, ArrayRef<Value> groups, Value block, int64_t half,
               Values &sums);
  void addIntegers(ArrayRef<Value> tokens, Value block, int64_t half, ArrayRef<Values> codes,
                   ArrayRef<Value> scales, ArrayRef<Value> minima, Values &sums);
  void addFloats(ArrayRef<Value> tokens, Value block, int64_t half, ArrayRef<Value> codes,
                 ArrayRef<Value> scales, ArrayRef<Value> minima, Values &sums);
};

} // namespace

/// Emits the results of `tokens` rows from `row` on and of `groups` groups of 16 columns from
/// `group` on.
void Product::emitTile(Value row, int64_t tokens, Value group, int64_t groups) {
  VectorType type = emit.floats(lanes);
  int64_t groupBytes = matrix.getOrder() == tile::Order::ColumnMajor
                           ? tile::groupRows * format().blockBytes
                           : tile::groupBytes(matrix.getFormat(), matrix.getColumns());
  Values inputs, groupPointers;
  for (int64_t t = 0; t < tokens; ++t)
    inputs.push_back(
        emit.address(lhs.pointer, emit.mul(emit.add(row, emit.index(t)), lhs.rowBytes)));
  for (int64_t g = 0; g < groups; ++g)
    groupPointers.push_back(
        emit.address(matrixPointer, emit.mul(emit.add(group, emit.index(g)), groupBytes)));
  auto forResults = [&](Rows rows, function_ref<void(Value)> body) {
    for (int64_t t = 0; t < tokens; ++t) {
      Value first =
          emit.address(rows.pointer, emit.mul(emit.add(row, emit.index(t)), rows.rowBytes));
      first = emit.address(first, emit.mul(group, 4 * tile::groupRows));
      for (int64_t v = 0; v < groups * parts(); ++v)
        body(emit.address(first, 4 * lanes * v));
    }
  };
  Values sums;
  if (accumulator.pointer)
    forResults(accumulator, [&](Value at) { sums.push_back(emit.load(type, at, 4)); });
  else
    sums.assign(tokens * groups * parts(), emit.realLike(0.0, type));
  sums = format().isFloat() ? dense(inputs, groupPointers, sums)
                            : quantized(inputs, groupPointers, sums);
  size_t next = 0;
  forResults(out, [&](Value at) { emit.store(sums[next++], at, 4); });
}

//===----------------------------------------------------------------------===//
// Float matrices
//===----------------------------------------------------------------------===//

SmallVector<Value> Product::dense(ArrayRef<Value> tokens, ArrayRef<Value> groups, Values sums) {
  OpBuilder &builder = emit.builder;
  int64_t elementBytes = format().blockBytes, depth = matrix.getColumns();
  int64_t stride =
      elementBytes * (matrix.getOrder() == tile::Order::P16 ? tile::groupRows : matrix.getRows());
  Type element = matrix.getFormat() == Format::F32   ? Type(builder.getF32Type())
                 : matrix.getFormat() == Format::F16 ? Type(builder.getF16Type())
                                                     : Type(builder.getBF16Type());
  VectorType type = emit.floats(lanes);
  int64_t unroll = depth % 4 == 0 ? 4 : 1;
  return emit.loop(depth, unroll, sums, [&](Value k, ValueRange state) {
    Values next(state);
    Values rows, inputs;
    for (Value group : groups)
      rows.push_back(emit.address(group, emit.mul(k, stride)));
    for (Value token : tokens)
      inputs.push_back(emit.address(token, emit.mul(k, 4)));
    for (int64_t u = 0; u < unroll; ++u) {
      Values weights;
      for (Value row : rows)
        for (int64_t part = 0; part < parts(); ++part)
          weights.push_back(emit.loadAsFloat(
              element, lanes, emit.address(row, u * stride + part * lanes * elementBytes)));
      for (auto [t, input] : llvm::enumerate(inputs)) {
        Value x = emit.splat(emit.load(builder.getF32Type(), emit.address(input, 4 * u), 4), type);
        for (auto [v, weight] : llvm::enumerate(weights)) {
          Value &sum = next[t * weights.size() + v];
          sum = emit.fma(weight, x, sum);
        }
      }
    }
    return next;
  });
}

//===----------------------------------------------------------------------===//
// Quantized matrices
//===----------------------------------------------------------------------===//

SmallVector<Value> Product::quantized(ArrayRef<Value> tokens, ArrayRef<Value> groups, Values sums) {
  int64_t blocks = matrix.getColumns() / tile::blockColumns;
  if (blocks)
    sums = emit.loop(blocks, 1, sums, [&](Value block, ValueRange state) {
      Values next(state);
      for (int64_t half = 0; half < 2; ++half)
        addHalf(tokens, groups, block, half, next);
      return next;
    });
  if (matrix.getColumns() % tile::blockColumns)
    addHalf(tokens, groups, emit.index(blocks), 0, sums);
  return sums;
}

/// Adds 32 columns: half `half` of block `block`.
void Product::addHalf(ArrayRef<Value> tokens, ArrayRef<Value> groups, Value block, int64_t half,
                      Values &sums) {
  Type f16 = emit.builder.getF16Type();
  int64_t scaleBytes = 2 * tile::groupRows * 2, header = scaleBytes * (format().hasMin ? 2 : 1);
  int64_t halfBytes = tile::groupRows * recordColumns * format().codeBits / 8;
  int64_t codeVectors = recordColumns * format().codeBits / 32;
  Values scales, minima, codes;
  for (Value group : groups) {
    Value base = emit.address(group, emit.mul(block, header + 2 * halfBytes));
    for (int64_t part = 0; part < parts(); ++part) {
      int64_t scaleAt = half * tile::groupRows * 2 + part * lanes * 2;
      scales.push_back(emit.loadAsFloat(f16, lanes, emit.address(base, scaleAt)));
      if (format().hasMin)
        minima.push_back(emit.loadAsFloat(f16, lanes, emit.address(base, scaleBytes + scaleAt)));
      codes.push_back(emit.address(base, header + half * halfBytes + 4 * lanes * part));
    }
  }
  if (!instruction)
    return addFloats(tokens, block, half, codes, scales, minima, sums);
  SmallVector<Values> bytes;
  for (Value address : codes) {
    Values &vectors = bytes.emplace_back();
    for (int64_t j = 0; j < codeVectors; ++j)
      vectors.push_back(emit.load(emit.ints(4 * lanes, 8), emit.address(address, 64 * j), 4));
  }
  addIntegers(tokens, block, half, bytes, scales, minima, sums);
}

/// sum += (scale of the weights * integer sum) * scale of the activations + minimum * their scaled
/// sum.
void Product::addIntegers(ArrayRef<Value> tokens, Value block, int64_t half, ArrayRef<Values> codes,
                          ArrayRef<Value> scales, ArrayRef<Value> minima, Values &sums) {
  OpBuilder &builder = emit.builder;
  VectorType type = emit.floats(lanes), i32 = emit.ints(lanes);
  for (auto [t, token] : llvm::enumerate(tokens)) {
    Value record =
        emit.address(emit.address(token, emit.mul(block, 2 * recordBytes)), half * recordBytes);
    Value scale =
        emit.splat(emit.load(builder.getF32Type(), emit.address(record, recordScale), 4), type);
    Value initial = emit.intLike(0, i32);
    if (format().zero) {
      Value sum = emit.load(builder.getI32Type(), emit.address(record, recordSum), 4);
      initial = emit.splat(emit.mul(sum, emit.integer(-format().zero)), i32);
    }
    Value scaledSum;
    if (format().hasMin)
      scaledSum = emit.splat(
          emit.load(builder.getF32Type(), emit.address(record, recordScaledSum), 4), type);
    for (auto [v, bytes] : llvm::enumerate(codes)) {
      Value integer = instruction->emitBlock(emit, format().codeBits, bytes, record, initial);
      Value real = arith::SIToFPOp::create(builder, emit.loc, type, integer);
      Value &sum = sums[t * codes.size() + v];
      sum = emit.fma(emit.mul(real, scales[v]), scale, sum);
      if (scaledSum)
        sum = emit.fma(minima[v], scaledSum, sum);
    }
  }
}

/// Dequantizes as the format's reference does, then sums in f32, a column at a time.
void Product::addFloats(ArrayRef<Value> tokens, Value block, int64_t half, ArrayRef<Value> codes,
                        ArrayRef<Value> scales, ArrayRef<Value> minima, Values &sums) {
  OpBuilder &builder = emit.builder;
  VectorType type = emit.floats(lanes), i32 = emit.ints(lanes);
  Values inputs;
  for (Value token : tokens)
    inputs.push_back(emit.address(emit.address(token, emit.mul(block, 4 * tile::blockColumns)),
                                  4 * recordColumns * half));
  int64_t codeBits = format().codeBits, mask = (int64_t(1) << codeBits) - 1;
  // Vector j holds the codes of columns 4j to 4j+3; of 4-bit codes the high nibbles are 16 further.
  sums = emit.loop(recordColumns * codeBits / 32, 1, sums, [&](Value j, ValueRange state) {
    Values next(state), words;
    for (Value address : codes)
      words.push_back(emit.load(i32, emit.address(address, emit.mul(j, 64)), 4));
    for (int64_t shift = 0; shift < 32; shift += codeBits) {
      int64_t column = shift / 8 + (shift % 8 ? 16 : 0);
      Values broadcasts;
      for (Value input : inputs)
        broadcasts.push_back(
            emit.splat(emit.load(builder.getF32Type(),
                                 emit.address(emit.address(input, emit.mul(j, 16)), 4 * column), 4),
                       type));
      for (auto [v, word] : llvm::enumerate(words)) {
        Value code = arith::AndIOp::create(builder, emit.loc, emit.shiftRight(word, shift),
                                           emit.intLike(mask, i32));
        if (format().zero)
          code = arith::SubIOp::create(builder, emit.loc, code, emit.intLike(format().zero, i32));
        Value weight = emit.mul(arith::SIToFPOp::create(builder, emit.loc, type, code), scales[v]);
        if (format().hasMin)
          weight = emit.add(weight, minima[v]);
        for (auto [t, broadcast] : llvm::enumerate(broadcasts)) {
          Value &sum = next[t * codes.size() + v];
          sum = emit.fma(weight, broadcast, sum);
        }
      }
    }
    return next;
  });
}

//===----------------------------------------------------------------------===//
// Register blocking
//===----------------------------------------------------------------------===//

LogicalResult PhaseLowering::lowerProduct(tile::ProductOp op) {
  std::unique_ptr<MatrixInstruction> instruction;
  if (op.getInstruction()) {
    instruction = MatrixInstruction::get(*op.getInstruction());
    if (!instruction)
      return op.emitOpError("expected an instruction of the CPU's table, but got \"")
             << *op.getInstruction() << "\"";
  }
  Place lhs = place(op.getLhs());
  Place out = allocate(op.getResult().getType());
  Rows accumulator{Value(), 0};
  if (op.getAccumulator())
    accumulator = {place(op.getAccumulator()).pointer, place(op.getAccumulator()).rowBytes};
  Product product{emit,
                  op.getRhs().getType(),
                  matrices.lookup(op.getRhs()),
                  {lhs.pointer, lhs.rowBytes},
                  {out.pointer, out.rowBytes},
                  accumulator,
                  instruction.get(),
                  instruction ? instruction->lanes : emit.lanes()};
  // A third of the registers for sums leaves room for weights, integer sums and broadcasts.
  int64_t budget = info.target.getVectorRegisters() * 3 / 8;
  int64_t tokens = std::min<int64_t>(out.rows, info.target.getVectorRegisters() >= 32 ? 6 : 4);
  int64_t groups = std::max<int64_t>(1, budget / (tokens * product.parts()));
  int64_t allGroups = out.columns / tile::groupRows;
  // One group at a time is one sequential stream of weights.
  groups = out.rows == 1 ? 1 : std::min<int64_t>(groups, 2);
  while (allGroups % groups)
    --groups;
  emit.loop(allGroups, groups, [&](Value group) {
    int64_t whole = out.rows / tokens * tokens;
    emit.loop(whole, tokens, [&](Value row) { product.emitTile(row, tokens, group, groups); });
    if (out.rows % tokens)
      product.emitTile(emit.index(whole), out.rows % tokens, group, groups);
  });
  places[op.getResult()] = out;
  return success();
}
