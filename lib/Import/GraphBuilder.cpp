//===- GraphBuilder.cpp - the graph dialect from a resolved model ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GraphBuilder.h"

#include "dialects/Graph/Graph.h"
#include "lib/Import/Import.h"
#include "lib/Import/Problems.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace frit;
using namespace frit::graph;

namespace {

/// Layers of one structure and of the same formats.
struct LayerClass {
  std::string suffix; ///< Of its symbols; empty when it is the only class.
  SmallVector<int64_t> layers;
};

class GraphBuilder {
public:
  GraphBuilder(const ModelSpec &model, MLIRContext &context)
      : model(model), record(*model.record), builder(&context) {}

  OwningOpRef<ModuleOp> build();

private:
  void findClasses();
  void setAttributes(ModuleOp module);
  void buildFiles();
  void buildWeight(Role role);
  void buildTable(const LayerClass &layerClass);
  void buildColumn(Role role, const LayerClass &layerClass);
  void buildLayer(const LayerClass &layerClass);
  void buildForward();
  ArrayAttr segments();

  Location at(StringRef name) { return NameLoc::get(builder.getStringAttr(name)); }
  /// "blk.*.attn_q.weight"
  Location at(Role role) {
    return at(expandExpert(expandLayer(record.tensor(role)->names[model.origin], "*"), "*"));
  }
  FlatSymbolRefAttr symbol(const Twine &name) {
    return FlatSymbolRefAttr::get(builder.getContext(), name.str());
  }
  WeightType weightType(const WeightRef &weight) {
    return WeightType::get(builder.getContext(), weight.shape, weight.format);
  }
  /// Nothing where the rows lie one behind the other.
  RunsAttr runs(const WeightRef &weight) {
    return weight.runLength
               ? RunsAttr::get(builder.getContext(), weight.runLength, weight.runStride)
               : RunsAttr();
  }
  RankedTensorType activations(int64_t columns) {
    return RankedTensorType::get({ShapedType::kDynamic, columns}, builder.getF32Type());
  }
  FloatAttr number(double value) { return builder.getF64FloatAttr(value); }
  /// Nothing for 0.
  FloatAttr cap(double value) { return value == 0 ? FloatAttr() : number(value); }

  Value param(Role role) { return params[static_cast<unsigned>(role)]; }
  Value norm(Value input, Role weight, std::optional<Role> bias, const NormSpec &spec,
             int64_t group = 0);
  /// Null when the model has no such weight.
  Value linear(Value input, Role weight, std::optional<Role> bias = std::nullopt) {
    if (!param(weight))
      return {};
    return LinearOp::create(builder, at(weight), input, param(weight),
                            bias ? param(*bias) : Value());
  }
  FrequenciesAttr frequencies(const RopeSpec &spec);
  Value rope(StringRef name, Value input, Value tokens, const LayerSpec &layer);
  Value attention(const LayerSpec &layer, Value input, Value tokens, Value cache);
  Value activation(Value gate, Value up);
  Value experts(const ExpertsSpec &spec, Value input);
  Value feedForward(const LayerSpec &layer, Value input);
  Value residual(StringRef name, Value stream, Value branch, const LayerSpec &layer) {
    return ResidualOp::create(builder, at(name), stream.getType(), stream, branch,
                              number(layer.residualScale));
  }

  const ModelSpec &model;
  const ArchRecord &record;
  OpBuilder builder;
  SmallVector<LayerClass> classes;
  SmallVector<std::pair<unsigned, int64_t>> placeOfLayer; ///< Class and row.
  /// The weights of the function that is being built; null where there is none.
  std::array<Value, numRoles> params;
};

} // namespace

//===----------------------------------------------------------------------===//
// Files and weights
//===----------------------------------------------------------------------===//

void GraphBuilder::findClasses() {
  llvm::StringMap<unsigned> indices;
  for (auto [index, layer] : llvm::enumerate(model.layers)) {
    auto [entry, isNew] = indices.try_emplace(layer.classKey(), classes.size());
    if (isNew)
      classes.emplace_back();
    LayerClass &layerClass = classes[entry->second];
    placeOfLayer.emplace_back(entry->second, layerClass.layers.size());
    layerClass.layers.push_back(index);
  }
  if (classes.size() > 1)
    for (auto [index, layerClass] : llvm::enumerate(classes))
      layerClass.suffix = std::to_string(index);
}

void GraphBuilder::setAttributes(ModuleOp module) {
  auto setText = [&](StringRef name, StringRef value) {
    module->setAttr(name, builder.getStringAttr(value));
  };
  auto setCount = [&](StringRef name, int64_t value) {
    module->setAttr(name, builder.getI64IntegerAttr(value));
  };
  setText(modelAttrName, model.name);
  setText(archAttrName, model.architecture);
  if (!model.tokenizer.empty())
    setText(tokenizerAttrName, model.tokenizer);
  setCount(contextLengthAttrName, model.contextLength);
  setCount(vocabularyAttrName, model.vocabulary);
  setCount(hiddenAttrName, model.hidden);
  setCount(layersAttrName, model.layers.size());
}

