//===- Describe.cpp - what a model is made of -----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Describe.h"

#include "dialects/Graph/Graph.h"
#include "lib/Import/Import.h"
#include "lib/Support/Printable.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

#include <map>

using namespace mlir;
using namespace frit;
using namespace frit::graph;

//===----------------------------------------------------------------------===//
// Reading the graph
//===----------------------------------------------------------------------===//

static std::string readText(ModuleOp module, StringRef name) {
  auto text = module->getAttrOfType<StringAttr>(name);
  return text ? text.str() : "";
}

static int64_t readCount(ModuleOp module, StringRef name) {
  auto count = module->getAttrOfType<IntegerAttr>(name);
  return count ? count.getInt() : 0;
}

static WeightDescription describeWeight(const Twine &name, WeightType type, int64_t count) {
  return {name.str(), llvm::to_vector<2>(type.getShape()), type.getFormat(), count,
          count * type.getBytes()};
}

static LayerClassDescription describeLayer(LayerOp layer) {
  LayerClassDescription result;
  result.name = layer.getSymName().str();
  auto cache = cast<kv::CacheType>(layer.getArgumentTypes()[2]);
  result.kvHeads = cache.getHeads();
  result.keyDim = cache.getKeyDim();
  result.valueDim = cache.getValueDim();
  layer.walk([&](AttentionOp attention) {
    result.heads = attention.getHeads();
    result.window = attention.getWindow().value_or(0);
  });
  layer.walk([&](Operation *op) {
    if (isa<ActivationOp, GluOp>(op))
      result.ffn = cast<RankedTensorType>(op->getResult(0).getType()).getDimSize(1);
  });
  return result;
}

/// Adds the layers that each class runs as.
static void describeSegments(RepeatOp repeat, ModelDescription &model) {
  int64_t first = 0;
  for (auto segment : repeat.getSegments().getAsRange<SegmentAttr>()) {
    for (LayerClassDescription &layerClass : model.classes) {
      if (layerClass.name != segment.getLayer().getValue())
        continue;
      layerClass.segments.emplace_back(first, segment.getCount());
      layerClass.layers += segment.getCount();
    }
    first += segment.getCount();
  }
}

static void summarize(ModelDescription &model) {
  std::map<Format, FormatDescription> formats;
  for (const WeightDescription &weight : model.weights) {
    int64_t elements = weight.count;
    for (int64_t dim : weight.shape)
      elements *= dim;
    model.parameters += elements;
    model.weightBytes += weight.bytes;
    FormatDescription &format = formats[weight.format];
    format.format = weight.format;
    format.weights += weight.count;
    format.parameters += elements;
    format.bytes += weight.bytes;
  }
  for (const auto &entry : formats)
    model.formats.push_back(entry.second);
  for (const LayerClassDescription &layerClass : model.classes)
    model.kvElementsPerToken +=
        layerClass.layers * layerClass.kvHeads * (layerClass.keyDim + layerClass.valueDim);
}

ModelDescription frit::describeModel(ModuleOp module) {
  ModelDescription model;
  model.name = readText(module, modelAttrName);
  model.architecture = readText(module, archAttrName);
  model.tokenizer = readText(module, tokenizerAttrName);
  model.contextLength = readCount(module, contextLengthAttrName);
  model.vocabulary = readCount(module, vocabularyAttrName);
  model.hidden = readCount(module, hiddenAttrName);
  model.layers = readCount(module, layersAttrName);
  for (FileOp file : module.getOps<FileOp>())
    model.files.push_back(file.getPath().str());
  for (WeightOp weight : module.getOps<WeightOp>())
    model.weights.push_back(
        describeWeight(weight.getSymName(), cast<WeightType>(weight.getType()), 1));
  for (WeightsOp table : module.getOps<WeightsOp>())
    for (ColumnOp column : table.getOps<ColumnOp>())
      model.weights.push_back(describeWeight(table.getSymName() + "." + column.getSymName(),
                                             cast<WeightType>(column.getType()), table.getRows()));
  // Behind fuse there may be copies of the functions for other calls; they are of the same model.
  SmallVector<RepeatOp> repeats;
  for (FuncOp function : module.getOps<FuncOp>())
    if (repeats.empty())
      function.walk([&](RepeatOp repeat) { repeats.push_back(repeat); });
  llvm::StringSet<> called;
  for (RepeatOp repeat : repeats)
    for (auto segment : repeat.getSegments().getAsRange<SegmentAttr>())
      called.insert(segment.getLayer().getValue());
  for (LayerOp layer : module.getOps<LayerOp>())
    if (repeats.empty() || called.contains(layer.getSymName()))
      model.classes.push_back(describeLayer(layer));
  for (RepeatOp repeat : repeats)
    describeSegments(repeat, model);
  llvm::SmallPtrSet<Value, 2> tables;
  module.walk([&](EmbedOp embed) { tables.insert(embed.getTable()); });
  module.walk([&](LogitsOp logits) { model.tied |= tables.contains(logits.getWeight()); });
  summarize(model);
  return model;
}

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

/// 134515008 as "134,515,008".
static std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(at, ",");
  return digits;
}

/// "97.5 MB": three digits that count, powers of 1000.
static std::string scaled(double number, StringRef unit) {
  static constexpr StringLiteral prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
  unsigned power = 0;
  while (number >= 999.5 && power + 1 < std::size(prefixes)) {
    number /= 1000;
    ++power;
  }
  std::string text;
  llvm::raw_string_ostream stream(text);
  int decimals = power == 0 || number >= 99.95 ? 0 : number >= 9.995 ? 1 : 2;
  stream << llvm::format("%.*f", decimals, number) << " " << prefixes[power] << unit;
  return StringRef(text).rtrim().str();
}

