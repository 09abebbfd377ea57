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
  Option<int64_t> tokens{line, "tokens", cl::value_desc("tokens"), cl::init(0),
                         cl::desc("Tokens of the calls to plan for (default: all classes of calls\n"
                                  "up to --max-tokens, and which numbers of tokens part them)")};
  Option<int64_t> keys{line, "keys", cl::value_desc("tokens"), cl::init(1024),
                       cl::desc("Keys that the newest token sees (default: 1024)")};
  cl::list<std::string> whatIf{"what-if", cl::value_desc("path=value"), cl::sub(line.command),
                               cl::cat(line.category),
                               cl::desc("Plan with another figure of the machine, and say what\n"
                                        "changes: memories.l3.bytes=1048576,\n"
                                        "barrier_seconds=2e-5, datapaths.l0c-ub=off")};
  cl::list<std::string> whyNot{"why-not",
                               cl::value_desc("op op"),
                               cl::sub(line.command),
                               cl::cat(line.category),
                               cl::multi_val(2),
                               cl::desc("Say all about the edge between two ops")};
  Option<std::string> html{line, "html", cl::value_desc("file"),
                           cl::desc("Write a page with a picture of each layer")};
  Option<bool> json{line, "json", cl::desc("Print JSON, one line for each edge")};
  if (std::optional<int> code = line.parse(argc, argv))
    return *code;
  Result<CompileRequest> request = model.request();
  if (!request)
    return usageError("explain", request.error());
  constexpr int64_t most = 1 << 20;
  if (tokens.given() && (tokens < 1 || tokens > most))
    return usageError("explain", "--tokens: expected 1 to " + std::to_string(most) + ", found " +
                                     std::to_string(tokens));
  int64_t least = std::max<int64_t>(tokens, 1);
  if (keys.given() && (keys < least || keys > most))
    return usageError("explain", "--keys: expected " + std::to_string(least) + " to " +
                                     std::to_string(most) + ", found " + std::to_string(keys));
  for (const std::string &change : whatIf)
    if (change.find('=') == std::string::npos)
      return usageError("explain", "--what-if: expected path=value, found " + change);
  if (whyNot.size() > 2)
    return usageError("explain",
                      "--why-not: expected two ops, found " + std::to_string(whyNot.size()));
  if (html.given() && html.empty())
    return usageError("explain", "--html: expected the name of a file");
  ExplainOptions options;
  options.tokens = tokens;
  options.keys = keys;
  options.json = json;
  options.whatIf = {whatIf.begin(), whatIf.end()};
  options.html = html;
  options.whyNot = {whyNot.begin(), whyNot.end()};
  return explainModel(*request, options);
}
