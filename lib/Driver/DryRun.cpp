//===- DryRun.cpp - frit compile --dry-run --------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/DryRun.h"

#include "dialects/KV/KV.h"
#include "dialects/Machine/Machine.h"
#include "dialects/Tile/Tile.h"
#include "frit/Machine/MachineModel.h"
#include "frit/Runtime/TokenizerData.h"
#include "lib/Arch/Registry.h"
#include "lib/Driver/ModelFile.h"
#include "lib/Driver/Output.h"
#include "lib/Import/Checkpoint.h"
#include "lib/Import/Import.h"
#include "lib/Pack/Packer.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>
#include <map>

using namespace frit;
using namespace frit::driver;
using mlir::ModuleOp;

namespace {
/// What a dry run learns from a scheduled module.
class Preflight {
public:
  Preflight(const CompileRequest &request, ModuleOp module) : request(request), module(module) {}

  /// `checkpoint`: null for a .mlir file.
  Status print(const Checkpoint *checkpoint);

private:
  std::string text(llvm::StringRef attribute) const {
    auto value = module->getAttrOfType<mlir::StringAttr>(attribute);
    return value ? value.str() : "";
  }
  int64_t contextLength() const {
    auto value = module->getAttrOfType<mlir::IntegerAttr>(contextLengthAttrName);
    return value ? value.getInt() : 0;
  }
  Result<std::string> record(const Checkpoint &checkpoint) const;
  void readCaches();
  int64_t bufferBytes();

  const CompileRequest &request;
  ModuleOp module;
  std::string cacheTypes; ///< "f16"
  int64_t cacheTokenBytes = 0;
};
} // namespace

static void printLine(llvm::StringRef label, const std::string &text) {
  llvm::outs() << llvm::left_justify(label, 14) << text << "\n";
}

/// Which architecture record was used, and why that one.
Result<std::string> Preflight::record(const Checkpoint &checkpoint) const {
  const CompilerOptions &options = request.options;
  if (!options.archSpecPath.empty())
    return options.archSpecPath + " (--arch-spec)" +
           (options.like.empty() ? "" : ", on '" + options.like + "' (--like)");
  if (!options.like.empty())
    return "'" + options.like + "' (--like)";
  Result<std::vector<ArchRecord>> records = builtinRecords();
  if (!records)
    return records.takeFailure();
  Result<std::string_view> architecture = checkpoint.architecture();
  if (!architecture)
    return architecture.takeFailure();
  for (const ArchRecord &candidate : *records)
    if (llvm::is_contained(candidate.architectures[checkpoint.origin()], *architecture))
      return "'" + candidate.name + "', as the model says '" + std::string(*architecture) + "'";
  return Failure("expected a record for '", *architecture, "'");
}

/// All programs use the caches alike: the first one says how.
void Preflight::readCaches() {
  mlir::SymbolTable symbols(module);
  std::map<int64_t, kv::CacheType> layers;
  auto add = [&](tile::RunOp run, int64_t first, int64_t count) {
    auto phase = symbols.lookup<tile::PhaseOp>(run.getPhase());
    if (!phase || !phase.getCache())
      return;
    for (int64_t layer = first; layer < first + count; ++layer)
      layers[layer] = llvm::cast<kv::CacheType>(*phase.getCache());
  };
  for (auto program : module.getOps<tile::ProgramOp>()) {
    program.walk([&](tile::RunOp run) {
      if (auto repeat = llvm::dyn_cast<tile::RepeatOp>(run->getParentOp()))
        add(run, static_cast<int64_t>(repeat.getLayer()), static_cast<int64_t>(repeat.getCount()));
      else
        add(run, 0, 1);
    });
    break;
  }
  llvm::SmallVector<llvm::StringRef> types;
  for (auto &[layer, cache] : layers)
    for (auto [store, dim] : {std::pair(cache.getKeyStore(), cache.getKeyDim()),
                              std::pair(cache.getValueStore(), cache.getValueDim())}) {
      bool half = store.getType().isF16();
      cacheTokenBytes += cache.getHeads() * dim * (half ? 2 : 4);
      if (llvm::StringRef type = half ? "f16" : "f32"; !llvm::is_contained(types, type))
        types.push_back(type);
    }
  cacheTypes = llvm::join(types, " and ");
}

/// Of a session with one slot and the whole context.
int64_t Preflight::bufferBytes() {
  int64_t tokens = 1, multiple = 1;
  for (auto program : module.getOps<tile::ProgramOp>()) {
    tokens = std::max(tokens, static_cast<int64_t>(program.getMaxTokens()));
    multiple = std::max(multiple, static_cast<int64_t>(program.getTokenMultiple()));
  }
  if (int64_t context = contextLength(); context > 0)
    tokens = std::min(tokens, context);
  int64_t rowBytes = 0;
  for (tile::BufferOp buffer : module.getOps<tile::BufferOp>())
    rowBytes += buffer.rowBytes();
  return rowBytes * static_cast<int64_t>(llvm::alignTo(tokens, multiple));
}