void GraphBuilder::buildFiles() {
  for (auto [index, path] : llvm::enumerate(model.files))
    FileOp::create(builder, at(path), "f" + std::to_string(index), path);
}

void GraphBuilder::buildWeight(Role role) {
  const WeightRef *weight = model.weight(role);
  if (!weight || (role == Role::Output && model.tied))
    return;
  WeightOp::create(builder, at(role), builder.getStringAttr(roleKeyword(role)),
                   TypeAttr::get(weightType(*weight)), symbol("f" + Twine(weight->file)),
                   builder.getI64IntegerAttr(weight->offset), runs(*weight), UnpairAttr(),
                   TimesAttr());
}

void GraphBuilder::buildColumn(Role role, const LayerClass &layerClass) {
  if (!model.layers[layerClass.layers.front()].weight(role))
    return;
  SmallVector<int64_t> offsets;
  SmallVector<Attribute> files;
  for (int64_t layer : layerClass.layers) {
    const WeightRef &weight = *model.layers[layer].weight(role);
    auto add = [&](unsigned file, int64_t offset) {
      offsets.push_back(offset);
      files.push_back(symbol("f" + Twine(file)));
    };
    if (weight.pieces.empty())
      add(weight.file, weight.offset);
    for (auto [file, offset] : weight.pieces)
      add(file, offset);
  }
  if (llvm::all_equal(files))
    files.resize(1);
  const WeightRef &first = *model.layers[layerClass.layers.front()].weight(role);
  ColumnOp::create(builder, at(role), builder.getStringAttr(roleKeyword(role)),
                   TypeAttr::get(weightType(first)), builder.getArrayAttr(files),
                   builder.getDenseI64ArrayAttr(offsets), runs(first), UnpairAttr(), TimesAttr());
}

void GraphBuilder::buildTable(const LayerClass &layerClass) {
  auto table = WeightsOp::create(builder, at("blk.*"), "block" + layerClass.suffix,
                                 layerClass.layers.size());
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&table.getBody());
  for (const RoleInfo &info : roleInfos)
    if (info.inLayer())
      buildColumn(info.role, layerClass);
}

//===----------------------------------------------------------------------===//
// A layer
//===----------------------------------------------------------------------===//

/// `input` itself when the model has no such norm.
Value GraphBuilder::norm(Value input, Role weight, std::optional<Role> bias, const NormSpec &spec,
                         int64_t group) {
  if (!param(weight))
    return input;
  NormKind kind = record.normShape == NormShape::RMS ? NormKind::RMS : NormKind::Layer;
  return NormOp::create(builder, at(weight), input.getType(), input, param(weight),
                        bias ? param(*bias) : Value(), number(spec.eps),
                        NormKindAttr::get(builder.getContext(), kind), number(spec.offset),
                        group ? builder.getI64IntegerAttr(group) : IntegerAttr());
}

/// Null where the frequencies are those of theta.
FrequenciesAttr GraphBuilder::frequencies(const RopeSpec &spec) {
  if (spec.factors.empty() && spec.magnitude == 1)
    return {};
  auto list = [&](const std::vector<double> &factors) {
    return factors.empty() ? DenseF64ArrayAttr() : builder.getDenseF64ArrayAttr(factors);
  };
  return FrequenciesAttr::get(builder.getContext(), number(spec.magnitude), list(spec.factors),
                              list(spec.longFactors), spec.originalContext);
}

Value GraphBuilder::rope(StringRef name, Value input, Value tokens, const LayerSpec &layer) {
  const RopeSpec &spec = layer.rope;
  if (spec.dim == 0)
    return input;
  RopePairs pairs =
      model.ropeOrder == RopeOrder::Halves ? RopePairs::Halves : RopePairs::Interleaved;
  return RopeOp::create(builder, at(name), input.getType(), input, tokens,
                        RopePairsAttr::get(builder.getContext(), pairs),
                        builder.getI64IntegerAttr(layer.headDim),
                        builder.getI64IntegerAttr(spec.dim), number(spec.theta),
                        number(spec.positionScale), frequencies(spec));
}

