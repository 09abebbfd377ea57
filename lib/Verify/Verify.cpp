//===- Verify.cpp - compile a model and compare it with the reference ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frit/Verify/Verify.h"

#include "lib/Verify/Checks.h"
#include "lib/Verify/Inputs.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"

using namespace mlir;
using namespace frit;
using namespace frit::verify;

/// Tokens of the prompt when none are given: three token tiles of six and a part of one, and then
/// some decoding.
static constexpr int64_t defaultTokens = 24;

/// Ordinary text: on random tokens a model is not what it was trained to be, and int8 activations
/// are far from f32.
static constexpr llvm::StringLiteral promptText =
    "The mill stood where the river bends, and for two hundred years it ground the corn of the "
    "valley. Then the railway came, and with it flour from the plains, so fine and so cheap that "
    "nobody wanted the old stones any more. The last miller, a quiet man with a white beard, sold "
    "the wheel to a museum in 1907 and planted apple trees along the race. Children still climb "
    "them in September. If you ask why the water runs so fast there, they will tell you that it "
    "looks for the wheel; and who has listened to it at night, when the wind is still and the "
    "moon is on the weir, is not so sure that they are wrong.";

/// Some of the text, from a word on that the seed decides.
static std::string cutPrompt(uint64_t seed) {
  constexpr size_t wordsBehind = 30;
  SmallVector<StringRef> words;
  promptText.split(words, ' ');
  size_t first = seed * 7 % (words.size() - wordsBehind);
  return llvm::join(ArrayRef(words).drop_front(first), " ");
}

/// Checks the prompt, or makes one.
static LogicalResult chooseTokens(Subject &subject, const VerifyOptions &options,
                                  std::vector<int32_t> &tokens) {
  const Manifest &manifest = subject.manifest();
  tokens = options.tokens;
  if (tokens.empty()) {
    int64_t most = std::min(defaultTokens, manifest.contextLength);
    tokens = encodeText(*subject.model, cutPrompt(options.seed));
    RandomNumbers random(options.seed);
    while (static_cast<int64_t>(tokens.size()) < most)
      tokens.push_back(static_cast<int32_t>(random.below(manifest.vocabulary)));
    tokens.resize(static_cast<size_t>(most));
  }
  auto count = static_cast<int64_t>(tokens.size());
  int64_t most = std::min(manifest.contextLength, manifest.programs.back().maxTokens);
  if (count > most)
    return subject.lowered.emitError("expected at most ")
           << most << " tokens to verify, but got " << count;
  for (int32_t token : tokens)
    if (token < 0 || token >= manifest.vocabulary)
      return subject.lowered.emitError("expected token ids from 0 to ")
             << manifest.vocabulary - 1 << ", but got " << token;
  return success();
}

FailureOr<VerifyReport> frit::verifyModel(StringRef path, MLIRContext &context,
                                          const VerifyOptions &options) {
  FailureOr<LoadedModel> loaded = loadModel(path, context, options.compiler);
  if (failed(loaded))
    return failure();
  VerifyReport report;
  OwningOpRef<ModuleOp> graph;
  Result<PhaseId> at = currentPhase(*loaded->module);
  if (!at)
    return loaded->module->emitError(at.error());
  if (*at <= PhaseId::Cache) {
    if (failed(runPhases(*loaded, PhaseId::Cache, options.compiler)))
      return failure();
    graph = loaded->module->clone();
  } else if (options.layers) {
    report.notes.push_back(
        "layers were not compared: the model is already cut into phases, after " +
        phaseInfo(*at).name.str());
  }
  if (failed(runPhases(*loaded, PhaseId::Lower, options.compiler)))
    return failure();

  // Another process must not find it: it is gone before anybody runs it, the mapping stays.
  llvm::SmallString<128> bundlePath;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("frit-verify", "frit", bundlePath))
    return loaded->module->emitError("cannot create a temporary file: ") << error.message();
  llvm::FileRemover remover(bundlePath);
  if (Status written = writeBundle(*loaded, bundlePath, options.compiler); !written)
    return emitError(UnknownLoc::get(&context), written.error());
  Result<std::shared_ptr<const Model>> model = openBundle(std::string(bundlePath));
  if (!model)
    return loaded->module->emitError(model.error());

  FailureOr<LoweredModel> lowered = findLowered(*loaded->module, manifestOf(**model));
  if (failed(lowered))
    return failure();
  Subject subject{graph ? *graph : ModuleOp(), *loaded->module, loaded->directory, *model,
                  std::move(*lowered)};
  if (graph && options.layers) {
    if (failed(chooseTokens(subject, options, report.tokens)) ||
        failed(checkLayers(subject, options, report)))
      return failure();
  }
  if (options.phases && failed(checkPhases(subject, options, report)))
    return failure();
  return report;
}
