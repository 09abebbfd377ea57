//===- Roofline.cpp - frit roofline -------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Roofline.h"

#include "lib/Driver/Output.h"
#include "tools/frit/WorkloadArguments.h"

using namespace frit;
using namespace frit::driver;
namespace cl = llvm::cl;

int frit::driver::rooflineCommand(int argc, char **argv) {
  WorkloadArguments line("roofline", "Say what bounds each phase of a model, on one machine or\n"
                                     "several (--target=A,B)");
  Option<std::string> plot{line, "plot", cl::value_desc("file"),
                           cl::desc("Draw the phases below the roofs of the machines (SVG)")};
  Option<bool> measure{line, "measure",
                       cl::desc("Run the model here, too, and say how long its phases take")};
  WhatIfArgument whatIf(line);
  if (std::optional<int> code = line.parse(argc, argv))
    return *code;
  Result<CompileRequest> request = line.model.request();
  Result<WorkloadQuestion> question = line.question();
  if (!request || !question)
    return usageError("roofline", !request ? request.error() : question.error());
  if (Status status = whatIf.apply(*question); !status)
    return usageError("roofline", status.error());
  if (plot.given() && plot.empty())
    return usageError("roofline", "--plot: expected the name of a file");
  question->measures = measure;
  std::vector<std::string> targets = WorkloadArguments::targets(*request);
  return rooflineModel(*request, targets, *question, plot);
}
