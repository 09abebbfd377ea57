//===- BatchOutput.h - answers to many prompts, in their order ------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_BATCHOUTPUT_H
#define FRIT_LIB_DRIVER_BATCHOUTPUT_H

#include "lib/Driver/Handles.h"
#include "lib/Driver/Output.h"

#include <string>
#include <vector>

namespace frit::driver {

/// Prints answers that are made at the same time one after another: the first that is not complete
/// as it comes, the others when it is their turn. Of texts, "== N" is the line before the N-th.
class BatchOutput {
public:
  BatchOutput(StandardOutput &output, size_t prompts) : output(output), answers(prompts) {}

  /// Texts instead of ids. \param model outlives this.
  Status decodeWith(const frit_model *model);

  /// Both return false when nothing can be written any more, or a token is none.
  bool take(size_t prompt, int32_t id);
  bool end(size_t prompt);
  /// Ends the answers that were begun.
  bool endAll();

private:
  struct Answer {
    DecoderHandle decoder;  ///< null: ids are printed
    std::string text;       ///< not printed yet
    bool lineBegins = true; ///< behind all text so far
    bool begun = false, ended = false;
  };
  static void append(Answer &answer, llvm::StringRef text);
  static void finish(Answer &answer);
  bool print();

  StandardOutput &output;
  std::vector<Answer> answers;
  size_t current = 0; ///< the first that is not printed to its end
};

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_BATCHOUTPUT_H
