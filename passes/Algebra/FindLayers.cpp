//===- FindLayers.cpp - the layers of a graph that is written out ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A place between two ops is narrow where one value only is needed behind it: the residual stream.
// Narrow places cut a function into pieces. A layer is a piece that works on a cache with pieces
// before and behind it that work on none; how many belong to it follows from what repeats.
//
//===----------------------------------------------------------------------===//

#include "passes/Algebra/FindLayers.h"

#include "llvm/ADT/MapVector.h"

#include <map>
#include <set>

using namespace mlir;
using namespace frit;
using namespace frit::algebra;

/// Pieces in front of attention that may belong to a layer.
static constexpr size_t mostBefore = 32;

namespace {

/// Ops between two narrow places.
struct Piece {
  SmallVector<Operation *> ops;
  Value input, output; ///< null where the function begins or ends
  std::set<int64_t> caches;
  bool inLayer = false; ///< from stream to stream, of all tokens
};

class Finder {
public:
  explicit Finder(graph::FuncOp function) : function(function) {}

  Layers find();

private:
  bool findArguments();
  bool cut();
  bool mergeCaches();
  bool findPieces();
  void findRuns(size_t before, std::vector<LayerRun> &runs);
  LayerRun runOf(size_t first, size_t last);
  RunKey keyOf(LayerRun &run);
  RunKey keyOf(size_t piece);
  bool refuse(const Twine &why) {
    obstacle = why.str();
    return false;
  }

  graph::FuncOp function;
  SymbolTableCollection tables;
  Value tokens, caches;
  std::string obstacle;
  std::vector<Piece> pieces;
  SmallVector<size_t> cached; ///< pieces that work on a cache, in order
};

} // namespace

/// Ops that stand for what is there from the start, wherever they are written.
static bool isSource(Operation *op) { return isa<graph::ParamOp, kv::LayerOp>(op); }

bool Finder::findArguments() {
  for (Value argument : function.getArguments()) {
    Value &place = isa<graph::TokensType>(argument.getType()) ? tokens : caches;
    if (place || !isa<graph::TokensType, kv::CachesType>(argument.getType()))
      return refuse("expected a function of tokens and caches");
    place = argument;
  }
  if (!tokens || !caches)
    return refuse("expected a function of tokens and caches");
  for (Operation &op : function.getBody().front()) {
    if (op.getNumRegions() || isa<graph::RepeatOp>(op))
      return refuse("expected a function without layers and regions");
    if (auto param = dyn_cast<graph::ParamOp>(op); param && param.getRow())
      return refuse("expected no table of weights in a function without layers");
  }
  return true;
}

/// Cuts the function at its narrow places.
bool Finder::cut() {
  llvm::MapVector<Value, int64_t> needed; // values of ops, and how often they are still read
  Piece piece;
  Value between;
  for (Operation &op : function.getBody().front().without_terminator()) {
    if (isSource(&op))
      continue;
    piece.ops.push_back(&op);
    for (Value operand : op.getOperands()) {
      if (auto layer = operand.getDefiningOp<kv::LayerOp>())
        piece.caches.insert(static_cast<int64_t>(layer.getNumber()));
      auto found = needed.find(operand);
      if (found != needed.end() && --found->second == 0)
        needed.erase(found);
    }
    for (Value result : op.getResults())
      if (!result.use_empty())
        needed.insert({result, std::distance(result.use_begin(), result.use_end())});
    if (needed.size() != 1 || !isa<RankedTensorType>(needed.front().first.getType()))
      continue;
    piece.input = between;
    piece.output = between = needed.front().first;
    pieces.push_back(std::move(piece));
    piece = Piece();
  }
  return !piece.ops.empty() ? refuse("expected one value to be returned") : true;
}

/// From the first piece that works on a cache to the last one, they are one.
bool Finder::mergeCaches() {
  std::map<int64_t, size_t> lastOf;
  for (auto [index, piece] : llvm::enumerate(pieces))
    for (int64_t cache : piece.caches)
      lastOf[cache] = index;
  std::vector<Piece> merged;
  size_t last = 0;
  for (auto [index, piece] : llvm::enumerate(pieces)) {
    if (index == 0 || index > last) {
      merged.push_back(std::move(piece));
      last = index;
    } else {
      llvm::append_range(merged.back().ops, piece.ops);
      merged.back().caches.insert(piece.caches.begin(), piece.caches.end());
      merged.back().output = piece.output;
    }
    for (int64_t cache : merged.back().caches)
      last = std::max(last, lastOf[cache]);
  }
  pieces = std::move(merged);
  int64_t count = cast<kv::CachesType>(caches.getType()).getLayers();
  for (auto [index, piece] : llvm::enumerate(pieces)) {
    if (piece.caches.empty())
      continue;
    if (piece.caches.size() > 1)
      return refuse("ops on caches " + Twine(*piece.caches.begin()) + " and " +
                    Twine(*piece.caches.rbegin()) + " have more than one value between them");
    if (*piece.caches.begin() != static_cast<int64_t>(cached.size()))
      return refuse("expected ops on cache " + Twine(cached.size()) + ", but got those on cache " +
                    Twine(*piece.caches.begin()));
    cached.push_back(index);
  }
  if (static_cast<int64_t>(cached.size()) != count)
    return refuse("expected ops on " + Twine(count) + " caches, but got those on " +
                  Twine(cached.size()));
  return true;
}

