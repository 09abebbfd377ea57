//===- ProductSchedule.cpp - products share the rows of their weights ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"
#include "passes/Schedule/PhaseScheduler.h"
#include "llvm/ADT/EquivalenceClasses.h"

#include <numeric>

using namespace mlir;
using namespace frit;
using namespace frit::schedule;

/// Rows of a weight that a share takes when nothing asks for more: fine enough to balance a few
/// cores over 576 rows, coarse enough for two vectors of 16 lanes.
static constexpr int64_t shareRows = 32;

static Value weightOf(Operation *anchor) {
  if (auto experts = dyn_cast<graph::ExpertsOp>(anchor))
    return experts.getWeight();
  return anchor->getOperand(1);
}

static graph::WeightType weightType(Operation *anchor) {
  return cast<graph::WeightType>(weightOf(anchor).getType());
}

StringAttr PhaseScheduler::instructionFor(Value lhs) {
  if (isa<tile::QTileType>(lhs.getType()))
    for (machine::InstructionAttr candidate : target.getInstructions())
      if (candidate.getLhs().isInteger(8))
        return builder.getStringAttr(candidate.getName());
  return {};
}

//===----------------------------------------------------------------------===//
// Components
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<PhaseScheduler::Component>> PhaseScheduler::findComponents() {
  llvm::EquivalenceClasses<Operation *> classes;
  SmallVector<Operation *> anchors;
  DenseMap<Value, Operation *> anchorOf; // a value's component, by one of its anchors
  for (Operation &op : phase.getBody().front()) {
    std::optional<kernel::Role> role = kernel::getRole(&op);
    if (role == kernel::Role::Anchor) {
      anchors.push_back(&op);
      classes.insert(&op);
      anchorOf[op.getResult(0)] = &op;
    } else if (role == kernel::Role::Epilogue && !isa<kv::AppendOp>(op)) {
      for (Value operand : op.getOperands()) {
        Operation *anchor = anchorOf.lookup(operand);
        if (!anchor)
          continue;
        Operation *&mine = anchorOf[op.getResult(0)];
        if (mine)
          classes.unionSets(mine, anchor);
        mine = anchor;
      }
    }
  }
  SmallVector<Component> components;
  DenseMap<Operation *, size_t> indexOf;
  for (Operation *anchor : anchors) {
    auto [found, isNew] = indexOf.try_emplace(classes.getLeaderValue(anchor), components.size());
    if (isNew)
      components.emplace_back();
    components[found->second].anchors.push_back(anchor);
  }
  for (Component &component : components) {
    component.rows = weightType(component.anchors[0]).getMatrixRows();
    for (Operation *anchor : component.anchors)
      if (weightType(anchor).getMatrixRows() != component.rows)
        return anchor->emitOpError("expected ")
               << component.rows << " rows like the product it is combined with, but got "
               << weightType(anchor).getMatrixRows();
    if (failed(findWidth(component)))
      return failure();
  }
  return components;
}

LogicalResult PhaseScheduler::findWidth(Component &component) {
  // Ops that work on heads need whole heads, and int8 activations whole blocks.
  int64_t unit = 0, block = 1;
  auto need = [&](int64_t columns) { unit = unit ? std::lcm(unit, columns) : columns; };
  llvm::SetVector<Value> reached;
  for (Operation *anchor : component.anchors)
    reached.insert(anchor->getResult(0));
  for (Operation &op : phase.getBody().front()) {
    if (kernel::getRole(&op) != kernel::Role::Epilogue ||
        llvm::none_of(op.getOperands(), [&](Value v) { return reached.contains(v); }))
      continue;
    if (auto append = dyn_cast<kv::AppendOp>(op)) {
      kv::CacheType cache = append.getCache().getType();
      need(reached.contains(append.getKeys()) ? cache.getKeyDim() : cache.getValueDim());
      continue;
    }
    if (auto rope = dyn_cast<graph::RopeOp>(op))
      need(static_cast<int64_t>(rope.getHeadDim()));
    if (auto norm = dyn_cast<graph::NormOp>(op); norm && norm.getGroup())
      need(static_cast<int64_t>(*norm.getGroup()));
    if (auto quantize = dyn_cast<graph::QuantizeOp>(op))
      block = static_cast<int64_t>(quantize.getBlock());
    reached.insert(op.getResult(0));
  }
  if (unit) {
    component.width = std::lcm(std::lcm(unit, block), tile::groupRows);
    if (component.rows % component.width)
      return component.anchors[0]->emitOpError("expected rows in groups of ")
             << component.width << ", whole heads of " << unit << " and a multiple of "
             << tile::groupRows << ", but got " << component.rows;
  } else {
    // The pack's last group is filled up with rows of zeros.
    component.width = component.packedRows() % shareRows ? tile::groupRows : shareRows;
  }
  if (bucket.maxTokens == 1) // the others take the same
    remark::passed(component.anchors[0]->getLoc(),
                   remark::RemarkOpts::name("Shares").category("schedule"))
        << (unit ? "whole heads" : "rows") << remark::metric("rows", component.rows)
        << remark::metric("width", component.width) << remark::metric("shares", component.shares());
  return success();
}

