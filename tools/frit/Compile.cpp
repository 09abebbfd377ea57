//===- Compile.cpp - frit compile -----------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Output.h"
#include "tools/frit/CommandLine.h"

using namespace llvm;
using namespace frit;
using namespace frit::driver;

namespace {
struct CompileArguments : CommandLine {
  CompileArguments() : CommandLine("compile", "Compile a model to a bundle") {}

  ModelArguments model{*this};
  Option<std::string> output{*this, "o", cl::value_desc("file"), cl::desc("Where to write")};
};
} // namespace

int frit::driver::compileCommand(int argc, char **argv) {
  CompileArguments arguments;
  if (std::optional<int> code = arguments.parse(argc, argv))
    return *code;
  Result<CompileRequest> request = arguments.model.request();
  if (!request)
    return usageError("compile", request.error());
  if (!arguments.output.given())
    return usageError("compile", "expected -o FILE");
  if (Status status = compileToBundle(*request, arguments.output); !status) {
    printError(status.error());
    return ExitFailure;
  }
  return ExitSuccess;
}