Value GraphBuilder::attention(const LayerSpec &layer, Value input, Value tokens, Value cache) {
  Value query = linear(input, Role::AttnQ, Role::AttnQBias);
  Value key = linear(input, Role::AttnK, Role::AttnKBias);
  Value value = linear(input, Role::AttnV, Role::AttnVBias);
  auto normalize = [&](Value &rows, Role role) {
    const WeightRef *weight = layer.weight(role);
    if (!weight)
      return;
    // Weights as long as a head serve each head, even if there is only one: what norms heads fits
    // into the epilogue of a product. Longer ones are one norm of the row.
    int64_t columns = cast<RankedTensorType>(rows.getType()).getDimSize(1);
    bool whole = weight->shape[0] == columns && columns != layer.headDim;
    rows = norm(rows, role, std::nullopt, layer.norm, whole ? 0 : weight->shape[0]);
  };
  if (record.qkNorm == QKNorm::BeforeRope) {
    normalize(query, Role::AttnQNorm);
    normalize(key, Role::AttnKNorm);
  }
  query = rope("rope_q", query, tokens, layer);
  key = rope("rope_k", key, tokens, layer);
  if (record.qkNorm == QKNorm::AfterRope) {
    normalize(query, Role::AttnQNorm);
    normalize(key, Role::AttnKNorm);
  }
  kv::AppendOp::create(builder, at("kv_append"), cache, key, value, tokens);
  Value mixed = AttentionOp::create(
      builder, at("attention"), activations(layer.heads * layer.valueDim), query, cache, tokens,
      /*keys=*/Value(), /*values=*/Value(), builder.getI64IntegerAttr(layer.heads),
      builder.getI64IntegerAttr(layer.kvHeads), number(layer.attentionScale),
      MaskAttr::get(builder.getContext(), Mask::Causal),
      layer.window ? builder.getI64IntegerAttr(layer.window) : IntegerAttr(),
      cap(layer.attentionSoftcap));
  Value branch = linear(mixed, Role::AttnOutput, Role::AttnOutputBias);
  return norm(branch, Role::AttnPostNorm, std::nullopt, layer.norm);
}

/// act(gate) * up, or act(up) where there is no gate.
Value GraphBuilder::activation(Value gate, Value up) {
  static constexpr Activation activations[] = {Activation::SiLU, Activation::GELU,
                                               Activation::GELUTanh, Activation::ReLU,
                                               Activation::ReLUSquared};
  auto act = ActivationAttr::get(builder.getContext(),
                                 activations[static_cast<unsigned>(model.activation)]);
  if (!gate)
    return ActivationOp::create(builder, at("ffn_act"), up.getType(), up, act);
  return GluOp::create(builder, at("ffn_glu"), gate.getType(), gate, up, act);
}

/// The sum over the experts of each token; of those that serve all tokens too.
Value GraphBuilder::experts(const ExpertsSpec &spec, Value input) {
  auto scoring =
      record.expertScoring == ExpertScoring::Softmax ? Scoring::Softmax : Scoring::Sigmoid;
  Value scores = linear(input, Role::FfnGateInp);
  Value routes = RouteOp::create(
      builder, at("route"), scores, param(Role::FfnGateInpBias),
      builder.getI64IntegerAttr(spec.used), ScoringAttr::get(builder.getContext(), scoring),
      spec.normalize ? builder.getUnitAttr() : UnitAttr(), number(spec.scale));
  auto product = [&](Value of, Role weight, Parts parts) -> Value {
    if (!param(weight))
      return {};
    return ExpertsOp::create(builder, at(weight), of, routes, param(weight),
                             PartsAttr::get(builder.getContext(), parts));
  };
  Value inner = activation(product(input, Role::FfnGateExps, Parts::Each),
                           product(input, Role::FfnUpExps, Parts::Each));
  Value sum = product(inner, Role::FfnDownExps, Parts::Sum);
  if (!spec.shared)
    return sum;
  Value shared = activation(linear(input, Role::FfnGateShexp), linear(input, Role::FfnUpShexp));
  return ResidualOp::create(builder, at("ffn_shared"), sum.getType(), sum,
                            linear(shared, Role::FfnDownShexp), number(1));
}

Value GraphBuilder::feedForward(const LayerSpec &layer, Value input) {
  Value branch;
  if (layer.experts.count)
    branch = experts(layer.experts, input);
  else
    branch = linear(activation(linear(input, Role::FfnGate, Role::FfnGateBias),
                               linear(input, Role::FfnUp, Role::FfnUpBias)),
                    Role::FfnDown, Role::FfnDownBias);
  return norm(branch, Role::FfnPostNorm, std::nullopt, layer.norm);
}

