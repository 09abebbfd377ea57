//===- WorkloadArguments.h - options of characterize, roofline, select --===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TOOLS_FRIT_WORKLOADARGUMENTS_H
#define FRIT_TOOLS_FRIT_WORKLOADARGUMENTS_H

#include "lib/Driver/Workload.h"
#include "tools/frit/CommandLine.h"

namespace frit::driver {

/// MODEL and the calls that are looked at.
struct WorkloadArguments : CommandLine {
  using CommandLine::CommandLine;

  ModelArguments model{*this};
  Option<int64_t> context{
      *this, "context", llvm::cl::value_desc("tokens"),
      llvm::cl::desc("Tokens that a decoded token sees (default: 2048, or all that\n"
                     "the model can)")};
  Option<int64_t> prompt{*this, "prompt", llvm::cl::value_desc("tokens"),
                         llvm::cl::desc("Tokens of the prompt (default: 512)")};
  Option<bool> json{*this, "json", llvm::cl::desc("Print JSON")};

  /// Fails on a value that no option has.
  Result<WorkloadQuestion> question() const;
  /// What --target names, separated by commas; `request` then has the first.
  static std::vector<std::string> targets(CompileRequest &request);
};

/// --what-if.
struct WhatIfArgument : llvm::cl::list<std::string> {
  explicit WhatIfArgument(CommandLine &line)
      : list("what-if", llvm::cl::value_desc("path=value"), llvm::cl::sub(line.command),
             llvm::cl::cat(line.category),
             llvm::cl::desc("Take another figure of the machine, as of 'frit explain'")) {}
  /// Fails on what is no path with a value.
  Status apply(WorkloadQuestion &question) const;
};

/// --ttft and --tpot.
struct GoalArguments {
  explicit GoalArguments(CommandLine &line) : line(line) {}

  CommandLine &line;
  Option<double> first{line, "ttft", llvm::cl::value_desc("ms"), llvm::cl::init(1000.0),
                       llvm::cl::desc("Wanted time to the first token (default: 1000)")};
  Option<double> each{line, "tpot", llvm::cl::value_desc("ms"), llvm::cl::init(50.0),
                      llvm::cl::desc("Wanted time of each further token (default: 50)")};

  Status apply(WorkloadQuestion &question) const;
};

} // namespace frit::driver

#endif // FRIT_TOOLS_FRIT_WORKLOADARGUMENTS_H
