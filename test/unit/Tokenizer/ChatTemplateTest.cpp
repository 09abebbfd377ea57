//===- ChatTemplateTest.cpp - what jinja2 renders, and refusals ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/ChatTemplate.h"
#include "TestData.h"
#include "lib/Runtime/Tokenizer/JinjaText.h"

#include <algorithm>

using namespace frit;
using namespace frit::test;

TEST(ChatTemplate, RendersWhatJinjaRenders) {
  Result<ChatTemplate> chat = Failure("no template line yet");
  std::vector<ChatTemplate::Message> messages;
  int templates = 0, renderings = 0;
  for (const std::string &line : readLines("chat.txt")) {
    SCOPED_TRACE(line);
    std::vector<std::string> fields = split(line, '\t');
    if (fields[0] == "template") {
      chat = ChatTemplate::recognize(unescape(fields[1]));
      ASSERT_TRUE(chat) << chat.error();
      ++templates;
    } else if (fields[0] == "message") {
      messages.push_back({fields[1], unescape(fields[2])});
    } else if (fields[0] == "render") {
      EXPECT_EQ(chat->render(messages, fields[1] == "1"), unescape(fields[2]));
      ++renderings;
    } else {
      ASSERT_EQ(fields[0], "end");
      messages.clear();
    }
  }
  EXPECT_EQ(templates, 5);
  EXPECT_EQ(renderings, 5 * 8 * 2);
}

TEST(ChatTemplate, NamesFamilyAndDefault) {
  std::vector<std::string> families, prompts;
  for (const std::string &line : readLines("chat.txt"))
    if (line.starts_with("template\t")) {
      auto chat = ChatTemplate::recognize(unescape(line.substr(9)));
      ASSERT_TRUE(chat) << chat.error();
      families.emplace_back(chat->familyName());
      prompts.emplace_back(chat->defaultSystemPrompt());
    }
  EXPECT_EQ(families,
            (std::vector<std::string>{"SmolLM2", "ChatML", "ChatML", "ChatML", "SmolLM2"}));
  EXPECT_EQ(prompts, (std::vector<std::string>{
                         "You are a helpful AI assistant named SmolLM, trained by Hugging Face", "",
                         "", "", "You don't know \\ anything."}));
}

/// Programs that render something else must not be taken for one we know.
TEST(ChatTemplate, NearMissesAreUnknown) {
  std::string smollm2 = unescape(readLines("chat.txt")[0].substr(9));
  ASSERT_TRUE(ChatTemplate::recognize(smollm2));
  auto changed = [&](std::string_view from, std::string_view to) {
    std::string text = smollm2;
    size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  for (const std::string &text : {
           changed("message['content']", "message['content'] | trim"),
           changed("loop.first", "loop.last"),
           changed("Hugging Face<|im_end|>\n' }}", "Hugging Face' + bos + '<|im_end|>\n' }}"),
           changed("{% endfor %}", "{% endfor %} "),
           changed("{% endfor %}", "{% endfor %}{{ eos_token }}"),
           changed("' }}{% endif %}{{", "' }}{% endif %}\n\n{{"),
           changed("<|im_end|>' + '\n'}}", "<|im_end|>\n'}}"),
           changed("<|im_end|>' + '\n'}}", "<|im_end|>'}}"),
           changed("assistant\n' }}", "assistant\\r' }}"),
           smollm2.substr(0, smollm2.size() - 3),
           std::string("{{ 'unterminated }}"),
           std::string("{# no end"),
           std::string("plain text"),
       }) {
    auto chat = ChatTemplate::recognize(text);
    ASSERT_FALSE(chat) << text;
    EXPECT_TRUE(chat.error().starts_with("unknown chat template '")) << chat.error();
    EXPECT_TRUE(chat.error().ends_with("known are: SmolLM2, ChatML; --no-chat gives the model the "
                                       "prompt as it is"))
        << chat.error();
  }
  EXPECT_EQ(ChatTemplate::recognize("").error(),
            "the model has no chat template; --no-chat gives it the prompt as it is");
}

/// White space that changes what a template renders makes it another one; what does not, does not.
TEST(ChatTemplate, VariantsRenderWhatJinjaRenders) {
  std::vector<ChatTemplate::Message> messages = {{"user", "Hi"}, {"assistant", " yes "}};
  std::vector<std::string> originals;
  for (const std::string &line : readLines("chat.txt"))
    if (line.starts_with("template\t"))
      originals.push_back(
          ChatTemplate::recognize(unescape(line.substr(9)))->render(messages, true));
  int known = 0;
  for (const std::string &line : readLines("chat-variants.txt")) {
    SCOPED_TRACE(line);
    std::vector<std::string> fields = split(line, '\t');
    ASSERT_EQ(fields.size(), 2u);
    auto chat = ChatTemplate::recognize(unescape(fields[0]));
    if (chat)
      EXPECT_EQ(chat->render(messages, true), unescape(fields[1]));
    else
      EXPECT_EQ(std::ranges::count(originals, unescape(fields[1])), 0);
    known += bool(chat);
  }
  EXPECT_GE(known, 10);
}

TEST(JinjaText, OneSpelling) {
  EXPECT_EQ(canonicalJinja("{{a.b+  \"x'\\n\"}}"), "{{a['b']+'x\\'\n'}}");
  EXPECT_EQ(canonicalJinja("a {%- if  not x -%} b {%- endif %}\nc\n"), "a{%if not x%}b{%endif%}c");
  EXPECT_EQ(canonicalJinja("a\n  {% if x %}\n  b {# no #}\n"), "a\n{%if x%}  b ");
  EXPECT_EQ(canonicalJinja("{ {{ x.f(1) }} }"), "{ {{x.f(1)}} }");
  EXPECT_EQ(canonicalJinja("{{ 1.5 }}{"), "{{1.5}}{");
  EXPECT_EQ(canonicalJinja("{{ x"), std::nullopt);
  EXPECT_EQ(canonicalJinja("{{ 'x\\"), std::nullopt);
  EXPECT_EQ(canonicalJinja("{{ '\\u0041' }}"), std::nullopt);
}

/// The text comes from a file: every prefix of a template, and every damaged one, is an answer.
TEST(ChatTemplate, DamagedTemplates) {
  for (const std::string &line : readLines("chat.txt")) {
    if (!line.starts_with("template\t"))
      continue;
    std::string text = unescape(line.substr(9));
    for (size_t i = 0; i < text.size(); ++i) {
      (void)ChatTemplate::recognize(text.substr(0, i));
      for (char byte : {'\'', '\\', '{', '}', '-', '\n', '\xFF'}) {
        std::string damaged = text;
        damaged[i] = byte;
        (void)ChatTemplate::recognize(damaged);
      }
    }
  }
}