void GraphBuilder::buildLayer(const LayerClass &layerClass) {
  const LayerSpec &layer = model.layers[layerClass.layers.front()];
  RankedTensorType streamType = activations(model.hidden);
  auto cache = kv::CacheType::get(builder.getContext(), layer.kvHeads, layer.headDim,
                                  layer.valueDim, kv::StoreAttr(), kv::StoreAttr(), layer.window);
  auto type = builder.getFunctionType(
      {streamType, TokensType::get(builder.getContext()), cache, builder.getIndexType()},
      {streamType});
  Location location = at("blk.*");
  auto function = LayerOp::create(builder, location, "decoder" + layerClass.suffix, type,
                                  ArrayAttr(), ArrayAttr());
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(&function.getBody(), {}, type.getInputs(),
                                    SmallVector<Location>(4, location));
  Value row = body->getArgument(3);
  params = {};
  for (const RoleInfo &info : roleInfos) {
    const WeightRef *weight = layer.weight(info.role);
    if (!weight)
      continue;
    auto column = SymbolRefAttr::get(builder.getStringAttr("block" + layerClass.suffix),
                                     {symbol(info.keyword)});
    params[static_cast<unsigned>(info.role)] =
        ParamOp::create(builder, at(info.role), weightType(*weight), column, row);
  }
  Value stream = body->getArgument(0);
  Value attended = norm(stream, Role::AttnNorm, Role::AttnNormBias, layer.norm);
  Value middle =
      residual("attn_residual", stream,
               attention(layer, attended, body->getArgument(1), body->getArgument(2)), layer);
  // Beside attention, an FFN without a norm of its own takes what attention takes.
  Value input = layer.parallel ? (param(Role::FfnNorm) ? stream : attended) : middle;
  input = norm(input, Role::FfnNorm, Role::FfnNormBias, layer.norm);
  ReturnOp::create(builder, location,
                   residual("ffn_residual", middle, feedForward(layer, input), layer));
}

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

/// Layers in order; neighbours in one table are one segment.
ArrayAttr GraphBuilder::segments() {
  SmallVector<Attribute> result;
  for (size_t first = 0, last; first < placeOfLayer.size(); first = last) {
    auto [layerClass, row] = placeOfLayer[first];
    for (last = first; last < placeOfLayer.size() && placeOfLayer[last].first == layerClass;)
      ++last;
    result.push_back(SegmentAttr::get(
        builder.getContext(), symbol("decoder" + classes[layerClass].suffix), row, last - first));
  }
  return builder.getArrayAttr(result);
}

void GraphBuilder::buildForward() {
  MLIRContext *context = builder.getContext();
  auto tokensType = TokensType::get(context);
  auto cachesType = kv::CachesType::get(context, model.layers.size());
  auto type = builder.getFunctionType({tokensType, cachesType}, {activations(model.vocabulary)});
  Location location = at("forward");
  auto function = FuncOp::create(builder, location, "forward", type, ArrayAttr(), ArrayAttr());
  OpBuilder::InsertionGuard guard(builder);
  Block *body =
      builder.createBlock(&function.getBody(), {}, type.getInputs(), {location, location});
  Value tokens = body->getArgument(0), caches = body->getArgument(1);
  params = {};
  for (const RoleInfo &info : roleInfos) {
    const WeightRef *weight = model.weight(info.role);
    if (!weight)
      continue;
    Value &value = params[static_cast<unsigned>(info.role)];
    if (info.role == Role::Output && model.tied)
      value = param(Role::TokenEmbd);
    else
      value = ParamOp::create(builder, at(info.role), weightType(*weight), symbol(info.keyword),
                              /*row=*/Value());
  }
  Value stream = EmbedOp::create(builder, at(Role::TokenEmbd), activations(model.hidden), tokens,
                                 param(Role::TokenEmbd), number(model.embeddingScale));
  stream =
      RepeatOp::create(builder, at("blk.*"), stream.getType(), stream, tokens, caches, segments());
  stream = SelectOp::create(builder, at("select"), stream.getType(), stream, tokens);
  stream = norm(stream, Role::OutputNorm, Role::OutputNormBias, model.outputNorm);
  Value logits = LogitsOp::create(builder, at(Role::Output), activations(model.vocabulary), stream,
                                  param(Role::Output), param(Role::OutputBias),
                                  number(model.logitsScale), cap(model.logitsSoftcap));
  ReturnOp::create(builder, location, logits);
}

OwningOpRef<ModuleOp> GraphBuilder::build() {
  OwningOpRef<ModuleOp> module = ModuleOp::create(at(model.name));
  builder.setInsertionPointToEnd(module->getBody());
  setAttributes(*module);
  findClasses();
  buildFiles();
  for (const RoleInfo &info : roleInfos)
    if (!info.inLayer())
      buildWeight(info.role);
  for (const LayerClass &layerClass : classes) {
    buildTable(layerClass);
    buildLayer(layerClass);
  }
  buildForward();
  return module;
}

OwningOpRef<ModuleOp> frit::buildGraph(const ModelSpec &model, MLIRContext &context) {
  context.loadDialect<GraphDialect, kv::KVDialect>();
  return GraphBuilder(model, context).build();
}
