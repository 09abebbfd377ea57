//===- Verify.cpp - frit verify -------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Verify.h"

#include "lib/Driver/Output.h"
#include "lib/Driver/Run.h"
#include "tools/frit/CommandLine.h"

using namespace llvm;
using namespace frit;
using namespace frit::driver;

namespace {
struct VerifyArguments : CommandLine {
  VerifyArguments()
      : CommandLine("verify", "Compare the compiled model with the reference interpreter") {}

  ModelArguments model{*this};
  Option<std::string> tokens{*this, "tokens", cl::value_desc("1,2,3"),
                             cl::desc("Prompt as token ids (default: some that --seed decides)")};
  Option<uint64_t> seed{*this, "seed", cl::value_desc("number"), cl::init(0),
                        cl::desc("Seed of everything random (default: 0)")};
  Option<bool> noLayers{*this, "no-layers", cl::desc("Do not compare layer by layer")};
  Option<bool> noPhases{*this, "no-phases", cl::desc("Do not compare phase by phase")};
  Option<bool> json{*this, "json", cl::desc("Print JSON")};
};
} // namespace

int frit::driver::verifyCommand(int argc, char **argv) {
  VerifyArguments arguments;
  if (std::optional<int> code = arguments.parse(argc, argv))
    return *code;
  Result<CompileRequest> request = arguments.model.request();
  if (!request)
    return usageError("verify", request.error());
  VerifyOptions options;
  options.layers = !arguments.noLayers;
  options.phases = !arguments.noPhases;
  if (!options.layers && !options.phases)
    return usageError("verify", "--no-layers and --no-phases leave nothing to compare");
  options.seed = arguments.seed;
  if (arguments.tokens.given()) {
    Result<std::vector<int32_t>> ids = parseTokens(arguments.tokens);
    if (!ids)
      return usageError("verify", ids.error());
    if (ids->empty())
      return usageError("verify", "--tokens: expected at least one id");
    options.tokens = *std::move(ids);
  }
  return verifyModel(*request, options, arguments.json);
}
