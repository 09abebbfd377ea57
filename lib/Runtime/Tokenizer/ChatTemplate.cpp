//===- ChatTemplate.cpp - a conversation as the text a model expects ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/ChatTemplate.h"
#include "lib/Runtime/Tokenizer/JinjaInterpreter.h"

using namespace frit;

static constexpr std::string_view hint = "; --no-chat gives the model the prompt as it is";

static Failure failure(const jinja::Error &error) {
  std::string message = error.message;
  for (char &c : message)
    if (static_cast<unsigned char>(c) < 32 || c == 127)
      c = ' '; // the words are a file's: no line breaks or escape sequences of a terminal
  if (error.raised)
    return Failure("chat template: ", message);
  return Failure("chat template: ", message, hint);
}

Result<ChatTemplate> ChatTemplate::parse(std::string_view jinja) {
  if (jinja.empty())
    return Failure("the model has no chat template; --no-chat gives it the prompt as it is");
  try {
    ChatTemplate result;
    result.program = std::make_shared<const jinja::Program>(jinja::parse(jinja));
    return result;
  } catch (const jinja::Error &error) {
    return failure(error);
  }
}

static jinja::Value textOrUndefined(const std::optional<std::string> &text, std::string_view name) {
  if (text)
    return jinja::Value::text(*text);
  return jinja::Value::undefined("'" + std::string(name) + "' is undefined");
}

Result<std::string> ChatTemplate::render(std::span<const Message> messages,
                                         bool addGenerationPrompt,
                                         const Environment &environment) const {
  using jinja::Value;
  try {
    jinja::Budget budget;
    jinja::Items items;
    for (const Message &message : messages)
      items.push_back(
          Value::dict(budget, {{Value::text("role"), Value::text(message.role)},
                               {Value::text("content"), Value::text(message.content)}}));
    jinja::Interpreter::Variables variables = {
        {"messages", Value::list(budget, std::move(items))},
        {"add_generation_prompt", Value::boolean(addGenerationPrompt)},
        {"bos_token", textOrUndefined(environment.bosToken, "bos_token")},
        {"eos_token", textOrUndefined(environment.eosToken, "eos_token")},
        // As transformers passes what it is not given.
        {"tools", jinja::None()},
        {"documents", jinja::None()}};
    std::time_t now = environment.now ? *environment.now : std::time(nullptr);
    return jinja::Interpreter(budget, std::move(variables), now).run(*program);
  } catch (const jinja::Error &error) {
    return failure(error);
  }
}
