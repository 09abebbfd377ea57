//===- WriteBundle.cpp - code, weights, manifest and tokenizer as one file -===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "dialects/KV/KV.h"
#include "dialects/Machine/Machine.h"
#include "dialects/Tile/Tile.h"
#include "frit/Compiler/Compiler.h"
#include "frit/Runtime/Abi.h"
#include "frit/Runtime/TokenizerData.h"
#include "lib/Bundle/BundleWriter.h"
#include "lib/Import/Checkpoint.h"
#include "lib/Import/Import.h"
#include "lib/Pack/Packer.h"
#include "lib/Runtime/Manifest.h"
#include "lib/Target/Cpu/CodeEmitter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace frit;
using llvm::json::Array;
using llvm::json::Object;

/// Far above any model's; keeps lists of a layer each small.
static constexpr int64_t maxLayers = 1 << 16;

namespace {

/// Collects what the runtime must know of a lowered module.
class ManifestBuilder {
public:
  ManifestBuilder(ModuleOp module, ArrayRef<PackLayout> layouts)
      : module(module), layouts(layouts) {}

  Result<std::string> build(llvm::StringRef sourceFile, llvm::StringRef sourceHash);

private:
  Status addPhases();
  Status addPrograms();
  Status addStep(tile::RunOp run, int64_t layer, int64_t row, Array &steps);
  StringRef activations();
  StringRef fusion();
  StringRef kvCacheType() const;

  int64_t attribute(StringRef name) {
    auto value = module->getAttrOfType<IntegerAttr>(name);
    return value ? value.getInt() : 0;
  }
  StringRef text(StringRef name) {
    auto value = module->getAttrOfType<StringAttr>(name);
    return value ? value.getValue() : "";
  }

  ModuleOp module;
  ArrayRef<PackLayout> layouts;
  llvm::StringMap<int64_t> phaseIndex;
  Array phases, programs;
  std::vector<kv::CacheType> caches;
  int64_t tokenMultiple = 1;
};

} // namespace

Status ManifestBuilder::addPhases() {
  llvm::StringMap<int64_t> packIndex;
  for (const auto &[index, layout] : llvm::enumerate(layouts))
    packIndex[tile::PackOp(layout.op).getSymName()] = static_cast<int64_t>(index);
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    auto phase = function->getAttrOfType<StringAttr>("frit.phase");
    if (!phase)
      continue;
    Array packs;
    for (Attribute pack : function->getAttrOfType<ArrayAttr>("frit.packs"))
      packs.push_back(packIndex.lookup(cast<FlatSymbolRefAttr>(pack).getValue()));
    phaseIndex[phase.getValue()] = static_cast<int64_t>(phases.size());
    phases.push_back(Object{{"symbol", function.getName()}, {"packs", std::move(packs)}});
  }
  return {};
}

Status ManifestBuilder::addStep(tile::RunOp run, int64_t layer, int64_t row, Array &steps) {
  auto found = phaseIndex.find(run.getPhase());
  if (found == phaseIndex.end())
    return Failure("expected code for phase ", std::string_view(run.getPhase()));
  auto phase = SymbolTable::lookupSymbolIn(module, run.getPhaseAttr());
  auto tilePhase = cast<tile::PhaseOp>(phase);
  bool usesCache = tilePhase.getCache().has_value();
  if (layer >= maxLayers)
    return Failure("expected fewer than ", maxLayers, " layers, but got layer ", layer);
  if (usesCache) {
    auto type = cast<kv::CacheType>(*tilePhase.getCache());
    if (static_cast<int64_t>(caches.size()) <= layer)
      caches.resize(layer + 1);
    caches[layer] = type;
  }
  steps.push_back(Array{found->second, usesCache ? layer : -1, row, 1});
  return {};
}

Status ManifestBuilder::addPrograms() {
  for (auto program : module.getOps<tile::ProgramOp>()) {
    Array steps;
    for (Operation &op : program.getBody().front()) {
      if (auto run = dyn_cast<tile::RunOp>(op)) {
        if (Status status = addStep(run, 0, 0, steps); !status)
          return status;
        continue;
      }
      auto repeat = cast<tile::RepeatOp>(op);
      for (int64_t n = 0; n < static_cast<int64_t>(repeat.getCount()); ++n)
        for (auto run : repeat.getBody().getOps<tile::RunOp>())
          if (Status status = addStep(run, static_cast<int64_t>(repeat.getLayer()) + n,
                                      static_cast<int64_t>(repeat.getRow()) + n, steps);
              !status)
            return status;
    }
    tokenMultiple = std::max(tokenMultiple, static_cast<int64_t>(program.getTokenMultiple()));
    programs.push_back(Object{{"name", program.getSymName()},
                              {"max_tokens", static_cast<int64_t>(program.getMaxTokens())},
                              {"mixed", program.getMixed()},
                              {"steps", std::move(steps)}});
  }
  return {};
}

