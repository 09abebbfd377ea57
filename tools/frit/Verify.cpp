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

static constexpr StringLiteral legend = R"(
An error is ||compiled - exact|| / ||exact|| of the values of one token, a bound what rounding
explains. Table of layers: each is run from the same input as the reference in f64.
  prefill, decode   largest error of the tokens evaluated together, and of those one by one
  bound             behind each: what the error of that token may be
  piling up         error against a reference that got only the tokens; for information
  Distribution      how far the next-token probabilities are from the exact ones, in the mean
                    (Kullback-Leibler divergence); judged on text only, not with --tokens
Table of phases: each is run alone on made-up inputs; m1 serves one token, m6 and the like more.
  cases             inputs tried; the one nearest to its bound is described behind ok or BAD:
                    tokens, position and slot, kind of input, and what was compared
)";

namespace {
struct VerifyArguments : CommandLine {
  VerifyArguments()
      : CommandLine("verify", "Compare the compiled model with the reference interpreter") {}

  ModelArguments model{*this};
  Option<std::string> tokens{*this, "tokens", cl::value_desc("1,2,3"),
                             cl::desc("Prompt as token ids (default: text that --seed decides)")};
  Option<uint64_t> seed{*this, "seed", cl::value_desc("number"), cl::init(0),
                        cl::desc("Seed of everything random (default: 0)")};
  Option<bool> noLayers{*this, "no-layers", cl::desc("Do not compare layer by layer")};
  Option<bool> noPhases{*this, "no-phases", cl::desc("Do not compare phase by phase")};
  Option<bool> json{*this, "json", cl::desc("Print JSON")};
  cl::extrahelp help{legend};
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
