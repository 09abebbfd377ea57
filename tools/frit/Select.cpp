//===- Select.cpp - frit select -----------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Select.h"

#include "tools/frit/WorkloadArguments.h"

using namespace frit;
using namespace frit::driver;

int frit::driver::selectCommand(int argc, char **argv) {
  WorkloadArguments line("select",
                         "Say on which machines a model is fast enough: on all that frit\n"
                         "knows, or on those of --target=A,B");
  GoalArguments goals(line);
  if (std::optional<int> code = line.parse(argc, argv))
    return *code;
  Result<CompileRequest> request = line.model.request();
  Result<WorkloadQuestion> question = line.question();
  if (!request || !question)
    return usageError("select", !request ? request.error() : question.error());
  if (Status status = goals.apply(*question); !status)
    return usageError("select", status.error());
  std::vector<std::string> targets;
  if (line.model.target.given())
    targets = WorkloadArguments::targets(*request);
  return selectTarget(*request, std::move(targets), *question);
}
