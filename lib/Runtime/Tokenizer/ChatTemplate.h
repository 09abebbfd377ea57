//===- ChatTemplate.h - a conversation as the text a model expects --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Models ship their template as a Jinja program. frit runs none: it knows the programs of some
// families (the table in ChatTemplate.cpp) and renders what they would. A template is recognized
// only if it is that program up to spelling (white space, quotes, message.role for
// message['role']), so that a known one is never rendered wrong.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_CHATTEMPLATE_H
#define FRIT_LIB_RUNTIME_TOKENIZER_CHATTEMPLATE_H

#include "frit/Support/Result.h"

#include <span>
#include <string>
#include <string_view>

namespace frit {

class ChatTemplate {
public:
  struct Message {
    std::string role; ///< "system", "user", "assistant"; goes into the text as it is
    std::string content;
  };

  /// Fails on an empty or unknown template; the message lists the known families and names the
  /// way out, --no-chat.
  static Result<ChatTemplate> recognize(std::string_view jinja);

  /// The text to encode with EncodeOptions::parseSpecial and without addBos.
  /// \param addGenerationPrompt end with the start of the assistant's turn.
  std::string render(std::span<const Message> messages, bool addGenerationPrompt) const;

  std::string_view familyName() const;

  /// The system prompt that the template adds when the first message is no system message; empty
  /// if it adds none.
  std::string_view defaultSystemPrompt() const { return systemPrompt; }

private:
  struct Family;
  static const Family families[];

  const Family *family = nullptr;
  std::string systemPrompt;
};

} // namespace frit

#endif // FRIT_LIB_RUNTIME_TOKENIZER_CHATTEMPLATE_H
