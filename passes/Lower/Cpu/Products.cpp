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

/// Rows that lie apart by a constant number of bytes; with `indices`, row r is number indices[r].
struct Rows {
  Value pointer;
  int64_t rowBytes;
  Value indices = {};
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
  /// 32 columns of the rows of the matrix; vectors are groups x parts.
  struct Half {
    Values codes;               ///< [vector]: where they begin
    SmallVector<Values> scales; ///< [sub-block][vector]; one sub-block where the format has none
    SmallVector<Values> minima; ///< likewise; empty where the format has none
    Value number;               ///< in the row
    int64_t subQuads() const { return 8 / static_cast<int64_t>(scales.size()); }
  };
  Values dense(ArrayRef<Value> tokens, ArrayRef<Value> groups, Values sums);
  Values quantized(ArrayRef<Value> tokens, ArrayRef<Value> groups, Values sums);
  Values loadScales(ArrayRef<Value> blocks, Value offset, Format scaleFormat);
  SmallVector<Values> loadSubScales(ArrayRef<Value> blocks, Value half, int64_t offset,
                                    ArrayRef<Value> wholes, bool isSigned);
  void addIntegers(ArrayRef<Value> tokens, const Half &half, Values &sums);
  void addFloats(ArrayRef<Value> tokens, const Half &half, Values &sums);
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
  for (int64_t t = 0; t < tokens; ++t) {
    Value number = emit.add(row, emit.index(t));
    if (lhs.indices)
      number = emit.loadIndex(lhs.indices, number);
    inputs.push_back(emit.address(lhs.pointer, emit.mul(number, lhs.rowBytes)));
  }
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

/// 16-bit floats, a lane each, `offset` bytes behind the begin of each block.
SmallVector<Value> Product::loadScales(ArrayRef<Value> blocks, Value offset, Format scaleFormat) {
  OpBuilder &builder = emit.builder;
  Type type = scaleFormat == Format::BF16 ? Type(builder.getBF16Type()) : builder.getF16Type();
  Values scales;
  for (Value block : blocks)
    for (int64_t part = 0; part < parts(); ++part)
      scales.push_back(emit.loadAsFloat(
          type, lanes, emit.address(emit.address(block, offset), 2 * lanes * part)));
  return scales;
}

/// The factors of the sub-blocks of a half, bytes `offset` bytes behind the begin of each block,
/// times the scales of the whole block.
SmallVector<SmallVector<Value>> Product::loadSubScales(ArrayRef<Value> blocks, Value half,
                                                       int64_t offset, ArrayRef<Value> wholes,
                                                       bool isSigned) {
  if (!format().hasSubScales())
    return {Values(wholes)};
  SmallVector<Values> result;
  int64_t subs = recordColumns / format().subElements;
  for (int64_t sub = 0; sub < subs; ++sub) {
    Values &scales = result.emplace_back();
    for (Value block : blocks)
      for (int64_t part = 0; part < parts(); ++part) {
        Value at = emit.address(emit.address(block, emit.mul(half, subs * tile::groupRows)),
                                offset + sub * tile::groupRows + part * lanes);
        Value factors = emit.bytesToFloat(emit.load(emit.ints(lanes, 8), at), isSigned);
        scales.push_back(emit.mul(factors, wholes[scales.size()]));
      }
  }
  return result;
}

SmallVector<Value> Product::quantized(ArrayRef<Value> tokens, ArrayRef<Value> groups, Values sums) {
  tile::P16Block layout = tile::p16Block(format());
  int64_t halves = layout.columns / recordColumns;
  int64_t fileHalves = format().blockElements / recordColumns; // of a block of the file
  auto addBlock = [&](Value block, int64_t wholes, Values state) {
    Values blocks;
    for (Value group : groups)
      blocks.push_back(emit.address(group, emit.mul(block, layout.blockBytes)));
    for (int64_t whole = 0; whole < wholes; ++whole) {
      Value offset = emit.index(2 * tile::groupRows * whole);
      Values scales =
          loadScales(blocks, emit.add(offset, emit.index(layout.scales)), format().scaleFormat);
      Values minima;
      if (format().hasMin)
        minima = loadScales(blocks, emit.add(offset, emit.index(layout.mins)), Format::F16);
      state = emit.loop(fileHalves, 1, state, [&](Value index, ValueRange values) {
        Values next(values);
        Value inBlock = emit.add(index, emit.index(whole * fileHalves));
        Half half;
        half.number = emit.add(emit.mul(block, halves), inBlock);
        for (Value base : blocks)
          for (int64_t part = 0; part < parts(); ++part)
            half.codes.push_back(
                emit.address(emit.address(base, emit.mul(inBlock, layout.halfBytes)),
                             layout.codes + 4 * lanes * part));
        half.scales = loadSubScales(blocks, inBlock, layout.subScales, scales, /*isSigned=*/true);
        if (format().hasMin)
          half.minima = loadSubScales(blocks, inBlock, layout.subMins, minima, /*isSigned=*/false);
        if (instruction)
          addIntegers(tokens, half, next);
        else
          addFloats(tokens, half, next);
        return next;
      });
    }
    return state;
  };
  int64_t blocks = matrix.getColumns() / layout.columns, fileBlocks = halves / fileHalves;
  if (blocks)
    sums = emit.loop(blocks, 1, sums, [&](Value block, ValueRange state) {
      return addBlock(block, fileBlocks, Values(state));
    });
  if (int64_t rest = matrix.getColumns() % layout.columns)
    sums = addBlock(emit.index(blocks), rest / format().blockElements, sums);
  return sums;
}

/// sum += (scale of the weights * integer sum) * scale of the activations + minimum * their scaled
/// sum, for each sub-block.
void Product::addIntegers(ArrayRef<Value> tokens, const Half &half, Values &sums) {
  OpBuilder &builder = emit.builder;
  VectorType type = emit.floats(lanes), i32 = emit.ints(lanes);
  SmallVector<Values> levels;
  for (Value codes : half.codes) {
    DenseMap<int64_t, Value> loaded;
    Values &quads = levels.emplace_back();
    for (int64_t quad = 0; quad < 8; ++quad)
      quads.push_back(emit.levels(format(), quad, [&](int64_t offset) {
        Value &bytes = loaded[offset];
        if (!bytes)
          bytes = emit.load(emit.ints(4 * lanes, 8), emit.address(codes, offset), 4);
        return bytes;
      }));
  }
  bool isSplit = half.scales.size() > 1;
  for (auto [t, token] : llvm::enumerate(tokens)) {
    Value record = emit.address(token, emit.mul(half.number, recordLayout.blockBytes));
    auto field = [&](Type of, int64_t offset) {
      return emit.load(of, emit.address(record, offset), 4);
    };
    Value scale = field(builder.getF32Type(), recordLayout.scale);
    Value scales = emit.splat(scale, type);
    for (auto [sub, weightScales] : llvm::enumerate(half.scales)) {
      // The sum of the activations of a sub-block, for zero and minimum.
      Value codeSum;
      if (isSplit && (format().zero || format().hasMin)) {
        codeSum = field(builder.getI32Type(), recordLayout.firstSum);
        if (sub == 1)
          codeSum = arith::SubIOp::create(builder, emit.loc,
                                          field(builder.getI32Type(), recordLayout.sum), codeSum);
      } else if (format().zero) {
        codeSum = field(builder.getI32Type(), recordLayout.sum);
      }
      Value initial = emit.intLike(0, i32);
      if (format().zero)
        initial = emit.splat(emit.mul(codeSum, emit.integer(-format().zero)), i32);
      Value scaledSum;
      if (format().hasMin) {
        Value sum = isSplit ? emit.mul(scale, arith::SIToFPOp::create(
                                                  builder, emit.loc, builder.getF32Type(), codeSum))
                            : field(builder.getF32Type(), recordLayout.scaledSum);
        scaledSum = emit.splat(sum, type);
      }
      int64_t firstQuad = static_cast<int64_t>(sub) * half.subQuads();
      for (auto [v, quads] : llvm::enumerate(levels)) {
        Value integer = instruction->emitSum(emit, format().maxLevel(),
                                             ArrayRef(quads).slice(firstQuad, half.subQuads()),
                                             emit.address(record, 4 * firstQuad), initial);
        Value real = arith::SIToFPOp::create(builder, emit.loc, type, integer);
        Value &sum = sums[t * levels.size() + v];
        sum = emit.fma(emit.mul(real, weightScales[v]), scales, sum);
        if (scaledSum)
          sum = emit.fma(half.minima[sub][v], scaledSum, sum);
      }
    }
  }
}

/// Dequantizes as the format's reference does, then sums in f32, a column at a time.
void Product::addFloats(ArrayRef<Value> tokens, const Half &half, Values &sums) {
  OpBuilder &builder = emit.builder;
  VectorType type = emit.floats(lanes), i32 = emit.ints(lanes), bytes = emit.ints(4 * lanes, 8);
  SmallVector<tile::CodePlane, 2> planes = tile::codePlanes(format().codeBits);
  // A turn takes the codes in a vector of the first plane: quads `turn`, `turn` + turns and so on.
  int64_t turns = planes[0].bits;
  auto everyByte = [](int64_t mask) { return mask * 0x01010101; };
  sums = emit.loop(turns, 1, sums, [&](Value turn, ValueRange state) {
    Values next(state), low, high, inputs;
    for (Value codes : half.codes)
      low.push_back(emit.load(i32, emit.address(codes, emit.mul(turn, 64)), 4));
    if (planes.size() > 1) {
      int64_t bits = planes[1].bits;
      Value vector = arith::RemUIOp::create(builder, emit.loc, turn, emit.index(bits));
      Value shift =
          arith::IndexCastOp::create(builder, emit.loc, builder.getI32Type(),
                                     arith::SubIOp::create(builder, emit.loc, turn, vector));
      for (Value codes : half.codes) {
        Value at = emit.address(emit.address(codes, 64 * turns), emit.mul(vector, 64));
        high.push_back(arith::ShRUIOp::create(builder, emit.loc, emit.load(i32, at, 4),
                                              emit.splat(shift, i32)));
      }
    }
    for (Value token : tokens)
      inputs.push_back(emit.address(emit.address(token, emit.mul(half.number, 4 * recordColumns)),
                                    emit.mul(turn, 16)));
    for (int64_t step = 0; step < 8 / turns; ++step) {
      int64_t sub = step * turns / half.subQuads();
      Values words;
      for (size_t v = 0; v < low.size(); ++v) {
        Value codes = emit.shiftRight(low[v], planes[0].bits * step);
        if (turns < 8)
          codes = emit.bitAnd(codes, everyByte((1 << turns) - 1));
        if (!high.empty()) {
          Value upper = emit.bitAnd(emit.shiftRight(high[v], turns * step),
                                    everyByte((1 << planes[1].bits) - 1));
          codes = emit.bitOr(codes, emit.shiftLeft(upper, planes[1].firstBit));
        }
        if (format().levels)
          codes = vector::BitCastOp::create(
              builder, emit.loc, i32,
              emit.lookUpLevels(format(),
                                vector::BitCastOp::create(builder, emit.loc, bytes, codes)));
        words.push_back(codes);
      }
      for (int64_t i = 0; i < 4; ++i) {
        Values broadcasts;
        for (Value input : inputs)
          broadcasts.push_back(emit.splat(
              emit.load(builder.getF32Type(), emit.address(input, 16 * turns * step + 4 * i), 4),
              type));
        for (auto [v, word] : llvm::enumerate(words)) {
          Value level = emit.bitAnd(emit.shiftRight(word, 8 * i), 255);
          if (format().zero)
            level =
                arith::SubIOp::create(builder, emit.loc, level, emit.intLike(format().zero, i32));
          Value weight = emit.mul(arith::SIToFPOp::create(builder, emit.loc, type, level),
                                  half.scales[sub][v]);
          if (format().hasMin)
            weight = emit.add(weight, half.minima[sub][v]);
          for (auto [t, broadcast] : llvm::enumerate(broadcasts)) {
            Value &sum = next[t * words.size() + v];
            sum = emit.fma(weight, broadcast, sum);
          }
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
  Place lhs = place(op.getLhs()), out = allocate(op.getResult().getType());
  Place accumulator = op.getAccumulator() ? place(op.getAccumulator()) : Place();
  if (accumulator.indices)
    return op.emitOpError("expected an accumulator that is not gathered");
  Product product{emit,
                  op.getRhs().getType(),
                  matrices.lookup(op.getRhs()),
                  {lhs.pointer, lhs.rowBytes, lhs.indices},
                  {out.pointer, out.rowBytes},
                  {accumulator.pointer, accumulator.rowBytes},
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
