//===- Run.h - frit run ---------------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_RUN_H
#define FRIT_LIB_DRIVER_RUN_H

#include "lib/Driver/ModelFile.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace frit::driver {

/// Options of frit run; defaults are those of the command line.
struct RunOptions {
  CompileRequest model;

  std::optional<std::string> prompt;          ///< -p
  std::optional<std::string> promptFile;      ///< -f
  std::optional<std::vector<int32_t>> tokens; ///< --tokens
  std::optional<std::string> systemPrompt;    ///< --system-prompt
  bool chat = true;                           ///< off: --no-chat
  int32_t batch = 0; ///< --batch: prompts at once, each a line of the file; 0: the file is one

  int64_t count = -1; ///< -n; -1: to the end of generation or of the context
  bool ignoreEnd = false;
  int64_t context = 0; ///< 0: what prompt and count need, up to the model's
  int32_t threads = 0; ///< 0: one a CPU
  HugePages hugePages = HugePages::Auto;

  frit_sampler_options sampling = {sizeof(frit_sampler_options), 0, 0, 0, 0, 0, 0, 0};
  bool printTokens = false;
  std::string logitsPath; ///< empty: none
};

/// Has a model write; returns what the process ends with.
int runModel(const RunOptions &options);

/// "1,2,3"; the message names the part that is no id.
Result<std::vector<int32_t>> parseTokens(const std::string &text);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_RUN_H
