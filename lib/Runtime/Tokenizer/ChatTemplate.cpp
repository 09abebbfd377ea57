//===- ChatTemplate.cpp - a conversation as the text a model expects ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/ChatTemplate.h"
#include "lib/Runtime/Tokenizer/JinjaText.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <optional>

using namespace frit;

/// Stands in a family's program where members of the family differ: the default system prompt.
static constexpr std::string_view hole = "<system prompt>";

/// Every turn is roleStart + role + roleEnd + content + turnEnd.
struct ChatTemplate::Family {
  std::string_view name;
  std::string_view jinja; ///< any spelling
  std::string_view roleStart, roleEnd, turnEnd;
  std::string_view generationPrompt;
};

// Sources: tokenizer.chat_template of SmolLM2-Instruct; the ChatML template of transformers and
// its usual form with a default for add_generation_prompt.
const ChatTemplate::Family ChatTemplate::families[] = {
    {"SmolLM2",
     R"({% for message in messages %}
{% if loop.first and messages[0]['role'] != 'system' %}
{{ '<|im_start|>system\n<system prompt><|im_end|>\n' }}
{%- endif %}
{{- '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\n' }}
{%- endif %})",
     "<|im_start|>", "\n", "<|im_end|>\n", "<|im_start|>assistant\n"},
    {"ChatML",
     R"({% for message in messages %}
{{- '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\n' }}
{%- endif %})",
     "<|im_start|>", "\n", "<|im_end|>\n", "<|im_start|>assistant\n"},
    {"ChatML",
     R"({% if not add_generation_prompt is defined %}
{% set add_generation_prompt = false %}
{% endif %}
{%- for message in messages %}
{{- '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\n' }}
{%- endif %})",
     "<|im_start|>", "\n", "<|im_end|>\n", "<|im_start|>assistant\n"},
};

/// What stands in the hole if `text` is `program`; nothing if it is another one.
static std::optional<std::string> match(std::string_view program, std::string_view text) {
  size_t at = program.find(hole);
  if (at == std::string_view::npos)
    return program == text ? std::optional<std::string>("") : std::nullopt;
  std::string_view before = program.substr(0, at), after = program.substr(at + hole.size());
  if (text.size() < before.size() + after.size() || !text.starts_with(before) ||
      !text.ends_with(after))
    return std::nullopt;
  // The hole is inside of a string literal and must not end it.
  std::string filling;
  text = text.substr(before.size(), text.size() - before.size() - after.size());
  bool escaped = false;
  for (char c : text) {
    if (!escaped && c == '\'')
      return std::nullopt;
    escaped = !escaped && c == '\\';
    if (!escaped)
      filling += c;
  }
  if (escaped)
    return std::nullopt;
  return filling;
}

Result<ChatTemplate> ChatTemplate::recognize(std::string_view jinja) {
  if (jinja.empty())
    return Failure("the model has no chat template; --no-chat gives it the prompt as it is");
  if (std::optional<std::string> text = canonicalJinja(jinja))
    for (const Family &family : families)
      if (auto filling = match(canonicalJinja(family.jinja).value_or(""), *text)) {
        ChatTemplate result;
        result.family = &family;
        result.systemPrompt = std::move(*filling);
        return result;
      }
  std::string known;
  for (const Family &family : families)
    if (known.find(family.name) == std::string::npos)
      known.append(known.empty() ? "" : ", ").append(family.name);
  return Failure("unknown chat template ", utf8::quote(jinja), ", known are: ", known,
                 "; --no-chat gives the model the prompt as it is");
}

std::string ChatTemplate::render(std::span<const Message> messages,
                                 bool addGenerationPrompt) const {
  std::string text;
  auto addTurn = [&](std::string_view role, std::string_view content) {
    text.append(family->roleStart).append(role).append(family->roleEnd);
    text.append(content).append(family->turnEnd);
  };
  bool addsSystem = family->jinja.find(hole) != std::string_view::npos;
  if (addsSystem && !messages.empty() && messages[0].role != "system")
    addTurn("system", systemPrompt);
  for (const Message &message : messages)
    addTurn(message.role, message.content);
  if (addGenerationPrompt)
    text += family->generationPrompt;
  return text;
}

std::string_view ChatTemplate::familyName() const { return family->name; }