static std::string shapeText(ArrayRef<int64_t> shape) {
  return llvm::join(llvm::map_range(shape, [](int64_t dim) { return std::to_string(dim); }), "x");
}

static StringRef formatName(Format format) { return formatInfo(format).name; }

/// "layers 0-3, 6"
static std::string layersText(const LayerClassDescription &layerClass) {
  std::string text;
  for (auto [first, count] : layerClass.segments) {
    text += text.empty() ? "" : ", ";
    text += std::to_string(first);
    if (count > 1)
      text += "-" + std::to_string(first + count - 1);
  }
  return (layerClass.layers == 1 ? "layer " : "layers ") + text;
}

static void printClass(const LayerClassDescription &layerClass, raw_ostream &stream) {
  stream << "  " << layerClass.name << ": " << layersText(layerClass) << "; " << layerClass.heads
         << " heads of " << layerClass.keyDim << " over " << layerClass.kvHeads;
  if (layerClass.valueDim != layerClass.keyDim)
    stream << " with values of " << layerClass.valueDim;
  stream << ", FFN " << layerClass.ffn;
  if (layerClass.window)
    stream << ", window " << layerClass.window;
  stream << "\n";
}

void ModelDescription::print(raw_ostream &stream) const {
  auto line = [&](StringRef label, const Twine &text) {
    stream << llvm::left_justify(label, 14) << printable(text.str()) << "\n";
  };
  line("model", name);
  line("architecture", architecture);
  line("file", llvm::join(files, ", "));
  line("tokenizer", tokenizer.empty() ? "none" : tokenizer);
  line("context", grouped(contextLength) + " tokens");
  line("vocabulary",
       grouped(vocabulary) + (tied ? " tokens, output tied to the embedding" : " tokens"));
  line("hidden", grouped(hidden));
  line("parameters", grouped(parameters) + " (" + scaled(parameters, "") + ")");
  line("weights", scaled(weightBytes, "B") + " in " + Twine(formats.size()) +
                      (formats.size() == 1 ? " format" : " formats"));
  line("KV cache", scaled(kvBytesPerToken(Format::F16), "B") + " a token as f16 (" +
                       scaled(double(kvBytesPerToken(Format::F16)) * contextLength, "B") +
                       " for the whole context), " + scaled(kvBytesPerToken(Format::F32), "B") +
                       " as f32");
  line("layers", Twine(layers) + " in " + Twine(classes.size()) +
                     (classes.size() == 1 ? " class" : " classes"));
  for (const LayerClassDescription &layerClass : classes)
    printClass(layerClass, stream);

  stream << "\nformat   weights      parameters         bytes\n";
  for (const FormatDescription &format : formats)
    stream << llvm::left_justify(formatName(format.format), 9)
           << llvm::right_justify(grouped(format.weights), 7)
           << llvm::right_justify(grouped(format.parameters), 16)
           << llvm::right_justify(scaled(format.bytes, "B"), 14) << "\n";

  size_t nameWidth = 6;
  for (const WeightDescription &weight : weights)
    nameWidth = std::max(nameWidth, weight.name.size());
  stream << "\n"
         << llvm::left_justify("weight", nameWidth)
         << "          shape  format  count         bytes\n";
  for (const WeightDescription &weight : weights)
    stream << llvm::left_justify(weight.name, nameWidth)
           << llvm::right_justify(shapeText(weight.shape), 15) << "  "
           << llvm::left_justify(formatName(weight.format), 6)
           << llvm::right_justify(grouped(weight.count), 7)
           << llvm::right_justify(scaled(weight.bytes, "B"), 14) << "\n";
}

llvm::json::Value ModelDescription::toJSON() const {
  using llvm::json::Array;
  using llvm::json::Object;
  Array classList, formatList, weightList, fileList;
  // A checkpoint may hold any bytes.
  for (const std::string &file : files)
    fileList.push_back(llvm::json::fixUTF8(file));
  for (const LayerClassDescription &layerClass : classes) {
    Array segments;
    for (auto [first, count] : layerClass.segments)
      segments.push_back(Object{{"first", first}, {"count", count}});
    classList.push_back(Object{{"name", layerClass.name},
                               {"layers", layerClass.layers},
                               {"segments", std::move(segments)},
                               {"heads", layerClass.heads},
                               {"kv_heads", layerClass.kvHeads},
                               {"key_dim", layerClass.keyDim},
                               {"value_dim", layerClass.valueDim},
                               {"ffn", layerClass.ffn},
                               {"window", layerClass.window}});
  }
  for (const FormatDescription &format : formats)
    formatList.push_back(Object{{"format", formatName(format.format)},
                                {"weights", format.weights},
                                {"parameters", format.parameters},
                                {"bytes", format.bytes}});
  for (const WeightDescription &weight : weights)
    weightList.push_back(Object{{"name", weight.name},
                                {"shape", Array(weight.shape)},
                                {"format", formatName(weight.format)},
                                {"count", weight.count},
                                {"bytes", weight.bytes}});
  return Object{{"model", llvm::json::fixUTF8(name)},
                {"architecture", llvm::json::fixUTF8(architecture)},
                {"tokenizer", llvm::json::fixUTF8(tokenizer)},
                {"files", std::move(fileList)},
                {"context_length", contextLength},
                {"vocabulary", vocabulary},
                {"hidden", hidden},
                {"layers", layers},
                {"parameters", parameters},
                {"weight_bytes", weightBytes},
                {"tied", tied},
                {"kv_bytes_per_token", Object{{"f16", kvBytesPerToken(Format::F16)},
                                              {"f32", kvBytesPerToken(Format::F32)}}},
                {"layer_classes", std::move(classList)},
                {"formats", std::move(formatList)},
                {"weights", std::move(weightList)}};
}