static Object describeRopeTable(DictionaryAttr table) {
  Object result{{"dim", table.getAs<IntegerAttr>("dim").getInt()},
                {"theta", table.getAs<FloatAttr>("theta").getValueAsDouble()},
                {"position_scale", table.getAs<FloatAttr>("position_scale").getValueAsDouble()},
                {"magnitude", 1.0},
                {"original_context", 0},
                {"factors", Array()},
                {"long_factors", Array()}};
  if (auto frequencies = table.getAs<graph::FrequenciesAttr>("frequencies")) {
    result["magnitude"] = frequencies.getMagnitude().getValueAsDouble();
    result["original_context"] = frequencies.getOriginalContext();
    if (frequencies.getFactors())
      result["factors"] = Array(frequencies.getFactors().asArrayRef());
    if (frequencies.getLongFactors())
      result["long_factors"] = Array(frequencies.getLongFactors().asArrayRef());
  }
  return result;
}

static StringRef elementName(Type type) { return type.isF16() ? "f16" : "f32"; }

/// A model without quantized weights is the same with either: what was asked for is recorded.
StringRef ManifestBuilder::activations() {
  if (StringRef recorded = text(activationsAttrName); !recorded.empty())
    return recorded;
  WalkResult walk = module.walk([](graph::QuantizeOp) { return WalkResult::interrupt(); });
  return walk.wasInterrupted() ? "int8" : "f32";
}

/// A module that does not say was cut by hand, or by a frit without the option.
StringRef ManifestBuilder::fusion() {
  StringRef recorded = text(fusionAttrName);
  return recorded.empty() ? "all" : recorded;
}

StringRef ManifestBuilder::kvCacheType() const {
  StringRef name;
  for (kv::CacheType cache : caches)
    for (kv::StoreAttr store : {cache.getKeyStore(), cache.getValueStore()}) {
      StringRef type = elementName(store.getType());
      if (!name.empty() && name != type)
        return "mixed";
      name = type;
    }
  return name;
}

Result<std::string> ManifestBuilder::build(StringRef sourceFile, StringRef sourceHash) {
  if (Status status = addPhases(); !status)
    return status.takeFailure();
  if (Status status = addPrograms(); !status)
    return status.takeFailure();

  Array buffers, packs, cacheList, tables, features;
  int64_t logits = -1, index = 0;
  FlatSymbolRefAttr logitsName;
  for (auto program : module.getOps<tile::ProgramOp>())
    logitsName = program.getLogitsAttr();
  for (tile::BufferOp buffer : module.getOps<tile::BufferOp>()) {
    if (logitsName && buffer.getSymName() == logitsName.getValue())
      logits = index;
    ++index;
    buffers.push_back(Object{{"name", buffer.getSymName()},
                             {"rows", tile::stringifyRows(buffer.getRows())},
                             {"columns", static_cast<int64_t>(buffer.getColumns())},
                             {"block", buffer.blockColumns()},
                             {"row_bytes", buffer.rowBytes()}});
  }
  for (const PackLayout &layout : layouts) {
    tile::PackOp op = layout.op;
    Array sources;
    for (Attribute source : op.getSources()) {
      auto symbol = cast<SymbolRefAttr>(source);
      std::string name = symbol.getRootReference().str();
      for (FlatSymbolRefAttr nested : symbol.getNestedReferences())
        name += "::" + nested.getValue().str();
      sources.push_back(name);
    }
    packs.push_back(Object{{"name", op.getSymName()},
                           {"offset", layout.offset},
                           {"stride", layout.strideBytes},
                           {"rows", layout.rows},
                           {"order", tile::stringifyOrder(op.getOrder())},
                           {"sources", std::move(sources)}});
  }
  for (auto [layer, cache] : llvm::enumerate(caches)) {
    if (!cache)
      return Failure("expected a phase with a cache in layer ", static_cast<int64_t>(layer));
    cacheList.push_back(Object{{"heads", cache.getHeads()},
                               {"key_dim", cache.getKeyDim()},
                               {"value_dim", cache.getValueDim()},
                               {"key_type", elementName(cache.getKeyStore().getType())},
                               {"value_type", elementName(cache.getValueStore().getType())},
                               {"window", cache.getWindow()}});
  }
  if (auto list = module->getAttrOfType<ArrayAttr>("frit.rope_tables"))
    for (auto table : list.getAsRange<DictionaryAttr>())
      tables.push_back(describeRopeTable(table));
  machine::TargetAttr target = machine::getTarget(module);
  for (StringAttr feature : target.getFeatures())
    features.push_back(feature.getValue());

  Object manifest{{"frit", FRIT_VERSION},
                  {"abi", FRIT_ABI_VERSION},
                  {"llvm", LLVM_VERSION_STRING},
                  {"model", Object{{"name", text(modelAttrName)},
                                   {"architecture", text(archAttrName)},
                                   {"context_length", attribute(contextLengthAttrName)},
                                   {"vocabulary", attribute(vocabularyAttrName)},
                                   {"layers", attribute(layersAttrName)},
                                   {"hidden", attribute(hiddenAttrName)}}},
                  {"source", Object{{"file", sourceFile}, {"hash", sourceHash}}},
                  {"options", Object{{"activations", activations()},
                                     {"kv_cache_type", kvCacheType()},
                                     {"fusion", fusion()}}},
                  {"target", Object{{"name", target.getName()}, {"features", std::move(features)}}},
                  {"token_multiple", tokenMultiple},
                  {"wanted_multiple", tokenMultiple},
                  {"scratch_bytes", attribute("frit.scratch_bytes")},
                  {"rope_tables", std::move(tables)},
                  {"caches", std::move(cacheList)},
                  {"buffers", std::move(buffers)},
                  {"logits", logits},
                  {"packs", std::move(packs)},
                  {"phases", std::move(phases)},
                  {"programs", std::move(programs)}};
  std::string result;
  llvm::raw_string_ostream stream(result);
  stream << llvm::json::Value(std::move(manifest));
  return result;
}

