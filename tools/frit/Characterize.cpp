//===- Characterize.cpp - frit characterize -----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Characterize.h"

#include "tools/frit/WorkloadArguments.h"

using namespace frit;
using namespace frit::driver;
namespace cl = llvm::cl;

int frit::driver::characterizeCommand(int argc, char **argv) {
  WorkloadArguments line("characterize", "Say what a model computes and moves, op by op");
  GoalArguments goals(line);
  Option<double> error{line, "max-error", cl::value_desc("part"), cl::init(0.1),
                       cl::desc("Error that weights may have (default: 0.1)")};
  Option<bool> count{line, "count",
                     cl::desc("Run the calls in the reference interpreter, too, and say what it\n"
                              "counts")};
  WhatIfArgument whatIf(line);
  if (std::optional<int> code = line.parse(argc, argv))
    return *code;
  Result<CompileRequest> request = line.model.request();
  Result<WorkloadQuestion> question = line.question();
  if (!(error > 0 && error < 1))
    return usageError("characterize", "--max-error: expected more than 0 and less than 1");
  if (!request || !question)
    return usageError("characterize", !request ? request.error() : question.error());
  if (Status status = whatIf.apply(*question); !status)
    return usageError("characterize", status.error());
  if (Status status = goals.apply(*question); !status)
    return usageError("characterize", status.error());
  question->counts = count;
  return characterizeModel(*request, *question, error);
}
