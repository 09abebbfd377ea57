//===- ChatTemplate.h - a conversation as the text a model expects --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Models ship their template as a Jinja program. frit runs the part of Jinja that such programs
// use, set up as transformers does, and refuses the rest by name. The program comes from a file:
// what it may take is bounded (Budget in JinjaValue.h).
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_CHATTEMPLATE_H
#define FRIT_LIB_RUNTIME_TOKENIZER_CHATTEMPLATE_H

#include "frit/Support/Result.h"

#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace frit {

namespace jinja {
struct Program;
} // namespace jinja

class ChatTemplate {
public:
  struct Message {
    std::string role; ///< "system", "user", "assistant"; goes into the text as it is
    std::string content;
  };
  /// What templates see beside the messages.
  struct Environment {
    std::optional<std::string> bosToken, eosToken;
    std::optional<std::time_t> now; ///< the time of strftime_now(); the current one if not given
  };

  /// Fails on an empty template and on what is not in the subset; the message names the way out,
  /// --no-chat.
  static Result<ChatTemplate> parse(std::string_view jinja);

  /// The text to encode with EncodeOptions::parseSpecial and without addBos. Fails with the words
  /// of the template where it calls raise_exception().
  /// \param addGenerationPrompt end with the start of the assistant's turn.
  Result<std::string> render(std::span<const Message> messages, bool addGenerationPrompt,
                             const Environment &environment = {}) const;

private:
  std::shared_ptr<const jinja::Program> program;
};

} // namespace frit

#endif // FRIT_LIB_RUNTIME_TOKENIZER_CHATTEMPLATE_H
