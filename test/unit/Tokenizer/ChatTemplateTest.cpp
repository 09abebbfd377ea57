//===- ChatTemplateTest.cpp - what jinja2 renders, and refusals ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/ChatTemplate.h"
#include "TestData.h"

#include <random>

using namespace frit;
using namespace frit::test;

static ChatTemplate::Environment environment() {
  return {.bosToken = "<s>", .eosToken = "</s>", .now = 1721995200 /* 2024-07-26 12:00 UTC */};
}

/// The rendering, or the error.
static std::string render(std::string_view jinja, std::span<const ChatTemplate::Message> messages,
                          bool addGenerationPrompt = true) {
  auto chat = ChatTemplate::parse(jinja);
  if (!chat)
    return chat.error();
  auto text = chat->render(messages, addGenerationPrompt, environment());
  return text ? *text : text.error();
}

/// \param file in the form of write_families() and write_chat() of the scripts.
/// \returns the number of templates and renderings.
static std::pair<int, int> compareConversations(const std::string &file) {
  std::string jinja;
  std::vector<ChatTemplate::Message> messages;
  int templates = 0, renderings = 0;
  for (const std::string &line : readLines(file)) {
    std::vector<std::string> fields = split(line, '\t');
    if (fields[0] == "template") {
      jinja = unescape(fields[1]);
      ++templates;
    } else if (fields[0] == "message") {
      messages.push_back({fields[1], unescape(fields[2])});
    } else if (fields[0] == "end") {
      messages.clear();
    } else {
      std::string expected = unescape(fields[2]);
      if (fields[0] == "raise")
        expected.insert(0, "chat template: ");
      EXPECT_EQ(render(jinja, messages, fields[1] == "1"), expected)
          << jinja << "\n"
          << messages.size() << " messages";
      ++renderings;
    }
  }
  return {templates, renderings};
}

TEST(ChatTemplate, RendersWhatJinjaRenders) {
  EXPECT_EQ(compareConversations("chat.txt"), std::pair(5, 5 * 8 * 2));
}

TEST(ChatTemplate, FamiliesRenderWhatJinjaRenders) {
  EXPECT_EQ(compareConversations("chat-families.txt"), std::pair(18, 18 * 9 * 2));
}

/// White space that changes what a template renders.
TEST(ChatTemplate, VariantsRenderWhatJinjaRenders) {
  std::vector<ChatTemplate::Message> messages = {{"user", "Hi"}, {"assistant", " yes "}};
  for (const std::string &line : readLines("chat-variants.txt")) {
    std::vector<std::string> fields = split(line, '\t');
    ASSERT_EQ(fields.size(), 2u);
    EXPECT_EQ(render(unescape(fields[0]), messages), unescape(fields[1])) << line;
  }
}

/// MESSAGES of make_jinja_data.py.
static std::vector<ChatTemplate::Message> conversation() {
  return {{"system", " Be kind.\n"},
          {"user", "Hi, who are you?"},
          {"assistant", "Ich weiß: <b>'s \"x\" \\ Ωμέγα 😀</b>"}};
}

TEST(ChatTemplate, ConstructsRenderWhatJinjaRenders) {
  for (const std::string &line : readLines("jinja.txt")) {
    std::vector<std::string> fields = split(line, '\t');
    ASSERT_EQ(fields.size(), 2u);
    if (!fields[0].empty()) // the model has no template then
      EXPECT_EQ(render(unescape(fields[0]), conversation()), unescape(fields[1])) << line;
  }
}

TEST(ChatTemplate, FailsWhereJinjaFails) {
  for (const std::string &line : readLines("jinja-errors.txt"))
    EXPECT_TRUE(render(unescape(line), conversation()).starts_with("chat template: ")) << line;
}

