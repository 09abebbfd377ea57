//===- WorkloadArguments.cpp - options of characterize, roofline, select ===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/frit/WorkloadArguments.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace frit;
using namespace frit::driver;

Result<WorkloadQuestion> WorkloadArguments::question() const {
  WorkloadQuestion result;
  result.json = json;
  constexpr int64_t most = 1 << 24;
  for (auto [option, value] :
       {std::pair(&context, &result.context), std::pair(&prompt, &result.promptTokens)}) {
    if (!option->given())
      continue;
    *value = *option;
    if (*value < 1 || *value > most)
      return Failure("--", std::string_view(option->ArgStr), ": expected 1 to ", most, ", found ",
                     *value);
  }
  return result;
}

std::vector<std::string> WorkloadArguments::targets(CompileRequest &request) {
  llvm::SmallVector<llvm::StringRef> names;
  llvm::StringRef(request.options.target).split(names, ',');
  request.options.target = names.front().str();
  return {names.begin(), names.end()};
}

Status GoalArguments::apply(WorkloadQuestion &question) const {
  for (const Option<double> *option : {&first, &each})
    if (!(*option > 0 && *option < 1e9))
      return Failure("--", std::string_view(option->ArgStr),
                     ": expected milliseconds above 0, found ",
                     llvm::formatv("{0}", double(*option)).str());
  question.secondsToFirstToken = first / 1000;
  question.secondsPerToken = each / 1000;
  return {};
}

Status WhatIfArgument::apply(WorkloadQuestion &question) const {
  for (const std::string &change : *this) {
    if (change.find('=') == std::string::npos)
      return Failure("--what-if: expected path=value, found ", change);
    question.whatIf.push_back(change);
  }
  return {};
}
