//===- Inspect.cpp - frit inspect, targets and archs ----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Inspect.h"
#include "lib/Driver/Archs.h"

#include "lib/Driver/Output.h"
#include "lib/Driver/Targets.h"
#include "tools/frit/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace frit;
using namespace frit::driver;

namespace {
struct InspectArguments : CommandLine {
  InspectArguments() : CommandLine("inspect", "Say what a model consists of") {}

  ModelArguments model{*this};
  Option<bool> json{*this, "json", cl::desc("Print JSON")};
};
} // namespace

int frit::driver::inspectCommand(int argc, char **argv) {
  InspectArguments arguments;
  if (std::optional<int> code = arguments.parse(argc, argv))
    return *code;
  Result<CompileRequest> request = arguments.model.request();
  if (!request)
    return usageError("inspect", request.error());
  return inspectModel(*request, arguments.json);
}

int frit::driver::targetsCommand(int argc, char **argv) {
  CommandLine line("targets", "List the machines that frit compiles or plans for");
  Option<std::string> show{line, "show", cl::value_desc("name"),
                           cl::desc("Print all that is known about this machine, or about that of\n"
                                    "a description (.json): every figure with its source")};
  Option<bool> json{line, "json", cl::desc("Print JSON")};
  if (std::optional<int> code = line.parse(argc, argv))
    return *code;
  return show.given() ? showTarget(show, json) : listTargets(json);
}

int frit::driver::archsCommand(int argc, char **argv) {
  CommandLine line("archs", "List the architectures that frit reads");
  Option<std::string> show{line, "show", cl::value_desc("name"),
                           cl::desc("Print the record of this architecture, with all that it\n"
                                    "takes over from the one it is like, as JSON")};
  if (std::optional<int> code = line.parse(argc, argv))
    return *code;
  if (!show.given())
    return listArchitectures();
  Result<std::string> record = architectureText(show);
  if (!record)
    return usageError("archs", record.takeFailure().in("--show").message());
  outs() << *record << "\n";
  return ExitSuccess;
}