TEST(ChatTemplate, NamesConstructAndLine) {
  auto errorOf = [](std::string_view jinja) {
    std::string text = render(jinja, conversation());
    EXPECT_TRUE(text.starts_with("chat template: ")) << text;
    size_t hint = text.find("; --no-chat gives the model the prompt as it is");
    EXPECT_NE(hint, std::string::npos) << text;
    return text.substr(15, hint - 15);
  };
  EXPECT_EQ(errorOf("\n\n{{ 'a' | x }}"), "unknown filter 'x' in line 3");
  EXPECT_EQ(errorOf("{{ 1 is\nx }}"), "unknown test 'x' in line 2");
  EXPECT_EQ(errorOf("a\n{% include 'x' %}"), "unknown tag 'include' in line 2");
  EXPECT_EQ(errorOf("{{ f(1) }}"), "unknown function 'f' in line 1");
  EXPECT_EQ(errorOf("{{ 'a'.zfill(3) }}"), "'str object' has no attribute 'zfill' in line 1");
  EXPECT_EQ(errorOf("{% for i in [1] recursive %}{% endfor %}"),
            "unknown loop 'recursive' in line 1");
  EXPECT_EQ(errorOf("{{ 'a' | trim(x=1) }}"), "unknown argument 'x' in line 1");
  EXPECT_EQ(errorOf("{{ '%s' % 1 }}"), "unknown operator '%' of a text in line 1");
  EXPECT_EQ(errorOf("{% for i in [1] %}{{ loop.cycle(1) }}{% endfor %}"),
            "unknown attribute 'loop.cycle' in line 1");
  EXPECT_EQ(errorOf("{{ 1 + }}"), "expected an expression, found '}}' in line 1");
  EXPECT_EQ(errorOf("{% if true %}\na"),
            "expected {% endif %}, found the end of the template in line 2");
  EXPECT_EQ(errorOf("{{ [].append(1) }}"),
            "access to attribute 'append' of 'list' object is unsafe in line 1");
  EXPECT_EQ(errorOf("{{ 9223372036854775807 + 1 }}"), "an integer is beyond 2^63 in line 1");
  EXPECT_EQ(ChatTemplate::parse("").error(),
            "the model has no chat template; --no-chat gives it the prompt as it is");
}

/// The template's own words, without the hint, and without what a terminal would obey.
TEST(ChatTemplate, RaisesItsOwnWords) {
  EXPECT_EQ(render("{{ raise_exception('No ' ~ messages[1].role) }}", conversation()),
            "chat template: No user");
  EXPECT_EQ(render("{{ raise_exception('a\n\x1b[1m') }}", conversation()), "chat template: a  [1m");
}

TEST(ChatTemplate, TokensThatAModelLacksAreUndefined) {
  auto chat = ChatTemplate::parse("{{ bos_token is defined }}{{ eos_token }}");
  ASSERT_TRUE(chat) << chat.error();
  EXPECT_EQ(*chat->render(conversation(), true), "False");
}