//===----------------------------------------------------------------------===//
// The bundle
//===----------------------------------------------------------------------===//

Status frit::writeBundle(LoadedModel &model, StringRef path, const CompilerOptions &options) {
  ModuleOp module = *model.module;
  auto report = [&](StringRef step, double fraction) {
    if (options.progress)
      options.progress(step, fraction);
  };
  report("emit", 0);
  llvm::LLVMContext context;
  auto code = target::cpu::emitLLVM(module, context);
  if (!code)
    return code.takeFailure();
  report("emit", 0.3);
  auto object = target::cpu::emitCode(**code, machine::getTarget(module), /*assembly=*/false);
  if (!object)
    return object.takeFailure();
  report("emit", 0.9);
  auto shared = target::cpu::linkShared(*object);
  if (!shared)
    return shared.takeFailure();
  report("emit", 1.0);

  // The tokenizer comes with the checkpoint that holds the first file of weights.
  graph::FileOp file;
  for (auto op : module.getOps<graph::FileOp>()) {
    file = op;
    break;
  }
  if (!file)
    return Failure("expected a graph.file that holds the tokenizer");
  llvm::SmallString<128> checkpointPath(model.directory);
  if (llvm::sys::path::is_absolute(file.getPath()))
    checkpointPath = file.getPath();
  else
    llvm::sys::path::append(checkpointPath, file.getPath());
  auto checkpoint = Checkpoint::open(checkpointPath);
  if (!checkpoint)
    return checkpoint.takeFailure();
  auto tokenizer = checkpoint->readTokenizer();
  if (!tokenizer)
    return tokenizer.takeFailure();
  uint64_t hash = checkpoint->hash();

  auto layouts = layOutPacks(module);
  if (!layouts)
    return layouts.takeFailure();
  auto manifest = ManifestBuilder(module, *layouts)
                      .build(llvm::sys::path::filename(file.getPath()), llvm::utohexstr(hash));
  if (!manifest)
    return manifest.takeFailure().in(model.path);
  // What the runtime would refuse is not written.
  uint64_t packsBytes = 0;
  for (const PackLayout &layout : *layouts)
    packsBytes = static_cast<uint64_t>(layout.offset + layout.strideBytes * layout.rows);
  if (auto parsed = Manifest::parse(*manifest, packsBytes); !parsed)
    return parsed.takeFailure().in(model.path);

  auto writer = BundleWriter::create(path.str());
  if (!writer)
    return writer.takeFailure();
  if (Status status = writer->addSection(BundleSectionKind::Manifest, *manifest); !status)
    return status;
  if (Status status = writer->addSection(BundleSectionKind::Code, *shared); !status)
    return status;
  if (Status status = writer->addSection(BundleSectionKind::Tokenizer, tokenizer->serialize());
      !status)
    return status;
  if (Status status = writer->beginSection(BundleSectionKind::Packs); !status)
    return status;
  reference::WeightReader reader(model.directory);
  Status packed = writePacks(
      module, *layouts, reader,
      [&](const uint8_t *bytes, size_t byteCount) { return writer->write(bytes, byteCount); },
      [&](int64_t done, int64_t all) {
        report("pack", all ? static_cast<double>(done) / static_cast<double>(all) : 1.0);
      });
  if (!packed)
    return packed;
  return writer->commit();
}