Status Preflight::print(const Checkpoint *checkpoint) {
  // All that can fail comes before the first line.
  Result<std::vector<PackLayout>> layouts = layOutPacks(module);
  if (!layouts)
    return layouts.takeFailure();
  int64_t packedBytes = 0, tokenizerBytes = 0;
  for (const PackLayout &layout : *layouts)
    packedBytes = layout.offset + layout.strideBytes * layout.rows;
  std::string recordText, tokenizerText = text(tokenizerAttrName);
  if (checkpoint) {
    Result<std::string> found = record(*checkpoint);
    if (!found)
      return found.takeFailure();
    recordText = *std::move(found);
    Result<TokenizerData> tokenizer = checkpoint->readTokenizer();
    if (!tokenizer)
      return tokenizer.takeFailure();
    tokenizerBytes = static_cast<int64_t>(tokenizer->serialize().size());
    if (tokenizerText.empty())
      tokenizerText = "none: token ids only";
    else if (Status known = checkTokenizer(*tokenizer); !known)
      tokenizerText = "token ids only: " + known.error();
  }
  readCaches();

  auto bytes = [](int64_t count) {
    return fmt::format("{} B", count) +
           (count < 1000 ? "" : " (" + bytesText(static_cast<double>(count)) + ")");
  };
  machine::TargetAttr target = machine::getTarget(module);
  std::string activations = text(activationsAttrName);
  printLine("model", text(modelAttrName));
  printLine("architecture", text(archAttrName));
  if (!recordText.empty())
    printLine("record", recordText);
  if (!tokenizerText.empty())
    printLine("tokenizer", tokenizerText);
  bool isNative = request.options.target == "native" && checkpoint;
  Result<std::optional<Calibration>> calibration = findCalibration();
  bool isMeasured = isNative && calibration && *calibration && (*calibration)->isOfThisCpu;
  printLine("target", target.getName().str() + (isNative ? " (native" : "") +
                          (isMeasured ? ", as frit calibrate measured it" : "") +
                          (isNative ? ")" : ""));
  printLine("activations",
            activations.empty() ? request.options.pipeline.activations : activations);
  printLine("KV-cache type", cacheTypes);
  printLine("weights", bytes(packedBytes) + " as packed");
  printLine("KV cache",
            fmt::format("{} B a token, {} for the whole context of {} tokens", cacheTokenBytes,
                        bytes(cacheTokenBytes * contextLength()), contextLength()));
  printLine("buffers", bytes(bufferBytes()) + " of activations for a session");
  // Code is generated behind what a dry run does, and small: of SmolLM2's 98 MB it is 0.1.
  printLine("bundle", bytes(packedBytes + tokenizerBytes) + ", and the code");
  return {};
}

namespace {
/// Why there is no bundle to be had, and what the process ends with for it.
struct Obstacle {
  Failure failure;
  int exitCode = ExitFailure;
};
} // namespace

static std::optional<Obstacle> tryAll(const CompileRequest &request) {
  Result<ModelKind> kind = recognizeSource(request.path);
  if (!kind)
    return Obstacle{kind.takeFailure()};
  // A file that cannot be read is no model that is not supported.
  std::optional<Checkpoint> checkpoint;
  if (*kind == ModelKind::Checkpoint) {
    Result<Checkpoint> opened = Checkpoint::open(request.path);
    if (!opened)
      return Obstacle{opened.takeFailure()};
    checkpoint.emplace(*std::move(opened));
  }
  Compilation compilation(request);
  if (Status status = compilation.load(); !status)
    return Obstacle{status.takeFailure(), checkpoint ? exitUnsupported : int(ExitFailure)};
  if (Status status = compilation.runTo(PhaseId::Schedule); !status)
    return Obstacle{status.takeFailure(), exitUnsupported};
  compilation.clearProgress();
  if (Status status =
          Preflight(request, compilation.module()).print(checkpoint ? &*checkpoint : nullptr);
      !status)
    return Obstacle{status.takeFailure(), exitUnsupported};
  return std::nullopt;
}

int frit::driver::dryRun(const CompileRequest &request) {
  std::optional<Obstacle> obstacle = tryAll(request);
  if (!obstacle)
    return ExitSuccess;
  printError(obstacle->failure.message());
  return obstacle->exitCode;
}