/// The text comes from a file: whatever it does ends soon, with an error.
TEST(ChatTemplate, HostileTemplatesEnd) {
  auto repeat = [](std::string_view text, int count) {
    std::string result;
    for (int i = 0; i < count; ++i)
      result += text;
    return result;
  };
  auto expect = [](const std::string &jinja, std::string_view message) {
    EXPECT_NE(render(jinja, conversation()).find(message), std::string::npos)
        << jinja.substr(0, 200) << ": " << render(jinja, conversation()).substr(0, 200);
  };
  for (int count : {100, 100'000}) {
    auto nest = [&](std::string_view open, std::string_view inner, std::string_view close) {
      expect("{{ " + repeat(open, count) + std::string(inner) + repeat(close, count) + " }}",
             "levels of nesting");
    };
    nest("(", "1", ")");
    nest("[", "1", "]");
    nest("{1:", "1", "}");
    nest("-", "1", "");
    nest("not ", "1", "");
    nest("f(", "1", ")");
    nest("1 if 1 else ", "1", "");
    nest("a[", "1", "]");
    nest("1|f(", "1", ")");
    nest("1 is f(", "1", ")");
    expect(repeat("{% if 1 %}", count), "levels of nesting");
    expect("{% set " + repeat("(", count) + "a" + repeat(")", count) + " = 1 %}",
           "levels of nesting");
  }
  expect("{{ x" + repeat(".a", 100'000) + " }}", "operators in operators");
  expect("{{ 1" + repeat("+1", 100'000) + " }}", "operators in operators");
  expect("{{ 1" + repeat("|abs", 100'000) + " }}", "operators in operators");
  expect("{{ x" + repeat(" is x", 100'000) + " }}", "operators in operators");
  const std::string loop = "{% for i in range(99999) %}", end = "{% endfor %}";
  expect(loop + loop + "{% set x = 1 %}" + end + end, "steps");
  expect("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "nested more than");
  expect("{% macro f() %}{% for i in range(9) %}{{ f() }}{% endfor %}{% endmacro %}{{ f() }}",
         "nested more than");
  const std::string space = "{% set n = namespace(a='aaaaaaaa', l=[]) %}";
  expect(space + loop + "{% set n.a = n.a + n.a %}" + end, "16 MiB");
  expect(space + loop + "{% set n.a = n.a ~ n.a %}" + end, "16 MiB");
  expect(space + loop + "{% set n.a = n.a.replace('a', 'aaaa') %}" + end, "16 MiB");
  expect(space + loop + "{% set n.a = n.a|indent(1000, true) %}" + end, "MiB");
  expect(space + loop + "{% set n.a = [n.a, n.a]|join(n.a) %}" + end, "MiB");
  expect(space + loop + "{% set n.a = n.a|tojson %}" + end, "MiB");
  expect(space + loop + "{% set n.a %}{{ n.a }}{{ n.a }}{% endset %}" + end, "MiB");
  expect(space + loop + "{% set n.l = n.l + [n.l] %}" + end, "nested more than");
  expect(space + loop + "{% set n.l = [n.l, n.l] %}" + end, "nested more than");
  expect(space + loop + "{% set n.l = {1: n.l, 2: n.l} %}" + end, "nested more than");
  expect(space + loop + "{% set n.l = n.l.__len__ %}" + end, "has no attribute");
  const std::string shared = space + "{% set n.m = [] %}{% for i in range(60) %}{% set n.l = [n.l, "
                                     "n.l] %}{% set n.m = [n.m, n.m] %}{% endfor %}";
  expect(shared + "{{ n.l }}", "steps");
  expect(shared + "{{ n.l | tojson }}", "steps");
  expect(shared + "{{ n.l == n.m }}", "steps");
  expect(shared + "{{ n.l < n.m }}", "steps");
  expect("{{ 'a' * 1000000000000 }}", "16 MiB");
  expect("{{ [1] * 1000000000000 }}", "steps");
  expect("{{ range(1000000000000) }}", "100000");
  expect(loop + "{{ 'a' * 1000 }}" + end, "16 MiB");
  expect(space + "{% set n.n = n %}{{ n }}", "Namespace");
  EXPECT_EQ(render(space + "{% set n.n = n %}{{ n.n.n.a }}", conversation()), "aaaaaaaa");
  EXPECT_EQ(render("{{ -9223372036854775807 // -1, -9223372036854775807 % -1, "
                   "'a'[::-9223372036854775807], 'ab'[:9223372036854775807] }}",
                   conversation()),
            "(9223372036854775807, 0, 'a', 'ab')");
}

/// Every prefix of a template, and every damaged one, is a text or an error.
TEST(ChatTemplate, DamagedTemplates) {
  std::vector<std::string> templates;
  for (std::string_view file : {"chat.txt", "chat-families.txt"})
    for (const std::string &line : readLines(std::string(file)))
      if (line.starts_with("template\t"))
        templates.push_back(unescape(line.substr(9)));
  for (const std::string &line : readLines("jinja.txt"))
    templates.push_back(unescape(line.substr(0, line.find('\t'))));
  std::mt19937 random(1); // NOLINT(bugprone-random-generator-seed): every run is the same
  auto pick = [&](size_t count) { return static_cast<size_t>(random()) % count; };
  for (int round = 0; round < 30'000; ++round) {
    std::string text = templates[pick(templates.size())];
    if (text.empty())
      continue;
    for (size_t changes = 1 + pick(3); changes > 0 && !text.empty(); --changes) {
      size_t at = pick(text.size());
      const std::string &other = templates[pick(templates.size())];
      size_t from = pick(other.size() + 1);
      static constexpr std::string_view bytes = "'\"\\{}%-+#()[]|.,:= \n\xFF"
                                                "019aif";
      if (size_t kind = pick(5); kind == 0)
        text[at] = bytes[pick(bytes.size())];
      else if (kind == 1)
        text.insert(at, 1, bytes[pick(bytes.size())]);
      else if (kind == 2)
        text.erase(at, pick(12));
      else if (kind == 3)
        text.replace(at, pick(12), other.substr(from, pick(30)));
      else
        text.resize(at + 1);
    }
    SCOPED_TRACE(text);
    std::string result = render(text, conversation());
    if (result.starts_with("chat template: "))
      EXPECT_EQ(result.find('\n'), std::string::npos);
  }
}
