//===- Explain.cpp - frit explain -------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Explain.h"

#include "lib/Driver/Output.h"
#include "tools/frit/CommandLine.h"

using namespace frit;
using namespace frit::driver;
namespace cl = llvm::cl;

int frit::driver::explainCommand(int argc, char **argv) {
  CommandLine line("explain", "Say which ops of a model the planner fuses on a machine, and why");
  ModelArguments model(line);
  Option<int64_t> tokens{line, "tokens", cl::value_desc("tokens"), cl::init(1),
                         cl::desc("Tokens of the call to plan for (default: 1)")};
  Option<int64_t> keys{line, "keys", cl::value_desc("tokens"), cl::init(1024),
                       cl::desc("Keys that the newest token sees (default: 1024)")};
  Option<bool> json{line, "json", cl::desc("Print JSON, one line for each edge")};
  if (std::optional<int> code = line.parse(argc, argv))
    return *code;
  Result<CompileRequest> request = model.request();
  if (!request)
    return usageError("explain", request.error());
  constexpr int64_t most = 1 << 20;
  if (tokens < 1 || tokens > most)
    return usageError("explain", "--tokens: expected 1 to " + std::to_string(most) + ", found " +
                                     std::to_string(tokens));
  int64_t seen = keys.given() ? int64_t(keys) : std::max<int64_t>(keys, tokens);
  if (seen < tokens || seen > most)
    return usageError("explain", "--keys: expected " + std::to_string(tokens) + " to " +
                                     std::to_string(most) + ", found " + std::to_string(seen));
  return explainModel(*request, {tokens, seen}, json);
}