bool Finder::findPieces() {
  if (!findArguments() || !cut() || !mergeCaches())
    return false;
  Value stream = pieces[cached.front()].input;
  if (!stream)
    return refuse("expected the first layer to take one value");
  for (auto [index, piece] : llvm::enumerate(pieces))
    piece.inLayer = piece.input && piece.input.getType() == stream.getType() &&
                    piece.output.getType() == stream.getType() &&
                    llvm::none_of(piece.ops, [](Operation *op) {
                      return isa<graph::EmbedOp, graph::SelectOp, graph::LogitsOp>(op);
                    });
  for (size_t index = cached.front(); index <= cached.back(); ++index)
    if (!pieces[index].inLayer)
      return refuse("expected layers from " +
                    Twine(pieces[index].ops.front()->getName().getStringRef()) +
                    " on to give what they take");
  return true;
}

LayerRun Finder::runOf(size_t first, size_t last) {
  LayerRun run;
  for (size_t index = first; index < last; ++index)
    llvm::append_range(run.ops, pieces[index].ops);
  run.input = pieces[first].input;
  run.output = pieces[last - 1].output;
  return run;
}

/// Numbers the operands of a run; fills in its params and its cache.
RunKey Finder::keyOf(LayerRun &run) {
  enum Kind : uintptr_t { Input, Tokens, Cache, Param, Local };
  run.params.clear();
  RunKey key;
  DenseMap<Value, size_t> locals;
  DenseMap<Attribute, size_t> numberOfParam;
  auto number = [&](Kind kind, size_t n) {
    key.push_back(reinterpret_cast<const void *>(kind));
    key.push_back(reinterpret_cast<const void *>(n));
  };
  for (Operation *op : run.ops) {
    key.push_back(op->getName().getAsOpaquePointer());
    key.push_back(op->getAttrDictionary().getAsOpaquePointer());
    key.push_back(reinterpret_cast<const void *>(uintptr_t{op->getNumOperands()}));
    for (Value operand : op->getOperands()) {
      if (operand == run.input) {
        number(Input, 0);
      } else if (operand == tokens) {
        number(Tokens, 0);
      } else if (auto layer = operand.getDefiningOp<kv::LayerOp>()) {
        run.cache = layer.getCache();
        number(Cache, 0);
        key.push_back(layer.getCache().getType().getAsOpaquePointer());
      } else if (auto param = operand.getDefiningOp<graph::ParamOp>()) {
        auto [found, isNew] = numberOfParam.try_emplace(param.getWeight(), run.params.size());
        number(Param, found->second);
        if (!isNew)
          continue;
        run.params.push_back(param);
        // All rows of a column have these in common.
        auto weight = tables.lookupNearestSymbolFrom<graph::WeightOp>(function, param.getWeight());
        key.push_back(weight.getType().getAsOpaquePointer());
        for (Attribute place : {Attribute(weight.getRunsAttr()), Attribute(weight.getRowsAttr()),
                                Attribute(weight.getTimesAttr())})
          key.push_back(place.getAsOpaquePointer());
      } else {
        number(Local, locals.lookup(operand));
      }
    }
    for (Value result : op->getResults()) {
      key.push_back(result.getType().getAsOpaquePointer());
      locals.try_emplace(result, locals.size());
    }
  }
  if (run.output == run.input)
    number(Input, 0);
  else
    number(Local, locals.lookup(run.output));
  return key;
}

RunKey Finder::keyOf(size_t piece) {
  LayerRun run = runOf(piece, piece + 1);
  return keyOf(run);
}

/// The layers when `before` of the pieces in front of the one with the cache belong to each; none
/// where there are not as many.
void Finder::findRuns(size_t before, std::vector<LayerRun> &runs) {
  // Behind the last layer, what repeats ends where it did behind another one that begins alike.
  size_t end = cached.back() + 1;
  while (end < pieces.size() && pieces[end].inLayer)
    ++end;
  size_t behind = end - cached.back() - 1;
  for (size_t layer = cached.size() - 1; layer-- > 0;) {
    if (keyOf(cached[layer]) != keyOf(cached.back()))
      continue;
    size_t length = cached[layer + 1] - before - cached[layer] - 1;
    bool repeats = length <= behind;
    for (size_t i = 1; repeats && i <= length; ++i)
      repeats = keyOf(cached[layer] + i) == keyOf(cached.back() + i);
    if (repeats) {
      behind = length;
      break;
    }
  }
  for (size_t layer = 0; layer < cached.size(); ++layer) {
    size_t last =
        layer + 1 < cached.size() ? cached[layer + 1] - before : cached.back() + behind + 1;
    runs.push_back(runOf(cached[layer] - before, last));
  }
}

Layers Finder::find() {
  Layers best;
  if (!findPieces()) {
    best.obstacle = obstacle;
    return best;
  }
  // As many pieces as there are between all caches, and in front of the first one.
  size_t most = 0;
  while (most < std::min(cached.front(), mostBefore) && pieces[cached.front() - most - 1].inLayer)
    ++most;
  for (size_t layer = 1; layer < cached.size(); ++layer)
    most = std::min(most, cached[layer] - cached[layer - 1] - 1);
  for (size_t before = 0; before <= most; ++before) {
    Layers layers;
    findRuns(before, layers.runs);
    std::map<RunKey, unsigned> classes;
    for (LayerRun &run : layers.runs)
      run.layerClass =
          classes.try_emplace(keyOf(run), static_cast<unsigned>(classes.size())).first->second;
    layers.classes = static_cast<unsigned>(classes.size());
    if (best.runs.empty() || layers.classes < best.classes)
      best = std::move(layers);
  }
  return best;
}

Layers algebra::findLayers(graph::FuncOp function) { return Finder(function).find(); }