/// Whether the products of a phase have one pack: `how`, or why not.
static void remarkPack(Location loc, int64_t sources, StringRef how, const char *whyNot) {
  auto options = remark::RemarkOpts::name("SharedPack").category("schedule");
  if (how.empty())
    remark::missed(loc, options) << remark::reason(whyNot) << remark::metric("sources", sources);
  else
    remark::passed(loc, options) << how << remark::metric("sources", sources);
}

void PhaseScheduler::assignPacks(MutableArrayRef<Component> components) {
  auto source = [](Operation *anchor) {
    return weightOf(anchor).getDefiningOp<graph::ParamOp>().getWeight();
  };
  SmallVector<SymbolRefAttr> sources;
  graph::WeightType first = weightType(components[0].anchors[0]);
  // A pack's sources are weights, or columns of one table.
  auto table = [](SymbolRefAttr weight) {
    return weight.getNestedReferences().empty() ? StringAttr() : weight.getRootReference();
  };
  bool alike = true, single = true, aligned = true;
  int64_t row = 0;
  for (Component &component : components) {
    single &= component.anchors.size() == 1;
    aligned &= row % component.width == 0;
    for (Operation *anchor : component.anchors) {
      sources.push_back(source(anchor));
      alike &= weightType(anchor).getFormat() == first.getFormat() &&
               table(sources.back()) == table(sources.front());
      row += component.packedRows();
    }
  }
  Location loc = phase.getLoc();
  // One stream of weights a core: rows of all products behind each other, or in turn where tiles
  // meet.
  bool hasExperts = isa<graph::ExpertsOp>(components[0].anchors[0]);
  bool stack = alike && single && aligned && components.size() > 1 && !hasExperts;
  bool zip = alike && components.size() == 1 && components[0].anchors.size() > 1;
  FlatSymbolRefAttr shared;
  if (stack || zip)
    shared = packs.get(loc, phase.getSymName(), sources,
                       zip ? std::optional<int64_t>(components[0].width) : std::nullopt,
                       tile::Order::P16);
  if (bucket.maxTokens == 1 && sources.size() > 1)
    remarkPack(loc, static_cast<int64_t>(sources.size()),
               stack ? "rows behind each other"
               : zip ? "rows in turn"
                     : "",
               !alike       ? "the weights differ in format or table"
               : !single    ? "some of the products meet in an epilogue"
               : hasExperts ? "the experts of one product would lie between those of another"
                            : "the shares of one product would begin inside those of another");
  row = 0;
  for (Component &component : components) {
    component.stride = zip ? static_cast<int64_t>(component.anchors.size()) : 1;
    for (auto [index, anchor] : llvm::enumerate(component.anchors)) {
      component.pack.push_back(shared ? shared
                                      : packs.get(loc, packName(weightOf(anchor)), source(anchor),
                                                  std::nullopt, tile::Order::P16));
      component.base.push_back(zip     ? static_cast<int64_t>(index)
                               : stack ? row / component.width
                                       : 0);
      row += component.packedRows();
    }
  }
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// The matrices of share `share` of a component, the shares of its first matrices being number 0.
SmallVector<Value> PhaseScheduler::emitWeights(const Component &component, Value share) {
  SmallVector<Value> matrices;
  for (auto [index, anchor] : llvm::enumerate(component.anchors)) {
    Location loc = anchor->getLoc();
    graph::WeightType type = weightType(anchor);
    Value scaled = arith::MulIOp::create(builder, loc, share, constant(loc, component.stride));
    Value tile = arith::AddIOp::create(builder, loc, scaled, constant(loc, component.base[index]));
    matrices.push_back(tile::WeightsOp::create(
        builder, loc,
        tile::MatrixType::get(builder.getContext(), component.width, type.getColumns(),
                              type.getFormat(), tile::Order::P16),
        component.pack[index], tile));
  }
  return matrices;
}

LogicalResult PhaseScheduler::emitShare(const Component &component, Value share, Value lhs,
                                        Value blockRow, Value valid) {
  Location loc = component.anchors[0]->getLoc();
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Value> matrices = emitWeights(component, share);
  Value column = arith::MulIOp::create(builder, loc, share, constant(loc, component.width));
  Value row = blockRow;
  if (bucket.block > 1) {
    auto loop =
        scf::ForOp::create(builder, loc, constant(loc, 0), valid, constant(loc, bucket.step));
    builder.setInsertionPointToStart(loop.getBody());
    Value step = loop.getInductionVar();
    row = arith::AddIOp::create(builder, loc, blockRow, step);
    lhs = tile::RowsOp::create(builder, loc, withShape(lhs.getType(), bucket.step, columnsOf(lhs)),
                               lhs, step);
  }
  StringAttr instruction = instructionFor(lhs);
  TileEnv env;
  Place place{row, column, bucket.step, component.width};
  for (auto [anchor, matrix] : llvm::zip_equal(component.anchors, matrices)) {
    Value result =
        tile::ProductOp::create(builder, anchor->getLoc(), tileType(place.rows, place.columns), lhs,
                                matrix, Value(), instruction);
    auto logits = dyn_cast<graph::LogitsOp>(anchor);
    double scale = logits ? logits.getScale().convertToDouble() : 1.0;
    if (scale != 1.0)
      result = map(loc, tileType(place.rows, place.columns), result,
                   [&](OpBuilder &b, ValueRange v) -> Value {
                     return arith::MulFOp::create(b, loc, v[0], scalar(b, loc, scale));
                   });
    if (anchor->getNumOperands() == 3) {
      Value bias = vector(loc, anchor->getOperand(2), column, component.width);
      result = map(loc, tileType(place.rows, place.columns), {result, bias},
                   [&](OpBuilder &b, ValueRange v) -> Value {
                     return arith::AddFOp::create(b, loc, v[0], v[1]);
                   });
    }
    if (logits && logits.getSoftcap())
      result = emitSoftcap(loc, result, logits.getSoftcap()->convertToDouble());
    env[anchor->getResult(0)] = result;
  }
  return emitEpilogue(env, place);
}

LogicalResult PhaseScheduler::scheduleProducts() {
  FailureOr<SmallVector<Component>> components = findComponents();
  if (failed(components))
    return failure();
  assignPacks(*components);
  Location loc = phase.getLoc();
  Value zero = constant(loc, 0), blockSize = constant(loc, bucket.block);
  Value count = tile::CountOp::create(builder, loc, builder.getIndexType(),
                                      usesWantedRows() ? tile::Rows::Wanted : tile::Rows::Tokens);
  auto blocks = scf::ForOp::create(builder, loc, zero, count, blockSize);
  builder.setInsertionPointToStart(blocks.getBody());
  Value row = blocks.getInductionVar();
  Value valid = rest(loc, count, row, blockSize);

  TileEnv env;
  if (failed(emitPrologue(env, row, bucket.block, valid)))
    return failure();
  Value lhs = env.lookup((*components)[0].anchors[0]->getOperand(0));

  int64_t total = 0;
  for (Component &component : *components)
    total += component.shares();
  auto dealt = shares(loc, constant(loc, total), false);
  auto loop = scf::ForOp::create(builder, loc, dealt.getLower(), dealt.getUpper(), dealt.getStep());
  builder.setInsertionPointToStart(loop.getBody());
  // The number of the share says which component it belongs to.
  int64_t first = 0;
  for (auto [index, component] : llvm::enumerate(*components)) {
    Value share = loop.getInductionVar();
    if (first)
      share = arith::SubIOp::create(builder, loc, share, constant(loc, first));
    first += component.shares();
    if (index + 1 == components->size())
      return emitShare(component, share, lhs, row, valid);
    Value here = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                       loop.getInductionVar(), constant(loc, first));
    auto branch = scf::IfOp::create(builder, loc, here, /*withElseRegion=*/true);
    builder.setInsertionPointToStart(branch.thenBlock());
    if (failed(emitShare(component, share, lhs, row, valid)))
      return failure();
    builder.setInsertionPointToStart(branch.elseBlock());
  }
  return success();
}
